// What a device is to the machine: offsets in, values out, an interrupt line, a clock.
// Source: the shape of rust-vmm's bus traits; a device sees an offset, never its own address.

export type { Clock, Timer, Timers } from '../base/time.js';

/** Width of one access in bytes. */
export type Width = 1 | 2 | 4;

/**
 * A range of I/O ports. `offset` counts from the first port of the range.
 * Every offset of the range, at every width and alignment, must be answered without throwing:
 * a port that is not there reads as all ones. Values are unsigned.
 */
export interface PortDevice {
  readPort(offset: number, width: Width): number;
  writePort(offset: number, width: Width, value: number): void;
}

/**
 * Optional fast path of string I/O (`rep ins`, `rep outs`) on one port: fills or drains `data` whole,
 * `width` bytes an item, little-endian, just as that many single accesses would.
 */
export interface StringPortDevice extends PortDevice {
  readPortString(offset: number, width: Width, data: Uint8Array): void;
  writePortString(offset: number, width: Width, data: Uint8Array): void;
}

/** A range of physical addresses. The rules of PortDevice hold. */
export interface MmioDevice {
  readMmio(offset: number, width: Width): number;
  writeMmio(offset: number, width: Width, value: number): void;
}

/** An interrupt input of an interrupt controller. Level-shaped: an edge is `set(true); set(false)`. */
export interface IrqLine {
  set(level: boolean): void;
}

/**
 * Guest-physical memory for DMA. Addresses are unsigned 32-bit and may be anything a guest wrote:
 * bytes outside RAM read as 0xFF and are dropped when written; nothing wraps at 4 GiB.
 * Writes to pages that hold decoded code invalidate it.
 */
export interface GuestMemory {
  read(address: number, into: Uint8Array): void;
  write(address: number, bytes: Uint8Array): void;
  readU8(address: number): number;
  readU16(address: number): number;
  readU32(address: number): number;
  writeU32(address: number, value: number): void;
}

/** Guest memory that also lends its bytes, so that data need not be copied between it and the host. */
export interface DirectMemory extends GuestMemory {
  /** The bytes at `address` when all of them are RAM in one piece. Whoever changes them says so by `written`. */
  ram(address: number, length: number): Uint8Array | undefined;
  written(address: number, length: number): void;
}

/** State of a device as plain JSON-able data (typed arrays allowed); what `restore` takes back. */
export interface Snapshottable {
  save(): unknown;
  restore(state: unknown): void;
}

/** Anything that a machine reset resets. */
export interface Resettable {
  reset(): void;
}
