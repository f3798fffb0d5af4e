// The font that a video BIOS would have loaded for text modes: code page 437, drawn with the browser's own monospace font.
// IBM VGA technical reference: 32 bytes a character in plane 2, of which 16 show.
import type { Vga } from '../../src/devices/display/vga.js';
import { CODE_POINTS, screenKind } from '../../src/devices/display/text-screen.js';

const WIDTH = 8;
const HEIGHT = 16;
const SLOT = 32;
const BASELINE = 12;
/** Of the 255 steps of a pixel's coverage: from here on it is lit. */
const LIT = 100;

/** For a guest that shows text and has no font: machines without a video BIOS start like that. */
export function giveFont(vga: Vga): void {
  if (screenKind(vga) !== 'text' || hasFont(vga)) return;
  const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d', { willReadFrequently: true });
  if (!context) return;
  context.font = 'bold 13px "DejaVu Sans Mono", Menlo, Consolas, monospace';
  CODE_POINTS.forEach((character, code) => {
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.fillText(character, 0, BASELINE, WIDTH);
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    for (let y = 0; y < HEIGHT; y++) {
      let bits = 0;
      for (let x = 0; x < WIDTH; x++) if (data[4 * (y * WIDTH + x) + 3] >= LIT) bits |= 0x80 >> x;
      vga.vram[4 * (code * SLOT + y) + 2] = bits;
    }
  });
}

function hasFont({ vram }: Vga): boolean {
  for (let at = 0; at < CODE_POINTS.length * SLOT; at++) if (vram[4 * at + 2] !== 0) return true;
  return false;
}
