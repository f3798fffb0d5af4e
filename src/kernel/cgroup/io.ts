// The files of the io controller. cgroup-v2.rst, "IO Interface Files"; Linux block/blk-cgroup.c, blk-throttle.c, blk-iocost.c.
// DEVIATION: there is no model of a disk's cost, and so no io.cost.model and io.cost.qos: bytes and operations count.
import { makedev, minorOf, majorOf } from '../abi/device-number.js';
import { EINVAL, ENODEV, ERANGE } from '../abi/errno.js';
import { DISK_READ, DISK_WRITE, type Disk } from '../block/disk.js';
import type { Kernel } from '../kernel.js';
import type { Cgroup } from './cgroup.js';
import { type ControlFile, shownLimit } from './control-file.js';
import type { Controller } from './controller.js';
import { type DiskUse, IoState } from './io-state.js';

const WEIGHT_MAX = 10_000;
const OPERATIONS_MAX = 0xffffffff;

/** 'MAJOR:MINOR rest': the disk and the rest, or a negated errno. */
function configured(kernel: Kernel, text: string): { disk: Disk; rest: string } | number {
  const match = /^\s*(\d{1,9}):(\d{1,9})(\s.*)$/s.exec(text);
  if (!match) return -EINVAL;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const device = makedev(major, minor);
  const disk = majorOf(device) === major && minorOf(device) === minor ? kernel.disks.find(device) : undefined;
  return disk ? { disk, rest: match[3]!.trim() } : -ENODEV;
}

// ---- io.max -------------------------------------------------------------------------------------------------------------------------

export interface IoLimits {
  rbps?: number;
  wbps?: number;
  riops?: number;
  wiops?: number;
}

/** 'rbps=1048576 wiops=max'; or a negated errno. */
export function parseIoLimits(text: string): IoLimits | number {
  const limits: IoLimits = {};
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const match = /^([^=]*)=(?:(\d{1,20})|max)/.exec(word);
    if (!match) return -EINVAL;
    const [, name, digits] = match;
    const value = digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
    if (value === 0) return -ERANGE;
    // a limit of 1 is refused, whatever of
    if (value === 1) return -EINVAL;
    if (name === 'rbps' || name === 'wbps') limits[name] = value;
    else if (name === 'riops' || name === 'wiops')
      limits[name] = digits === undefined ? value : Math.min(value, OPERATIONS_MAX);
    else return -EINVAL;
  }
  return limits;
}

/** What is absent stays as it is. */
export function limitDisk({ use }: DiskUse, { rbps, wbps, riops, wiops }: IoLimits): void {
  const [reads, writes] = use;
  reads.limit(rbps ?? reads.bytesMax, riops ?? reads.operationsMax);
  writes.limit(wbps ?? writes.bytesMax, wiops ?? writes.operationsMax);
}

function writeMax({ states }: Cgroup, text: string, kernel: Kernel): number {
  const found = configured(kernel, text);
  if (typeof found === 'number') return found;
  const limits = parseIoLimits(found.rest);
  if (typeof limits === 'number') return limits;
  limitDisk(states.io!.of(found.disk), limits);
  return 0;
}

function showMax({ states }: Cgroup): string {
  let text = '';
  for (const [{ number }, { use }] of states.io!.disks) {
    const [reads, writes] = use;
    if (!reads.limited && !writes.limited) continue;
    text += `${number} rbps=${shownLimit(reads.bytesMax)} wbps=${shownLimit(writes.bytesMax)}`;
    text += ` riops=${shownLimit(reads.operationsMax)} wiops=${shownLimit(writes.operationsMax)}\n`;
  }
  return text;
}

// ---- io.stat ------------------------------------------------------------------------------------------------------------------------

interface Moved {
  bytes: number;
  operations: number;
}

function statLine({ number }: Disk, reads: Moved, writes: Moved): string {
  if (reads.operations + writes.operations === 0) return '';
  const moved = `rbytes=${reads.bytes} wbytes=${writes.bytes} rios=${reads.operations} wios=${writes.operations}`;
  return `${number} ${moved} dbytes=0 dios=0\n`;
}

function showStat({ isRoot, states }: Cgroup, kernel: Kernel): string {
  if (isRoot) return kernel.disks.all.map((disk) => statLine(disk, ...disk.traffic)).join('');
  return [...states.io!.disks].map(([disk, { use }]) => statLine(disk, use[DISK_READ], use[DISK_WRITE])).join('');
}

// ---- io.weight ----------------------------------------------------------------------------------------------------------------------

function showWeight({ states }: Cgroup): string {
  const io = states.io!;
  let text = `default ${io.weight}\n`;
  for (const [{ number }, { weight }] of io.disks) if (weight !== undefined) text += `${number} ${weight}\n`;
  return text;
}

/** -EINVAL: it is no weight. */
function parseWeight(text: string): number {
  const weight = Number(/^\d{1,9}/.exec(text)?.[0] ?? 0);
  return weight >= 1 && weight <= WEIGHT_MAX ? weight : -EINVAL;
}

function writeWeight({ states }: Cgroup, text: string, kernel: Kernel): number {
  const io = states.io!;
  if (!text.includes(':')) {
    const weight = parseWeight(text.trim().replace(/^default\s+/, ''));
    if (weight < 0) return weight;
    io.weight = weight;
    return 0;
  }
  const found = configured(kernel, text);
  if (typeof found === 'number') return found;
  const weight = found.rest.startsWith('default') ? undefined : parseWeight(found.rest);
  if (weight !== undefined && weight < 0) return weight;
  io.of(found.disk).weight = weight;
  return 0;
}

const files: readonly ControlFile[] = [
  {
    name: 'io.max',
    mode: 0o644,
    below: true,
    read: showMax,
    write: (cgroup, text, { task }) => writeMax(cgroup, text, task.kernel),
  },
  { name: 'io.stat', mode: 0o444, read: (cgroup, reader) => showStat(cgroup, reader.kernel) },
  {
    name: 'io.weight',
    mode: 0o644,
    below: true,
    read: showWeight,
    write: (cgroup, text, { task }) => writeWeight(cgroup, text, task.kernel),
  },
];

export const IO: Controller<'io'> = {
  name: 'io',
  threaded: false,
  make: (kernel, cgroup, parent) => new IoState(kernel, cgroup, parent),
  files,
};
