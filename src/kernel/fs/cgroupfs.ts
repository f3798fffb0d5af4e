// cgroup2: the tree of groups as directories; making one makes a group. Each namespace has a filesystem of its own, with its root at the
// root. cgroup-v2.rst, "Mounting"; Linux fs/kernfs, kernel/cgroup/cgroup.c.
import { E2BIG, EACCES, EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOTDIR, EPERM } from '../abi/errno.js';
import { SEEK_CUR, SEEK_SET } from '../abi/fcntl.js';
import { POLLERR, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import { CGROUP2_SUPER_MAGIC, S_IFDIR, S_IFMT, S_IFREG } from '../abi/stat.js';
import type { Cgroup } from '../cgroup/cgroup.js';
import type { CgroupNamespace } from '../cgroup/cgroup-namespace.js';
import type { ControlFile, FileWatch } from '../cgroup/control-file.js';
import type { Kernel } from '../kernel.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import type { Actor } from '../vfs/actor.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { type Attributes, type DirectoryEntry, Inode, type NewInode } from '../vfs/inode.js';
import { type Io, transferred } from '../vfs/io.js';
import { DirectoryFile, OFFSET_MAX, OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';

/** Numbers of a group's directory and of its files. */
const INOS = 256;
/** Bytes of one write. */
const WRITE_MAX = PAGE_SIZE;

export class CgroupFs extends FileSystem {
  readonly type = 'cgroup2';
  readonly root: CgroupDirectory;
  override readonly remembersNames = false;

  constructor(
    device: number,
    readonly kernel: Kernel,
    readonly namespace: CgroupNamespace,
  ) {
    super(device);
    this.source = 'cgroup2';
    this.root = new CgroupDirectory(this, namespace.root);
  }

  statistics(): FileSystemStatistics {
    return { magic: CGROUP2_SUPER_MAGIC, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }

  override options(): string {
    return this.kernel.cgroups.options;
  }

  override reconfigure(options: string): number {
    return this.kernel.cgroups.configure(this.namespace, options);
  }
}

/** The group that a directory of a cgroup2 is; undefined: it is none. */
export function cgroupOf(inode: Inode): Cgroup | undefined {
  return inode instanceof CgroupDirectory ? inode.cgroup : undefined;
}

export abstract class CgroupInode extends Inode {
  declare readonly fs: CgroupFs;

  override get blocks(): number {
    return 0;
  }

  override setAttributes(_actor: Actor, { mode, uid, gid, atime, mtime }: Attributes): number {
    const { attributes } = this;
    if (mode !== undefined) attributes.mode = (attributes.mode & S_IFMT) | (mode & 0o7777);
    if (uid !== undefined) attributes.uid = uid;
    if (gid !== undefined) attributes.gid = gid;
    if (atime) attributes.atime = atime;
    if (mtime) attributes.mtime = mtime;
    attributes.ctime = this.fs.kernel.clock.date();
    return 0;
  }
}

export class CgroupDirectory extends CgroupInode {
  constructor(
    fs: CgroupFs,
    readonly cgroup: Cgroup,
  ) {
    super(fs, cgroup.id * INOS, fs.kernel.cgroups.attributesOf(cgroup, ''));
    this.nlink = cgroup.removed ? 0 : 2 + cgroup.children.size;
  }

  override lookup(_actor: Actor, name: string): Inode | number {
    const { cgroup, fs } = this;
    if (cgroup.removed) return -ENOENT;
    const child = cgroup.children.get(name);
    if (child) return new CgroupDirectory(fs, child);
    const files = fs.kernel.cgroups.filesOf(cgroup);
    const index = files.findIndex((file) => file.name === name);
    return index < 0 ? -ENOENT : new ControlInode(fs, cgroup, name, index);
  }

  override create(_actor: Actor, name: string, made: NewInode): Inode | number {
    // files are there or not: a program makes none
    if ((made.mode & S_IFMT) === S_IFREG) return -EACCES;
    if ((made.mode & S_IFMT) !== S_IFDIR) return -EPERM;
    const { cgroups } = this.fs.kernel;
    if (this.cgroup.removed) return -ENOENT;
    if (name.includes('\n')) return -EINVAL;
    if (cgroups.filesOf(this.cgroup).some((file) => file.name === name)) return -EEXIST;
    const child = cgroups.create(this.cgroup, name, made);
    return typeof child === 'number' ? child : new CgroupDirectory(this.fs, child);
  }

  override rmdir(_actor: Actor, _name: string, inode: Inode): number {
    const child = cgroupOf(inode);
    return child ? this.fs.kernel.cgroups.remove(child) : -ENOTDIR;
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const { cgroup, fs } = this;
    if (cgroup.removed) return 0;
    const files = fs.kernel.cgroups.filesOf(cgroup);
    for (let i = position; i < Math.min(INOS, files.length); i++)
      if (!see({ name: files[i]!.name, ino: this.ino + 1 + i, mode: S_IFREG }, i + 1)) return 0;
    for (const child of cgroup.children.values()) {
      if (INOS + child.id <= position) continue;
      if (!see({ name: child.name, ino: child.id * INOS, mode: S_IFDIR }, INOS + child.id)) break;
    }
    return 0;
  }

  override open(task: Task, flags: number, path: Path): OpenFile {
    return new DirectoryFile(task, this, flags, path);
  }
}

export class ControlInode extends CgroupInode {
  constructor(
    fs: CgroupFs,
    readonly cgroup: Cgroup,
    readonly name: string,
    index: number,
  ) {
    super(fs, cgroup.id * INOS + 1 + index, fs.kernel.cgroups.attributesOf(cgroup, name));
  }

  /** Gone with its group, or with its controller. */
  get file(): ControlFile | undefined {
    const { cgroup, name } = this;
    return cgroup.removed ? undefined : this.fs.kernel.cgroups.filesOf(cgroup).find((file) => file.name === name);
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    return this.file ? new OpenControlFile(task, this, flags, path) : -ENODEV;
  }
}

/** A file of a group, wherever it is shown. */
export interface Control extends Inode {
  readonly cgroup: Cgroup;
  /** Undefined: it is gone. */
  readonly file: ControlFile | undefined;
}

export class OpenControlFile extends OpenFile {
  /** The text as it was when its start was read. */
  private text?: Uint8Array;
  /** Version of the notice when the text was made. */
  private seen = -1;
  private readonly namespace: CgroupNamespace;
  private watch?: FileWatch;

  constructor(
    opener: Task,
    private readonly control: Control,
    flags: number,
    path: Path,
  ) {
    super(opener, control, flags, path);
    this.namespace = opener.namespaces.cgroup;
  }

  override read(task: Task, io: Io): number {
    const done = this.readAt(task, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override readAt(task: Task, io: Io, offset: number): number {
    const { cgroup, file } = this.control;
    if (!this.text || offset === 0) {
      if (!file) return -ENODEV;
      const text = file.read?.(cgroup, task) ?? -EINVAL;
      if (typeof text === 'number') return text;
      this.text = Uint8Array.from(text, (character) => character.charCodeAt(0));
      this.seen = file.notice?.(cgroup).version ?? 0;
    }
    const length = Math.min(io.left, Math.max(0, this.text.length - offset));
    return length === 0 ? 0 : transferred(io.give(this.text, offset, length), length);
  }

  override write(task: Task, io: Io): number {
    const { cgroup, file } = this.control;
    const length = io.left;
    if (length > WRITE_MAX) return -E2BIG;
    const bytes = new Uint8Array(length);
    const moved = io.take(bytes, 0, length);
    if (moved < length) return transferred(0, length);
    if (!file) return -ENODEV;
    const { namespace } = this;
    const { cgroups } = task.kernel;
    // the root of a namespace is limited by those outside
    if (cgroups.boundaries && !file.delegated && namespace !== cgroups.namespace && namespace.root === cgroup)
      return -EPERM;
    const text = String.fromCharCode(...bytes).split('\0')[0]!;
    if (file.watch) {
      if (this.watch) return -EBUSY;
      const watch = file.watch(cgroup, text, task);
      if (typeof watch === 'number') return watch;
      this.watch = watch;
      return length;
    }
    const failed = file.write?.(cgroup, text, { task, credentials: this.credentials, namespace }) ?? -EINVAL;
    return failed < 0 ? failed : length;
  }

  override writeAt(task: Task, io: Io): number {
    return this.write(task, io);
  }

  override seek(_task: Task, offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
    const target = (whence === SEEK_SET ? 0 : this.position) + offset;
    if (target < 0 || target > OFFSET_MAX) return -EINVAL;
    this.position = target;
    return target;
  }

  override poll(): number {
    const ready = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
    const { cgroup, file } = this.control;
    if (this.watch) return ready | this.watch.poll();
    if (file?.watch) return ready | POLLERR | POLLPRI;
    return (file?.notice?.(cgroup).version ?? 0) === this.seen ? ready : ready | POLLERR | POLLPRI;
  }

  override get waits(): WaitQueue | undefined {
    const { cgroup, file } = this.control;
    return this.watch ? this.watch.waits : file?.notice?.(cgroup).waits;
  }

  protected override close(): void {
    this.watch?.close();
  }

  override get pollable(): boolean {
    return true;
  }
}
