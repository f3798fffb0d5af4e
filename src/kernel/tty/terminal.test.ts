import { expect, test } from 'vitest';
import { Terminal } from './terminal.js';

const CTRL_D = 4;
/** N_TTY_BUF_SIZE. */
const INPUT_MAX = 4096;

test('ends of file that nobody reads take places, so that typing them without end holds nothing without end', () => {
  const terminal = new Terminal(0, '/dev/pts/0');
  const typed = new Uint8Array(3 * INPUT_MAX).fill(CTRL_D);
  expect(terminal.receive(typed, 0, typed.length)).toBe(INPUT_MAX);
  expect(terminal.receive(typed, 0, typed.length)).toBe(0);
  terminal.flushInput();
  expect(terminal.receive(typed, 0, 1)).toBe(1);
});

test('what is typed is shown, and an interrupt takes the echo of what came with it back', () => {
  const terminal = new Terminal(0, '/dev/pts/0');
  const type = (text: string) => terminal.receive(new TextEncoder().encode(text), 0, text.length);
  const shown = () => new TextDecoder().decode(terminal.transmit(1000));
  type('ab\tc\x7f\x7f');
  // the tab goes back to the column behind the b
  expect(shown()).toBe(`ab\tc\b \b${'\b'.repeat(6)}`);
  type('lost\x03');
  expect(shown()).toBe('^C');
});
