// Classes share what there is: each has what it is promised, others borrow the rest up to their ceilings, in virtual time.
import { expect, test } from 'vitest';
import { Timers } from '../../task/timers.js';
import { Htb } from './htb.js';
import type { Fifo } from './qdisc.js';
import { Rate } from './rate.js';
import { TrafficControl } from './traffic-control.js';

const FRAME = 1000;
const SECONDS = 20;
const HANDLE = 0x10000;

interface Class {
  rate: number;
  ceiling: number;
  priority?: number;
  parent?: number;
  /** Always has something to send. */
  busy?: boolean;
}

/** Bytes a second that each class gets; those that are busy always have two frames waiting. */
function share(classes: readonly Class[]): number[] {
  let time = 0;
  const timers = new Timers();
  const sent = classes.map(() => 0);
  const htb = new Htb(HANDLE, 0xffffffff, { quantumDivisor: 10, defaultClass: 0, directLimit: 10 });
  classes.forEach(({ rate, ceiling, priority = 0, parent }, i) => {
    const [own, most] = [new Rate({ bytes: rate }), new Rate({ bytes: ceiling })];
    const rates = {
      ...{ rate: own, ceiling: most, buffer: own.timeOf(2000), ceilingBuffer: most.timeOf(2000), quantum: 2000 },
      priority,
    };
    const above = parent === undefined ? undefined : htb.classes.get(HANDLE + parent + 1);
    expect(htb.addClass(HANDLE + i + 1, above, rates, 10, 0)).toBe(true);
  });
  const fill = (i: number): void => {
    const queue = htb.childOf(HANDLE + i + 1) as Fifo;
    while (queue.length < 2) {
      queue.enqueue({ size: FRAME, load: i });
      htb.length++;
      htb.backlog += FRAME;
    }
  };
  const traffic = new TrafficControl({
    timers,
    now: () => time,
    dispatch: (load) => {
      sent[load as number]! += FRAME;
      fill(load as number);
    },
  });
  traffic.setRoot(htb);
  for (const [i, { busy }] of classes.entries()) if (busy) fill(i);
  traffic.expire();
  while (time < SECONDS * 1e9) {
    time = timers.next;
    timers.run(time);
  }
  return sent.map((bytes) => bytes / SECONDS);
}

const near = (got: number, wanted: number): void => {
  expect(got).toBeGreaterThan(0.95 * wanted);
  expect(got).toBeLessThan(1.05 * wanted);
};

test('a class alone has its ceiling', () => {
  const [, one] = share([
    { rate: 100_000, ceiling: 100_000 },
    { rate: 30_000, ceiling: 80_000, parent: 0, busy: true },
    { rate: 70_000, ceiling: 100_000, parent: 0 },
  ]);
  near(one!, 80_000);
});

test('all together have what they are promised, and no more than their parent', () => {
  const [, one, two] = share([
    { rate: 100_000, ceiling: 100_000 },
    { rate: 30_000, ceiling: 100_000, parent: 0, busy: true },
    { rate: 70_000, ceiling: 100_000, parent: 0, busy: true },
  ]);
  near(one!, 30_000);
  near(two!, 70_000);
});

test('what is left goes by priority, and is shared by equals', () => {
  const [, first, second] = share([
    { rate: 100_000, ceiling: 100_000 },
    { rate: 20_000, ceiling: 100_000, parent: 0, busy: true, priority: 0 },
    { rate: 20_000, ceiling: 100_000, parent: 0, busy: true, priority: 1 },
  ]);
  near(first!, 80_000);
  near(second!, 20_000);
  const [, one, two] = share([
    { rate: 100_000, ceiling: 100_000 },
    { rate: 20_000, ceiling: 100_000, parent: 0, busy: true },
    { rate: 20_000, ceiling: 100_000, parent: 0, busy: true },
  ]);
  near(one!, 50_000);
  near(two!, 50_000);
});

test('trees are bounded', () => {
  const htb = new Htb(HANDLE, 0xffffffff, { quantumDivisor: 10, defaultClass: 0, directLimit: 10 });
  const rate = new Rate({ bytes: 1000 });
  const rates = { rate, ceiling: rate, buffer: 1e9, ceilingBuffer: 1e9, quantum: 1000, priority: 0 };
  let depth = 0;
  while (htb.addClass(HANDLE + depth + 1, htb.classes.get(HANDLE + depth), rates, 10, 0)) depth++;
  expect(depth).toBe(8);
  for (let i = 100; htb.addClass(HANDLE + i, undefined, rates, 10, 0); i++);
  expect(htb.classes.size).toBe(256);
});
