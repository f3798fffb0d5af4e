// What a terminal shows of a text screen, played on a terminal of a few lines: cells, colours, the cursor, and no byte too many.
// Source: ECMA-48; ansi-screen.ts.
import { describe, expect, it } from 'vitest';
import { AnsiTerminal } from '../../../test/ansi-terminal.js';
import { AnsiScreen, ENTER_SCREEN } from './ansi-screen.js';
import type { TextScreen } from './text-screen.js';

const COLOURS = [
  ...[0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa],
  ...[0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff, 0xffff55, 0xffffff],
];

function screenOfItsOwn(columns: number, rows: number): AnsiTerminal {
  const terminal = new AnsiTerminal(columns, rows);
  terminal.write(ENTER_SCREEN);
  return terminal;
}

function screenOf(lines: string[], attribute = 0x07, more: Partial<TextScreen> = {}): TextScreen {
  const columns = lines[0].length;
  const cells = Uint16Array.from(lines.join(''), (char) => char.charCodeAt(0) | (attribute << 8));
  return { columns, rows: lines.length, cells, blink: true, colours: COLOURS, ...more };
}

describe('a terminal of the same size', () => {
  it('shows the whole, then only what changes', () => {
    const ansi = new AnsiScreen({ columns: 5, rows: 2, colour: true });
    const terminal = screenOfItsOwn(5, 2);
    const first = screenOf(['hello', 'world'], 0x07, { cursor: { row: 1, column: 2 } });
    terminal.write(ansi.show(first));
    expect(terminal.lines).toEqual(['hello', 'world']);
    expect([terminal.row, terminal.column, terminal.cursorShows]).toEqual([1, 2, true]);
    expect(ansi.show(first)).toBe('');
    const changed = ansi.show(screenOf(['hello', 'wOrld'], 0x07, { cursor: { row: 1, column: 2 } }));
    expect(changed.length).toBeLessThan(40);
    terminal.write(changed);
    expect(terminal.lines).toEqual(['hello', 'wOrld']);
    expect(ansi.show(screenOf(['hello', 'wOrld'], 0x07))).toBe('\x1b[?25l');
  });

  it('colours as the BIOS sets them are the terminal’s own, mixed ones the nearest; bit 7 blinks or is the paper’s', () => {
    const styles = (attribute: number, more: Partial<TextScreen> = {}): string => {
      const terminal = screenOfItsOwn(1, 1);
      terminal.write(new AnsiScreen({ columns: 1, rows: 1, colour: true }).show(screenOf(['x'], attribute, more)));
      return terminal.style[0][0];
    };
    expect(styles(0x07)).toBe('0;37;40');
    expect(styles(0x1e)).toBe('0;93;44');
    expect(styles(0x94)).toBe('0;31;44;5');
    expect(styles(0x94, { blink: false })).toBe('0;31;104');
    const colours = COLOURS.map((colour, i) => (i === 1 ? 0xfe8700 : colour));
    expect(styles(0x01, { colours })).toBe('0;38;5;208;40');
    const plain = new AnsiScreen({ columns: 1, rows: 1, colour: false }).show(screenOf(['x'], 0x1e));
    expect(plain).not.toContain('m');
  });

  it('shows code page 437, and nothing that a terminal would obey', () => {
    const codes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const terminal = screenOfItsOwn(256, 1);
    terminal.write(new AnsiScreen({ columns: 256, rows: 1, colour: true }).show(screenOf([codes])));
    expect(terminal.lines[0]).toContain('☺☻♥♦♣♠');
    expect(terminal.lines[0]).toContain('╔╩╦╠═╬');
    for (const character of terminal.lines[0]) expect(character.codePointAt(0)! & ~0x80).toBeGreaterThanOrEqual(0x20);
  });
});

describe('a terminal of another size', () => {
  const lines = ['abcdef', 'ghijkl', 'mnopqr', 'stuvwx'];

  it('that is smaller shows the part around the cursor', () => {
    const ansi = new AnsiScreen({ columns: 4, rows: 2, colour: false });
    const terminal = screenOfItsOwn(4, 2);
    terminal.write(ansi.show(screenOf(lines, 7, { cursor: { row: 0, column: 0 } })));
    expect(terminal.lines).toEqual(['abcd', 'ghij']);
    terminal.write(ansi.show(screenOf(lines, 7, { cursor: { row: 3, column: 5 } })));
    expect(terminal.lines).toEqual(['opqr', 'uvwx']);
    expect([terminal.row, terminal.column]).toEqual([1, 3]);
    // it moves no further than it must
    terminal.write(ansi.show(screenOf(lines, 7, { cursor: { row: 2, column: 3 } })));
    expect(terminal.lines).toEqual(['opqr', 'uvwx']);
  });

  it('that is larger is blank beside it, and one that changes is drawn anew', () => {
    const ansi = new AnsiScreen({ columns: 4, rows: 2, colour: false });
    ansi.show(screenOf(lines));
    ansi.resize(7, 5);
    const terminal = screenOfItsOwn(7, 5);
    terminal.write(ansi.show(screenOf(lines)));
    expect(terminal.lines).toEqual([...lines.map((line) => `${line} `), '       ']);
  });

  it('follows a guest to another mode', () => {
    const ansi = new AnsiScreen({ columns: 6, rows: 4, colour: false });
    const terminal = screenOfItsOwn(6, 4);
    terminal.write(ansi.show(screenOf(lines)));
    terminal.write(ansi.show(screenOf(['xyz', 'uvw'])));
    expect(terminal.lines).toEqual(['xyz   ', 'uvw   ', '      ', '      ']);
  });
});
