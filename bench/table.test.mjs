// Tables for the terminal and for Markdown.
import { expect, test } from 'vitest';
import { count, digits, markdownTable, mebibytes, textTable } from './table.mjs';

const rows = [
  ['row', 'a', 'b'],
  ['sieve', '1.50', '12'],
  ['a|b', '', '1,234'],
];

test('text: names to the left, numbers to the right, nothing at the end of a line', () => {
  expect(textTable(rows).split('\n')).toEqual([
    'row       a      b', //
    'sieve  1.50     12',
    'a|b          1,234',
  ]);
});

test('markdown: one width a column, alignment in the rule, bars escaped', () => {
  expect(markdownTable(rows).split('\n')).toEqual([
    '| row   |    a |     b |',
    '| ----- | ---: | ----: |',
    '| sieve | 1.50 |    12 |',
    '| a\\|b  |      | 1,234 |',
  ]);
});

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
  expect(mebibytes(137.4 * 1048576)).toBe('137 MiB');
});
