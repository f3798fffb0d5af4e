// The filesystems that mount(2) makes, by their names in /proc/filesystems.
import { EINVAL, EPERM } from '../abi/errno.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { CGROUP_OPTIONS } from '../cgroup/features.js';
import type { UserNamespace } from '../ns/user-namespace.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { FileSystem } from '../vfs/file-system.js';
import { Devpts } from './devpts.js';
import { type OptionKind, optionProblem, parseOptions } from './mount-options.js';
import { Procfs, type ProcfsOptions } from './procfs/procfs.js';
import { Sysfs } from './sysfs/sysfs.js';
import { Tmpfs, TMPFS_OPTIONS, tmpfsOptions } from './tmpfs.js';

/** Makes a filesystem for a mount with `options`; a negated errno. */
type Make = (task: Task, options: string) => FileSystem | number;

const HIDE_PID: Record<string, ProcfsOptions['hidePid']> = {
  0: 0,
  off: 0,
  1: 1,
  noaccess: 1,
  2: 2,
  invisible: 2,
  4: 4,
  ptraceable: 4,
};

const PROC_OPTIONS = { hidepid: 'word', gid: 'number' } as const;

function makeProcfs(task: Task, text: string): FileSystem | number {
  const options = parseOptions(text, PROC_OPTIONS);
  if (typeof options === 'number') return options;
  const hidePid = HIDE_PID[options.hidepid ?? 'off'];
  if (hidePid === undefined) return -EINVAL;
  const { kernel } = task;
  return new Procfs(kernel.newDevice(), kernel, task.pidNamespace, { hidePid, gid: Number(options.gid ?? 0) });
}

/** All mounts of a namespace are one filesystem. */
function makeCgroupfs({ kernel, namespaces }: Task, options: string): FileSystem | number {
  const failed = kernel.cgroups.configure(namespaces.cgroup, options);
  return failed !== 0 ? failed : kernel.cgroups.fileSystemOf(namespaces.cgroup);
}

function makeTmpfs(task: Task, text: string): FileSystem | number {
  const { frames, clock } = task.kernel;
  const options = tmpfsOptions(text, frames.count * PAGE_SIZE);
  if (typeof options === 'number') return options;
  const { fsuid, fsgid, userNamespace } = task.credentials;
  const { uids, gids } = userNamespace;
  const uid = options.uid === undefined ? fsuid : uids.inKernel(options.uid);
  const gid = options.gid === undefined ? fsgid : gids.inKernel(options.gid);
  if (uid === undefined || gid === undefined) return -EINVAL;
  return new Tmpfs(task.kernel.newDevice(), frames, { ...options, uid, gid }, clock);
}

const DEVPTS_OPTIONS = {
  newinstance: 'flag',
  uid: 'number',
  gid: 'number',
  mode: 'octal',
  ptmxmode: 'octal',
} as const;

function makeDevpts(task: Task, text: string): FileSystem | number {
  const options = parseOptions(text, DEVPTS_OPTIONS);
  if (typeof options === 'number') return options;
  const { uids, gids, rootIds } = task.credentials.userNamespace;
  const [uid, gid] = [options.uid, options.gid];
  const owner = uid === undefined ? undefined : uids.inKernel(Number(uid));
  const group = gid === undefined ? undefined : gids.inKernel(Number(gid));
  if ((uid !== undefined && owner === undefined) || (gid !== undefined && group === undefined)) return -EINVAL;
  return new Devpts(task.kernel.newDevice(), {
    mode: Number(options.mode ?? 0o600) & 0o777,
    ptmxMode: Number(options.ptmxmode ?? 0) & 0o777,
    uid: owner,
    gid: group,
    owner: rootIds,
    made: task.kernel.clock.date(),
  });
}

/** Shows the interfaces of the network namespace that it is mounted in. */
function makeSysfs(task: Task, text: string): FileSystem | number {
  if (text !== '') return -EINVAL;
  return new Sysfs(task.kernel.newDevice(), task.kernel, task.namespaces.net);
}

/** One in an IPC namespace, however often it is mounted. */
function makeMqueue(task: Task, text: string): FileSystem | number {
  return text === '' ? task.namespaces.ipc.queues : -EINVAL;
}

interface Type {
  make: Make;
  /** What it can be told. */
  options: Record<string, OptionKind>;
  /** The user namespace that it belongs to, whose administrators may mount it. */
  owner(task: Task): UserNamespace;
}

const mounter = ({ credentials }: Task): UserNamespace => credentials.userNamespace;

const TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['tmpfs', { make: makeTmpfs, options: TMPFS_OPTIONS, owner: mounter }],
  ['sysfs', { make: makeSysfs, options: {}, owner: ({ namespaces }) => namespaces.net.owner }],
  ['proc', { make: makeProcfs, options: PROC_OPTIONS, owner: ({ pidNamespace }) => pidNamespace.owner }],
  ['devpts', { make: makeDevpts, options: DEVPTS_OPTIONS, owner: mounter }],
  ['cgroup2', { make: makeCgroupfs, options: CGROUP_OPTIONS, owner: ({ namespaces }) => namespaces.cgroup.owner }],
  ['mqueue', { make: makeMqueue, options: {}, owner: ({ namespaces }) => namespaces.ipc.owner }],
]);

export const FILE_SYSTEM_TYPES: readonly string[] = [...TYPES.keys()];

/** What is wrong with an option of a filesystem of `type`, or of one that is not in the list; undefined: nothing. */
export function checkParameter(type: string, name: string, value: string | undefined): 'unknown' | 'value' | undefined {
  return optionProblem(TYPES.get(type)?.options ?? {}, name, value);
}

/** A filesystem of `type`; undefined: there is no such type. */
export function makeFileSystem(task: Task, type: string, options: string): FileSystem | number | undefined {
  const known = TYPES.get(type);
  if (!known) return undefined;
  const owner = known.owner(task);
  if (!task.credentials.capable(owner, CAP_SYS_ADMIN)) return -EPERM;
  const fs = known.make(task, options);
  if (typeof fs !== 'number') fs.owner = owner;
  return fs;
}
