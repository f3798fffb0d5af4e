// What --mode hw promises against v86, and whether a run kept it.
// Ours; the promises are SPECIFICATION.md's.
import { PROGRAMS } from './programs.mjs';
import { geometricMean } from './statistics.mjs';
import { digits } from './table.mjs';

const OURS = 'tabvisor';
const PEER = 'v86';
const of = (kind) => PROGRAMS.filter((program) => program.kind === kind).map(({ name }) => name);

/** v86's CPU seconds to ours are at least `least`: their geometric mean over `rows`, or (`each`) in every one. */
const TARGETS = [
  { title: 'boot', rows: ['boot'], least: 2 },
  { title: 'integer programs, mean', rows: of('integer'), least: 1.5 },
  { title: 'SSE2 programs, mean', rows: of('sse2'), least: 2 },
  { title: 'x87 programs, mean', rows: of('x87'), least: 1 },
  { title: 'system calls, fork and exec, pipes: each', rows: ['syscall', 'fork', 'pipe'], least: 2.5, each: true },
  { title: 'every program', rows: PROGRAMS.map(({ name }) => name), least: 1, each: true },
];

/** `times`: row to engine to {cpu: {median}}; `peaks`: engine to bytes. Rows that were not measured count for no target. */
export function targetsTable(times, peaks) {
  const rows = TARGETS.flatMap(({ title, rows: all, least, each }) => {
    if (!all.every((row) => times[row]?.[OURS] && times[row]?.[PEER])) return [];
    const ratios = all.map((row) => times[row][PEER].cpu.median / times[row][OURS].cpu.median);
    const value = each ? Math.min(...ratios) : geometricMean(ratios);
    const worst = each ? ` (${all[ratios.indexOf(value)]})` : '';
    return [[title, `x ${least} at least`, `x ${digits(value)}${worst}`, verdict(value >= least)]];
  });
  if (peaks[OURS] && peaks[PEER]) {
    const mib = (engine) => `${digits(peaks[engine] / 1048576)} MiB`;
    rows.push(['peak memory', `${mib(PEER)} at most`, mib(OURS), verdict(peaks[OURS] <= peaks[PEER])]);
  }
  return { title: `Targets: ${PEER} to ${OURS}`, rows: [['target', 'promised', 'measured', ''], ...rows] };
}

const verdict = (good) => (good ? 'PASS' : 'MISS');
