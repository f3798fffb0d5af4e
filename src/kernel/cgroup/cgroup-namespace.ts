// Cgroup namespaces: which group looks like the root. man 7 cgroup_namespaces.
import type { UserNamespace } from '../ns/user-namespace.js';
import type { Cgroup } from './cgroup.js';

export class CgroupNamespace {
  constructor(
    readonly root: Cgroup,
    readonly owner: UserNamespace,
  ) {}
}
