// A booted Debian goes on from a snapshot for a small part of what its boot has cost.
// Source: docs/usage.md, "Snapshots". CPU time of the whole process, so that what else the host does counts little; `npm run bench -- --restore` has seconds.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const deadline = 120;
/** The boot’s CPU time in restores; now 5 to 7. A seventh of a restore is Node’s own start. */
const TIMES = 2;

test.for(['hw', 'para'])('restored in mode %s, it answers for less than half of the boot', async (mode, context) => {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const file = join(scratch(), 'booted.snap');
  const answer = async (console: Console): Promise<number> => {
    // not in what is echoed
    console.send('echo answer-$((1 + 1))\n');
    await console.expect('answer-2');
    return console.cpuSeconds();
  };
  const tabvisor = (...args: string[]): Console =>
    Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', ...args], { deadline });

  const booted = tabvisor(
    ...['run', '--mode', mode, '--kernel', kernel, '--initrd', initramfs, '--memory', '256M'],
    ...['--append', 'console=ttyS0 cryptomgr.notests', '--snapshot-on', 'all-saved', file],
  );
  await booted.expect('# ');
  const boot = await answer(booted);
  booted.send('echo all-"saved"\n');
  await booted.expect(/snapshot .* MiB;/);
  booted.kill();

  const restored = await answer(tabvisor('restore', file));
  expect(restored).toBeGreaterThan(0);
  expect(boot / restored, `${boot} and ${restored} CPU seconds`).toBeGreaterThan(TIMES);
});
