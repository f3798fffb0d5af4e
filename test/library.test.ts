// The library in Node, on our own guest: the console's readers and texts, disks of every kind, snapshots, networks, wrong options.
// docs/library.md.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createVm, InputError, type VirtualMachine, type VmOptions } from '../src/hosts/node/index.js';
import { ScratchDisk } from '../src/modes/scratch-disk.js';
import { root } from './provisioned.js';
import { scratch } from './scratch.js';

const PROMPT = 'tabvisor> ';
const GUEST = join(root, 'guest/build/tabvisor-guest.elf');
const SMALL: VmOptions = { memory: '16M' };

async function machine(options: VmOptions = {}): Promise<VirtualMachine> {
  const vm = await createVm({ ...SMALL, ...options });
  onTestFinished(() => vm.stop());
  return vm;
}

test('the monitor of our own guest answers, and the run ends as the guest ends it', async () => {
  const vm = await machine();
  const said: string[] = [];
  const reading = (async () => {
    for await (const line of vm.lines()) said.push(line);
  })();
  await vm.waitFor(PROMPT);
  void vm.send('run integer\r');
  expect(await vm.waitFor('checksum=')).toContain('WORKLOAD name=integer');
  await vm.waitFor(PROMPT);
  await vm.send('poweroff\r');
  expect(await vm.run()).toEqual({ kind: 'power-off' });
  await reading;
  expect(said.find((line) => line.startsWith('WORKLOAD name=integer'))).toMatch(
    /checksum=[0-9a-f]+ ticks=\d+ ops=\d+$/,
  );
  const { instructions, exits, machineSeconds } = vm.statistics();
  expect(instructions).toBeGreaterThan(1e6);
  expect(exits.IO_INSTRUCTION).toBeGreaterThan(0);
  expect(machineSeconds).toBeGreaterThan(0);
  await expect(vm.snapshot()).rejects.toThrow('the machine has ended (power-off): there is nothing to save');
});

describe.each(['full', 'hw', 'para'] as const)('mode %s', (mode) => {
  test('goes on from a snapshot of itself, disk and all, as often as one likes', async () => {
    const options: VmOptions = { mode, disks: [scratchDisk()] };
    const vm = await machine(options);
    await vm.waitFor(PROMPT);
    const run = async (of: VirtualMachine, workload: string): Promise<string> => {
      void of.send(`run ${workload}\r`);
      await of.waitFor(`WORKLOAD name=${workload} checksum=`);
      return of.waitFor(' ');
    };
    // disk-write is IDE's, and disk-read sees what it has written
    const [writer, reader] = mode === 'para' ? ['disk-random', 'disk-random'] : ['disk-write', 'disk-read'];
    await run(vm, writer);
    const written = await run(vm, reader);
    await vm.waitFor(PROMPT);
    const snapshot = await vm.snapshot();
    vm.stop();
    expect(await vm.run()).toEqual({ kind: 'stopped' });
    for (let round = 0; round < 2; round++) {
      // memory and mode are the snapshot's
      const again = await createVm({ disks: options.disks, restore: snapshot });
      expect(await run(again, reader)).toBe(written);
      void again.send('poweroff\r');
      expect(await again.run()).toEqual({ kind: 'power-off' });
    }
  });
});

function scratchDisk(): Uint8Array {
  const disk = new ScratchDisk();
  const bytes = new Uint8Array(disk.size);
  disk.read(0, bytes);
  return bytes;
}

