// Groups as a table for people: the tree, what each uses against its limits, and what has happened at them.
import { formatSize } from '../base/bytes.js';
import type { GroupUsage } from '../kernel/cgroup/group-usage.js';
import type { KernelState } from './kernel-control.js';

const HEADER = [
  ...['GROUP', 'PID', 'PROCS', 'CPU', 'OF', 'THROTTLED', 'MEMORY', 'OF', 'OOM KILLS', 'PIDS', 'OF'],
  ...['READ/S', 'WRITE/S', 'HELD BACK', 'PRESSURE C/M/I'],
];
/** Bytes of a group's name that are shown. */
const NAME_MAX = 40;

const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
const amount = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : String(value);
const size = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : formatSize(value).replace(' bytes', ' B');

/** Names are a program's: nothing of them steers a terminal. */
function nameOf({ path, level, frozen }: GroupUsage): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/[^\x20-\x7e]/g, '?') || '/';
  return `${'  '.repeat(Math.min(level, 10))}${name.slice(0, NAME_MAX)}${frozen ? ' (frozen)' : ''}`;
}

/** `before`: an earlier moment, of which shares of the processor are worked out; without it they are those since the start. */
export function groupTable(now: KernelState, before?: KernelState): string {
  const earlier = new Map(before?.groups.map((group) => [group.path, group]));
  const time = now.time - (before?.time ?? 0);
  const rows = now.groups.map((group) => {
    const old = earlier.get(group.path);
    const { cpu, memory, pids, io, pressure } = group;
    const rate = (value: number, was = 0): string =>
      size(Math.round((Math.max(0, value - was) * 1e9) / Math.max(1, time)));
    const share = (value: number, was = 0): string => percent(Math.max(0, value - was) / Math.max(1, time));
    return [
      nameOf(group),
      now.programs
        .filter((one) => one.group === group.path)
        .map(({ pid }) => pid)
        .join(' '),
      String(group.processes),
      share(group.cpuTime, old?.cpuTime),
      cpu ? (cpu.cpus === null ? '-' : percent(cpu.cpus)) : '',
      cpu ? share(cpu.throttledTime, old?.cpu?.throttledTime) : '',
      memory ? size(memory.current) : group.level === 0 ? size(now.memory.bytes - now.memory.free) : '',
      memory ? size(memory.max ?? memory.high) : group.level === 0 ? size(now.memory.bytes) : '',
      memory ? String(memory.oomKills) : '',
      pids ? String(pids.current) : '',
      pids ? amount(pids.max) : '',
      io ? rate(io.readBytes, old?.io?.readBytes) : '',
      io ? rate(io.writtenBytes, old?.io?.writtenBytes) : '',
      // a wait counts when it begins: no more than all of the time
      io
        ? io.limited
          ? share(Math.min(io.throttledTime, (old?.io?.throttledTime ?? 0) + time), old?.io?.throttledTime)
          : '-'
        : '',
      [pressure.cpu, pressure.memory, pressure.io].map(percent).join('/'),
    ];
  });
  const all = [HEADER, ...rows];
  const widths = HEADER.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';

/** The table from the first line of a terminal on, over what was there: cut to its width, and to its height with how much is below. */
export function onScreen(table: string, columns: number, rows: number): string {
  let lines = table.split('\n');
  const room = Math.max(2, rows - 1);
  if (lines.length > room) lines = [...lines.slice(0, room - 1), `${lines.length - room + 1} more`];
  return HOME + lines.map((line) => `${line.slice(0, columns)}${CLEAR_LINE}\n`).join('') + CLEAR_REST;
}
