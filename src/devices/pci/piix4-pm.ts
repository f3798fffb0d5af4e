// Power management of the PIIX4: the ACPI fixed registers, the power button, soft off, and the SMI command port.
// Source: Intel 82371AB (PIIX4) data sheet chapter 7; ACPI 6.4 section 4.8.
import { BytePorts } from '../byte-ports.js';
import type { IrqLine, PortDevice, Timer, Timers } from '../device.js';
import { Frequency } from '../timers/frequency.js';
import { PciFunction } from './pci-function.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

/** Where the registers are after reset, so that tables can say so before firmware has run. */
export const PM_BASE = 0x600;
export const PM_TIMER_HZ = 3579545;
/** Values for the SMI command port. */
export const ACPI_ENABLE = 0xf1;
export const ACPI_DISABLE = 0xf0;
/** SLP_TYP of soft off. */
export const SLEEP_TYPE_S5 = 0;

const PMBASE = 0x40;
const DEVACTB = 0x58;
const PMREGMISC = 0x80;

const STATUS = { TMR: 0x0001, GBL: 0x0020, PWRBTN: 0x0100, ALL: 0x8d31 };
const SCI_SOURCES = STATUS.TMR | STATUS.GBL | STATUS.PWRBTN;
/** Sleep button and RTC alarm too can be enabled; nothing here raises them. */
const ENABLE_WRITABLE = 0x0721;
const CONTROL = { SCI_EN: 0x0001, SLP_TYP_SHIFT: 10, SLP_EN: 0x2000, WRITABLE: 0x1c07 };
/** General-purpose events, GPE0: 16 of status, 16 of enable. */
const GPE_STATUS = 12;
const GPE_ENABLE = 14;
const CLOCK = new Frequency(PM_TIMER_HZ);
/** The timer status is set when bit 23 of the timer changes. */
const HALF_PERIOD = 1 << 23;

export interface Piix4PmOptions {
  timers: Timers;
  /** The SCI. */
  irq9: IrqLine;
  powerOff: () => void;
}

const FIELDS = ['status', 'enable', 'control', 'rest', 'seenHalf', 'smi'];

export class Piix4Pm extends PciFunction {
  /** 2 ports: 0xB2 command, 0xB3 status. */
  readonly smiPorts: PortDevice = new BytePorts(
    2,
    (offset) => this.smi[offset],
    (offset, value) => this.writeSmi(offset, value),
  );

  private status = 0;
  private enable = 0;
  private control = 0;
  /** GPE0, and registers that only keep what is written: processor and global control. */
  private readonly rest = new Uint8Array(64);
  /** Half periods of the timer that `status` has taken notice of. */
  private seenHalf = 0;
  private readonly smi = new Uint8Array(2);
  private readonly timer: Timer;

  constructor(private readonly options: Piix4PmOptions) {
    super({ vendor: 0x8086, device: 0x7113, classCode: 0x068000, revision: 3, interruptPin: 1 });
    // DEVIATION: the real part leaves this to firmware, but a kernel booted directly has none.
    this.preset(PMBASE, 4, PM_BASE | 1);
    this.allow(PMBASE, 4, 0xffc0);
    this.preset(PMREGMISC, 1, 1);
    this.allow(PMREGMISC, 1, 1);
    // Says that firmware need not set up system management mode, which this machine does not have.
    this.preset(DEVACTB, 4, 1 << 25);
    this.timer = options.timers.create(() => this.update());
    const ports = new BytePorts(
      64,
      (offset) => this.read(offset),
      (offset, value) => this.write(offset, value),
    );
    this.claim({ kind: 'io', size: 64, ports, name: 'acpi-pm' }, () => {
      return this.config[PMREGMISC] & 1 ? this.readConfig(PMBASE, 2) & 0xffc0 : -1;
    });
  }

  /** An event that the tables describe: `number` is that of its method, \_GPE._Exx. */
  raiseEvent(number: number): void {
    this.rest[GPE_STATUS + (number >> 3)] |= 1 << (number & 7);
    this.update();
  }

  /** Somebody presses the power button; a guest that listens shuts down. */
  pressPowerButton(): void {
    this.status |= STATUS.PWRBTN;
    this.update();
  }

  override reset(): void {
    super.reset();
    this.status = 0;
    this.enable = 0;
    this.control = 0;
    this.rest.fill(0);
    this.smi.fill(0);
    this.seenHalf = this.half();
    this.update();
  }

  override save(): unknown {
    this.noticeTimer();
    return { ...(super.save() as object), ...saveFields(this, FIELDS) };
  }

  override restore(state: unknown): void {
    super.restore(state);
    restoreFields(this, FIELDS, state);
    this.update();
  }

  private ticks(): number {
    return CLOCK.ticksAt(this.options.timers.now());
  }

  private half(): number {
    return Math.floor(this.ticks() / HALF_PERIOD);
  }

  private read(offset: number): number {
    this.noticeTimer();
    switch (offset) {
      case 0:
      case 1:
        return this.status >> (8 * offset);
      case 2:
      case 3:
        return this.enable >> (8 * (offset - 2));
      case 4:
      case 5:
        return this.control >> (8 * (offset - 4));
      case 8:
      case 9:
      case 10:
        return Math.floor((this.ticks() % 2 ** 24) / 2 ** (8 * (offset - 8)));
      case 11:
        return 0;
      default:
        return this.rest[offset];
    }
  }

  private write(offset: number, value: number): void {
    this.noticeTimer();
    const shift = 8 * (offset & 1);
    const merge = (old: number): number => (old & ~(0xff << shift)) | (value << shift);
    switch (offset) {
      case 0:
      case 1:
        this.status &= ~((value << shift) & STATUS.ALL);
        break;
      case 2:
      case 3:
        this.enable = merge(this.enable) & ENABLE_WRITABLE;
        break;
      case 4:
      case 5:
        this.writeControl(merge(this.control));
        break;
      case 8:
      case 9:
      case 10:
      case 11:
        break;
      case GPE_STATUS:
      case GPE_STATUS + 1:
        this.rest[offset] &= ~value;
        break;
      default:
        this.rest[offset] = value;
    }
    this.update();
  }

  private writeControl(value: number): void {
    // SCI_EN is switched by the SMI command port alone.
    this.control = (value & CONTROL.WRITABLE & ~CONTROL.SCI_EN) | (this.control & CONTROL.SCI_EN);
    const type = (value >> CONTROL.SLP_TYP_SHIFT) & 7;
    if (value & CONTROL.SLP_EN && type === SLEEP_TYPE_S5) this.options.powerOff();
  }

  private writeSmi(offset: number, value: number): void {
    this.smi[offset] = value;
    if (offset !== 0) return;
    if (value === ACPI_ENABLE) this.control |= CONTROL.SCI_EN;
    if (value === ACPI_DISABLE) this.control &= ~CONTROL.SCI_EN;
    this.update();
  }

  private noticeTimer(): void {
    const half = this.half();
    if (half !== this.seenHalf) this.status |= STATUS.TMR;
    this.seenHalf = half;
  }

  private update(): void {
    this.noticeTimer();
    const event = (at: number): number => this.rest[GPE_STATUS + at] & this.rest[GPE_ENABLE + at];
    const pending = (this.status & this.enable & SCI_SOURCES) | event(0) | event(1);
    this.options.irq9.set(pending !== 0 && (this.control & CONTROL.SCI_EN) !== 0);
    if (this.enable & ~this.status & STATUS.TMR) this.timer.arm(CLOCK.timeOf((this.seenHalf + 1) * HALF_PERIOD));
    else this.timer.cancel();
  }
}
