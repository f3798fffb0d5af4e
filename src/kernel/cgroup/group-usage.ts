// What groups use against their limits, as a host asks for it: plain data, of the whole tree.
import { PAGE_SIZE } from '../mm/frames.js';
import type { Cgroup } from './cgroup.js';

export interface GroupUsage {
  /** From the root on. */
  path: string;
  level: number;
  frozen: boolean;
  processes: number;
  /** Nanoseconds of the processor, with those of the groups below. */
  cpuTime: number;
  /** Absent: the group has not the controller. A limit that is null is none. */
  cpu?: { weight: number; cpus: number | null; throttledTime: number };
  memory?: { current: number; max: number | null; high: number | null; oomKills: number };
  pids?: { current: number; max: number | null };
}

const limited = (value: number, unit = 1): number | null => (value === Number.POSITIVE_INFINITY ? null : value * unit);

function usageOf(cgroup: Cgroup, root: Cgroup): GroupUsage {
  const { cpu, memory, pids } = cgroup.states;
  const usage: GroupUsage = {
    path: cgroup.pathFrom(root),
    level: cgroup.level,
    frozen: cgroup.frozen,
    processes: cgroup.processes.size,
    cpuTime: cgroup.cpuTime,
  };
  // of the root nothing is limited
  if (cgroup.isRoot) return usage;
  if (cpu) {
    const { weight, quota, period, throttledNanoseconds: throttledTime } = cpu;
    usage.cpu = { weight, cpus: limited(quota, 1 / period), throttledTime };
  }
  if (memory) {
    const { max, high, events } = memory;
    usage.memory = {
      current: memory.usage * PAGE_SIZE,
      max: limited(max, PAGE_SIZE),
      high: limited(high, PAGE_SIZE),
      oomKills: events.oom_kill,
    };
  }
  if (pids) usage.pids = { current: cgroup.identities, max: limited(pids.max) };
  return usage;
}

/** The group and all below it, parents first. */
export function groupUsage(root: Cgroup): GroupUsage[] {
  return [...root.tree()].map((cgroup) => usageOf(cgroup, root));
}
