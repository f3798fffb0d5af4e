// What `tabvisor kernel run` lets a program use: --memory, --memory-high, --cpus, --cpu-weight, --pids,
// --io-max, --device. docker run has the like.
import { parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { CONTAINER_DEVICES, type DeviceRule, parseDeviceRule } from '../kernel/cgroup/devices.js';
import type { IoLimits } from '../kernel/cgroup/io.js';
import type { DiskLimits, Limits } from '../kernel/cgroup/limits.js';

export interface RawLimits {
  memory?: string;
  memoryHigh?: string;
  cpus?: string;
  cpuWeight?: string;
  pids?: string;
  ioMax?: string[];
  device?: string[];
}

/** Below this no program starts. */
const MEMORY_MIN = 1 << 20;
const CPUS_MIN = 0.01;

/** The limits that are given. Throws InputError. */
export function parseLimits(raw: RawLimits): Limits {
  return {
    memory: size('--memory', raw.memory),
    memoryHigh: size('--memory-high', raw.memoryHigh),
    cpus: number('--cpus', raw.cpus, CPUS_MIN, 1024, /^\d{0,4}(\.\d{1,9})?$/),
    cpuWeight: number('--cpu-weight', raw.cpuWeight, 1, 10_000),
    pids: number('--pids', raw.pids, 1, 32768),
    io: raw.ioMax?.map(ioLimit),
    devices: devices(raw.device),
  };
}

function size(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSize(text);
  if (bytes === undefined || bytes < MEMORY_MIN)
    throw new InputError(`${option} ${text}: is no size of 1M and more`, `For example ${option} 64M.`);
  return bytes;
}

const IO_FORM = /^(all|vd[a-z]{1,3}|\d{1,4}:\d{1,7}):((?:[rw](?:bps|iops)=[^,=]+,?)+)$/;

/** 'all:rbps=10M,wiops=100'. */
function ioLimit(text: string): DiskLimits {
  const wrong = (what: string): InputError =>
    new InputError(`--io-max ${text}: ${what}`, 'For example --io-max all:rbps=10M,wiops=100.');
  const match = IO_FORM.exec(text);
  if (!match) throw wrong('is no DISK:LIMITS, with rbps=, wbps=, riops= or wiops=');
  const [, disk, list] = match;
  const limits: DiskLimits = { disk: disk! };
  for (const word of list!.split(',').filter(Boolean)) {
    const [name, value] = word.split('=') as [keyof IoLimits, string];
    const amount = /^\d+$/.test(value) ? Number(value) : name.endsWith('bps') ? parseSize(value) : undefined;
    if (amount === undefined || amount < 2) throw wrong(`${word} must be a number of 2 and more`);
    limits[name] = amount;
  }
  return limits;
}

/** Containers' list, with what was given behind it: the last rule that fits counts. */
function devices(given: string[] | undefined): DeviceRule[] | undefined {
  return given && [...CONTAINER_DEVICES, ...given.map(deviceRule)];
}

function deviceRule(text: string): DeviceRule {
  const rule = parseDeviceRule(text);
  if (!rule)
    throw new InputError(
      `--device ${text}: is no [allow|deny] TYPE MAJOR:MINOR ACCESS`,
      "For example --device 'c 1:11 r', or --device 'deny a' for none at all.",
    );
  return rule;
}

function number(option: string, text: string | undefined, least: number, most: number, form = /^\d{1,9}$/) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === '' || !form.test(text) || value < least || value > most)
    throw new InputError(`${option} ${text}: must be a number from ${least} to ${most}`, 'Leave it away for no limit.');
  return value;
}
