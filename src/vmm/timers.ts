// Deadlines of all devices in one heap: the next one bounds a run of the CPU.
// Contract: Timer and Timers in devices/device.ts.
import type { Clock, Timer, Timers } from '../devices/device.js';

/** A device that re-arms itself in the past fires so often at most before the CPU runs again. */
const FIRINGS_AT_ONCE = 256;

class HeapTimer implements Timer {
  deadline = Number.POSITIVE_INFINITY;
  /** Place in the heap, -1 when not armed. */
  index = -1;

  constructor(
    private readonly queue: TimerQueue,
    readonly fire: () => void,
  ) {}

  arm(deadline: number): void {
    this.queue.arm(this, deadline);
  }

  cancel(): void {
    this.queue.cancel(this);
  }
}

export class TimerQueue implements Timers {
  private readonly heap: HeapTimer[] = [];

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  create(fire: () => void): Timer {
    return new HeapTimer(this, fire);
  }

  /** Machine time of the next deadline, or infinity. */
  get next(): number {
    return this.heap.length > 0 ? this.heap[0].deadline : Number.POSITIVE_INFINITY;
  }

  /** Fires what is due, in order of deadlines; returns how many. */
  fireDue(): number {
    let fired = 0;
    if (this.heap.length === 0) return 0;
    const now = this.clock.now();
    while (this.next <= now && fired < FIRINGS_AT_ONCE) {
      const timer = this.heap[0];
      this.cancel(timer);
      timer.fire();
      fired++;
    }
    return fired;
  }

  arm(timer: HeapTimer, deadline: number): void {
    if (timer.index < 0) {
      timer.index = this.heap.length;
      this.heap.push(timer);
    }
    timer.deadline = Number.isNaN(deadline) ? Number.POSITIVE_INFINITY : deadline;
    this.settle(timer);
  }

  cancel(timer: HeapTimer): void {
    if (timer.index < 0) return;
    const last = this.heap.pop()!;
    if (last !== timer) {
      last.index = timer.index;
      this.heap[last.index] = last;
      this.settle(last);
    }
    timer.index = -1;
    timer.deadline = Number.POSITIVE_INFINITY;
  }

  private settle(timer: HeapTimer): void {
    while (timer.index > 0) {
      const parent = this.heap[(timer.index - 1) >> 1];
      if (parent.deadline <= timer.deadline) break;
      this.swap(timer, parent);
    }
    for (;;) {
      const left = this.heap[timer.index * 2 + 1];
      const right = this.heap[timer.index * 2 + 2];
      const child = right && right.deadline < left.deadline ? right : left;
      if (!child || child.deadline >= timer.deadline) return;
      this.swap(timer, child);
    }
  }

  private swap(a: HeapTimer, b: HeapTimer): void {
    [a.index, b.index] = [b.index, a.index];
    this.heap[a.index] = a;
    this.heap[b.index] = b;
  }
}
