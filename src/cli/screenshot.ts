// Pictures of the guest's screen, as PNG files.
// Ours.
import { writeFileSync } from 'node:fs';
import { InputError } from '../base/errors.js';
import { render } from '../devices/display/vga-render.js';
import type { Vga } from '../devices/display/vga.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import { reason } from '../hosts/node/files.js';
import { encodePng } from '../hosts/node/png.js';

/** Writes what the screen shows now; in words, what that was. Throws InputError. */
export function writeScreenshot(path: string, vga: Vga): string {
  const picture = render(vga);
  try {
    writeFileSync(path, encodePng(picture));
  } catch (error) {
    throw new InputError(`--screenshot ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
  return `screenshot ${path}: ${picture.width} x ${picture.height}`;
}
