// Debian in mode para is saved at its prompt on the virtio console, and goes on in another process: clock, interrupts, rings, console.
// Source: docs/usage.md, "Snapshots".

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { bootFromDisk, rootDisk, sh } from './para-machine.js';

test('a para machine goes on from a snapshot, and only as one', async (context) => {
  const file = join(scratch(), 'para.snap');
  const disk = rootDisk(context, { kept: 'on the disk\n' });
  const console = bootFromDisk(context, `${disk},snapshot`, ['--snapshot-on', 'mar-ked', file]);
  await console.expect('login: ');
  console.send('root\n');
  await console.expect('# ');
  console.send('echo written before > /new; echo mar-"ked"\n');
  await console.expect(/snapshot .* MiB;/);
  console.kill();

  const tabvisor = (...args: string[]) =>
    Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', 'restore', file, ...args], {
      deadline: 240,
    });
  const refused = tabvisor('--mode', 'hw');
  expect(await refused.exit()).toBe(125);
  expect(refused.output).toContain('of mode para, it cannot go on in mode hw');

  const restored = tabvisor();
  expect(await sh(restored, 'cat /kept /new')).toContain('on the disk\nwritten before\n');
  expect(await sh(restored, 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource')).toContain(
    'kvm-clock',
  );
  await sh(restored, 'sleep 1');
  await sh(restored, 'seq 1 100000 > /more; sync; echo 3 > /proc/sys/vm/drop_caches; tail -n 1 /more | grep -x 100000');
  restored.send('poweroff -f\n');
  expect(await restored.exit()).toBe(0);
});
