// Who waits is woken in the order in which they came, whoever has gone meanwhile.
import { expect, test } from 'vitest';
import { WaitQueue } from './wait-queue.js';

test('waiters come in turn, once each, and a wake lets them go', () => {
  const queue = new WaitQueue();
  const woken: string[] = [];
  const waiter = (name: string, leaves = false) => {
    const it = {
      wake(events: number) {
        woken.push(`${name}${events}`);
        if (leaves) queue.remove(it);
      },
    };
    return it;
  };
  const [a, b, c, d] = [waiter('a'), waiter('b', true), waiter('c', true), waiter('d')];
  expect(queue.empty).toBe(true);
  for (const one of [a, b, a, b, c]) queue.add(one);
  queue.remove(a);
  // the oldest has gone: who comes now is still the last
  queue.add(d);
  expect([...queue]).toEqual([b, c, d]);
  queue.wake(1);
  expect(woken.splice(0)).toEqual(['b1', 'c1', 'd1']);
  queue.add(a);
  queue.wake();
  expect(woken).toEqual(['d0', 'a0']);
  queue.remove(d);
  queue.remove(a);
  expect(queue.empty).toBe(true);
});
