// What readers get, what waits find, and that a reader who does not read makes the guest wait.
import { expect, test } from 'vitest';
import { encodeText } from '../base/text.js';
import { SerialOutput } from './serial-output.js';

const say = (output: SerialOutput, text: string): void => encodeText(text).forEach(output.write);
const started = (): void => {};
const END = { how: 'power-off' };

test('texts are found in what came before and after the call, each behind the last', async () => {
  const output = new SerialOutput();
  say(output, 'one two ');
  expect(await output.waitFor('one')).toBe('one');
  const both = Promise.all([output.waitFor('four'), output.waitFor('three')]);
  say(output, 'thr');
  output.backlog();
  say(output, 'ee four');
  output.backlog();
  expect(await both).toEqual([' four', ' two three']);
  output.end(END);
  await expect(output.waitFor('one')).rejects.toThrow('"one" did not come before the end (power-off)');
});

test('whoever waits in vain hears how it ended, and the last words', async () => {
  const output = new SerialOutput();
  const waiting = output.waitFor('login:');
  say(output, 'booting\nKernel panic: not syncing\n');
  output.end({ how: 'triple-fault' });
  await expect(waiting).rejects.toThrow(
    '"login:" did not come before the end (triple-fault); the last line: Kernel panic',
  );
});

test('characters of several bytes are found across pieces', async () => {
  const output = new SerialOutput();
  const waiting = output.waitFor('é!');
  for (const byte of encodeText('caf\u00e9!')) {
    output.write(byte);
    output.backlog();
  }
  expect(await waiting).toBe('café!');
});

test('each reader gets all output from its beginning on, and ends with the machine', async () => {
  const output = new SerialOutput();
  say(output, 'lost');
  const readers = [output.read(started), output.read(started)];
  say(output, 'kept');
  output.end(END);
  for (const reader of readers) {
    const got: Uint8Array[] = [];
    for await (const piece of reader) got.push(piece);
    expect(Buffer.concat(got).toString()).toBe('kept');
  }
  expect(await output.read(started).next()).toEqual({ done: true, value: undefined });
});

test('a run that failed is the reader’s error', async () => {
  const output = new SerialOutput();
  const reader = output.read(started);
  output.end({ how: 'broken', error: new Error('broken') });
  await expect(reader.next()).rejects.toThrow('broken');
});

test('the guest waits for a reader that is behind, until it reads or gives up', async () => {
  const output = new SerialOutput();
  const slow = output.read(started);
  const gone = output.read(started);
  const flood = new Uint8Array(1 << 20).fill(0x78);
  flood.forEach(output.write);
  expect(output.backlog()).toBeUndefined();
  output.write(0x78);
  let free = false;
  output.backlog()?.then(() => {
    free = true;
  });
  await slow.next();
  expect(free).toBe(false);
  await gone.return?.();
  await Promise.resolve();
  expect(free).toBe(true);
  expect(output.backlog()).toBeUndefined();
});

test('what nobody reads is forgotten', async () => {
  const output = new SerialOutput();
  say(output, 'first');
  for (let i = 0; i < 100_000; i++) output.write(0x2e);
  output.backlog();
  say(output, 'last');
  const found = await output.waitFor('last');
  expect(found).toMatch(/^\.+last$/);
  expect(found.length).toBeLessThanOrEqual(65536 + 4);
});
