// The kernel's own speed, with qemu-i386 beside it: CPU time of programs that make calls, faults, processes and starts.
// Ours. Programs of bench/kernel say when their work begins and ends; what is read then is the process's, with children it has waited for.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGINES, provisionedGuest, provisionedRoot } from './engines.mjs';
import { runGuest } from './guest-run.mjs';
import {
  FLUSHES,
  INTEGER_PROGRAMS,
  INTEGER_RATIO,
  INTEGERS,
  KERNEL_ROWS,
  ROUND,
  ROWS,
  STARTED,
} from './kernel-rows.mjs';
import { machine } from './machine.mjs';
import { moments } from './moments.mjs';
import { buildPrograms, programsInitramfs } from './programs.mjs';
import { geometricMean, summary } from './statistics.mjs';
import { digits } from './table.mjs';

const sources = fileURLToPath(new URL('kernel', import.meta.url));
const cache = fileURLToPath(new URL('../.cache/bench/kernel', import.meta.url));
const tabvisor = fileURLToPath(new URL('../bin/tabvisor.mjs', import.meta.url));
const QEMU = 'qemu-i386';
const LAYER_MIB = 256;
const HELLO = '#include <stdio.h>\nint main(void) { printf("hello, world\\n"); return 0; }\n';
const ROUNDS = 3;

/** `options`: {only: rows or undefined, repeat, percent, timeout}. `say` is told of each measurement. */
export async function measureKernel(options, say) {
  const wanted = KERNEL_ROWS.filter((name) => options.only?.includes(name) ?? true);
  const rows = ROWS.filter(({ name }) => wanted.includes(name));
  const place = prepare();
  const started = machine();
  const results = {};
  for (const row of rows) results[row.name] = { ours: [], peer: [] };
  for (let round = 0; round < options.repeat; round++) {
    for (const row of rows) {
      for (const engine of row.ours ? ['ours'] : ['ours', 'peer']) {
        const count = Math.max(
          1,
          Math.round(((engine === 'peer' && row.peer) || row.count) * (row.count > 10 ? options.percent / 100 : 1)),
        );
        const seconds = await measure(engine, row, count, place, options.timeout);
        const value = row.tells.of(seconds, count * (row.per ?? 1));
        results[row.name][engine].push({ each: seconds / count, value });
        say(
          `${engine === 'ours' ? 'tabvisor' : QEMU} ${round + 1}/${options.repeat}: ${row.name} ${digits(value)} ${row.tells.unit}`,
        );
      }
    }
  }
  const table = rows.map((row) => tableRow(row, results[row.name]));
  const data = { options, results };
  if (wanted.includes(FLUSHES)) {
    data.counters = countFlushes(place);
    table.push([FLUSHES, '0', `${data.counters.codeFlushes}`, '', '', '', verdict(data.counters.codeFlushes === 0)]);
  }
  if (wanted.includes(INTEGERS)) {
    data.integers = await measureIntegers(options, place, say);
    const mean = geometricMean(Object.values(data.integers));
    const worst = Math.max(...Object.values(data.integers));
    table.push([
      INTEGERS,
      `x ${INTEGER_RATIO} of hw`,
      `x ${digits(mean)}, worst ${digits(worst)}`,
      '',
      '',
      '',
      verdict(mean <= INTEGER_RATIO),
    ]);
  }
  return {
    name: 'kernel',
    title: 'Programs on our own kernel, and under qemu-i386',
    machine: started,
    notes: [
      `qemu-i386 ${execFileSync(QEMU, ['--version'], { encoding: 'utf8' }).match(/version (\S+)/)[1]}, on the host's kernel`,
      `CPU time, user and system, of all threads and of children that were waited for; the median of ${options.repeat}`,
      'ratio: CPU time of qemu-i386 to ours; programs that another one starts are started in a qemu-i386 of their own',
    ],
    tables: [
      { title: 'Speed', rows: [['', 'required', 'tabvisor', QEMU, 'ratio required', 'ratio', ''], ...table] },
      ...(data.integers ? [integersTable(data.integers)] : []),
    ],
    data,
  };
}

/** A line of the table. `ours`, `peer`: {each: CPU seconds, value: as the row tells it} of each run. */
export function tableRow({ name, tells, required, ratio }, { ours, peer }) {
  const of = (runs, key) => summary(runs.map((run) => run[key])).median;
  const value = of(ours, 'value');
  const measured = peer.length > 0 ? of(peer, 'each') / of(ours, 'each') : undefined;
  const good = (required === undefined || tells.good(value, required)) && (ratio === undefined || measured >= ratio);
  return [
    name,
    required === undefined ? '' : `${required} ${tells.unit}`,
    `${digits(value)} ${tells.unit}`,
    peer.length > 0 ? `${digits(of(peer, 'value'))} ${tells.unit}` : '',
    ratio === undefined ? '' : `x ${ratio}`,
    measured === undefined ? '' : `x ${digits(measured)}`,
    verdict(good),
  ];
}

const verdict = (good) => (good ? 'met' : 'MISSED');

