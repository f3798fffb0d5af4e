// A floppy drive with a disk in it: where the head is, which sectors are under it, the line that tells of a change of disk.
// Source: Intel 82077AA data sheet (290166); drive interface of the PC/AT (Technical Reference, diskette drive adapter).
import type { BlockBackend } from '../block-backend.js';
import { type FloppyFormat, floppyFormat, SECTOR } from './floppy-format.js';

/** Steps that a head can go in from track 0; some disks have a few tracks more than they should. */
const MOST_TRACK = 83;

export class FloppyDrive {
  readonly format: FloppyFormat;
  track = 0;
  /** A disk has been put in since the head moved last. */
  changed = true;
  /** The sector that READ ID has seen last. */
  seen = 0;

  /** Throws RangeError when `disk` has no format. */
  constructor(private readonly disk: BlockBackend) {
    const format = floppyFormat(disk.size);
    if (!format) throw new RangeError(`a floppy disk of ${disk.size} bytes`);
    this.format = format;
  }

  get readOnly(): boolean {
    return this.disk.readOnly;
  }

  seek(track: number): void {
    this.track = Math.max(0, Math.min(MOST_TRACK, track));
    this.changed = false;
  }

  /** Whether anything can be read at this data rate. */
  readable(rate: number): boolean {
    return this.format.rates.includes(rate);
  }

  has(cylinder: number, head: number, sector: number): boolean {
    const { cylinders, heads, sectors } = this.format;
    return cylinder < cylinders && head < heads && sector >= 1 && sector <= sectors;
  }

  /** Throws BlockError, as does `write`. */
  read(cylinder: number, head: number, sector: number, into: Uint8Array): void {
    this.disk.read(this.offset(cylinder, head, sector), into);
  }

  write(cylinder: number, head: number, sector: number, bytes: Uint8Array): void {
    this.disk.write(this.offset(cylinder, head, sector), bytes);
  }

  private offset(cylinder: number, head: number, sector: number): number {
    const { heads, sectors } = this.format;
    return ((cylinder * heads + head) * sectors + sector - 1) * SECTOR;
  }
}
