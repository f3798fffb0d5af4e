// What the options of `vm run` do, on our own guest.
// Source: docs/usage.md.

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RACE } from '../../src/modes/rows.js';
import { Console } from '../console.js';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const MIB = 1024 * 1024;
const deadline = 100;

const run = (...args: string[]) => Console.machine(args, { deadline });

/** A Multiboot kernel by addresses, whose code is all that is in it. */
function multibootKernel(path: string, code: number[]): void {
  const words = Uint32Array.of(0x1badb002, 0x10000, -(0x1badb002 + 0x10000), 0x100000, 0x100000, 0, 0, 0x100020);
  writeFileSync(path, Buffer.concat([new Uint8Array(words.buffer), Uint8Array.from(code)]));
}

test('our own guest to its monitor, a reset of the machine, power off', async () => {
  const stats = join(scratch(), 'stats.json');
  const console = run('--memory', '64M', '--stats', stats);
  await console.expect('tabvisor>');
  console.send('reboot\r');
  await console.expect('tabvisor guest:');
  await console.expect('tabvisor>');
  console.send('poweroff\r');
  expect(await console.exit()).toBe(0);
  expect(JSON.parse(readFileSync(stats, 'utf8'))).toMatchObject({ outcome: 'power-off', status: 0, resets: 1 });
});

test.each(['full', 'hw', 'para'])('--mode %s --no-reboot: a reset ends it with status 97', async (mode) => {
  const console = run('--mode', mode, '--no-reboot');
  await console.expect('tabvisor>');
  console.send('reboot\r');
  expect(await console.exit()).toBe(97);
  expect(console.output).toContain('--no-reboot: the guest has reset the machine');
});

test('the demo races the modes and says why each row is as it is; then two containers meet their limits', async () => {
  const console = Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'demo'], { deadline: 300 });
  expect(await console.exit()).toBe(0);
  const { output } = console;
  for (const { name, workload } of RACE) {
    expect(output.match(new RegExp(`\\b${workload} [\\d.,]+ .?s`, 'g')), workload).toHaveLength(3);
    // its row, and its sentence
    expect(output).toMatch(new RegExp(`^${name.replace('/', '.')} +\\S.* [\\d.,]+ .?s `, 'm'));
    expect(output).toMatch(new RegExp(`^${name.replace('/', '.')}\\n  \\S`, 'm'));
  }
  expect(output.indexOf('\nhw ')).toBeGreaterThan(output.indexOf('net-bulk'));
  expect(output).toContain('All modes have worked out the same.');
  expect(output).toMatch(/^host name +red +blue$/m);
  expect(output).toMatch(/^file \/tmp\/note +written by red +written by blue$/m);
  expect(output).toMatch(/^memory +killed at 1\d of 16 MiB +killed at 4\d of 48 MiB$/m);
  expect(output).toMatch(/^processes, at most +5 more, of 8 +17 more, of 20$/m);
  const [, red, blue] = /^the processor +(\d+)% of 40% +(\d+)% of 20%$/m.exec(output)!;
  expect([Number(red) <= 42, Number(blue) <= 22]).toEqual([true, true]);
  expect(
    Math.max(
      ...output
        .split('\n')
        .slice(-30)
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(110);
});

test('--demo shows workloads, exits and speed', async () => {
  const console = Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', 'run', '--demo'], {
    deadline,
  });
  expect(await console.exit()).toBe(0);
  for (const name of [
    'integer',
    'memory',
    'syscall',
    'context-switch',
    'page-fault',
    'port-io',
    'disk-read',
    'disk-write',
    'disk-sequential',
    'disk-random',
    'clock-read',
  ]) {
    expect(console.output).toMatch(new RegExp(`^ +${name} +[0-9a-f]{8} +[\\d,]+$`, 'm'));
  }
  expect(console.output).toContain('exits by reason');
  expect(console.output).toMatch(/guest instructions in [\d.]+ CPU seconds: [\d,]+ MIPS/);
});

