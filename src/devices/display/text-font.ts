// The font that a video BIOS loads for text modes, for machines without one: code page 437 in cells of 8 by 16.
// Ours: letters of 5 by 7 points, twice as high and with strokes of two; lines and blocks as the IBM VGA joins them.
import { CODE_POINTS } from './text-screen.js';

export const FONT_HEIGHT = 16;

/** Seven rows of five points for each character, from the top, as hexadecimal. */
const LETTERS: Record<string, string> = {
  '!': '04040404040004',
  '"': '0a0a0a00000000',
  '#': '0a0a1f0a1f0a0a',
  $: '040f140e051e04',
  '%': '18190204081303',
  '&': '0c12140815120d',
  "'": '0c040800000000',
  '(': '02040808080402',
  ')': '08040202020408',
  '*': '0004150e150400',
  '+': '0004041f040400',
  ',': '000000000c0408',
  '-': '0000001f000000',
  '.': '00000000000c0c',
  '/': '00010204081000',
  '0': '0e11131519110e',
  '1': '040c040404040e',
  '2': '0e11010204081f',
  '3': '1f02040201110e',
  '4': '02060a121f0202',
  '5': '1f101e0101110e',
  '6': '0608101e11110e',
  '7': '1f010204080808',
  '8': '0e11110e11110e',
  '9': '0e11110f01020c',
  ':': '000c0c000c0c00',
  ';': '000c0c000c0408',
  '<': '02040810080402',
  '=': '00001f001f0000',
  '>': '08040201020408',
  '?': '0e110102040004',
  '@': '0e11010d15150e',
  A: '0e1111111f1111',
  B: '1e11111e11111e',
  C: '0e11101010110e',
  D: '1c12111111121c',
  E: '1f10101e10101f',
  F: '1f10101e101010',
  G: '0e11101711110f',
  H: '1111111f111111',
  I: '0e04040404040e',
  J: '0702020202120c',
  K: '11121418141211',
  L: '1010101010101f',
  M: '111b1515111111',
  N: '11111915131111',
  O: '0e11111111110e',
  P: '1e11111e101010',
  Q: '0e11111115120d',
  R: '1e11111e141211',
  S: '0f10100e01011e',
  T: '1f040404040404',
  U: '1111111111110e',
  V: '11111111110a04',
  W: '1111111515150a',
  X: '11110a040a1111',
  Y: '1111110a040404',
  Z: '1f01020408101f',
  '[': '0e08080808080e',
  '\\': '00100804020100',
  ']': '0e02020202020e',
  '^': '040a1100000000',
  _: '0000000000001f',
  '`': '08040200000000',
  a: '00000e010f110f',
  b: '1010161911111e',
  c: '00000e1010110e',
  d: '01010d1311110f',
  e: '00000e111f100e',
  f: '0609081c080808',
  g: '000f11110f010e',
  h: '10101619111111',
  i: '04000c0404040e',
  j: '0200060202120c',
  k: '10101214181412',
  l: '0c04040404040e',
  m: '00001a15151111',
  n: '00001619111111',
  o: '00000e1111110e',
  p: '00001e111e1010',
  q: '00000d130f0101',
  r: '00001619101010',
  s: '00000e100e011e',
  t: '08081c08080906',
  u: '0000111111130d',
  v: '00001111110a04',
  w: '0000111115150a',
  x: '0000110a040a11',
  y: '000011110f010e',
  z: '00001f0204081f',
  '{': '02040408040402',
  '|': '04040404040404',
  '}': '08040402040408',
  '~': '00000815020000',
  '☺': '0e1b1f1b150e00',
  '☻': '0e151f1b110e00',
  '♥': '000a1f1f0e0400',
  '♦': '00040e1f0e0400',
  '♣': '0e0e1f1f04040e',
  '♠': '040e1f1f04040e',
  '•': '00000e0e0e0000',
  '◘': '1f1f1111111f1f',
  '○': '000e1111110e00',
  '◙': '1f110e0e0e111f',
  '♂': '0703050e11110e',
  '♀': '0e11110e041f04',
  '♪': '0607040404141c',
  '♫': '0f090909091b1b',
  '☼': '15150e1b0e1515',
  '►': '10181c1e1c1810',
  '◄': '0103070f070301',
  '↕': '040e1504150e04',
  '‼': '0a0a0a0a0a000a',
  '¶': '0f15150d050505',
  '§': '0e100e110e010e',
  '▬': '000000001f1f00',
  '↨': '040e15150e041f',
  '↑': '040e1504040404',
  '↓': '04040404150e04',
  '→': '0004021f020400',
  '←': '0004081f080400',
  '∟': '0010101010101f',
  '↔': '000a1f1f0a0000',
  '▲': '0004040e0e1f1f',
  '▼': '1f1f0e0e040400',
  '⌂': '00040a11111f00',
  '¢': '04040e10100e04',
  '£': '0609081c08091f',
  '¥': '110a1f041f0404',
  '₧': '1814141f141415',
  ƒ: '0205040e041408',
  ª: '0e010f110f001f',
  º: '0e1111110e001f',
  '¿': '0400040810110e',
  '⌐': '00001f10100000',
  '¬': '00001f01010000',
  '½': '10121417050207',
  '¼': '1012140b050f01',
  '¡': '04000404040404',
  '«': '00050a140a0500',
  '»': '00140a050a1400',
  α: '00000d1212120d',
  ß: '0e111611111610',
  Γ: '1f101010101010',
  π: '00001f0a0a0a0a',
  Σ: '1f08040204081f',
  σ: '00000f1212120c',
  µ: '000011111d1010',
  τ: '00001f04040403',
  Φ: '0e040e110e040e',
  Θ: '0e11111f11110e',
  Ω: '0e1111110a0a1b',
  δ: '0608040e11110e',
  '∞': '00000a15150a00',
  φ: '01020e15150e08',
  ε: '00000f100e100f',
  '∩': '0e111111111111',
  '≡': '001f001f001f00',
  '±': '04041f0404001f',
  '≥': '0804020408001f',
  '≤': '0204080402001f',
  '⌠': '02050404040404',
  '⌡': '04040404041408',
  '÷': '0004001f000400',
  '≈': '00081502081502',
  '°': '0c12120c000000',
  '∙': '0000000c0c0000',
  '·': '00000004000000',
  '√': '03020202120a06',
  ⁿ: '16191111000000',
  '²': '0c02040e000000',
  æ: '00001a050f140f',
  Æ: '0f14141f141417',
};

