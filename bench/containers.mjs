// Containers: what starting one costs, and a hundred idle ones, and a neighbour's limit; then a container beside a machine in the three modes.
// Ours. Machines run Debian's kernel (linux.mjs); the container runs the same programs on our own kernel.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provisionedGuest } from './engines.mjs';
import { runGuest } from './guest-run.mjs';
import { compareLinux, serveDownload } from './linux.mjs';
import { machine } from './machine.mjs';
import { moments } from './moments.mjs';
import { buildPrograms } from './programs.mjs';
import { summary } from './statistics.mjs';
import { digits } from './table.mjs';

const MIB = 1 << 20;
/** Before the measurement as many: V8 has compiled by then what a start runs. */
const STARTS = 400;
const IDLE = 100;
const NEIGHBOURS = 5;
/** MiB of a file that nobody has read. */
const FILE = 64;
const cache = fileURLToPath(new URL('../.cache/bench/containers', import.meta.url));
const ours = (path) => fileURLToPath(new URL(path, import.meta.url));

export const CONTAINER_ROWS = ['start', 'idle', 'neighbour', 'machines'];

/** `good`: of the number and what is required. */
const REQUIRED = [
  { name: 'start and end, busybox true', row: 'start', unit: 'ms', required: 5 },
  { name: 'a hundred idle ones', row: 'idle', unit: 'MB', required: 150 },
  { name: "a neighbour's limits: CPU time with them to that without", row: 'neighbour', unit: '', required: 1.03 },
];

/** Programs that both run, and how often each does it at 100 %. */
const SYSCALLS = 600_000;
const FORKS = 400;
const DOWNLOAD = 8;

/** `options`: {only: rows or undefined, repeat, percent, timeout}. `say` is told of each measurement. */
export async function measureContainers(options, say) {
  const wanted = CONTAINER_ROWS.filter((name) => options.only?.includes(name) ?? true);
  const root = prepare();
  const started = machine();
  const results = {};
  for (const { row } of REQUIRED.filter(({ row }) => wanted.includes(row))) {
    results[row] = [];
    for (let round = 0; round < options.repeat; round++) {
      results[row].push(await MEASURES[row](root, options));
      say(`${row} ${round + 1}/${options.repeat}: ${digits(results[row].at(-1))}`);
    }
  }
  const data = { options, results };
  const tables = [];
  if (Object.keys(results).length > 0) tables.push(requiredTable(results));
  if (wanted.includes('machines')) {
    data.container = await runContainer(root, options, say);
    data.machines = (await compareLinux({ ...options, only: COMPARED }, say)).data;
    const idle = results.idle ?? [await MEASURES.idle(root, options)];
    const start = results.start ?? [await MEASURES.start(root, options)];
    const own = {
      ...data.container,
      start: summary(start).median / 1000,
      idle: (summary(idle).median * 1e6) / part(IDLE, options.percent),
    };
    tables.push(comparison(data.machines, own, options.percent));
  }
  return {
    name: 'containers',
    title: 'Containers on one node, and beside a machine',
    machine: started,
    notes: [
      'a container: a root on a layer of its own changes, namespaces of all eight kinds, a group, busybox',
      `CPU time, user and system, of all threads; the median of ${options.repeat}`,
      "machines: Debian's kernel, 256 MiB; full and hw with IDE by DMA and an NE2000, para with virtio",
    ],
    tables,
    data,
  };
}

const command = (root, row, count, percent = 100) => [
  process.execPath,
  ours('containers-node.mjs'),
  root,
  row,
  `${count}`,
  `${percent}`,
];
const part = (count, percent) => Math.max(1, Math.round((count * percent) / 100));

const MEASURES = {
  /** Milliseconds. */
  async start(root, { percent, timeout }) {
    const count = part(STARTS, percent);
    const { at } = await moments(command(root, 'start', count), timeout);
    return ((at.end.cpu - at.run.cpu) * 1000) / count;
  },
  /** Megabytes of the whole process more than of one whose node is empty. */
  async idle(root, { percent, timeout }) {
    const { at } = await moments(command(root, 'idle', part(IDLE, percent)), timeout);
    return (at.full.resident - at.empty.resident) / 1e6;
  },
  async neighbour(root, { percent, timeout }) {
    const { told } = await moments(command(root, 'neighbour', part(NEIGHBOURS, percent), percent), timeout);
    const of = (name) => summary(told.map((one) => one[name])).median;
    return of('limited') / of('free');
  },
};

export function requiredTable(results) {
  const rows = REQUIRED.filter(({ row }) => results[row]).map(({ name, row, unit, required }) => {
    const value = summary(results[row]).median;
    return [
      name,
      `${required} ${unit}`.trim(),
      `${digits(value)} ${unit}`.trim(),
      value <= required ? 'met' : 'MISSED',
    ];
  });
  return { title: 'Containers of one node', rows: [['', 'at most', 'measured', ''], ...rows] };
}

