// The local APIC of the one processor: registers in memory, priorities, timer, and the PIC behind LINT0.
// Source: Intel SDM vol. 3A chapter 11 (Advanced Programmable Interrupt Controller).
import { type ApicBus, type ApicMessage, DELIVERY } from './apic-bus.js';
import { floating } from '../byte-ports.js';
import type { IrqLine, MmioDevice, Resettable, Snapshottable, Timers, Width } from '../device.js';
import { LapicTimer } from './lapic-timer.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

/** Integrated APIC, six entries in the local vector table. */
const VERSION = 0x00050014;
const REG = {
  ID: 0x02,
  VERSION: 0x03,
  TPR: 0x08,
  APR: 0x09,
  PPR: 0x0a,
  EOI: 0x0b,
  LDR: 0x0d,
  DFR: 0x0e,
  SVR: 0x0f,
  ISR: 0x10,
  TMR: 0x18,
  IRR: 0x20,
  ESR: 0x28,
  ICR_LOW: 0x30,
  ICR_HIGH: 0x31,
  LVT_TIMER: 0x32,
  LVT_ERROR: 0x37,
  TIMER_INITIAL: 0x38,
  TIMER_CURRENT: 0x39,
  TIMER_DIVIDE: 0x3e,
} as const;
/** Indices into `lvt`. */
const LVT = { TIMER: 0, THERMAL: 1, COUNTERS: 2, LINT0: 3, LINT1: 4, ERROR: 5 } as const;
const LVT_WRITABLE = [0x200ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff];
const MASKED = 0x10000;
const TIMER_PERIODIC = 0x20000;
const SOFTWARE_ENABLED = 0x100;
const ERROR = { SEND_VECTOR: 0x20, RECEIVE_VECTOR: 0x40, REGISTER: 0x80 };
/** Registers that there are, but for the timer's count and what is worked out of others (the processor priority). */
const REGISTERS = 0x40;
const MIRRORED = Array.from({ length: REGISTERS }, (_, register) => {
  const bits = register >= REG.ISR && register < REG.ESR;
  const local = register >= REG.LVT_TIMER && register <= REG.TIMER_INITIAL;
  const single: readonly number[] = [
    ...[REG.ID, REG.VERSION, REG.TPR, REG.EOI, REG.LDR, REG.DFR, REG.SVR],
    ...[REG.ESR, REG.ICR_LOW, REG.ICR_HIGH, REG.TIMER_DIVIDE],
  ];
  return bits || local || single.includes(register);
});
/** Vectors below belong to exceptions. */
const FIRST_VECTOR = 16;

const FIELDS = [
  'enabled',
  'id',
  'tpr',
  'ldr',
  'dfr',
  'svr',
  'isr',
  'tmr',
  'irr',
  'lvt',
  'icrHigh',
  'icrLow',
  'esr',
  'errors',
  'lint0Level',
  'lint1Level',
  'extInt',
];

export interface LapicOptions {
  timers: Timers;
  /** The 8259 pair: who is asked for a vector when LINT0 delivers ExtINT. */
  pic: { acknowledge(): number };
  /** Driven while the processor has an interrupt to take. */
  intr: IrqLine;
  nmi: () => void;
  /** The end of a level-triggered interrupt, for the I/O APIC. */
  endOfInterrupt: (vector: number) => void;
}

export class Lapic implements MmioDevice, ApicBus, Snapshottable, Resettable {
  private enabled = true;
  private id = 0;
  private tpr = 0;
  private ldr = 0;
  private dfr = 0xffffffff;
  private svr = 0xff;
  private readonly isr = new Uint32Array(8);
  private readonly tmr = new Uint32Array(8);
  private readonly irr = new Uint32Array(8);
  private readonly lvt = new Uint32Array(6).fill(MASKED);
  private icrHigh = 0;
  private icrLow = 0;
  /** What ESR shows, and what has happened since it was last written. */
  private esr = 0;
  private errors = 0;
  private lint0Level = false;
  private lint1Level = false;
  /** An ExtINT came as a message, from the I/O APIC. */
  private extInt = false;
  private readonly timer: LapicTimer;

  constructor(private readonly options: LapicOptions) {
    this.timer = new LapicTimer(options.timers, () => this.localInterrupt(LVT.TIMER));
  }

