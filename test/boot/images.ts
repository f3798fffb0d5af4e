// Bootable images as Debian's own tools make them: syslinux on a disk, isolinux on a CD, GRUB; a sector of ours.
// Source: syslinux(1), mtools(1), xorrisofs(1), grub-mkrescue(1); the partition table is the PC's, one active FAT16 partition.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SECTOR = 512;
const PARTITION_START = 2048;
const PARTITION_SECTORS = 62 * 2048;

/** The boot loader's files and what it is to load. */
export interface Loaded {
  kernel: string;
  initramfs: string;
  append: string;
}

/** The same configuration for syslinux and isolinux: talk on the first serial port, boot at once. */
function configuration(append: string): string {
  return `SERIAL 0 115200
PROMPT 0
DEFAULT linux
LABEL linux
  KERNEL /vmlinuz
  INITRD /initrd.gz
  APPEND ${append}
`;
}

/** A 64 MiB disk: Debian's MBR code, one FAT16 partition, syslinux and a kernel in it. */
export function syslinuxDisk(
  file: string,
  loaded: Loaded,
  tools: Record<'syslinux' | 'syslinuxMbr' | 'mformat' | 'mcopy', string>,
): void {
  const partition = `${file}@@${PARTITION_START * SECTOR}`;
  const run = (tool: string, ...args: string[]): void => {
    // Some mtools checks of geometry make no sense for an image.
    const env = { ...process.env, MTOOLS_SKIP_CHECK: '1', PATH: `${dirname(tools.mcopy)}:${process.env.PATH}` };
    execFileSync(tool, args, { env, stdio: 'pipe' });
  };
  writeFileSync(file, masterBootRecord(readFileSync(tools.syslinuxMbr)));
  truncateSync(file, (PARTITION_START + PARTITION_SECTORS) * SECTOR);
  run(tools.mformat, '-i', partition, '-T', `${PARTITION_SECTORS}`, '-h', '16', '-s', '63', '-H', `${PARTITION_START}`);
  run(tools.syslinux, '--install', '--offset', `${PARTITION_START * SECTOR}`, file);
  const settings = `${file}.cfg`;
  writeFileSync(settings, configuration(loaded.append));
  run(tools.mcopy, '-i', partition, loaded.kernel, '::vmlinuz');
  run(tools.mcopy, '-i', partition, loaded.initramfs, '::initrd.gz');
  run(tools.mcopy, '-i', partition, settings, '::syslinux.cfg');
}

function masterBootRecord(code: Buffer): Buffer {
  const record = Buffer.alloc(SECTOR);
  code.copy(record, 0, 0, 440);
  const entry = 446;
  record[entry] = 0x80; // active
  record.fill(0xff, entry + 1, entry + 4); // CHS: beyond reach, use LBA
  record[entry + 4] = 0x0e; // FAT16, LBA
  record.fill(0xff, entry + 5, entry + 8);
  record.writeUInt32LE(PARTITION_START, entry + 8);
  record.writeUInt32LE(PARTITION_SECTORS, entry + 12);
  record.writeUInt16LE(0xaa55, 510);
  return record;
}

/** An El Torito CD image: isolinux without emulation. */
export function isolinuxCd(
  file: string,
  loaded: Loaded,
  tools: Record<'xorriso' | 'isolinux' | 'syslinuxModules', string>,
): void {
  const tree = isolinuxTree(file, configuration(loaded.append), ['ldlinux'], tools);
  copyFileSync(loaded.kernel, join(tree, 'vmlinuz'));
  copyFileSync(loaded.initramfs, join(tree, 'initrd.gz'));
  makeCd(file, tree, tools);
}

/** A CD that boots to isolinux's menu on the screen, titled `title`, with an entry for each line, and stays there. */
export function menuCd(
  file: string,
  title: string,
  entries: readonly string[],
  tools: Record<'xorriso' | 'isolinux' | 'syslinuxModules', string>,
): void {
  const items = entries.map((entry, i) => `LABEL e${i}\n  MENU LABEL ${entry}\n  LOCALBOOT -1\n`);
  const settings = `UI menu.c32\nMENU TITLE ${title}\n${items.join('')}`;
  makeCd(file, isolinuxTree(file, settings, ['ldlinux', 'menu', 'libutil'], tools), tools);
}

