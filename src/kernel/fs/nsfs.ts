// nsfs: the files that stand for namespaces; /proc/PID/ns leads to them. Two are one namespace when device and inode are equal.
// man 7 namespaces, man 2 ioctl_ns; Linux fs/nsfs.c.
import { ENOTTY } from '../abi/errno.js';
import { NSFS_MAGIC, S_IFREG } from '../abi/stat.js';
import type { Kernel } from '../kernel.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Namespace } from '../ns/namespace.js';
import type { NamespaceKind } from '../ns/namespace-kinds.js';
import type { Task } from '../task/task.js';
import { Dentry } from '../vfs/dentry.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { Inode } from '../vfs/inode.js';
import type { Mount } from '../vfs/mount.js';
import { OpenFile } from '../vfs/open-file.js';
import { Path } from '../vfs/path.js';

const NS_GET_NSTYPE = 0xb703;
/** Numbers of namespaces begin here, as on Linux. */
const FIRST_INO = 0xf0000000;

export class Nsfs extends FileSystem {
  readonly type = 'nsfs';
  readonly root: Inode;
  private readonly mount: Mount;

  constructor(
    device: number,
    private readonly kernel: Kernel,
  ) {
    super(device);
    this.root = new NamespaceRoot(this, 1, { mode: 0o040555, uid: 0, gid: 0 });
    this.mount = kernel.newMount(this, new Dentry('', undefined, this.root), 0);
  }

  override shown({ inode }: Dentry): void {
    if (inode instanceof NamespaceInode) inode.namespace.hold();
  }
  override hidden({ inode }: Dentry): void {
    if (inode instanceof NamespaceInode) inode.namespace.release();
  }

  numberOf(namespace: Namespace): number {
    return FIRST_INO + this.kernel.idOf(namespace);
  }

  /** The place of the file of a namespace. */
  placeOf(kind: NamespaceKind, namespace: Namespace): Path {
    const inode = new NamespaceInode(this, this.numberOf(namespace), kind, namespace);
    return new Path(this.mount, new Dentry(`${kind.label}:[${inode.ino}]`, undefined, inode));
  }

  statistics(): FileSystemStatistics {
    return { magic: NSFS_MAGIC, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }
}

export class NamespaceRoot extends Inode {}

export class NamespaceInode extends Inode {
  constructor(
    fs: Nsfs,
    ino: number,
    readonly kind: NamespaceKind,
    readonly namespace: Namespace,
  ) {
    super(fs, ino, { mode: S_IFREG | 0o444, uid: 0, gid: 0 });
  }

  override open(task: Task, flags: number): OpenFile {
    const file = new NamespaceFile(task, this, flags);
    this.namespace.hold();
    return file;
  }
}

/** What setns(2) takes. */
export class NamespaceFile extends OpenFile {
  get kind(): NamespaceKind {
    return (this.inode as NamespaceInode).kind;
  }
  get namespace(): Namespace {
    return (this.inode as NamespaceInode).namespace;
  }

  protected override close(): void {
    this.namespace.release();
  }

  override get label(): string {
    return `${this.kind.label}:[${this.inode.ino}]`;
  }

  override ioctl(_task: Task, command: number, _argument: number): number {
    return command === NS_GET_NSTYPE ? this.kind.flag : -ENOTTY;
  }
}