/** What the rows need, in one folder. */
function prepare() {
  if (spawnSync(QEMU, ['--version']).status !== 0) throw new Error(`no ${QEMU}: run scripts/provision first`);
  const root = provisionedRoot();
  mkdirSync(cache, { recursive: true });
  for (const name of ['calls', 'memory', 'processes', 'bytes'])
    execFileSync('gcc', ['-m32', '-O2', '-static', join(sources, `${name}.c`), '-o', join(cache, name)], {
      stdio: 'inherit',
    });
  copyFileSync(provisionedGuest().busybox, join(cache, 'busybox'));
  writeFileSync(join(cache, 'hello.c'), HELLO);
  for (const [name, bytes] of buildPrograms(INTEGER_PROGRAMS)) writeFileSync(join(cache, name), bytes, { mode: 0o755 });
  // what the node starts lies in a layer, as in an image
  const programs = join(cache, 'programs.tar');
  const names = ['calls', 'memory', 'processes', 'bytes', 'busybox', 'hello.c', ...INTEGER_PROGRAMS];
  execFileSync('tar', ['-cf', programs, '--transform', 's,^,bench/,', '-C', cache, ...names]);
  const layer = join(cache, 'layer.tar');
  if (!existsSync(layer)) {
    writeFileSync(join(cache, 'layer'), Buffer.alloc(LAYER_MIB << 20, 'tabvisor'));
    execFileSync('tar', ['-cf', layer, '-C', cache, 'layer']);
    rmSync(join(cache, 'layer'));
  }
  return { root, layer, programs };
}

function kernelRun({ root, layer, programs }, args, more = []) {
  return [
    process.execPath,
    tabvisor,
    'kernel',
    'run',
    ...[root, layer, programs].flatMap((one) => ['--rootfs', one]),
    ...more,
    '--',
    ...args,
  ];
}

function commandOf(engine, { program, row, name, args = [], native }, count, place) {
  const here = engine === 'ours' ? { root: '', bench: '/bench' } : { root: place.root, bench: cache };
  const given = args.flatMap((arg) => STARTED[arg]?.(here) ?? arg);
  const [started, ...rest] = native ? given : [];
  const emulated = [`/usr/bin/${QEMU}`, '-L', place.root];
  if (engine === 'ours') return kernelRun(place, [`/bench/${program}`, row ?? name, `${count}`, ...given], ['-i']);
  const command = [join(cache, program), row ?? name, `${count}`];
  return native ? [...command, ...emulated, started, ...rest] : [...emulated, ...command, ...given];
}

/** CPU seconds from the moment that the row measures to the next one. */
async function measure(engine, row, count, place, timeout) {
  const { at, order } = await moments(commandOf(engine, row, count, place), timeout).catch((error) => {
    throw new Error(`${engine}: ${row.name}: ${error.message}`);
  });
  const from = row.measures ?? 'run';
  return at[order[order.indexOf(from) + 1]].cpu - at[from].cpu;
}

/** Counters of the core after programs have run in turn, in one node. */
function countFlushes(place) {
  const statistics = join(cache, 'stats.json');
  const script = `for i in ${'x'.repeat(ROUNDS).split('').join(' ')}; do ${ROUND.join(' && ')} || exit 1; done`;
  const [file, ...args] = kernelRun(place, ['/bin/sh', '-c', script], ['--stats', statistics]);
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return JSON.parse(readFileSync(statistics, 'utf8')).cpu;
}

/** Program to CPU seconds on the kernel by those in mode hw, where Debian's kernel runs it. */
async function measureIntegers({ repeat, percent, timeout }, place, say) {
  const plan = { programs: INTEGER_PROGRAMS, percent, until: 'BOOT-OK', timeout };
  const provisioned = provisionedGuest();
  const guest = { ...provisioned, initrd: programsInitramfs(provisioned.initrd), memory: 256 };
  const loop = `echo BOOT-OK; for name in ${INTEGER_PROGRAMS.join(' ')}; do /bench/$name ${percent}; done; echo TV-EXIT 0`;
  const kernel = { title: 'tabvisor kernel run', command: () => kernelRun(place, ['/bin/sh', '-c', loop]) };
  const runs = { kernel: [], hw: [] };
  for (let round = 0; round < repeat; round++)
    for (const [name, engine] of Object.entries({ kernel, hw: ENGINES.tabvisor }))
      runs[name].push(
        await runGuest(engine, guest, plan, (row, { cpu }) =>
          say(`${name} ${round + 1}/${repeat}: ${row} ${digits(cpu)} CPU s`),
        ),
      );
  const of = (name, program) => summary(runs[name].map(({ programs }) => programs[program].cpu)).median;
  return Object.fromEntries(INTEGER_PROGRAMS.map((program) => [program, of('kernel', program) / of('hw', program)]));
}

function integersTable(integers) {
  const rows = Object.entries(integers).map(([name, ratio]) => [name, `x ${digits(ratio)}`]);
  return { title: 'Integer programs: CPU time on the kernel by that in mode hw', rows: [['program', ''], ...rows] };
}
