// Linux's own IDE and ext4 drivers on our disks: what it reads is what mke2fs put there, what it writes is there afterwards.
// Source: mke2fs(8), e2fsck(8) and debugfs(8) of the host as the judges.

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { onOracle } from '../oracle.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hashOf = (file: string): string => sha256(readFileSync(file));

/** Boots with the IDE modules and `drives` as our command line says them, and runs one line of shell. */
function run(context: TestContext, drives: string[], command: string, mode = 'full'): Console {
  const { kernel, initramfsIde } = needs(context, 'kernel', 'initramfsIde');
  // in mode hw the most memory, so that DMA goes above 2 GiB
  const memory = mode === 'hw' ? '3072M' : '256M';
  const machine = ['--mode', mode, '--kernel', kernel, '--initrd', initramfsIde, '--memory', memory];
  const append = `console=ttyS0 cryptomgr.notests tv.run="${command}"`;
  const args = [...machine, '--append', append, '--serial', 'stdio', ...drives];
  return Console.machine(args, { deadline: 240 });
}

async function ends(console: Console): Promise<void> {
  await console.expect('TV-EXIT 0\n');
  expect(await console.exit()).toBe(0);
}

/** A file system of 16 MiB with `content` in it as /given/content.bin. */
function fileSystem(context: TestContext, kind: 'ext2' | 'ext4', content: Uint8Array): string {
  const { mke2fs } = needs(context, 'mke2fs');
  const folder = scratch();
  mkdirSync(join(folder, 'tree/given'), { recursive: true });
  writeFileSync(join(folder, 'tree/given/content.bin'), content);
  const disk = join(folder, `${kind}.img`);
  execFileSync(mke2fs, ['-q', '-F', '-t', kind, '-d', join(folder, 'tree'), disk, '16M'], { stdio: 'pipe' });
  return disk;
}

/** Fails unless e2fsck finds nothing to mend. */
function expectClean(context: TestContext, disk: string): void {
  const { e2fsck } = needs(context, 'e2fsck');
  execFileSync(e2fsck, ['-f', '-n', disk], { stdio: 'pipe' });
}

/** The bytes of a file in the image, read by the host's own tools. */
function dump(context: TestContext, disk: string, path: string): Buffer {
  const { debugfs } = needs(context, 'debugfs');
  return execFileSync(debugfs, ['-R', `cat ${path}`, disk], { stdio: 'pipe', maxBuffer: 1 << 26 });
}

/** Copies what is given, appends to it, makes a directory, removes what was there. */
const work =
  'mount /dev/sda /mnt && sha256sum /mnt/given/content.bin && cd /mnt && mkdir made && ' +
  'cat given/content.bin given/content.bin > made/twice.bin && seq 1 30000 > made/numbers && ' +
  'rm given/content.bin && sync && cd / && umount /mnt';

test.for([
  ['ext2', 'load-ide', 'full'],
  ['ext4', 'load-ide', 'full'],
  ['ext4', 'load-ide', 'hw'],
  ['ext4', 'load-ide dma=0', 'hw'],
] as const)('%s is read and written, after %s, in mode %s', async ([kind, load, mode], context) => {
  const content = randomBytes(1_500_003);
  const disk = fileSystem(context, kind, content);
  const console = run(context, ['--disk', disk], `${load} && ${work}`, mode);
  await console.expect('BOOT-OK');
  await console.expect(sha256(content));
  await ends(console);

  expectClean(context, disk);
  expect(sha256(dump(context, disk, '/made/twice.bin'))).toBe(sha256(Buffer.concat([content, content])));
  const numbers = Array.from({ length: 30_000 }, (_, i) => `${i + 1}\n`).join('');
  expect(dump(context, disk, '/made/numbers').toString()).toBe(numbers);
  expect(dump(context, disk, '/given/content.bin')).toHaveLength(0);
});

