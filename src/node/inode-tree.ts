// Files of the kernel as a tree that a layer's tar is written of. Contract: oci/tree.
// What is in the tree is what was there when it was made; bytes are read when they are asked for.
import type { LayerNode } from '../base/layer-index.js';
import { majorOf, minorOf } from '../kernel/abi/device-number.js';
import { errnoName } from '../kernel/abi/errno.js';
import type { Kernel } from '../kernel/kernel.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import { type IdMaps, idsFromKernel } from '../kernel/ns/id-map.js';
import type { PageCache } from '../kernel/mm/page-cache.js';
import type { Task } from '../kernel/task/task.js';
import type { Inode } from '../kernel/vfs/inode.js';
import type { Tree } from '../oci/tree/tree.js';
import { Refusal } from './refusal.js';

/** As a layer's index has them at most. */
const ENTRIES_MAX = 2_000_000;

/** `root`: a directory; the owners of its files are written in the ids of `owners`. Throws Refusal. */
export function treeOfInodes(kernel: Kernel, root: Inode, owners?: IdMaps): Tree {
  const inodes = new Map<LayerNode, Inode>();
  const top = new Walk(kernel, inodes, owners).nodeOf(root);
  return { root: top, read: (node, offset, into) => readFile(inodes.get(node)!, offset, into) };
}

class Walk {
  private readonly nodes = new Map<Inode, LayerNode>();
  /** Who asks: no file's rights count for the kernel itself. */
  private readonly actor: Task;

  constructor(
    kernel: Kernel,
    private readonly inodes: Map<LayerNode, Inode>,
    private readonly owners: IdMaps | undefined,
  ) {
    this.actor = kernel.setup as Task;
  }

  nodeOf(inode: Inode): LayerNode {
    const known = this.nodes.get(inode);
    if (known) return known;
    const { mode, nlink, size, rdev, mtime } = inode.attributes;
    const node: LayerNode = {
      ...{ mode, ...idsFromKernel(inode.attributes, this.owners), links: nlink, size: inode.isRegular ? size : 0 },
      ...{ major: majorOf(rdev), minor: minorOf(rdev) },
      ...{ seconds: mtime.seconds, nanoseconds: mtime.nanoseconds },
      pieces: [],
    };
    if (this.nodes.size >= ENTRIES_MAX) throw new Refusal('invalid', `there are more than ${ENTRIES_MAX} files`);
    this.nodes.set(inode, node);
    this.inodes.set(node, inode);
    const xattrs = this.xattrsOf(inode);
    if (xattrs.size > 0) node.xattrs = xattrs;
    if (inode.isSymlink) {
      const target = inode.readlink(this.actor);
      if (typeof target === 'string') node.target = target;
    }
    if (inode.isDirectory) node.children = this.childrenOf(inode);
    return node;
  }

  private xattrsOf(inode: Inode): Map<string, Uint8Array> {
    const xattrs = new Map<string, Uint8Array>();
    for (const name of inode.listXattr()) {
      const value = inode.getXattr(name);
      if (typeof value !== 'number') xattrs.set(name, value);
    }
    return xattrs;
  }

  private childrenOf(directory: Inode): Map<string, LayerNode> {
    const names: string[] = [];
    directory.entries(this.actor, 0, ({ name }) => names.push(name) <= ENTRIES_MAX);
    const children = new Map<string, LayerNode>();
    for (const name of names) {
      const inode = directory.lookup(this.actor, name);
      if (typeof inode !== 'number') children.set(name, this.nodeOf(inode));
    }
    return children;
  }
}

/** Bytes of a file as it is now: what it has lost since is zeros. Throws Refusal. */
function readFile(inode: Inode, offset: number, into: Uint8Array): void {
  into.fill(0);
  const { cache } = inode;
  const end = Math.min(inode.size, offset + into.length);
  if (!cache) return;
  for (let at = offset; at < end; ) {
    const index = Math.floor(at / PAGE_SIZE);
    const next = Math.min(end, (index + 1) * PAGE_SIZE);
    if (!cache.isHole(index)) copyPage(cache, index, at % PAGE_SIZE, into.subarray(at - offset, next - offset));
    at = next;
  }
}

function copyPage(cache: PageCache, index: number, from: number, into: Uint8Array): void {
  const frame = cache.get(index);
  if (frame < 0) throw new Refusal('invalid', `a file can't be read: ${errnoName(-frame)}`);
  const { frames } = cache;
  const at = frames.hostAddress(frame) + from;
  into.set(frames.bytes.subarray(at, at + into.length));
}
