// What a floppy command does with sectors: goes through them one by one, and moves their bytes by DMA or by the FIFO.
// Source: Intel 82077AA data sheet (290166), section 5.1 (data transfer commands), tables 5-3 to 5-8.
import type { DmaChannel } from '../../dma/dma-controller.js';
import { restoreFields, saveFields } from '../../snapshot-fields.js';
import { BlockError } from '../block-backend.js';
import { type CommandName, FLAG, STATUS_0, STATUS_1, STATUS_2 } from './floppy-commands.js';
import type { FloppyDrive } from './floppy-drive.js';
import { SECTOR } from './floppy-format.js';

/** Size code of a sector of 512 bytes: 128 << 2. */
const SIZE_512 = 2;
/** What FORMAT is given for each sector: C, H, R, N. */
const ID_SIZE = 4;
/** Of VERIFY's second byte. */
const ENABLE_COUNT = 0x80;

const FIELDS = [
  ...['kind', 'direction', 'unit', 'cylinder', 'head', 'side', 'sector', 'last', 'multiTrack', 'left', 'filler'],
  ...['buffer', 'at', 'end', 'mark'],
];

export interface TransferOptions {
  drive: (unit: number) => FloppyDrive | undefined;
  dma: DmaChannel;
  /** The command is over: ST0, ST1, ST2, C, H, R, N. */
  done: (result: number[]) => void;
}

/**
 * The disk turns infinitely fast: as many sectors are done at once as the DMA channel takes.
 *
 * DEVIATION, as in QEMU: a sector is found whatever track the head is on, as if seeks were implied. And nothing waits for ever for a disk that is not
 * there or that has another data rate: there is no address mark.
 */
export class FloppyTransfer {
  /** The data register gives (`in`) or takes (`out`) bytes, or the DMA channel does. */
  direction: 'none' | 'in' | 'out' = 'none';
  /** What to do with each sector. */
  private kind = 'read';
  private unit = 0;
  private cylinder = 0;
  private head = 0;
  /** The head that has moved last: H is of the sector that would be next. */
  private side = 0;
  private sector = 0;
  /** The last sector of a track (EOT). */
  private last = 0;
  private multiTrack = false;
  /** Sectors that a VERIFY or FORMAT has to do, or READ TRACK; -1: as far as it goes. */
  private left = -1;
  /** What FORMAT fills sectors with. */
  private filler = 0;
  private readonly buffer = new Uint8Array(SECTOR);
  /** Bytes of the buffer that have been moved, of how many. */
  private at = 0;
  private end = 0;
  /** The sector is not of the kind (deleted or not) that was asked for: it is the last one. */
  private mark = false;

  constructor(private readonly options: TransferOptions) {}

  reset(): void {
    this.direction = 'none';
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
  }

  /** Begins a command, all of whose bytes are in `bytes`. */
  start(name: CommandName, bytes: readonly number[], rate: number): void {
    const [code, select] = bytes;
    this.unit = select & 3;
    this.multiTrack = (code & FLAG.MULTI_TRACK) !== 0;
    this.mark = name === 'read deleted';
    this.left = -1;
    const size = name === 'format' ? this.describeFormat(bytes) : this.describe(name, bytes);
    this.side = this.head;
    const drive = this.options.drive(this.unit);
    if (!(code & FLAG.MFM) || !drive?.readable(rate)) this.fail(STATUS_1.NO_ADDRESS);
    else if (this.writes && drive.readOnly) this.fail(STATUS_1.NOT_WRITABLE);
    else if (size !== SIZE_512) this.fail(STATUS_1.NO_DATA);
    // What is to be skipped is all there is.
    else if (this.mark && code & FLAG.SKIP) this.finish(0, 0, STATUS_2.CONTROL_MARK);
    else if (this.kind === 'verify') this.verify(drive);
    else if (this.prepare(drive)) this.direction = this.writes ? 'out' : 'in';
  }

  /** READ ID: the next sector that comes by. */
  readId(code: number, select: number, rate: number): void {
    this.unit = select & 3;
    this.head = (select >> 2) & 1;
    this.side = this.head;
    const drive = this.options.drive(this.unit);
    this.cylinder = drive?.track ?? 0;
    this.sector = 1;
    if (!drive?.readable(rate) || !(code & FLAG.MFM) || !drive.has(this.cylinder, this.head, 1)) {
      this.fail(STATUS_1.NO_ADDRESS);
      return;
    }
    drive.seen = (drive.seen % drive.format.sectors) + 1;
    this.sector = drive.seen;
    this.finish(0, 0, 0);
  }

  /** The DMA channel takes or gives bytes now. */
  runDma(): void {
    const { dma } = this.options;
    while (this.direction !== 'none') {
      const bytes = this.buffer.subarray(this.at, this.end);
      const moved = this.direction === 'in' ? dma.toMemory(bytes) : dma.fromMemory(bytes);
      if (moved === 0) return;
      this.moved(moved, dma.ended);
    }
  }