  /** LINT0: the PIC's INTR. */
  readonly lint0: IrqLine = {
    set: (level) => {
      const rising = level && !this.lint0Level;
      this.lint0Level = level;
      if (rising && this.mode(LVT.LINT0) !== DELIVERY.EXTINT) this.localInterrupt(LVT.LINT0);
      this.drive();
    },
  };

  /** LINT1: the NMI line. */
  readonly lint1: IrqLine = {
    set: (level) => {
      const rising = level && !this.lint1Level;
      this.lint1Level = level;
      if (rising) this.localInterrupt(LVT.LINT1);
    },
  };

  /** Bit 11 of IA32_APIC_BASE. When off, INTR and NMI lines are the processor's own pins and nothing else arrives. */
  setEnabled(enabled: boolean): void {
    if (this.enabled && !enabled) this.clear();
    this.enabled = enabled;
    this.drive();
  }

  /** The 8259's line leads to a non-maskable interrupt (a watchdog). Nothing of the machine drives LINT1. */
  get nmiArmed(): boolean {
    return this.mode(LVT.LINT0) === DELIVERY.NMI && !(this.lvt[LVT.LINT0] & MASKED);
  }

  /** The task priority as CR8 holds it (0 to 15). */
  get taskPriority(): number {
    return this.tpr >> 4;
  }

  set taskPriority(priority: number) {
    this.tpr = (priority & 15) << 4;
    this.drive();
  }

  // ---- what the processor may answer itself (vmm/apic-page.ts) ----

  private changes = 0;
  get revision(): number {
    return this.changes;
  }

  get threshold(): number {
    const waiting = this.enabled ? highest(this.irr) >> 4 : -1;
    return waiting > 0 && waiting <= this.tpr >> 4 ? waiting : 0;
  }

  /** All registers that reading does not change, at their offsets. */
  mirror(words: Uint32Array): void {
    for (let register = 0; register < REGISTERS; register++) {
      if (MIRRORED[register]) words[4 * register] = this.readRegister(register);
    }
  }

  /** What a guest may have written there that has no effect of its own: the task priority, the destination of the next message. */
  takeBack(words: Uint32Array): void {
    this.icrHigh = (words[4 * REG.ICR_HIGH] & 0xff000000) >>> 0;
    const priority = words[4 * REG.TPR] & 0xff;
    if (priority === this.tpr) return;
    this.tpr = priority;
    this.drive();
  }

  /** Sets LINT0 to ExtINT and LINT1 to NMI, as firmware leaves them ("virtual wire"), for kernels booted without. */
  setVirtualWire(): void {
    this.svr = 0xff | SOFTWARE_ENABLED;
    this.lvt[LVT.LINT0] = DELIVERY.EXTINT << 8;
    this.lvt[LVT.LINT1] = DELIVERY.NMI << 8;
    this.drive();
  }

  /** The vector that the APIC itself would deliver now, or -1. An ExtINT has no vector before `acknowledge`. */
  interruptVector(): number {
    if (!this.enabled) return -1;
    const vector = highest(this.irr);
    return vector >= 0 && vector >> 4 > this.processorPriority() >> 4 ? vector : -1;
  }

  hasInterrupt(): boolean {
    return this.externalPending() || this.interruptVector() >= 0;
  }

  /** The processor takes an interrupt: its vector, from the PIC if LINT0 says so; spurious if there is none. */
  acknowledge(): number {
    if (this.externalPending()) {
      this.extInt = false;
      const vector = this.options.pic.acknowledge();
      this.drive();
      return vector;
    }
    const vector = this.interruptVector();
    if (vector < 0) return this.svr & 0xff;
    clearBit(this.irr, vector);
    setBit(this.isr, vector);
    this.drive();
    return vector;
  }

  send(message: ApicMessage): boolean {
    if (!this.enabled || !this.isAddressed(message)) return false;
    switch (message.mode) {
      case DELIVERY.FIXED:
      case DELIVERY.LOWEST_PRIORITY:
        return this.deliver(message.vector, message.level);
      case DELIVERY.NMI:
        this.options.nmi();
        return true;
      case DELIVERY.EXTINT:
        this.extInt = true;
        this.drive();
        return true;
      default:
        // SMI, INIT and start-up: there is no SMM and no second processor.
        return true;
    }
  }