/** Marks over letters: four rows of five points above the letter's body, and the same below. */
const ACCENTS: Record<string, number[]> = {
  '\u0300': [0x08, 0x04],
  '\u0301': [0x02, 0x04],
  '\u0302': [0x04, 0x0a],
  '\u0303': [0x0d, 0x16],
  '\u0308': [0x00, 0x0a],
  '\u030a': [0x0e, 0x0e],
};
const CEDILLA = '\u0327';

/** 16 bytes a character, the leftmost point in bit 7. */
export function textFont(): Uint8Array {
  const font = new Uint8Array(CODE_POINTS.length * FONT_HEIGHT);
  CODE_POINTS.forEach((character, code) => {
    font.set(glyph(character), code * FONT_HEIGHT);
  });
  return font;
}

function glyph(character: string): number[] {
  const drawn = LETTERS[character];
  if (drawn) return letter(points(drawn));
  const [base, accent] = character.normalize('NFD');
  if (accent !== undefined) return accented(base, accent);
  return boxDrawing(character) ?? block(character) ?? new Array(FONT_HEIGHT).fill(0);
}

const points = (hex: string): number[] => hex.match(/../g)!.map((pair) => Number.parseInt(pair, 16));

/** Five points in the middle of eight, each two wide where that leaves a gap to the next. */
function wide(row: number): number {
  const placed = row << 2;
  return placed | ((placed >> 1) & ~(placed << 1));
}

const letter = (rows: readonly number[]): number[] => [0, ...rows.flatMap((row) => [wide(row), wide(row)]), 0];

