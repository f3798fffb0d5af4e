// A text screen on a terminal: escape sequences for the cells that have changed since they were last shown.
// Source: ECMA-48 (CUP, SGR, ED), xterm's ctlseqs (256 colours, cursor, alternate screen).
import { CODE_POINTS, type TextScreen } from './text-screen.js';

const CSI = '\x1b[';
const PLAIN = `${CSI}0m`;
/** To a screen of its own, empty, that does not wrap or scroll; and back to what was there. */
export const ENTER_SCREEN = `${CSI}?1049h${CSI}?7l${CSI}0m${CSI}2J`;
export const LEAVE_SCREEN = `${CSI}0m${CSI}?25h${CSI}?7h${CSI}?1049l`;

/** The colours of a VGA as its BIOS sets them, and ECMA-48's numbers of the same: red and blue have changed places. */
export const VGA_COLOURS: readonly number[] = [
  ...[0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa],
  ...[0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff, 0xffff55, 0xffffff],
];
const ECMA_ORDER = [0, 4, 2, 6, 1, 5, 3, 7];
/** Steps of the cube of colours 16 to 231. */
const CUBE = [0, 95, 135, 175, 215, 255];

/** A notice is black on light grey. */
const NOTICE = 0x70;
const UNPRINTABLE = 0x3f;

/** What a terminal cell has been told to show, above the 16 bits of a guest's cell: nothing known; a blank of the terminal's own. */
const UNKNOWN = 0x10000;
const OUTSIDE = 0x20020;

export interface AnsiScreenOptions {
  columns: number;
  rows: number;
  /** Without, characters alone. */
  colour: boolean;
}

export class AnsiScreen {
  private shown: Int32Array = new Int32Array(0);
  private palette = '';
  private position = '';
  /** What the terminal's first cell shows of a larger screen. */
  private top = 0;
  private left = 0;

  constructor(private options: AnsiScreenOptions) {
    this.forget();
  }

  resize(columns: number, rows: number): void {
    this.options = { ...this.options, columns, rows };
    this.forget();
  }

  /** Whatever the terminal shows is drawn over by the next `show`. */
  forget(): void {
    this.shown = new Int32Array(this.options.columns * this.options.rows).fill(UNKNOWN);
    this.position = '';
  }

  /**
   * What makes the terminal show `screen`; empty when it does. A terminal that is smaller shows the part around the cursor. `notice`: lines
   * over the terminal's last ones.
   */
  show(screen: TextScreen, notice: readonly string[] = []): string {
    const { columns, rows, colour } = this.options;
    this.follow(screen);
    const palette = `${screen.blink} ${screen.colours}`;
    if (palette !== this.palette) this.forget();
    this.palette = palette;
    let out = '';
    let style = '';
    for (let row = 0; row < rows; row++) {
      // where the terminal's own cursor is, on this row
      let at = -1;
      for (let column = 0; column < columns; column++) {
        const said = notice[row - rows + notice.length];
        const cell = said === undefined ? this.cell(screen, row, column) : noticeCell(said, column);
        const place = row * columns + column;
        if (this.shown[place] === cell) continue;
        this.shown[place] = cell;
        if (at !== column) out += `${CSI}${row + 1};${column + 1}H`;
        const wanted = !colour ? '' : cell === OUTSIDE ? PLAIN : styleOf(cell >> 8, screen);
        if (wanted !== style) out += wanted;
        style = wanted;
        out += printable(cell & 0xff);
        at = column + 1;
      }
    }
    if (style !== '') out += PLAIN;
    return out + this.placeCursor(screen, out !== '');
  }

  /** The part of a larger screen that shows moves no more than the cursor asks for. */
  private follow({ columns, rows, cursor }: TextScreen): void {
    const within = (first: number, size: number, whole: number, wanted: number | undefined): number => {
      let at = first;
      if (wanted !== undefined) at = Math.max(wanted - size + 1, Math.min(at, wanted));
      return Math.max(0, Math.min(at, whole - size));
    };
    const { top, left } = this;
    this.top = within(top, this.options.rows, rows, cursor?.row);
    this.left = within(left, this.options.columns, columns, cursor?.column);
    if (top !== this.top || left !== this.left) this.forget();
  }

  private cell({ columns, rows, cells }: TextScreen, row: number, column: number): number {
    const [y, x] = [row + this.top, column + this.left];
    return y < rows && x < columns ? cells[y * columns + x] : OUTSIDE;
  }

  private placeCursor({ cursor }: TextScreen, moved: boolean): string {
    const wanted = cursor
      ? `${CSI}${cursor.row - this.top + 1};${cursor.column - this.left + 1}H${CSI}?25h`
      : `${CSI}?25l`;
    if (wanted === this.position && !moved) return '';
    this.position = wanted;
    return wanted;
  }
}

function noticeCell(line: string, column: number): number {
  const code = CODE_POINTS.indexOf(line[column] ?? ' ');
  return (code < 0 ? UNPRINTABLE : code) | (NOTICE << 8);
}

/** Codes that a font shows as blanks. */
function printable(code: number): string {
  return code === 0 || code === 0xff ? ' ' : CODE_POINTS[code];
}

function styleOf(attribute: number, { blink, colours }: TextScreen): string {
  const blinks = blink && (attribute & 0x80) !== 0;
  const ink = colourOf(attribute & 15, colours, 30);
  const paper = colourOf((attribute >> 4) & (blink ? 7 : 15), colours, 40);
  return `${CSI}0;${ink};${paper}${blinks ? ';5' : ''}m`;
}

/** `base`: 30 for ink, 40 for paper. A colour that the guest has mixed is the nearest of 256. */
function colourOf(index: number, colours: readonly number[], base: 30 | 40): string {
  const wanted = colours[index];
  const known = wanted === VGA_COLOURS[index] ? index : VGA_COLOURS.indexOf(wanted);
  if (known >= 0) return `${(known < 8 ? base : base + 60) + ECMA_ORDER[known & 7]}`;
  const step = (shift: number): number => {
    const value = (wanted >> shift) & 0xff;
    return CUBE.reduce((best, level, i) => (Math.abs(level - value) < Math.abs(CUBE[best] - value) ? i : best), 0);
  };
  return `${base + 8};5;${16 + 36 * step(16) + 6 * step(8) + step(0)}`;
}
