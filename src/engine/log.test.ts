// A log in files: lines by stream, pieces joined, rotation, the last of them, followers, and what a killed process leaves.
// Docker's json-file driver.
import { expect, test } from 'vitest';
import { Turns } from '../base/turns.js';
import { MemoryStorage } from '../../test/memory-storage.js';
import { InvalidParameter } from './errors.js';
import { ContainerLog } from './log.js';
import { logLimits } from './log-options.js';
import { LogFiles, type LogLimits } from './log-files.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const LIMITS = logLimits({ Type: 'json-file', Config: {} });

function logOn(storage: MemoryStorage, limits: LogLimits = LIMITS, said: string[] = []) {
  let now = Date.UTC(2026, 10, 30);
  return new ContainerLog(
    () => (now += 0.5),
    new Turns(() => Promise.resolve()),
    (written) => new LogFiles(storage, 'c/log', limits, written, (why) => said.push(why)),
  );
}

async function texts(log: ContainerLog, tail = Number.POSITIVE_INFINITY): Promise<string[]> {
  const reader = await log.reader(tail);
  const found: string[] = [];
  for (let some = await reader.next(); some; some = await reader.next())
    found.push(...some.map(({ stream, bytes: line }) => `${stream}${new TextDecoder().decode(line)}`));
  return found;
}

test('pieces of a line are one entry, of each stream by itself, in Docker’s format', async () => {
  const storage = new MemoryStorage();
  const log = logOn(storage);
  log.write(1, bytes('a'));
  log.write(2, bytes('err "x"\n'));
  log.write(1, bytes('b\nc\nd'));
  expect(await texts(log)).toEqual(['2err "x"\n', '1ab\n', '1c\n']);
  await log.end();
  expect(await texts(log, 2)).toEqual(['1c\n', '1d']);
  expect(await texts(log, 0)).toEqual([]);
  expect(await texts(log, 100)).toHaveLength(4);
  expect(new TextDecoder().decode(storage.files.get('c/log')).split('\n')[0]).toBe(
    '{"log":"err \\"x\\"\\n","stream":"stderr","time":"2026-11-30T00:00:00.000500000Z"}',
  );
});

test('a line without an end is cut; what is no text becomes some', async () => {
  const log = logOn(new MemoryStorage());
  log.write(1, new Uint8Array(40_000).fill(97));
  log.write(2, new Uint8Array([0xff, 10]));
  await log.end();
  expect((await texts(log)).map((text) => text.length - 1)).toEqual([16384, 16384, 2, 40_000 - 32768]);
  expect((await texts(log))[2]).toBe('2�\n');
});

test('files are put aside and dropped as is said, and are one log to who reads', async () => {
  const storage = new MemoryStorage();
  const log = logOn(storage, logLimits({ Type: 'json-file', Config: { 'max-size': '1k', 'max-file': '3' } }));
  const reader = await log.reader(Number.POSITIVE_INFINITY);
  for (let i = 0; i < 100; i++) log.write(1, bytes(`line ${i}\n`));
  const all = await texts(log);
  expect([...storage.files.keys()].sort()).toEqual(['c/log', 'c/log.1', 'c/log.2']);
  for (const file of storage.files.values()) expect(file.length).toBeLessThan(1100);
  expect(all.length).toBeLessThan(60);
  expect(all).toEqual(Array.from({ length: all.length }, (_, i) => `1line ${100 - all.length + i}\n`));
  for (let tail = 0; tail <= all.length; tail++) expect(await texts(log, tail)).toEqual(all.slice(all.length - tail));
  // who was before what is gone goes on at the oldest
  expect(new TextDecoder().decode((await reader.next())![0]!.bytes)).toBe(all[0]!.slice(1));
  expect(storage.opened).toBe(0);
});

test('with one file the log begins anew', async () => {
  const storage = new MemoryStorage();
  const log = logOn(storage, logLimits({ Type: 'json-file', Config: { 'max-size': '200' } }));
  for (let i = 0; i < 8; i++) log.write(1, bytes(`line ${i}\n`));
  expect((await texts(log)).at(-1)).toBe('1line 7\n');
  expect([...storage.files.keys()]).toEqual(['c/log']);
});

test('who follows hears of more, and reads on where it was', async () => {
  const log = logOn(new MemoryStorage());
  const reader = await log.reader(0);
  expect(await reader.next()).toBeUndefined();
  const heard = new Promise<void>((resolve) => log.onChange(resolve));
  log.write(1, bytes('x\n'));
  await heard;
  expect((await reader.next())!.map((entry) => entry.milliseconds)).toEqual([Date.UTC(2026, 10, 30) + 0.5]);
  expect(await reader.next()).toBeUndefined();
});

test('what is read as all there is ends where it was asked', async () => {
  const log = logOn(new MemoryStorage());
  log.write(1, bytes('a\nb\n'));
  const all = log.read();
  const first = all.next();
  log.write(1, bytes('c\n'));
  const found = [...((await first).value ?? [])];
  for await (const some of all) found.push(...some);
  expect(found.map(({ bytes: line }) => new TextDecoder().decode(line))).toEqual(['a\n', 'b\n']);
});

test('a process may end before any step of a log’s: what is left is whole lines in their order, and it goes on', async () => {
  const limits = { maxSize: 200, maxFiles: 2 };
  const run = async (storage: MemoryStorage) => {
    const log = logOn(storage, limits);
    for (let i = 0; i < 9; i++) {
      log.write(1, bytes(`line ${i}\n`));
      await log.files.end();
    }
    await log.end();
  };
  const whole = new MemoryStorage();
  await run(whole);
  for (let end = 0; end < whole.steps; end++)
    for (const torn of [0, 7]) {
      const storage = new MemoryStorage();
      storage.endsAt = end;
      await run(storage);
      const files = new Map(storage.files);
      const newest = files.get('c/log');
      if (newest && torn) files.set('c/log', newest.slice(0, Math.max(0, newest.length - torn)));
      const after = logOn(new MemoryStorage(files), limits);
      const left = await texts(after);
      after.write(1, bytes('more\n'));
      const more = await texts(after);
      expect(more.at(-1)).toBe('1more\n');
      expect(more.slice(0, -1)).toEqual(left.slice(left.length - more.length + 1));
      const numbers = left.map((text) => Number(text.slice(6)));
      expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
    }
});

test('a disk that is full loses lines, says so once, and goes on when there is room', async () => {
  const storage = new MemoryStorage();
  const said: string[] = [];
  const log = logOn(storage, LIMITS, said);
  log.write(1, bytes('a\n'));
  await log.files.end();
  storage.room = 0;
  for (const text of ['b\n', 'c\n']) {
    log.write(1, bytes(text));
    await log.files.end();
  }
  storage.room = Number.POSITIVE_INFINITY;
  log.write(1, bytes('d\n'));
  expect(await texts(log)).toEqual(['1a\n', '1d\n']);
  expect(said).toEqual(['full']);
});

test.each([
  [{ Type: 'other', Config: {} }, "no log driver named 'other'"],
  [{ Type: 'json-file', Config: { 'max-size': 'much' } }, 'max-size'],
  [{ Type: 'json-file', Config: { 'max-file': '0' } }, 'max-file'],
  [{ Type: 'json-file', Config: { colour: 'red' } }, "unknown log opt 'colour'"],
])('%j is refused', (config, why) => {
  expect(() => logLimits(config as never)).toThrow(InvalidParameter);
  expect(() => logLimits(config as never)).toThrow(why);
});
