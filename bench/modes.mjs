// The three modes of virtualization on our own guest: times, ratios, exits by reason for each operation, and why.
// Ours. All modes of a row run side by side, round after round, so that a busy moment hits all of them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explain } from '../build/js/src/modes/explain.js';
import { COLUMN_TITLES, columnsOf, MAIN_COLUMNS, ROWS } from '../build/js/src/modes/rows.js';
import { barChart } from './chart.mjs';
import { runWorkload } from './guest-workload.mjs';
import { machine } from './machine.mjs';
import { sampleRuns } from './sampler.mjs';
import { summary } from './statistics.mjs';
import { count, digits } from './table.mjs';

/** What makes a machine of each column. */
const ARGUMENTS = {
  full: ['--mode', 'full'],
  hw: ['--mode', 'hw'],
  para: ['--mode', 'para'],
  shadow: ['--mode', 'hw', '--no-ept'],
};

const root = fileURLToPath(new URL('..', import.meta.url));

/** `options`: {only: workloads or undefined, repeat, percent}. Throws when a workload fails or its checksums differ. */
export function compareModes(options, say) {
  const rows = ROWS.filter(({ workload }) => options.only?.includes(workload) ?? true);
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-bench-'));
  const started = machine();
  try {
    const disk = join(folder, 'scratch.img');
    execFileSync(process.execPath, ['guest/disks.mjs', 'scratch', disk], { cwd: root });
    const idle = new Map();
    const results = rows.map((row) => {
      const found = measureRow(row, { disk, folder, idle, ...options });
      const said = columnsOf(row).map((mode) => `${mode} ${digits(found.modes[mode].seconds.median)} s`);
      say(`${row.name}: ${said.join(', ')}`);
      return found;
    });
    return modesReport(results, started, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measureRow(row, { disk, folder, idle, repeat, percent }) {
  const scale = Math.max(1, Math.round((row.scale * percent) / 100));
  const planOf = (mode, workload) => ({
    workload,
    scale,
    arguments: ARGUMENTS[mode],
    disk: row.needs === 'disk' ? disk : undefined,
    network: row.needs === 'network',
  });
  const round = () => Object.fromEntries(columnsOf(row).map((m) => [m, runWorkload(planOf(m, row.workload), folder)]));
  const rounds = sampleRuns(round, repeat);
  const sums = new Set(rounds.flatMap((runs) => Object.values(runs).map(({ checksum }) => checksum)));
  if (sums.size !== 1) throw new Error(`${row.workload}: the modes disagree: ${[...sums].join(', ')}`);
  const modes = {};
  for (const mode of columnsOf(row)) {
    const key = `${mode} ${row.needs}`;
    if (!idle.has(key)) idle.set(key, runWorkload(planOf(mode), folder).exits);
    modes[mode] = digest(
      rounds.map((runs) => runs[mode]),
      idle.get(key),
    );
  }
  return { ...row, scale, operations: Object.values(modes)[0].operations, modes };
}

/** Of one row in one mode. Exits are those of the workload: those of a run without one, `idle`, are taken off. */
export function digest(runs, idle) {
  const { operations } = runs[0];
  const reasons = new Set(runs.flatMap(({ exits }) => Object.keys(exits)));
  const exitsPerOperation = {};
  let exits = 0;
  for (const reason of reasons) {
    const own = Math.max(0, summary(runs.map((run) => run.exits[reason] ?? 0)).median - (idle[reason] ?? 0));
    exits += own;
    if (own / operations >= NOTICED) exitsPerOperation[reason] = own / operations;
  }
  const seconds = summary(runs.map((run) => run.seconds));
  return {
    operations,
    seconds,
    cpuSeconds: summary(runs.map((run) => run.cpuSeconds)),
    exits,
    exitsPerSecond: seconds.median > 0 ? exits / seconds.median : 0,
    exitsPerOperation,
  };
}

/** What the words go by. */
function medians({ workload, operation, modes }) {
  const figures = Object.entries(modes).map(([mode, of]) => [mode, { ...of, seconds: of.seconds.median }]);
  return { workload, operation, modes: Object.fromEntries(figures) };
}

/** Exits for each operation below which a reason is left out: timer ticks, the workload's own line. */
const NOTICED = 0.01;

/** `results`: of measureRow. */
export function modesReport(results, started, { repeat, percent }) {
  const explanations = results.map((row) => ({ row: row.name, text: explain(medians(row)) }));
  return {
    name: 'modes',
    title: 'Three modes of virtualization, the same guest',
    machine: started,
    notes: [
      'our own guest, 64 MiB; full: every instruction interpreted, IDE and NE2000; hw: VMX, the same devices; para: VMX, virtio, KVM clock',
      `seconds of the workload by the guest's own timer; the median of ${repeat}, ± half the range; (x 2.0): twice as fast as full`,
      "exits: the workload's, without those of a boot that runs nothing",
      ...(percent === 100 ? [] : [`${percent} % of the work`]),
    ],
    tables: [
      timesTable(results),
      ...(results.some(({ shadow }) => shadow) ? [shadowTable(results)] : []),
      exitsTable(results),
      reasonsTable(results),
    ],
    sections: [{ title: 'Why', lines: explanations.map(({ row, text }) => `**${row}**: ${text}`) }],
    chart: speedChart(results),
    data: { options: { repeat, percent }, rows: results, explanations },
  };
}

const time = ({ seconds: { median, spread, values } }) =>
  digits(median) + (values.length > 1 ? ` ±${digits(spread * median)}` : '');

/** How many times as fast as `base`; undefined where one of the two is missing or too short to say. */
const speed = (row, mode, base = 'full') => {
  const [a, b] = [row.modes[base]?.seconds.median, row.modes[mode]?.seconds.median];
  return a > 0 && b > 0 ? a / b : undefined;
};

function timesTable(results) {
  const rows = results.map((row) => [
    row.name,
    `${count(row.operations)} x ${row.operation}`,
    ...MAIN_COLUMNS.map((mode) => {
      if (!row.modes[mode]) return '-';
      const ratio = mode === 'full' ? undefined : speed(row, mode);
      return time(row.modes[mode]) + (ratio === undefined ? '' : ` (x ${digits(ratio)})`);
    }),
  ]);
  return { title: 'Seconds', rows: [['workload', 'operations', ...MAIN_COLUMNS], ...rows] };
}

function shadowTable(results) {
  const rows = results
    .filter(({ shadow }) => shadow)
    .map((row) => [
      row.name,
      time(row.modes.hw),
      `${time(row.modes.shadow)} (x ${digits(speed(row, 'shadow', 'hw'))})`,
      digits(row.modes.hw.exits / row.operations),
      digits(row.modes.shadow.exits / row.operations),
    ]);
  const header = [
    'workload',
    'hw, seconds',
    'hw --no-ept, seconds',
    'hw, exits/operation',
    'hw --no-ept, exits/operation',
  ];
  return { title: 'What extended page tables save', rows: [header, ...rows] };
}

function exitsTable(results) {
  const rows = results.map((row) => [
    row.name,
    ...MAIN_COLUMNS.map((mode) => (row.modes[mode] ? digits(row.modes[mode].exits / row.operations) : '-')),
    ...MAIN_COLUMNS.map((mode) => (row.modes[mode] ? count(row.modes[mode].exitsPerSecond) : '-')),
  ]);
  const header = ['workload', ...MAIN_COLUMNS, ...MAIN_COLUMNS.map((mode) => `${mode}, exits/s`)];
  return { title: 'Exits for each operation', rows: [header, ...rows] };
}

function reasonsTable(results) {
  const rows = results.flatMap((row) =>
    columnsOf(row).map((mode) => {
      const sorted = Object.entries(row.modes[mode].exitsPerOperation).sort(([, a], [, b]) => b - a);
      return [
        row.name,
        COLUMN_TITLES[mode],
        sorted.map(([reason, each]) => `${reason} ${digits(each)}`).join(', ') || 'none',
      ];
    }),
  );
  return { title: 'Exits by reason, for each operation', rows: [['workload', 'mode', 'exits'], ...rows] };
}

/** Full is the line at 1. */
function speedChart(results) {
  const series = MAIN_COLUMNS.filter((mode) => mode !== 'full');
  const groups = results
    .filter((row) => series.every((mode) => speed(row, mode)))
    .map((row) => ({ label: row.name, bars: series.map((mode) => ({ series: mode, value: speed(row, mode) })) }));
  return barChart({ title: 'Speed against mode full, which is x 1', series, groups });
}
