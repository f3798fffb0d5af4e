// Characters as strokes of a US keyboard: for whoever has text and must type it, as a terminal or a phone does.
// IBM PS/2 scan code set 1 for the places of keys; ANSI INCITS 154 for what is printed on them; ASCII for control characters.
import type { KeyCode } from './ps2-scancodes.js';

/** One key, and what is held down with it. */
export interface Stroke {
  code: KeyCode;
  shift: boolean;
  control: boolean;
  alt?: boolean;
}

export const KEY_LEFT_SHIFT: KeyCode = 0x2a;
export const KEY_LEFT_CONTROL: KeyCode = 0x1d;
export const KEY_LEFT_ALT: KeyCode = 0x38;

/** Characters in the order of their codes, from the code given: plain, and with shift. */
const ROWS: readonly [first: KeyCode, plain: string, shifted: string][] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [0x39, ' ', ''],
];
const NAMED: readonly [character: string, code: KeyCode][] = [
  ['\x1b', 0x01],
  ['\b', 0x0e],
  ['\x7f', 0x0e],
  ['\t', 0x0f],
  ['\r', 0x1c],
  ['\n', 0x1c],
];

const STROKES = new Map<string, Stroke>();
for (const [first, plain, shifted] of ROWS) {
  [...plain].forEach((character, i) => void STROKES.set(character, { code: first + i, shift: false, control: false }));
  [...shifted].forEach((character, i) => void STROKES.set(character, { code: first + i, shift: true, control: false }));
}
for (const [character, code] of NAMED) STROKES.set(character, { code, shift: false, control: false });

/** Undefined for what has no key. Ctrl-A to Ctrl-Z are 01h to 1Ah, but for those that have keys of their own. */
export function strokeOf(character: string): Stroke | undefined {
  const stroke = STROKES.get(character);
  if (stroke) return stroke;
  const code = character.charCodeAt(0);
  const letter = code >= 1 && code <= 26 ? STROKES.get(String.fromCharCode(code + 0x60)) : undefined;
  return letter && { ...letter, control: true };
}

/** Presses and lets go: the codes in their order. */
export function press({ code, shift, control, alt }: Stroke, key: (code: KeyCode, down: boolean) => void): void {
  if (control) key(KEY_LEFT_CONTROL, true);
  if (alt) key(KEY_LEFT_ALT, true);
  if (shift) key(KEY_LEFT_SHIFT, true);
  key(code, true);
  key(code, false);
  if (shift) key(KEY_LEFT_SHIFT, false);
  if (alt) key(KEY_LEFT_ALT, false);
  if (control) key(KEY_LEFT_CONTROL, false);
}
