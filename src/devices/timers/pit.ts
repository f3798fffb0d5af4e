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

const FIELDS = ['speaker', 'deadline', 'riseAt'];
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
  /** When the line of counter 0 changes next, and the tick of its next rise; -1: never. */
  private deadline = -1;
  private riseAt = -1;
  private readonly timer: Timer;

  /** `irq0` is counter 0's output. */
  constructor(
    private readonly timers: Timers,
    private readonly irq0: IrqLine,
  ) {
    this.timer = timers.create(() => this.change());
    this.counters[2].gate = false;
  }

  reset(): void {
    const tick = this.tick();
    this.counters.forEach((counter, index) => {
      counter.reset(index !== 2, tick);
    });
    this.speaker = 0;
    this.schedule();
  }

  save(): unknown {
    const tick = this.tick();
    const counters = this.counters.map((counter) => {
      counter.advance(tick);
      return saveFields(counter, COUNTER_FIELDS);
    });
    return { ...saveFields(this, FIELDS), counters };
  }

  restore(state: unknown): void {
    const saved = section(state, 'counters');
    this.counters.forEach((counter, index) => {
      restoreFields(counter, COUNTER_FIELDS, section(saved, String(index)));
    });
    restoreFields(this, FIELDS, state);
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
      this.counters[value >> 6].writeControl(value, tick);
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

  private schedule(): void {
    const tick = this.tick();
    this.irq0.set(this.counters[0].output(tick));
    this.await(tick + 1, tick + 1);
  }

  /** Arms the timer for the first fall from `fall` on or the first rise from `rise` on, whichever comes first. */
  private await(fall: number, rise: number): void {
    const [counter] = this.counters;
    this.riseAt = counter.nextChange(rise, true);
    // DEVIATION: low for one clock alone is not seen, but the rise at its end is: it would take another exit each period.
    const fallAt = counter.mode === 3 ? counter.nextChange(fall, false) : -1;
    const next = fallAt >= 0 && (this.riseAt < 0 || fallAt < this.riseAt) ? fallAt : this.riseAt;
    this.deadline = next < 0 ? -1 : RATE.timeOf(next);
    if (next < 0) this.timer.cancel();
    else this.timer.arm(this.deadline);
  }

  /** However late the timer fires, it is one edge: the periods slept through are gone, as on a stopped machine. */
  private change(): void {
    const tick = this.tick();
    const risen = this.riseAt >= 0 && tick >= this.riseAt;
    this.irq0.set(false);
    if (risen) this.irq0.set(true);
    const [same, other] = [tick + LEAST_TICKS, tick + LEAST_TICKS / 2];
    if (risen) this.await(other, same);
    else this.await(same, other);
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
