// The two cascaded 8259A interrupt controllers of a PC and their edge/level registers.
// Source: Intel 8259A data sheet (231468); PIIX3 data sheet section 2.5.5 (ELCR).
import { BytePorts } from '../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable } from '../device.js';
import { NOWHERE } from '../line.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

const CASCADE = 2;
const FIELDS = [
  'lines',
  'irr',
  'isr',
  'imr',
  'elcr',
  'vectorBase',
  'lowest',
  'initStep',
  'needsIcw4',
  'single',
  'autoEoi',
  'rotateOnAutoEoi',
  'specialMask',
  'fullyNested',
  'readIsr',
  'poll',
];

class Pic8259 {
  /** Levels of the inputs. */
  lines = 0;
  irr = 0;
  isr = 0;
  /** All masked until software has initialised the chip. */
  imr = 0xff;
  elcr = 0;
  vectorBase = 0;
  /** The input of lowest priority; rotation moves it. */
  lowest = 7;
  /** Which ICW comes next; 0: none, operational. */
  initStep = 0;
  needsIcw4 = false;
  single = false;
  autoEoi = false;
  rotateOnAutoEoi = false;
  specialMask = false;
  fullyNested = false;
  readIsr = false;
  poll = false;

  /** `alwaysLevel`: inputs that follow their line whatever ELCR says (the cascade of the master). */
  constructor(
    private readonly elcrMask: number,
    private readonly alwaysLevel: number,
    private readonly changed: () => void,
  ) {}

  reset(): void {
    this.initialise();
    this.imr = 0xff;
    this.initStep = 0;
    this.vectorBase = 0;
    this.elcr = 0;
    this.irr = this.lines & this.alwaysLevel;
  }

  /** A request needs its line until it is acknowledged: one whose line falls before is withdrawn, whatever the trigger. */
  setLine(line: number, level: boolean): void {
    const bit = 1 << line;
    if (level === ((this.lines & bit) !== 0)) return;
    this.lines ^= bit;
    this.irr = level ? this.irr | bit : this.irr & ~bit;
    this.changed();
  }

  /** The request to put to the processor, or -1. */
  request(): number {
    const pending = this.irr & ~this.imr;
    if (pending === 0) return -1;
    let serving = this.isr;
    if (this.specialMask) serving &= ~this.imr;
    if (this.fullyNested) serving &= ~this.alwaysLevel;
    const wanted = this.highest(pending);
    return serving === 0 || this.rank(wanted) < this.rank(this.highest(serving)) ? wanted : -1;
  }

  /** The processor takes `irq`: in service from now on. */
  take(irq: number): void {
    const bit = 1 << irq;
    if (!(this.level & bit)) this.irr &= ~bit;
    if (!this.autoEoi) this.isr |= bit;
    else if (this.rotateOnAutoEoi) this.lowest = irq;
    this.changed();
  }

  read(offset: number): number {
    if (this.poll) {
      this.poll = false;
      const irq = this.request();
      if (irq < 0) return 0;
      this.take(irq);
      return 0x80 | irq;
    }
    if (offset === 1) return this.imr;
    return this.readIsr ? this.isr : this.irr;
  }

  write(offset: number, value: number): void {
    if (offset === 0) {
      if (value & 0x10) this.writeIcw1(value);
      else if (value & 0x08) this.writeOcw3(value);
      else this.writeOcw2(value);
    } else if (this.initStep === 0) this.imr = value;
    else this.writeIcw(value);
    this.changed();
  }

  writeElcr(value: number): void {
    this.elcr = value & this.elcrMask;
    this.irr = (this.irr & ~this.elcr) | (this.lines & this.elcr);
    this.changed();
  }

  private get level(): number {
    return this.elcr | this.alwaysLevel;
  }

  /** 0 is the most urgent. */
  private rank(irq: number): number {
    return (irq - this.lowest - 1) & 7;
  }

  private highest(bits: number): number {
    for (let i = 1; i < 8; i++) {
      const irq = (this.lowest + i) & 7;
      if (bits & (1 << irq)) return irq;
    }
    return this.lowest;
  }

  private initialise(): void {
    // The edge sense is reset: a line that is high must fall and rise again to be seen.
    this.irr = this.lines & this.level;
    this.isr = 0;
    this.imr = 0;
    this.lowest = 7;
    this.autoEoi = false;
    this.rotateOnAutoEoi = false;
    this.specialMask = false;
    this.fullyNested = false;
    this.readIsr = false;
    this.poll = false;
    this.needsIcw4 = false;
    this.single = false;
  }

