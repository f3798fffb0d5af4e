// A folder of the host as a filesystem: files are read page by page, names and attributes are asked for as they are needed.
// Contract: base/file-tree.ts, whose root nobody can leave and which follows no link. Errors of the host are errno.
// DEVIATION: names that are no UTF-8 can't be reached; where the host folds case, two names of one file are two files here.
import { type Changes, FileError, type FileTree, type OpenFile as HostFile } from '../../base/file-tree.js';
import { decodeText, encodeText } from '../../base/text.js';
import { EIO, EINVAL, ENOENT, ENOTDIR, EPERM } from '../abi/errno.js';
import { EXT4_SUPER_MAGIC, S_IFDIR, S_IFMT, S_IFREG } from '../abi/stat.js';
import type { Disk } from '../block/disk.js';
import type { Frames } from '../mm/frames.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { PageCache, type PageSource } from '../mm/page-cache.js';
import { type IdMaps, type Ids, idsInKernel } from '../ns/id-map.js';
import type { Task } from '../task/task.js';
import type { Actor } from '../vfs/actor.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { type Attributes, type DirectoryEntry, Inode, type InodeAttributes, type NewInode } from '../vfs/inode.js';
import { DirectoryFile, type OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { type CachedInode, RegularFile } from '../vfs/regular-file.js';
import type { Timestamp } from '../vfs/timestamp.js';
import { makedev } from '../abi/device-number.js';

/** Files of the host that are open at a time. */
const OPEN_MAX = 256;

export interface HostfsOptions {
  /** Others change the folder meanwhile: names and attributes are asked for again each time. Else what was seen once stays. */
  live: boolean;
  readOnly: boolean;
  /** Whose ids the folder's are; absent: the kernel's. */
  owners?: IdMaps;
}

/** Bytes of a name as characters, and back. Undefined: it is no UTF-8. */
const toHost = (name: string): string | undefined =>
  decodeText(Uint8Array.from(name, (character) => character.charCodeAt(0)));
const fromHost = (name: string): string => String.fromCharCode(...encodeText(name));

/** Runs `action`; what the host refuses is a negated errno. */
function guarded<T>(action: () => T): T | number {
  try {
    return action();
  } catch (error) {
    if (error instanceof FileError) return -error.errno;
    throw error;
  }
}

export class Hostfs extends FileSystem {
  readonly type = 'hostfs';
  readonly root: HostInode;
  override readonly remembersNames: boolean;
  override readonly fixedReadOnly: boolean;
  /** By the host's device and inode, so that two names of a file are one file. */
  private readonly known = new Map<string, WeakRef<HostInode>>();
  private readonly open = new Map<HostInode, HostFile>();

  constructor(
    device: number,
    readonly frames: Frames,
    readonly tree: FileTree,
    readonly settings: HostfsOptions,
  ) {
    super(device);
    this.remembersNames = !settings.live;
    this.fixedReadOnly = settings.readOnly;
    this.readOnly = settings.readOnly;
    const attributes = tree.stat([]);
    this.root = new HostInode(this, Number(attributes.inode), attributesOf(attributes, settings.owners), undefined, '');
  }

  /** The inode of what the host calls `name` in `parent`. */
  inodeOf(parent: HostInode, name: string, stat: ReturnType<FileTree['stat']>): HostInode {
    const key = `${stat.device}:${stat.inode}`;
    const known = this.known.get(key)?.deref();
    if (known && (known.mode & S_IFMT) === (stat.mode & S_IFMT)) {
      known.place(parent, name);
      if (this.settings.live) known.refresh(attributesOf(stat, this.settings.owners));
      return known;
    }
    const inode = new HostInode(this, Number(stat.inode), attributesOf(stat, this.settings.owners), parent, name);
    this.known.set(key, new WeakRef(inode));
    if (this.known.size % 4096 === 0) for (const [old, ref] of this.known) if (!ref.deref()) this.known.delete(old);
    return inode;
  }

  /** The host's open file of an inode; the one that was opened longest ago goes when there are too many. */
  handle(inode: HostInode, writing: boolean): HostFile {
    const there = this.open.get(inode);
    if (there && (!writing || inode.openedToWrite)) {
      this.open.delete(inode);
      this.open.set(inode, there);
      return there;
    }
    this.forgetHandle(inode);
    const access = writing ? 'both' : 'read';
    const file = this.tree.open(inode.hostPath, { access, truncate: false, append: false, exclusive: false });
    inode.openedToWrite = writing;
    this.open.set(inode, file);
    if (this.open.size > OPEN_MAX) this.forgetHandle(this.open.keys().next().value!);
    return file;
  }

  forgetHandle(inode: HostInode): void {
    this.open.get(inode)?.close();
    this.open.delete(inode);
  }

  statistics(): FileSystemStatistics {
    const size = guarded(() => this.tree.size());
    if (typeof size === 'number')
      return { magic: EXT4_SUPER_MAGIC, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
    return {
      magic: EXT4_SUPER_MAGIC,
      blockSize: size.blockSize,
      blocks: Number(size.blocks),
      free: Number(size.free),
      files: Number(size.files),
      filesFree: Number(size.filesFree),
    };
  }

  override sync(): number {
    let failed = 0;
    for (const ref of this.known.values()) {
      const errno = ref.deref()?.cache.flush() ?? 0;
      if (errno !== 0) failed = errno;
    }
    return failed;
  }

  override unmounted(): void {
    for (const ref of this.known.values()) ref.deref()?.cache.drop(0, Number.POSITIVE_INFINITY);
    for (const inode of [...this.open.keys()]) this.forgetHandle(inode);
    this.disk?.remove();
  }

  override reclaim(may: (frame: number) => boolean, mapped = false): number {
    let given = 0;
    for (const ref of this.known.values()) given += ref.deref()?.cache.reclaim(may, mapped) ?? 0;
    return given;
  }
}

function attributesOf(stat: ReturnType<FileTree['stat']>, owners: IdMaps | undefined): InodeAttributes {
  const time = (nanoseconds: bigint): Timestamp => ({
    seconds: Number(nanoseconds / 1_000_000_000n),
    nanoseconds: Number(nanoseconds % 1_000_000_000n),
  });
  return {
    mode: stat.mode,
    ...idsInKernel(stat, owners),
    nlink: Number(stat.links),
    size: Number(stat.size),
    rdev: makedev(
      Number((stat.special >> 8n) & 0xfffn),
      Number((stat.special & 0xffn) | ((stat.special >> 12n) & 0xfff00n)),
    ),
    atime: time(stat.accessed),
    mtime: time(stat.modified),
    ctime: time(stat.changed),
  };
}

export class HostInode extends Inode implements CachedInode, PageSource {
  declare readonly fs: Hostfs;
  private readonly pages: PageCache;
  openedToWrite = false;

  constructor(
    fs: Hostfs,
    ino: number,
    attributes: InodeAttributes,
    private parent: HostInode | undefined,
    /** As the host has it. */
    private name: string,
  ) {
    super(fs, ino, attributes);
    this.pages = new PageCache(fs.frames, this);
  }

  override get cache(): PageCache {
    return this.pages;
  }

  get disk(): Disk | undefined {
    return this.fs.disk;
  }

  get hostPath(): string[] {
    const names: string[] = [];
    for (let at: HostInode = this; at.parent; at = at.parent) names.push(at.name);
    return names.reverse();
  }

  place(parent: HostInode, name: string): void {
    this.parent = parent;
    this.name = name;
  }

  /** The host's attributes are these now; when the contents have changed too, what was read of them is old. */
  refresh(attributes: InodeAttributes): void {
    const { mtime, size } = this.attributes;
    const same = attributes.size === size && attributes.mtime.seconds === mtime.seconds;
    if (!(same && attributes.mtime.nanoseconds === mtime.nanoseconds) && this.writers === 0)
      this.pages.drop(0, Number.POSITIVE_INFINITY);
    Object.assign(this.attributes, attributes);
  }

  private reread(): void {
    const stat = guarded(() => this.fs.tree.stat(this.hostPath));
    if (typeof stat !== 'number') Object.assign(this.attributes, attributesOf(stat, this.fs.settings.owners));
  }

  // ---- PageSource -------------------------------------------------------------------------------------------------------------

  readPage(index: number, into: Uint8Array): number {
    return this.readPages(index, into);
  }

  readPages(index: number, into: Uint8Array): number {
    const result = guarded(() => this.fs.handle(this, this.openedToWrite).read(BigInt(index * PAGE_SIZE), into));
    if (result < 0) return -result;
    // the file ends there
    into.fill(0, result);
    return 0;
  }

  writePage(index: number, from: Uint8Array): number {
    const length = Math.min(PAGE_SIZE, this.size - index * PAGE_SIZE);
    if (length <= 0) return 0;
    const result = guarded(() => this.fs.handle(this, true).write(BigInt(index * PAGE_SIZE), from.subarray(0, length)));
    return result === length ? 0 : result < 0 ? -result : EIO;
  }

  // ---- directories ------------------------------------------------------------------------------------------------------------

  override lookup(_actor: Actor, name: string): Inode | number {
    if (!this.isDirectory) return -ENOTDIR;
    const host = toHost(name);
    if (host === undefined) return -ENOENT;
    const stat = guarded(() => this.fs.tree.stat([...this.hostPath, host]));
    return typeof stat === 'number' ? stat : this.fs.inodeOf(this, host, stat);
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const path = this.hostPath;
    const names = guarded(() => this.fs.tree.list(path));
    if (typeof names === 'number') return names;
    const stats = guarded(() => this.fs.tree.statIn(path));
    if (typeof stats === 'number') return stats;
    const sorted = names.sort();
    for (let i = position; i < sorted.length; i++) {
      const stat = guarded(() => stats(sorted[i]!));
      // gone since
      if (typeof stat === 'number') continue;
      if (!see({ name: fromHost(sorted[i]!), ino: Number(stat.inode), mode: stat.mode }, i + 1)) break;
    }
    return 0;
  }

  override create(actor: Actor, name: string, made: NewInode): Inode | number {
    const host = toHost(name);
    if (host === undefined) return -EINVAL;
    const path = [...this.hostPath, host];
    const { tree } = this.fs;
    const type = made.mode & S_IFMT;
    if (type !== S_IFREG && type !== S_IFDIR) return -EPERM;
    const failed = guarded(() => {
      if (type === S_IFDIR) tree.makeDirectory(path, made.mode & 0o7777);
      else
        tree
          .create(path, { access: 'both', truncate: false, append: false, exclusive: true }, made.mode & 0o7777)
          .close();
      tree.change(path, { ...this.ownersOf(made), mode: made.mode & 0o7777 });
      return 0;
    });
    if (failed !== 0) return failed;
    this.reread();
    return this.lookup(actor, name);
  }

  override symlink(actor: Actor, name: string, target: string, made: NewInode): Inode | number {
    const host = toHost(name);
    const text = toHost(target);
    if (host === undefined || text === undefined) return -EINVAL;
    const path = [...this.hostPath, host];
    const failed = guarded(() => {
      this.fs.tree.makeSymlink(path, text);
      this.fs.tree.change(path, this.ownersOf(made));
      return 0;
    });
    return failed !== 0 ? failed : this.lookup(actor, name);
  }

  /** Who a new file is given to: an owner whom the host does not know leaves it whose it is. */
  private ownersOf({ uid, gid }: Ids): { uid?: number; gid?: number } {
    const { owners } = this.fs.settings;
    return owners ? { uid: owners.uids.from(uid), gid: owners.gids.from(gid) } : { uid, gid };
  }

  override link(_actor: Actor, name: string, inode: Inode): number {
    const host = toHost(name);
    if (host === undefined) return -EINVAL;
    const failed = guarded(() => this.fs.tree.link((inode as HostInode).hostPath, [...this.hostPath, host]));
    if (typeof failed === 'number') return failed;
    (inode as HostInode).reread();
    return 0;
  }

  override unlink(_actor: Actor, name: string, inode: Inode): number {
    return this.remove(name, inode as HostInode, false);
  }

  override rmdir(_actor: Actor, name: string, inode: Inode): number {
    return this.remove(name, inode as HostInode, true);
  }

  private remove(name: string, inode: HostInode, directory: boolean): number {
    const host = toHost(name);
    if (host === undefined) return -ENOENT;
    // whoever has it open goes on with the host's open file
    if (!directory && inode.opens > 0 && inode.isRegular) guarded(() => this.fs.handle(inode, inode.openedToWrite));
    const failed = guarded(() => this.fs.tree.remove([...this.hostPath, host], directory));
    if (typeof failed === 'number') return failed;
    inode.nlink = directory ? 0 : inode.nlink - 1;
    this.reread();
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
    if (exchange) return -EINVAL;
    const from = toHost(name);
    const target = toHost(toName);
    if (from === undefined || target === undefined) return -EINVAL;
    const directory = to as HostInode;
    const failed = guarded(() => this.fs.tree.rename([...this.hostPath, from], [...directory.hostPath, target]));
    if (typeof failed === 'number') return failed;
    (inode as HostInode).place(directory, target);
    if (replaced) replaced.nlink = replaced.isDirectory ? 0 : replaced.nlink - 1;
    return 0;
  }

  // ---- contents ---------------------------------------------------------------------------------------------------------------

  override readlink(): string | number {
    const target = guarded(() => this.fs.tree.readLink(this.hostPath));
    return typeof target === 'number' ? target : fromHost(target);
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    return this.isDirectory ? new DirectoryFile(task, this, flags, path) : new HostRegularFile(task, this, flags, path);
  }

  noteRead(): void {}

  noteWritten(task: Task): void {
    this.mtime = task.kernel.clock.date();
    this.ctime = this.mtime;
  }

  override setAttributes(_actor: Actor, change: Attributes): number {
    const changes: Changes = {};
    if (change.mode !== undefined) changes.mode = change.mode;
    const { uid, gid } = this.ownersOf({ ...this.attributes, ...change });
    if (change.uid !== undefined) changes.uid = uid;
    if (change.gid !== undefined) changes.gid = gid;
    // somebody whom the host does not know
    if ((change.uid !== undefined && uid === undefined) || (change.gid !== undefined && gid === undefined))
      return -EPERM;
    const time = ({ seconds, nanoseconds }: Timestamp): bigint =>
      BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    if (change.atime) changes.accessed = time(change.atime);
    if (change.mtime) changes.modified = time(change.mtime);
    if (change.size !== undefined) {
      changes.size = BigInt(change.size);
      if (change.size < this.size) this.pages.truncate(change.size);
      this.size = change.size;
    }
    this.pages.flush();
    const failed = guarded(() => this.fs.tree.change(this.hostPath, changes));
    if (typeof failed === 'number') return failed;
    this.reread();
    return 0;
  }

  override sync(): number {
    const failed = this.pages.flush();
    if (failed !== 0 || !this.openedToWrite) return failed;
    return -guarded(() => {
      this.fs.handle(this, true).sync();
      return 0;
    });
  }

  override evict(): void {
    this.pages.drop(0, Number.POSITIVE_INFINITY);
    this.fs.forgetHandle(this);
  }
}

/** What was written reaches the host when the file is closed. */
export class HostRegularFile extends RegularFile {
  protected override close(): void {
    if (this.writable) this.inode.cache!.flush();
  }
}
