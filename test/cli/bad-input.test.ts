// What people get wrong on the command line: a message that names it, status 125, and no guest has run.
// Source: docs/usage.md, "Exit status".

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const own = join(root, 'guest/build/tabvisor-guest.elf');

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bin/tabvisor.mjs'), 'vm', 'run', ...args],
    {
      encoding: 'utf8',
      input: '',
      timeout: 60_000,
    },
  );
  return { status, stdout, stderr };
}

function refuses(args: string[], ...messages: string[]): void {
  const { status, stdout, stderr } = run(...args);
  for (const message of messages) expect(stderr).toContain(message);
  expect(stderr).not.toContain('bug of tabvisor');
  expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
}

function file(name: string, content: string | Uint8Array = '', size?: number): string {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  if (size !== undefined) truncateSync(path, size);
  return path;
}

test('VT-x that the firmware has switched off: what, which rule, what to do', () => {
  refuses(
    ['--mode', 'hw', '--no-vmx'],
    'the processor has VT-x, but this machine was started with it switched off in its firmware (--no-vmx)',
    'IA32_FEATURE_CONTROL',
    'Leave --no-vmx out',
    'or use --mode full',
  );
  refuses(
    ['--mode', 'full', '--no-ept'],
    '--no-ept: mode full has no extended page tables to leave out',
    'Use it with --mode hw',
  );
  expect(run('--mode', 'full', '--no-vmx', '--max-instructions', '1000').status).toBe(124);
});

test('files that are not there', () => {
  refuses(['--kernel', '/no/such/kernel'], 'kernel /no/such/kernel: no such file', 'Check the path.');
  refuses(['--kernel', own, '--initrd', '/no/initrd'], 'initrd /no/initrd: no such file');
  refuses(['--bios', '/no/bios'], 'bios /no/bios: no such file', 'seabios');
  refuses(['--disk', '/no/disk.img'], 'disk /no/disk.img: no such file', 'truncate -s 1G /no/disk.img');
  refuses(['--cdrom', '/no/cd.iso'], 'cdrom /no/cd.iso: no such file');
  refuses(['--serial', 'file:/no/dir/out'], '--serial /no/dir/out: no such file', 'mkdir -p /no/dir');
  refuses(['--log-port', '0x190=/no/dir/log'], '--log-port /no/dir/log: no such file');
  refuses(['--stats', '/no/dir/stats', '--demo'], '--stats /no/dir/stats: no such file');
  refuses(['--stats', scratch()], 'is a directory');
  refuses(['--snapshot-on', 'WORKLOAD', '/no/dir/snap', '--demo'], 'snapshot /no/dir/snap: no such file');
});

test('files that are something else', () => {
  const folder = scratch();
  mkdirSync(join(folder, 'd'));
  refuses(['--kernel', join(folder, 'd')], 'not a regular file');
  refuses(['--disk', join(folder, 'd')], 'is a directory');
  refuses(['--kernel', file('empty')], 'the file is empty');
  refuses(['--kernel', file('text', 'hello\n')], 'neither a Linux bzImage nor a Multiboot kernel');
  refuses(['--bios', file('bios', 'x', 100_000)], 'a BIOS image has 64, 128, 256 KiB');
  refuses(['--bios', file('bios', 'x', 65536)], 'nothing at the reset vector');
});

test('kernels that are cut', (context) => {
  const { kernel } = needs(context, 'kernel');
  const bytes = readFileSync(kernel);
  refuses(['--kernel', file('k', bytes.subarray(0, 400))], 'neither a Linux bzImage nor');
  refuses(['--kernel', file('k', bytes.subarray(0, 0x210))], 'truncated: 528 bytes do not hold the setup header');
  refuses(['--kernel', file('k', bytes.subarray(0, 1_000_000))], `truncated: 1000000 bytes, its header says`);
  refuses(['--kernel', file('k', readFileSync(own).subarray(0, 20_000))], 'truncated: a segment ends at byte');
});

