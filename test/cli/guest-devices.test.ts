// Our own guest's drivers on our devices: what they read and write is the same on every card and in every mode.
// Source: guest/README.md (workloads), guest/expected.json.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { expectAllWorkloads, guestImage, makeDisk } from '../guest-report.js';
import { scratch } from '../scratch.js';

test.for([
  ['full', 'ide', 'ne2000'],
  ['hw', 'ide', 'ne2000'],
  ['full', 'virtio', 'virtio'],
  ['hw', 'virtio', 'virtio'],
  ['para', 'virtio', 'virtio'],
] as const)('mode %s, disk %s, network %s: every workload says what it should', async ([mode, disk, card]) => {
  const file = join(scratch(), 'disk.img');
  makeDisk('scratch', file);
  const console = Console.machine(
    [
      ...['--mode', mode, '--kernel', guestImage('tabvisor-guest.elf'), '--memory', '64M'],
      ...['--disk', `${file},snapshot,if=${disk}`, '--net', `user,card=${card}`, '--append', 'run=all exit=poweroff'],
    ],
    { deadline: 300 },
  );
  expect(await console.exit()).toBe(0);
  expect(console.output).toMatch(new RegExp(`network: ${card} 52:54:00:12:34:56\r?\n`));
  expectAllWorkloads(console.output, 1, { disk, network: true, kvm: mode === 'para' });
});
