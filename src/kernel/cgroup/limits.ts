// A group with limits, as a host makes it for a program and all that it starts. What the host limits, the program can't change.
// OCI runtime-spec, config-linux.md, "Control groups".
import type { Kernel } from '../kernel.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Cgroup } from './cgroup.js';
import { CgroupNamespace } from './cgroup-namespace.js';
import { CONTROLLER_NAMES } from './controllers.js';
import type { DeviceRule } from './devices.js';
import { type IoLimits, limitDisk } from './io.js';

/** io.max of a disk, by its name or number, or of 'all'. */
export interface DiskLimits extends IoLimits {
  disk: string;
}

/** What is absent is not limited. */
export interface Limits {
  /** Bytes: memory.max and memory.high. */
  memory?: number;
  memoryHigh?: number;
  /** Processors: 0.5 is half the time of one. */
  cpus?: number;
  /** 1 to 10000 against the others' 100. */
  cpuWeight?: number;
  /** Processes and threads. */
  pids?: number;
  io?: readonly DiskLimits[];
  /** What may be done to devices; without a list all that rights allow. */
  devices?: readonly DeviceRule[];
}

const PERIOD = 100e6;

/** Makes a group below the root, and a namespace of `owner`'s that has it as its root. Undefined: there is one of this name. */
export function limitedGroup(
  kernel: Kernel,
  name: string,
  limits: Limits,
  owner = kernel.userNamespace,
): CgroupNamespace | undefined {
  const { cgroups } = kernel;
  const { root } = cgroups;
  cgroups.passOn(root, CONTROLLER_NAMES, []);
  const cgroup = cgroups.create(root, name, owner.rootIds);
  if (typeof cgroup === 'number') return undefined;
  limit(cgroup, limits);
  for (const { disk: wanted, ...rest } of limits.io ?? [])
    for (const disk of kernel.disks.all)
      if (wanted === 'all' || wanted === disk.name || wanted === disk.number)
        limitDisk(cgroup.states.io!.of(disk), rest);
  cgroup.devices = limits.devices;
  // namespaces are boundaries: inside, the group's own limits are not to be written
  cgroups.configure(cgroups.namespace, 'nsdelegate');
  return new CgroupNamespace(cgroup, owner);
}

/** Sets the limits of a group that has the controllers. */
export function limit({ states: { memory, cpu, pids } }: Cgroup, limits: Limits): void {
  if (memory && limits.memory !== undefined) memory.max = Math.floor(limits.memory / PAGE_SIZE);
  if (memory && limits.memoryHigh !== undefined) memory.high = Math.floor(limits.memoryHigh / PAGE_SIZE);
  if (cpu && limits.cpus !== undefined) cpu.limit(limits.cpus * PERIOD, PERIOD, 0);
  if (cpu && limits.cpuWeight !== undefined) cpu.weight = limits.cpuWeight;
  if (pids && limits.pids !== undefined) pids.max = limits.pids;
}
