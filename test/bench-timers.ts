// Time that tests set by hand.
// Source: the contract in src/base/time.ts.
import type { Timer, Timers } from '../src/base/time.js';

class BenchTimer implements Timer {
  deadline = Number.POSITIVE_INFINITY;
  constructor(readonly fire: () => void) {}
  arm(deadline: number): void {
    this.deadline = deadline;
  }
  cancel(): void {
    this.deadline = Number.POSITIVE_INFINITY;
  }
}

/** Time that moves only by `advance`, firing timers in order at their own deadlines. */
export class BenchTimers implements Timers {
  time = 0;
  fired = 0;
  private readonly timers: BenchTimer[] = [];

  now(): number {
    return this.time;
  }

  create(fire: () => void): Timer {
    const timer = new BenchTimer(fire);
    this.timers.push(timer);
    return timer;
  }

  /** The next deadline, or infinity. */
  next(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.timers.map((timer) => timer.deadline));
  }

  advance(nanoseconds: number): void {
    const end = this.time + nanoseconds;
    for (let deadline = this.next(); deadline <= end; deadline = this.next()) {
      this.time = Math.max(this.time, deadline);
      this.fireDue();
    }
    this.time = end;
  }

  /** Jumps over all deadlines, then fires what is due once, as a host that slept does. */
  jump(nanoseconds: number): void {
    this.time += nanoseconds;
    this.fireDue();
  }

  private fireDue(): void {
    for (const timer of this.timers) {
      if (timer.deadline > this.time) continue;
      timer.cancel();
      this.fired++;
      timer.fire();
    }
  }
}
