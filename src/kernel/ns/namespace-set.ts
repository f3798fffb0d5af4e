// The namespaces that a task is in. Linux struct nsproxy. A value: unshare and setns make a new one.
import type { CgroupNamespace } from '../cgroup/cgroup-namespace.js';
import type { IpcNamespace } from './ipc-namespace.js';
import type { MountNamespace } from './mount-namespace.js';
import type { Namespace } from './namespace.js';
import type { NetNamespace } from './net-namespace.js';
import type { PidNamespace } from './pid-namespace.js';
import type { TimeNamespace } from './time-namespace.js';
import type { UtsNamespace } from './uts-namespace.js';

export interface NamespaceSet {
  readonly mount: MountNamespace;
  readonly uts: UtsNamespace;
  readonly cgroup: CgroupNamespace;
  readonly ipc: IpcNamespace;
  readonly net: NetNamespace;
  /** Where its children get their numbers. Its own are those of its Pid. */
  readonly pidForChildren: PidNamespace;
  readonly time: TimeNamespace;
  /** Whose clocks its children have, and itself with its next program. */
  readonly timeForChildren: TimeNamespace;
}

/** All that a set has. */
export const namespacesIn = ({
  mount,
  uts,
  cgroup,
  ipc,
  net,
  pidForChildren,
  time,
  timeForChildren,
}: NamespaceSet): Namespace[] => [mount, uts, cgroup, ipc, net, pidForChildren, time, timeForChildren];

/** One task more, or less, is in them. */
export function holdNamespaces(set: NamespaceSet): NamespaceSet {
  for (const one of namespacesIn(set)) one.hold();
  return set;
}
export function releaseNamespaces(set: NamespaceSet): void {
  for (const one of namespacesIn(set)) one.release();
}