test('a run with the virtual clock is the same every time', async () => {
  const folder = scratch();
  const results: unknown[] = [];
  for (const name of ['a', 'b']) {
    const stats = join(folder, name);
    const console = run('--clock', 'virtual', '--append', 'run=syscall,page-fault exit=poweroff', '--stats', stats);
    expect(await console.exit()).toBe(0);
    const { instructions, exits, devices, interrupts, tlbMisses } = JSON.parse(readFileSync(stats, 'utf8'));
    results.push({ instructions, exits, devices, interrupts, tlbMisses, output: console.output });
  }
  expect(results[0]).toEqual(results[1]);
});

test('statistics say what ran and why it stopped', async () => {
  const stats = join(scratch(), 'stats.json');
  const console = run('--mode', 'full', '--append', 'run=port-io exit=poweroff', '--stats', stats);
  expect(await console.exit()).toBe(0);
  const report = JSON.parse(readFileSync(stats, 'utf8'));
  expect(report.instructions).toBeGreaterThan(100_000);
  expect(report.exits['io-out']).toBeGreaterThanOrEqual(64_000);
  expect(report.exits['io-in']).toBeGreaterThanOrEqual(64_000);
  expect(report.devices.uart).toBeGreaterThan(1000);
  expect(Object.keys(report.exitShares)).toEqual(Object.keys(report.exits));
  const shares = Object.values<number>(report.exitShares);
  expect(report.exitShares['io-out']).toBeGreaterThan(0);
  expect(shares.reduce((sum, share) => sum + share, report.guestShare)).toBeCloseTo(1);
  for (const key of ['wallSeconds', 'cpuSeconds', 'mips', 'tlbMisses', 'hostPeakBytes']) {
    expect(report[key], key).toBeGreaterThan(0);
  }
});

test("statistics never stand between the guest's output", async () => {
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', 'run', '--append', 'exit=poweroff', ...args], {
      encoding: 'utf8',
    });
  const both = command('--stats', '-');
  expect(both.stdout).toContain('tabvisor guest:');
  expect(both.stdout).not.toContain('{');
  expect(JSON.parse(both.stderr)).toMatchObject({ status: 0 });
  const alone = command('--stats', '-', '--serial', 'none');
  expect(JSON.parse(alone.stdout)).toMatchObject({ status: 0 });
  expect(alone.stderr).toBe('');
});

test('the serial port into a file', async () => {
  const out = join(scratch(), 'serial.txt');
  const console = run('--serial', `file:${out}`, '--append', 'exit=poweroff');
  expect(await console.exit()).toBe(0);
  expect(console.output).toBe('');
  expect(readFileSync(out, 'utf8')).toContain('tabvisor guest:');
});

test('--debug-exit gives the status, --log-port the bytes', async () => {
  const folder = scratch();
  const image = join(folder, 'code.img');
  const log = join(folder, 'log');
  writeFileSync(log, 'before ');
  // mov dx,0190h; mov al,'h'; out dx,al; mov al,'i'; out dx,al; mov al,15h; out 0F4h,al; hlt
  multibootKernel(image, [0x66, 0xba, 0x90, 0x01, 0xb0, 0x68, 0xee, 0xb0, 0x69, 0xee, 0xb0, 0x15, 0xe6, 0xf4, 0xf4]);
  const args = ['--kernel', image, '--memory', '4M', '--debug-exit', '0xf4', '--log-port', `0x190=${log}`];
  expect(await run(...args).exit()).toBe((0x15 << 1) | 1);
  expect(readFileSync(log, 'utf8')).toBe('before hi');
});

