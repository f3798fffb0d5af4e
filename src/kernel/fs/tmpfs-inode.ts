// A file of a tmpfs: its pages, names, attributes. man 5 tmpfs; Linux mm/shmem.c.
import { F_SEAL_SEAL } from '../abi/fcntl.js';
import { EEXIST, EFBIG, EINVAL, EMLINK, ENODATA, ENOENT, ENOSPC, ENOTEMPTY, EOPNOTSUPP } from '../abi/errno.js';
import { S_IFLNK, S_IFMT, S_ISGID, S_ISUID } from '../abi/stat.js';
import type { FrameAccount } from '../mm/frame-account.js';
import { PageCache } from '../mm/page-cache.js';
import { CAP_FSETID } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { Actor } from '../vfs/actor.js';
import { type Attributes, type DirectoryEntry, Inode, type InodeAttributes, type NewInode } from '../vfs/inode.js';
import { DirectoryFile, type OpenFile, OFFSET_MAX } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { type CachedInode, RegularFile } from '../vfs/regular-file.js';
import { unsealedSize } from '../vfs/seals.js';
import { SECURITY_CAPABILITY } from '../vfs/xattr.js';
import type { Tmpfs } from './tmpfs.js';
import type { FileRecord, KeptPages } from './tmpfs-keeper.js';

/** Extended attributes that it has: no access control lists. */
const TMPFS_ATTRIBUTES = /^(user|trusted|security)\./;

/** A page cache that the filesystem's limit holds for; pages that are kept elsewhere are not counted: they are no memory that is gone. */
export class TmpfsCache extends PageCache {
  constructor(
    private readonly fs: Tmpfs,
    private readonly inode: TmpfsInode,
    readonly kept?: KeptPages,
  ) {
    super(fs.frames, kept);
  }

  override get(index: number): number {
    const here = this.peek(index);
    if (here !== 0) return here;
    if (this.kept) return this.kept.holds(index) || this.fs.keeper!.claimPage() ? super.get(index) : -ENOSPC;
    if (this.fs.pages >= this.fs.maxPages) return -ENOSPC;
    const frame = super.get(index);
    if (frame > 0) this.fs.pages++;
    return frame;
  }

  protected override dropped(): void {
    if (!this.kept) this.fs.pages--;
  }

  override markDirty(index: number): void {
    if (!this.kept) return;
    super.markDirty(index);
    this.fs.keeper?.changed(this.inode);
  }

  protected override unmapped(): void {
    this.inode.forgetIfUnused();
  }

  override drop(first: number, end: number): void {
    super.drop(first, end);
    this.kept?.drop(first, end);
  }

  /** Nobody can reach the file: its frames go, what is kept stays. */
  leave(): void {
    super.drop(0, Number.POSITIVE_INFINITY);
  }
}

/** What a name adds to the size of its directory: Linux's BOGO_DIRENT_SIZE. */
const NAME_SIZE = 20;

export class TmpfsInode extends Inode implements CachedInode {
  private readonly pages: TmpfsCache;
  declare readonly fs: Tmpfs;
  /** Names in order of their making, each with a number that readdir goes by. */
  private readonly children = new Map<string, { inode: TmpfsInode; order: number }>();
  private nextOrder = 1;
  private target = '';
  private xattrs?: Map<string, Uint8Array>;
  /** The directory that it lies in, when it is one. */
  parent?: TmpfsInode;
  /** Bytes that its names, target and attributes take. */
  extra = 0;
  /** Whose memory it is, as it is not in frames, and how much of that. */
  private payer?: FrameAccount;
  private paid = 0;

  constructor(fs: Tmpfs, ino: number, made: NewInode | InodeAttributes) {
    super(fs, ino, made);
    if (!('nlink' in made)) {
      const { now } = fs;
      this.atime = now;
      this.mtime = now;
      this.ctime = now;
      if (this.isDirectory) this.nlink = 2;
      if (this.isRegular) this.seals = F_SEAL_SEAL;
    }
    if (this.isDirectory) this.countNames();
    this.pages = new TmpfsCache(fs, this, fs.keeper?.pagesOf(this));
  }

  paidBy(payer: FrameAccount | undefined, bytes: number): void {
    this.payer = payer;
    this.paid = payer ? bytes : 0;
  }

  /** It, or the whole tree, goes: nobody pays any more. */
  settle(): void {
    this.payer?.keep(-this.paid);
    this.paidBy(undefined, 0);
  }

  /** So many bytes more for names and the like, or fewer; false: there is no room for them. */
  private take(bytes: number): boolean {
    if (!this.fs.claim(bytes)) return false;
    if (this.payer) {
      if (!this.payer.keep(bytes)) {
        this.fs.claim(-bytes);
        return false;
      }
      this.paid += bytes;
    }
    return true;
  }

