// Cgroup namespaces: which group looks like the root. man 7 cgroup_namespaces.
import { Namespace } from '../ns/namespace.js';
import type { LimitedKind } from '../ns/namespace-limits.js';
import type { UserNamespace } from '../ns/user-namespace.js';
import type { Cgroup } from './cgroup.js';

export class CgroupNamespace extends Namespace {
  constructor(
    readonly root: Cgroup,
    readonly owner: UserNamespace,
  ) {
    super();
  }

  get limitedBy(): LimitedKind {
    return 'cgroup';
  }
}
