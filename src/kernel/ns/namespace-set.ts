// The namespaces that a task is in. Linux struct nsproxy. A value: unshare and setns make a new one.
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from '../abi/sched.js';
import type { CgroupNamespace } from '../cgroup/cgroup-namespace.js';
import type { Task } from '../task/task.js';
import type { IpcNamespace } from './ipc-namespace.js';
import type { MountNamespace } from './mount-namespace.js';
import type { NetNamespace } from './net-namespace.js';
import type { PidNamespace } from './pid-namespace.js';
import type { UtsNamespace } from './uts-namespace.js';

export interface NamespaceSet {
  readonly mount: MountNamespace;
  readonly uts: UtsNamespace;
  readonly cgroup: CgroupNamespace;
  readonly ipc: IpcNamespace;
  readonly net: NetNamespace;
  /** Where its children get their numbers. Its own are those of its Pid. */
  readonly pidForChildren: PidNamespace;
}

/** A kind of namespace, as /proc/PID/ns and setns(2) have it. */
export interface NamespaceKind {
  /** In /proc/PID/ns. */
  readonly name: string;
  /** What the link there says in front of the number. */
  readonly label: string;
  /** CLONE_NEW*. */
  readonly flag: number;
  of(task: Task): object;
  /** The set with `namespace`, which is of this kind, in it: setns(2). Absent: it can't be joined. */
  enter?(set: NamespaceSet, namespace: object): NamespaceSet;
}

export const NAMESPACE_KINDS: readonly NamespaceKind[] = [
  {
    name: 'cgroup',
    label: 'cgroup',
    flag: CLONE_NEWCGROUP,
    of: (task) => task.namespaces.cgroup,
    enter: (set, namespace) => ({ ...set, cgroup: namespace as CgroupNamespace }),
  },
  { name: 'ipc', label: 'ipc', flag: CLONE_NEWIPC, of: (task) => task.namespaces.ipc },
  { name: 'mnt', label: 'mnt', flag: CLONE_NEWNS, of: (task) => task.namespaces.mount },
  { name: 'net', label: 'net', flag: CLONE_NEWNET, of: (task) => task.namespaces.net },
  { name: 'pid', label: 'pid', flag: CLONE_NEWPID, of: (task) => task.pidNamespace },
  { name: 'pid_for_children', label: 'pid', flag: CLONE_NEWPID, of: (task) => task.namespaces.pidForChildren },
  { name: 'user', label: 'user', flag: CLONE_NEWUSER, of: (task) => task.credentials.userNamespace },
  { name: 'uts', label: 'uts', flag: CLONE_NEWUTS, of: (task) => task.namespaces.uts },
];
