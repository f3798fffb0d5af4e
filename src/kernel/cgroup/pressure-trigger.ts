// Who wants to hear of pressure: an open file of it to which a threshold was written, and that is polled.
// Linux Documentation/accounting/psi.rst, "Monitoring for pressure thresholds"; kernel/sched/psi.c, psi_trigger_create, update_triggers.
import { EINVAL } from '../abi/errno.js';
import { POLLPRI } from '../abi/poll.js';
import type { Kernel } from '../kernel.js';
import type { Timed } from '../task/timers.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { FileWatch } from './control-file.js';
import { type Pressure, stateOf } from './pressure.js';

/** Microseconds that a window may be long; looks in one. */
const WINDOW_MIN = 500_000;
const WINDOW_MAX = 10_000_000;
const LOOKS = 10;

/** 'some 150000 1000000': so many microseconds in so many; or a negated errno. */
export function parseTrigger(text: string): { full: boolean; threshold: number; window: number } | number {
  const match = /^\s*(some|full)\s+(\d{1,10})\s+(\d{1,10})/.exec(text);
  if (!match) return -EINVAL;
  const [threshold, window] = [Number(match[2]), Number(match[3])];
  if (window < WINDOW_MIN || window > WINDOW_MAX || threshold === 0 || threshold > window) return -EINVAL;
  return { full: match[1] === 'full', threshold, window };
}

export class PressureTrigger implements Timed, FileWatch {
  readonly waits = new WaitQueue();
  private readonly state: number;
  /** Nanoseconds. */
  private readonly threshold: number;
  private readonly window: number;
  /** Start of the window, what the state's time was then, and how much it grew in the window before. */
  private start: number;
  private startTotal: number;
  private grownBefore = 0;
  private happened = false;
  private lastEvent = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly kernel: Kernel,
    private readonly pressure: Pressure,
    resource: number,
    { full, threshold, window }: { full: boolean; threshold: number; window: number },
  ) {
    this.state = stateOf(resource, full);
    this.threshold = threshold * 1e3;
    this.window = window * 1e3;
    this.start = kernel.clock.monotonic();
    this.startTotal = pressure.total(this.state, this.start);
    pressure.triggers.add(this);
    this.begin(this.start);
  }

  /** Another state holds: from then on it is looked at while anything grows. */
  begin(now: number): void {
    const { timers } = this.kernel;
    if (this.pressure.holds(this.state) && timers.when(this) === Number.POSITIVE_INFINITY)
      timers.set(this, now + this.window / LOOKS);
  }

  expire(now: number): void {
    const grown = this.growth(now);
    if (grown >= this.threshold && now >= this.lastEvent + this.window) {
      this.happened = true;
      this.lastEvent = now;
      this.waits.wake(POLLPRI);
    }
    // a little longer than there is anything to see, as the window moves on
    if (this.pressure.holds(this.state) || grown > 0) this.kernel.timers.set(this, now + this.window / LOOKS);
  }

  /** Of a window that ends now; of the one before as much as lies in it. */
  private growth(now: number): number {
    const total = this.pressure.total(this.state, now);
    const elapsed = now - this.start;
    const grown = total - this.startTotal;
    if (elapsed > this.window) {
      this.start = now;
      this.startTotal = total;
      this.grownBefore = grown;
      return grown;
    }
    return grown + (this.grownBefore * (this.window - elapsed)) / this.window;
  }

  /** POLL* bits: what has happened is told once. */
  poll(): number {
    const { happened } = this;
    this.happened = false;
    return happened ? POLLPRI : 0;
  }

  close(): void {
    this.pressure.triggers.delete(this);
    this.kernel.timers.cancel(this);
  }
}
