// The test driver itself: it must see output as it comes, and fail with the tail when text never comes.

import { expect, test } from 'vitest';
import { Console } from './console.js';

const deadline = 20;

test('talks with a command and sees its status', async () => {
  const console = Console.spawn('sh', ['-c', 'echo name?; read name; echo hello $name; exit 7'], { deadline });
  await console.expect('name?\n');
  console.send('world\n');
  expect((await console.expect(/hello (\w+)/))[1]).toBe('world');
  expect(await console.exit()).toBe(7);
});

test('matches only after what has been matched', async () => {
  const console = Console.spawn('sh', ['-c', 'echo ready; echo done'], { deadline });
  await console.expect('ready');
  await expect(console.expect('ready')).rejects.toThrow(/it ended with status 0[\s\S]*done/);
});

test('gives up at its deadline and shows the tail', async () => {
  const console = Console.spawn('sh', ['-c', 'echo started; read never'], { deadline: 1 });
  await expect(console.expect('finished')).rejects.toThrow(/not done after 1 s[\s\S]*started/);
  await expect(console.exit()).rejects.toThrow('not done after 1 s');
});

test('names a command that is not there', async () => {
  const console = Console.spawn('no-such-command', [], { deadline });
  await expect(console.expect('anything')).rejects.toThrow('ENOENT');
});
