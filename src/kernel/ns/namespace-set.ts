// The namespaces that a task is in. Linux struct nsproxy. A value: unshare and setns make a new one.
import type { MountNamespace } from './mount-namespace.js';
import type { PidNamespace } from './pid-namespace.js';
import type { UtsNamespace } from './uts-namespace.js';

export interface NamespaceSet {
  readonly mount: MountNamespace;
  readonly uts: UtsNamespace;
  /** Where its children get their numbers. Its own are those of its Pid. */
  readonly pidForChildren: PidNamespace;
}
