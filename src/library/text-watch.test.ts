// A text is found wherever it ends, as `indexOf` finds it.
// Source: text-watch.ts names it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextWatch } from './text-watch.js';

const places = (text: string, among: string): number[] => {
  const watch = new TextWatch(text);
  return [...new TextEncoder().encode(among)].flatMap((byte, i) => (watch.see(byte) ? [i + 1] : []));
};

test('random texts of few letters', () => {
  const letters = (least: number, most: number) =>
    fc.array(fc.constantFrom('a', 'b'), { minLength: least, maxLength: most }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(letters(1, 6), letters(0, 40), (text, among) => {
      const expected = [...among].flatMap((_, i) => (among.startsWith(text, i) ? [i + text.length] : []));
      expect(places(text, among)).toEqual(expected);
    }),
  );
});

test('letters of several bytes', () => {
  expect(places('é>', 'é é>')).toEqual([6]);
});
