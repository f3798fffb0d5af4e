// What a log keeps: lines by stream, pieces joined, the newest up to its bound. Docker's json-file driver.
import { expect, test } from 'vitest';
import { ContainerLog } from './log.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (log: ContainerLog, tail = Number.POSITIVE_INFINITY): string[] =>
  log.read(tail, () => true).map(({ stream, bytes: line }) => `${stream}${new TextDecoder().decode(line)}`);

test('pieces of a line are one entry, of each stream by itself', () => {
  let now = 1000;
  const log = new ContainerLog(() => now++);
  log.write(1, bytes('a'));
  log.write(2, bytes('err\n'));
  log.write(1, bytes('b\nc\nd'));
  expect(texts(log)).toEqual(['2err\n', '1ab\n', '1c\n']);
  log.flush();
  expect(texts(log, 2)).toEqual(['1c\n', '1d']);
  expect(log.read(1, ({ stream }) => stream === 2)[0]!.time).toBe('1000000000');
});

test('a line without an end is cut, and the oldest go first', () => {
  const log = new ContainerLog(() => 0);
  log.write(1, new Uint8Array(40_000).fill(97));
  expect(log.read(9, () => true).map((entry) => entry.bytes.length)).toEqual([16384, 16384]);
  for (let i = 0; i < 2000; i++) log.write(1, new Uint8Array(16384).fill(98));
  const kept = log.read(Number.POSITIVE_INFINITY, () => true);
  expect(kept.reduce((sum, entry) => sum + entry.bytes.length, 0)).toBeLessThan(16 << 20);
  expect(kept.length).toBeGreaterThan(1000);
});

test('who follows hears what comes, and the end', () => {
  const log = new ContainerLog(() => 0);
  const heard: (string | undefined)[] = [];
  const stop = log.follow((entry) => heard.push(entry && new TextDecoder().decode(entry.bytes)));
  log.write(1, bytes('x\ny'));
  log.end();
  stop();
  log.write(1, bytes('z\n'));
  expect(heard).toEqual(['x\n', 'y', undefined]);
});