  override get cache(): TmpfsCache {
    return this.pages;
  }

  override get blocks(): number {
    return this.cache.dataPages * 8;
  }

  /** What it is besides its pages and names, as it is now. */
  get record(): FileRecord {
    return { attributes: { ...this.attributes }, target: this.target, xattrs: [...(this.xattrs ?? [])] };
  }

  restore({ attributes, target, xattrs }: FileRecord): void {
    Object.assign(this.attributes, attributes);
    this.target = target;
    this.xattrs = xattrs.length > 0 ? new Map(xattrs) : undefined;
    this.extra = xattrs.reduce((sum, [name, value]) => sum + name.length + value.length, target.length);
    this.fs.claim(this.extra);
  }

  /** A name that was kept: the counts of links have it already. */
  restoreName(name: string, inode: TmpfsInode): void {
    this.children.set(name, { inode, order: this.nextOrder++ });
    this.countNames();
    if (inode.isDirectory) inode.parent = this;
    this.fs.claim(name.length);
    this.extra += name.length;
  }

  /** `.` and `..` count too. */
  private countNames(): void {
    this.size = (2 + this.children.size) * NAME_SIZE;
  }

  // ---- directories ----------------------------------------------------------------------------------------------------------

  *childInodes(): Generator<TmpfsInode> {
    for (const { inode } of this.children.values()) yield inode;
  }

  /** Its names. */
  *named(): Generator<[name: string, inode: TmpfsInode]> {
    for (const [name, { inode }] of this.children) yield [name, inode];
  }

  override lookup(_actor: Actor, name: string): Inode | number {
    return this.children.get(name)?.inode ?? -ENOENT;
  }

  override create(_actor: Actor, name: string, made: NewInode): Inode | number {
    if (this.nlink === 0) return -ENOENT;
    const inode = this.fs.newInode(made);
    if (!inode) return -ENOSPC;
    const failed = this.enter(name, inode);
    if (failed !== 0) {
      this.fs.forget(inode);
      return failed;
    }
    return inode;
  }

  override createUnnamed(_actor: Actor, made: NewInode): Inode | number {
    const inode = this.fs.newInode(made);
    if (!inode) return -ENOSPC;
    inode.nlink = 0;
    return inode;
  }

  override symlink(actor: Actor, name: string, target: string, made: NewInode): Inode | number {
    if (!this.fs.claim(target.length)) return -ENOSPC;
    const inode = this.create(actor, name, made);
    if (typeof inode === 'number') {
      this.fs.claim(-target.length);
      return inode;
    }
    const link = inode as TmpfsInode;
    if (link.payer?.keep(target.length)) link.paid += target.length;
    link.target = target;
    link.size = target.length;
    link.extra += target.length;
    return link;
  }

  override link(_actor: Actor, name: string, inode: Inode): number {
    if (inode.nlink >= 65000) return -EMLINK;
    const failed = this.enter(name, inode as TmpfsInode);
    if (failed !== 0) return failed;
    inode.nlink++;
    (inode as TmpfsInode).noteStatus();
    return 0;
  }

  override unlink(_actor: Actor, name: string, inode: Inode): number {
    this.leave(name);
    inode.nlink--;
    (inode as TmpfsInode).noteStatus();
    return 0;
  }

  override rmdir(_actor: Actor, name: string, inode: Inode): number {
    if ((inode as TmpfsInode).children.size > 0) return -ENOTEMPTY;
    this.leave(name);
    inode.nlink = 0;
    (inode as TmpfsInode).noteStatus();
    this.nlink--;
    return 0;
  }

  override rename(
    _actor: Actor,
    name: string,
    inode: Inode,
    to: Inode,
    toName: string,
    replaced: Inode | undefined,
    exchange: boolean,
  ): number {
    const moved = inode as TmpfsInode;
    const target = to as TmpfsInode;
    const old = replaced as TmpfsInode | undefined;
    if (old?.isDirectory && !exchange && old.children.size > 0) return -ENOTEMPTY;
    const failed = target.enter(toName, moved, true);
    if (failed !== 0) return failed;
    if (exchange && old) this.enter(name, old, true);
    else this.leave(name);
    moved.noteStatus();
    if (moved.isDirectory && target !== this) {
      this.nlink--;
      target.nlink++;
    }
    if (!old) return 0;
    old.noteStatus();
    if (exchange) {
      if (old.isDirectory && target !== this) {
        target.nlink--;
        this.nlink++;
        old.parent = this;
      }
      return 0;
    }
    if (old.isDirectory) {
      old.nlink = 0;
      target.nlink--;
    } else old.nlink--;
    return 0;
  }

