// overlayfs: one tree of several, changes going to the uppermost alone. Linux Documentation/filesystems/overlayfs.rst; man 5 user_xattr.
// A name that was removed is a whiteout (a character device 0:0) in the upper layer; a directory that hides what lies below is opaque.
// DEVIATION: two names of one lower file stay one file when it is copied up, as with Linux's index=on, for as long as the mount lasts.
import { EINVAL, EIO, ENODATA, ENOENT, ENOTDIR, ENOTEMPTY, EROFS, EXDEV } from '../abi/errno.js';
import { OVERLAYFS_SUPER_MAGIC, S_IFCHR, S_IFMT } from '../abi/stat.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { PageCache } from '../mm/page-cache.js';
import type { Task } from '../task/task.js';
import type { Actor } from '../vfs/actor.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { type Attributes, type DirectoryEntry, Inode, type NewInode } from '../vfs/inode.js';
import { DirectoryFile, type OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { type CachedInode, RegularFile } from '../vfs/regular-file.js';
import { O_ACCMODE, O_RDONLY, O_TRUNC } from '../abi/fcntl.js';

const OPAQUE = 'trusted.overlay.opaque';
const PRIVATE = 'trusted.overlay.';

export class Overlayfs extends FileSystem {
  readonly type = 'overlay';
  override readonly fixedReadOnly: boolean;
  readonly root: OverlayInode;
  /** The one inode here of each real one, upper or lower. */
  private readonly inodes = new WeakMap<Inode, OverlayInode>();

  /** `lowers` from the top down; without `upper` nothing can be changed. */
  constructor(
    device: number,
    /** Who copies up when attributes are set. */
    readonly setup: Actor,
    readonly upper: FileSystem | undefined,
    readonly lowers: readonly FileSystem[],
  ) {
    super(device);
    this.fixedReadOnly = upper === undefined;
    this.readOnly = this.fixedReadOnly;
    this.source = 'overlay';
    const roots = lowers.map((fs) => fs.root);
    this.root = this.inodeOf(upper?.root, roots, undefined, '');
  }

  /** The inode of what is `upper`, or the first of `lowers`. */
  inodeOf(
    upper: Inode | undefined,
    lowers: readonly Inode[],
    parent: OverlayInode | undefined,
    name: string,
  ): OverlayInode {
    const real = (upper ?? lowers[0])!;
    const known = this.inodes.get(real);
    if (known && known.isDirectory === real.isDirectory) {
      if (parent) known.place(parent, name);
      return known;
    }
    const inode = new OverlayInode(this, upper, lowers, parent, name);
    this.inodes.set(real, inode);
    return inode;
  }

  note(real: Inode, inode: OverlayInode): void {
    this.inodes.set(real, inode);
  }

  statistics(): FileSystemStatistics {
    return { ...(this.upper ?? this.lowers[0]!).statistics(), magic: OVERLAYFS_SUPER_MAGIC };
  }

  override options(): string {
    return this.upper ? 'lowerdir=lower,upperdir=upper,workdir=work' : 'lowerdir=lower';
  }

  override sync(): number {
    return this.upper?.sync() ?? 0;
  }

  override writeBack(): number {
    return this.upper?.writeBack() ?? 0;
  }

  /** The upper layer is this one's alone, others may show the lower ones. */
  override unmounted(): void {
    this.upper?.unmounted();
  }

  override reclaim(may: (frame: number) => boolean, mapped = false): number {
    return this.lowers.reduce((sum, fs) => sum + fs.reclaim(may, mapped), this.upper?.reclaim(may, mapped) ?? 0);
  }
}

const isWhiteout = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFCHR && inode.rdev === 0;

function isOpaque(inode: Inode): boolean {
  const value = inode.getXattr(OPAQUE);
  return typeof value !== 'number' && value.length === 1 && value[0] === 0x79;
}

export class OverlayInode extends Inode implements CachedInode {
  declare readonly fs: Overlayfs;
  /** Names of a directory in the order in which they were first seen, for positions that last while names come and go. */
  private readonly order = new Map<string, number>();

  constructor(
    fs: Overlayfs,
    private upper: Inode | undefined,
    private readonly lowers: readonly Inode[],
    private parent: OverlayInode | undefined,
    private name: string,
  ) {
    const real = (upper ?? lowers[0])!;
    super(fs, real.ino * 2 + (upper ? 0 : 1), real.attributes);
  }

  place(parent: OverlayInode, name: string): void {
    this.parent = parent;
    this.name = name;
  }

  private get real(): Inode {
    return (this.upper ?? this.lowers[0])!;
  }

  override get cache(): PageCache {
    return this.real.cache!;
  }

  override get blocks(): number {
    return this.real.blocks;
  }

  /** Is all of it in the upper layer? Such a directory can be renamed. */
  private get isPure(): boolean {
    return this.upper !== undefined && this.lowers.length === 0;
  }

  // ---- copy-up ----------------------------------------------------------------------------------------------------------------

  /** The file in the upper layer, copied there when it is not; a negated errno. */
  private copyUp(actor: Actor, withData = true): Inode | number {
    if (this.upper) return this.upper;
    const { parent } = this;
    if (!parent || !this.fs.upper) return -EROFS;
    const directory = parent.copyUp(actor);
    if (typeof directory === 'number') return directory;
    const lower = this.lowers[0]!;
    const { mode, uid, gid, rdev, atime, mtime } = lower.attributes;
    const made = { mode, uid, gid, rdev };
    let upper: Inode | number;
    if (lower.isSymlink) {
      const target = lower.readlink(actor as Task);
      if (typeof target === 'number') return target;
      upper = directory.symlink(actor, this.name, target, made);
    } else upper = directory.create(actor, this.name, made);
    if (typeof upper === 'number') return upper;
    const failed = lower.isRegular && withData ? copyData(lower, upper) : 0;
    if (failed !== 0) {
      directory.unlink(actor, this.name, upper);
      return failed;
    }
    for (const name of lower.listXattr()) {
      const value = lower.getXattr(name);
      if (typeof value !== 'number' && !name.startsWith(PRIVATE)) upper.setXattr(name, value, 0);
    }
    upper.setAttributes(actor, { atime, mtime });
    upper.opens += this.opens;
    upper.writers += this.writers;
    this.upper = upper;
    this.attributes = upper.attributes;
    this.fs.note(upper, this);
    return upper;
  }

  // ---- directories ------------------------------------------------------------------------------------------------------------

  override lookup(actor: Actor, name: string): Inode | number {
    if (!this.isDirectory) return -ENOTDIR;
    const found = this.find(actor, name);
    return found ?? -ENOENT;
  }

  private find(actor: Actor, name: string): OverlayInode | undefined {
    const upper = this.upper?.lookup(actor, name);
    const top = typeof upper === 'number' ? undefined : upper;
    if (top && isWhiteout(top)) return undefined;
    if (top && (!top.isDirectory || isOpaque(top))) return this.fs.inodeOf(top, [], this, name);
    const below = this.findBelow(actor, name, top !== undefined);
    return top || below.length > 0 ? this.fs.inodeOf(top, below, this, name) : undefined;
  }

  /** What the lower layers have of a name: a file, or directories that are merged. `merging`: only directories count. */
  private findBelow(actor: Actor, name: string, merging: boolean): Inode[] {
    const found: Inode[] = [];
    for (const lower of this.lowers) {
      const inode = lower.lookup(actor, name);
      if (typeof inode === 'number') continue;
      if (isWhiteout(inode)) break;
      if (!inode.isDirectory) {
        if (found.length === 0 && !merging) found.push(inode);
        break;
      }
      found.push(inode);
      if (isOpaque(inode)) break;
    }
    return found;
  }

  override entries(task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const merged = new Map<string, DirectoryEntry | undefined>();
    const layers = this.upper ? [this.upper, ...this.lowers] : this.lowers;
    for (const [i, layer] of layers.entries()) {
      const failed = layer.entries(task, 0, (entry) => {
        if (!merged.has(entry.name)) {
          const gone = (entry.mode & S_IFMT) === S_IFCHR && this.isWhiteoutIn(task, layer, entry.name);
          merged.set(entry.name, gone ? undefined : { ...entry, ino: entry.ino * 2 + (this.upper && i === 0 ? 0 : 1) });
        }
        return true;
      });
      if (failed < 0) return failed;
    }
    for (const name of merged.keys()) if (!this.order.has(name)) this.order.set(name, this.order.size + 1);
    for (const [name, order] of this.order) {
      if (order <= position) continue;
      const entry = merged.get(name);
      if (entry && !see(entry, order)) break;
    }
    return 0;
  }

  private isWhiteoutIn(task: Task, layer: Inode, name: string): boolean {
    const inode = layer.lookup(task, name);
    return typeof inode !== 'number' && isWhiteout(inode);
  }

  /** Makes room in the upper layer for a name that is not to be seen there: a whiteout of it goes. Was there one? */
  private clearWhiteout(actor: Actor, upper: Inode, name: string): boolean {
    const old = upper.lookup(actor, name);
    if (typeof old === 'number' || !isWhiteout(old)) return false;
    upper.unlink(actor, name, old);
    return true;
  }

  /** Hides `name` of the layers below, if they have it. */
  private whiteOut(actor: Actor, upper: Inode, name: string): number {
    if (this.findBelow(actor, name, false).length === 0) return 0;
    const made = upper.create(actor, name, { mode: S_IFCHR, uid: 0, gid: 0, rdev: 0 });
    return typeof made === 'number' ? made : 0;
  }

  private make(actor: Actor, name: string, how: (upper: Inode) => Inode | number): Inode | number {
    const upper = this.copyUp(actor);
    if (typeof upper === 'number') return upper;
    const hid = this.clearWhiteout(actor, upper, name);
    const made = how(upper);
    if (typeof made === 'number') {
      if (hid) this.whiteOut(actor, upper, name);
      return made;
    }
    // a new directory is empty, whatever was below once
    if (made.isDirectory && (hid || this.findBelow(actor, name, true).length > 0))
      made.setXattr(OPAQUE, Uint8Array.of(0x79), 0);
    return this.fs.inodeOf(made, [], this, name);
  }

  override create(actor: Actor, name: string, made: NewInode): Inode | number {
    return this.make(actor, name, (upper) => upper.create(actor, name, made));
  }

  override createUnnamed(actor: Actor, made: NewInode): Inode | number {
    const upper = this.copyUp(actor);
    if (typeof upper === 'number') return upper;
    const inode = upper.createUnnamed(actor, made);
    return typeof inode === 'number' ? inode : this.fs.inodeOf(inode, [], this, '');
  }

  override symlink(actor: Actor, name: string, target: string, made: NewInode): Inode | number {
    return this.make(actor, name, (upper) => upper.symlink(actor, name, target, made));
  }

  override link(actor: Actor, name: string, inode: Inode): number {
    const source = (inode as OverlayInode).copyUp(actor);
    if (typeof source === 'number') return source;
    const upper = this.copyUp(actor);
    if (typeof upper === 'number') return upper;
    const hid = this.clearWhiteout(actor, upper, name);
    const failed = upper.link(actor, name, source);
    if (failed !== 0 && hid) this.whiteOut(actor, upper, name);
    return failed;
  }

  override unlink(actor: Actor, name: string, inode: Inode): number {
    return this.remove(actor, name, inode as OverlayInode, (upper, real) => upper.unlink(actor, name, real));
  }

  override rmdir(actor: Actor, name: string, inode: Inode): number {
    const directory = inode as OverlayInode;
    if (!directory.isEmpty(actor)) return -ENOTEMPTY;
    const failed = directory.dropWhiteouts(actor);
    if (failed !== 0) return failed;
    return this.remove(actor, name, directory, (upper, real) => upper.rmdir(actor, name, real));
  }

  private remove(actor: Actor, name: string, inode: OverlayInode, take: (upper: Inode, real: Inode) => number): number {
    const upper = this.copyUp(actor);
    if (typeof upper === 'number') return upper;
    if (inode.upper) {
      const failed = take(upper, inode.upper);
      if (failed !== 0) return failed;
    }
    const failed = this.whiteOut(actor, upper, name);
    // of a lower file nothing is left to count its names
    if (!inode.upper) inode.detach();
    return failed;
  }

  /** It has no name any more: its attributes are its own from now on. */
  private detach(): void {
    this.attributes = { ...this.attributes, nlink: 0 };
  }

  private isEmpty(actor: Actor): boolean {
    let empty = true;
    this.entries(actor as Task, 0, () => {
      empty = false;
      return false;
    });
    return empty;
  }

  /** The whiteouts of a directory that is to go. */
  private dropWhiteouts(actor: Actor): number {
    const { upper } = this;
    if (!upper) return 0;
    const names: string[] = [];
    upper.entries(actor as Task, 0, (entry) => {
      names.push(entry.name);
      return true;
    });
    for (const name of names) if (!this.clearWhiteout(actor, upper, name)) return -ENOTEMPTY;
    return 0;
  }

  override rename(
    actor: Actor,
    name: string,
    inode: Inode,
    to: Inode,
    toName: string,
    replaced: Inode | undefined,
    exchange: boolean,
  ): number {
    const moved = inode as OverlayInode;
    const target = to as OverlayInode;
    const old = replaced as OverlayInode | undefined;
    // a directory with something below would have to be copied whole
    if (moved.isDirectory && !moved.isPure) return -EXDEV;
    if (exchange && old?.isDirectory && !old.isPure) return -EXDEV;
    if (!exchange && old?.isDirectory && !old.isEmpty(actor)) return -ENOTEMPTY;
    const real = moved.copyUp(actor);
    if (typeof real === 'number') return real;
    const from = this.copyUp(actor);
    if (typeof from === 'number') return from;
    const into = target.copyUp(actor);
    if (typeof into === 'number') return into;
    let replacedReal: Inode | undefined;
    if (old) {
      if (exchange) {
        const copied = old.copyUp(actor);
        if (typeof copied === 'number') return copied;
      } else if (old.isDirectory) {
        const failed = old.dropWhiteouts(actor);
        if (failed !== 0) return failed;
      }
      replacedReal = old.upper;
    }
    target.clearWhiteout(actor, into, toName);
    const failed = from.rename(actor, name, real, into, toName, replacedReal, exchange);
    if (failed !== 0) return failed;
    if (moved.isDirectory && target.findBelow(actor, toName, true).length > 0)
      real.setXattr(OPAQUE, Uint8Array.of(0x79), 0);
    moved.place(target, toName);
    if (exchange && old) {
      old.place(this, name);
      return 0;
    }
    if (old && !old.upper) old.detach();
    return this.whiteOut(actor, from, name);
  }

  // ---- contents and attributes ------------------------------------------------------------------------------------------------

  override readlink(task: Task): string | number {
    return this.real.readlink(task);
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    if (this.isDirectory) return new DirectoryFile(task, this, flags, path);
    if (!this.isRegular) return -EINVAL;
    if ((flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0) {
      const upper = this.copyUp(task, (flags & O_TRUNC) === 0);
      if (typeof upper === 'number') return upper;
    }
    return new RegularFile(task, this, flags, path);
  }

  noteRead(task: Task): void {
    if (this.upper) (this.upper as CachedInode).noteRead(task);
  }

  noteWritten(actor: Actor): void {
    (this.upper as CachedInode | undefined)?.noteWritten(actor);
  }

  override setAttributes(actor: Actor, change: Attributes): number {
    const upper = this.copyUp(actor, change.size !== 0);
    return typeof upper === 'number' ? upper : upper.setAttributes(actor, change);
  }

  override getXattr(name: string): Uint8Array | number {
    return name.startsWith(PRIVATE) ? -ENODATA : this.real.getXattr(name);
  }

  override setXattr(name: string, value: Uint8Array, flags: number): number {
    if (name.startsWith(PRIVATE)) return -EINVAL;
    const upper = this.copyUp(this.fs.setup);
    return typeof upper === 'number' ? upper : upper.setXattr(name, value, flags);
  }

  override removeXattr(name: string): number {
    if (typeof this.getXattr(name) === 'number') return -ENODATA;
    const upper = this.copyUp(this.fs.setup);
    return typeof upper === 'number' ? upper : upper.removeXattr(name);
  }

  override listXattr(): string[] {
    return this.real.listXattr().filter((name) => !name.startsWith(PRIVATE));
  }

  override sync(): number {
    return this.real.sync();
  }

  override evict(): void {
    // the upper layer has its own count of names; what was open here is not any more
    if (!this.upper) return;
    this.upper.forgetIfUnused();
  }
}

/** The contents of a file, page by page; holes stay holes where the target has them. */
function copyData(from: Inode, to: Inode): number {
  const source = from.cache;
  const target = to.cache;
  if (!source || !target) return -EIO;
  // holes too: a file may say that it is of any length, memory ends
  for (let index = 0; index * PAGE_SIZE < from.size; index++) {
    const failed = target.copyFrom(source, index);
    if (failed < 0) return failed;
  }
  to.size = from.size;
  return 0;
}
