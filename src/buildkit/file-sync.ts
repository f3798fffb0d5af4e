// Files of a client's folders, as fsutil sends them: what there is in its order, then the bytes of each that is asked for. They become a tree
// whose bytes lie in one file, as they came. tonistiigi/fsutil, receive.go ("protocol operates as follows").
// Hostile: each name is new, in a directory that came before it, and leads nowhere; bytes are counted as they come.
import { fromLatin1 } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import type { LayerNode, LayerPiece } from '../base/layer-index.js';
import { decode, encode, type Message } from '../base/protobuf.js';
import { decodeText, encodeText } from '../base/text.js';
import type { ContextFiles } from '../engine/build/context.js';
import { ask } from '../http/grpc.js';
import type { Headers, Http2Client } from '../http/http2.js';
import { spool, type Spooled } from '../oci/source/spool.js';
import type { Store } from '../oci/store/store.js';
import { treeOf } from '../oci/tree/tree.js';
import { modeOfGo } from './go-mode.js';
import { PACKET, PACKET_DATA, PACKET_END, PACKET_ERROR, PACKET_REQUEST, PACKET_STAT } from './messages.js';

const DIFF_COPY = '/moby.filesync.v1.FileSync/DiffCopy';
const ENTRIES_MAX = 2_000_000;
const DEPTH_MAX = 1000;
/** Files whose bytes are under way. */
const AHEAD = 64;

export interface Wanted {
  /** Of the client's folders: `context`, `dockerfile`, or one that was named. */
  folder: string;
  /** Only these and what their links lead to. */
  follow?: readonly string[];
  exclude?: readonly string[];
}

/** The files, which are there until `release`. Rejects with InputError and RpcError. */
export async function receive(
  client: Http2Client,
  store: Store,
  wanted: Wanted,
  progress: (bytes: number) => void,
): Promise<{ files: ContextFiles; release(): Promise<void> }> {
  const call = ask(client, DIFF_COPY, headersOf(wanted));
  const receiving = new Receiving(wanted.folder, progress);
  const send = (type: number, id = 0): Promise<boolean> => call.send(encode(PACKET, { type, id }));
  let spooled: Spooled | undefined;
  try {
    spooled = await spool(store, receiving.bytes(call.messages, send), wanted.folder);
    call.end();
  } catch (error) {
    call.cancel();
    throw error;
  }
  const { file, path: blob, release } = spooled;
  const index = { root: receiving.root, entries: receiving.entries };
  const tree = treeOf({ index, tar: file });
  return { files: { tree, layer: { id: blob.replaceAll('/', '-'), blob, index } }, release };
}

function headersOf({ folder, follow = [], exclude = [] }: Wanted): Headers {
  const list = (name: string, values: readonly string[]): Record<string, string | readonly string[]> => {
    if (values.length === 0) return {};
    if (values.every((value) => /^[\x20-\x7e]*$/.test(value))) return { [name]: values };
    return { [name]: values.map((value) => encodeURIComponent(value)), [`${name}-encoded`]: '1' };
  };
  return { ...list('dir-name', [folder]), ...list('followpaths', follow), ...list('exclude-patterns', exclude) };
}

interface Growing extends LayerNode {
  pieces: LayerPiece[];
}

class Receiving {
  readonly root: LayerNode = directory();
  entries = 0;
  /** Regular files by the number of their packet, until their bytes are there. */
  private readonly files = new Map<number, Growing>();
  private readonly queue: number[] = [];
  private readonly open = new Set<number>();
  private listed = false;
  private received = 0;

  constructor(
    private readonly folder: string,
    private readonly progress: (bytes: number) => void,
  ) {}

