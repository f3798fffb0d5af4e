// The font: every character has a picture of its own, and lines meet where they leave their cells.
// Source: code page 437; the names of the box drawings in Unicode say which sides they reach, and how.
import { expect, test } from 'vitest';
import { FONT_HEIGHT, textFont } from './text-font.js';
import { CODE_POINTS } from './text-screen.js';

const font = textFont();
const glyph = (character: string): number[] => {
  const code = CODE_POINTS.indexOf(character);
  return [...font.subarray(code * FONT_HEIGHT, (code + 1) * FONT_HEIGHT)];
};

test('no character is missing, and no two look alike', () => {
  const seen = new Map<string, string>();
  for (const character of CODE_POINTS) {
    const rows = glyph(character).join();
    if (character.trim() === '') expect(glyph(character).every((row) => row === 0)).toBe(true);
    else {
      expect(
        glyph(character).some((row) => row !== 0),
        character,
      ).toBe(true);
      expect(seen.get(rows), `${character} looks like another`).toBeUndefined();
      seen.set(rows, character);
    }
  }
  expect(seen.size).toBe(253);
});

/** Which dots are lit on each edge. */
const edges = (character: string): Record<string, string> => {
  const rows = glyph(character);
  const bits = (row: number): string => row.toString(2).padStart(8, '0');
  const column = (bit: number): string => rows.map((row) => (row & bit ? 1 : 0)).join('');
  return { top: bits(rows[0]), bottom: bits(rows[15]), left: column(0x80), right: column(1) };
};
const vertical = ['00000000', edges('│').top, edges('║').top];
const horizontal = ['0'.repeat(16), edges('─').left, edges('═').left];

test.each([
  ['│', 1, 0, 1, 0],
  ['┤', 1, 0, 1, 1],
  ['╡', 1, 0, 1, 2],
  ['╢', 2, 0, 2, 1],
  ['╖', 0, 0, 2, 1],
  ['╕', 0, 0, 1, 2],
  ['╣', 2, 0, 2, 2],
  ['╝', 2, 0, 0, 2],
  ['└', 1, 1, 0, 0],
  ['┴', 1, 1, 0, 1],
  ['┬', 0, 1, 1, 1],
  ['├', 1, 1, 1, 0],
  ['┼', 1, 1, 1, 1],
  ['╔', 0, 2, 2, 0],
  ['╬', 2, 2, 2, 2],
  ['╤', 0, 2, 1, 2],
  ['╫', 2, 1, 2, 1],
  ['╪', 1, 2, 1, 2],
  ['┘', 1, 0, 0, 1],
  ['┌', 0, 1, 1, 0],
])(
  '%s leaves by the sides that it has: top %i, right %i, bottom %i, left %i',
  (character, top, right, bottom, left) => {
    expect(edges(character)).toEqual({
      top: vertical[top],
      right: horizontal[right],
      bottom: vertical[bottom],
      left: horizontal[left],
    });
  },
);
