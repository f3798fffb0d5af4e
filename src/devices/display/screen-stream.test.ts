// What was written on a screen, as it would have come out of a serial port.
// Source: screen-stream.ts.
import { expect, test } from 'vitest';
import { ScreenStream } from './screen-stream.js';
import type { TextScreen } from './text-screen.js';

/** A teletype of `rows` lines: what is written on it, and its screen. */
class Teletype {
  private lines = [''];

  constructor(private readonly rows: number) {}

  write(text: string): TextScreen {
    for (const char of text) {
      if (char === '\n') this.lines.push('');
      else this.lines[this.lines.length - 1] += char;
    }
    this.lines = this.lines.slice(-this.rows);
    const columns = 20;
    const shown = Array.from({ length: this.rows }, (_, i) => (this.lines[i] ?? '').padEnd(columns)).join('');
    return {
      ...{ columns, rows: this.rows, blink: true, colours: [] },
      cells: Uint16Array.from(shown, (char) => char.charCodeAt(0)),
      cursor: { row: this.lines.length - 1, column: this.lines.at(-1)!.length },
    };
  }
}

test.each([
  ['lines', ['one\n', 'two\nthree\n']],
  ['a prompt with its blank, and what is typed behind it', ['boot: ', 'l', 'inux\n', 'boot: ', 'x']],
  ['scrolling by less than the screen', ['1\n2\n3\n', '4\n', '5\n6\n', '7', '8\n']],
  ['the same line again and again', ['A>\n', 'A>\n', 'A>\n', 'A>']],
])('%s', (_, pieces) => {
  const stream = new ScreenStream();
  const screen = new Teletype(4);
  const text = pieces.map((piece) => stream.see(screen.write(piece))).join('');
  expect(text.trim()).toBe(pieces.join('').trim());
});

test('a screen that was written over is told by the rows that are others', () => {
  const stream = new ScreenStream();
  const rows = (...lines: string[]): TextScreen => ({
    ...{ columns: 8, rows: lines.length, blink: true, colours: [] },
    cells: Uint16Array.from(lines.map((line) => line.padEnd(8)).join(''), (char) => char.charCodeAt(0)),
  });
  stream.see(rows('menu', ' one', '>two', 'help'));
  expect(stream.see(rows('menu', '>one', ' two', 'help'))).toBe('\n>one\n two');
  expect(stream.see(rows('menu', '>one', ' two', 'help'))).toBe('');
  expect(stream.see(rows('', '', '', ''))).toBe('');
  stream.see(rows('BIOS', '', '', ''));
  stream.see(rows('', '', '', ''));
  expect(stream.see(rows('READY', '', '', ''))).toBe('\nREADY');
});
