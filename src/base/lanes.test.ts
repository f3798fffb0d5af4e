// Items are begun in order, a few at a time; a failure is told of, and ends it.
import { expect, test } from 'vitest';
import { inLanes } from './lanes.js';

test('all items, in order of their begin, four at a time, a lane of its own for each', async () => {
  const begun: number[] = [];
  const lanes = new Set<object>();
  let busy = 0;
  let most = 0;
  await inLanes(
    Array.from({ length: 20 }, (_, i) => i),
    () => ({}),
    async (item, lane) => {
      begun.push(item);
      lanes.add(lane);
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
      busy--;
    },
  );
  expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect([most, lanes.size, busy]).toEqual([4, 4, 0]);
});

test('none', async () => {
  await inLanes([], Object, () => Promise.reject(new Error('called')));
});

test('the first failure is told of, and no further item is begun', async () => {
  let begun = 0;
  const work = async (item: number): Promise<void> => {
    begun++;
    await Promise.resolve();
    if (item === 5) throw new Error(`item ${item}`);
  };
  const items = Array.from({ length: 100 }, (_, i) => i);
  await expect(inLanes(items, Object, work)).rejects.toThrow('item 5');
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(begun).toBeLessThan(12);
});
