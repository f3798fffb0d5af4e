// What groups use against their limits, as a host asks for it: plain data, of the whole tree.
import { DISK_READ, DISK_WRITE } from '../block/disk.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { PRESSURE_CPU, PRESSURE_IO, PRESSURE_MEMORY } from '../task/stall.js';
import type { Cgroup } from './cgroup.js';
import type { IoState } from './io-state.js';

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
  /** Of all disks; limits are in io.max. */
  io?: { readBytes: number; writtenBytes: number; throttledTime: number; limited: boolean };
  /** The part of the last ten seconds that some of its tasks waited. */
  pressure: { cpu: number; memory: number; io: number };
}

const limited = (value: number, unit = 1): number | null => (value === Number.POSITIVE_INFINITY ? null : value * unit);

function usageOf(cgroup: Cgroup, root: Cgroup, now: number): GroupUsage {
  const { cpu, io, memory, pids } = cgroup.states;
  const { pressure } = cgroup;
  const usage: GroupUsage = {
    path: cgroup.pathFrom(root),
    level: cgroup.level,
    frozen: cgroup.frozen,
    processes: cgroup.processes.size,
    cpuTime: cgroup.cpuTime,
    pressure: {
      cpu: pressure.recent(PRESSURE_CPU, now),
      memory: pressure.recent(PRESSURE_MEMORY, now),
      io: pressure.recent(PRESSURE_IO, now),
    },
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
  if (io) usage.io = ioOf(io);
  return usage;
}

function ioOf({ disks }: IoState): NonNullable<GroupUsage['io']> {
  const all = { readBytes: 0, writtenBytes: 0, throttledTime: 0, limited: false };
  for (const { use, throttledTime } of disks.values()) {
    all.readBytes += use[DISK_READ].bytes;
    all.writtenBytes += use[DISK_WRITE].bytes;
    all.throttledTime += throttledTime;
    all.limited ||= use[DISK_READ].limited || use[DISK_WRITE].limited;
  }
  return all;
}

/** The group and all below it, parents first. */
export function groupUsage(root: Cgroup, now: number): GroupUsage[] {
  return [...root.tree()].map((cgroup) => usageOf(cgroup, root, now));
}
