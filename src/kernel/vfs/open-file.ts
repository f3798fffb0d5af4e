// An open file (Linux: struct file): what a descriptor refers to, shared by dup and fork. Position, flags, and what it can do.
// Every kind of file is a subclass. Values are byte counts or negated errno; BLOCK (task/blocking.ts) says "ask again when woken".
import { EBADF, EINVAL, EISDIR, ENFILE, ENOMEM, ENODEV, ENOTDIR, ENOTTY, ESPIPE } from '../abi/errno.js';
import { O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY, SEEK_CUR, SEEK_SET } from '../abi/fcntl.js';
import { IN_CLOSE_NOWRITE, IN_CLOSE_WRITE } from '../abi/inotify.js';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import type { FrameAccount } from '../mm/frame-account.js';
import type { PageCache } from '../mm/page-cache.js';
import type { Credentials } from '../security/credentials.js';
import type { PidNamespace } from '../ns/pid-namespace.js';
import type { Statistics } from '../task/statistics.js';
import type { Task } from '../task/task.js';
import type { FdTable } from './fd-table.js';
import type { Waiter, WaitQueue } from '../task/wait-queue.js';
import type { DirectoryEntry, Inode } from './inode.js';
import type { Io } from './io.js';
import type { Mount } from './mount.js';
import { notifyFile } from './notify.js';
import type { Path } from './path.js';

/** Largest offset that a file position can have. */
export const OFFSET_MAX = Number.MAX_SAFE_INTEGER;

/** Bytes that each is to who pays. */
const COST = 256;

/** Somebody who keeps something for an open file, told when its last holder is gone. */
export interface FileObserver {
  fileClosed(file: OpenFile): void;
}

/** What goes on when a file is closed, and how long its program waits for that. */
export interface Farewell {
  readonly what: { readonly leaving: boolean; readonly waiters: WaitQueue };
  readonly nanoseconds: number;
}

export abstract class OpenFile {
  /** Of the next read or write. */
  position = 0;
  /** Descriptors and others that hold it; the last release closes it. */
  private holders = 1;
  private isProgram = false;
  /** Is it counted in its inode's writers? */
  private writes: boolean;
  /** Who opened it: some checks are made against that. */
  readonly credentials: Credentials;
  private readonly statistics: Statistics;
  /** Who pays for it, once it is admitted. */
  private readonly payer: FrameAccount | undefined;
  private admitted = false;
  /** Process, or thread, (positive) or group (negative) that is signalled, and by what: 0 is SIGIO. */
  owner = 0;
  ownerIsThread = false;
  ownerSignal = 0;
  /** Whose numbers `owner` is one of. */
  ownerNamespace?: PidNamespace;
  /** With O_ASYNC: who tells the owner. */
  notice?: Waiter;

  constructor(
    task: Task,
    readonly inode: Inode,
    /** O_* flags; those of fcntl(F_SETFL) change. */
    public flags: number,
    /** Undefined for what has no name. */
    readonly path?: Path,
  ) {
    this.credentials = task.credentials;
    this.statistics = task.kernel.statistics;
    this.statistics.openFiles++;
    this.payer = task.kernel.frames.payer;
    inode.opens++;
    this.writes = this.writable;
    if (this.writes) inode.writers++;
    if (path) {
      path.mount.opens++;
      path.mount.expiring = false;
      if (this.holdsMountWritable) this.countWriter(path.mount, 1);
    }
  }

  /** Devices and pipes are written whatever the mount says. */
  private get holdsMountWritable(): boolean {
    return this.writable && (this.inode.isRegular || this.inode.isDirectory);
  }

  /** It is no writer of its inode any more: what keeps a program from being started (ETXTBSY). */
  writesUnseen(): void {
    if (this.writes) this.inode.writers--;
    this.writes = false;
  }

  private countWriter(mount: Mount, more: number): void {
    mount.writers += more;
    mount.fs.writers += more;
  }

  get readable(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY && (this.flags & O_PATH) === 0;
  }
  get writable(): boolean {
    return (this.flags & O_ACCMODE) !== O_RDONLY && (this.flags & O_PATH) === 0;
  }
  get nonblocking(): boolean {
    return (this.flags & O_NONBLOCK) !== 0;
  }
  get appends(): boolean {
    return (this.flags & O_APPEND) !== 0;
  }

  /** What /proc/PID/fd shows for a file without a path: 'pipe:[12]'. */
  get label(): string {
    return `anon_inode:[${this.inode.ino}]`;
  }

  /** It is about to have its first descriptor: 0, -ENFILE when the kernel has as many files as it may (fs.file-max), or -ENOMEM. */
  admit(): number {
    if (this.admitted) return 0;
    const { payer, statistics } = this;
    if (statistics.openFiles > statistics.openFilesMax) return -ENFILE;
    if (payer && !payer.keep(COST)) return -ENOMEM;
    this.admitted = true;
    return 0;
  }

  /** A process runs it: until it is closed the file can't be opened for writing. man 2 open, ETXTBSY. */
  becomeProgram(): void {
    if (!this.isProgram) this.inode.programs++;
    this.isProgram = true;
  }

  hold(): this {
    this.holders++;
    return this;
  }

