// Shares of the processor: by nice as Linux's weights have it, real-time first, and never all of it.
import { expect, test } from 'vitest';
import { SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL, SCHED_RR } from '../abi/sched.js';
import { CpuState } from '../cgroup/cpu-state.js';
import type { Kernel } from '../kernel.js';
import { RR_INTERVAL, Scheduler } from './scheduler.js';
import type { Task } from './task.js';

const TURN = 4e6;

/** Tasks that never wait, each with its policy and nice or priority: what each has had after `turns` turns. */
function shares(turns: number, ...wanted: [policy: number, value: number][]): number[] {
  const root = new CpuState({} as Kernel, undefined);
  const scheduler = new Scheduler({ cgroups: { root: { cpu: root } } });
  const tasks = wanted.map(([policy, value]) => {
    const realTime = policy === SCHED_FIFO || policy === SCHED_RR;
    const fields = { policy, nice: realTime ? 0 : value, realTimePriority: realTime ? value : 0, lentPriority: 0 };
    const state = { virtualTime: 0, queueOrder: 0, keepsPlace: false, turnUsed: 0, cgroup: { cpu: root } };
    return { ...fields, ...state } as unknown as Task;
  });
  const had = new Map(tasks.map((task) => [task, 0]));
  for (const task of tasks) scheduler.enqueue(task, true);
  let now = 0;
  for (let i = 0; i < turns; i++) {
    const task = scheduler.take(now)!;
    now += TURN;
    scheduler.charge(task, TURN, now);
    had.set(task, had.get(task)! + TURN);
    scheduler.enqueue(task, false);
  }
  return [...had.values()].map((time) => time / now);
}

test.each([
  [0, 10, 1024, 110],
  [0, 1, 1024, 820],
  [-5, 5, 3121, 335],
  [-20, 19, 88761, 15],
])('nice %i and %i share as %i to %i', (first, second, one, other) => {
  const [share] = shares(100_000, [SCHED_NORMAL, first], [SCHED_NORMAL, second]);
  expect(share).toBeCloseTo(one / (one + other), 3);
});

test('SCHED_BATCH is as nice says, SCHED_IDLE has next to nothing', () => {
  const [normal, batch, idle] = shares(100_000, [SCHED_NORMAL, 0], [SCHED_BATCH, 0], [SCHED_IDLE, 0]);
  expect(normal).toBeCloseTo(batch!, 3);
  expect(idle).toBeCloseTo(3 / 2051, 3);
});

test('real-time tasks leave the others a twentieth, and among themselves the higher has all', () => {
  const [high, low, other] = shares(10_000, [SCHED_FIFO, 20], [SCHED_FIFO, 10], [SCHED_NORMAL, 0]);
  expect(high).toBeCloseTo(0.95, 2);
  expect(low).toBe(0);
  expect(other).toBeCloseTo(0.05, 2);
});

test('without others they have all of it', () => {
  expect(shares(1000, [SCHED_FIFO, 5])).toEqual([1]);
});

test('of one priority SCHED_FIFO has no turns, SCHED_RR has', () => {
  expect(shares(1000, [SCHED_FIFO, 5], [SCHED_FIFO, 5])).toEqual([1, 0]);
  const turns = RR_INTERVAL / TURN;
  expect(shares(turns, [SCHED_RR, 5], [SCHED_RR, 5])).toEqual([1, 0]);
  const [first] = shares(10 * turns, [SCHED_RR, 5], [SCHED_RR, 5]);
  expect(first).toBeCloseTo(0.5, 2);
});
