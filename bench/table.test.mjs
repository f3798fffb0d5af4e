// Tables for the terminal and for Markdown.
import { expect, test } from 'vitest';
import { markdownTable, mebibytes, textTable } from './table.mjs';

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

test('bytes in MiB', () => {
  expect(mebibytes(137.4 * 1048576)).toBe('137 MiB');
});