test('kernels and initrds that do not fit', (context) => {
  const { kernel } = needs(context, 'kernel');
  refuses(['--kernel', kernel, '--memory', '8M'], 'needs memory up to', 'the machine has 8 MiB', 'Give --memory');
  const large = file('initrd', '', 300 * 1024 * 1024);
  refuses(['--kernel', kernel, '--initrd', large], `initrd ${large}: 300 MiB do not fit`, 'Give more --memory.');
  refuses(['--kernel', own, '--initrd', large], 'ends at', 'Give more --memory.');
  refuses(['--memory', '2M'], 'is outside RAM, which ends at 2 MiB');
});

test('disks of a wrong size', () => {
  refuses(['--disk', file('d')], '0 bytes; an image has a positive multiple of 512');
  refuses(['--disk', file('d', '', 1000)], '1000 bytes; an image has a positive multiple of 512', 'truncate');
  refuses(['--cdrom', file('d', '', 512)], 'a positive multiple of 2048');
});

test('floppy disks of a wrong size', () => {
  refuses(['--floppy', '/no/floppy.img'], 'floppy /no/floppy.img: no such file', 'mformat -C -f 1440');
  refuses(['--floppy', file('f')], '0 bytes');
  refuses(['--floppy', file('f', '', 3_000_000)], '3000000 bytes; the largest floppy disk has 2949120', '--disk');
  refuses(
    ['--floppy', file('f', '', 512)],
    '512 bytes, which is part of a disk of 1474560',
    'truncate -s 1474560',
    ',snapshot',
  );
  expect(run('--floppy', `${file('f', '', 512)},snapshot`, '--append', 'exit=poweroff').status).toBe(0);
});

test('a disk that cannot be written', () => {
  // A program that runs cannot be opened for writing, not even by root.
  const program = join(scratch(), 'program');
  copyFileSync('/bin/sleep', program);
  const child = spawn(program, ['100'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill());
  refuses(['--disk', program], 'in use as a program', 'Give ,ro or ,snapshot after the name');
});

test('networks', () => {
  const path = file('notes', 'kept');
  refuses(['--net', `user,switch=${path}`], `switch=${path}: a regular file, not a socket`, 'Choose a path');
  expect(readFileSync(path, 'utf8')).toBe('kept');
  refuses(['--net', 'user,switch=/no/dir/lan.sock'], 'switch=/no/dir/lan.sock: no such file', 'Make its folder first.');
  refuses(['--net', `user,switch=${'x'.repeat(100)}`], '100 bytes; the path of a socket has at most 90', 'shorter');
  refuses(
    ['--net', 'user,switch=s', '--clock', 'virtual'],
    'machines on one switch live in the same time',
    'Leave one',
  );
  refuses(['--net', 'user,mac=52:54'], "mac=52:54: not a card's address", 'Write it as mac=52:54:00:00:00:02.');
  refuses(['--net', 'user,mac=01:00:00:00:00:01'], 'its first byte is even', 'Write it as');
  refuses(['--net', 'user,mac=52:55:0a:00:02:02'], "this is the gateway's address", 'Choose another');
});

test('options', () => {
  refuses(['--memory', 'lots'], '--memory lots: not a size', 'Write it as 256M or 1G.');
  refuses(['--mode', 'hw', '--balloon', '64M'], '--balloon 64M: there is a balloon in mode para alone');
  refuses(['--no-such-option'], "unknown option '--no-such-option'");
  refuses(['kernel.img'], 'too many arguments');
  refuses(['--trace', 'all'], '--trace all: unknown');
});

test('help and version are no errors', () => {
  const help = run('--help');
  expect(help.status).toBe(0);
  for (const option of ['--kernel', '--disk', '--debug-exit', '--stats', 'Examples:', 'Exit status']) {
    expect(help.stdout).toContain(option);
  }
  expect(Math.max(...help.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'bin/tabvisor.mjs'), '--version'], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: `${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`,
  });
});
