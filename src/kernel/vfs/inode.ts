// A file of any type, whatever its name: what every filesystem gives the kernel. Linux include/linux/fs.h, struct inode.
// Operations answer with what was asked for, or a negated errno; the defaults are what a file that can't do it answers.
import { EINVAL, ENODEV, ENOTDIR, EOPNOTSUPP, EPERM } from '../abi/errno.js';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '../abi/stat.js';
import { DEVICE_READ, DEVICE_WRITE, permitsDevice } from '../cgroup/devices.js';
import type { Pipe } from '../fs/pipe.js';
import type { Segment } from '../ipc/shared-memory.js';
import type { PageCache } from '../mm/page-cache.js';
import type { UnixSocket } from '../net/unix-socket.js';
import type { Task } from '../task/task.js';
import type { Actor } from './actor.js';
import type { FileLocks } from './file-locks.js';
import type { FileSystem } from './file-system.js';
import { notifyGone, type Watch } from './notify.js';
import type { OpenFile } from './open-file.js';
import type { Path } from './path.js';
import { MAY_READ, MAY_WRITE, permits } from './permission.js';
import { EPOCH, type Timestamp } from './timestamp.js';

/** What chmod, chown, utimensat and truncate change; the VFS has checked the rights. `mode` is without the type. */
export interface Attributes {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  atime?: Timestamp;
  mtime?: Timestamp;
}

/** What is to be made: `mode` with its type, the owner, a device's number. */
export interface NewInode {
  mode: number;
  uid: number;
  gid: number;
  rdev?: number;
}

/** An entry of a directory; of `mode` the type counts. */
export interface DirectoryEntry {
  name: string;
  ino: number;
  mode: number;
}

/** What stat tells of a file. An object of its own, so that a filesystem that lies on others can show theirs. */
export interface InodeAttributes {
  /** Type (S_IF*) and rights. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Bytes. */
  size: number;
  /** Number of a device, as makedev of abi/device-number.ts has it. */
  rdev: number;
  atime: Timestamp;
  mtime: Timestamp;
  ctime: Timestamp;
}

export abstract class Inode {
  attributes: InodeAttributes;
  /** Open files of it, so that a file without a name goes with the last one. */
  opens = 0;
  /** Those that can write. */
  writers = 0;
  /** Those that processes run: nobody writes the program that somebody runs. */
  programs = 0;
  /** Made by O_TMPFILE: it may be given a name though it has none. */
  linkable = false;
  // few inodes have these, and to make a field in each of so many classes takes long
  /** F_SEAL_* bits; undefined: it is no file in memory. */
  declare seals?: number;
  /** Of a FIFO that somebody has had open. */
  declare pipe?: Pipe;
  /** Of a socket's name: the socket that it leads to. */
  declare socket?: UnixSocket;
  /** Locks that somebody has had of it. */
  declare locks?: FileLocks;
  /** Of the file that is one of System V's shared memory. */
  declare segment?: Segment;
  /** Whoever watches it. */
  declare watches?: Watch[];

  constructor(
    readonly fs: FileSystem,
    readonly ino: number,
    made: NewInode | InodeAttributes,
  ) {
    this.attributes =
      'nlink' in made
        ? made
        : { ...made, rdev: made.rdev ?? 0, nlink: 1, size: 0, atime: EPOCH, mtime: EPOCH, ctime: EPOCH };
  }

  get mode(): number {
    return this.attributes.mode;
  }
  set mode(value: number) {
    this.attributes.mode = value;
  }
  get uid(): number {
    return this.attributes.uid;
  }
  set uid(value: number) {
    this.attributes.uid = value;
  }
  get gid(): number {
    return this.attributes.gid;
  }
  set gid(value: number) {
    this.attributes.gid = value;
  }
  get nlink(): number {
    return this.attributes.nlink;
  }
  set nlink(value: number) {
    this.attributes.nlink = value;
  }
  get size(): number {
    return this.attributes.size;
  }
  set size(value: number) {
    this.attributes.size = value;
  }
  get rdev(): number {
    return this.attributes.rdev;
  }
  get atime(): Timestamp {
    return this.attributes.atime;
  }
  set atime(value: Timestamp) {
    this.attributes.atime = value;
  }
  get mtime(): Timestamp {
    return this.attributes.mtime;
  }
  set mtime(value: Timestamp) {
    this.attributes.mtime = value;
  }
  get ctime(): Timestamp {
    return this.attributes.ctime;
  }
  set ctime(value: Timestamp) {
    this.attributes.ctime = value;
  }

  /** The pages of a regular file. */
  get cache(): PageCache | undefined {
    return undefined;
  }