test.each(['full', 'hw'])('mode %s: a Multiboot kernel reads the firmware configuration', async (mode) => {
  const folder = scratch();
  const image = join(folder, 'code.img');
  const log = join(folder, 'log');
  // mov ax,KEY; mov dx,0510h; out dx,ax; mov ecx,COUNT; again: mov dx,0511h; in al,dx; mov dx,0190h; out dx,al; loop again
  const read = (key: number, count: number): number[] => [
    ...[0x66, 0xb8, key, 0, 0x66, 0xba, 0x10, 0x05, 0x66, 0xef, 0xb9, count, 0, 0, 0],
    ...[0x66, 0xba, 0x11, 0x05, 0xec, 0x66, 0xba, 0x90, 0x01, 0xee, 0xe2, 0xf4],
  ];
  multibootKernel(image, [...read(0, 4), ...read(1, 4), ...read(3, 8), ...read(5, 2), 0xb0, 0x15, 0xe6, 0xf4, 0xf4]);
  const machine = ['--mode', mode, '--kernel', image, '--memory', '4M', '--debug-exit', '0xf4'];
  expect(await run(...machine, '--log-port', `0x190=${log}`).exit()).toBe((0x15 << 1) | 1);
  const [signature, features, memory, processors] = [
    [0, 4],
    [4, 8],
    [8, 16],
    [16, 18],
  ].map(([from, to]) => readFileSync(log).subarray(from, to));
  expect(signature.toString('latin1')).toBe('QEMU');
  expect([...features]).toEqual([3, 0, 0, 0]);
  expect(Number(memory.readBigUInt64LE())).toBe(4 * MIB);
  expect(processors.readUInt16LE()).toBe(1);
});

test('a snapshot is forgotten, a read-only disk is not written, a disk is', async () => {
  const disk = join(scratch(), 'disk.img');
  writeFileSync(disk, 'TABVISOR-SCRATCH');
  truncateSync(disk, 16 * MIB);
  const hash = () => createHash('sha256').update(readFileSync(disk)).digest('hex');
  const write = (mode: string) => run('--disk', disk + mode, '--append', 'run=disk-write exit=poweroff');
  const before = hash();
  for (const mode of [',snapshot', ',ro']) {
    expect(await write(mode).exit()).toBe(0);
    expect(hash()).toBe(before);
  }
  expect(await write('').exit()).toBe(0);
  expect(hash()).not.toBe(before);
});

test('instructions are traced with their text', async () => {
  const console = run('--trace', 'insn,exit,io', '--max-instructions', '200');
  expect(await console.exit()).toBe(124);
  expect(console.output).toMatch(/insn: 0010:00100\w{3} fa +cli/);
  expect(console.output).toMatch(/io: out 03f9 1 00 uart/);
});

test('Linux by its 16-bit entry', async (context) => {
  const { kernel } = needs(context, 'kernel');
  const args = [
    '--kernel',
    kernel,
    '--entry',
    'real',
    '--append',
    'console=ttyS0 earlyprintk=ttyS0',
    '--timeout',
    '90',
  ];
  const console = run(...args);
  await console.expect('BIOS-provided physical RAM map');
  await console.expect(/BIOS-e820: \[mem 0x0000000000100000-0x000000000fffffff\] usable/);
  console.kill('SIGTERM');
  expect(await console.exit()).toBe(130);
});

test.each(['full', 'hw', 'hw --no-ept', 'para'])('the largest machine in mode %s', async (mode) => {
  const machine = ['--memory', '3072M', '--mode', ...mode.split(' ')];
  const console = run(...machine, '--append', 'run=disk-read,page-fault exit=poweroff');
  expect(await console.exit()).toBe(0);
});

test('under the virtual clock a translated run is the same each time, to the instruction', async () => {
  const results = [];
  for (const name of ['one.json', 'other.json']) {
    const stats = join(scratch(), name);
    const console = Console.spawn(
      process.execPath,
      [
        join(root, 'bin/tabvisor.mjs'),
        ...['vm', 'run', '--demo', '--mode', 'hw', '--clock', 'virtual', '--stats', stats],
      ],
      { deadline },
    );
    expect(await console.exit()).toBe(0);
    const { instructions, machineSeconds, devices, exits, interrupts, pageFaults, exceptions, tlbMisses, decoded } =
      JSON.parse(readFileSync(stats, 'utf8'));
    results.push({
      instructions,
      machineSeconds,
      devices,
      exits,
      interrupts,
      pageFaults,
      exceptions,
      tlbMisses,
      decoded,
    });
  }
  expect(results[1]).toEqual(results[0]);
});
