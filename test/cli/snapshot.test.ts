// A machine that is saved in the middle and goes on in another process, in each mode, ends as one that was never interrupted.
// Source: docs/usage.md, "Snapshots".

import { mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const deadline = 100;
const MIB = 1024 * 1024;
const tabvisor = (...args: string[]) =>
  Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', ...args], { deadline });
const checksums = (text: string): string[] =>
  [...text.matchAll(/WORKLOAD name=(\S+) checksum=(\S+)/g)].map((m) => `${m[1]} ${m[2]}`);

test.each([
  ['full', 'full'],
  ['hw', 'hw'],
  ['full', 'hw'],
  ['hw', 'full'],
])('saved in mode %s, goes on in %s', async (first, second) => {
  const file = join(scratch(), 'middle.snap');
  // the line of the second workload: the others are still to come
  const saved = tabvisor(
    ...['run', '--mode', first, '--memory', '32M', '--append', 'run=all scale=1 exit=poweroff'],
    ...['--snapshot-on', 'WORKLOAD name=memory', file],
  );
  expect(await saved.exit()).toBe(0);
  const restored = tabvisor('restore', file, '--mode', second);
  expect(await restored.exit()).toBe(0);
  const whole = tabvisor('run', '--mode', first, '--memory', '32M', '--append', 'run=all scale=1 exit=poweroff');
  expect(await whole.exit()).toBe(0);
  const all = checksums(whole.output);
  const from = all.findIndex((line) => line.startsWith('memory '));
  expect(all.length - from).toBeGreaterThan(2);
  expect(checksums(`WORKLOAD name=memory${restored.output}`)).toEqual(all.slice(from));
});

test('a disk that was written since is refused; what was written over a snapshot disk is kept', async () => {
  const folder = scratch();
  const disk = join(folder, 'disk.img');
  const file = join(folder, 'disk.snap');
  writeFileSync(disk, 'TABVISOR-SCRATCH');
  truncateSync(disk, 8 * MIB);
  const saved = tabvisor(
    ...[
      'run',
      '--memory',
      '32M',
      '--disk',
      `${disk},snapshot`,
      '--append',
      'run=disk-write,disk-read,integer exit=poweroff',
    ],
    ...['--snapshot-on', 'WORKLOAD name=disk-write', file],
  );
  expect(await saved.exit()).toBe(0);
  const restored = tabvisor('restore', file);
  expect(await restored.exit()).toBe(0);
  // the message about the snapshot is in the middle of disk-write's line
  const before = checksums(saved.output.replace(/name=disk-write.*\n/, ''));
  const after = checksums(`WORKLOAD name=disk-write${restored.output}`);
  expect(after[0]).toMatch(/^disk-write [0-9a-f]{8}$/);
  expect(before).toEqual(expect.arrayContaining(after.slice(1)));
  expect(
    readFileSync(disk)
      .subarray(16)
      .every((byte) => byte === 0),
  ).toBe(true);

  utimesSync(disk, new Date(0), new Date(0));
  const refused = tabvisor('restore', file);
  expect(await refused.exit()).toBe(125);
  expect(refused.output).toMatch(/disk\.snap: its disk .*disk\.img has been written since/);
});

test('files that are no snapshots, or not whole, are refused by name', async () => {
  const folder = scratch();
  const file = join(folder, 'good.snap');
  const saved = tabvisor(
    'run',
    '--memory',
    '16M',
    '--append',
    'run=integer exit=poweroff',
    '--snapshot-on',
    'WORKLOAD',
    file,
  );
  expect(await saved.exit()).toBe(0);
  const whole = readFileSync(file);
  const cases: [string, () => void, RegExp][] = [
    [
      'cut.snap',
      () => writeFileSync(join(folder, 'cut.snap'), whole.subarray(0, whole.length - 100)),
      /cut\.snap: cut short/,
    ],
    [
      'long.snap',
      () => writeFileSync(join(folder, 'long.snap'), Buffer.concat([whole, Buffer.from('x')])),
      /long\.snap: 1 bytes too long/,
    ],
    [
      'flipped.snap',
      () => {
        const flipped = Buffer.from(whole);
        flipped[whole.length - 1] ^= 1;
        writeFileSync(join(folder, 'flipped.snap'), flipped);
      },
      /flipped\.snap: damaged: section memory/,
    ],
    ['text.snap', () => writeFileSync(join(folder, 'text.snap'), 'hello\n'), /text\.snap: not a snapshot of tabvisor/],
    ['none.snap', () => {}, /none\.snap: no such file/i],
  ];
  const serial = join(folder, 'serial');
  writeFileSync(serial, 'of an earlier run');
  for (const [name, make, message] of cases) {
    make();
    const refused = tabvisor('restore', join(folder, name), '--serial', `file:${serial}`);
    expect(await refused.exit(), name).toBe(125);
    expect(refused.output).toMatch(message);
    expect(readFileSync(serial, 'utf8'), name).toBe('of an earlier run');
  }
  const quiet = ['run', '--append', 'run=integer exit=poweroff'];
  const nowhere = tabvisor(...quiet, '--snapshot-on', 'WORKLOAD', join(folder, 'no/such/folder'));
  expect(await nowhere.exit()).toBe(125);
  expect(nowhere.output).toMatch(/snapshot .*no\/such\/folder: no such file/i);
  expect(nowhere.output).not.toMatch(/WORKLOAD/);
  const never = tabvisor(...quiet, '--snapshot-on', 'login:', join(folder, 'never.snap'));
  expect(await never.exit()).toBe(0);
  expect(never.output).toMatch(/--snapshot-on login:: it never came out/);
});

test('a snapshot that could not be written is told of by the status of a guest that ends well', async () => {
  const folder = join(scratch(), 'gone');
  mkdirSync(folder);
  const machine = tabvisor('run', '--memory', '16M', '--snapshot-on', 'WORKLOAD', join(folder, 'of.snap'));
  await machine.expect('tabvisor> ');
  rmSync(folder, { recursive: true });
  machine.send('run integer\n');
  await machine.expect(/snapshot .*gone\/of\.snap: no such file/i);
  await machine.expect('tabvisor> ');
  machine.send('poweroff\n');
  expect(await machine.exit()).toBe(125);
});

test('goes on with other options, or is refused and says why', async () => {
  const folder = scratch();
  const run = ['run', '--memory', '16M', '--append', 'run=integer,memory exit=poweroff'];
  const save = async (name: string, ...options: string[]): Promise<string> => {
    const file = join(folder, name);
    const saved = tabvisor(...run, ...options, '--snapshot-on', 'name=integer', file);
    expect(await saved.exit(), saved.output).toBe(0);
    return file;
  };
  const restored = async (file: string, ...options: string[]): Promise<string> => {
    const one = tabvisor('restore', file, ...options);
    return `${await one.exit()} ${one.output}`;
  };
  const log = ['--trace', 'irq', '--dump-wat', '0x100000'];
  const shadowed = await save('shadowed.snap', '--mode', 'hw', '--no-ept', ...log);
  const full = await restored(shadowed, '--mode', 'full');
  expect(full).toMatch(/^0 .*name=memory checksum=/s);
  expect(full).not.toMatch(/irq:|dump-wat/);
  expect(await restored(shadowed, '--net', 'user')).toMatch(
    /^125 .*with network card none, it cannot go on with ne2000/s,
  );

  const card = await save('card.snap', '--net', 'user,card=virtio');
  expect(await restored(card, '--net', 'user,allow=10.1.2.3')).toMatch(/^0 .*name=memory checksum=/s);
  expect(await restored(card, '--net', 'user,card=ne2000')).toMatch(
    /^125 .*network card virtio, it cannot go on with ne2000/s,
  );
  expect(await restored(card, '--net', 'none')).toMatch(/^125 .*network card virtio, it cannot go on with none/s);
});
