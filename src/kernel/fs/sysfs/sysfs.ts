// sysfs: what devices and the kernel are, one value a file. man 5 sysfs; Linux Documentation/filesystems/sysfs.rst, fs/sysfs.
// Nothing is kept: a name is looked up in the description of the tree (tree.ts), which asks the kernel.
import { EACCES, EFAULT, EINVAL, ENODEV, ENOENT, EPERM } from '../../abi/errno.js';
import { O_ACCMODE, O_RDONLY } from '../../abi/fcntl.js';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, SYSFS_MAGIC } from '../../abi/stat.js';
import type { Kernel } from '../../kernel.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Task } from '../../task/task.js';
import type { Actor } from '../../vfs/actor.js';
import { FileSystem, type FileSystemStatistics } from '../../vfs/file-system.js';
import { type Attributes, type DirectoryEntry, Inode, type NewInode } from '../../vfs/inode.js';
import type { Io } from '../../vfs/io.js';
import { DirectoryFile, OpenFile, seekWithin } from '../../vfs/open-file.js';
import type { Path } from '../../vfs/path.js';
import type { SysNode } from './node.js';
import { ROOT } from './tree.js';

const ROOT_INO = 1;

export class Sysfs extends FileSystem {
  readonly type = 'sysfs';
  override readonly showsSystem = true;
  override readonly remembersNames = false;
  readonly root: SysDirectory;

  constructor(
    device: number,
    readonly kernel: Kernel,
    /** Whose interfaces it shows. */
    readonly net: NetNamespace,
  ) {
    super(device);
    this.source = 'sysfs';
    this.root = new SysDirectory(this, ROOT_INO, []);
  }

  statistics(): FileSystemStatistics {
    return { magic: SYSFS_MAGIC, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }
}

/** What the description of the tree has at `names`, if it is there still. */
function described(fs: Sysfs, names: readonly string[]): SysNode | undefined {
  let node: SysNode | undefined = ROOT;
  for (const name of names) node = node && 'children' in node ? node.children(fs).get(name) : undefined;
  return node;
}

/** The same for a name whenever it is looked up. */
function inoOf(parent: number, name: string): number {
  let hash = Math.imul(parent, 0x9e3779b1) | 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}

const modeOf = (node: SysNode): number =>
  'link' in node ? S_IFLNK | 0o777 : 'show' in node ? S_IFREG | (node.mode ?? 0o444) : S_IFDIR | 0o755;

export abstract class SysInode extends Inode {
  declare readonly fs: Sysfs;

  constructor(fs: Sysfs, ino: number, mode: number) {
    super(fs, ino, { mode, uid: 0, gid: 0 });
    const now = fs.kernel.clock.date();
    Object.assign(this, { atime: now, mtime: now, ctime: now, nlink: this.isDirectory ? 2 : 1 });
  }

  override get blocks(): number {
    return 0;
  }

  override setAttributes(_actor: Actor, change: Attributes): number {
    return (change.mode ?? change.uid ?? change.gid) === undefined ? 0 : -EPERM;
  }
}

export class SysDirectory extends SysInode {
  constructor(
    fs: Sysfs,
    ino: number,
    /** From the root to it. */
    private readonly names: readonly string[],
  ) {
    super(fs, ino, S_IFDIR | (names.length === 0 ? 0o555 : 0o755));
  }

  private get children(): ReadonlyMap<string, SysNode> {
    const node = described(this.fs, this.names);
    return node && 'children' in node ? node.children(this.fs) : new Map();
  }

  override lookup(_actor: Actor, name: string): Inode | number {
    const node = this.children.get(name);
    if (!node) return -ENOENT;
    const ino = inoOf(this.ino, name);
    if ('link' in node) return new SysLink(this.fs, ino, node.link);
    const names = [...this.names, name];
    return 'show' in node ? new AttributeInode(this.fs, ino, names, node.mode) : new SysDirectory(this.fs, ino, names);
  }

  override create(_actor: Actor, _name: string, made: NewInode): Inode | number {
    return (made.mode & S_IFMT) === S_IFREG ? -EACCES : -EPERM;
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    let at = 0;
    for (const [name, node] of this.children) {
      if (++at <= position) continue;
      if (!see({ name, ino: inoOf(this.ino, name), mode: modeOf(node) }, at)) break;
    }
    return 0;
  }

  override open(task: Task, flags: number, path: Path): OpenFile {
    return new DirectoryFile(task, this, flags, path);
  }
}

export class SysLink extends SysInode {
  constructor(
    fs: Sysfs,
    ino: number,
    private readonly target: string,
  ) {
    super(fs, ino, S_IFLNK | 0o777);
  }

  override readlink(): string {
    return this.target;
  }
}

type Attribute = Extract<SysNode, { show: unknown }>;

export class AttributeInode extends SysInode {
  constructor(
    fs: Sysfs,
    ino: number,
    private readonly names: readonly string[],
    mode = 0o444,
  ) {
    super(fs, ino, S_IFREG | mode);
    this.size = PAGE_SIZE;
  }

  /** Undefined: what it told of is gone. */
  get attribute(): Attribute | undefined {
    const node = described(this.fs, this.names);
    return node && 'show' in node ? node : undefined;
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    // also root writes only what can be written
    if ((flags & O_ACCMODE) !== O_RDONLY && (this.mode & 0o222) === 0) return -EACCES;
    return new AttributeFile(task, this, flags, path);
  }
}

/** The value is made when its start is read. */
export class AttributeFile extends OpenFile {
  declare readonly inode: AttributeInode;
  private text?: Uint8Array;

  override read(task: Task, io: Io): number {
    const done = this.readAt(task, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override readAt(_task: Task, io: Io, offset: number): number {
    if (!this.text || offset === 0) {
      const { attribute, fs } = this.inode;
      const value = attribute?.show(fs) ?? -ENODEV;
      if (typeof value === 'number') return value;
      this.text = Uint8Array.from(value, (character) => character.charCodeAt(0));
    }
    const length = Math.min(io.left, Math.max(0, this.text.length - offset));
    const moved = io.give(this.text, offset, length);
    return moved === 0 && length > 0 ? -EFAULT : moved;
  }

  override write(_task: Task, io: Io): number {
    const { attribute, fs } = this.inode;
    if (!attribute?.store || io.left > PAGE_SIZE) return -EINVAL;
    const bytes = new Uint8Array(io.left);
    if (io.take(bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
    const failed = attribute.store(fs, String.fromCharCode(...bytes).trim());
    return failed !== 0 ? failed : bytes.length;
  }

  override writeAt(task: Task, io: Io): number {
    return this.write(task, io);
  }

  override seek(_task: Task, offset: number, whence: number): number {
    return seekWithin(this, this.inode.size, offset, whence);
  }
}
