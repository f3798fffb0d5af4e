// The time of day over a restore: on the same day, on another, on a host whose clock is wrong.
import { expect, test } from 'vitest';
import { WallClock } from './wall-clock.js';

test.each([
  ['later', 5_000, 4_000, 5_000],
  ['at once', 1_000, 0, 1_000],
  ['on a host that is behind', 400, 0, 1_000],
])('%s', (_, hostDate, passed, shown) => {
  const saved = new WallClock(() => 1_000).save();
  let date = hostDate;
  const clock = new WallClock(() => date);
  expect(clock.restore(saved)).toBe(passed);
  expect(clock.now()).toBe(shown);
  date += 50;
  expect(clock.now()).toBe(shown + 50);
  // and again from there
  const next = new WallClock(() => 10);
  expect(next.restore(clock.save())).toBe(0);
  expect(next.now()).toBe(shown + 50);
});

test('a date that is none is refused', () => {
  for (const state of [null, {}, { date: 'today' }, { date: Number.NaN }, { date: Number.POSITIVE_INFINITY }])
    expect(() => new WallClock(() => 0).restore(state)).toThrow('snapshot');
  expect(new WallClock(() => 5).restore(undefined)).toBe(0);
});