test('a floppy disk is read and written, in drives A and B', async (context) => {
  const { mke2fs } = needs(context, 'mke2fs');
  const folder = scratch();
  const content = randomBytes(700_001);
  mkdirSync(join(folder, 'tree'));
  writeFileSync(join(folder, 'tree/content.bin'), content);
  const [a, b] = [join(folder, 'a.img'), join(folder, 'b.img')];
  execFileSync(mke2fs, ['-q', '-F', '-t', 'ext2', '-d', join(folder, 'tree'), a, '1440K'], { stdio: 'pipe' });
  execFileSync(mke2fs, ['-q', '-F', '-t', 'ext2', b, '2880K'], { stdio: 'pipe' });
  const work =
    'mkdir /a /b && mount /dev/fd0 /a && mount /dev/fd1 /b && sha256sum /a/content.bin && cp /a/content.bin /b/copy.bin && ' +
    'seq 1 30000 > /a/numbers && rm /a/content.bin && umount /a && umount /b';
  const console = run(context, ['--floppy', a, '--floppy', b], `load-ide && modprobe floppy && ${work}`, 'hw');
  await console.expect(sha256(content));
  await ends(console);
  for (const disk of [a, b]) expectClean(context, disk);
  expect(sha256(dump(context, b, '/copy.bin'))).toBe(sha256(content));
  expect(dump(context, a, '/numbers').toString()).toBe(Array.from({ length: 30_000 }, (_, i) => `${i + 1}\n`).join(''));
});

test('a snapshot keeps what is written from the file', async (context) => {
  const content = randomBytes(300_000);
  const disk = fileSystem(context, 'ext4', content);
  const before = hashOf(disk);
  const console = run(
    context,
    ['--disk', `${disk},snapshot`],
    `load-ide && ${work} && mount /dev/sda /mnt && sha256sum /mnt/made/twice.bin`,
  );
  await console.expect(sha256(content));
  await console.expect(sha256(Buffer.concat([content, content])));
  await ends(console);
  expect(hashOf(disk)).toBe(before);
});

// QEMU refuses read-only disks on IDE.
test.skipIf(onOracle)('a read-only disk beside a writable one stays as it is', async (context) => {
  const content = randomBytes(300_000);
  const source = fileSystem(context, 'ext4', content);
  const target = fileSystem(context, 'ext2', Buffer.from('to be written'));
  const before = hashOf(source);
  const command = [
    'load-ide && mkdir /mnt/from /mnt/to && mount -o ro /dev/sdb /mnt/from && mount /dev/sda /mnt/to',
    'cp /mnt/from/given/content.bin /mnt/to/copy && umount /mnt/from && umount /mnt/to',
    'if dd if=/dev/zero of=/dev/sdb bs=4096 count=1 conv=fsync; then echo took-$((40 + 2)); fi; true',
  ].join(' && ');
  const console = run(context, ['--disk', target, '--disk', `${source},ro`], command);
  await ends(console);
  expect(console.output).not.toContain('took-42');
  expect(hashOf(source)).toBe(before);
  expectClean(context, target);
  expect(sha256(dump(context, target, '/copy'))).toBe(sha256(content));
});

test('a CD is mounted and read', async (context) => {
  const { xorriso } = needs(context, 'xorriso');
  const content = randomBytes(1_500_003);
  const folder = scratch();
  mkdirSync(join(folder, 'tree'));
  writeFileSync(join(folder, 'tree/Content With Spaces.bin'), content);
  const cd = join(folder, 'cd.iso');
  const args = ['-as', 'mkisofs', '-quiet', '-R', '-o', cd, join(folder, 'tree')];
  execFileSync(xorriso, args, { stdio: 'pipe' });
  const command = 'load-ide && mount -o ro /dev/sr0 /mnt && cat /mnt/Content* | sha256sum && umount /mnt';
  const console = run(context, ['--cdrom', cd], command);
  await console.expect(sha256(content));
  await ends(console);
});
