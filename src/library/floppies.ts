// The image of a floppy disk, as a drive takes it: of a size that there is, whole.
// Ours; formats: src/devices/storage/floppy/floppy-format.ts.
import { InputError } from '../base/errors.js';
import { FLOPPY_MAX, floppyFormat, sizeOf, wholeFloppy } from '../devices/storage/floppy/floppy-format.js';
import type { Disk } from './platform.js';

/**
 * A short image is the beginning of a usual disk, zeros behind it. `inPlace`: the image itself is to be written, so it must not be short.
 * Throws InputError.
 */
export function floppyOf(image: Disk, name: string, inPlace: boolean): Disk {
  const { size } = image;
  const format = floppyFormat(size);
  if (!format)
    throw new InputError(
      `floppy ${name}: ${size} bytes; the largest floppy disk has ${FLOPPY_MAX}`,
      'A hard disk’s image is a disk (--disk).',
    );
  const whole = sizeOf(format);
  if (whole === size) return image;
  if (inPlace)
    throw new InputError(
      `floppy ${name}: ${size} bytes, which is part of a disk of ${whole}`,
      `To write it in place make it whole: truncate -s ${whole} FILE. Or keep what is written elsewhere (,snapshot).`,
    );
  return Object.assign(wholeFloppy(image), { close: () => image.close?.() });
}
