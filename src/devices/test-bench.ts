// The instruments that device tests hold a device with: a clock set by hand, a piece of RAM, a line that remembers.
// Source: the contracts in device.ts.
import { type BlockBackend, BlockError } from './storage/block-backend.js';
import type { DirectMemory, IrqLine } from './device.js';

export { BenchTimers } from '../../test/bench-timers.js';

/** Remembers its level and counts rising edges. */
export class BenchLine implements IrqLine {
  level = false;
  edges = 0;

  set(level: boolean): void {
    if (level && !this.level) this.edges++;
    this.level = level;
  }
}

/** RAM from address 0; the rest of the 4 GiB reads as ones and swallows writes. */
export class BenchMemory implements DirectMemory {
  readonly bytes: Uint8Array;
  /** Bytes asked for, in or out of RAM: tests bound it. */
  traffic = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  read(address: number, into: Uint8Array): void {
    this.traffic += into.length;
    into.fill(0xff);
    if (address < this.bytes.length) into.set(this.bytes.subarray(address, address + into.length));
  }

  write(address: number, bytes: Uint8Array): void {
    this.traffic += bytes.length;
    if (address < this.bytes.length) this.bytes.set(bytes.subarray(0, this.bytes.length - address), address);
  }

  ram(address: number, length: number): Uint8Array | undefined {
    return address + length <= this.bytes.length ? this.bytes.subarray(address, address + length) : undefined;
  }

  written(): void {}

  readU8(address: number): number {
    return this.little(address, 1);
  }

  readU16(address: number): number {
    return this.little(address, 2);
  }

  readU32(address: number): number {
    return this.little(address, 4);
  }

  writeU32(address: number, value: number): void {
    this.write(address, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
  }

  private little(address: number, width: number): number {
    const bytes = new Uint8Array(width);
    this.read(address, bytes);
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  }
}

/** A disk in memory that can be told to fail. */
export class BenchDisk implements BlockBackend {
  readonly bytes: Uint8Array;
  failing = false;
  flushes = 0;

  constructor(
    readonly size: number,
    readonly readOnly = false,
  ) {
    this.bytes = new Uint8Array(size);
  }

  read(offset: number, into: Uint8Array): void {
    this.check(offset, into.length);
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, bytes: Uint8Array): void {
    this.check(offset, bytes.length);
    if (this.readOnly) throw new BlockError('read-only');
    this.bytes.set(bytes, offset);
  }

  flush(): void {
    if (this.failing) throw new BlockError('the host disk failed');
    this.flushes++;
  }

  private check(offset: number, length: number): void {
    if (this.failing) throw new BlockError('the host disk failed');
    if (offset < 0 || offset + length > this.size) throw new RangeError(`outside the disk: ${offset}+${length}`);
  }
}
