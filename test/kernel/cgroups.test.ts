// What the controllers of cgroup2 limit: the same program in Debian's kernel, which has them all, and here; the virtual clock goes by
// instructions, so that shares of the processor are the same on any machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { initramfsWith } from '../linux/para-machine.js';
import { missing, needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TestNode } from './node-fixture.js';

function program(context: TestContext, name: string): string {
  const binary = join(scratch(), name);
  const source = join(root, `test/kernel/groups/${name}.c`);
  try {
    execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', binary, source], { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  return binary;
}

test('limits and shares as Debian’s kernel has them', async (context) => {
  const { kernel } = needs(context, 'kernel');
  const binary = program(context, 'controllers');
  const initrd = initramfsWith(context, { 'bin/controllers': readFileSync(binary) }, 'initramfsVirtio');
  const append = 'console=ttyS0 cryptomgr.notests quiet tv.run="dmesg -n 1; cd /tmp && controllers"';
  const machine = ['--mode', 'hw', '--kernel', kernel, '--initrd', initrd, '--memory', '256M', '--append', append];
  const debian = Console.machine(machine, { deadline: 300 });
  expect(await debian.exit()).toBe(0);
  const { output } = debian;
  const native = output.slice(output.indexOf('== cgroup.subtree'), output.indexOf('TV-EXIT'));
  expect(output).toContain('TV-EXIT 0\n');

  const node = new TestNode();
  node.nanosecondsPerInstruction = 5;
  node.file('/bin/controllers', readFileSync(binary));
  const here = node.run(['/bin/controllers'], '', '/tmp');
  expect(here.errors).toBe('');
  expect(here.output).toBe(native);
  expect(here.status).toBe(0);
});
