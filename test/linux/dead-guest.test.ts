// A Linux that will do nothing more is an exit status, at once: a panic by Debian's driver and by the text, a halt.
// Source: docs/usage.md, "Exit status"; drivers/misc/pvpanic and kernel/panic.c of Linux.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, type TestContext, test } from 'vitest';
import { archive } from '../../bench/cpio.mjs';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';

/** Process 1 does `command`; the panic device's driver lies in /. */
function machine(context: TestContext, mode: string, command: string): Console {
  const { kernel, initramfs, modules } = needs(context, 'kernel', 'initramfs', 'modules');
  const drivers = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/pvpanic[^/]*\.ko$/.test(path),
  );
  const files = drivers.map((path) => ({ path: basename(path), bytes: readFileSync(join(modules, path)) }));
  const initrd = join(scratch(), 'initrd');
  writeFileSync(initrd, Buffer.concat([readFileSync(initramfs), gzipSync(archive(files))]));
  const append = `console=ttyS0 cryptomgr.notests quiet tv.run="${command}"`;
  return Console.machine(['--mode', mode, '--kernel', kernel, '--initrd', initrd, '--append', append], {
    deadline: 240,
  });
}

const CRASH = 'echo c >/proc/sysrq-trigger';

test("Debian's driver finds the panic device, and a panic ends the run", async (context) => {
  const events = 'cat /sys/bus/platform/devices/QEMU0001:00/capability';
  const console = machine(context, 'hw', `insmod /pvpanic.ko; insmod /pvpanic-mmio.ko; ${events}; ${CRASH}`);
  await console.expect('BOOT-OK');
  await console.expect(/^3$/m);
  await console.expect('Kernel panic - not syncing: sysrq triggered crash');
  expect(await console.exit()).toBe(98);
  expect(console.output).toContain('the guest has panicked');
  expect(console.output, 'told by the device, before the last line').not.toContain('---[ end Kernel panic');
});

test('without the driver by its last words; they alone are no panic', async (context) => {
  const words = 'Kernel panic - not syncing: only said';
  const console = machine(context, 'para', `echo ${words}; sleep 2; echo alive; ${CRASH}`);
  await console.expect(/^alive$/m);
  expect(await console.exit()).toBe(98);
  expect(console.output).toContain('---[ end Kernel panic - not syncing: sysrq triggered crash ]---');
});

test('halt', async (context) => {
  const console = machine(context, 'hw', 'halt -f');
  expect(await console.exit()).toBe(96);
  expect(console.output).toMatch(/reboot: System halted[\s\S]*halted with interrupts off at 0060:/);
});
