// A person at a terminal: the escape key's answers, and messages that do not stand behind a line of the guest's.
// The terminal is a pseudo-terminal of script(1); docs/usage.md, section "The console".

import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const ESCAPE = '\x01';

/** `tabvisor vm ...args` on a terminal of its own; no argument has a blank in it. */
function onTerminal(context: TestContext, ...args: string[]): Console {
  try {
    execFileSync('script', ['--version'], { stdio: 'pipe' });
  } catch {
    missing(context, 'script(1) is not there: install bsdutils');
  }
  const command = ['NO_COLOR=1', process.execPath, join(root, 'bin/tabvisor.mjs'), 'vm', ...args].join(' ');
  return Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 60 });
}

test('statistics and help are tables, on lines of their own', async (context) => {
  const console = onTerminal(context, 'run');
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
  const console = onTerminal(context, 'run', '--snapshot-on', 'tabvisor\\>', file);
  await console.expect(
    /tabvisor> ?\ntabvisor: snapshot .*machine\.snap: [\d.]+ .iB; to go on from there: tabvisor vm restore .*machine\.snap\n/,
  );
  console.send('poweroff\r');
  expect(await console.exit()).toBe(0);
  // its prompt has been written: a person must know that the guest waits
  const restored = onTerminal(context, 'restore', file);
  await restored.expect(`tabvisor: going on from ${file}: press Enter for a prompt, Ctrl-A h for help\n`);
  restored.send('\r');
  await restored.expect('tabvisor> ');
  // the name is ours, and is said
  restored.send(`${ESCAPE}w`);
  const [, name] = await restored.expect(/snapshot (tabvisor-[\d-]+\.snap): .* vm restore \1\n/);
  expect(statSync(join(root, name)).size).toBeGreaterThan(1000);
  rmSync(join(root, name));
  restored.send('poweroff\r');
  expect(await restored.exit()).toBe(0);
});

test.each([60, 100])('help is as wide as the terminal: %i columns', async (columns) => {
  const console = Console.spawn(
    'script',
    ['-qec', `stty cols ${columns}; ${process.execPath} bin/tabvisor.mjs vm run --help`, '/dev/null'],
    { deadline: 60 },
  );
  expect(await console.exit()).toBe(0);
  const widest = Math.max(...console.output.split('\n').map((line) => line.length));
  expect(widest).toBeLessThanOrEqual(columns);
  expect(widest).toBeGreaterThan(columns - 10);
});
