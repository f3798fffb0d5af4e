// A timer that expires once, or again and again: what timerfds, POSIX timers and ITIMER_REAL have in common.
import type { Kernel } from '../kernel.js';
import type { Timed } from './timers.js';

/** Told of each expiration that comes on time. */
export interface ExpiryListener {
  expired(timer: IntervalTimer): void;
}

export class IntervalTimer implements Timed {
  /** Nanoseconds between expirations; 0: it expires once. */
  interval = 0;
  /** Of the monotonic clock; Infinity: it is not set. */
  next = Number.POSITIVE_INFINITY;
  private missed = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly listener: ExpiryListener,
  ) {}

  /** Expires at `when`, then every `interval` nanoseconds. Infinity stops it. */
  set(when: number, interval: number): void {
    this.missed = 0;
    this.next = when;
    this.interval = interval;
    this.kernel.timers.set(this, when);
  }

  stop(): void {
    this.set(Number.POSITIVE_INFINITY, 0);
  }

  /** Expirations that nobody has taken yet, those that should have come by now among them. */
  get expirations(): number {
    return this.missed;
  }

  take(): number {
    const count = this.missed;
    this.missed = 0;
    return count;
  }

  /** Nanoseconds to the next expiration; 0: it is not set. */
  get left(): number {
    if (this.next === Number.POSITIVE_INFINITY) return 0;
    return Math.max(1, this.next - this.kernel.clock.monotonic());
  }

  expire(now: number): void {
    if (this.interval === 0) {
      this.missed++;
      this.next = Number.POSITIVE_INFINITY;
    } else {
      const times = 1 + Math.floor(Math.max(0, now - this.next) / this.interval);
      this.missed += times;
      this.next += times * this.interval;
      this.kernel.timers.set(this, this.next);
    }
    this.listener.expired(this);
  }
}
