// Docker's policies: who is started again, and after how long.
import { expect, test } from 'vitest';
import { InvalidParameter } from './errors.js';
import { Backoff, checkPolicy, startsAgain } from './restart-policy.js';

const policy = (Name: string, MaximumRetryCount = 0) => ({ Name, MaximumRetryCount });

test.each([
  ['no', 0, 1, false, 0, false],
  ['always', 0, 0, false, 9, true],
  ['always', 0, 0, true, 0, true],
  ['unless-stopped', 0, 0, false, 0, true],
  ['unless-stopped', 0, 0, true, 0, false],
  ['on-failure', 0, 0, false, 0, false],
  ['on-failure', 0, 1, false, 1000, true],
  ['on-failure', 3, 1, false, 2, true],
  ['on-failure', 3, 1, false, 3, false],
])('%s:%d, exit code %d, stopped %s, after %d: %s', (name, most, exitCode, stopped, restarts, again) => {
  expect(startsAgain(policy(name, most), { exitCode, stopped, restarts })).toBe(again);
});

test('waits double from 100 ms to a minute, and begin anew when it ran for 10 s', () => {
  const backoff = new Backoff();
  const waits = Array.from({ length: 12 }, () => backoff.next(9999));
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
  expect(backoff.next(10_000)).toBe(100);
  expect(backoff.next(0)).toBe(200);
});

test.each([
  [policy('sometimes'), false],
  [policy('always', 2), false],
  [policy('on-failure', -1), false],
  [policy('always'), true],
])('%j with --rm %s is refused', (given, autoRemove) => {
  expect(() => checkPolicy(given, autoRemove)).toThrow(InvalidParameter);
});
