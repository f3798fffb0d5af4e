// What terminals send for keys, each as its own manual has it.
// Source: terminal-keys.ts names them.
import { expect, test } from 'vitest';
import { TerminalKeys } from './terminal-keys.js';
import { type Stroke, strokeOf } from './us-layout.js';

/** `C-`, `A-` and `S-` before the code in hexadecimal. */
const shown = (strokes: readonly Stroke[]): string =>
  strokes
    .map(
      ({ code, shift, control, alt }) =>
        `${control ? 'C-' : ''}${alt ? 'A-' : ''}${shift ? 'S-' : ''}${code.toString(16)}`,
    )
    .join(' ');
const keys = (...pieces: string[]): string => {
  const terminal = new TerminalKeys();
  return shown([...pieces.flatMap((piece) => terminal.take(piece)), ...terminal.flush()]);
};

test.each([
  ['a', '1e'],
  ['A?', 'S-1e S-35'],
  ['\r\t\x7f', '1c f e'],
  ['\x03', 'C-2e'],
  ['\0', 'C-39'],
  ['\x1c', 'C-2b'],
  ['\x1b', '1'],
  ['\x1b[A\x1bOB\x1b[C\x1b[D', 'e048 e050 e04d e04b'],
  ['\x1b[H\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~', 'e047 e04f e047 e04f e047 e04f'],
  ['\x1b[2~\x1b[3~\x1b[5~\x1b[6~', 'e052 e053 e049 e051'],
  ['\x1bOP\x1bOS\x1b[11~\x1b[[A\x1b[[E', '3b 3e 3b 3b 3f'],
  ['\x1b[15~\x1b[17~\x1b[21~\x1b[23~\x1b[24~', '3f 40 44 57 58'],
  ['\x1b[Z', 'S-f'],
  ['\x1b[1;5A\x1b[3;3~\x1b[1;2P\x1b[15;6~', 'C-e048 A-e053 S-3b C-S-3f'],
  ['\x1bx\x1bX', 'A-2d A-S-2d'],
  ['é日x', '2d'],
  ['\x1b[99~x', '2d'],
])('%j', (text, strokes) => {
  expect(keys(text)).toBe(strokes);
});

test('a sequence in pieces is one key; an Escape alone waits until nothing more comes', () => {
  expect(keys('\x1b', '[', '1;', '5', 'C')).toBe('C-e04d');
  const terminal = new TerminalKeys();
  expect(terminal.take('\x1b')).toEqual([]);
  expect(terminal.waits).toBe(true);
  expect(terminal.flush()).toEqual([strokeOf('\x1b')]);
  expect(terminal.waits).toBe(false);
});

test('Alt with a letter that begins sequences', () => {
  expect(keys('\x1bO')).toBe('A-S-18');
  expect(keys('\x1b[')).toBe('A-1a');
});

test('a sequence without an end is given up', () => {
  const terminal = new TerminalKeys();
  for (let i = 0; i < 1000; i++) terminal.take(i === 0 ? '\x1b[1' : ';1');
  expect(shown(terminal.take('x')).length).toBeGreaterThan(0);
  expect(terminal.waits).toBe(false);
});
