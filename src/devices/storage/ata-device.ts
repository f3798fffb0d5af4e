// What every ATA device has: the task file, the data register's buffer, interrupts, signatures.
// Source: ATA/ATAPI-6 (T13/1410D) chapters 5 (interface), 7 (registers), 9 (protocols).
import type { Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export const STATUS = { ERR: 0x01, DRQ: 0x08, DSC: 0x10, DF: 0x20, DRDY: 0x40, BSY: 0x80 } as const;
export const ERROR = { ABRT: 0x04, IDNF: 0x10, UNC: 0x40, WP: 0x40 } as const;
export const SECTOR = 512;
/** Bytes moved between storage and guest at a time. */
export const BUFFER_SIZE = 65536;

const DEVICE_LBA = 0x40;
const DEVICE_HEAD = 0x0f;
/** Registers of the task file by offset. */
export const REG = { ERROR: 1, COUNT: 2, LBA_LOW: 3, LBA_MID: 4, LBA_HIGH: 5, DEVICE: 6, STATUS: 7 } as const;

/** Moves the bytes of one DMA transfer; returns how many of them the controller had room or data for. */
export interface DmaPort {
  toMemory(bytes: Uint8Array): number;
  fromMemory(bytes: Uint8Array): number;
}

export type Direction = 'none' | 'in' | 'out';

const FIELDS = [
  'status',
  'error',
  'features',
  'count',
  'lbaLow',
  'lbaMid',
  'lbaHigh',
  'select',
  'interrupt',
  'buffer',
  'position',
  'end',
  'pio',
  'dma',
];

/**
 * Registers that hold two bytes (written one after the other for 48-bit addresses) keep the earlier one in their
 * high byte.
 */
export abstract class AtaDevice implements Snapshottable, Resettable {
  status = 0;
  error = 0;
  features = 0;
  count = 0;
  lbaLow = 0;
  lbaMid = 0;
  lbaHigh = 0;
  /** The device register: LBA bit and head. */
  select = 0;
  /** INTRQ. */
  interrupt = false;
  /** The device waits for the bus master to move data in this direction. */
  dma: Direction = 'none';
  protected readonly buffer = new Uint8Array(BUFFER_SIZE);
  protected position = 0;
  protected end = 0;
  /** Direction of the data register: `in` towards the guest. */
  protected pio: Direction = 'none';

  /** Called whenever the interrupt may have changed. */
  changed: () => void = () => {};

  /** Executes a command written to the command register. */
  command(code: number): void {
    this.interrupt = false;
    // The line falls here, so that a command which interrupts at once gives a new edge.
    this.changed();
    this.error = 0;
    this.pio = 'none';
    this.dma = 'none';
    this.status = this.idleStatus;
    this.execute(code);
    this.changed();
  }

  /** Runs the transfer that `dma` announces, as far as the controller goes along. */
  runDma(port: DmaPort): void {
    this.transferDma(port);
    this.changed();
  }

  readRegister(offset: number, high: boolean): number {
    const shift = high ? 8 : 0;
    switch (offset) {
      case REG.ERROR:
        return this.error;
      case REG.COUNT:
        return (this.count >> shift) & 0xff;
      case REG.LBA_LOW:
        return (this.lbaLow >> shift) & 0xff;
      case REG.LBA_MID:
        return (this.lbaMid >> shift) & 0xff;
      case REG.LBA_HIGH:
        return (this.lbaHigh >> shift) & 0xff;
      default:
        return this.status;
    }
  }

  writeRegister(offset: number, value: number): void {
    const push = (old: number): number => ((old & 0xff) << 8) | value;
    switch (offset) {
      case REG.ERROR:
        this.features = push(this.features);
        break;
      case REG.COUNT:
        this.count = push(this.count);
        break;
      case REG.LBA_LOW:
        this.lbaLow = push(this.lbaLow);
        break;
      case REG.LBA_MID:
        this.lbaMid = push(this.lbaMid);
        break;
      case REG.LBA_HIGH:
        this.lbaHigh = push(this.lbaHigh);
        break;
      case REG.DEVICE:
        this.select = value;
        break;
    }
  }

  /** Fills `data` from the data register, `width` bytes an access; what is not there reads as ones. */
  readData(data: Uint8Array): void {
    let at = 0;
    while (at < data.length && this.pio === 'in') {
      const length = Math.min(data.length - at, this.end - this.position);
      data.set(this.buffer.subarray(this.position, this.position + length), at);
      this.position += length;
      at += length;
      if (this.position < this.end) continue;
      this.pio = 'none';
      this.dataRead();
      // The last access of an odd number of bytes fetches padding, not the next block.
      if (length & 1 && at < data.length) data[at++] = 0;
    }
    data.fill(0xff, at);
    this.changed();
  }

  writeData(data: Uint8Array): void {
    let at = 0;
    while (at < data.length && this.pio === 'out') {
      const length = Math.min(data.length - at, this.end - this.position);
      this.buffer.set(data.subarray(at, at + length), this.position);
      this.position += length;
      at += length;
      if (this.position < this.end) continue;
      this.pio = 'none';
      this.dataWritten();
    }
    this.changed();
  }

  /** The end of a software or hardware reset. */
  reset(): void {
    this.interrupt = false;
    this.pio = 'none';
    this.dma = 'none';
    this.position = 0;
    this.end = 0;
    this.features = 0;
    this.setSignature();
    this.error = 0x01;
  }

  save(): unknown {
    return saveFields(this, [...FIELDS, ...this.ownFields()]);
  }

  restore(state: unknown): void {
    restoreFields(this, [...FIELDS, ...this.ownFields()], state);
    this.position = Math.min(this.position, BUFFER_SIZE);
    this.end = Math.min(this.end, BUFFER_SIZE);
  }

  protected abstract ownFields(): readonly string[];
  protected abstract readonly idleStatus: number;
  protected abstract setSignature(): void;
  protected abstract execute(code: number): void;
  protected abstract transferDma(port: DmaPort): void;
  /** The guest has read, or written, all bytes of the block. */
  protected abstract dataRead(): void;
  protected abstract dataWritten(): void;

  protected signature(mid: number, high: number): void {
    this.count = 1;
    this.lbaLow = 1;
    this.lbaMid = mid;
    this.lbaHigh = high;
    this.select = 0;
  }

  /** Offers bytes `from` to `end` of the buffer to the guest. */
  protected offer(from: number, end: number): void {
    this.position = from;
    this.end = end;
    this.pio = 'in';
    this.status = this.idleStatus | STATUS.DRQ;
    this.interrupt = true;
  }

  /** Asks the guest for `length` bytes. */
  protected ask(length: number, interrupt: boolean): void {
    this.position = 0;
    this.end = length;
    this.pio = 'out';
    this.status = this.idleStatus | STATUS.DRQ;
    this.interrupt = interrupt;
  }

  protected awaitDma(direction: 'in' | 'out'): void {
    this.dma = direction;
    this.status = this.idleStatus | STATUS.DRQ;
  }

  protected succeed(): void {
    this.dma = 'none';
    this.status = this.idleStatus;
    this.interrupt = true;
  }

  protected fail(error: number, status = 0): void {
    this.dma = 'none';
    this.error = error;
    this.status = this.idleStatus | STATUS.ERR | status;
    this.interrupt = true;
  }

  /** The sector a 48-bit command addresses. */
  protected get lba48(): number {
    const low = (this.lbaLow & 0xff) | ((this.lbaMid & 0xff) << 8) | ((this.lbaHigh & 0xff) << 16);
    return low + (this.lbaLow >> 8) * 2 ** 24 + (this.lbaMid >> 8) * 2 ** 32 + (this.lbaHigh >> 8) * 2 ** 40;
  }

  protected set lba48(lba: number) {
    const byte = (index: number): number => Math.floor(lba / 2 ** (8 * index)) & 0xff;
    this.lbaLow = byte(0) | (byte(3) << 8);
    this.lbaMid = byte(1) | (byte(4) << 8);
    this.lbaHigh = byte(2) | (byte(5) << 8);
  }

  protected get usesLba(): boolean {
    return (this.select & DEVICE_LBA) !== 0;
  }

  protected get head(): number {
    return this.select & DEVICE_HEAD;
  }

  protected set head(head: number) {
    this.select = (this.select & ~DEVICE_HEAD) | (head & DEVICE_HEAD);
  }
}
