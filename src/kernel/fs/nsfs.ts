// nsfs: the files that stand for namespaces; /proc/PID/ns leads to them. Two are one namespace when device and inode are equal.
// man 7 namespaces, man 2 ioctl_ns; Linux fs/nsfs.c.
import { EINVAL, ENOTTY, EPERM } from '../abi/errno.js';
import { O_RDONLY } from '../abi/fcntl.js';
import { CLONE_NEWPID, CLONE_NEWUSER } from '../abi/sched.js';
import { NSFS_MAGIC, S_IFREG } from '../abi/stat.js';
import type { Kernel } from '../kernel.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Namespace } from '../ns/namespace.js';
import { NAMESPACE_KINDS, type NamespaceKind } from '../ns/namespace-kinds.js';
import { PidNamespace } from '../ns/pid-namespace.js';
import { UserNamespace } from '../ns/user-namespace.js';
import { writeU32 } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { Dentry } from '../vfs/dentry.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { Inode } from '../vfs/inode.js';
import type { Mount } from '../vfs/mount.js';
import { OpenFile } from '../vfs/open-file.js';
import { Path } from '../vfs/path.js';

const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;
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
    this.mount = kernel.newMount(this, this.rootDentry, 0);
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

const kindOf = (flag: number): NamespaceKind => NAMESPACE_KINDS.find((kind) => kind.flag === flag)!;

export class NamespaceRoot extends Inode {}

export class NamespaceInode extends Inode {
  constructor(
    fs: Nsfs,
    ino: number,
    kind: NamespaceKind,
    readonly namespace: Namespace,
  ) {
    super(fs, ino, { mode: S_IFREG | 0o444, uid: 0, gid: 0 });
    this.flag = kind.flag;
  }
  /** CLONE_NEW* of its kind. */
  private readonly flag: number;

  get kind(): NamespaceKind {
    return kindOf(this.flag);
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

  /** How namespaces are related, as far as the caller's own reach. man 2 ioctl_ns. */
  override ioctl(task: Task, command: number, argument: number): number {
    const { kind, namespace } = this;
    const { userNamespace } = task.credentials;
    switch (command) {
      case NS_GET_NSTYPE:
        return kind.flag;
      case NS_GET_USERNS:
        return namespace.owner?.isWithin(userNamespace) ? openNamespace(task, CLONE_NEWUSER, namespace.owner) : -EPERM;
      case NS_GET_PARENT:
        if (namespace instanceof UserNamespace)
          return namespace.parent?.isWithin(userNamespace)
            ? openNamespace(task, CLONE_NEWUSER, namespace.parent)
            : -EPERM;
        if (!(namespace instanceof PidNamespace)) return -EINVAL;
        return namespace.parent?.isWithin(task.pidNamespace)
          ? openNamespace(task, CLONE_NEWPID, namespace.parent)
          : -EPERM;
      case NS_GET_OWNER_UID:
        if (!(namespace instanceof UserNamespace)) return -EINVAL;
        return writeU32(task.space, argument, userNamespace.uids.shown(namespace.ownerUid));
      default:
        return -ENOTTY;
    }
  }
}

/** A descriptor for a namespace, closed on exec; a negated errno. */
function openNamespace(task: Task, flag: number, namespace: Namespace): number {
  const inode = task.kernel.nsfs.placeOf(kindOf(flag), namespace).inode as NamespaceInode;
  const file = inode.open(task, O_RDONLY);
  const fd = task.files.add(file, true, task.fileLimit);
  if (fd < 0) file.release();
  return fd;
}
