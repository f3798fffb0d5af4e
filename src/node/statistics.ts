// What a container uses, and the processes in it: by its control group. cgroup-v2.rst; ps(1).
import type { Cgroup } from '../kernel/cgroup/cgroup.js';
import { decodeText } from '../base/text.js';
import { majorOf, minorOf } from '../kernel/abi/device-number.js';
import { DISK_READ, DISK_WRITE } from '../kernel/block/disk.js';
import type { Kernel } from '../kernel/kernel.js';
import { stateOf } from '../kernel/fs/procfs/process-status.js';
import { usageOf } from '../kernel/mm/space-usage.js';
import { copyIn } from '../kernel/mm/user-memory.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { Task } from '../kernel/task/task.js';
import type { Process } from '../kernel/task/process.js';
import type { Container } from './container.js';
import type { DiskStatistics, InterfaceStatistics, ProcessRow, Statistics } from './contract.js';

const finite = (value: number, otherwise: number): number => (value === Number.POSITIVE_INFINITY ? otherwise : value);

/** Numbers of a 'name value' file of the group. */
function numbersOf(kernel: Kernel, cgroup: Cgroup, name: string, reader: Task): Record<string, number> {
  const text = kernel.cgroups
    .filesOf(cgroup)
    .find((file) => file.name === name)
    ?.read?.(cgroup, reader);
  const found: Record<string, number> = {};
  if (typeof text !== 'string') return found;
  for (const line of text.split('\n')) {
    const [key, value] = line.split(' ');
    if (key && value !== undefined) found[key] = Number(value);
  }
  return found;
}

export function statisticsOf(kernel: Kernel, { cgroup, init, wasi }: Container): Statistics {
  const { memory, cpu, pids } = cgroup.states;
  const node = kernel.frames.count * PAGE_SIZE;
  const programs = wasi.usage;
  const interfaces: Record<string, InterfaceStatistics> = {};
  for (const one of init.task.namespaces.net.interfaces.values())
    if (one.name !== 'lo')
      interfaces[one.name] = {
        receivedBytes: one.received.bytes,
        receivedPackets: one.received.packets,
        sentBytes: one.sent.bytes,
        sentPackets: one.sent.packets,
      };
  return {
    cpu: Math.round(cgroup.cpuTime + programs.cpu),
    kernelCpu: Math.round(cgroup.systemTime),
    systemCpu: Math.round(kernel.clock.monotonic()),
    periods: cpu?.periods ?? 0,
    throttledPeriods: cpu?.throttledPeriods ?? 0,
    throttledNanoseconds: Math.round(cpu?.throttledNanoseconds ?? 0),
    memory: (memory?.usage ?? 0) * PAGE_SIZE + programs.memory,
    memoryPeak: (memory?.peak ?? 0) * PAGE_SIZE + programs.memory,
    memoryLimit: finite((memory?.max ?? Number.POSITIVE_INFINITY) * PAGE_SIZE, node),
    memoryStat: numbersOf(kernel, cgroup, 'memory.stat', init.task),
    failures: memory?.events.max ?? 0,
    pids: cgroup.identities,
    ...(pids && pids.max !== Number.POSITIVE_INFINITY ? { pidsLimit: pids.max } : {}),
    interfaces,
    disks: disksOf(cgroup),
  };
}

function disksOf({ states }: Cgroup): DiskStatistics[] {
  return [...(states.io?.disks ?? [])].map(([{ device }, { use }]) => ({
    major: majorOf(device),
    minor: minorOf(device),
    readBytes: use[DISK_READ].bytes,
    readOperations: use[DISK_READ].operations,
    writtenBytes: use[DISK_WRITE].bytes,
    writtenOperations: use[DISK_WRITE].operations,
  }));
}

export function processesOf(kernel: Kernel, cgroup: Cgroup): ProcessRow[] {
  const rows: ProcessRow[] = [];
  const booted = kernel.clock.offset.seconds * 1e3 + kernel.clock.offset.nanoseconds / 1e6;
  for (const group of cgroup.tree()) for (const process of group.processes) rows.push(rowOf(kernel, process, booted));
  return rows.sort((a, b) => a.pid - b.pid);
}

function rowOf(kernel: Kernel, process: Process, booted: number): ProcessRow {
  const { leader, parent } = process;
  const usage = process.totalUsage;
  const terminal = process.group.session.terminal?.name.replace('/dev/', '') ?? '?';
  return {
    pid: process.pid.in(kernel.pidNamespace),
    parent: parent ? parent.pid.in(kernel.pidNamespace) : 0,
    uid: leader.credentials.euid,
    started: booted + process.startTime / 1e6,
    cpu: usage.userTime + usage.systemTime,
    terminal,
    command: commandLine(leader),
    state: stateOf(leader),
    nice: leader.nice,
    threads: Math.max(1, process.threads.size),
    virtual: process.isZombie ? 0 : leader.space.areas.bytes,
    resident: process.isZombie ? 0 : usageOf(leader.space).resident,
    group: process.group.pid.in(kernel.pidNamespace),
    session: process.group.session.pid.in(kernel.pidNamespace),
  };
}

/** Bytes of a command line that are shown. */
const COMMAND_MAX = 4096;

/** The arguments, or where there are none the name in brackets: ps(1). */
function commandLine({ space, comm }: Task): string {
  const into = new Uint8Array(Math.max(0, Math.min(COMMAND_MAX, space.argEnd - space.argStart)));
  const bytes = into.subarray(0, copyIn(space, space.argStart, into, 0, into.length));
  const words = (decodeText(bytes) ?? String.fromCharCode(...bytes)).split('\0').filter(Boolean).join(' ');
  return words === '' ? `[${comm}]` : words;
}
