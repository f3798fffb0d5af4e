// The numbers that reports are made of.
import { expect, test } from 'vitest';
import { geometricMean, median, spread, summary } from './statistics.mjs';

test('the median is the middle, or the mean of the two middle ones, and leaves its argument alone', () => {
  const values = [9, 1, 5];
  expect(median(values)).toBe(5);
  expect(values).toEqual([9, 1, 5]);
  expect(median([4, 10, 1, 2])).toBe(3);
  expect(median([10, 9, 100])).toBe(10);
});

test('spread is half the range as a share of the median', () => {
  expect(spread([8, 10, 14])).toBeCloseTo(0.3);
  expect(spread([7])).toBe(0);
  expect(spread([0, 0])).toBe(0);
});

test('ratios that cancel out have the geometric mean 1', () => {
  expect(geometricMean([0.5, 2])).toBeCloseTo(1);
  expect(geometricMean([2, 8])).toBeCloseTo(4);
});

test('a summary keeps what it was made of', () => {
  expect(summary([3, 1, 2])).toEqual({ median: 2, spread: 0.5, values: [3, 1, 2] });
});