  /** All bytes of all files, as they come. */
  async *bytes(
    messages: AsyncIterable<Uint8Array>,
    send: (type: number, id?: number) => Promise<boolean>,
  ): AsyncGenerator<Uint8Array> {
    let at = 0;
    let ended = false;
    for await (const bytes of messages) {
      const { type, stat, id, data } = decode(PACKET, bytes);
      this.received += bytes.length;
      this.progress(this.received);
      if (type === PACKET_ERROR) throw new InputError(`${this.folder}: ${decodeText(data) ?? 'the client has failed'}`);
      if (type === PACKET_END && ended) return;
      if (type === PACKET_END) break;
      if (type === PACKET_STAT && stat && !this.listed) this.take(stat);
      else if (type === PACKET_STAT && !stat) this.listed = true;
      else if (type === PACKET_DATA) {
        const file = this.open.has(id) ? this.files.get(id) : undefined;
        if (!file) throw new InputError(`${this.folder}: bytes of a file that nobody has asked for`);
        if (data.length === 0) {
          this.open.delete(id);
          this.files.delete(id);
        } else {
          add(file, at, data.length);
          at += data.length;
          yield data.slice();
        }
      } else throw new InputError(`${this.folder}: a packet of type ${type} is not expected`);
      for (let next = this.queue[0]; next !== undefined && this.open.size < AHEAD; next = this.queue[0]) {
        this.queue.shift();
        this.open.add(next);
        await send(PACKET_REQUEST, next);
      }
      if (this.listed && !ended && this.open.size === 0) {
        ended = true;
        await send(PACKET_END);
      }
    }
    throw new InputError(`${this.folder}: the client has not sent all of it`);
  }

  private number = 0;

  private take(stat: NonNullable<Message<typeof PACKET>['stat']>): void {
    const number = this.number++;
    if (++this.entries > ENTRIES_MAX) throw new InputError(`${this.folder}: has more than ${ENTRIES_MAX} names`);
    const names = stat.path.split('/');
    const bad = (why: string): InputError => new InputError(`${this.folder}: '${stat.path.slice(0, 200)}' ${why}`);
    if (names.some((name) => ['', '.', '..'].includes(name) || name.includes('\0'))) throw bad('is no name within it');
    if (names.length > DEPTH_MAX) throw bad('lies too deep');
    let parent = this.root;
    for (const name of names.slice(0, -1)) {
      const next = parent.children!.get(treeName(name));
      if (!next?.children) throw bad('lies in no directory');
      parent = next;
    }
    const last = treeName(names.at(-1)!);
    if (parent.children!.has(last)) throw bad('came before');
    const mode = modeOfGo(stat.mode);
    if (mode === undefined) return;
    if ((mode & 0o170000) === 0o100000 && stat.link !== '') {
      const target = at(this.root, stat.link.split('/').filter(Boolean));
      if (!target || target.children) throw bad('is a link to no file');
      target.links++;
      parent.children!.set(last, target);
      return;
    }
    const node = nodeOf(stat, mode);
    parent.children!.set(last, node);
    if ((mode & 0o170000) === 0o100000) {
      this.files.set(number, node);
      this.queue.push(number);
    }
  }
}

const treeName = (text: string): string => fromLatin1(encodeText(text));

function at(root: LayerNode, names: readonly string[]): LayerNode | undefined {
  let node: LayerNode | undefined = root;
  for (const name of names) node = node?.children?.get(treeName(name));
  return node;
}

/** Bytes that follow what came before, of the file and in the blob, make its last piece longer. */
function add(file: Growing, at: number, length: number): void {
  const last = file.pieces.at(-1);
  if (last && last.at + last.length === at) last.length += length;
  else file.pieces.push({ offset: file.size, at, length });
  file.size += length;
}

function directory(): LayerNode {
  const node = { uid: 0, gid: 0, links: 2, size: 0, major: 0, minor: 0, seconds: 0, nanoseconds: 0, pieces: [] };
  return { ...node, mode: 0o40755, children: new Map() };
}

function nodeOf(stat: NonNullable<Message<typeof PACKET>['stat']>, mode: number): Growing {
  const seconds = Math.floor(stat.modified / 1e9);
  const type = mode & 0o170000;
  const xattrs = Object.entries(stat.xattrs);
  return {
    ...{ mode, uid: stat.uid >>> 0, gid: stat.gid >>> 0, links: 1, size: 0, major: stat.major, minor: stat.minor },
    ...{ seconds, nanoseconds: Math.floor(stat.modified - seconds * 1e9), pieces: [] },
    ...(type === 0o120000 && { target: treeName(stat.link) }),
    ...(type === 0o40000 && { links: 2, children: new Map() }),
    ...(xattrs.length > 0 && { xattrs: new Map(xattrs.map(([name, value]) => [name, value.slice()])) }),
  };
}
