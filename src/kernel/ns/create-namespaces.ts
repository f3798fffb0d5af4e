// New namespaces, as clone(2) and unshare(2) ask for them. man 7 namespaces; Linux kernel/nsproxy.c create_new_namespaces.
import { EINVAL, ENOSPC, EPERM } from '../abi/errno.js';
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUTS,
} from '../abi/sched.js';
import { CgroupNamespace } from '../cgroup/cgroup-namespace.js';
import type { Kernel } from '../kernel.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import { Credentials } from '../security/credentials.js';
import type { FsContext, Task } from '../task/task.js';
import { copyMountNamespace } from '../vfs/mounting.js';
import { IpcNamespace } from './ipc-namespace.js';
import { type NamespaceSet, namespacesIn } from './namespace-set.js';
import type { LimitedKind } from './namespace-limits.js';
import { NetNamespace } from './net-namespace.js';
import { PID_NAMESPACE_LEVELS, PidNamespace } from './pid-namespace.js';
import { type ClockOffset, TimeNamespace } from './time-namespace.js';
import { USER_NAMESPACE_LEVELS, UserNamespace } from './user-namespace.js';

/** Credentials in a new user namespace, of which their owner is the creator; a negated errno. Linux create_user_ns(). */
export function createUserNamespace({ credentials, fs, namespaces }: Task): Credentials | number {
  const { userNamespace: parent, euid, egid } = credentials;
  if (parent.level > USER_NAMESPACE_LEVELS || !parent.hasRoomFor('user', euid)) return -ENOSPC;
  // who was locked into a part of the tree does not get out by capabilities of his own
  const { mount, dentry } = fs.root;
  const whole = namespaces.mount.rootPath.covered;
  if (mount !== whole.mount || dentry !== whole.dentry) return -EPERM;
  if (parent.uids.from(euid) === undefined || parent.gids.from(egid) === undefined) return -EPERM;
  return credentials.within(new UserNamespace(parent, euid));
}

/** Those of a set: all but that of users, which belongs to the credentials. */
const KINDS: readonly (readonly [LimitedKind, number])[] = [
  ['mnt', CLONE_NEWNS],
  ['uts', CLONE_NEWUTS],
  ['ipc', CLONE_NEWIPC],
  ['pid', CLONE_NEWPID],
  ['cgroup', CLONE_NEWCGROUP],
  ['net', CLONE_NEWNET],
  ['time', CLONE_NEWTIME],
];
export const NEW_IN_SET = KINDS.reduce((all, [, flag]) => all | flag, 0);

/**
 * The set of `task` with new namespaces for the CLONE_NEW* in `flags`, which belong to the user namespace of `credentials`. With new mounts
 * the places of `fs` become those of the copies. Nobody holds them yet. A negated errno.
 */
export function createNamespaces(
  task: Task,
  flags: number,
  credentials: Credentials,
  fs: FsContext,
): NamespaceSet | number {
  const old = task.namespaces;
  if ((flags & NEW_IN_SET) === 0) return old;
  if (!credentials.hasHere(CAP_SYS_ADMIN)) return -EPERM;
  const { kernel, cgroup } = task;
  const owner = credentials.userNamespace;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const { euid } = credentials;
  const before = new Set(namespacesIn(old));
  if (KINDS.some(([kind, flag]) => has(flag) && !owner.hasRoomFor(kind, euid))) return -ENOSPC;
  if (has(CLONE_NEWNS) && old.mount.count > kernel.mounts.room) return -ENOSPC;
  if (has(CLONE_NEWPID)) {
    // who has said where its children are born has said it
    if (task.pidNamespace !== old.pidForChildren) return -EINVAL;
    if (task.pidNamespace.level >= PID_NAMESPACE_LEVELS) return -ENOSPC;
  }
  const timeForChildren = has(CLONE_NEWTIME)
    ? TimeNamespace.create(owner, kernel, old.timeForChildren)
    : old.timeForChildren;
  if (typeof timeForChildren === 'number') return timeForChildren;
  const set: NamespaceSet = {
    mount: has(CLONE_NEWNS) ? copyMountNamespace(task, owner, fs) : old.mount,
    uts: has(CLONE_NEWUTS) ? old.uts.copy(owner) : old.uts,
    cgroup: has(CLONE_NEWCGROUP) ? new CgroupNamespace(cgroup, owner) : old.cgroup,
    ipc: has(CLONE_NEWIPC) ? new IpcNamespace(owner, kernel) : old.ipc,
    net: has(CLONE_NEWNET) ? new NetNamespace(kernel, owner) : old.net,
    pidForChildren: has(CLONE_NEWPID) ? new PidNamespace(task.pidNamespace, owner) : old.pidForChildren,
    time: old.time,
    timeForChildren,
  };
  for (const made of namespacesIn(set)) if (!before.has(made)) made.creator = euid;
  return set;
}

type ProgramNamespaces = Omit<NamespaceSet, 'mount' | 'cgroup'>;

/**
 * What a program that the host starts is in, but for its mounts and its group: `given`, and of each other kind a new one, with the node's
 * hostname, interfaces of which the loopback is up, and clocks as `time` makes them, or else the node's. New ones belong to `owner`, and
 * nobody holds them yet. A negated errno.
 */
export function createProgramNamespaces(
  kernel: Kernel,
  owner: UserNamespace,
  given: Partial<ProgramNamespaces>,
  time?: readonly ClockOffset[],
): ProgramNamespaces | number {
  // the first, as it has memory that has to be given back
  const clocks = given.time ?? (time ? newClocks(kernel, owner, time) : kernel.timeNamespace);
  if (typeof clocks === 'number') return clocks;
  return {
    uts: given.uts ?? kernel.utsNamespace.copy(owner),
    ipc: given.ipc ?? new IpcNamespace(owner, kernel),
    net: given.net ?? newNetwork(kernel, owner),
    pidForChildren: given.pidForChildren ?? new PidNamespace(kernel.pidNamespace, owner),
    time: clocks,
    timeForChildren: given.timeForChildren ?? clocks,
  };
}

function newNetwork(kernel: Kernel, owner: UserNamespace): NetNamespace {
  const made = new NetNamespace(kernel, owner);
  made.addressing.setUp(made.loopback, true);
  return made;
}

/** With its clocks ahead by `changes`, from the first process on. */
function newClocks(kernel: Kernel, owner: UserNamespace, changes: readonly ClockOffset[]): TimeNamespace | number {
  const made = TimeNamespace.create(owner, kernel);
  if (typeof made === 'number') return made;
  const failed = made.set(changes, Credentials.root(kernel.userNamespace));
  if (failed !== 0) {
    made.free();
    return failed;
  }
  made.enter();
  return made;
}
