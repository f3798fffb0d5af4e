// The 8254 interval timer of a PC, with the gate and speaker port 0x61.
// Source: Intel 8254 data sheet (231164); PIIX3 data sheet section 2.5.4 (NMI status and control).
import { BytePorts } from '../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable, Timer, Timers } from '../device.js';
import { Frequency } from './frequency.js';
import { COUNTER_FIELDS, PitCounter } from './pit-counter.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

export const PIT_HZ = 1193182;
const RATE = new Frequency(PIT_HZ);
/** One DRAM refresh; its toggle bit is what old delay loops count. */
const REFRESH_NANOSECONDS = 15085;
/** DEVIATION: counter 0 interrupts at most every 20 microseconds, so a count of 2 cannot drown the host. */
const LEAST_TICKS = 24;

const SPEAKER = { GATE: 0x01, DATA: 0x02, WRITABLE: 0x0f, REFRESH: 0x10, OUT: 0x20 };

export class Pit implements Snapshottable, Resettable {
  /** 4 ports. */
  readonly ports: PortDevice = new BytePorts(
    4,
    (offset) => (offset < 3 ? this.counters[offset].read(this.tick()) : 0xff),
    (offset, value) => this.write(offset, value),
  );
  /** 1 port: 0x61. */
  readonly speakerPort: PortDevice = new BytePorts(
    1,
    () => this.readSpeaker(),
    (_, value) => this.writeSpeaker(value),
  );

  private readonly counters = [new PitCounter(), new PitCounter(), new PitCounter()];
  private speaker = 0;
  /** When counter 0 rises next; -1: never. */
  private deadline = -1;
  private readonly timer: Timer;

  /** `irq0` is counter 0's output. */
  constructor(
    private readonly timers: Timers,
    private readonly irq0: IrqLine,
  ) {
    this.timer = timers.create(() => this.rise());
    this.counters[2].gate = false;
  }

  reset(): void {
    this.counters.forEach((counter, index) => {
      counter.reset(index !== 2);
    });
    this.speaker = 0;
    this.schedule();
  }

  save(): unknown {
    return {
      ...saveFields(this, ['speaker', 'deadline']),
      counters: this.counters.map((counter) => saveFields(counter, COUNTER_FIELDS)),
    };
  }

  restore(state: unknown): void {
    const saved = section(state, 'counters');
    this.counters.forEach((counter, index) => {
      restoreFields(counter, COUNTER_FIELDS, section(saved, String(index)));
    });
    restoreFields(this, ['speaker', 'deadline'], state);
    if (this.deadline >= 0) this.timer.arm(this.deadline);
    else this.timer.cancel();
    this.irq0.set(this.counters[0].output(this.tick()));
  }

  private tick(): number {
    return RATE.ticksAt(this.timers.now());
  }

  private write(offset: number, value: number): void {
    const tick = this.tick();
    if (offset < 3) {
      this.counters[offset].writeCount(value, tick);
      if (offset === 0) this.schedule();
    } else if (value >> 6 === 3) this.readBack(value, tick);
    else if ((value & 0x30) === 0) this.counters[value >> 6].latchCount(tick);
    else {
      this.counters[value >> 6].writeControl(value);
      if (value >> 6 === 0) this.schedule();
    }
  }

  private readBack(value: number, tick: number): void {
    this.counters.forEach((counter, index) => {
      if (!(value & (2 << index))) return;
      if (!(value & 0x20)) counter.latchCount(tick);
      if (!(value & 0x10)) counter.latchStatus(tick);
    });
  }

  private schedule(from = this.tick() + 1): void {
    this.irq0.set(this.counters[0].output(this.tick()));
    const rise = this.counters[0].nextRise(from);
    this.deadline = rise < 0 ? -1 : RATE.timeOf(rise);
    if (rise < 0) this.timer.cancel();
    else this.timer.arm(this.deadline);
  }

  /** However late the timer fires, it is one edge: the periods slept through are gone, as on a stopped machine. */
  private rise(): void {
    this.irq0.set(false);
    this.irq0.set(true);
    this.schedule(this.tick() + LEAST_TICKS);
  }

  private readSpeaker(): number {
    const now = this.timers.now();
    const refresh = Math.floor(now / REFRESH_NANOSECONDS) % 2 === 1 ? SPEAKER.REFRESH : 0;
    return this.speaker | refresh | (this.counters[2].output(this.tick()) ? SPEAKER.OUT : 0);
  }

  private writeSpeaker(value: number): void {
    this.speaker = value & SPEAKER.WRITABLE;
    this.counters[2].setGate((value & SPEAKER.GATE) !== 0, this.tick());
  }
}
