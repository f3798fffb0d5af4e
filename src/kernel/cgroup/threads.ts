// Which groups may have processes, which only threads, and which may pass controllers on: the rules of domains and threaded groups.
// cgroup-v2.rst, "Threads" and "No Internal Process Constraint"; Linux kernel/cgroup/cgroup.c, cgroup_migrate_vet_dst and its neighbours.
import { EBUSY, EOPNOTSUPP } from '../abi/errno.js';
import type { Cgroup } from './cgroup.js';
import type { ControllerName } from './controller.js';
import { CONTROLLERS } from './controllers.js';

export type CgroupType = 'domain' | 'domain threaded' | 'domain invalid' | 'threaded';

export function isThreadedController(name: ControllerName): boolean {
  return CONTROLLERS[name].threaded;
}

const passesDomainControllers = (cgroup: Cgroup): boolean =>
  [...cgroup.subtreeControl].some((name) => !isThreadedController(name));

/** A domain whose processes have, or can have, threads in groups below it. */
function isThreadRoot(cgroup: Cgroup): boolean {
  if (cgroup.threaded) return false;
  if (cgroup.hasThreadedChildren) return true;
  return cgroup.tasks.size > 0 && [...cgroup.subtreeControl].some(isThreadedController);
}

function canBeThreadRoot(cgroup: Cgroup): boolean {
  if (cgroup.isRoot) return true;
  return !cgroup.threaded && !cgroup.hasPopulatedDomainChildren && !passesDomainControllers(cgroup);
}

/** The root of all may be both; no other domain lies below a thread root or a threaded group. */
function isValidDomain(cgroup: Cgroup): boolean {
  if (cgroup.threaded) return false;
  for (let at = cgroup.parent; at; at = at.parent) if (at.threaded || (!at.isRoot && isThreadRoot(at))) return false;
  return true;
}

export function typeOf(cgroup: Cgroup): CgroupType {
  if (cgroup.threaded) return 'threaded';
  if (!isValidDomain(cgroup)) return 'domain invalid';
  return isThreadRoot(cgroup) && !cgroup.isRoot ? 'domain threaded' : 'domain';
}

/** May the group become threaded? 0, or -EOPNOTSUPP. */
export function mayBeThreaded(cgroup: Cgroup): number {
  const domain = cgroup.parent!.domain;
  if (cgroup.populated || passesDomainControllers(cgroup)) return -EOPNOTSUPP;
  return isValidDomain(domain) && canBeThreadRoot(domain) ? 0 : -EOPNOTSUPP;
}

/** May tasks come into the group? 0, or a negated errno. */
export function mayHoldTasks(cgroup: Cgroup): number {
  if (!isValidDomain(cgroup.domain)) return -EOPNOTSUPP;
  if (canBeThreadRoot(cgroup) || cgroup.threaded) return 0;
  // no internal processes
  return cgroup.subtreeControl.size > 0 ? -EBUSY : 0;
}

/** May the group pass `names` on to its children? 0, or a negated errno. */
export function mayPassOn(cgroup: Cgroup, names: readonly ControllerName[]): number {
  if (names.length === 0) return 0;
  if (!isValidDomain(cgroup.domain)) return -EOPNOTSUPP;
  if (cgroup.isRoot) return 0;
  if (names.some((name) => !isThreadedController(name))) {
    if (isThreadRoot(cgroup) || cgroup.threaded) return -EOPNOTSUPP;
  } else if (canBeThreadRoot(cgroup) || cgroup.threaded) return 0;
  return cgroup.tasks.size > 0 ? -EBUSY : 0;
}
