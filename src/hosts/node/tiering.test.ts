// How soon the engine optimises a region: what the flag is while the region is compiled first, and that it is what it was behind that.
// Source: src/hosts/node/tiering.ts. V8 itself is not asked: the flags of a process are those of all its tests.
import { beforeEach, expect, test, vi } from 'vitest';

const flags = vi.hoisted(() => [] as string[]);
vi.mock('node:v8', () => ({ setFlagsFromString: (flag: string) => void flags.push(flag) }));
const { callCharged, optimiseLate } = await import('./tiering.js');

const KIB = 1024;
const budget = (): number => Number(/^--wasm-tiering-budget=(\d+)$/.exec(flags.at(-1) ?? '')?.[1]);

beforeEach(() => {
  flags.length = 0;
  optimiseLate();
});

/** Four times what a call may cost at most; undefined: the region is left to the guest. */
function chargeOf(bytes: number, loop: number): number | undefined {
  let during: number | undefined;
  const call = (): void => {
    during = budget();
  };
  callCharged(call, bytes, loop);
  return during;
}

test('a large region that is left soon costs less a call than a smaller one, and the budget is back behind it', () => {
  const usual = budget();
  const [middle, large] = [8 * KIB, 24 * KIB].map((bytes) => chargeOf(bytes, 0) ?? 0);
  expect(large).toBeGreaterThan(0);
  // by the square of the size
  expect(middle / large).toBeCloseTo(9, 1);
  expect(budget()).toBe(usual);
});

test('a turn of the largest innermost loop costs what V8 takes for it', () => {
  expect(chargeOf(24 * KIB, 2 * KIB)).toBe(4 * 8 * 2 * KIB);
});

test('small regions, and those that are one loop, are V8’s and the guest’s', () => {
  expect(chargeOf(2 * KIB, 0)).toBeUndefined();
  expect(chargeOf(24 * KIB, 24 * KIB + 4)).toBeUndefined();
});

test('the budget is back when the call fails', () => {
  const usual = budget();
  const fail = (): never => {
    throw new RangeError('no room');
  };
  expect(() => callCharged(fail, 24 * KIB, 0)).toThrow('no room');
  expect(budget()).toBe(usual);
});
