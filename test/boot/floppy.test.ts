// Floppy disks through SeaBIOS: sectors of ours, syslinux in every format, GRUB's rescue disk as Debian ships it, and what is tried first.
// Source: the BIOS Boot Specification; syslinux(1), mtools(1), grub-rescue-pc.

import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, test } from 'vitest';
import type { BootDevice } from '../../src/hosts/node/index.js';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { VmScreen } from '../vm-screen.js';
import { oneSectorDisk, sayingCd, sayingDisk, syslinuxFloppy } from './images.js';

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test.for(['full', 'hw', 'hw --no-ept'])(
  '--mode %s: an image of one sector boots from drive A',
  async (mode, context) => {
    const { bios256k: bios, nasm } = needs(context, 'bios256k', 'nasm');
    const image = join(scratch(), 'one-sector.img');
    oneSectorDisk(image, source('one-sector.asm'), { nasm });
    const machine = ['--mode', ...mode.split(' '), '--bios', bios, '--memory', '16M', '--debug-exit', '0xf4'];
    const console = Console.machine([...machine, '--floppy', `${image},ro`], { deadline: 120 });
    await console.expect('read from itself\n');
    expect(await console.exit()).toBe((0x10 << 1) | 1);
  },
);

test.for([360, 720, 1200, 1440, 2880])('syslinux is at its prompt from a disk of %i K', async (kib, context) => {
  const { bios256k: bios } = needs(context, 'bios256k');
  const image = join(scratch(), 'syslinux.img');
  syslinuxFloppy(image, kib, `a disk of ${kib} K`, needs(context, 'syslinux', 'mformat', 'mcopy'));
  const { vgabios } = needs(context, 'vgabios');
  const screen = await VmScreen.start({ bios, vgabios, memory: '32M', floppies: [image] });
  await screen.expect(/^SYSLINUX 6\.04 [\s\S]*^a disk of (\d+) K\nboot:/m);
  expect(screen.text).toContain(`a disk of ${kib} K`);
});

test('GRUB’s rescue disk: its menu, its prompt, files from the disk, also in a machine that was restored', async (context) => {
  const { bios256k: bios, vgabios, grubFloppy } = needs(context, 'bios256k', 'vgabios', 'grubFloppy');
  const options = { bios, vgabios, memory: '64M', floppies: [grubFloppy] };
  const first = await VmScreen.start(options);
  await first.expect(/GNU\/Linux[\s\S]*OpenBSD[\s\S]*Press enter to boot the selected OS/);
  first.press('c');
  await first.expect(/^grub>$/m);
  const restore = await first.vm.snapshot();
  first.vm.stop();

  const second = await VmScreen.start({ ...options, restore });
  await second.expect(/^grub>$/m);
  second.press('ls\r');
  await second.expect(/\(fd0\)/);
});

/** Drive A, the first disk and the CD, each with a sector that says which it is. */
function drives(context: TestContext) {
  const { nasm, xorriso } = needs(context, 'nasm', 'xorriso');
  const folder = scratch();
  const [floppy, disk, cd] = ['floppy', 'disk', 'cd'].map((name) => join(folder, name));
  sayingDisk(floppy!, source('says.asm'), 'floppy', { nasm });
  sayingDisk(disk!, source('says.asm'), 'disk', { nasm });
  sayingCd(cd!, source('says.asm'), 'cd', { nasm, xorriso });
  return { floppy: floppy!, disk: disk!, cd: cd! };
}

test('what is tried first, and what after', async (context) => {
  const { bios256k: bios } = needs(context, 'bios256k');
  const { floppy, disk, cd } = drives(context);
  const all = ['--floppy', `${floppy},ro`, '--disk', `${disk},ro`, '--cdrom', cd];
  const boots = async (args: string[]): Promise<string> => {
    const machine = ['--bios', bios, '--memory', '16M', '--debug-exit', '0xf4', ...args];
    const console = Console.machine(machine, { deadline: 120 });
    const [, name] = await console.expect(/(\w+) boots\n/);
    expect(await console.exit()).toBe((0x10 << 1) | 1);
    return name!;
  };
  expect(await boots(all)).toBe('disk');
  for (const order of ['floppy,disk', 'cd', 'network,cd,floppy', 'disk,floppy,cd,network']) {
    const kinds = order.split(',') as (BootDevice | 'cd')[];
    expect(await boots([...all, '--boot', order, '--net', 'user'])).toBe(kinds.find((kind) => kind !== 'network'));
  }
  // Nothing can be booted from a disk of zeros.
  const blank = join(scratch(), 'blank.img');
  writeFileSync(blank, new Uint8Array(1 << 20));
  expect(await boots(['--disk', blank, '--floppy', `${floppy},ro`])).toBe('floppy');
  // A disk on virtio, of which SeaBIOS asks for some cylinders.
  truncateSync(disk, 16 << 20);
  expect(await boots(['--disk', `${disk},ro,if=virtio`, '--floppy', `${floppy},ro`])).toBe('disk');
});
