// Debian's kernel in mode para with its root on virtio-blk: the disk, the way there from the initramfs, a login on hvc0.
// mke2fs(8), switch_root(8); Linux Documentation/driver-api/early-userspace/buffer-format.rst.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { TestContext } from 'vitest';
import { archive } from '../../bench/cpio.mjs';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';

/** In front of the initramfs' own init: load the drivers, go to the disk. */
const PIVOT = `#!/bin/busybox sh
export PATH=/bin:/sbin:/etc/tv
/bin/busybox --install -s /bin
ln -s ../bin/modprobe /sbin/modprobe
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
load-virtio
mount -t ext4 /dev/vda /mnt
for place in proc sys dev; do mount --move /$place /mnt/$place; done
exec switch_root /mnt /sbin/init
`;

const INIT = `#!/bin/busybox sh
export PATH=/bin:/sbin HOME=/ TERM=linux
/bin/busybox --install -s /bin
dmesg -n 4
ip link set lo up
while :; do getty -L 115200 hvc0 vt100 < /dev/null > /dev/null 2>&1; done
`;

/** An ext4 of 24 MiB that a guest can live on; `files` are written into it. */
export function rootDisk(context: TestContext, files: Record<string, string> = {}): string {
  const { mke2fs, busybox } = needs(context, 'mke2fs', 'busybox');
  const folder = scratch();
  const tree = join(folder, 'tree');
  for (const name of ['bin', 'data', 'sbin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'mnt', 'www']) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  copyFileSync(busybox, join(tree, 'bin/busybox'));
  const content: Record<string, string> = {
    'sbin/init': INIT,
    'etc/passwd': 'root::0:0:root:/:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    ...files,
  };
  for (const [path, text] of Object.entries(content)) writeFileSync(join(tree, path), text, { mode: 0o755 });
  const disk = join(folder, 'root.img');
  execFileSync(mke2fs, ['-q', '-F', '-t', 'ext4', '-d', tree, disk, '24M'], { stdio: 'pipe' });
  return disk;
}

/** The initramfs with its modules, and what `files` say over it. */
export function initramfsWith(
  context: TestContext,
  files: Record<string, string | Uint8Array>,
  base: 'initramfsVirtio' | 'initramfsIde' = 'initramfsVirtio',
): string {
  const initramfs = needs(context, base)[base];
  const path = join(scratch(), 'initramfs.cpio.gz');
  const over = archive(Object.entries(files).map(([name, text]) => ({ path: name, bytes: Buffer.from(text) })));
  // the kernel unpacks archives that follow one another
  writeFileSync(path, Buffer.concat([readFileSync(initramfs), gzipSync(over)]));
  return path;
}

/** Boots from the disk to a login; `args` are further options, each a name and its value. */
export function bootFromDisk(context: TestContext, disk: string, args: string[]): Console {
  const { kernel } = needs(context, 'kernel');
  const initramfs = initramfsWith(context, { init: PIVOT });
  const machine = ['--mode', 'para', '--kernel', kernel, '--initrd', initramfs, '--memory', '256M', '--disk', disk];
  const append = 'console=ttyS0 cryptomgr.notests quiet';
  return Console.machine([...machine, '--append', append, ...args], { deadline: 240 });
}

/** Runs a line in the guest's shell; what it printed. */
export async function sh(console: Console, command: string): Promise<string> {
  // the echo of what is typed must not look like the end
  console.send(`${command}; echo "e""nd:$?"\n`);
  const [text, status] = await console
    .expect(/end:(\d+)\n/)
    .then((match) => [match.input.slice(0, match.index), match[1]]);
  if (status !== '0') throw new Error(`${command}: status ${status}\n${text}`);
  return text;
}

/** Fails unless e2fsck finds nothing to mend. */
export function expectClean(context: TestContext, disk: string): void {
  const { e2fsck } = needs(context, 'e2fsck');
  execFileSync(e2fsck, ['-f', '-n', disk], { stdio: 'pipe' });
}
