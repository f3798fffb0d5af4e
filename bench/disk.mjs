// One disk in Linux, by every engine and attachment: sequential and random; exits where we can count them.
// Ours. Seconds are the host's, between two lines of the serial port; exits are the monitor's, read while the guest sleeps on both sides.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENGINES, provisionedGuest, tabvisorArguments } from './engines.mjs';
import { KERNEL_OPTIONS } from './guest-run.mjs';
import { machine } from './machine.mjs';
import { meter } from './process-meter.mjs';
import { DISK_TESTS, diskInitramfs } from './programs.mjs';
import { digits } from './table.mjs';

const MIB = 1 << 20;
const SIZE = 32 * MIB;
const PASSES = 8;
const READS = 4000;
const MEMORY = 256;

const ours = (mode, how) => (guest, disk) => [
  ...ENGINES.tabvisor.command(guest).slice(0, 2),
  ...tabvisorArguments({ ...guest, mode }),
  ...['--disk', `${disk},if=${how}`],
];
const qemu = (how) => (guest, disk) => [...ENGINES.qemu.command(guest), '-drive', `file=${disk},format=raw,if=${how}`];

/** How the disk is attached, which drivers it needs, what the guest calls it. */
export const DISKS = {
  para: {
    title: 'para, virtio-blk',
    command: ours('para', 'virtio'),
    drivers: 'virtio',
    load: 'load-virtio',
    device: '/dev/vda',
    counts: true,
  },
  'full-dma': {
    title: 'full, IDE DMA',
    command: ours('full', 'ide'),
    drivers: 'ide',
    load: 'load-ide',
    device: '/dev/sda',
    counts: true,
  },
  'hw-dma': {
    title: 'hw, IDE DMA',
    command: ours('hw', 'ide'),
    drivers: 'ide',
    load: 'load-ide',
    device: '/dev/sda',
    counts: true,
  },
  'hw-pio': {
    title: 'hw, IDE PIO',
    command: ours('hw', 'ide'),
    drivers: 'ide',
    load: 'load-ide dma=0',
    device: '/dev/sda',
    counts: true,
  },
  'qemu-virtio': {
    title: 'QEMU TCG, virtio',
    command: qemu('virtio'),
    drivers: 'virtio',
    load: 'load-virtio',
    device: '/dev/vda',
  },
  'qemu-ide': { title: 'QEMU TCG, IDE', command: qemu('ide'), drivers: 'ide', load: 'load-ide', device: '/dev/sda' },
  'v86-ide': {
    title: 'v86, IDE',
    command: (guest, disk) => ENGINES.v86.command({ ...guest, disk }),
    drivers: 'ide',
    load: 'load-ide',
    device: '/dev/sda',
  },
};

/** Those that `--disk` compares when it is not told. */
export const PEER_DISKS = Object.keys(DISKS).filter((name) => name !== 'full-dma');

/** `options`: {engines: names of DISKS, percent, repeat, timeout}. `say` is told of each measurement. */
export async function measureDisks({ engines, percent, repeat, timeout }, say) {
  const provisioned = provisionedGuest();
  const started = machine();
  const results = {};
  for (let round = 0; round < repeat; round++) {
    for (const name of engines) {
      const found = await runDisk(DISKS[name], provisioned, { percent, timeout });
      results[name] ??= [];
      results[name].push(found);
      for (const test of DISK_TESTS) say(`${name}: ${test} ${digits(found[test].seconds)} s`);
    }
  }
  compare(results);
  const best = Object.fromEntries(engines.map((name) => [name, quickest(results[name])]));
  return {
    name: 'disk',
    title: 'A disk in the same Linux',
    machine: started,
    notes: [
      `guest: Linux ${provisioned.kernelRelease}, ${MEMORY} MiB; 32 MiB in pieces of 1 MiB, ${passes(percent)} times; the page cache begins empty`,
      `the best of ${repeat} run${repeat > 1 ? 's' : ''}; seconds are the host's, CPU seconds the whole process's`,
    ],
    tables: tables(best, engines, percent),
    data: { percent, results },
  };
}

function passes(percent) {
  return Math.max(1, Math.floor((PASSES * percent) / 100));
}

function quickest(runs) {
  return Object.fromEntries(
    DISK_TESTS.map((test) => [test, runs.map((run) => run[test]).sort((a, b) => a.seconds - b.seconds)[0]]),
  );
}

/** Every engine must have read the same. */
function compare(results) {
  for (const test of DISK_TESTS) {
    const sums = Object.entries(results).flatMap(([name, runs]) => runs.map((run) => [name, run[test].checksum]));
    if (new Set(sums.map(([, sum]) => sum)).size > 1)
      throw new Error(`${test}: the engines disagree: ${sums.map((pair) => pair.join(' ')).join(', ')}`);
  }
}

