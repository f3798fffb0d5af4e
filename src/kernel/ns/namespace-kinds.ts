// The kinds of namespaces, as /proc/PID/ns and setns(2) have them, and what joining one of each takes. man 2 setns; man 7 namespaces.
import { EINVAL, EPERM, EUSERS } from '../abi/errno.js';
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from '../abi/sched.js';
import type { CgroupNamespace } from '../cgroup/cgroup-namespace.js';
import { CAP_SYS_ADMIN, CAP_SYS_CHROOT } from '../security/capability.js';
import type { Credentials } from '../security/credentials.js';
import type { Task } from '../task/task.js';
import type { Path } from '../vfs/path.js';
import type { IpcNamespace } from './ipc-namespace.js';
import type { MountNamespace } from './mount-namespace.js';
import type { Namespace } from './namespace.js';
import type { NamespaceSet } from './namespace-set.js';
import type { NetNamespace } from './net-namespace.js';
import type { PidNamespace } from './pid-namespace.js';
import type { TimeNamespace } from './time-namespace.js';
import type { UserNamespace } from './user-namespace.js';
import type { UtsNamespace } from './uts-namespace.js';

/** What a task is to be once all that it asked for is allowed. */
export interface Joining {
  readonly task: Task;
  set: NamespaceSet;
  credentials: Credentials;
  /** Of other mounts: where its root and its working directory are. */
  place?: Path;
}

export interface NamespaceKind {
  /** In /proc/PID/ns. */
  readonly name: string;
  /** What the link there says in front of the number. */
  readonly label: string;
  /** CLONE_NEW*. */
  readonly flag: number;
  /** Undefined: it is not one yet. */
  of(task: Task): Namespace | undefined;
  /** The change that joining makes: 0, or a negated errno. */
  join(next: Joining, namespace: Namespace): number;
}

/** Who joins must be an administrator both there and where he is. */
function administers({ credentials }: Joining, { owner }: Namespace): boolean {
  return credentials.capable(owner!, CAP_SYS_ADMIN) && credentials.hasHere(CAP_SYS_ADMIN);
}

/** A kind that is joined by being in the set. */
function plain<K extends 'cgroup' | 'ipc' | 'net' | 'uts'>(name: K, flag: number): NamespaceKind {
  return {
    name,
    label: name,
    flag,
    of: (task) => task.namespaces[name],
    join: (next, namespace) => {
      if (!administers(next, namespace)) return -EPERM;
      next.set = { ...next.set, [name]: namespace as CgroupNamespace | IpcNamespace | NetNamespace | UtsNamespace };
      return 0;
    },
  };
}

function joinMounts(next: Joining, namespace: Namespace): number {
  const mount = namespace as MountNamespace;
  if (!administers(next, mount) || !next.credentials.hasHere(CAP_SYS_CHROOT)) return -EPERM;
  // root and working directory change, and are to change for nobody else
  if (next.task.fs.users !== 1) return -EINVAL;
  next.set = { ...next.set, mount };
  next.place = mount.rootPath.covered;
  return 0;
}

/** Children are born there; the task itself stays, and nobody goes up. */
function joinPids(next: Joining, namespace: Namespace): number {
  const pidForChildren = namespace as PidNamespace;
  if (!administers(next, pidForChildren)) return -EPERM;
  if (!pidForChildren.isWithin(next.task.pidNamespace)) return -EINVAL;
  next.set = { ...next.set, pidForChildren };
  return 0;
}

/** The clocks are in the memory of whoever reads them: it must be his alone. */
function joinTime(next: Joining, namespace: Namespace): number {
  const { task } = next;
  if (task.process.threads.size > 1 || task.space.users > 1) return -EUSERS;
  if (!administers(next, namespace)) return -EPERM;
  const time = namespace as TimeNamespace;
  next.set = { ...next.set, time, timeForChildren: time };
  return 0;
}

/** With every capability there, so nobody joins the one that he is in. */
function joinUsers(next: Joining, namespace: Namespace): number {
  const { task, credentials } = next;
  const userNamespace = namespace as UserNamespace;
  if (userNamespace === credentials.userNamespace) return -EINVAL;
  if (task.process.threads.size > 1 || task.fs.users !== 1) return -EINVAL;
  if (!credentials.capable(userNamespace, CAP_SYS_ADMIN)) return -EPERM;
  next.credentials = credentials.within(userNamespace);
  return 0;
}

/** The first is that of users: whoever joins several has the capabilities for the others by it. */
export const NAMESPACE_KINDS: readonly NamespaceKind[] = [
  {
    name: 'user',
    label: 'user',
    flag: CLONE_NEWUSER,
    of: (task) => task.credentials.userNamespace,
    join: joinUsers,
  },
  plain('cgroup', CLONE_NEWCGROUP),
  plain('ipc', CLONE_NEWIPC),
  { name: 'mnt', label: 'mnt', flag: CLONE_NEWNS, of: (task) => task.namespaces.mount, join: joinMounts },
  plain('net', CLONE_NEWNET),
  { name: 'pid', label: 'pid', flag: CLONE_NEWPID, of: (task) => task.pidNamespace, join: joinPids },
  {
    name: 'pid_for_children',
    label: 'pid',
    flag: CLONE_NEWPID,
    // there is none before its process 1 is
    of: ({ namespaces: { pidForChildren }, pidNamespace }) =>
      pidForChildren === pidNamespace || pidForChildren.init || pidForChildren.dead ? pidForChildren : undefined,
    join: joinPids,
  },
  { name: 'time', label: 'time', flag: CLONE_NEWTIME, of: (task) => task.namespaces.time, join: joinTime },
  {
    name: 'time_for_children',
    label: 'time',
    flag: CLONE_NEWTIME,
    of: (task) => task.namespaces.timeForChildren,
    join: joinTime,
  },
  plain('uts', CLONE_NEWUTS),
];
