// What a VGA shows as pixels, in every mode.
// Source: IBM VGA technical reference (text and graphics addressing).
import {
  cellAt,
  colourTable,
  cursorCell,
  cursorLines,
  scanLines,
  screenKind,
  sixteenColours,
  textGeometry,
} from './text-screen.js';
import type { Vga } from './vga.js';

/** Red, green, blue, 255 for each pixel, line by line. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

const CRTC = { DISPLAY_END: 1, MAX_SCAN: 9 } as const;
const CRTC_START = 0x0c;
const CRTC_OFFSET = 0x13;

/** Pixels of the picture that `render` makes. */
export function pictureSize(vga: Vga): Pick<Picture, 'width' | 'height'> {
  const { vbe, crtc } = vga;
  const kind = screenKind(vga);
  if (kind === 'text') {
    const { columns, rows, cellHeight } = textGeometry(vga);
    return { width: columns * cellWidth(vga), height: rows * cellHeight };
  }
  if (vbe.enabled) return { width: vbe.width, height: vbe.height };
  return {
    width: (crtc[CRTC.DISPLAY_END] + 1) * (kind === 'packed' ? 4 : 8),
    height: Math.max(1, Math.floor(scanLines(vga) / scansPerLine(vga))),
  };
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

/** Scan lines that show one line of pixels. */
function scansPerLine({ crtc }: Vga): number {
  return ((crtc[CRTC.MAX_SCAN] & 0x1f) + 1) * (crtc[CRTC.MAX_SCAN] & 0x80 ? 2 : 1);
}

function cellWidth({ sequencer }: Vga): number {
  return sequencer[1] & 1 ? 8 : 9;
}

function blank(vga: Vga): Picture {
  const { width, height } = pictureSize(vga);
  const picture = { width, height, pixels: new Uint8Array(4 * width * height) };
  fillBlack(picture);
  return picture;
}

function fillBlack({ pixels }: Picture): void {
  for (let i = 0; i < pixels.length; i += 4) pixels.set([0, 0, 0, 255], i);
}

function put(picture: Picture, index: number, table: Uint8Array, colour: number): void {
  const { pixels } = picture;
  pixels[4 * index] = table[3 * colour];
  pixels[4 * index + 1] = table[3 * colour + 1];
  pixels[4 * index + 2] = table[3 * colour + 2];
}

function renderText(vga: Vga): Picture {
  const screen = textGeometry(vga);
  const wide = cellWidth(vga);
  const picture = blank(vga);
  const table = colourTable(vga);
  const indices = sixteenColours(vga);
  const cursor = cursorLines(vga);
  const atCursor = cursorCell(vga);
  const blink = (vga.attribute[0x10] & 8) !== 0;
  for (let row = 0; row < screen.rows; row++) {
    for (let column = 0; column < screen.columns; column++) {
      const cell = cellAt(screen, row, column);
      const code = vga.vram[4 * cell];
      const attribute = vga.vram[4 * cell + 1];
      const ink = indices[attribute & 15];
      const paper = indices[(attribute >> 4) & (blink ? 7 : 15)];
      for (let y = 0; y < screen.cellHeight; y++) {
        const bits = glyphRow(vga, code, attribute, y);
        const inCursor = cell === atCursor && y >= cursor[0] && y <= cursor[1];
        const line = ((row * screen.cellHeight + y) * screen.columns + column) * wide;
        for (let x = 0; x < wide; x++) {
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

function renderPacked(vga: Vga): Picture {
  const picture = blank(vga);
  const { width, height } = picture;
  const table = colourTable(vga);
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
  const picture = blank(vga);
  const { width, height } = picture;
  const table = colourTable(vga);
  const indices = sixteenColours(vga);
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
  const { bpp, stride, start } = vbe;
  const picture = blank(vga);
  const { width, height, pixels } = picture;
  const table = bpp === 8 ? colourTable(vga) : vram;
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
