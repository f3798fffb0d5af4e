// What floppy disks there are, by the size of their image, and the drive that each is put into.
// Source: Intel 82077AA data sheet (290166), data rates; the formats of PC DOS; CMOS drive types as in Ralf Brown's CMOS.LST.
import { type BlockBackend, BlockError } from '../block-backend.js';

export const SECTOR = 512;
/** Codes of the data rate registers. */
const RATE = { K500: 0, K300: 1, K250: 2, M1: 3 };

export interface FloppyFormat {
  cylinders: number;
  heads: number;
  /** Of a track, numbered from 1. */
  sectors: number;
  /** At which it can be read, as the data rate registers have them. */
  rates: readonly number[];
  /** Type of its drive in CMOS: 1, 360 K; 2, 1.2 M; 3, 720 K; 4, 1.44 M; 5, 2.88 M. */
  driveType: number;
}

/** 40 tracks in a drive of 300 turns a minute; 300 Kbit/s is what a drive of 360 turns, and SeaBIOS for a drive of either kind, has. */
const FORTY = { cylinders: 40, rates: [RATE.K250, RATE.K300], driveType: 1 };
const FORMATS: readonly FloppyFormat[] = [
  { ...FORTY, heads: 1, sectors: 8 },
  { ...FORTY, heads: 1, sectors: 9 },
  { ...FORTY, heads: 2, sectors: 8 },
  { ...FORTY, heads: 2, sectors: 9 },
  { cylinders: 80, heads: 2, sectors: 9, rates: [RATE.K250], driveType: 3 },
  { cylinders: 80, heads: 2, sectors: 15, rates: [RATE.K500], driveType: 2 },
  { cylinders: 80, heads: 2, sectors: 18, rates: [RATE.K500], driveType: 4 },
  // 1.68 M, of Microsoft's distributions
  { cylinders: 80, heads: 2, sectors: 21, rates: [RATE.K500], driveType: 4 },
  { cylinders: 80, heads: 2, sectors: 36, rates: [RATE.M1], driveType: 5 },
];
/** What a short image is the beginning of. */
const USUAL = [FORMATS[6], FORMATS[8]];

export function sizeOf({ cylinders, heads, sectors }: FloppyFormat): number {
  return cylinders * heads * sectors * SECTOR;
}

/** Bytes of the largest floppy disk. */
export const FLOPPY_MAX = sizeOf(FORMATS[8]);

/** The format of an image of `size` bytes: the one of just that size, else the usual one that it is the beginning of; none for larger ones. */
export function floppyFormat(size: number): FloppyFormat | undefined {
  return FORMATS.find((format) => sizeOf(format) === size) ?? USUAL.find((format) => size <= sizeOf(format));
}

/** A short image as long as its format: zeros follow, and are not written. */
export function wholeFloppy(image: BlockBackend): BlockBackend {
  const format = floppyFormat(image.size);
  if (!format || sizeOf(format) === image.size) return image;
  return {
    size: sizeOf(format),
    readOnly: image.readOnly,
    read(offset, into) {
      const there = Math.max(0, Math.min(into.length, image.size - offset));
      if (there > 0) image.read(offset, into.subarray(0, there));
      into.fill(0, there);
    },
    write(offset, bytes) {
      if (offset + bytes.length > image.size) throw new BlockError('the image ends here');
      image.write(offset, bytes);
    },
    flush: () => image.flush(),
  };
}
