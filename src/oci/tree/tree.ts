// Files as a tree whose bytes can be read: a layer's, several layers' as one, what has changed over them.
// Whiteouts in a tree are overlayfs's, as in base/layer-index: a device 0:0 hides a name, an attribute of a directory all below it.
import type { ByteSource } from '../../base/host.js';
import type { LayerIndex, LayerNode } from '../../base/layer-index.js';

const S_IFMT = 0o170000;
const OPAQUE_XATTR = 'trusted.overlay.opaque';
const OVERLAY_XATTR = 'trusted.overlay.';

export interface Tree {
  root: LayerNode;
  /** Fills `into` with a file's bytes from `offset` on, which lie in it. */
  read(node: LayerNode, offset: number, into: Uint8Array): void | Promise<void>;
}

export const typeOf = (node: LayerNode): number => node.mode & S_IFMT;

export const isWhiteout = (node: LayerNode): boolean =>
  typeOf(node) === 0o020000 && node.major === 0 && node.minor === 0;

export const isOpaque = (node: LayerNode): boolean => node.xattrs?.has(OPAQUE_XATTR) ?? false;

/** The attributes of a node that are not overlayfs's own. */
export function ownXattrs(node: LayerNode): Map<string, Uint8Array> | undefined {
  const own = [...(node.xattrs ?? [])].filter(([name]) => !name.startsWith(OVERLAY_XATTR));
  return own.length > 0 ? new Map(own) : undefined;
}

/** A layer as a tree. */
export function treeOf({ index, tar }: { index: LayerIndex; tar: ByteSource }): Tree {
  return { root: index.root, read: (node, offset, into) => readPieces(tar, node, offset, into) };
}

function readPieces(tar: ByteSource, { pieces }: LayerNode, from: number, into: Uint8Array): void {
  into.fill(0);
  const end = from + into.length;
  for (const { offset, at, length } of pieces) {
    const first = Math.max(from, offset);
    const last = Math.min(end, offset + length);
    if (first < last) tar.read(at + first - offset, into.subarray(first - from, last - from));
  }
}

/** What is seen of trees that lie one on the other, the lowest first: one tree without whiteouts. */
export function flatten(trees: readonly Tree[]): Tree {
  const origin = new Map<LayerNode, Tree>();
  let root: LayerNode | undefined;
  for (const tree of trees) root = merged(root, tree.root, tree, origin);
  if (!root) throw new RangeError('nothing to flatten');
  return {
    root,
    read: (node, offset, into) => origin.get(node)!.read(node, offset, into),
  };
}

/** `upper` on what is below; files stay the nodes they are, so that hard links do. */
function merged(lower: LayerNode | undefined, upper: LayerNode, tree: Tree, origin: Map<LayerNode, Tree>): LayerNode {
  if (!upper.children) {
    origin.set(upper, tree);
    return upper;
  }
  const below = lower?.children && !isOpaque(upper) ? lower.children : new Map<string, LayerNode>();
  const children = new Map(below);
  for (const [name, node] of upper.children) {
    if (isWhiteout(node)) children.delete(name);
    else children.set(name, merged(below.get(name), node, tree, origin));
  }
  return { ...upper, xattrs: ownXattrs(upper), children };
}
