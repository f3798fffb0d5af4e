// Scripts that talk to a guest: input that comes before it listens, what is typed after a text, statuses, a socket.
// Source: docs/usage.md, "Scripts".

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { scratch } from '../scratch.js';

const deadline = 100;
const run = (...args: string[]) => Console.machine(['--memory', '64M', ...args], { deadline });

test.each(['full', 'hw', 'para'])('--mode %s: what is piped in is there when the guest reads', async (mode) => {
  const console = run('--mode', mode);
  console.send('ticks\nno-such-command\npoweroff\n');
  expect(await console.exit()).toBe(0);
  expect(console.output).toMatch(
    /tabvisor> ticks\n.*\ntabvisor> no-such-command\nunknown command .*\ntabvisor> poweroff\n/,
  );
});

test('more than the guest has room for', async () => {
  const console = run();
  const lines = Array.from({ length: 2000 }, (_, i) => `x${i}`);
  console.send(`${lines.join('\n')}\npoweroff\n`);
  expect(await console.exit()).toBe(0);
  expect([...console.output.matchAll(/unknown command '(x\d+)'/g)].map(([, line]) => line)).toEqual(lines);
});

test('types after a text, in order, and ends with the status of a text, its line whole', async () => {
  const typed = ['--send-after', 'tabvisor> =ticks\\n', '--send-after', 'tabvisor> =no-such-command\\n'];
  const console = run(...typed, '--exit-on', 'unknown command=7', '--exit-on', 'help: this list=8');
  expect(await console.exit()).toBe(7);
  expect(console.output).toMatch(
    /tabvisor> ticks\n.*\ntabvisor> no-such-command\nunknown command 'no-such-command'; try help\n$/,
  );
});

test('a text that never came is told of', async () => {
  const console = run('--append', 'exit=poweroff', '--send-after', 'login: =root\\n');
  expect(await console.exit()).toBe(0);
  expect(console.output).toContain('--send-after "login: ": it never came, so nothing was typed');
});

test('--serial socket: the whole output, also from before, one client at a time, input in its time', async () => {
  const path = join(scratch(), 'com1');
  const console = run('--serial', `socket:${path}`, '--trace', 'boot', '--exit-on', 'unknown command=9');
  await console.expect('power on');
  const client = connect(path).setEncoding('utf8');
  let heard = '';
  const prompt = new Promise<void>((resolve) =>
    client.on('data', (text) => {
      heard += text;
      if (heard.endsWith('tabvisor> ')) resolve();
    }),
  );
  await prompt;
  expect(heard).toMatch(/^tabvisor guest: /);
  const second = connect(path);
  await new Promise((resolve) => second.on('close', resolve));
  const ended = new Promise((resolve) => client.on('close', resolve));
  client.write('no-such-command\n');
  expect(await console.exit()).toBe(9);
  await ended;
  expect(heard).toMatch(/unknown command 'no-such-command'; try help\r?\n$/);
  expect(existsSync(path)).toBe(false);
});

test.each([
  [['--send-after', 'login'], '--send-after login: not a text, = and what then'],
  [['--exit-on', 'a=300'], '300 is no exit status'],
  [['--serial', 'socket:/no/dir/com1'], '--serial socket:/no/dir/com1: no such file'],
])('refuses %j', async (args, message) => {
  const console = run(...args);
  expect(await console.exit()).toBe(125);
  expect(console.output).toContain(message);
});
