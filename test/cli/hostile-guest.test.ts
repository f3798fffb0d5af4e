// Guests that misbehave: each ends as it should, the host's memory is bounded, the terminal and the disks are unharmed.
// Source: guest/README.md, "Hostile guests".

import { spawn } from 'node:child_process';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Console } from '../console.js';
import { root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const MIB = 1024 * 1024;

const guest = (name: string) => join(root, `guest/build/hostile-${name}.elf`);

function machine(name: string, ...args: string[]): Console {
  return Console.machine(['--kernel', guest(name), '--memory', '64M', ...args], { deadline: 100 });
}

/** Every way to run them; the outcome is the same. */
const modes = ['--mode full', '--mode hw', '--mode hw --no-ept'];
const inEveryMode = (...names: string[]) => names.flatMap((name) => modes.map((mode) => ({ name, mode })));

test.each(inEveryMode('triple-fault', 'cr3-nowhere', 'jump-nowhere'))(
  '$name $mode: status 99 and the state of the CPU',
  async ({ name, mode }) => {
    const console = machine(name, ...mode.split(' '));
    expect(await console.exit()).toBe(99);
    expect(console.output).toMatch(/triple fault after exception \d+/);
    expect(console.output).toMatch(/EIP=[0-9a-f]{8} EFL=[0-9a-f]{8}/);
    expect(console.output).toMatch(/CR0=[0-9a-f]{8}/);
  },
);

test.each(inEveryMode('cli-loop', 'fault-loop'))('$name $mode: the time-out ends it', async ({ name, mode }) => {
  const console = machine(name, '--timeout', '2', ...mode.split(' '));
  await console.expect(`HOSTILE ${name}`);
  expect(await console.exit()).toBe(124);
  expect(console.output).toContain('--timeout: 2 seconds are over');
});

test.each(modes)('a loop with interrupts off: the limit of instructions ends it: %s', async (mode) => {
  const console = machine('cli-loop', '--max-instructions', '30000000', ...mode.split(' '));
  expect(await console.exit()).toBe(124);
});

test.each([...modes, '--mode para'])('a halt with interrupts off ends it at once, and says so: %s', async (mode) => {
  const stats = join(scratch(), 'stats.json');
  const console = machine('cli-hlt', '--stats', stats, ...mode.split(' '));
  expect(await console.exit()).toBe(96);
  expect(console.output).toMatch(
    /the guest has halted with interrupts off at 0010:0010[0-9a-f]{4}, and nothing can wake it/,
  );
  expect(JSON.parse(readFileSync(stats, 'utf8'))).toMatchObject({ outcome: 'dead-halt', status: 96 });
});

test.each([
  ['cli-loop', 'SIGINT'],
  ['cli-loop', 'SIGTERM'],
  ['serial-flood', 'SIGINT'],
] as const)('%s: %s ends it with status 130', async (name, signal) => {
  const console = machine(name);
  await console.expect(`HOSTILE ${name}`);
  console.kill(signal);
  expect(await console.exit()).toBe(130);
});

test.each(inEveryMode('timer-flood', 'port-storm'))(
  '$name $mode: it gets through, and so do we',
  async ({ name, mode }) => {
    const console = machine(name, ...mode.split(' '));
    await console.expect(`HOSTILE ${name} done`);
    expect(await console.exit()).toBe(0);
  },
);

test.each(modes)('DMA at the edges of memory: %s', async (mode) => {
  const disk = join(scratch(), 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 4 * MIB);
  const console = machine('dma-edges', '--disk', disk, ...mode.split(' '));
  await console.expect('HOSTILE dma-edges done');
  expect(await console.exit()).toBe(0);
  expect(statSync(disk).size).toBe(4 * MIB);
});

test.each(modes)(
  'a flood that nobody reads: the guest waits, memory is bounded, the time-out comes: %s',
  async (mode) => {
    const stats = join(scratch(), 'stats.json');
    const args = [
      'bin/tabvisor.mjs',
      'vm',
      'run',
      '--kernel',
      guest('serial-flood'),
      '--memory',
      '16M',
      ...mode.split(' '),
    ];
    const child = spawn(process.execPath, [...args, '--timeout', '5', '--stats', stats], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(124);
    const { hostPeakBytes, instructions } = JSON.parse(readFileSync(stats, 'utf8'));
    expect(instructions).toBeGreaterThan(0);
    expect(hostPeakBytes).toBeLessThan(300 * MIB);
  },
);

test('a flood into a log port is in the file', async () => {
  const log = join(scratch(), 'post.log');
  const console = machine('port-storm', '--log-port', `0x80=${log}`);
  expect(await console.exit()).toBe(0);
  expect(statSync(log).size).toBeLessThan(16 * MIB);
});

test('a reader that goes away ends the run', async () => {
  const tabvisor = `${process.execPath} bin/tabvisor.mjs vm run --kernel ${guest('serial-flood')} --memory 16M --timeout 60`;
  const console = Console.spawn('bash', ['-c', `set -o pipefail; ${tabvisor} | head -c 100 > /dev/null`], {
    deadline: 50,
  });
  expect(await console.exit()).toBe(130);
});

test('a guest that is stopped while it writes leaves a disk that works', async () => {
  const disk = join(scratch(), 'disk.img');
  writeFileSync(disk, 'TABVISOR-SCRATCH');
  truncateSync(disk, 16 * MIB);
  const writer = (append: string) =>
    Console.machine(['--append', append, '--disk', disk, '--memory', '64M'], { deadline: 100 });
  const first = writer('run=disk-write,disk-write,disk-write scale=1000');
  await first.expect('tabvisor guest:');
  first.kill('SIGTERM');
  expect(await first.exit()).toBe(130);
  expect(statSync(disk).size).toBe(16 * MIB);
  expect(readFileSync(disk).subarray(0, 16).toString()).toBe('TABVISOR-SCRATCH');
  const second = writer('run=disk-write exit=poweroff');
  await second.expect(/WORKLOAD name=disk-write checksum=[0-9a-f]{8}/);
  expect(await second.exit()).toBe(0);
});
