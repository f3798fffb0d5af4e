// Statistics of a run as JSON, as a short table for the person at the console, and with the demo's workloads.
// Ours; the guest's lines are `WORKLOAD name=... checksum=... ticks=...`.
import pc from 'picocolors';
import { reasonLabel } from '../vmm/vmx/exit-reasons.js';
import type { Statistics } from '../vmm/vm.js';

export interface Report {
  mode: string;
  outcome: string;
  status: number;
  instructions: number;
  wallSeconds: number;
  cpuSeconds: number;
  mips: number;
  exits: Record<string, number>;
  exitSeconds: Record<string, number>;
  exitShares: Record<string, number>;
  devices: Record<string, number>;
  tlbMisses: number;
  /** Most memory that the process has had at once. */
  hostPeakBytes: number;
  [more: string]: unknown;
}

export function toReport(statistics: Statistics, mode: string, outcome: string, status: number): Report {
  const { instructions, wallSeconds, cpuSeconds, mips, exits, exitSeconds, exitShares, devices, tlbMisses, ...rest } =
    statistics;
  const hostPeakBytes = process.resourceUsage().maxRSS * 1024;
  return {
    mode,
    outcome,
    status,
    instructions,
    wallSeconds,
    cpuSeconds,
    mips,
    exits,
    exitSeconds,
    exitShares,
    devices,
    tlbMisses,
    ...rest,
    hostPeakBytes,
  };
}

/** Exit reasons of the table for the console: it must fit under what the guest has written. */
const STATUS_REASONS = 6;

const group = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

/** Rows with their columns aligned: the first to the left, the others to the right. */
export function columns(rows: string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '),
  );
}

function counts(title: string, values: Record<string, number>): string[] {
  const rows = Object.entries(values).sort(([, a], [, b]) => b - a);
  if (rows.length === 0) return [];
  return ['', pc.bold(title), ...columns(rows.map(([name, count]) => [`  ${name}`, group(count)]))];
}

/** The most frequent exits, with their share of the run's busy time: the monitor's work for them until the guest was entered again. */
function exits(
  { exits, exitSeconds, exitShares, guestShare, entries, entriesPerSecond }: Statistics,
  most = Number.POSITIVE_INFINITY,
): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
  const rows = Object.entries(exits)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, count]) => [
      `  ${reasonLabel(name)}`,
      group(count),
      percent(exitShares[name]),
      ((exitSeconds[name] / count) * 1e6).toFixed(2),
    ]);
  return [
    pc.bold('exits by reason'),
    ...columns([['  reason', 'exits', 'time', 'µs each'], ...rows]),
    `  ${group(entries)} entries, ${group(entriesPerSecond)} a second; the guest ran ${percent(guestShare)} of the time`,
  ];
}

/** What Ctrl-A s shows. */
export function statusTable(statistics: Statistics): string {
  const { wallSeconds, idleSeconds, cpuSeconds, instructions, mips, resets } = statistics;
  return [
    `${wallSeconds.toFixed(1)} seconds, ${idleSeconds.toFixed(1)} of them asleep; ${cpuSeconds.toFixed(1)} CPU seconds` +
      (resets > 0 ? `; reset ${resets === 1 ? 'once' : `${resets} times`}` : ''),
    `${group(instructions)} guest instructions, ${mips.toFixed(0)} million a CPU second`,
    ...exits(statistics, STATUS_REASONS),
  ].join('\n');
}

/** What `--demo` shows behind the guest's own output. */
export function demoSummary(serial: string, statistics: Statistics): string {
  const workloads = [...serial.matchAll(/WORKLOAD name=(\S+) checksum=(\S+) ticks=(\d+)/g)];
  const lines = [
    '',
    pc.bold('workloads'),
    ...(workloads.length > 0
      ? columns([
          ['  name', 'checksum', 'ms'],
          ...workloads.map(([, name, checksum, ticks]) => [`  ${name}`, checksum, group(Number(ticks))]),
        ])
      : ['  the guest reported none']),
    '',
    ...exits(statistics),
    ...counts('accesses by device', statistics.devices),
    '',
    `${pc.bold(group(statistics.instructions))} guest instructions in ${statistics.cpuSeconds.toFixed(2)} CPU seconds: ` +
      pc.bold(`${statistics.mips.toFixed(0)} MIPS`) +
      pc.dim(
        ` (${group(statistics.tlbMisses)} TLB misses, ${group(statistics.pageFaults)} page faults, ` +
          `${group(statistics.interrupts)} interrupts)`,
      ),
    '',
  ];
  return lines.join('\n');
}
