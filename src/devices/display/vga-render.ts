// What a VGA shows: as lines of text in text modes, and as pixels in every mode.
// Source: IBM VGA technical reference (text and graphics addressing); code page 437.
import type { Vga } from './vga.js';

/** Red, green, blue, 255 for each pixel, line by line. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

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

export type ScreenKind = 'text' | 'planar' | 'packed' | 'linear';

export function screenKind(vga: Vga): ScreenKind {
  if (vga.vbe.enabled) return vga.vbe.bpp === 4 ? 'planar' : 'linear';
  if (!(vga.graphics[6] & 1)) return 'text';
  return vga.graphics[5] & 0x40 ? 'packed' : 'planar';
}

interface TextScreen {
  columns: number;
  rows: number;
  cellHeight: number;
  /** The cell in video memory at a row and column. */
  cell: (row: number, column: number) => number;
}

function textScreen(vga: Vga): TextScreen {
  const { crtc } = vga;
  const cellHeight = (crtc[CRTC.MAX_SCAN] & 0x1f) + 1;
  const start = word(crtc, CRTC_START);
  const stride = crtc[CRTC_OFFSET] * 2;
  return {
    columns: crtc[CRTC.DISPLAY_END] + 1,
    rows: Math.max(1, Math.floor(scanLines(vga) / cellHeight)),
    cellHeight,
    cell: (row, column) => (start + row * stride + column) & 0xffff,
  };
}

/** The lines of a text screen without trailing blanks; nothing in a graphics mode. */
export function textLines(vga: Vga): string[] {
  if (screenKind(vga) !== 'text') return [];
  const screen = textScreen(vga);
  return Array.from({ length: screen.rows }, (_, row) =>
    Array.from({ length: screen.columns }, (_, column) => CODE_POINTS[vga.vram[4 * screen.cell(row, column)]])
      .join('')
      .trimEnd(),
  );
}

/** The picture on the screen; black while the guest has it switched off. */
export function render(vga: Vga): Picture {
  const kind = screenKind(vga);
  if (kind === 'linear') return renderLinear(vga);
  const picture = kind === 'text' ? renderText(vga) : kind === 'packed' ? renderPacked(vga) : renderPlanar(vga);
  if (!vga.screenOn) fillBlack(picture);
  return picture;
}

function word(registers: Uint8Array, index: number): number {
  return (registers[index] << 8) | registers[index + 1];
}