  get type(): number {
    return this.mode & S_IFMT;
  }
  get isDirectory(): boolean {
    return this.type === S_IFDIR;
  }
  get isRegular(): boolean {
    return this.type === S_IFREG;
  }
  get isSymlink(): boolean {
    return this.type === S_IFLNK;
  }
  get isDevice(): boolean {
    return this.type === S_IFCHR || this.type === S_IFBLK;
  }
  get isFifo(): boolean {
    return this.type === S_IFIFO;
  }
  get isSocket(): boolean {
    return this.type === S_IFSOCK;
  }

  /** Units of 512 bytes that the data takes. */
  get blocks(): number {
    return Math.ceil(this.size / 4096) * 8;
  }

  // ---- directories ----------------------------------------------------------------------------------------------------------

  /** The file `name` in this directory; -ENOENT. */
  lookup(_actor: Actor, _name: string): Inode | number {
    return -ENOTDIR;
  }
  /** Makes a file of any type but a symbolic link. No such name is there. */
  create(_actor: Actor, _name: string, _made: NewInode): Inode | number {
    return -EPERM;
  }
  /** Makes a regular file without a name (O_TMPFILE); link() may give it one. */
  createUnnamed(_actor: Actor, _made: NewInode): Inode | number {
    return -EOPNOTSUPP;
  }
  symlink(_actor: Actor, _name: string, _target: string, _made: NewInode): Inode | number {
    return -EPERM;
  }
  /** A new name for a file of the same filesystem that is no directory. */
  link(_actor: Actor, _name: string, _inode: Inode): number {
    return -EPERM;
  }
  /** Takes away the name of `inode`, which is no directory. */
  unlink(_actor: Actor, _name: string, _inode: Inode): number {
    return -EPERM;
  }
  /** Takes away the empty directory `inode`; -ENOTEMPTY. */
  rmdir(_actor: Actor, _name: string, _inode: Inode): number {
    return -EPERM;
  }
  /**
   * Moves `inode` from this directory to `to`. `replaced` has the new name now: it goes, or with `exchange` changes places.
   * The VFS has checked types and rights; that a replaced directory is empty is checked here.
   */
  rename(
    _actor: Actor,
    _name: string,
    _inode: Inode,
    _to: Inode,
    _toName: string,
    _replaced: Inode | undefined,
    _exchange: boolean,
  ): number {
    return -EPERM;
  }
  /** Entries from `position` on (0 the first), without `.` and `..`; each with the position behind it. Ends when `see` says false. */
  entries(_task: Task, _position: number, _see: (entry: DirectoryEntry, next: number) => boolean): number {
    return -ENOTDIR;
  }

  // ---- symbolic links -------------------------------------------------------------------------------------------------------

  readlink(_task: Task): string | number {
    return -EINVAL;
  }
  /** Where a link leads that is no text (those of /proc/PID/fd); undefined for all others. */
  followMagic(_task: Task): Path | number | undefined {
    return undefined;
  }

  // ---- attributes -----------------------------------------------------------------------------------------------------------

  setAttributes(_actor: Actor, _change: Attributes): number {
    return -EPERM;
  }
  getXattr(_name: string): Uint8Array | number {
    return -EOPNOTSUPP;
  }
  /** `flags`: XATTR_CREATE 1, XATTR_REPLACE 2. */
  setXattr(_name: string, _value: Uint8Array, _flags: number): number {
    return -EOPNOTSUPP;
  }
  removeXattr(_name: string): number {
    return -EOPNOTSUPP;
  }
  listXattr(): string[] {
    return [];
  }

  /** May the task do `wanted` (MAY_*) to it? 0 or a negated errno. By its mode, where a filesystem has no other rule. */
  allows(task: Task, wanted: number): number {
    const denied = permits(task.credentials, this, wanted);
    if (denied !== 0 || !this.isDevice) return denied;
    const access = ((wanted & MAY_READ) !== 0 ? DEVICE_READ : 0) | ((wanted & MAY_WRITE) !== 0 ? DEVICE_WRITE : 0);
    return permitsDevice(task.cgroup, this.mode, this.rdev, access);
  }

  // ---- open files -----------------------------------------------------------------------------------------------------------

  /** Is it a device or fifo, which the VFS opens by what it is? Not where its filesystem holds the pipe itself. */
  get opensByType(): boolean {
    return this.isDevice || this.isFifo;
  }

  /** An open file of it, unless it `opensByType`. `path` is what was opened. */
  open(_task: Task, _flags: number, _path: Path): OpenFile | number {
    return -ENODEV;
  }
  /** fsync(2): what was written of it is kept. An errno, or 0. */
  sync(): number {
    return this.cache?.flush() ?? 0;
  }
  /** The last name and the last open file and mapping are gone. */
  evict(): void {}

  /** Is nobody left to ask for it? Then it goes. */
  forgetIfUnused(): void {
    if (this.nlink !== 0 || this.opens !== 0 || this.cache?.mapped) return;
    notifyGone(this);
    this.evict();
  }
}