/** A layer with busybox, the programs, and a file. */
function prepare() {
  const root = join(cache, 'root');
  const layer = join(cache, 'root.tar');
  rmSync(root, { recursive: true, force: true });
  for (const name of ['bin', 'bench', 'dev', 'proc', 'sys', 'tmp', 'root', 'etc'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(provisionedGuest().busybox, join(root, 'bin/busybox'));
  for (const name of ['sh', 'true', 'sleep', 'wget', 'cat']) symlinkSync('busybox', join(root, 'bin', name));
  for (const [name, bytes] of buildPrograms(['syscall', 'fork']))
    writeFileSync(join(root, 'bench', name), bytes, { mode: 0o755 });
  writeFileSync(join(root, 'bench/file'), Buffer.alloc(FILE * MIB, 'tabvisor'));
  execFileSync('tar', ['-cf', layer, '--owner=0', '--group=0', '-C', root, '.']);
  return layer;
}

// ---- beside a machine -----------------------------------------------------------------------------------------------------------------

const COMPARED = ['boot', 'syscall', 'fork', 'disk', 'network'];

/** The programs in a container: name to CPU seconds. */
async function runContainer(root, { percent, timeout }, say) {
  const { port, close } = await serveDownload(part(DOWNLOAD, percent) * MIB);
  const told = (name, what) => `echo BEGIN name=${name}; ${what} && echo RESULT name=${name} checksum=0 seconds=0`;
  const script = [
    ...['echo BOOT-OK', ...['syscall', 'fork'].map((name) => `/bench/${name} ${percent}`)],
    told('disk', 'cat /bench/file >/dev/null'),
    told('network', `wget -q -O /dev/null http://10.0.2.2:${port}/`),
    'echo TV-EXIT 0',
  ].join('; ');
  const run = ['kernel', 'run', '--rootfs', root, '--net', `user,allow=127.0.0.1:${port}`, '--', 'sh', '-c', script];
  const engine = { title: 'a container', command: () => [process.execPath, ours('../bin/tabvisor.mjs'), ...run] };
  const plan = { programs: ['syscall', 'fork', 'disk', 'network'], percent, until: 'BOOT-OK', timeout };
  try {
    const { programs } = await runGuest(engine, {}, plan, (name, { cpu }) =>
      say(`container: ${name} ${digits(cpu)} CPU s`),
    );
    return Object.fromEntries(Object.entries(programs).map(([name, { cpu }]) => [name, cpu]));
  } finally {
    close();
  }
}

const WHY = {
  start: 'a machine boots a kernel of its own; a container is a process with other names for things',
  memory: 'a machine has its RAM and its kernel to itself; containers share the kernel, and the pages of their image',
  syscall:
    "a call leaves the core and is answered in JavaScript; in a machine it is the guest kernel's own code, translated",
  fork: 'page tables are copied by loops of ours, not by translated code of a kernel that is careful of processors that we have not got',
  disk: 'a file is read from the blob of its layer; a machine drives a controller to read the blocks of a disk',
  network:
    "a connection of our TCP ends in the host's; a machine's packets cross a card, an interrupt and a gateway first",
};

/** `machines`: data of compareLinux; `container`: CPU seconds by program, `start` in seconds, `idle` in bytes. */
export function comparison({ times, disks, network, peaks }, container, percent) {
  const engines = { full: 'tabvisor-full', hw: 'tabvisor', para: 'tabvisor-para' };
  const attached = { full: 'full-dma', hw: 'hw-dma', para: 'para' };
  const modes = Object.keys(engines);
  const disk = (mode) => summary(disks.results[attached[mode]].map((run) => run['disk-read'].cpu)).median;
  const read = Math.max(1, Math.floor((8 * percent) / 100)) * 32;
  const of = (seconds, count, scale) => digits((seconds / count) * scale);
  const row = (name, why, machineCell, containerCell) => [name, ...modes.map(machineCell), containerCell, WHY[why]];
  const program = (name, key, count, scale) =>
    row(name, key, (mode) => of(times[key][engines[mode]].cpu.median, count, scale), of(container[key], count, scale));
  const rows = [
    row('start, ms', 'start', (mode) => of(times.boot[engines[mode]].cpu.median, 1, 1e3), of(container.start, 1, 1e3)),
    row('memory, MiB', 'memory', (mode) => digits(peaks[engines[mode]] / MIB), digits(container.idle / MIB)),
    program('system call, µs', 'syscall', part(SYSCALLS, percent), 1e6),
    program('fork, exec, wait, ms', 'fork', part(FORKS, percent), 1e3),
    row('disk, ms a MiB', 'disk', (mode) => of(disk(mode), read, 1e3), of(container.disk, FILE, 1e3)),
    row(
      'network, ms a MiB',
      'network',
      (mode) => of(network.modes[mode].cpu.median, network.bytes / MIB, 1e3),
      of(container.network, part(DOWNLOAD, percent), 1e3),
    ),
  ];
  return {
    title: 'A machine in the three modes, and a container: CPU time',
    rows: [['', ...modes, 'container', 'why'], ...rows],
  };
}
