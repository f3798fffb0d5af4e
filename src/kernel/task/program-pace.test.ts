import { expect, test } from 'vitest';
import { ProgramPace } from './program-pace.js';

/** Lets a program run: each of `runs` is [instructions, nanoseconds of them, nanoseconds of the kernel behind them]. How much of it was timed, and its share. */
function told(runs: Iterable<readonly [number, number, number]>) {
  const pace = new ProgramPace();
  let [user, all, count, timed, turn, retired] = [0, 0, 0, 0, 0, 0];
  let sum = 0;
  const endTurn = (): void => {
    sum += pace.share(retired, turn) * turn;
    pace.turnEnded(turn);
    all += turn;
    [turn, retired] = [0, 0];
  };
  for (const [instructions, own, kernel] of runs) {
    count++;
    if (pace.begin()) {
      timed++;
      pace.sample(instructions, own);
    }
    user += own;
    turn += own + kernel;
    retired += instructions;
    if (turn > 4e6) endTurn();
  }
  endTurn();
  return { told: sum / all, is: user / all, timed: timed / count };
}

function* repeat<T>(count: number, of: (index: number) => T): Generator<T> {
  for (let i = 0; i < count; i++) yield of(i);
}

test('short calls are timed now and then, and their share is told', () => {
  const { told: share, is, timed } = told(repeat(60_000, () => [10, 90, 190]));
  expect(timed).toBeLessThan(0.05);
  expect(share).toBeCloseTo(is, 2);
});

test('long runs and long calls are all timed', () => {
  const computes = told(repeat(100, () => [4e6, 4e6, 1e3]));
  expect(computes.told).toBeCloseTo(computes.is, 2);
  const calls = told(repeat(100, () => [200, 400, 4e5]));
  expect(calls.timed).toBeGreaterThan(0.8);
  expect(calls.told).toBeCloseTo(calls.is, 2);
});

test("a rhythm of the program's is not met", () => {
  const { told: share, is } = told(
    repeat(100_000, (i) => (i % 16 === 0 ? ([20_000, 20_000, 100] as const) : ([10, 100, 400] as const))),
  );
  expect(Math.abs(share - is)).toBeLessThan(0.1);
});

test('a program that changes its ways is told anew soon', () => {
  const { told: share, is } = told([
    ...repeat(15, () => [4e6, 4e6, 1e3] as const),
    ...repeat(200_000, () => [10, 90, 190] as const),
  ]);
  expect(share).toBeCloseTo(is, 1);
});

test('what has not run has no share, and none is more than all', () => {
  expect(new ProgramPace().share(0, 100)).toBe(0);
  const pace = new ProgramPace();
  pace.begin();
  pace.sample(10, 1e9);
  expect(pace.share(1e6, 100)).toBe(1);
  expect(pace.share(0, 0)).toBe(0);
});
