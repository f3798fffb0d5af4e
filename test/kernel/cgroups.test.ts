// What the controllers of cgroup2 limit: the same program in Debian's kernel, which has them all, and here; the virtual clock goes by
// instructions, so that shares of the processor are the same on any machine.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import type { Cgroup } from '../../src/kernel/cgroup/cgroup.js';
import { Console } from '../console.js';
import { initramfsWith } from '../linux/para-machine.js';
import { missing, needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { groupProgram, hostVolume } from './group-programs.js';
import { TestNode } from './node-fixture.js';

/** Bytes of a disk that a test reads and writes. */
const DISK = 16 << 20;
test('limits and shares as Debian’s kernel has them', async (context) => {
  const { kernel } = needs(context, 'kernel');
  const names = ['controllers', 'escapes', 'io', 'protection', 'stalls'] as const;
  const files = Object.fromEntries(names.map((name) => [`bin/${name}`, groupProgram(context, name)]));
  const disk = join(scratch(), 'disk');
  writeFileSync(disk, Buffer.alloc(DISK));
  const initrd = initramfsWith(context, files, 'initramfsIde');
  const run =
    'dmesg -n 1; load-ide; ip link set lo up; cd /tmp && controllers && escapes && io /dev/sda && protection /dev/sda && stalls';
  const append = `console=ttyS0 cryptomgr.notests quiet tv.run="${run}"`;
  const machine = ['--mode', 'hw', '--kernel', kernel, '--initrd', initrd, '--memory', '256M', '--append', append];
  machine.push('--disk', disk);
  const debian = Console.machine(machine, { deadline: 300 });
  expect(await debian.exit()).toBe(0);
  const { output } = debian;
  const native = output.slice(output.indexOf('== cgroup.subtree'), output.indexOf('TV-EXIT'));
  expect(output).toContain('TV-EXIT 0\n');

  const node = new TestNode();
  node.nanosecondsPerInstruction = 5;
  for (const [path, bytes] of Object.entries(files)) node.file(`/${path}`, bytes);
  hostVolume(node, { disk: Buffer.alloc(DISK) });
  const here = [['controllers'], ['escapes'], ['io', '/host/disk'], ['protection', '/host/disk'], ['stalls']].map(
    ([name, ...args]) => node.run([`/bin/${name}`, ...args], '', '/tmp'),
  );
  expect(here.map(({ errors, status }) => [errors, status])).toEqual([
    ['', 0],
    ['', 0],
    ['', 0],
    ['', 0],
    ['', 0],
  ]);
  expect(here.map(({ output }) => output).join('')).toBe(native);
});

/** A folder with busybox, which the command takes as a root. */
function busyboxRoot(context: TestContext): string {
  const { busybox } = needs(context, 'busybox');
  const folder = join(scratch(), 'root');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  return folder;
}

test('the command limits a program, which sees its limits and can’t raise them; kernel top shows them', async (context) => {
  const folder = busyboxRoot(context);
  const socket = join(scratch(), 'control');
  const script = [
    '/bin/busybox --install -s /bin; cd /sys/fs/cgroup',
    'cat /proc/self/cgroup memory.max memory.high cpu.max cpu.weight pids.max',
    'echo max > memory.max; echo 1 > cgroup.freeze; mkdir sub && cat sub/cgroup.type',
    'tail /dev/zero; cat memory.events | grep oom_kill',
    'head -c 1 /dev/kmsg; head -c 1 /dev/urandom > /dev/full; mknod /tmp/disk b 8 0; mknod /tmp/memory c 1 1; cat /tmp/memory',
    'cat io.max; cut -d. -f1 io.pressure; echo ready; read line',
  ].join('\n');
  const words = '--memory 24M --memory-high 24M --cpus 0.5 --cpu-weight 50 --pids 9 --io-max all:rbps=1G --device';
  const limits = [...words.split(' '), 'deny b 8:* rwm'];
  const command = ['bin/tabvisor.mjs', 'kernel', 'run', '--rootfs', folder, '-i', '--control', socket, ...limits];
  const run = Console.spawn(process.execPath, [...command, '--', '/bin/busybox', 'sh', '-c', script], {
    deadline: 120,
  });
  await run.expect('ready\n');
  const top = Console.spawn(process.execPath, ['bin/tabvisor.mjs', 'kernel', 'top', socket, '--once'], {
    deadline: 60,
  });
  expect(await top.exit()).toBe(0);
  expect(top.output).toMatch(
    /GROUP +PID +PROCS +CPU .*\n\/ .*\n {2}program +1 +1 .* 50% .* 24 MiB +1 +1 +9 +.*iB +0 B +\d+% +\d+%\/0%\/\d+%\n/,
  );
  const json = Console.spawn(process.execPath, ['bin/tabvisor.mjs', 'kernel', 'top', socket, '--once', '--json'], {
    deadline: 60,
  });
  expect(await json.exit()).toBe(0);
  expect(JSON.parse(json.output).groups[1]).toMatchObject({ memory: { oomKills: 1 }, io: { limited: true } });
  run.send('\n');
  expect(await run.exit()).toBe(0);
  expect(run.output).toContain('0::/\n25165824\n25165824\n50000 100000\n50\n9\n');
  // its own limits, the log, a node of a disk, memory
  expect(run.output.match(/Operation not permitted/g)).toHaveLength(5);
  expect(run.output).toContain('domain\n');
  expect(run.output).toContain('254:0 rbps=1073741824 wbps=max riops=max wiops=max\nsome avg10=0\nfull avg10=0\n');
  expect(run.output).toContain('oom_kill 1\n');
});

test('clean pages of files go before anybody is killed, and never those that are being used', (context) => {
  const large = Buffer.alloc(4096 * 4096);
  for (let page = 0; page < 4096; page++) for (let i = 0; i < 4096; i++) large[page * 4096 + i] = (i + page) % 251;
  const node = new TestNode();
  hostVolume(node, { large });
  node.file('/bin/reclaim', groupProgram(context, 'reclaim'));
  expect(node.run(['/bin/reclaim', '/host/large'], '', '/tmp').output.split('\n')).toEqual([
    'pages that read gives: 4096',
    'pages that are mapped, every other one written: 4096',
    '  anonymous memory stays below the limit: 1',
    'its end: 0',
    'the limit was met: 1',
    '  and nobody was killed: 0',
    'pages that are read and then written where there is hardly any room: 256',
    '  its end: 0',
    'who has not the two pages that an instruction needs: 9',
    '  is killed: 1',
    '  nor went above it: 1',
    'the groups go: 0',
    '',
  ]);
});

test('a program can’t make the tree deeper or wider than it may be', () => {
  const { kernel } = new TestNode();
  const { cgroups } = kernel;
  let at = cgroups.root;
  let deep = 0;
  for (let made = cgroups.create(at, 'g'); typeof made !== 'number'; made = cgroups.create(at, 'g')) {
    at = made;
    deep++;
  }
  expect(deep).toBe(64);
  let wide = deep;
  while (typeof cgroups.create(cgroups.root, `g${wide}`) !== 'number') wide++;
  expect(wide).toBe(8192);
  for (let group = at; group.parent; group = group.parent) expect(cgroups.remove(group)).toBe(0);
  expect(cgroups.count).toBe(1 + wide - deep);
});

test('memory.events counts what happens below, unless memory_localevents says otherwise', () => {
  const { cgroups } = new TestNode().kernel;
  cgroups.passOn(cgroups.root, ['memory'], []);
  const above = cgroups.create(cgroups.root, 'above') as Cgroup;
  cgroups.passOn(above, ['memory'], []);
  const below = cgroups.create(above, 'below') as Cgroup;
  for (const options of ['', 'memory_localevents']) {
    cgroups.configure(cgroups.namespace, options);
    below.states.memory!.note('high');
  }
  expect([above, below].map(({ states }) => states.memory!.events.high)).toEqual([1, 2]);
});

test('groups are charged what they had of the processor, not what others took meanwhile', (context) => {
  const source = 'int main(void) { for (volatile int i = 0; i < 20000000; i++) {} }';
  const binary = join(scratch(), 'spin');
  const made = spawnSync('gcc', ['-m32', '-static', '-x', 'c', '-', '-o', binary], { input: source });
  if (made.status !== 0) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  for (const stolen of [0, 0.5]) {
    const node = new TestNode();
    node.nanosecondsPerInstruction = 5;
    node.stolen = stolen;
    node.file('/bin/spin', readFileSync(binary));
    const { clock, cgroups } = node.kernel;
    const start = clock.monotonic();
    node.run(['/bin/spin']);
    const share = cgroups.root.cpuTime / (clock.monotonic() - start);
    expect(share).toBeGreaterThan(0.9 * (1 - stolen));
    expect(share).toBeLessThan(1.1 * (1 - stolen));
  }
});
