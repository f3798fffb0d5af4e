// The MC146818 real-time clock: time, alarm, periodic interrupt, and its battery-backed memory.
// Source: Motorola MC146818A data sheet; port 0x70/0x71 of the PC/AT, century in 0x32.
import { BytePorts } from '../byte-ports.js';
import { civilSeconds, civilTime } from './calendar.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable, Timer, Timers } from '../device.js';
import { Frequency } from './frequency.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const SECOND = 1_000_000_000;
const OSCILLATOR = new Frequency(32768);
/** The update-in-progress bit rises this long before the time changes. */
const UPDATE_WARNING = 244_000;

const SECONDS = 0x00;
const SECONDS_ALARM = 0x01;
const MINUTES = 0x02;
const MINUTES_ALARM = 0x03;
const HOURS = 0x04;
const HOURS_ALARM = 0x05;
const DAY_OF_WEEK = 0x06;
const DAY_OF_MONTH = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const REG_A = 0x0a;
const REG_B = 0x0b;
const REG_C = 0x0c;
const REG_D = 0x0d;
const CENTURY = 0x32;
const CLOCK_REGISTERS = [SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY];

const B = { SET: 0x80, PIE: 0x40, AIE: 0x20, UIE: 0x10, SQWE: 0x08, BINARY: 0x04, HOURS24: 0x02 };
const C = { IRQF: 0x80, PF: 0x40, AF: 0x20, UF: 0x10 };
const UIP = 0x80;
const VALID = 0x80;
const ANY = 0xc0;
const PM = 0x80;

const FIELDS = ['index', 'cmos', 'flags', 'base', 'epoch', 'weekdayShift', 'seenTick', 'seenSecond', 'deadline'];

export class Rtc implements Snapshottable, Resettable {
  /** 2 ports: index, data. */
  readonly ports: PortDevice = new BytePorts(
    2,
    (offset) => (offset === 0 ? 0xff : this.read(this.index)),
    (offset, value) => {
      if (offset === 0) this.index = value & 0x7f;
      else this.write(this.index, value);
    },
  );

  private index = 0;
  private readonly cmos = new Uint8Array(128);
  /** PF, AF and UF. */
  private flags = 0;
  /** Wall-clock seconds at machine time `epoch`, where a second begins. */
  private base: number;
  private epoch = 0;
  private weekdayShift = 0;
  /** Up to where the flags have been worked out: ticks of the oscillator, and seconds. */
  private seenTick = 0;
  private seenSecond: number;
  private deadline = -1;
  private readonly timer: Timer;

  /** `wallClock`: seconds since 1970 at power-on. `memory`: initial contents of CMOS, index to byte. */
  constructor(
    private readonly timers: Timers,
    private readonly irq8: IrqLine,
    wallClock: number,
    memory: ReadonlyMap<number, number> = new Map(),
  ) {
    this.base = Math.floor(wallClock);
    this.seenSecond = this.base;
    this.timer = timers.create(() => this.update());
    for (const [index, value] of memory) this.cmos[index & 0x7f] = value;
    this.cmos[REG_A] = 0x26;
    this.cmos[REG_B] = B.HOURS24;
  }

  /** The clock and the memory are battery-backed: a reset stops interrupts and nothing else. */
  reset(): void {
    this.settle();
    this.cmos[REG_B] &= ~(B.PIE | B.AIE | B.UIE | B.SQWE);
    this.flags = 0;
    this.index = 0;
    this.update();
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    if (this.deadline >= 0) this.timer.arm(this.deadline);
    else this.timer.cancel();
    this.irq8.set(this.asserted());
  }

  /** So many milliseconds have gone by while nothing ran; an alarm that was in them rings now. */
  advance(milliseconds: number): void {
    if (!this.halted) {
      const seconds = Math.floor(milliseconds / 1000);
      this.base += seconds;
      this.epoch -= Math.round((milliseconds - seconds * 1000) * 1e6);
    }
    this.update();
  }

