// A node: one wasm memory, one processor, one kernel. How it is put together, and the filesystems that every root has.
import { REGION_COUNT, REGION_RAM, REGIONS } from '../../assembly/abi.js';
import { createMemory, HOST_RAM, type WasmModule } from '../vcpu/engine.js';
import type { Translation } from '../vcpu/linker.js';
import { UserVcpu, userMemorySize } from '../vcpu/user-vcpu.js';
import type { ClockSource } from './clock.js';
import { DEVICE_NODES } from './fs/devices.js';
import { Devpts } from './fs/devpts.js';
import { Procfs } from './fs/procfs/procfs.js';
import { Sysfs } from './fs/sysfs/sysfs.js';
import { Tmpfs } from './fs/tmpfs.js';
import { PAGE_SIZE } from './mm/frames.js';
import { Kernel, type Tracer } from './kernel.js';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID } from './abi/mount.js';
import { S_IFCHR, S_IFDIR, S_IFLNK } from './abi/stat.js';
import type { MountNamespace } from './ns/mount-namespace.js';
import type { NamespaceSet } from './ns/namespace-set.js';
import { Dentry } from './vfs/dentry.js';
import type { FileSystem } from './vfs/file-system.js';
import type { Inode } from './vfs/inode.js';
import type { Mount } from './vfs/mount.js';
import { Path } from './vfs/path.js';

export interface NodeOptions {
  /** The compiled core. */
  core: WasmModule;
  /** Bytes of memory for programs, their files and the kernel's tables. */
  memory: number;
  /** Absent: programs are interpreted. */
  translate?: Translation;
  clock: ClockSource;
  random(into: Uint8Array): void;
  hostname?: string;
  tracer?: Tracer;
}

export interface Node {
  kernel: Kernel;
  vcpu: UserVcpu;
}

/** Throws RangeError when the host has not so much memory. */
export function createNode({ core, memory: ram, translate, ...rest }: NodeOptions): Node {
  const memory = createMemory(userMemorySize(ram));
  const vcpu = new UserVcpu(core, memory, translate ? { ram, translate } : { ram });
  // one region: physical address 0 is the first frame
  for (const [i, value] of [0, ram, HOST_RAM, REGION_RAM].entries()) vcpu.view.setUint32(REGIONS + 4 * i, value, true);
  vcpu.view.setUint32(REGION_COUNT, 1, true);
  return { kernel: new Kernel({ vcpu, memory: memory.buffer, ram, ...rest }), vcpu };
}

const ROOT = { uid: 0, gid: 0 };
const DEV_LINKS = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
] as const;
/** The group `tty` of every distribution. */
const TTY_GROUP = 5;

export interface StandardMounts {
  namespace: MountNamespace;
  /** Where the terminals of its programs are. */
  pts: Devpts;
}

/**
 * A mount namespace with `root` at its root, and on it what programs expect: /proc with the numbers of `of.pidForChildren`, /dev with its
 * nodes, /dev/pts, /dev/shm, /dev/mqueue, /sys, /sys/fs/cgroup with the groups of `of.cgroup`. It and what is made in it belong to `owner`.
 * A mount point that is not there and can't be made is left out.
 */
