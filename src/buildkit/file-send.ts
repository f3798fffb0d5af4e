// Files of an image to a client: as a tar, or one by one as fsutil's packets have them, of which the client asks for the bytes that it wants.
// moby/buildkit session/filesync/filesync.go, CopyToCaller, CopyFileWriter; tonistiigi/fsutil, send.go.
import { latin1 } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import type { LayerNode } from '../base/layer-index.js';
import { decode, encode } from '../base/protobuf.js';
import { decodeText } from '../base/text.js';
import { ask, type AskedCall } from '../http/grpc.js';
import type { Http2Client } from '../http/http2.js';
import { layerTar } from '../oci/tree/layer-tar.js';
import { isWhiteout, type Tree, typeOf } from '../oci/tree/tree.js';
import { goOfMode } from './go-mode.js';
import { BYTES, PACKET, PACKET_DATA, PACKET_END, PACKET_ERROR, PACKET_REQUEST, PACKET_STAT } from './messages.js';

const DIFF_COPY = '/moby.filesync.v1.FileSend/DiffCopy';
/** Which of the client's exporters it is for. */
const EXPORTER = 'buildkit-attachable-exporter-id';
const PIECE = 1 << 18;

const open = (client: Http2Client, exporter: number): AskedCall =>
  ask(client, DIFF_COPY, { [EXPORTER]: String(exporter) });

/** All of a tree as one file. Rejects with RpcError. */
export const sendTar = (client: Http2Client, exporter: number, tree: Tree): Promise<void> =>
  sendFile(client, exporter, layerTar(tree));

export async function sendFile(client: Http2Client, exporter: number, file: AsyncIterable<Uint8Array>): Promise<void> {
  const call = open(client, exporter);
  try {
    for await (const bytes of file)
      for (let at = 0; at < bytes.length; at += PIECE)
        if (!(await call.send(encode(BYTES, { data: bytes.subarray(at, at + PIECE) })))) break;
    call.end();
    for await (const _ of call.messages);
  } catch (error) {
    call.cancel();
    throw error;
  }
}

/** The files of a tree into a folder of the client's. Rejects with InputError and RpcError. */
export async function sendFiles(client: Http2Client, exporter: number, tree: Tree): Promise<void> {
  const call = open(client, exporter);
  const files = new Map<number, LayerNode>();
  try {
    await sendNames(call, tree, files);
    for await (const message of call.messages) {
      const { type, id, data } = decode(PACKET, message);
      if (type === PACKET_ERROR) throw new InputError(`the client: ${decodeText(data) ?? 'it has failed'}`);
      if (type === PACKET_END) break;
      const node = type === PACKET_REQUEST ? files.get(id) : undefined;
      if (!node) throw new InputError('the client asks for no file that there is');
      files.delete(id);
      for (let at = 0; at < node.size; at += PIECE) {
        const bytes = new Uint8Array(Math.min(PIECE, node.size - at));
        await tree.read(node, at, bytes);
        await call.send(encode(PACKET, { type: PACKET_DATA, id, data: bytes }));
      }
      await call.send(encode(PACKET, { type: PACKET_DATA, id }));
    }
    await call.send(encode(PACKET, { type: PACKET_END }));
    call.end();
  } catch (error) {
    call.cancel();
    throw error;
  }
}

/** Names in the order of their bytes, each directory before what is in it. */
async function sendNames(call: AskedCall, tree: Tree, files: Map<number, LayerNode>): Promise<void> {
  let id = 0;
  const first = new Map<LayerNode, string>();
  const walk = async (folder: LayerNode, path: string): Promise<void> => {
    for (const name of [...folder.children!.keys()].sort()) {
      const node = folder.children!.get(name)!;
      if (isWhiteout(node)) continue;
      const text = `${path}${decodeText(latin1(name)) ?? name}`;
      const type = typeOf(node);
      const link = type === 0o120000 ? (decodeText(latin1(node.target ?? '')) ?? '') : (first.get(node) ?? '');
      const { uid, gid, size, seconds, nanoseconds, major, minor } = node;
      const stat = {
        ...{ path: text, mode: goOfMode(node.mode), uid, gid, link, major, minor },
        ...{ size: type === 0o100000 ? size : 0, modified: Math.max(0, seconds * 1e9 + nanoseconds) },
      };
      await call.send(encode(PACKET, { type: PACKET_STAT, stat }));
      if (type === 0o100000 && link === '') {
        files.set(id, node);
        if (node.links > 1) first.set(node, text);
      }
      id++;
      if (node.children) await walk(node, `${text}/`);
    }
  };
  await walk(tree.root, '');
  await call.send(encode(PACKET, { type: PACKET_STAT }));
}