function isolinuxTree(
  file: string,
  settings: string,
  modules: readonly string[],
  tools: Record<'isolinux' | 'syslinuxModules', string>,
): string {
  const tree = `${file}.tree`;
  mkdirSync(join(tree, 'isolinux'), { recursive: true });
  copyFileSync(tools.isolinux, join(tree, 'isolinux/isolinux.bin'));
  for (const module of modules)
    copyFileSync(join(tools.syslinuxModules, `${module}.c32`), join(tree, `isolinux/${module}.c32`));
  writeFileSync(join(tree, 'isolinux/isolinux.cfg'), settings);
  return tree;
}

function makeCd(file: string, tree: string, { xorriso }: Record<'xorriso', string>): void {
  const boot = ['-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat', '-no-emul-boot', '-boot-load-size', '4'];
  const args = ['-as', 'mkisofs', '-quiet', '-R', '-V', 'TABVISOR', ...boot, '-boot-info-table', '-o', file, tree];
  execFileSync(xorriso, args, { stdio: 'pipe' });
}

/** A hybrid image, CD and disk in one, with GRUB: begun as a disk, GRUB finds the ISO 9660 file system on it by INT 13h. */
export function grubDisk(file: string, loaded: Loaded, tools: Record<'grubMkrescue' | 'grubModules', string>): void {
  const tree = `${file}.tree`;
  mkdirSync(join(tree, 'boot/grub'), { recursive: true });
  copyFileSync(loaded.kernel, join(tree, 'boot/vmlinuz'));
  copyFileSync(loaded.initramfs, join(tree, 'boot/initrd.gz'));
  const settings = `serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
menuentry linux {
  echo GRUB loads
  linux /boot/vmlinuz ${loaded.append}
  initrd /boot/initrd.gz
}
`;
  writeFileSync(join(tree, 'boot/grub/grub.cfg'), settings);
  const args = ['-d', tools.grubModules, '--locales=', '--themes=', '--fonts=', '-o', file, tree];
  execFileSync(tools.grubMkrescue, args, { stdio: 'pipe' });
}

/** A floppy disk of so many KiB with syslinux, which says `text` and asks what to boot. */
export function syslinuxFloppy(
  file: string,
  kib: number,
  text: string,
  tools: Record<'syslinux' | 'mformat' | 'mcopy', string>,
): void {
  const settings = `${file}.cfg`;
  writeFileSync(settings, `SAY ${text}\nPROMPT 1\nDEFAULT nothing\n`);
  execFileSync(tools.mformat, ['-C', '-i', file, '-f', `${kib}`, '::'], { stdio: 'pipe' });
  execFileSync(tools.mcopy, ['-i', file, settings, '::syslinux.cfg'], { stdio: 'pipe' });
  const env = { ...process.env, MTOOLS_SKIP_CHECK: '1', PATH: `${dirname(tools.mcopy)}:${process.env.PATH}` };
  execFileSync(tools.syslinux, ['--install', file], { env, stdio: 'pipe' });
}

/** An image whose boot sector says `name`: says.asm. */
export function sayingDisk(file: string, source: string, name: string, tools: Record<'nasm', string>): void {
  oneSectorDisk(file, source, tools, [`-DNAME='${name}'`]);
}

/** A CD that boots the same sector. */
export function sayingCd(
  file: string,
  source: string,
  name: string,
  { nasm, xorriso }: Record<'nasm' | 'xorriso', string>,
): void {
  const tree = `${file}.tree`;
  mkdirSync(tree);
  sayingDisk(join(tree, 'boot.bin'), source, name, { nasm });
  const boot = ['-b', 'boot.bin', '-c', 'boot.cat', '-no-emul-boot', '-boot-load-size', '1'];
  execFileSync(xorriso, ['-as', 'mkisofs', '-quiet', ...boot, '-o', file, tree], { stdio: 'pipe' });
}

/** A disk that is one assembled boot sector, and no more. */
export function oneSectorDisk(
  file: string,
  source: string,
  tools: Record<'nasm', string>,
  defines: readonly string[] = [],
): void {
  execFileSync(tools.nasm, ['-f', 'bin', ...defines, '-o', file, source], { stdio: 'pipe' });
  const { size } = statSync(file);
  if (size !== SECTOR) throw new Error(`${source} makes ${size} bytes, not one sector`);
}

/** A disk that begins with an assembled boot sector; `text` lies in the sector behind it. */
export function sectorDisk(file: string, source: string, text: string, tools: Record<'nasm', string>): void {
  oneSectorDisk(file, source, tools);
  const disk = Buffer.alloc(1 << 20);
  readFileSync(file).copy(disk);
  disk.write(`${text}\0`, SECTOR, 'latin1');
  writeFileSync(file, disk);
}