  release(): void {
    if (--this.holders > 0) return;
    if (this.observers) for (const observer of [...this.observers]) observer.fileClosed(this);
    if ((this.flags & O_PATH) === 0) notifyFile(this, this.writable ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    this.inode.locks?.release(this);
    this.close();
    this.statistics.openFiles--;
    if (this.admitted) this.payer?.keep(-COST);
    this.inode.opens--;
    this.writesUnseen();
    if (this.isProgram) this.inode.programs--;
    this.inode.forgetIfUnused();
    if (!this.path) return;
    const { mount } = this.path;
    if (this.holdsMountWritable) this.countWriter(mount, -1);
    if (--mount.opens === 0 && mount.left) mount.table.settle();
  }

  private observers?: Set<FileObserver>;

  observe(observer: FileObserver): void {
    this.observers ??= new Set();
    this.observers.add(observer);
  }
  unobserve(observer: FileObserver): void {
    this.observers?.delete(observer);
  }

  /** What close(2) waits for behind the last descriptor; undefined: nothing. */
  get farewell(): Farewell | undefined {
    return undefined;
  }

  /** How many descriptors and other holders there are. */
  get holds(): number {
    return this.holders;
  }

  /** A descriptor of `table` that refers to it is closed. */
  flush(_table: FdTable): void {}

  /** The last holder is gone. */
  protected close(): void {}

  // ---- data -----------------------------------------------------------------------------------------------------------------

  /** Reads at the position, and moves it where there is one. */
  read(_task: Task, _io: Io): number {
    return -EINVAL;
  }
  write(_task: Task, _io: Io): number {
    return -EINVAL;
  }
  /** pread: at `offset`, the position stays. */
  readAt(_task: Task, _io: Io, _offset: number): number {
    return -ESPIPE;
  }
  writeAt(_task: Task, _io: Io, _offset: number): number {
    return -ESPIPE;
  }
  /** lseek(2): the new position. */
  seek(_task: Task, _offset: number, _whence: number): number {
    return -ESPIPE;
  }
  /** ftruncate(2) of a regular file. Those whose contents are made when they are read take any size, and keep theirs. */
  truncate(task: Task, size: number): number {
    return this.inode.setAttributes(task, { size });
  }
  /** fsync(2). */
  sync(): number {
    return -EINVAL;
  }

  // ---- readiness ------------------------------------------------------------------------------------------------------------

  /** POLL* bits that hold now. Always ready is what files are that never make anyone wait. */
  poll(_task: Task): number {
    return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
  }
  /** Woken when `poll` may have changed; undefined: it never does. */
  get waits(): WaitQueue | undefined {
    return undefined;
  }
  /** Can epoll watch it? Not what is always ready. */
  get pollable(): boolean {
    return this.waits !== undefined;
  }

  // ---- the rest ---------------------------------------------------------------------------------------------------------------

  ioctl(_task: Task, _command: number, _argument: number): number {
    return -ENOTTY;
  }
  /** Entries of a directory at the position; ends when `see` says false. */
  entries(_task: Task, _see: (entry: DirectoryEntry, next: number) => boolean): number {
    return -ENOTDIR;
  }
  /** The pages that mmap maps. */
  mappable(_prot: number, _flags: number): PageCache | number {
    return -ENODEV;
  }
  /** fallocate(2). */
  allocate(_task: Task, _mode: number, _offset: number, _length: number): number {
    return -ENODEV;
  }
  /** What `fdinfo` shows behind pos, flags, mnt_id and ino. */
  details(): string {
    return '';
  }
}

/** lseek over something of `size` bytes. */
export function seekWithin(file: OpenFile, size: number, offset: number, whence: number): number {
  const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : size;
  const target = base + offset;
  if (target < 0 || target > OFFSET_MAX) return -EINVAL;
  file.position = target;
  return target;
}

/** A file opened with O_PATH: a place, nothing to read or write. */
export class PathFile extends OpenFile {
  override read(): number {
    return -EBADF;
  }
  override write(): number {
    return -EBADF;
  }
  override readAt(): number {
    return -EBADF;
  }
  override writeAt(): number {
    return -EBADF;
  }
  override seek(): number {
    return -EBADF;
  }
  override truncate(): number {
    return -EBADF;
  }
  override ioctl(): number {
    return -EBADF;
  }
  override entries(): number {
    return -EBADF;
  }
  override mappable(): number {
    return -EBADF;
  }
  override sync(): number {
    return -EBADF;
  }
}

/** An open directory. Positions: 0 is `.`, 1 is `..`, the entries of the filesystem follow. */
export class DirectoryFile extends OpenFile {
  override read(): number {
    return -EISDIR;
  }
  override readAt(): number {
    return -EISDIR;
  }
  override seek(_task: Task, offset: number, whence: number): number {
    if (whence > SEEK_CUR) return -EINVAL;
    return seekWithin(this, 0, offset, whence);
  }
  override sync(): number {
    return this.inode.fs.sync() === 0 ? 0 : -EINVAL;
  }

  override entries(task: Task, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const { inode } = this;
    if (this.path?.dentry.deleted) return 0;
    const parent = this.path?.parent?.dentry.inode ?? inode;
    let going = true;
    const tell = (entry: DirectoryEntry, next: number): boolean => {
      going = see(entry, next);
      if (going) this.position = next;
      return going;
    };
    if (this.position === 0) tell({ name: '.', ino: inode.ino, mode: inode.mode }, 1);
    if (going && this.position === 1) tell({ name: '..', ino: parent.ino, mode: parent.mode }, 2);
    if (!going || this.position < 2) return 0;
    return inode.entries(task, this.position - 2, (entry, next) => tell(entry, next + 2));
  }
}
