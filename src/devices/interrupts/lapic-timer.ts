// The timer of the local APIC: one-shot and periodic, counting down at the bus clock over a divider.
// Source: Intel SDM vol. 3A section 11.5.4.
import type { Resettable, Snapshottable, Timer, Timers } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

/** DEVIATION: a periodic timer fires at most every 20 microseconds, so that a count of 1 cannot drown the host. */
const LEAST_PERIOD = 20_000;

const FIELDS = ['initial', 'divide', 'periodic', 'started', 'deadline'];

/** The bus clock is 1 GHz: one tick before division is one nanosecond. */
export class LapicTimer implements Snapshottable, Resettable {
  initial = 0;
  /** The divide configuration register. */
  divide = 0;
  private periodic = false;
  /** When the count was `initial`; moves on with each period. */
  private started = 0;
  /** -1: not running. */
  private deadline = -1;
  private readonly timer: Timer;

  constructor(
    private readonly timers: Timers,
    private readonly expired: () => void,
  ) {
    this.timer = timers.create(() => this.fire());
  }

  start(initial: number): void {
    this.initial = initial;
    this.started = this.timers.now();
    this.schedule();
  }

  current(): number {
    if (this.deadline < 0) return 0;
    const passed = Math.floor((this.timers.now() - this.started) / this.divisor);
    if (this.periodic) return this.initial - (passed % this.initial);
    return Math.max(0, this.initial - passed);
  }

  setDivide(divide: number): void {
    this.rebase(() => {
      this.divide = divide;
    });
  }

  setPeriodic(periodic: boolean): void {
    if (periodic === this.periodic) return;
    this.rebase(() => {
      this.periodic = periodic;
    });
  }

  reset(): void {
    this.initial = 0;
    this.divide = 0;
    this.periodic = false;
    this.deadline = -1;
    this.timer.cancel();
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    if (this.deadline >= 0) this.timer.arm(this.deadline);
    else this.timer.cancel();
  }

  private get divisor(): number {
    const code = (this.divide & 3) | ((this.divide & 8) >> 1);
    return code === 7 ? 1 : 2 << code;
  }

  /** Changes the rate or the kind and goes on from the present count. */
  private rebase(change: () => void): void {
    const count = this.current();
    const running = this.deadline >= 0;
    change();
    if (!running) return;
    this.started = this.timers.now() - (this.initial - count) * this.divisor;
    this.schedule();
  }

  private schedule(): void {
    if (this.initial === 0) {
      this.deadline = -1;
      this.timer.cancel();
      return;
    }
    this.deadline = this.started + this.initial * this.divisor;
    this.timer.arm(this.deadline);
  }

  private fire(): void {
    if (this.periodic) {
      // Periods that were slept through are one interrupt; the phase is kept.
      const period = this.initial * this.divisor;
      this.started += Math.floor((this.timers.now() - this.started) / period) * period;
      const least = Math.max(1, Math.ceil(LEAST_PERIOD / period));
      this.deadline = this.started + least * period;
      this.timer.arm(this.deadline);
    } else this.deadline = -1;
    this.expired();
  }
}
