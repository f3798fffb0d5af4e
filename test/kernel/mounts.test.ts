// What mounts hold and let go: memory, numbers, bounds. Static busybox; the rules themselves are in programs/mount.c.
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { MOUNT_MAX } from '../../src/kernel/ns/mount-namespace.js';
import { needs, provisioned } from '../provisioned.js';
import { TestNode } from './node-fixture.js';

let node: TestNode;

beforeAll(() => {
  const busybox = provisioned('busybox');
  if (busybox === undefined) return;
  node = new TestNode();
  node.file('/bin/busybox', readFileSync(busybox));
  for (const name of ['sh', 'mount', 'umount', 'mkdir', 'dd', 'cat', 'rm', 'wc', 'sleep'])
    node.link('busybox', `/bin/${name}`);
});

/** Frames that are free after `command`, which ran to its end with status 0. */
function freeAfter(command: string): number {
  const { status, errors } = node.run(['sh', '-c', command]);
  expect(errors).toBe('');
  expect(status).toBe(0);
  return node.kernel.frames.free;
}

test('an unmounted tmpfs gives its memory back', (context) => {
  needs(context, 'busybox');
  freeAfter('mkdir -p /mnt/a/b; mount -t tmpfs x /mnt; umount /mnt');
  const before = freeAfter('true');
  const fill = 'mount -t tmpfs x /mnt; dd if=/dev/zero of=/mnt/f bs=65536 count=32 2>/dev/null';
  expect(freeAfter(`${fill}; umount /mnt`)).toBe(before);
  expect(freeAfter(`${fill}; rm /mnt/f; umount /mnt`)).toBe(before);
});

test('one that somebody is in when it goes lazily gives it back when he leaves', (context) => {
  needs(context, 'busybox');
  const fill = 'mkdir -p /mnt; mount -t tmpfs x /mnt; dd if=/dev/zero of=/mnt/f bs=65536 count=32 2>/dev/null';
  const inside = `${fill}; (cd /mnt; umount -l /mnt; cat f | wc -c >/dev/null; sleep 1)`;
  const reading = `${fill}; exec 3< /mnt/f; umount -l /mnt; cat <&3 | wc -c >/dev/null`;
  // the first one leaves what the kernel keeps for so many tasks
  const before = freeAfter(inside);
  expect(freeAfter(inside)).toBe(before);
  expect(freeAfter(reading)).toBe(before);
});

test('mounts that double themselves end at the bound', (context) => {
  needs(context, 'busybox');
  const script =
    'mkdir -p /d; mount -t tmpfs x /d; mkdir /d/e; while mount --rbind /d /d/e 2>/dev/null; do :; done; wc -l < /proc/mounts; umount -l /d';
  const before = [...node.mounts.namespace.mounts()].length;
  const { output } = node.run(['sh', '-c', script]);
  expect(Number(output)).toBeGreaterThan(MOUNT_MAX / 4);
  expect(Number(output)).toBeLessThanOrEqual(MOUNT_MAX);
  expect([...node.mounts.namespace.mounts()]).toHaveLength(before);
});