describe('images', () => {
  const bytes = readFileSync(GUEST);

  test.each([
    ['a path', async () => GUEST],
    ['a file URL', async () => pathToFileURL(GUEST)],
    ['bytes', async () => new Uint8Array(bytes)],
    ['an ArrayBuffer', async () => new Uint8Array(bytes).buffer],
    ['a Blob', async () => new Blob([bytes])],
    ['an address', () => served(bytes)],
    [
      'a source of one’s own',
      async () => ({
        name: 'mine',
        size: bytes.length,
        read: (offset: number, into: Uint8Array) => void bytes.copy(into, 0, offset, offset + into.length),
      }),
    ],
  ])('a kernel from %s', async (_what, kernel) => {
    const vm = await machine({ kernel: await kernel(), commandLine: 'exit=poweroff' });
    expect(await vm.run()).toEqual({ kind: 'power-off' });
  });

  async function served(body: Uint8Array): Promise<string> {
    const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/kernel`;
  }
});

test('what a guest writes goes where the access says', async () => {
  const folder = scratch();
  const [untouched, written, below] = ['untouched', 'written', 'below'].map((name) => join(folder, name));
  for (const path of [untouched, written, below]) writeFileSync(path, scratchDisk());
  const before = readFileSync(untouched);
  const memory = scratchDisk();
  const write = async (disk: NonNullable<VmOptions['disks']>[number]): Promise<void> => {
    const vm = await machine({ disks: [disk], commandLine: 'run=disk-write exit=poweroff' });
    await vm.waitFor('WORKLOAD name=disk-write checksum=');
    expect(await vm.run()).toEqual({ kind: 'power-off' });
  };
  await write(untouched);
  await write({ image: written, access: 'write' });
  await write({ image: below, overlay: join(folder, 'overlay') });
  await write({ image: memory, access: 'write' });
  const changed = readFileSync(written);
  expect(readFileSync(untouched).equals(before)).toBe(true);
  expect(readFileSync(below).equals(before)).toBe(true);
  expect(changed.equals(before)).toBe(false);
  expect(Buffer.from(memory).equals(changed)).toBe(true);
  const vm = await machine({
    disks: [
      { image: below, overlay: join(folder, 'overlay') },
      { image: written, access: 'read-only' },
    ],
    commandLine: 'run=disk-read exit=poweroff',
  });
  await vm.waitFor('WORKLOAD name=disk-read checksum=');
});

test('the host reaches a forwarded port’s machine only as it was asked for', async () => {
  const vm = await machine({ network: true, commandLine: 'run=net-echo exit=poweroff' });
  await vm.waitFor('WORKLOAD name=net-echo checksum=');
  expect(await vm.run()).toEqual({ kind: 'power-off' });
});

test('a run has an end when it is asked for, and pulls what waits with it', async () => {
  const limited = await machine({ maxInstructions: 100_000 });
  const waiting = limited.waitFor('never said');
  expect(await limited.run()).toEqual({ kind: 'instruction-limit' });
  await expect(waiting).rejects.toThrow('"never said" did not come before the end (instruction-limit)');
  const timed = await machine({ timeout: 0.2, commandLine: 'quiet' });
  expect(await timed.run()).toEqual({ kind: 'time-out' });
  const never = await machine();
  never.stop();
  expect(await never.run()).toEqual({ kind: 'stopped' });
});

test('the screen and the keyboard are there', async () => {
  const vm = await machine();
  await vm.waitFor(PROMPT);
  vm.key(0x1e, true);
  vm.key(0x1e, false);
  const { lines, width, height } = vm.screen();
  expect(lines).toHaveLength(25);
  expect([width, height]).toEqual([720, 400]);
});

describe('what cannot be is refused with what would be right', () => {
  test.each<[string, VmOptions, string]>([
    ['memory', { memory: '1' }, 'memory 1: a machine has 2 MiB to 3 GiB'],
    ['memory that is no size', { memory: 'much' }, 'memory much: a machine has'],
    ['a mode', { mode: 'fast' as 'hw' }, 'mode fast: unknown'],
    ['kernel and bios', { kernel: GUEST, bios: GUEST }, 'bios and kernel'],
    ['initrd alone', { initrd: GUEST }, 'initrd: there is no kernel'],
    ['a file that is not there', { kernel: join(root, 'none') }, 'none: no such file'],
    ['a folder', { kernel: root }, 'not a regular file'],
    ['an address that does not answer', { kernel: 'http://127.0.0.1:1/kernel' }, 'could not be loaded'],
    ['empty bytes', { kernel: new Uint8Array(0) }, 'kernel in memory: it is empty'],
    ['nothing at all', { kernel: 7 as unknown as string }, 'kernel: no image'],
    ['a disk of an odd size', { disks: [join(root, 'package.json')] }, 'positive multiple of 512'],
    ['bytes of an odd size', { disks: [new Uint8Array(700)] }, 'positive multiple of 512'],
    ['too many drives', { disks: Array(5).fill(new Uint8Array(512)) }, '5 drives'],
    ['access and overlay', { disks: [{ image: GUEST, access: 'write', overlay: 'o' }] }, 'takes the place of access'],
    ['a snapshot that is none', { restore: new Uint8Array(100) }, 'snapshot in memory: not a snapshot of tabvisor'],
    ['an allowed address', { network: { allow: ['everything'] } }, 'network allow=everything: not an address'],
    ['a forwarded port', { network: { forward: ['80'] } }, 'network forward=80: not a forwarded port'],
  ])('%s', async (_what, options, message) => {
    const refused = createVm({ ...SMALL, ...options });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
  });

  test('a snapshot of another machine', async () => {
    const vm = await machine();
    await vm.waitFor(PROMPT);
    const snapshot = await vm.snapshot();
    await expect(createVm({ restore: snapshot, memory: '32M' })).rejects.toThrow('memory has another size');
    const other = await createVm({ restore: snapshot, mode: 'para' });
    await expect(other.run()).rejects.toThrow(InputError);
  });
});