  private writeIcw1(value: number): void {
    this.initialise();
    // DEVIATION from the 8259A, as in the PIIX3: LTIM is ignored, ELCR decides.
    this.needsIcw4 = (value & 1) !== 0;
    this.single = (value & 2) !== 0;
    this.initStep = 2;
  }

  private writeIcw(value: number): void {
    switch (this.initStep) {
      case 2:
        this.vectorBase = value & 0xf8;
        this.initStep = this.single ? 4 : 3;
        break;
      case 3:
        // ICW3 describes the cascade, which is wired.
        this.initStep = 4;
        break;
      default:
        this.fullyNested = (value & 0x10) !== 0;
        this.autoEoi = (value & 0x02) !== 0;
        this.initStep = 0;
    }
    if (this.initStep === 4 && !this.needsIcw4) this.initStep = 0;
  }

  private writeOcw2(value: number): void {
    const irq = value & 7;
    switch (value >> 5) {
      case 0:
        this.rotateOnAutoEoi = false;
        break;
      case 1:
      case 5: {
        // In special mask mode a masked level is not ended by a non-specific EOI.
        const serving = this.specialMask ? this.isr & ~this.imr : this.isr;
        if (serving === 0) break;
        const ended = this.highest(serving);
        this.isr &= ~(1 << ended);
        if (value >> 5 === 5) this.lowest = ended;
        break;
      }
      case 3:
        this.isr &= ~(1 << irq);
        break;
      case 4:
        this.rotateOnAutoEoi = true;
        break;
      case 6:
        this.lowest = irq;
        break;
      case 7:
        this.isr &= ~(1 << irq);
        this.lowest = irq;
        break;
    }
  }

  private writeOcw3(value: number): void {
    if (value & 0x40) this.specialMask = (value & 0x20) !== 0;
    if (value & 0x04) this.poll = true;
    else if (value & 0x02) this.readIsr = (value & 0x01) !== 0;
  }
}

/** IRQ 0-7 on the master, 8-15 on the slave, whose output is the master's input 2. */
export class Pic implements Snapshottable, Resettable {
  private readonly slave: Pic8259 = new Pic8259(0xde, 0, () => this.cascade());
  private readonly master: Pic8259 = new Pic8259(0xf8, 1 << CASCADE, () => this.drive());

  /** 2 ports each. */
  readonly masterPorts: PortDevice = this.portsOf(this.master);
  readonly slavePorts: PortDevice = this.portsOf(this.slave);
  /** 2 ports: the edge/level registers of master and slave. */
  readonly elcrPorts: PortDevice = new BytePorts(
    2,
    (offset) => (offset === 0 ? this.master.elcr : this.slave.elcr),
    (offset, value) => (offset === 0 ? this.master : this.slave).writeElcr(value),
  );

  /** `intr` is driven while an interrupt waits to be acknowledged. */
  constructor(private readonly intr: IrqLine) {}

  line(irq: number): IrqLine {
    if (irq === CASCADE) return NOWHERE;
    const chip = irq < 8 ? this.master : this.slave;
    return { set: (level) => chip.setLine(irq & 7, level) };
  }

  hasInterrupt(): boolean {
    return this.master.request() >= 0;
  }

  /** The interrupt acknowledge cycle: the vector, that of a spurious IRQ 7 or 15 when the request has gone. */
  acknowledge(): number {
    const irq = this.master.request();
    if (irq < 0) return this.master.vectorBase + 7;
    this.master.take(irq);
    if (irq !== CASCADE) return this.master.vectorBase + irq;
    const second = this.slave.request();
    if (second < 0) return this.slave.vectorBase + 7;
    this.slave.take(second);
    return this.slave.vectorBase + second;
  }

  reset(): void {
    this.slave.reset();
    this.master.reset();
    this.cascade();
    this.drive();
  }

  save(): unknown {
    return { master: saveFields(this.master, FIELDS), slave: saveFields(this.slave, FIELDS) };
  }

  restore(state: unknown): void {
    restoreFields(this.master, FIELDS, section(state, 'master'));
    restoreFields(this.slave, FIELDS, section(state, 'slave'));
    this.drive();
  }

  private portsOf(chip: Pic8259): PortDevice {
    return new BytePorts(
      2,
      (offset) => chip.read(offset),
      (offset, value) => chip.write(offset, value),
    );
  }

  private cascade(): void {
    this.master.setLine(CASCADE, this.slave.request() >= 0);
  }

  private drive(): void {
    this.intr.set(this.hasInterrupt());
  }
}