function tables(best, engines, percent) {
  const megabytes = passes(percent) * (SIZE / MIB);
  const reads = Math.max(1, Math.floor((READS * percent) / 100));
  const exits = (of, units) => (of.exits === undefined ? '' : digits(of.exits / units));
  const sequential = (of) => [
    digits(megabytes / of.seconds),
    digits((of.cpu * 1000) / megabytes),
    exits(of, megabytes),
  ];
  const random = (of) => [digits(reads / of.seconds), digits((of.cpu * 1e6) / reads), exits(of, reads)];
  const SEQUENTIAL = ['read MB/s', 'CPU ms/MB', 'exits/MB', 'write MB/s', 'CPU ms/MB', 'exits/MB'];
  const rows = (cells) => engines.map((name) => [DISKS[name].title, ...cells(best[name])]);
  return [
    {
      title: 'Sequential, through the page cache',
      rows: [['', ...SEQUENTIAL], ...rows((of) => [...sequential(of['disk-read']), ...sequential(of['disk-write'])])],
    },
    {
      title: 'Past it: O_DIRECT, sequential and random',
      rows: [
        ['', ...SEQUENTIAL, '4 KiB reads/s', 'CPU µs/read', 'exits/read'],
        ...rows((of) => [
          ...sequential(of['disk-direct-read']),
          ...sequential(of['disk-direct-write']),
          ...random(of['disk-random']),
        ]),
      ],
    },
  ];
}

/** One boot: all tests. Test name to {seconds, cpu, checksum, exits}. */
function runDisk({ title, command, drivers, load, device, counts }, provisioned, { percent, timeout }) {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-bench-'));
  const disk = join(folder, 'disk.img');
  writeFileSync(disk, pattern());
  const run = `disks ${percent} ${device} ${load}`;
  const guest = {
    ...provisioned,
    initrd: diskInitramfs(provisioned[drivers]),
    memory: MEMORY,
    append: `${KERNEL_OPTIONS} tv.run="${run}"`,
  };
  const [file, ...args] = command(guest, disk);
  const done = new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const found = {};
    let text = '';
    let last = '';
    let begun;
    /** Exits so far, each time we have asked. */
    const counted = [];
    const fail = (why) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${title}: ${why}; its last output:\n${last.slice(-2000)}`));
    };
    const timer = setTimeout(() => fail(`not done after ${timeout} seconds`), timeout * 1000);
    const line = (content) => {
      const statistics = /tabvisor: statistics (\{.*\})/.exec(content);
      if (statistics) counted.push(JSON.parse(statistics[1]).exits);
      if (/^QUIET/.test(content) && counts) child.kill('SIGUSR2');
      const begin = /BEGIN name=(\S+)/.exec(content);
      if (begin) begun = { at: performance.now(), cpu: meter(child.pid).cpu };
      const result = /RESULT name=(\S+) checksum=([0-9a-f]+)/.exec(content);
      if (result) {
        const seconds = (performance.now() - begun.at) / 1000;
        found[result[1]] = { seconds, cpu: meter(child.pid).cpu - begun.cpu, checksum: result[2] };
      }
      if (content.includes('FAILED name=')) fail(content);
      if (!content.includes('TV-EXIT ')) return;
      clearTimeout(timer);
      child.kill('SIGKILL');
      const missing = DISK_TESTS.filter((test) => !found[test]);
      if (missing.length > 0) return fail(`no result of ${missing.join(', ')}`);
      if (counts) {
        DISK_TESTS.forEach((test, i) => {
          found[test].reasons = difference(counted[i + 1], counted[i]);
          found[test].exits = Object.values(found[test].reasons).reduce((sum, n) => sum + n, 0);
        });
      }
      resolve(found);
    };
    const read = (chunk) => {
      last = (last + chunk).slice(-4000);
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop();
      lines.forEach(line);
    };
    child.stdout.setEncoding('latin1').on('data', read);
    child.stderr.setEncoding('latin1').on('data', read);
    child.on('error', (error) => fail(error.message));
    child.on('close', (code) => fail(`ended with status ${code}`));
  });
  return done.finally(() => rmSync(folder, { recursive: true }));
}

/** Exits by reason between two readings. */
function difference(after, before) {
  return Object.fromEntries(Object.entries(after).map(([reason, n]) => [reason, n - (before[reason] ?? 0)]));
}

/** Each 4 KiB block begins with its number. */
function pattern() {
  const bytes = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += 4096) bytes.writeUInt32LE(((at / 4096) * 2654435761) % 2 ** 32, at);
  return bytes;
}