  private read(index: number): number {
    switch (index) {
      case REG_A:
        return this.cmos[REG_A] | (this.updating() ? UIP : 0);
      case REG_C: {
        this.settle();
        const value = this.flags | (this.asserted() ? C.IRQF : 0);
        this.flags = 0;
        this.update();
        return value;
      }
      case REG_D:
        return VALID;
      default:
        if (!this.halted && CLOCK_REGISTERS.includes(index)) this.showTime();
        return this.cmos[index];
    }
  }

  private write(index: number, value: number): void {
    this.settle();
    switch (index) {
      case REG_A: {
        const wasHalted = this.dividerReset;
        if (!this.halted) this.showTime();
        this.cmos[REG_A] = value & 0x7f;
        // Half a second after the divider is released comes the first update.
        if (wasHalted && !this.dividerReset) this.setTime(this.timers.now() - SECOND / 2);
        break;
      }
      case REG_B: {
        const wasSet = this.cmos[REG_B] & B.SET;
        if (value & B.SET) {
          if (!this.halted) this.showTime();
          value &= ~B.UIE;
        }
        this.cmos[REG_B] = value;
        // The divider ran on, so the second goes on where it was.
        if (wasSet && !this.halted) this.setTime(this.secondBegan());
        break;
      }
      case REG_C:
      case REG_D:
        break;
      default:
        if (!CLOCK_REGISTERS.includes(index)) this.cmos[index] = value;
        else {
          if (!this.halted) this.showTime();
          this.cmos[index] = value;
          if (!this.halted) this.setTime(this.secondBegan());
        }
    }
    this.update();
  }

  private get dividerReset(): boolean {
    return (this.cmos[REG_A] & 0x60) === 0x60;
  }

  /** The registers stand still and belong to the guest. */
  private get halted(): boolean {
    return (this.cmos[REG_B] & B.SET) !== 0 || this.dividerReset;
  }

  private updating(): boolean {
    if (this.halted) return false;
    const inSecond = (((this.timers.now() - this.epoch) % SECOND) + SECOND) % SECOND;
    return inSecond >= SECOND - UPDATE_WARNING;
  }

  private wallSecond(): number {
    return this.base + Math.floor((this.timers.now() - this.epoch) / SECOND);
  }

  private secondBegan(): number {
    return this.epoch + Math.floor((this.timers.now() - this.epoch) / SECOND) * SECOND;
  }

  /** Writes the running time into the clock registers. */
  private showTime(): void {
    const time = civilTime(this.wallSecond());
    const cmos = this.cmos;
    cmos[SECONDS] = this.encode(time.second);
    cmos[MINUTES] = this.encode(time.minute);
    cmos[HOURS] = this.encodeHour(time.hour);
    cmos[DAY_OF_WEEK] = this.encode(((time.weekday + this.weekdayShift) % 7) + 1);
    cmos[DAY_OF_MONTH] = this.encode(time.day);
    cmos[MONTH] = this.encode(time.month);
    cmos[YEAR] = this.encode(time.year % 100);
    cmos[CENTURY] = this.encode(Math.floor(time.year / 100) % 100);
  }

  /** Takes the time from the clock registers; their second began at `began`. */
  private setTime(began: number): void {
    const cmos = this.cmos;
    this.base = civilSeconds({
      year: this.decode(cmos[CENTURY]) * 100 + this.decode(cmos[YEAR]),
      month: this.decode(cmos[MONTH]),
      day: this.decode(cmos[DAY_OF_MONTH]),
      hour: this.decodeHour(cmos[HOURS]),
      minute: this.decode(cmos[MINUTES]),
      second: this.decode(cmos[SECONDS]),
    });
    this.epoch = began;
    const shift = this.decode(cmos[DAY_OF_WEEK]) - 1 - civilTime(this.base).weekday;
    this.weekdayShift = ((shift % 7) + 7) % 7;
    this.seenSecond = this.wallSecond();
  }

