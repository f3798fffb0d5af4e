// io.max of one disk and direction: how long what is moved takes.
import { expect, test } from 'vitest';
import { IoUse } from './io-state.js';

test.each([0, 1, 2, 15])('who is woken %i ms late each time is as fast as his limit says', (late) => {
  const use = new IoUse();
  use.limit(10e6, Number.POSITIVE_INFINITY);
  const start = 1e9;
  let now = start;
  // pages, each of which takes 0.4 ms
  for (let moved = 0; moved < 10e6; moved += 4096) {
    const paid = use.charge(1, 4096, now);
    if (paid > now) now = paid + late * 1e6;
  }
  expect((now - start) / 1e9).toBeGreaterThan(0.95);
  expect((now - start) / 1e9).toBeLessThan(1.05);
});

test('who has been idle has not saved up for it', () => {
  const use = new IoUse();
  use.limit(Number.POSITIVE_INFINITY, 100);
  use.charge(1, 4096, 1e9);
  // a minute later: two operations at once, as in 20 ms, and no more
  const later = 61e9;
  expect([1, 2, 3].map(() => Math.max(0, use.charge(1, 4096, later) - later))).toEqual([0, 0, 10e6]);
});
