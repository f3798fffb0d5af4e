// MSI-X of a PCI function: its capability, its table and pending bits behind a base address register.
// Source: PCI Local Bus Specification 3.0, section 6.8.2; message format: Intel SDM vol. 3A section 11.11.
import type { ApicBus } from '../interrupts/apic-bus.js';
import type { MmioDevice, Snapshottable, Width } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export const MSIX_CAPABILITY = 0x11;
export const MSIX_CAPABILITY_SIZE = 12;
const ENTRY = 16;
/** Where the pending bits lie behind the table. */
export const MSIX_PENDING = 0x800;
export const MSIX_BAR_SIZE = 0x1000;
/** Bits of the second byte of message control. */
const CONTROL = { MASKED: 0x40, ENABLED: 0x80 };
const MESSAGE_WINDOW = 0xfee;

/** Delivers the interrupt that a device asks for by a write of `data` to `address`. */
export interface MsiTarget {
  message(address: number, data: number): void;
}

/** Messages as local APICs take them. Writes outside the APICs' window are nobody's. */
export function msiTo(bus: ApicBus): MsiTarget {
  return {
    message(address, data) {
      if (address >>> 20 !== MESSAGE_WINDOW) return;
      bus.send({
        destination: (address >>> 12) & 0xff,
        logical: (address & 4) !== 0,
        mode: (data >>> 8) & 7,
        vector: data & 0xff,
        level: (data & 0x8000) !== 0 && (data & 0x4000) !== 0,
      });
    },
  };
}

export class Msix implements MmioDevice, Snapshottable {
  private readonly table: Uint8Array;
  private readonly words: DataView;
  private readonly pending: Uint8Array;
  private control = 0;

  constructor(
    readonly vectors: number,
    private readonly target: MsiTarget,
  ) {
    this.table = new Uint8Array(vectors * ENTRY);
    this.words = new DataView(this.table.buffer);
    this.pending = new Uint8Array(8 * Math.ceil(vectors / 64));
    this.reset();
  }

  reset(): void {
    this.table.fill(0);
    for (let i = 0; i < this.vectors; i++) this.table[i * ENTRY + 12] = 1;
    this.pending.fill(0);
    this.control = 0;
  }

  get enabled(): boolean {
    return (this.control & CONTROL.ENABLED) !== 0;
  }

  /** The second byte of message control, as the guest has written it. */
  setControl(value: number): void {
    this.control = value & (CONTROL.MASKED | CONTROL.ENABLED);
    for (let vector = 0; vector < this.vectors; vector++) this.release(vector);
  }

  /** A vector that does not exist is nobody's. */
  fire(vector: number): void {
    if (vector >= this.vectors) return;
    if (this.masked(vector)) this.pending[vector >> 3] |= 1 << (vector & 7);
    else
      this.target.message(this.words.getUint32(vector * ENTRY, true), this.words.getUint32(vector * ENTRY + 8, true));
  }

  readMmio(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.byte(offset + i) << (8 * i);
    return value >>> 0;
  }

  writeMmio(offset: number, width: Width, value: number): void {
    if (offset + width > this.table.length) return;
    for (let i = 0; i < width; i++) this.table[offset + i] = value >>> (8 * i);
    this.release(Math.floor(offset / ENTRY));
  }

  save(): unknown {
    return saveFields(this, ['table', 'pending', 'control']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['table', 'pending', 'control'], state);
  }

  private byte(offset: number): number {
    if (offset < this.table.length) return this.table[offset];
    return this.pending[offset - MSIX_PENDING] ?? 0;
  }

  private masked(vector: number): boolean {
    return this.control !== CONTROL.ENABLED || (this.table[vector * ENTRY + 12] & 1) !== 0;
  }

  /** Sends what waited for the mask to go. */
  private release(vector: number): void {
    const bit = 1 << (vector & 7);
    if (!(this.pending[vector >> 3] & bit) || this.masked(vector)) return;
    this.pending[vector >> 3] &= ~bit;
    this.fire(vector);
  }
}
