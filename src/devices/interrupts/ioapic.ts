// The I/O APIC: 24 inputs, each with a redirection entry that says where its interrupt goes.
// Source: Intel 82093AA data sheet; the EOI register of version 0x20 (ICH chipsets).
import { type ApicBus, DELIVERY } from './apic-bus.js';
import { floating } from '../byte-ports.js';
import type { IrqLine, MmioDevice, Resettable, Snapshottable, Width } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export const IOAPIC_PINS = 24;
const VERSION = 0x20;
const WINDOW = { SELECT: 0x00, DATA: 0x10, EOI: 0x40 };
const REG = { ID: 0, VERSION: 1, ARBITRATION: 2, TABLE: 0x10 };
const LOW = { REMOTE_IRR: 0x4000, LEVEL: 0x8000, MASK: 0x10000, LOGICAL: 0x0800 };
const LOW_WRITABLE = 0x1afff;
const FIELDS = ['select', 'id', 'low', 'high', 'lines'];

export class Ioapic implements MmioDevice, Snapshottable, Resettable {
  private select = 0;
  private id = 0;
  private readonly low = new Uint32Array(IOAPIC_PINS).fill(LOW.MASK);
  private readonly high = new Uint32Array(IOAPIC_PINS);
  /** Levels of the inputs. */
  private lines = 0;

  constructor(private readonly bus: ApicBus) {}

  /** The level is asserted or not: the polarity bit says which voltage that is, and changes nothing here. */
  line(pin: number): IrqLine {
    return {
      set: (level) => {
        const bit = 1 << pin;
        const rising = level && !(this.lines & bit);
        this.lines = level ? this.lines | bit : this.lines & ~bit;
        if (this.low[pin] & LOW.LEVEL) this.offerLevel(pin);
        // An edge on a masked input is lost.
        else if (rising && !(this.low[pin] & LOW.MASK)) this.deliver(pin);
      },
    };
  }

  /** A local APIC has ended a level-triggered interrupt. */
  endOfInterrupt(vector: number): void {
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      if ((this.low[pin] & 0xff) !== vector || !(this.low[pin] & LOW.LEVEL)) continue;
      this.low[pin] &= ~LOW.REMOTE_IRR;
      this.offerLevel(pin);
    }
  }

  /** An input leads to a non-maskable interrupt. */
  get nmiArmed(): boolean {
    return this.low.some((low) => !(low & LOW.MASK) && ((low >> 8) & 7) === DELIVERY.NMI);
  }

  readMmio(offset: number, width: Width): number {
    const lane = offset & 15;
    if (lane + width > 4) return floating(width);
    const register = offset & 0xff & ~15;
    let value = 0;
    if (register === WINDOW.SELECT) value = this.select;
    else if (register === WINDOW.DATA) value = this.readRegister(this.select);
    return ((value >>> (8 * lane)) & floating(width)) >>> 0;
  }

  writeMmio(offset: number, width: Width, value: number): void {
    const register = offset & 0xff;
    if (register === WINDOW.SELECT) this.select = value & 0xff;
    else if (width !== 4) return;
    else if (register === WINDOW.DATA) this.writeRegister(this.select, value >>> 0);
    else if (register === WINDOW.EOI) this.endOfInterrupt(value & 0xff);
  }

  reset(): void {
    this.select = 0;
    this.id = 0;
    this.low.fill(LOW.MASK);
    this.high.fill(0);
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
  }

  private readRegister(register: number): number {
    if (register === REG.ID || register === REG.ARBITRATION) return this.id;
    if (register === REG.VERSION) return ((IOAPIC_PINS - 1) << 16) | VERSION;
    const pin = (register - REG.TABLE) >> 1;
    if (pin < 0 || pin >= IOAPIC_PINS) return 0xffffffff;
    return register & 1 ? this.high[pin] : this.low[pin];
  }

  private writeRegister(register: number, value: number): void {
    if (register === REG.ID) this.id = value & 0x0f000000;
    const pin = (register - REG.TABLE) >> 1;
    if (pin < 0 || pin >= IOAPIC_PINS) return;
    if (register & 1) {
      this.high[pin] = value & 0xff000000;
      return;
    }
    const remote = value & LOW.LEVEL ? this.low[pin] & LOW.REMOTE_IRR : 0;
    this.low[pin] = (value & LOW_WRITABLE) | remote;
    this.offerLevel(pin);
  }

  /** Sends a level-triggered interrupt that is asserted, not masked and not already being served. */
  private offerLevel(pin: number): void {
    const low = this.low[pin];
    if (!(low & LOW.LEVEL) || low & (LOW.MASK | LOW.REMOTE_IRR) || !(this.lines & (1 << pin))) return;
    if (this.deliver(pin)) this.low[pin] |= LOW.REMOTE_IRR;
  }

  private deliver(pin: number): boolean {
    const low = this.low[pin];
    return this.bus.send({
      destination: this.high[pin] >>> 24,
      logical: (low & LOW.LOGICAL) !== 0,
      mode: (low >> 8) & 7,
      vector: low & 0xff,
      level: (low & LOW.LEVEL) !== 0,
    });
  }
}