  /** Accepts a fixed interrupt. */
  deliver(vector: number, level: boolean): boolean {
    if (!this.enabled || !(this.svr & SOFTWARE_ENABLED)) return false;
    if (vector < FIRST_VECTOR) {
      this.raiseError(ERROR.RECEIVE_VECTOR);
      return false;
    }
    setBit(this.irr, vector);
    if (level) setBit(this.tmr, vector);
    else clearBit(this.tmr, vector);
    this.drive();
    return true;
  }

  readMmio(offset: number, width: Width): number {
    // Registers are 32 bits wide, one each 16 bytes; the rest of the page reads as ones.
    const lane = offset & 15;
    if (lane + width > 4) return floating(width);
    const value = this.readRegister(offset >> 4);
    return ((value >>> (8 * lane)) & floating(width)) >>> 0;
  }

  writeMmio(offset: number, width: Width, value: number): void {
    if (width !== 4 || offset & 15) return;
    this.writeRegister(offset >> 4, value >>> 0);
    this.drive();
  }

  reset(): void {
    this.enabled = true;
    this.id = 0;
    this.clear();
    this.drive();
  }

  save(): unknown {
    return { ...saveFields(this, FIELDS), timer: this.timer.save() };
  }

  restore(state: unknown): void {
    this.timer.restore(section(state, 'timer'));
    restoreFields(this, FIELDS, state);
    this.drive();
  }

  private clear(): void {
    this.tpr = 0;
    this.ldr = 0;
    this.dfr = 0xffffffff;
    this.svr = 0xff;
    for (const bits of [this.isr, this.tmr, this.irr]) bits.fill(0);
    this.lvt.fill(MASKED);
    this.icrHigh = 0;
    this.icrLow = 0;
    this.esr = 0;
    this.errors = 0;
    this.extInt = false;
    this.timer.reset();
  }

  private processorPriority(): number {
    const serving = Math.max(0, highest(this.isr)) & 0xf0;
    return this.tpr >> 4 >= serving >> 4 ? this.tpr : serving;
  }

  private externalPending(): boolean {
    if (!this.enabled) return this.lint0Level;
    if (this.extInt) return true;
    return this.lint0Level && !(this.lvt[LVT.LINT0] & MASKED) && this.mode(LVT.LINT0) === DELIVERY.EXTINT;
  }

  private drive(): void {
    this.changes++;
    this.options.intr.set(this.hasInterrupt());
  }

  private mode(entry: number): number {
    return (this.lvt[entry] >>> 8) & 7;
  }

  private localInterrupt(entry: number): void {
    if (!this.enabled) {
      if (entry === LVT.LINT1) this.options.nmi();
      return;
    }
    const lvt = this.lvt[entry];
    if (lvt & MASKED) return;
    const mode = entry === LVT.TIMER || entry === LVT.ERROR ? DELIVERY.FIXED : this.mode(entry);
    if (mode === DELIVERY.FIXED) this.deliver(lvt & 0xff, false);
    else if (mode === DELIVERY.NMI) this.options.nmi();
  }

  private raiseError(error: number): void {
    const known = (this.errors & error) !== 0;
    this.errors |= error;
    // A bad vector in the error entry itself must not call itself without end.
    if (!known && (this.lvt[LVT.ERROR] & 0xff) >= FIRST_VECTOR) this.localInterrupt(LVT.ERROR);
  }

  private isAddressed({ destination, logical }: ApicMessage): boolean {
    if (!logical) return destination === this.id || destination === 0xff;
    const mine = this.ldr >>> 24;
    if (this.dfr >>> 28 === 0xf) return (destination & mine) !== 0;
    return (destination >> 4 === 0xf || destination >> 4 === mine >> 4) && (destination & mine & 0xf) !== 0;
  }

  private readRegister(register: number): number {
    if (register >= REG.ISR && register < REG.TMR) return this.isr[register - REG.ISR];
    if (register >= REG.TMR && register < REG.IRR) return this.tmr[register - REG.TMR];
    if (register >= REG.IRR && register < REG.ESR) return this.irr[register - REG.IRR];
    if (register >= REG.LVT_TIMER && register <= REG.LVT_ERROR) return this.lvt[register - REG.LVT_TIMER];
    switch (register) {
      case REG.ID:
        return (this.id << 24) >>> 0;
      case REG.VERSION:
        return VERSION;
      case REG.TPR:
        return this.tpr;
      case REG.APR:
      case REG.EOI:
        return 0;
      case REG.PPR:
        return this.processorPriority();
      case REG.LDR:
        return this.ldr;
      case REG.DFR:
        return this.dfr;
      case REG.SVR:
        return this.svr;
      case REG.ESR:
        return this.esr;
      case REG.ICR_LOW:
        return this.icrLow;
      case REG.ICR_HIGH:
        return this.icrHigh;
      case REG.TIMER_INITIAL:
        return this.timer.initial;
      case REG.TIMER_CURRENT:
        return this.timer.current();
      case REG.TIMER_DIVIDE:
        return this.timer.divide;
      default:
        this.raiseError(ERROR.REGISTER);
        return 0;
    }
  }

