// Statistics of a run as JSON, and the demo's table of workloads and exits.
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

const group = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

/** Rows with their columns aligned: the first to the left, the others to the right. */
function table(rows: string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '),
  );
}

function counts(title: string, values: Record<string, number>): string[] {
  const rows = Object.entries(values).sort(([, a], [, b]) => b - a);
  if (rows.length === 0) return [];
  return ['', pc.bold(title), ...table(rows.map(([name, count]) => [`  ${name}`, group(count)]))];
}

/** Exits with their share of the run's busy time, as the monitor's work for them until the guest was entered again. */
function exits({ exits, exitSeconds, exitShares, guestShare, entries, entriesPerSecond }: Statistics): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
  const rows = Object.entries(exits)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => [
      `  ${reasonLabel(name)}`,
      group(count),
      percent(exitShares[name]),
      ((exitSeconds[name] / count) * 1e6).toFixed(2),
    ]);
  return [
    '',
    pc.bold('exits by reason'),
    ...table([['  reason', 'exits', 'time', 'µs each'], ...rows]),
    `  ${group(entries)} entries, ${group(entriesPerSecond)} a second; the guest ran ${percent(guestShare)} of the time`,
  ];
}

/** What `npm run demo` shows behind the guest's own output. */
export function demoSummary(serial: string, statistics: Statistics): string {
  const workloads = [...serial.matchAll(/WORKLOAD name=(\S+) checksum=(\S+) ticks=(\d+)/g)];
  const lines = [
    '',
    pc.bold('workloads'),
    ...(workloads.length > 0
      ? table([
          ['  name', 'checksum', 'ms'],
          ...workloads.map(([, name, checksum, ticks]) => [`  ${name}`, checksum, group(Number(ticks))]),
        ])
      : ['  the guest reported none']),
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
