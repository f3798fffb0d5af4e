// The same boot and the same programs in tabvisor, v86 and QEMU, side by side.
// Ours. One row a measurement; ratios are CPU seconds to tabvisor's, so above 1 is slower than tabvisor.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENGINES, provisionedGuest } from './engines.mjs';
import { KERNEL_OPTIONS, runGuest } from './guest-run.mjs';
import { machine } from './machine.mjs';
import { PROGRAMS, programsInitramfs } from './programs.mjs';
import { geometricMean, spread, summary } from './statistics.mjs';
import { digits, mebibytes } from './table.mjs';
import { targetsTable } from './targets.mjs';

const MEMORY = 256;
/** Nanoseconds of machine time an instruction takes under `--clock virtual`. */
const VIRTUAL_PACE = 10;

/**
 * `options`: {engines, only: rows or undefined, percent, repeat, until, timeout, count, targets}. `say` is told of each measurement.
 * Throws when a run fails or the engines' checksums differ.
 */
export async function comparePeers(options, say) {
  const names = PROGRAMS.map((program) => program.name).filter((name) => options.only?.includes(name) ?? true);
  const wantBoot = options.only?.includes('boot') ?? true;
  const provisioned = provisionedGuest();
  const guest = { ...provisioned, initrd: programsInitramfs(provisioned.initrd), memory: MEMORY };
  const plan = { programs: names, percent: options.percent, until: options.until, timeout: options.timeout };
  const started = machine();

  const runs = Object.fromEntries(options.engines.map((engine) => [engine, []]));
  for (let round = 0; round < options.repeat; round++) {
    for (const engine of options.engines) {
      const progress = (row, { cpu }) => say(`${engine} ${round + 1}/${options.repeat}: ${row} ${digits(cpu)} CPU s`);
      runs[engine].push(await runGuest(ENGINES[engine], guest, plan, progress));
    }
  }
  compareChecksums(runs, names);

  const rows = [...(wantBoot ? ['boot'] : []), ...names];
  const instructions = options.count ? await countInstructions(guest, plan, rows, say) : {};
  const times = {};
  for (const row of rows) {
    times[row] = {};
    for (const engine of options.engines) {
      const of = runs[engine].map((run) => (row === 'boot' ? run.boot : run.programs[row]));
      times[row][engine] = { cpu: summary(of.map(({ cpu }) => cpu)), wall: summary(of.map(({ wall }) => wall)) };
    }
  }
  const peaks = Object.fromEntries(options.engines.map((name) => [name, Math.max(...runs[name].map((r) => r.peak))]));
  return {
    name: 'peers',
    title: 'The same guest in tabvisor and its peers',
    machine: started,
    notes: [
      ...options.engines.map((name) => `${name}: ${ENGINES[name].title} ${ENGINES[name].version()}`),
      `guest: Linux ${guest.kernelRelease}, ${MEMORY} MiB; boot until "${options.until}"; programs at ${options.percent} %`,
      'CPU seconds of the whole process, user and system; the median of ' +
        `${options.repeat} run${options.repeat > 1 ? 's, ± half the range' : ''}; (x 2.0): twice the CPU seconds of the first engine`,
    ],
    tables: [
      timesTable(times, options.engines, instructions),
      wallTable(times, options.engines, peaks),
      ...(options.targets ? [targetsTable(times, peaks)] : []),
    ],
    data: { options, times, instructions, peaks, runs },
  };
}

/** Every engine must have computed the same. `runs`: engine to runs. */
export function compareChecksums(runs, names) {
  for (const name of names) {
    const sums = Object.entries(runs).flatMap(([engine, all]) =>
      all.map((run) => [engine, run.programs[name].checksum]),
    );
    if (new Set(sums.map(([, sum]) => sum)).size > 1) {
      throw new Error(`${name}: the engines disagree: ${sums.map((pair) => pair.join(' ')).join(', ')}`);
    }
  }
}

/** Instructions by row, timer interrupts included: under the virtual clock the guest's seconds count them. */
async function countInstructions(guest, plan, rows, say) {
  const counted = {};
  const virtual = { ...guest, clock: 'virtual' };
  if (rows.includes('boot')) {
    say('counting: boot');
    counted.boot = countBoot(virtual);
  }
  if (plan.programs.length > 0) {
    const progress = (row) => say(`counting: ${row}`);
    const run = await runGuest(ENGINES['tabvisor-full'], virtual, { ...plan, until: 'BOOT-OK' }, progress);
    for (const [name, { seconds }] of Object.entries(run.programs)) counted[name] = (seconds * 1e9) / VIRTUAL_PACE;
  }
  return counted;
}

/** From power on to power off; the way from BOOT-OK to there is below 1 %. */
function countBoot(guest) {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-bench-'));
  const statistics = join(folder, 'stats.json');
  try {
    const [file, ...args] = ENGINES['tabvisor-full'].command({ ...guest, append: `${KERNEL_OPTIONS} tv.run=true` });
    execFileSync(file, [...args, '--stats', statistics], { stdio: ['ignore', 'ignore', 'pipe'] });
    return JSON.parse(readFileSync(statistics, 'utf8')).instructions;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function timesTable(times, engines, instructions) {
  const base = engines[0];
  const header = ['CPU seconds', ...engines];
  const counted = Object.keys(instructions).length > 0;
  if (counted) header.push('M insns', ...engines.map((engine) => `${engine} MIPS`));
  const rows = Object.entries(times).map(([row, byEngine]) => {
    const cells = engines.map((engine) => {
      const { median, values } = byEngine[engine].cpu;
      const range = values.length > 1 ? ` ±${digits(spread(values) * median)}` : '';
      const ratio = engine === base ? '' : ` (x ${digits(median / byEngine[base].cpu.median)})`;
      return digits(median) + range + ratio;
    });
    if (counted) {
      const millions = instructions[row] === undefined ? undefined : instructions[row] / 1e6;
      cells.push(digits(millions), ...engines.map((engine) => digits(millions / byEngine[engine].cpu.median)));
    }
    return [row, ...cells];
  });
  return { title: 'CPU seconds', rows: [header, ...rows, ...means(times, engines, header.length)] };
}

/** Geometric means of the ratios, by kind of program. */
function means(times, engines, width) {
  const base = engines[0];
  const kinds = [...new Set(PROGRAMS.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const of = PROGRAMS.filter((program) => program.kind === kind && times[program.name]);
    if (of.length < 2) return [];
    const cells = engines.map((engine) => {
      if (engine === base) return '';
      const ratios = of.map(({ name }) => times[name][engine].cpu.median / times[name][base].cpu.median);
      return ratios.every((ratio) => ratio > 0 && Number.isFinite(ratio)) ? `x ${digits(geometricMean(ratios))}` : '';
    });
    return [[`mean, ${kind}`, ...cells, ...Array(width - 1 - cells.length).fill('')]];
  });
}

function wallTable(times, engines, peaks) {
  const rows = Object.entries(times).map(([row, of]) => [row, ...engines.map((name) => digits(of[name].wall.median))]);
  const peak = ['peak resident memory', ...engines.map((engine) => mebibytes(peaks[engine]))];
  return { title: 'Wall seconds, and memory', rows: [['wall seconds', ...engines], ...rows, peak] };
}
