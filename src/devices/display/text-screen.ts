// The screen of a text mode as cells: characters, attributes, the cursor, the sixteen colours.
// Source: IBM VGA technical reference (text addressing, attribute byte, cursor); code page 437.
import type { Vga } from './vga.js';

const CODE_PAGE =
  ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼' +
  ' !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂' +
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';
/** The characters of code page 437, by code. */
export const CODE_POINTS = [...CODE_PAGE];

const CRTC = { DISPLAY_END: 1, OVERFLOW: 7, MAX_SCAN: 9, CURSOR_START: 10, CURSOR_END: 11 } as const;
const CRTC_START = 0x0c;
const CRTC_CURSOR = 0x0e;
const CRTC_VERTICAL_END = 0x12;
const CRTC_OFFSET = 0x13;
const BLINK_ENABLED = 8;
const BLANK = 0x0020;

export type ScreenKind = 'text' | 'planar' | 'packed' | 'linear';

export function screenKind(vga: Vga): ScreenKind {
  if (vga.vbe.enabled) return vga.vbe.bpp === 4 ? 'planar' : 'linear';
  if (!(vga.graphics[6] & 1)) return 'text';
  return vga.graphics[5] & 0x40 ? 'packed' : 'planar';
}

/** How the cells of a text mode lie in video memory. */
export interface TextGeometry {
  columns: number;
  rows: number;
  cellHeight: number;
  /** Cells from one row to the next. */
  stride: number;
  /** The first cell. */
  start: number;
}

export function textGeometry(vga: Vga): TextGeometry {
  const { crtc } = vga;
  const cellHeight = (crtc[CRTC.MAX_SCAN] & 0x1f) + 1;
  return {
    columns: crtc[CRTC.DISPLAY_END] + 1,
    rows: Math.max(1, Math.floor(scanLines(vga) / cellHeight)),
    cellHeight,
    stride: crtc[CRTC_OFFSET] * 2,
    start: word(crtc, CRTC_START),
  };
}

/** The cell in video memory at a row and column. */
export function cellAt({ start, stride }: TextGeometry, row: number, column: number): number {
  return (start + row * stride + column) & 0xffff;
}

export interface TextScreen {
  columns: number;
  rows: number;
  /** Row by row: the character's code, and its attribute in the high byte. */
  cells: Uint16Array;
  /** Undefined: it does not show. */
  cursor?: { row: number; column: number };
  /** Bit 7 of an attribute blinks; otherwise it is the paper's fourth bit. */
  blink: boolean;
  /** The sixteen colours as 0xRRGGBB. */
  colours: number[];
}

/** What a text mode shows, blank while the guest has the screen off; undefined in a graphics mode. */
export function readTextScreen(vga: Vga): TextScreen | undefined {
  if (screenKind(vga) !== 'text') return undefined;
  const geometry = textGeometry(vga);
  const { columns, rows } = geometry;
  const cells = new Uint16Array(columns * rows).fill(BLANK);
  const table = colourTable(vga);
  const screen: TextScreen = {
    ...{ columns, rows, cells },
    blink: (vga.attribute[0x10] & BLINK_ENABLED) !== 0,
    colours: sixteenColours(vga).map((i) => (table[3 * i] << 16) | (table[3 * i + 1] << 8) | table[3 * i + 2]),
  };
  if (!vga.screenOn) return screen;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 4 * cellAt(geometry, row, column);
      cells[row * columns + column] = vga.vram[at] | (vga.vram[at + 1] << 8);
    }
  }
  const [first, last] = cursorLines(vga);
  const behind = (cursorCell(vga) - geometry.start) & 0xffff;
  const [row, column] = [Math.floor(behind / geometry.stride), behind % geometry.stride];
  if (first <= last && first < geometry.cellHeight && row < rows && column < columns) screen.cursor = { row, column };
  return screen;
}

/** The lines of a text screen without trailing blanks; nothing in a graphics mode. */
export function textLines(vga: Vga): string[] {
  const screen = readTextScreen(vga);
  return screen ? linesOf(screen) : [];
}

export function linesOf({ columns, rows, cells }: TextScreen): string[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(cells.subarray(row * columns, (row + 1) * columns), (cell) => CODE_POINTS[cell & 0xff])
      .join('')
      .trimEnd(),
  );
}

export function cursorCell({ crtc }: Vga): number {
  return word(crtc, CRTC_CURSOR);
}

/** First and last scan line of the cursor within its cell; the first behind the last: it does not show. */
export function cursorLines({ crtc }: Vga): [number, number] {
  const hidden = (crtc[CRTC.CURSOR_START] & 0x20) !== 0;
  return hidden ? [1, 0] : [crtc[CRTC.CURSOR_START] & 0x1f, crtc[CRTC.CURSOR_END] & 0x1f];
}

export function scanLines({ crtc }: Vga): number {
  const overflow = crtc[CRTC.OVERFLOW];
  return (crtc[CRTC_VERTICAL_END] | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1;
}

/** The 256 colours as red, green, blue of 8 bits. */
export function colourTable(vga: Vga): Uint8Array {
  if (vga.vbe.dac8Bit) return vga.palette;
  return vga.palette.map((value) => (value << 2) | (value >> 4));
}

/** The sixteen colours of text and planar modes as indices into the 256. */
export function sixteenColours({ attribute, dacMask }: Vga): number[] {
  const select = attribute[0x14];
  return Array.from({ length: 16 }, (_, i) => {
    const low = attribute[0x10] & 0x80 ? (attribute[i] & 0x0f) | ((select & 3) << 4) : attribute[i] & 0x3f;
    return (low | ((select & 0x0c) << 4)) & dacMask;
  });
}

function word(registers: Uint8Array, index: number): number {
  return (registers[index] << 8) | registers[index + 1];
}
