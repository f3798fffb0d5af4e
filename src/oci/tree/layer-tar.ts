// A tree as a layer's tar: names in the order of their bytes, whiteouts as OCI has them. Equal trees give equal bytes.
// OCI image-spec, layer.md ("Whiteouts", "Opaque Whiteout").
import type { LayerNode } from '../../base/layer-index.js';
import { archiveEnd, headersOf, padding, type WrittenEntry } from '../tar/writer.js';
import { isOpaque, isWhiteout, ownXattrs, type Tree, typeOf } from './tree.js';

/** A header's character for each type of S_IF*. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0o100000, '0'],
  [0o120000, '2'],
  [0o020000, '3'],
  [0o060000, '4'],
  [0o040000, '5'],
  [0o010000, '6'],
]);
const PIECE = 1 << 18;

/** The root itself has no entry: it belongs to whoever mounts it. Sockets have none, they are nothing without their process. */
export async function* layerTar(tree: Tree): AsyncGenerator<Uint8Array> {
  const named = new Map<LayerNode, string>();
  if (isOpaque(tree.root)) yield headersOf({ name: '.wh..wh..opq', type: '0', mode: 0 });
  yield* entriesBelow(tree, tree.root, '', named);
  yield archiveEnd();
}

async function* entriesBelow(
  tree: Tree,
  folder: LayerNode,
  path: string,
  named: Map<LayerNode, string>,
): AsyncGenerator<Uint8Array> {
  // characters are bytes, so that their order is that of bytes
  const names = [...folder.children!.keys()].sort((a, b) => (a < b ? -1 : 1));
  for (const name of names) {
    const node = folder.children!.get(name)!;
    const full = path + name;
    if (isWhiteout(node)) {
      yield headersOf({ name: `${path}.wh.${name}`, type: '0', mode: 0 });
      continue;
    }
    const type = TYPES.get(typeOf(node));
    if (type === undefined) continue;
    const first = node.children ? undefined : named.get(node);
    if (first !== undefined) {
      yield headersOf({ ...describe(node, full, '1'), size: 0, xattrs: undefined, link: first });
      continue;
    }
    yield headersOf(describe(node, node.children ? `${full}/` : full, type));
    if (node.children) {
      if (isOpaque(node)) yield headersOf({ name: `${full}/.wh..wh..opq`, type: '0', mode: 0 });
      yield* entriesBelow(tree, node, `${full}/`, named);
      continue;
    }
    if (node.links > 1) named.set(node, full);
    if (type === '0') yield* contentsOf(tree, node);
  }
}

function describe(node: LayerNode, name: string, type: string): WrittenEntry {
  const { mode, uid, gid, seconds, nanoseconds, target, major, minor } = node;
  return {
    name,
    type,
    mode,
    uid,
    gid,
    size: type === '0' ? node.size : 0,
    seconds,
    nanoseconds,
    link: target,
    major,
    minor,
    xattrs: ownXattrs(node),
  };
}

async function* contentsOf(tree: Tree, node: LayerNode): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < node.size; at += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, node.size - at));
    await tree.read(node, at, bytes);
    yield bytes;
  }
  const rest = padding(node.size);
  if (rest.length > 0) yield rest;
}
