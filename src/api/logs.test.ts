// Who reads a log and takes nothing: what is held for him, and whose turn it is. Docker Engine API, ContainerLogs.
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../test/memory-storage.js';
import { Turns } from '../base/turns.js';
import type { Container } from '../engine/container.js';
import { ContainerLog } from '../engine/log.js';
import { LogFiles } from '../engine/log-files.js';
import { parseTarget } from '../http/message.js';
import { logsOf } from './logs.js';

/** Others are at work on the machine, too. */
const PATIENCE = { timeout: 30_000 };

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function logged(labels: Record<string, string>, turn: () => Promise<void>) {
  const limits = { maxSize: Number.POSITIVE_INFINITY, maxFiles: 1 };
  const log = new ContainerLog(
    () => 1e12,
    new Turns(turn),
    (written) => new LogFiles(new MemoryStorage(), 'log', limits, written, () => {}),
  );
  const host = { LogConfig: { Type: 'json-file', Config: { labels: Object.keys(labels).join() } } };
  const config = { Tty: false, Labels: labels, Env: [], Image: 'i' };
  const container = { log, host, config, id: 'c', name: 'c', running: true, wait: () => () => {} };
  return { log, container: container as unknown as Container };
}

function reading(container: Container, query: string) {
  const { body } = logsOf(container, {
    ...{ method: 'GET', ...parseTarget(`/logs?stdout=1&${query}`), headers: new Map() },
    body: (async function* () {})(),
  });
  let held = 0;
  let take = (): void => {};
  let close = (): void => {};
  const over = (body as (out: object) => Promise<void>)({
    closed: false,
    onClose: (action: () => void) => {
      close = action;
    },
    write: (bytes: Uint8Array) => {
      held += bytes.length;
      return new Promise((resolve) => {
        take = () => resolve(true);
        close = () => resolve(false);
      });
    },
  });
  return { over, held: () => held, take: () => take(), close: () => close() };
}

test('a hundred who take nothing hold a small piece each; who takes it gets the next', async () => {
  const { log, container } = logged({}, settled);
  log.write(1, new TextEncoder().encode('a-line-that-nobody-reads\n'.repeat(40_000)));
  const readers = Array.from({ length: 100 }, (_, i) => reading(container, `follow=${i % 2}`));
  await expect.poll(() => readers.every((one) => one.held() > 0), PATIENCE).toBe(true);
  const piece = readers[0]!.held();
  expect(readers.reduce((sum, one) => sum + one.held(), 0)).toBe(100 * piece);
  expect(piece).toBeLessThanOrEqual(1 << 15);
  readers[0]!.take();
  await expect.poll(() => readers[0]!.held(), PATIENCE).toBeGreaterThan(piece);
  for (const one of readers) one.close();
  await Promise.all(readers.map(({ over }) => over));
});

test('what is shown before each line, and a line as long as they get, are held once', async () => {
  const { log, container } = logged({ l: 'x'.repeat(100_000) }, settled);
  log.write(1, new TextEncoder().encode(`${'\u0001'.repeat(16_000)}\n${'short\n'.repeat(1000)}`));
  const one = reading(container, 'details=1');
  for (let before = 0, i = 0; i < 5; i++) {
    await expect.poll(() => one.held(), PATIENCE).toBeGreaterThan(before);
    expect(one.held() - before).toBeLessThan(100_000 + (1 << 16));
    before = one.held();
    one.take();
  }
  one.close();
});

test('readers go in turns: between two pieces the host has one', async () => {
  const turns: (() => void)[] = [];
  const { log, container } = logged({}, () => new Promise((resolve) => turns.push(resolve)));
  log.write(1, new TextEncoder().encode('line\n'.repeat(10_000)));
  const readers = Array.from({ length: 5 }, () => reading(container, 'follow=1'));
  for (let i = 1; i <= 5; i++) {
    await expect.poll(() => turns.length, PATIENCE).toBe(1);
    turns.pop()!();
    await expect.poll(() => readers.filter((one) => one.held() > 0).length, PATIENCE).toBe(i);
  }
  for (const one of readers) one.close();
});