  private writeRegister(register: number, value: number): void {
    if (register >= REG.LVT_TIMER && register <= REG.LVT_ERROR) {
      this.writeLvt(register - REG.LVT_TIMER, value);
      return;
    }
    switch (register) {
      case REG.ID:
        this.id = value >>> 24;
        break;
      case REG.TPR:
        this.tpr = value & 0xff;
        break;
      case REG.EOI:
        this.endInterrupt();
        break;
      case REG.LDR:
        this.ldr = (value & 0xff000000) >>> 0;
        break;
      case REG.DFR:
        this.dfr = (value | 0x0fffffff) >>> 0;
        break;
      case REG.SVR:
        this.svr = value & 0x1ff;
        // While software disables the APIC every local entry is masked.
        if (!(value & SOFTWARE_ENABLED)) for (let i = 0; i < this.lvt.length; i++) this.lvt[i] |= MASKED;
        break;
      case REG.ESR:
        this.esr = this.errors;
        this.errors = 0;
        break;
      case REG.ICR_LOW:
        this.icrLow = value & 0x000ccfff;
        this.sendInterprocessor();
        break;
      case REG.ICR_HIGH:
        this.icrHigh = (value & 0xff000000) >>> 0;
        break;
      case REG.TIMER_INITIAL:
        this.timer.start(value);
        break;
      case REG.TIMER_DIVIDE:
        this.timer.setDivide(value & 0x0b);
        break;
      case REG.VERSION:
      case REG.PPR:
      case REG.APR:
      case REG.TIMER_CURRENT:
        break;
      default:
        this.raiseError(ERROR.REGISTER);
    }
  }

  private writeLvt(entry: number, value: number): void {
    const masked = this.svr & SOFTWARE_ENABLED ? 0 : MASKED;
    this.lvt[entry] = (value & (LVT_WRITABLE[entry] | MASKED)) | masked;
    if (entry === LVT.TIMER) this.timer.setPeriodic((value & TIMER_PERIODIC) !== 0);
  }

  /** One is in service, nothing waits for its end, and no I/O APIC has to hear of it. */
  get endsQuietly(): boolean {
    const vector = highest(this.isr);
    return vector >= 0 && highest(this.irr) < 0 && !hasBit(this.tmr, vector);
  }

  /** The interrupt in service with the highest priority is over. */
  endInterrupt(): void {
    const vector = highest(this.isr);
    if (vector < 0) return;
    clearBit(this.isr, vector);
    this.changes++;
    if (hasBit(this.tmr, vector)) this.options.endOfInterrupt(vector);
  }

  private sendInterprocessor(): void {
    const shorthand = (this.icrLow >> 18) & 3;
    // To all but itself is to nobody here.
    if (shorthand === 3) return;
    const vector = this.icrLow & 0xff;
    const mode = (this.icrLow >> 8) & 7;
    if (mode <= DELIVERY.LOWEST_PRIORITY && vector < FIRST_VECTOR) {
      this.raiseError(ERROR.SEND_VECTOR);
      return;
    }
    const self = shorthand !== 0;
    this.send({
      destination: self ? this.id : this.icrHigh >>> 24,
      logical: !self && (this.icrLow & 0x800) !== 0,
      mode,
      vector,
      level: false,
    });
  }
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >> 5] |= 1 << (index & 31);
}

function clearBit(bits: Uint32Array, index: number): void {
  bits[index >> 5] &= ~(1 << (index & 31));
}

function hasBit(bits: Uint32Array, index: number): boolean {
  return (bits[index >> 5] & (1 << (index & 31))) !== 0;
}

/** The highest bit set, or -1. */
function highest(bits: Uint32Array): number {
  for (let i = 7; i >= 0; i--) if (bits[i] !== 0) return 32 * i + 31 - Math.clz32(bits[i]);
  return -1;
}