  /** Gives `inode` a name here; one that has it already is only replaced in a rename. */
  private enter(name: string, inode: TmpfsInode, replace = false): number {
    const there = this.children.get(name);
    if (there && !replace) return -EEXIST;
    if (!there) {
      if (!this.take(name.length)) return -ENOSPC;
      this.extra += name.length;
      if (inode.isDirectory && inode.parent === undefined) this.nlink++;
    }
    if (inode.isDirectory) inode.parent = this;
    this.children.set(name, { inode, order: there?.order ?? this.nextOrder++ });
    this.countNames();
    this.fs.keeper?.named(this, name, inode);
    this.noteChange();
    return 0;
  }

  private leave(name: string): void {
    if (!this.children.delete(name)) return;
    this.countNames();
    this.take(-name.length);
    this.extra -= name.length;
    this.fs.keeper?.named(this, name, undefined);
    this.noteChange();
  }

  /** Its data have changed. */
  private noteChange(): void {
    this.mtime = this.fs.now;
    this.noteStatus();
  }

  /** Something else of it has. */
  private noteStatus(): void {
    this.ctime = this.fs.now;
    this.fs.keeper?.changed(this);
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    for (const [name, { inode, order }] of this.children) {
      if (order <= position) continue;
      if (!see({ name, ino: inode.ino, mode: inode.mode }, order)) break;
    }
    return 0;
  }

  // ---- contents -------------------------------------------------------------------------------------------------------------

  override readlink(): string | number {
    return (this.mode & S_IFMT) === S_IFLNK ? this.target : -EINVAL;
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    return this.isDirectory ? new DirectoryFile(task, this, flags, path) : new RegularFile(task, this, flags, path);
  }

  noteRead(): void {
    // as with relatime: not later than it was written, or a day ago
    if (this.atime.seconds <= this.mtime.seconds || this.fs.now.seconds - this.atime.seconds > 86400)
      this.atime = this.fs.now;
  }

  noteWritten(actor: Actor): void {
    this.noteChange();
    // whoever writes a program takes its privileges
    if (this.xattrs?.has(SECURITY_CAPABILITY)) this.removeXattr(SECURITY_CAPABILITY);
    if ((this.mode & (S_ISUID | S_ISGID)) !== 0 && !actor.credentials.hasFor(this, CAP_FSETID)) this.dropSetId();
  }

  private dropSetId(): void {
    this.mode &= ~S_ISUID;
    if ((this.mode & 0o010) !== 0) this.mode &= ~S_ISGID;
  }

  override setAttributes(actor: Actor, change: Attributes): number {
    if (change.size !== undefined) {
      if (change.size > OFFSET_MAX) return -EFBIG;
      const sealed = unsealedSize(this, change.size);
      if (sealed !== 0) return sealed;
      if (change.size < this.size) this.cache.truncate(change.size);
      this.size = change.size;
      this.noteWritten(actor);
    }
    if (change.mode !== undefined) this.mode = (this.mode & S_IFMT) | (change.mode & 0o7777);
    if ((change.uid ?? change.gid) !== undefined && this.xattrs) this.removeXattr(SECURITY_CAPABILITY);
    if (change.uid !== undefined) this.uid = change.uid;
    if (change.gid !== undefined) this.gid = change.gid;
    if (change.atime) this.atime = change.atime;
    if (change.mtime) this.mtime = change.mtime;
    this.noteStatus();
    return 0;
  }

  // ---- extended attributes --------------------------------------------------------------------------------------------------

  override getXattr(name: string): Uint8Array | number {
    if (!TMPFS_ATTRIBUTES.test(name)) return -EOPNOTSUPP;
    return this.xattrs?.get(name) ?? -ENODATA;
  }

  override setXattr(name: string, value: Uint8Array, flags: number): number {
    if (!TMPFS_ATTRIBUTES.test(name)) return -EOPNOTSUPP;
    const old = this.xattrs?.get(name);
    if (old && (flags & 1) !== 0) return -EEXIST;
    if (!old && (flags & 2) !== 0) return -ENODATA;
    const bytes = value.length - (old?.length ?? -name.length);
    if (!this.take(bytes)) return -ENOSPC;
    this.extra += bytes;
    this.xattrs ??= new Map();
    this.xattrs.set(name, value);
    this.noteStatus();
    return 0;
  }

  override removeXattr(name: string): number {
    if (!TMPFS_ATTRIBUTES.test(name)) return -EOPNOTSUPP;
    const old = this.xattrs?.get(name);
    if (!old) return -ENODATA;
    this.xattrs!.delete(name);
    const bytes = old.length + name.length;
    this.take(-bytes);
    this.extra -= bytes;
    this.noteStatus();
    return 0;
  }

  override listXattr(): string[] {
    return [...(this.xattrs?.keys() ?? [])];
  }

  override sync(): number {
    return this.fs.sync();
  }

  override evict(): void {
    this.cache.drop(0, Number.POSITIVE_INFINITY);
    this.fs.forget(this);
  }
}
