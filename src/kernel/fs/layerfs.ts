// A layer of an image as a filesystem that nobody can write: its files are read straight out of the uncompressed blob, by an index.
// Ours, base/layer-index.ts. One of these serves all containers of a node that have the layer, so its pages are in memory once.
import type { ByteSource } from '../../base/host.js';
import type { LayerIndex, LayerNode, LayerPiece } from '../../base/layer-index.js';
import { makedev } from '../abi/device-number.js';
import { EINVAL, EIO, ENODATA, ENOENT, ENOTDIR } from '../abi/errno.js';
import { EXT4_SUPER_MAGIC } from '../abi/stat.js';
import type { Disk } from '../block/disk.js';
import { type Frames, PAGE_SIZE } from '../mm/frames.js';
import { PageCache, type PageSource } from '../mm/page-cache.js';
import { type IdMaps, idsInKernel } from '../ns/id-map.js';
import type { Task } from '../task/task.js';
import type { Actor } from '../vfs/actor.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { type DirectoryEntry, Inode } from '../vfs/inode.js';
import { DirectoryFile, type OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { type CachedInode, RegularFile } from '../vfs/regular-file.js';

/** Bytes of the blob that are read at least: files are read in order, and small ones lie beside each other. */
const WINDOW = 65536;

export class Layerfs extends FileSystem {
  readonly type = 'layerfs';
  override readonly fixedReadOnly = true;
  readonly root: LayerInode;
  private readonly inodes = new Map<LayerNode, LayerInode>();
  private nextIno = 1;
  private readonly window = new Uint8Array(WINDOW);
  /** What of the blob is in the window. */
  private start = 0;
  private end = 0;

  constructor(
    device: number,
    readonly frames: Frames,
    private readonly blob: ByteSource,
    private readonly index: LayerIndex,
    /** Whose ids the layer's are; absent: the kernel's. */
    readonly owners?: IdMaps,
  ) {
    super(device);
    this.readOnly = true;
    this.source = blob.name;
    this.root = this.inodeOf(index.root);
  }

  inodeOf(node: LayerNode): LayerInode {
    let inode = this.inodes.get(node);
    if (!inode) {
      inode = new LayerInode(this, this.nextIno++, node);
      this.inodes.set(node, inode);
    }
    return inode;
  }

  /** Fills `into` from the blob; false: the host can't read it. */
  read(at: number, into: Uint8Array): boolean {
    try {
      if (into.length >= WINDOW) {
        this.blob.read(at, into);
        return true;
      }
      for (let done = 0; done < into.length; ) {
        const from = at + done;
        if (from < this.start || from >= this.end) this.fill(from);
        const length = Math.min(into.length - done, this.end - from);
        into.set(this.window.subarray(from - this.start, from - this.start + length), done);
        done += length;
      }
      return true;
    } catch {
      this.end = this.start;
      return false;
    }
  }

  private fill(from: number): void {
    const length = Math.min(WINDOW, this.blob.size - from);
    this.start = from;
    this.end = from;
    this.blob.read(from, this.window.subarray(0, length));
    this.end = from + length;
  }

  statistics(): FileSystemStatistics {
    return {
      magic: EXT4_SUPER_MAGIC,
      blockSize: PAGE_SIZE,
      blocks: Math.ceil(this.blob.size / PAGE_SIZE),
      free: 0,
      files: this.index.entries,
      filesFree: 0,
    };
  }

  override reclaim(may: (frame: number) => boolean, mapped = false): number {
    let given = 0;
    for (const inode of this.inodes.values()) given += inode.cache.reclaim(may, mapped);
    return given;
  }

  override unmounted(): void {
    for (const inode of this.inodes.values()) inode.cache.drop(0, Number.POSITIVE_INFINITY);
  }
}

export class LayerInode extends Inode implements CachedInode, PageSource {
  declare readonly fs: Layerfs;
  private readonly pages: PageCache;
  /** The names of a directory by their positions: made when it is first listed, as it never changes. */
  private names?: [string, LayerNode][];

  constructor(
    fs: Layerfs,
    ino: number,
    private readonly node: LayerNode,
  ) {
    const { mode, links: nlink, size, seconds, nanoseconds } = node;
    const { uid, gid } = idsInKernel(node, fs.owners);
    const time = { seconds, nanoseconds };
    const rdev = makedev(node.major, node.minor);
    super(fs, ino, { mode, uid, gid, nlink, size, rdev, atime: time, mtime: time, ctime: time });
    this.pages = new PageCache(fs.frames, this);
  }

  override get cache(): PageCache {
    return this.pages;
  }

  get disk(): Disk | undefined {
    return this.fs.disk;
  }

  /** Holes take nothing. */
  override get blocks(): number {
    return this.node.pieces.reduce((sum, piece) => sum + Math.ceil(piece.length / PAGE_SIZE) * 8, 0);
  }

  readPage(index: number, into: Uint8Array): number {
    const from = index * PAGE_SIZE;
    const to = from + into.length;
    const { pieces } = this.node;
    for (let i = firstBehind(pieces, from); i < pieces.length && pieces[i]!.offset < to; i++) {
      const { offset, at, length } = pieces[i]!;
      const start = Math.max(from, offset);
      const end = Math.min(to, offset + length);
      if (!this.fs.read(at + start - offset, into.subarray(start - from, end - from))) return EIO;
    }
    return 0;
  }

  readPages(index: number, into: Uint8Array): number {
    const from = index * PAGE_SIZE;
    const { pieces } = this.node;
    const piece = pieces[firstBehind(pieces, from)];
    const whole = piece && piece.offset <= from && piece.offset + piece.length >= from + into.length;
    // a hole or the end of the file is in it
    if (!whole) into.fill(0);
    return this.readPage(index, into);
  }

  override lookup(_actor: Actor, name: string): Inode | number {
    if (!this.isDirectory) return -ENOTDIR;
    const node = this.node.children?.get(name);
    return node ? this.fs.inodeOf(node) : -ENOENT;
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    this.names ??= [...(this.node.children ?? [])];
    for (let i = position; i < this.names.length; i++) {
      const [name, node] = this.names[i]!;
      if (!see({ name, ino: this.fs.inodeOf(node).ino, mode: node.mode }, i + 1)) break;
    }
    return 0;
  }

  override readlink(): string | number {
    return this.node.target ?? -EINVAL;
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    return this.isDirectory ? new DirectoryFile(task, this, flags, path) : new RegularFile(task, this, flags, path);
  }

  noteRead(): void {}
  noteWritten(): void {}

  override getXattr(name: string): Uint8Array | number {
    return this.node.xattrs?.get(name) ?? -ENODATA;
  }

  override listXattr(): string[] {
    return [...(this.node.xattrs?.keys() ?? [])];
  }
}

/** The first piece that ends behind `offset`. */
function firstBehind(pieces: readonly LayerPiece[], offset: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pieces[middle]!.offset + pieces[middle]!.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
