// Deadlines in order, whatever is armed, moved and cancelled meanwhile.
import { expect, test } from 'vitest';
import { TimerQueue } from './timers.js';

function setUp() {
  const clock = { time: 0, now: () => clock.time };
  return { clock, timers: new TimerQueue(clock) };
}

test('fires in order of deadlines, once', () => {
  const { clock, timers } = setUp();
  const fired: string[] = [];
  for (const [name, deadline] of [
    ['c', 30],
    ['a', 10],
    ['d', 40],
    ['b', 20],
  ] as const) {
    timers.create(() => fired.push(name)).arm(deadline);
  }
  expect(timers.next).toBe(10);
  clock.time = 30;
  expect(timers.fireDue()).toBe(3);
  expect(timers.fireDue()).toBe(0);
  expect(fired).toEqual(['a', 'b', 'c']);
  expect(timers.next).toBe(40);
});

test('arming again moves, cancelling removes', () => {
  const { clock, timers } = setUp();
  const fired: string[] = [];
  const moved = timers.create(() => fired.push('moved'));
  const cancelled = timers.create(() => fired.push('cancelled'));
  moved.arm(5);
  cancelled.arm(6);
  moved.arm(50);
  cancelled.cancel();
  cancelled.cancel();
  clock.time = 10;
  timers.fireDue();
  expect(fired).toEqual([]);
  expect(timers.next).toBe(50);
});

test('agrees with a sorted list under random use', () => {
  const { clock, timers } = setUp();
  const deadlines = new Map<number, number>();
  const order: number[] = [];
  const all = Array.from({ length: 40 }, (_, i) => timers.create(() => order.push(i)));
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let step = 0; step < 5000; step++) {
    const i = random(40);
    if (random(4) === 0) {
      all[i].cancel();
      deadlines.delete(i);
    } else {
      const deadline = clock.time + random(1000);
      all[i].arm(deadline);
      deadlines.set(i, deadline);
    }
    expect(timers.next).toBe(Math.min(Number.POSITIVE_INFINITY, ...deadlines.values()));
    if (random(5) > 0) continue;
    clock.time += random(300);
    const due = [...deadlines].filter(([, deadline]) => deadline <= clock.time);
    order.length = 0;
    timers.fireDue();
    expect([...order].sort()).toEqual(due.map(([timer]) => timer).sort());
    expect(order.map((timer) => deadlines.get(timer))).toEqual(
      due.map(([, deadline]) => deadline).sort((a, b) => a - b),
    );
    for (const [timer] of due) deadlines.delete(timer);
  }
});

test('a timer that always re-arms in the past does not hold the machine', () => {
  const { timers } = setUp();
  const timer = timers.create(() => timer.arm(0));
  timer.arm(0);
  expect(timers.fireDue()).toBeLessThan(1000);
});