  /** One byte by the data register. */
  read(): number {
    const byte = this.buffer[this.at];
    this.moved(1, false);
    return byte;
  }

  write(byte: number): void {
    this.buffer[this.at] = byte;
    this.moved(1, false);
  }

  private get writes(): boolean {
    return this.kind === 'write' || this.kind === 'format';
  }

  /** Takes what all commands but FORMAT give; the size code of the sectors. */
  private describe(name: CommandName, bytes: readonly number[]): number {
    const [, select, cylinder, head, sector, size, last, , length] = bytes;
    this.kind = name.startsWith('write') ? 'write' : name === 'verify' ? 'verify' : 'read';
    this.cylinder = cylinder;
    this.head = head;
    this.sector = sector;
    this.last = last;
    if (name === 'read track') {
      this.multiTrack = false;
      this.sector = 1;
      this.left = last;
    }
    // With EC set VERIFY has a number of sectors where others have a length.
    if (name === 'verify' && select & ENABLE_COUNT) this.left = length;
    return size;
  }

  private describeFormat([, select, size, sectors, , filler]: readonly number[]): number {
    this.kind = 'format';
    this.cylinder = this.options.drive(this.unit)?.track ?? 0;
    this.head = (select >> 2) & 1;
    this.sector = 1;
    this.left = sectors;
    this.filler = filler;
    return size;
  }

  /** The buffer is ready for the sector at hand. False: there is none, and the command has failed. */
  private prepare(drive: FloppyDrive): boolean {
    this.side = this.head;
    this.at = 0;
    this.end = this.kind === 'format' ? ID_SIZE : SECTOR;
    if (this.kind === 'format') return true;
    if (!drive.has(this.cylinder, this.head, this.sector)) {
      this.fail(STATUS_1.NO_DATA);
      return false;
    }
    if (drive.track !== this.cylinder) drive.seek(this.cylinder);
    return this.kind === 'write' || this.guard(() => drive.read(this.cylinder, this.head, this.sector, this.buffer));
  }

  /** `bytes` of the sector at hand have been moved; `ended`: they were the last. */
  private moved(bytes: number, ended: boolean): void {
    const drive = this.options.drive(this.unit);
    this.at += bytes;
    if (!drive) return;
    if (this.at < this.end && !ended) return;
    if (this.writes && !this.store(drive)) return;
    const more = this.advance();
    if (ended || !more) {
      // By DMA the end is the channel's to say; without, a command that goes to its last sector says that it did.
      const fell = !ended && this.left !== 0 && !this.mark;
      this.finish(fell ? STATUS_0.ABNORMAL : 0, fell ? STATUS_1.END : 0, this.mark ? STATUS_2.CONTROL_MARK : 0);
    } else if (!this.prepare(drive)) this.direction = 'none';
  }

  /** Writes the sector at hand, of which less than all may have come. */
  private store(drive: FloppyDrive): boolean {
    if (this.kind === 'write') {
      this.buffer.fill(0, this.at);
      return this.guard(() => drive.write(this.cylinder, this.head, this.sector, this.buffer));
    }
    // DEVIATION: an image has its format for ever. What would be other sectors than it has is not written anywhere.
    const [cylinder, head, sector, size] = this.buffer;
    const fits = this.at === ID_SIZE && cylinder === this.cylinder && head === this.head && size === SIZE_512;
    if (!fits || !drive.has(cylinder, head, sector)) return true;
    const filled = new Uint8Array(SECTOR).fill(this.filler);
    return this.guard(() => drive.write(cylinder, head, sector, filled));
  }

  /** Reads sectors for nobody. */
  private verify(drive: FloppyDrive): void {
    do {
      if (!this.prepare(drive)) return;
    } while (this.advance());
    this.finish(0, 0, 0);
  }

  /** Goes to the next sector. False: that one is not part of the command any more. */
  private advance(): boolean {
    if (this.left > 0) this.left--;
    let more = this.left !== 0 && !this.mark;
    if (this.kind === 'format') return more;
    if (this.sector !== this.last) {
      this.sector = (this.sector + 1) & 0xff;
      return more;
    }
    this.sector = 1;
    const other = this.multiTrack && this.head === 0;
    if (this.multiTrack) this.head ^= 1;
    if (!other) {
      this.cylinder = (this.cylinder + 1) & 0xff;
      more = false;
    }
    return more;
  }

  /** Does something to the disk. False: the host's storage failed, and so has the command. */
  private guard(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      this.finish(STATUS_0.ABNORMAL, STATUS_1.DATA, STATUS_2.DATA);
      return false;
    }
  }

  private fail(status: number): void {
    this.finish(STATUS_0.ABNORMAL, status, 0);
  }

  private finish(status0: number, status1: number, status2: number): void {
    this.direction = 'none';
    const st0 = status0 | ((this.side & 1) << 2) | this.unit;
    this.options.done([st0, status1, status2, this.cylinder, this.head, this.sector, SIZE_512]);
  }
}
