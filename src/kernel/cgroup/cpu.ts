// The files of the cpu controller. cgroup-v2.rst, "CPU Interface Files"; Linux kernel/sched/core.c, cpu_files.
import { EINVAL, ERANGE } from '../abi/errno.js';
import { WEIGHTS } from '../task/scheduler.js';
import type { Task } from '../task/task.js';
import type { Cgroup } from './cgroup.js';
import { type ControlFile, keyed, parseInteger, parseUnsigned } from './control-file.js';
import type { Controller } from './controller.js';
import { CpuState, DEFAULT_WEIGHT } from './cpu-state.js';

const MICROSECOND = 1e3;
/** Bounds of a period and of a quota, in microseconds. */
const PERIOD_MIN = 1e3;
const PERIOD_MAX = 1e6;
const QUOTA_MIN = 1e3;
const QUOTA_MAX = 2 ** 44 / 1e3;

const microseconds = (nanoseconds: number): number => Math.floor(nanoseconds / MICROSECOND);

/** cpu.stat is there without the controller too: the usage. */
export function cpuStat(cgroup: Cgroup, reader: Task): string {
  reader.kernel.settleTime();
  const {
    cpuTime,
    userTime,
    systemTime,
    states: { cpu },
  } = cgroup;
  const usage = {
    usage_usec: microseconds(cpuTime),
    user_usec: microseconds(userTime),
    system_usec: microseconds(systemTime),
  };
  if (!cpu?.parent) return keyed(usage);
  return keyed({
    ...usage,
    nr_periods: cpu.periods,
    nr_throttled: cpu.throttledPeriods,
    throttled_usec: microseconds(cpu.throttledNanoseconds),
    nr_bursts: cpu.bursts,
    burst_usec: microseconds(cpu.burstTime),
  });
}

function showMax({ states }: Cgroup): string {
  const { quota, period, limited } = states.cpu!;
  return `${limited ? microseconds(quota) : 'max'} ${microseconds(period)}\n`;
}

function writeMax({ states }: Cgroup, text: string): number {
  const cpu = states.cpu!;
  const [first = '', second = ''] = text.trim().split(/\s+/);
  const quota = first === 'max' ? Number.POSITIVE_INFINITY : Number(/^\d{1,18}/.exec(first)?.[0] ?? -1);
  // what is no number leaves the period
  const period = Number(/^\d{1,18}/.exec(second)?.[0] ?? microseconds(cpu.period));
  if (period < PERIOD_MIN || period > PERIOD_MAX || quota < QUOTA_MIN) return -EINVAL;
  if (quota !== Number.POSITIVE_INFINITY && quota > QUOTA_MAX) return -EINVAL;
  if (cpu.burst > quota * MICROSECOND) return -EINVAL;
  cpu.limit(quota * MICROSECOND, period * MICROSECOND, cpu.burst);
  return 0;
}

function writeBurst({ states }: Cgroup, text: string): number {
  const cpu = states.cpu!;
  const burst = parseUnsigned(text);
  if (burst === undefined || burst * MICROSECOND > cpu.quota) return -EINVAL;
  cpu.limit(cpu.quota, cpu.period, burst * MICROSECOND);
  return 0;
}

function writeWeight({ states }: Cgroup, text: string): number {
  const weight = parseUnsigned(text);
  if (weight === undefined) return -EINVAL;
  if (weight < 1 || weight > 10_000) return -ERANGE;
  if (states.cpu!.idle) return -EINVAL;
  states.cpu!.weight = weight;
  return 0;
}

/** The nice value whose weight comes nearest. */
function niceOf(weight: number): number {
  const share = (weight * 1024) / DEFAULT_WEIGHT;
  let best = 0;
  for (let i = 1; i < WEIGHTS.length; i++)
    if (Math.abs(WEIGHTS[i]! - share) < Math.abs(WEIGHTS[best]! - share)) best = i;
  return best - 20;
}

function writeNice({ states }: Cgroup, text: string): number {
  const nice = parseInteger(text);
  if (nice === undefined) return -EINVAL;
  if (nice < -20 || nice > 19) return -ERANGE;
  if (states.cpu!.idle) return -EINVAL;
  states.cpu!.weight = (WEIGHTS[nice + 20]! * DEFAULT_WEIGHT) / 1024;
  return 0;
}

function writeIdle({ states }: Cgroup, text: string): number {
  const idle = parseInteger(text);
  if (idle !== 0 && idle !== 1) return -EINVAL;
  const cpu = states.cpu!;
  if (cpu.idle !== (idle === 1)) cpu.weight = DEFAULT_WEIGHT;
  cpu.idle = idle === 1;
  return 0;
}

const files: readonly ControlFile[] = [
  {
    name: 'cpu.weight',
    mode: 0o644,
    below: true,
    read: ({ states }) => `${states.cpu!.idle ? 0 : Math.round(states.cpu!.weight)}\n`,
    write: writeWeight,
  },
  {
    name: 'cpu.weight.nice',
    mode: 0o644,
    below: true,
    read: ({ states }) => `${niceOf(states.cpu!.weight)}\n`,
    write: writeNice,
  },
  {
    name: 'cpu.idle',
    mode: 0o644,
    below: true,
    read: ({ states }) => `${Number(states.cpu!.idle)}\n`,
    write: writeIdle,
  },
  { name: 'cpu.max', mode: 0o644, below: true, read: showMax, write: writeMax },
  {
    name: 'cpu.max.burst',
    mode: 0o644,
    below: true,
    read: ({ states }) => `${microseconds(states.cpu!.burst)}\n`,
    write: writeBurst,
  },
];

export const CPU: Controller<'cpu'> = {
  name: 'cpu',
  threaded: true,
  make: (kernel, _cgroup, parent) => new CpuState(kernel, parent),
  files,
};
