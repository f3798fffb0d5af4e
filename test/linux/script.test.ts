// One line of shell: a boot, a command, its output, its status.
// Source: docs/usage.md, "Scripts".

import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { Console } from '../console.js';
import { needs, root } from '../provisioned.js';

function shell(context: TestContext, before: string, options: string): Console {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const machine = `--kernel ${kernel} --initrd ${initramfs} --append 'console=ttyS0 cryptomgr.notests quiet'`;
  const command = `${before} ${process.execPath} ${join(root, 'bin/tabvisor.mjs')} vm run ${machine} ${options}`;
  return Console.spawn('bash', ['-c', command], { deadline: 240 });
}

test('what is piped in before the kernel listens is typed at the shell, whole', async (context) => {
  const console = shell(context, `printf 'uname -r\\npoweroff -f\\n' |`, '--mode hw');
  expect(await console.exit()).toBe(0);
  expect(console.output).toMatch(/# uname -r\n\d+\.\d+\.\d+\S*-686\n.*# poweroff -f\n/);
});

test('a command is typed at the prompt, and its status is ours', async (context) => {
  const typed = `--send-after '# =false; echo status $?\\n' --exit-on 'status 0=0' --exit-on 'status 1=41'`;
  const console = shell(context, '', `--mode para ${typed} </dev/null`);
  expect(await console.exit()).toBe(41);
  expect(console.output).toMatch(/\nstatus 1\n$/);
});
