import fc from 'fast-check';
import { expect, test } from 'vitest';
import { census } from '../../base/census.js';
import { Timers } from './timers.js';

class Sleeper {
  constructor(
    private readonly told: string[],
    private readonly name: string,
  ) {}
  expire(now: number): void {
    this.told.push(`${this.name} ${now}`);
  }
}

test('times come in their order, those of one time as they were set, and what is given up or set again does not', () => {
  const timers = new Timers();
  const told: string[] = [];
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new Sleeper(told, name)) as [
    Sleeper,
    Sleeper,
    Sleeper,
    Sleeper,
  ];
  for (const [who, when] of [
    [a, 30],
    [b, 10],
    [c, 10],
    [d, 5],
  ] as const)
    timers.set(who, when);
  timers.cancel(d);
  timers.set(a, 10);
  expect([timers.next, timers.when(a), timers.when(d)]).toEqual([10, 10, Number.POSITIVE_INFINITY]);
  timers.run(20);
  expect(told).toEqual(['b 20', 'c 20', 'a 20']);
  expect(timers.next).toBe(Number.POSITIVE_INFINITY);
});

test('who has given up is held no longer, however far its time is', () => {
  const timers = new Timers();
  const last = new Sleeper([], 'last');
  timers.set(last, 1);
  for (let i = 0; i < 40; i++) {
    const one = new Sleeper([], 'one');
    timers.set(one, 1000 + i);
    timers.set(one, 2000 + i);
    timers.cancel(one);
  }
  expect(census(timers)).toMatchObject({ Sleeper: 1, entries: 2 });
});

test('whatever is set, set again and given up: all come, in their order', () => {
  const step = fc.record({ who: fc.nat(20), when: fc.option(fc.nat(50), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const timers = new Timers();
      const told: string[] = [];
      const all = Array.from({ length: 21 }, (_, i) => new Sleeper(told, String(i)));
      const is = new Map<number, { when: number; order: number }>();
      for (const [order, { who, when }] of steps.entries()) {
        if (when === undefined) timers.cancel(all[who]!);
        else timers.set(all[who]!, when);
        if (when === undefined) is.delete(who);
        else is.set(who, { when, order });
      }
      for (let now = 0; now <= 50; now++) timers.run(now);
      const due = [...is].sort(([, a], [, b]) => a.when - b.when || a.order - b.order);
      expect(told).toEqual(due.map(([who, { when }]) => `${who} ${when}`));
    }),
  );
});
