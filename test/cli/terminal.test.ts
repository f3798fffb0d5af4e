// A person at a terminal: the escape key's answers, and messages that do not stand behind a line of the guest's.
// The terminal is a pseudo-terminal of script(1); docs/usage.md, section "The console".

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const ESCAPE = '\x01';

/** `tabvisor vm run ...args` on a terminal of its own; no argument has a blank in it. */
function onTerminal(context: TestContext, ...args: string[]): Console {
  try {
    execFileSync('script', ['--version'], { stdio: 'pipe' });
  } catch {
    missing(context, 'script(1) is not there: install bsdutils');
  }
  const command = ['NO_COLOR=1', process.execPath, join(root, 'bin/tabvisor.mjs'), 'vm', 'run', ...args].join(' ');
  return Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 60 });
}

test('statistics and help are tables, on lines of their own', async (context) => {
  const console = onTerminal(context, '--mode', 'hw');
  await console.expect('tabvisor> ');
  console.send(`${ESCAPE}s`);
  const [status] = await console.expect(/^\n[\s\S]* of the time\n/);
  expect(status).toMatch(/^\n[\d.]+ seconds, [\d.]+ of them asleep; [\d.]+ CPU seconds\n/);
  expect(status).toMatch(/^[\d,]+ guest instructions, \d+ million a CPU second$/m);
  expect(status).toMatch(/^ {2}IO_INSTRUCTION \(30\) +[\d,]+ +[\d.]+% +[\d.]+$/m);
  expect(status).not.toContain('{');
  // nothing came from the guest in between: no empty line
  console.send(`${ESCAPE}h`);
  expect((await console.expect(/^[\s\S]*this help\n/))[0]).toMatch(/^Ctrl-A x {2}leave\n/);
  console.send(`${ESCAPE}x`);
  expect(await console.exit()).toBe(130);
});

test('a message begins a line when the guest is in the middle of one', async (context) => {
  const file = join(scratch(), 'machine.snap');
  const console = onTerminal(context, '--snapshot-on', 'tabvisor\\>', file);
  await console.expect(/tabvisor> ?\ntabvisor: snapshot .*machine\.snap: [\d.]+ .iB\n/);
  console.send('poweroff\r');
  expect(await console.exit()).toBe(0);
});