/** The mark over a letter that gives way to it. */
function accented(base: string, accent: string): number[] {
  const rows = points(LETTERS[base === 'i' ? 'l' : base]);
  if (accent === CEDILLA) return [...letter(rows).slice(0, 14), wide(0x04), wide(0x0c)];
  const body = rows.map(wide);
  const low = base === base.toLowerCase();
  // a small letter has five rows of body, a capital is drawn with rows of one
  const doubled = low
    ? body.slice(2).flatMap((row) => [row, row])
    : body.flatMap((row, i) => (i % 2 ? [row, row] : [row]));
  const mark = ACCENTS[accent].map(wide);
  return [0, ...(low ? [0, ...mark, 0] : [...mark, 0]), ...doubled, 0, 0, 0].slice(0, FONT_HEIGHT);
}

/** Arms of a line to the top, right, bottom and left: 0 none, 1 single, 2 double. */
const ARMS =
  '│1010┤1011╡1012╢2021╖0021╕0012╣2022║2020╗0022╝2002╜2001╛1002┐0011└1100┴1101┬0111├1110─0101┼1111╞1210╟2120╚2200╔0220╩2202╦0222╠2220═0202╬2222╧1202╨2101╤0212╥0121╙2100╘1200╒0210╓0120╫2121╪1212┘1001┌0110';

const CENTRE = { x: 3, y: 7 };
/** Where the lines of an arm lie, by how many it has: across the arm. */
const COLUMNS = [[], [3, 4], [2, 5]];
const ROWS = [[], [7], [5, 9]];

function boxDrawing(character: string): number[] | undefined {
  const at = ARMS.indexOf(character);
  if (at < 0) return undefined;
  const [top, right, bottom, left] = [...ARMS.slice(at + 1, at + 5)].map(Number);
  const rows: number[] = new Array(FONT_HEIGHT).fill(0);
  const dot = (x: number, y: number): void => {
    rows[y] |= 0x80 >> x;
  };
  const upright = Math.max(top, bottom);
  const level = Math.max(left, right);
  // a line goes as far as the nearest line that crosses it on its own side, or the farthest where none does
  for (const [i, x] of COLUMNS[upright].entries()) {
    const side = upright === 2 ? (i === 0 ? left : right) : level;
    const crossing = ROWS[level];
    const [first, last] = [crossing[0] ?? CENTRE.y, crossing.at(-1) ?? CENTRE.y];
    const passes = top > 0 && bottom > 0 && (upright === 2 ? side === 0 : true);
    if (top > 0) for (let y = 0; y <= (passes ? CENTRE.y : side > 0 || bottom > 0 ? first : last); y++) dot(x, y);
    if (bottom > 0)
      for (let y = passes ? CENTRE.y : side > 0 || top > 0 ? last : first; y < FONT_HEIGHT; y++) dot(x, y);
  }
  for (const [i, y] of ROWS[level].entries()) {
    const side = level === 2 ? (i === 0 ? top : bottom) : upright;
    const crossing = COLUMNS[upright];
    const [first, last] = [crossing[0] ?? CENTRE.x, crossing.at(-1) ?? CENTRE.x];
    const passes = left > 0 && right > 0 && (level === 2 ? side === 0 : true);
    if (left > 0) for (let x = 0; x <= (passes ? CENTRE.x : side > 0 || right > 0 ? first : last); x++) dot(x, y);
    if (right > 0) for (let x = passes ? CENTRE.x : side > 0 || left > 0 ? last : first; x < 8; x++) dot(x, y);
  }
  return rows;
}

function block(character: string): number[] | undefined {
  const rows = (pattern: (y: number) => number): number[] => Array.from({ length: FONT_HEIGHT }, (_, y) => pattern(y));
  switch (character) {
    case '░':
      return rows((y) => (y % 2 ? 0x22 : 0x88));
    case '▒':
      return rows((y) => (y % 2 ? 0x55 : 0xaa));
    case '▓':
      return rows((y) => (y % 2 ? 0x77 : 0xdd));
    case '█':
      return rows(() => 0xff);
    case '▄':
      return rows((y) => (y < 8 ? 0 : 0xff));
    case '▀':
      return rows((y) => (y < 8 ? 0xff : 0));
    case '▌':
      return rows(() => 0xf0);
    case '▐':
      return rows(() => 0x0f);
    case '■':
      return rows((y) => (y >= 4 && y < 12 ? 0x7e : 0));
    default:
      return undefined;
  }
}
