// Numbers for tables: how many digits, and in which unit.
import { expect, test } from 'vitest';
import { count, digits, duration } from './numbers.js';

test('numbers keep three digits that matter', () => {
  expect([0, 0.123, 9.876, 12.34, 123.4, 1234567].map(digits)).toEqual([
    '0.00',
    '0.12',
    '9.88',
    '12.3',
    '123',
    '1,234,567',
  ]);
  expect([undefined, Number.NaN].map(digits)).toEqual(['', '']);
  expect([0, 1234.4].map(count)).toEqual(['0', '1,234']);
});

test('durations take the unit that keeps a digit before the point', () => {
  expect([2, 0.0123, 4.56e-6, 0.2e-6].map(duration)).toEqual(['2.00 s', '12.3 ms', '4.56 µs', '200 ns']);
});
