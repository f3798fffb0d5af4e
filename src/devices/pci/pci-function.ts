// One PCI function: its configuration space, the ranges its base address registers claim, its interrupt pin.
// Source: PCI Local Bus Specification 2.3, chapter 6.
import type { IrqLine, MmioDevice, PortDevice, Resettable, Snapshottable, Width } from '../device.js';
import { NOWHERE } from '../line.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

/** What answers behind a claimed range: ports, registers in memory space, or plain memory. */
export type PciRange = { readonly size: number /** For statistics. */; readonly name?: string } & (
  | { readonly kind: 'io'; readonly ports: PortDevice }
  | { readonly kind: 'mmio'; readonly device: MmioDevice }
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
);

/**
 * The machine's address decoder. A guest may put a range anywhere, over RAM, ROM or another range:
 * it is the decoder that says who wins.
 */
export interface PciDecoder {
  map(range: PciRange, address: number): void;
  unmap(range: PciRange, address: number): void;
}

export interface PciIdentity {
  vendor: number;
  device: number;
  /** Base class, sub-class, programming interface. */
  classCode: number;
  revision?: number;
  subsystemVendor?: number;
  subsystem?: number;
  /** 1 to 4 for INTA# to INTD#. */
  interruptPin?: number;
}

export const PCI = {
  COMMAND: 0x04,
  STATUS: 0x06,
  HEADER_TYPE: 0x0e,
  BAR0: 0x10,
  INTERRUPT_LINE: 0x3c,
  INTERRUPT_PIN: 0x3d,
} as const;
const COMMAND = { IO: 0x01, MEMORY: 0x02, MASTER: 0x04, WRITABLE: 0x0547, INTX_DISABLE: 0x0400 };
const STATUS_INTERRUPT = 0x08;
/** The error bits of the status register, cleared by writing ones. */
const STATUS_CLEARABLE_HIGH = 0xf9;
const IO_LIMIT = 0x10000;
const MEMORY_LIMIT = 0x100000000;

interface Claim {
  readonly range: PciRange;
  /** Where the range should be now; -1: nowhere. */
  readonly locate: () => number;
  mapped: number;
}

export class PciFunction implements Snapshottable, Resettable {
  readonly config = new Uint8Array(256);
  /** Sizes of the base address registers, for whoever assigns addresses. */
  readonly bars: { register: number; range: PciRange }[] = [];
  /** Bits that the guest can write. */
  protected readonly writable = new Uint8Array(256);
  private readonly initial = new Uint8Array(256);
  private readonly claims: Claim[] = [];
  private decoder: PciDecoder | undefined;
  private intx: IrqLine = NOWHERE;

  constructor(readonly identity: PciIdentity) {
    this.preset(0x00, 2, identity.vendor);
    this.preset(0x02, 2, identity.device);
    this.preset(0x08, 1, identity.revision ?? 0);
    this.preset(0x09, 3, identity.classCode);
    this.preset(0x2c, 2, identity.subsystemVendor ?? 0x1af4);
    this.preset(0x2e, 2, identity.subsystem ?? 0x1100);
    this.preset(PCI.INTERRUPT_PIN, 1, identity.interruptPin ?? 0);
    this.allow(PCI.COMMAND, 2, COMMAND.WRITABLE);
    this.allow(0x0c, 2, 0xffff);
    this.allow(PCI.INTERRUPT_LINE, 1, 0xff);
  }

  /** The bus puts the function into a slot. */
  attach(decoder: PciDecoder, intx: IrqLine): void {
    this.decoder = decoder;
    this.intx = intx;
    this.relocate();
  }

  get interruptPin(): number {
    return this.config[PCI.INTERRUPT_PIN];
  }

  get busMaster(): boolean {
    return (this.config[PCI.COMMAND] & COMMAND.MASTER) !== 0;
  }

  /** Bytes past the end of configuration space read as ones. */
  readConfig(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= (offset + i < 256 ? this.config[offset + i] : 0xff) << (8 * i);
    return value >>> 0;
  }

  writeConfig(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width && offset + i < 256; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
    this.relocate();
    this.driveInterrupt();
    this.configWritten(offset, offset + width);
  }

  /** Level of the function's interrupt pin. */
  setInterrupt(level: boolean): void {
    if (level) this.config[PCI.STATUS] |= STATUS_INTERRUPT;
    else this.config[PCI.STATUS] &= ~STATUS_INTERRUPT;
    this.driveInterrupt();
  }

  reset(): void {
    this.config.set(this.initial);
    this.relocate();
    this.driveInterrupt();
  }

  save(): unknown {
    return saveFields(this, ['config']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['config'], state);
    this.relocate();
    this.driveInterrupt();
  }

  /** Called after a write to bytes from `first` up to but not including `end`. */
  protected configWritten(_first: number, _end: number): void {}

  /** Sets a register's value after reset. */
  protected preset(offset: number, bytes: number, value: number): void {
    for (let i = 0; i < bytes; i++) {
      this.initial[offset + i] = value >>> (8 * i);
      this.config[offset + i] = value >>> (8 * i);
    }
  }

  /** Makes bits of a register writable. */
  protected allow(offset: number, bytes: number, mask: number): void {
    for (let i = 0; i < bytes; i++) this.writable[offset + i] = mask >>> (8 * i);
  }

  /** Adds base address register `index`. The size must be a power of two. */
  protected addBar(index: number, range: PciRange, prefetchable = false): void {
    const register = PCI.BAR0 + 4 * index;
    const io = range.kind === 'io';
    const mask = ~(range.size - 1) & (io ? ~3 : ~15);
    this.preset(register, 4, io ? 1 : prefetchable ? 8 : 0);
    this.allow(register, 4, mask);
    this.bars.push({ register, range });
    this.claim(range, () => {
      if (!(this.config[PCI.COMMAND] & (io ? COMMAND.IO : COMMAND.MEMORY))) return -1;
      return (this.readConfig(register, 4) & mask) >>> 0;
    });
  }

  /** Claims a range that is placed by other registers than a BAR. */
  protected claim(range: PciRange, locate: () => number): void {
    this.claims.push({ range, locate, mapped: -1 });
  }

  private writeByte(offset: number, value: number): void {
    if (offset === PCI.STATUS + 1) this.config[offset] &= ~(value & STATUS_CLEARABLE_HIGH);
    else this.config[offset] = (this.config[offset] & ~this.writable[offset]) | (value & this.writable[offset]);
  }

  private driveInterrupt(): void {
    const pending = (this.config[PCI.STATUS] & STATUS_INTERRUPT) !== 0;
    this.intx.set(pending && !(this.config[PCI.COMMAND + 1] & (COMMAND.INTX_DISABLE >> 8)));
  }

  private relocate(): void {
    if (!this.decoder) return;
    for (const claim of this.claims) {
      const limit = claim.range.kind === 'io' ? IO_LIMIT : MEMORY_LIMIT;
      const wanted = claim.locate();
      // Address 0 is how firmware leaves a register that it did not assign.
      const address = wanted > 0 && wanted + claim.range.size <= limit ? wanted : -1;
      if (address === claim.mapped) continue;
      if (claim.mapped >= 0) this.decoder.unmap(claim.range, claim.mapped);
      claim.mapped = address;
      if (address >= 0) this.decoder.map(claim.range, address);
    }
  }
}