function scanLines({ crtc }: Vga): number {
  const overflow = crtc[CRTC.OVERFLOW];
  return (crtc[CRTC_VERTICAL_END] | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1;
}

/** Scan lines that show one line of pixels. */
function scansPerLine({ crtc }: Vga): number {
  return ((crtc[CRTC.MAX_SCAN] & 0x1f) + 1) * (crtc[CRTC.MAX_SCAN] & 0x80 ? 2 : 1);
}

function blank(width: number, height: number): Picture {
  const picture = { width, height, pixels: new Uint8Array(4 * width * height) };
  fillBlack(picture);
  return picture;
}

function fillBlack({ pixels }: Picture): void {
  for (let i = 0; i < pixels.length; i += 4) pixels.set([0, 0, 0, 255], i);
}

/** The 256 colours as red, green, blue of 8 bits. */
function colours(vga: Vga): Uint8Array {
  if (vga.vbe.dac8Bit) return vga.palette;
  return vga.palette.map((value) => (value << 2) | (value >> 4));
}

/** The sixteen colours of text and planar modes as indices into the 256. */
function sixteen({ attribute, dacMask }: Vga): number[] {
  const select = attribute[0x14];
  return Array.from({ length: 16 }, (_, i) => {
    const low = attribute[0x10] & 0x80 ? (attribute[i] & 0x0f) | ((select & 3) << 4) : attribute[i] & 0x3f;
    return (low | ((select & 0x0c) << 4)) & dacMask;
  });
}

function put(picture: Picture, index: number, table: Uint8Array, colour: number): void {
  const { pixels } = picture;
  pixels[4 * index] = table[3 * colour];
  pixels[4 * index + 1] = table[3 * colour + 1];
  pixels[4 * index + 2] = table[3 * colour + 2];
}

function renderText(vga: Vga): Picture {
  const screen = textScreen(vga);
  const cellWidth = vga.sequencer[1] & 1 ? 8 : 9;
  const picture = blank(screen.columns * cellWidth, screen.rows * screen.cellHeight);
  const table = colours(vga);
  const indices = sixteen(vga);
  const cursor = cursorRows(vga);
  const cursorCell = word(vga.crtc, CRTC_CURSOR);
  const blink = (vga.attribute[0x10] & 8) !== 0;
  for (let row = 0; row < screen.rows; row++) {
    for (let column = 0; column < screen.columns; column++) {
      const cell = screen.cell(row, column);
      const code = vga.vram[4 * cell];
      const attribute = vga.vram[4 * cell + 1];
      const ink = indices[attribute & 15];
      const paper = indices[(attribute >> 4) & (blink ? 7 : 15)];
      for (let y = 0; y < screen.cellHeight; y++) {
        const bits = glyphRow(vga, code, attribute, y);
        const inCursor = cell === cursorCell && y >= cursor[0] && y <= cursor[1];
        const line = ((row * screen.cellHeight + y) * screen.columns + column) * cellWidth;
        for (let x = 0; x < cellWidth; x++) {
          // Line-drawing characters run on into the ninth column.
          const lit = x < 8 ? (bits >> (7 - x)) & 1 : code >= 0xc0 && code <= 0xdf ? bits & 1 : 0;
          put(picture, line + x, table, lit || inCursor ? ink : paper);
        }
      }
    }
  }
  return picture;
}

/** One row of a glyph, from plane 2; bit 3 of the attribute may choose the second of two fonts. */
function glyphRow(vga: Vga, code: number, attribute: number, y: number): number {
  const select = vga.sequencer[3];
  const font = attribute & 8 ? ((select >> 2) & 3) | ((select & 0x20) >> 3) : (select & 3) | ((select & 0x10) >> 2);
  const start = ((font & 3) * 2 + (font >> 2)) * 0x2000;
  return vga.vram[4 * ((start + code * 32 + y) & 0xffff) + 2];
}

function cursorRows({ crtc }: Vga): [number, number] {
  const hidden = (crtc[CRTC.CURSOR_START] & 0x20) !== 0;
  return hidden ? [1, 0] : [crtc[CRTC.CURSOR_START] & 0x1f, crtc[CRTC.CURSOR_END] & 0x1f];
}

function renderPacked(vga: Vga): Picture {
  const width = (vga.crtc[CRTC.DISPLAY_END] + 1) * 4;
  const height = Math.max(1, Math.floor(scanLines(vga) / scansPerLine(vga)));
  const picture = blank(width, height);
  const table = colours(vga);
  const start = word(vga.crtc, CRTC_START) * 4;
  const stride = vga.crtc[CRTC_OFFSET] * 8;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      put(picture, y * width + x, table, vga.vram[(start + y * stride + x) & 0x3ffff] & vga.dacMask);
    }
  }
  return picture;
}

function renderPlanar(vga: Vga): Picture {
  const { vbe, vram } = vga;
  const width = vbe.enabled ? vbe.width : (vga.crtc[CRTC.DISPLAY_END] + 1) * 8;
  const height = vbe.enabled ? vbe.height : Math.max(1, Math.floor(scanLines(vga) / scansPerLine(vga)));
  const picture = blank(width, height);
  const table = colours(vga);
  const indices = sixteen(vga);
  const start = vbe.enabled ? vbe.start >> 2 : word(vga.crtc, CRTC_START);
  const stride = vbe.enabled ? vbe.stride >> 2 : vga.crtc[CRTC_OFFSET] * 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (4 * (start + y * stride + (x >> 3))) % vram.length;
      const bit = 7 - (x & 7);
      let colour = 0;
      for (let plane = 0; plane < 4; plane++) colour |= ((vram[at + plane] >> bit) & 1) << plane;
      put(picture, y * width + x, table, indices[colour & vga.attribute[0x12]]);
    }
  }
  return picture;
}

function renderLinear(vga: Vga): Picture {
  const { vbe, vram, dacMask } = vga;
  const { width, height, bpp, stride, start } = vbe;
  const picture = blank(width, height);
  const { pixels } = picture;
  const table = bpp === 8 ? colours(vga) : vram;
  const scale = (value: number, bits: number): number => (value << (8 - bits)) | (value >> (2 * bits - 8));
  for (let y = 0; y < height; y++) {
    let at = start + y * stride;
    for (let index = y * width; index < (y + 1) * width; index++) {
      if (bpp === 8) put(picture, index, table, vram[at++] & dacMask);
      else if (bpp === 15 || bpp === 16) {
        const value = vram[at] | (vram[at + 1] << 8);
        const green = bpp === 16 ? 6 : 5;
        pixels[4 * index] = scale((value >> (5 + green)) & 31, 5);
        pixels[4 * index + 1] = scale((value >> 5) & ((1 << green) - 1), green);
        pixels[4 * index + 2] = scale(value & 31, 5);
        at += 2;
      } else {
        pixels[4 * index] = vram[at + 2];
        pixels[4 * index + 1] = vram[at + 1];
        pixels[4 * index + 2] = vram[at];
        at += bpp >> 3;
      }
    }
  }
  return picture;
}
