// PCI bus 0: configuration mechanism 1, slots, interrupt swizzling; and the reset register inside its ports.
// Source: PCI Local Bus Specification 2.3 section 3.2.2.3.2; PIIX3 data sheet section 2.5.6 (port 0xCF9).
import type { IrqLine, PortDevice, Resettable, Snapshottable, Width } from '../device.js';
import { NOWHERE, SharedLine } from '../line.js';
import { PCI, type PciDecoder, type PciFunction } from './pci-function.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

const ENABLE = 0x80000000;
const RESET_CONTROL = { HARD: 0x02, TRIGGER: 0x04 };
const MULTIFUNCTION = 0x80;

export interface PciBusOptions {
  decoder: PciDecoder;
  /** PIRQA# to PIRQD#. */
  pirqs: readonly IrqLine[];
  requestReset: () => void;
}

/** The PIRQ that a pin (1 to 4) of a slot is wired to, as on QEMU's board, whose firmware assumes it. */
export function pirqOf(slot: number, pin: number): number {
  return (slot + pin + 2) & 3;
}

export class PciBus implements Snapshottable, Resettable {
  /** 8 ports: 0xCF8 to 0xCFF. */
  readonly ports: PortDevice = {
    readPort: (offset, width) => this.read(offset, width),
    writePort: (offset, width, value) => this.write(offset, width, value),
  };

  private readonly functions = new Map<number, PciFunction>();
  private readonly pirqs: readonly SharedLine[];
  private address = 0;
  private resetControl = 0;

  constructor(private readonly options: PciBusOptions) {
    this.pirqs = options.pirqs.map((line) => new SharedLine(line));
  }

  add(slot: number, index: number, fn: PciFunction): void {
    const devfn = (slot << 3) | index;
    if (this.functions.has(devfn)) throw new Error(`PCI slot ${slot}.${index} is taken`);
    this.functions.set(devfn, fn);
    const pin = fn.interruptPin;
    fn.attach(this.options.decoder, pin === 0 ? NOWHERE : this.pirqs[pirqOf(slot, pin)].input());
  }

  /** Functions with their slots, in order. */
  all(): { slot: number; index: number; fn: PciFunction }[] {
    return [...this.functions]
      .sort(([a], [b]) => a - b)
      .map(([devfn, fn]) => ({ slot: devfn >> 3, index: devfn & 7, fn }));
  }

  /** Resets the bus and every function on it. */
  reset(): void {
    this.address = 0;
    this.resetControl = 0;
    for (const fn of this.functions.values()) fn.reset();
  }

  save(): unknown {
    const functions = Object.fromEntries([...this.functions].map(([devfn, fn]) => [devfn, fn.save()]));
    return { ...saveFields(this, ['address', 'resetControl']), functions };
  }

  restore(state: unknown): void {
    const functions = section(state, 'functions');
    for (const [devfn, fn] of this.functions) fn.restore(section(functions, String(devfn)));
    restoreFields(this, ['address', 'resetControl'], state);
  }

  private read(offset: number, width: Width): number {
    if (offset === 0 && width === 4) return this.address >>> 0;
    if (offset >= 4) return this.data(offset - 4, width);
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  private readByte(offset: number): number {
    if (offset === 1) return this.resetControl;
    return offset < 4 ? (this.address >>> (8 * offset)) & 0xff : 0xff;
  }

  private write(offset: number, width: Width, value: number): void {
    // The address register takes double words alone; the byte at 0xCF9 is another register.
    if (offset === 0 && width === 4) this.address = (value & 0x80fffffc) >>> 0;
    else if (offset === 1 && width === 1) this.writeResetControl(value);
    else if (offset >= 4) this.setData(offset - 4, width, value);
  }

  private writeResetControl(value: number): void {
    const rising = (value & ~this.resetControl & RESET_CONTROL.TRIGGER) !== 0;
    this.resetControl = value & (RESET_CONTROL.HARD | RESET_CONTROL.TRIGGER);
    if (rising) this.options.requestReset();
  }

  private selected(): PciFunction | undefined {
    if (!(this.address & ENABLE) || this.address & 0x00ff0000) return undefined;
    return this.functions.get((this.address >>> 8) & 0xff);
  }

  private data(lane: number, width: Width): number {
    const fn = this.selected();
    const register = this.address & 0xfc;
    let value = 0;
    for (let i = 0; i < width; i++) {
      const byte = fn && lane + i < 4 ? this.configByte(fn, register + lane + i) : 0xff;
      value |= byte << (8 * i);
    }
    return value >>> 0;
  }

  private configByte(fn: PciFunction, offset: number): number {
    const byte = fn.readConfig(offset, 1);
    return offset === PCI.HEADER_TYPE && this.hasSiblings() ? byte | MULTIFUNCTION : byte;
  }

  private hasSiblings(): boolean {
    const slot = (this.address >>> 8) & 0xf8;
    for (let index = 1; index < 8; index++) if (this.functions.has(slot | index)) return true;
    return false;
  }

  private setData(lane: number, width: Width, value: number): void {
    const fn = this.selected();
    if (!fn) return;
    const register = (this.address & 0xfc) + lane;
    if (lane + width <= 4) fn.writeConfig(register, width, value);
    else for (let i = 0; lane + i < 4; i++) fn.writeConfig(register + i, 1, (value >>> (8 * i)) & 0xff);
  }
}
