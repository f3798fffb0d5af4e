// Who waits for something to happen: tasks that are blocked, epoll instances that watch. Linux include/linux/wait.h.

/** Something that is woken. `events` are POLL* bits of what has happened, 0 when it can be anything. */
export interface Waiter {
  wake(events: number): void;
}

export class WaitQueue {
  /** The one that has waited longest: nearly always there is no other. */
  private first?: Waiter;
  /** Those that came while there was one. */
  private others?: Set<Waiter>;

  add(waiter: Waiter): void {
    if (this.first === waiter) return;
    if (!this.first && !this.others?.size) {
      this.first = waiter;
      return;
    }
    this.others ??= new Set();
    this.others.add(waiter);
  }

  remove(waiter: Waiter): void {
    if (this.first === waiter) this.first = undefined;
    else this.others?.delete(waiter);
  }

  get empty(): boolean {
    return !this.first && !this.others?.size;
  }

  /** Wakes all: each looks for itself whether it can go on. */
  wake(events = 0): void {
    if (!this.others?.size) {
      this.first?.wake(events);
      return;
    }
    for (const waiter of [...this]) waiter.wake(events);
  }

  /** In the order in which they came. */
  *[Symbol.iterator](): IterableIterator<Waiter> {
    if (this.first) yield this.first;
    if (this.others) yield* this.others;
  }
}
