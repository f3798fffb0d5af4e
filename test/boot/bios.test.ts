// SeaBIOS at the reset vector boots disks and a CD: a sector of ours, and Debian's unmodified boot loaders with its kernel.
// Source: the BIOS Boot Specification; El Torito 1.0.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { grubDisk, isolinuxCd, oneSectorDisk, sectorDisk, syslinuxDisk } from './images.js';

const deadline = 240;
const append = 'console=ttyS0 cryptomgr.notests tv.run="cat /proc/cmdline"';

const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

function loaded(context: TestContext): { kernel: string; initramfs: string; append: string } {
  return { ...needs(context, 'kernel', 'initramfs'), append };
}

async function reachesLinux(console: Console): Promise<void> {
  await console.expect(/BOOT-OK 6\.\d+\.\d+/);
  await console.expect('console=ttyS0 cryptomgr.notests ');
  await console.expect('TV-EXIT 0');
  expect(await console.exit()).toBe(0);
}

test.for(['full', 'hw', 'hw --no-ept'])(
  '--mode %s: a boot sector of ours reads the disk, the memory map and the clock',
  async (mode, context) => {
    const tools = needs(context, 'bios', 'nasm');
    const disk = join(scratch(), 'sector.img');
    sectorDisk(disk, fileURLToPath(new URL('sector.asm', import.meta.url)), 'the second sector, ', tools);
    const args = [
      '--mode',
      ...mode.split(' '),
      '--bios',
      tools.bios,
      '--memory',
      '64M',
      '--disk',
      disk,
      '--debug-exit',
      '0xf4',
    ];
    const console = Console.machine([...args, '--serial', 'stdio'], { deadline: 120 });
    const match = await console.expect(/the second sector, ([0-9a-f]{8}) ticks/);
    const above = Number.parseInt(match[1]!, 16);
    expect(above).toBeGreaterThan(62 << 20); // 64 MiB less the first one and what the BIOS keeps
    expect(above).toBeLessThanOrEqual(63 << 20);
    expect(await console.exit()).toBe((0x10 << 1) | 1);
  },
);

// On virtio SeaBIOS makes no geometry of it, under QEMU neither.
test('a disk of one sector boots', async (context) => {
  const tools = needs(context, 'bios', 'nasm');
  const disk = join(scratch(), 'one-sector.img');
  oneSectorDisk(disk, fileURLToPath(new URL('one-sector.asm', import.meta.url)), tools);
  const args = ['--bios', tools.bios, '--memory', '16M', '--disk', disk, '--debug-exit', '0xf4'];
  const console = Console.machine(args, { deadline: 120 });
  await console.expect('read from itself\n');
  expect(await console.exit()).toBe((0x10 << 1) | 1);
});

test('syslinux loads the kernel from a FAT disk', async (context) => {
  const { bios } = needs(context, 'bios');
  const disk = join(scratch(), 'syslinux.img');
  syslinuxDisk(disk, loaded(context), needs(context, 'syslinux', 'syslinuxMbr', 'mformat', 'mcopy'));
  const before = hash(disk);
  const args = ['--mode', 'full', '--bios', bios, '--memory', '256M', '--disk', disk, '--serial', 'stdio'];
  const console = Console.machine(args, { deadline });
  await console.expect('SYSLINUX 6.04');
  await reachesLinux(console);
  expect(hash(disk)).toBe(before);
});

test('isolinux loads the kernel from a CD', async (context) => {
  const { bios } = needs(context, 'bios');
  const cd = join(scratch(), 'isolinux.iso');
  isolinuxCd(cd, loaded(context), needs(context, 'xorriso', 'isolinux', 'syslinuxModules'));
  const args = ['--mode', 'full', '--bios', bios, '--memory', '256M', '--cdrom', cd, '--serial', 'stdio'];
  const console = Console.machine(args, { deadline });
  await console.expect('ISOLINUX 6.04');
  await reachesLinux(console);
});

test('GRUB loads the kernel from a disk', async (context) => {
  const { bios } = needs(context, 'bios');
  const disk = join(scratch(), 'grub.img');
  grubDisk(disk, loaded(context), needs(context, 'grubMkrescue', 'grubModules'));
  const args = [
    '--mode',
    'full',
    '--bios',
    bios,
    '--memory',
    '256M',
    '--disk',
    `${disk},snapshot`,
    '--serial',
    'stdio',
  ];
  const console = Console.machine(args, { deadline });
  await console.expect('GRUB loads');
  await reachesLinux(console);
});
