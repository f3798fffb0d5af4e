// What a terminal sends for its keys, as strokes of a PC's keyboard.
// Source: ECMA-48 (CSI, SS3), xterm's ctlseqs ("PC-Style Function Keys", "VT220-Style"), the Linux console's console_codes(4).
import { type Stroke, strokeOf } from './us-layout.js';

const ESC = '\x1b';
const UP = 0xe048;
const DOWN = 0xe050;
const RIGHT = 0xe04d;
const LEFT = 0xe04b;
const HOME = 0xe047;
const END = 0xe04f;
const INSERT = 0xe052;
const DELETE = 0xe053;
const PAGE_UP = 0xe049;
const PAGE_DOWN = 0xe051;
const TAB = 0x0f;
const F = [0, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x57, 0x58];

/** The final letter of CSI and SS3 sequences. */
const LETTERS: Record<string, number> = {
  ...{ A: UP, B: DOWN, C: RIGHT, D: LEFT, H: HOME, F: END, P: F[1], Q: F[2], R: F[3], S: F[4], Z: TAB },
};
/** The number before a `~`. */
const NUMBERS: Record<number, number> = {
  ...{ 1: HOME, 2: INSERT, 3: DELETE, 4: END, 5: PAGE_UP, 6: PAGE_DOWN, 7: HOME, 8: END },
  ...{ 11: F[1], 12: F[2], 13: F[3], 14: F[4], 15: F[5], 17: F[6], 18: F[7], 19: F[8], 20: F[9], 21: F[10] },
  ...{ 23: F[11], 24: F[12] },
};
/** Of a modifier's number, less one. */
const MODIFIER = { SHIFT: 1, ALT: 2, CONTROL: 4 };
/** A sequence that goes on for longer is none of a key's. */
const LONGEST = 16;

/** Behind the escape. */
const SEQUENCE = /^(?:O(?<ss3>[A-Za-z])|\[\[(?<console>[A-E])|\[(?<numbers>[\d;]*)(?<final>[A-Za-z~^$@]))/;
const BEGINNING = /^(?:O|\[\[?|\[[\d;]*)?$/;

export class TerminalKeys {
  private rest = '';

  /** Characters as they come from the terminal. What may be the beginning of a sequence waits for `flush` or more. */
  take(text: string): Stroke[] {
    const strokes: Stroke[] = [];
    let left = this.rest + text;
    while (left !== '') {
      if (left.startsWith(ESC) && left.length < LONGEST && BEGINNING.test(left.slice(1))) break;
      const [stroke, length] = firstKey(left);
      if (stroke) strokes.push(stroke);
      left = left.slice(length);
    }
    this.rest = left;
    return strokes;
  }

  /** Something waits: an Escape that was pressed, unless more comes at once. */
  get waits(): boolean {
    return this.rest !== '';
  }

  /** Nothing more has come. */
  flush(): Stroke[] {
    const text = this.rest;
    this.rest = '';
    if (text === '') return [];
    // Alt and a letter that begins sequences, or the Escape key and whatever came behind it
    return text.length === 2 ? altKey(text[1]) : [...text].flatMap((character) => strokeOf(character) ?? []);
  }
}

/** Of a text that is whole. */
export function strokesOf(text: string): Stroke[] {
  const keys = new TerminalKeys();
  return [...keys.take(text), ...keys.flush()];
}

/** The key that `text` begins with, if there is one, and how many characters it takes. */
function firstKey(text: string): [Stroke | undefined, number] {
  if (!text.startsWith(ESC)) {
    const [character] = text;
    return [characterKey(character), character.length];
  }
  const match = SEQUENCE.exec(text.slice(1));
  if (match) return [sequenceKey(match.groups!), 1 + match[0].length];
  if (text.length === 1 || text[1] === ESC) return [strokeOf(ESC), 1];
  return [altKey(text[1])[0], 2];
}

function characterKey(character: string): Stroke | undefined {
  // what a terminal sends for Ctrl-Space, Ctrl-\, Ctrl-], Ctrl-^ and Ctrl-_
  const named = { '\0': ' ', '\x1c': '\\', '\x1d': ']', '\x1e': '6', '\x1f': '-' }[character];
  const stroke = strokeOf(named ?? character);
  return stroke && named !== undefined ? { ...stroke, control: true } : stroke;
}

function altKey(character: string): Stroke[] {
  const stroke = characterKey(character);
  return stroke ? [{ ...stroke, alt: true }] : [];
}

function sequenceKey({ ss3, console, numbers = '', final }: Record<string, string | undefined>): Stroke | undefined {
  const [first, modifier = '1'] = numbers.split(';');
  const held = Number(modifier) - 1;
  let code: number | undefined;
  if (console !== undefined) code = F[1 + 'ABCDE'.indexOf(console)];
  else if (ss3 !== undefined) code = LETTERS[ss3];
  else code = final === '~' ? NUMBERS[Number(first)] : LETTERS[final ?? ''];
  if (code === undefined) return undefined;
  return {
    code,
    shift: (held & MODIFIER.SHIFT) !== 0 || final === 'Z',
    alt: (held & MODIFIER.ALT) !== 0,
    control: (held & MODIFIER.CONTROL) !== 0,
  };
}
