// Words for sizes and spans, as go-units has them.
import { expect, test } from 'vitest';
import { decimalSize, spanOf } from './units.js';

test('sizes', () => {
  expect([0, 999, 1000, 4268000, 177_654_321, 1.5e9, 2e18].map((bytes) => decimalSize(bytes))).toEqual([
    '0B',
    '999B',
    '1kB',
    '4.27MB',
    '178MB',
    '1.5GB',
    '2000PB',
  ]);
});

test('spans', () => {
  const s = 1000;
  const h = 3600 * s;
  expect(
    [
      0,
      s,
      59 * s,
      60 * s,
      119 * s,
      120 * s,
      59 * 60 * s,
      h,
      2 * h,
      47 * h,
      48 * h,
      14 * 24 * h,
      60 * 24 * h,
      800 * 24 * h,
    ].map(spanOf),
  ).toEqual([
    'Less than a second',
    '1 second',
    '59 seconds',
    'About a minute',
    'About a minute',
    '2 minutes',
    '59 minutes',
    'About an hour',
    '2 hours',
    '47 hours',
    '2 days',
    '2 weeks',
    '2 months',
    '2 years',
  ]);
});