  private encode(value: number): number {
    return this.cmos[REG_B] & B.BINARY ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  private decode(value: number): number {
    return this.cmos[REG_B] & B.BINARY ? value : (value >> 4) * 10 + (value & 15);
  }

  private encodeHour(hour: number): number {
    if (this.cmos[REG_B] & B.HOURS24) return this.encode(hour);
    return this.encode(hour % 12 || 12) | (hour >= 12 ? PM : 0);
  }

  private decodeHour(value: number): number {
    if (this.cmos[REG_B] & B.HOURS24) return this.decode(value);
    return (this.decode(value & 0x7f) % 12) + (value & PM ? 12 : 0);
  }

  /** Ticks of one period of the periodic interrupt; 0: off. */
  private period(): number {
    const rate = this.cmos[REG_A] & 15;
    if (rate === 0 || this.dividerReset) return 0;
    return rate < 3 ? 1 << (rate + 6) : 1 << (rate - 1);
  }

  /** Raises the flags of everything that happened since it was last asked. */
  private settle(): void {
    const tick = OSCILLATOR.ticksAt(this.timers.now());
    const period = this.period();
    if (period > 0 && Math.floor(tick / period) > Math.floor(this.seenTick / period)) this.flags |= C.PF;
    this.seenTick = tick;
    if (this.halted) return;
    const second = this.wallSecond();
    if (second > this.seenSecond) {
      this.flags |= C.UF;
      const alarm = this.nextAlarm(this.seenSecond);
      if (alarm >= 0 && alarm <= second) this.flags |= C.AF;
    }
    this.seenSecond = second;
  }

  /** The first second after `after` that the alarm registers match; -1: none. */
  private nextAlarm(after: number): number {
    const fields: [number, (value: number) => number, number][] = [
      [this.cmos[HOURS_ALARM], (value) => this.decodeHour(value), 24],
      [this.cmos[MINUTES_ALARM], (value) => this.decode(value), 60],
      [this.cmos[SECONDS_ALARM], (value) => this.decode(value), 60],
    ];
    const [hour, minute, second] = fields.map(([raw, decode, limit]) => {
      if ((raw & ANY) === ANY) return -1;
      const value = decode(raw);
      return value < limit ? value : Number.NaN;
    });
    if (Number.isNaN(hour + minute + second)) return -1;
    // Skips hours, then minutes, then seconds: at most 24 + 60 + 60 steps.
    let time = after + 1;
    for (;;) {
      const ofDay = ((time % 86400) + 86400) % 86400;
      if (hour >= 0 && Math.floor(ofDay / 3600) !== hour) time += 3600 - (ofDay % 3600);
      else if (minute >= 0 && Math.floor(ofDay / 60) % 60 !== minute) time += 60 - (ofDay % 60);
      else if (second >= 0 && ofDay % 60 !== second) time++;
      else return time;
    }
  }

  private asserted(): boolean {
    return (this.flags & this.cmos[REG_B] & (C.PF | C.AF | C.UF)) !== 0;
  }

  private update(): void {
    this.settle();
    this.irq8.set(this.asserted());
    this.deadline = this.nextEvent();
    if (this.deadline >= 0) this.timer.arm(this.deadline);
    else this.timer.cancel();
  }

  /** When the next flag rises that an enabled interrupt waits for. A flag that is up needs no timer. */
  private nextEvent(): number {
    const waiting = this.cmos[REG_B] & ~this.flags;
    let event = Number.POSITIVE_INFINITY;
    const period = this.period();
    if (waiting & B.PIE && period > 0) {
      event = OSCILLATOR.timeOf((Math.floor(this.seenTick / period) + 1) * period);
    }
    if (!this.halted) {
      const at = (second: number): number => this.epoch + (second - this.base) * SECOND;
      if (waiting & B.UIE) event = Math.min(event, at(this.seenSecond + 1));
      if (waiting & B.AIE) {
        const alarm = this.nextAlarm(this.seenSecond);
        if (alarm >= 0) event = Math.min(event, at(alarm));
      }
    }
    return event === Number.POSITIVE_INFINITY ? -1 : event;
  }
}