export function standardMounts(
  kernel: Kernel,
  root: FileSystem,
  of: Omit<NamespaceSet, 'mount'> = firstNamespaces(kernel),
  owner = kernel.userNamespace,
): StandardMounts {
  const namespace = kernel.newMountNamespace(root, owner);
  const { frames, clock } = kernel;
  const ids = owner.rootIds;
  const dev = new Tmpfs(kernel.newDevice(), frames, { size: 65536, files: 4096, mode: 0o755, ...ids }, clock);
  dev.source = 'tmpfs';
  for (const [name, rdev, mode] of DEVICE_NODES)
    dev.root.create(kernel.setup, name, { mode: S_IFCHR | mode, rdev, ...ids });
  for (const [name, target] of DEV_LINKS)
    dev.root.symlink(kernel.setup, name, target, { mode: S_IFLNK | 0o777, ...ids });
  const proc = new Procfs(kernel.newDevice(), kernel, of.pidForChildren);
  mountAt(kernel, namespace, '/proc', proc, MS_NOSUID | MS_NODEV | MS_NOEXEC);
  const sys = new Sysfs(kernel.newDevice(), kernel, of.net);
  mountAt(kernel, namespace, '/sys', sys, MS_NOSUID | MS_NODEV | MS_NOEXEC);
  const groups = kernel.cgroups.fileSystemOf(of.cgroup);
  mountAt(kernel, namespace, '/sys/fs/cgroup', groups, MS_NOSUID | MS_NODEV | MS_NOEXEC);
  const at = mountAt(kernel, namespace, '/dev', dev, MS_NOSUID);
  const gid = owner.gids.inKernel(TTY_GROUP) ?? ids.gid;
  const pts = new Devpts(kernel.newDevice(), { mode: 0o620, ptmxMode: 0o666, gid, owner: ids, made: clock.date() });
  pts.source = 'devpts';
  if (!at) return { namespace, pts };
  mountAt(kernel, namespace, '/dev/pts', pts, MS_NOSUID | MS_NOEXEC);
  const shm = new Tmpfs(kernel.newDevice(), frames, { size: Math.floor(frames.count / 2) * PAGE_SIZE, ...ids }, clock);
  shm.source = 'shm';
  mountAt(kernel, namespace, '/dev/shm', shm, MS_NOSUID | MS_NODEV | MS_NOEXEC);
  mountAt(kernel, namespace, '/dev/mqueue', of.ipc.queues, MS_NOSUID | MS_NODEV | MS_NOEXEC);
  return { namespace, pts };
}

/** The kernel's own namespaces, all but that for the names of files. */
function firstNamespaces(kernel: Kernel): Omit<NamespaceSet, 'mount'> {
  return {
    uts: kernel.utsNamespace,
    cgroup: kernel.cgroups.namespace,
    ipc: kernel.ipcNamespace,
    net: kernel.netNamespace,
    pidForChildren: kernel.pidNamespace,
    time: kernel.timeNamespace,
    timeForChildren: kernel.timeNamespace,
  };
}

/** The kernel's own namespaces, with `mount` for the names of files. */
export function initialNamespaces(kernel: Kernel, mount: MountNamespace): NamespaceSet {
  return { ...firstNamespaces(kernel), mount };
}

/** Mounts `fs` on the directory at `path`, of which the part that is not there is made. Undefined: it can't be. */
export function mountAt(
  kernel: Kernel,
  namespace: MountNamespace,
  path: string,
  fs: FileSystem,
  flags = 0,
): Mount | undefined {
  let at = namespace.rootPath;
  for (const name of path.split('/').filter(Boolean)) {
    const directory = at.inode;
    let inode = directory.lookup(kernel.setup, name);
    if (typeof inode === 'number') inode = directory.create(kernel.setup, name, { mode: S_IFDIR | 0o755, ...ROOT });
    if (typeof inode === 'number' || !inode.isDirectory) return undefined;
    const dentry = at.dentry.child(name) ?? new Dentry(name, at.dentry, inode);
    at.dentry.add(dentry);
    at = new Path(at.mount, dentry).covered;
  }
  const mount = kernel.newMount(fs, fs.rootDentry, flags);
  at.mount.attach(mount, at.dentry);
  return mount;
}

/** Puts the file `inode` of `fs` over what is at `path`, which must be there: as a bind mount of one file does. False: it is not. */
export function mountFile(
  kernel: Kernel,
  namespace: MountNamespace,
  path: string,
  fs: FileSystem,
  inode: Inode,
  flags = 0,
): boolean {
  let at = namespace.rootPath;
  for (const name of path.split('/').filter(Boolean)) {
    const found = at.inode.lookup(kernel.setup, name);
    if (typeof found === 'number') return false;
    const dentry = at.dentry.child(name) ?? new Dentry(name, at.dentry, found);
    at.dentry.add(dentry);
    at = new Path(at.mount, dentry).covered;
  }
  if (at.inode.isDirectory) return false;
  at.mount.attach(kernel.newMount(fs, new Dentry(at.dentry.name, undefined, inode), flags), at.dentry);
  return true;
}
