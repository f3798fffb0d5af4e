// Who waits for something to happen: tasks that are blocked, epoll instances that watch. Linux include/linux/wait.h.

/** Something that is woken. `events` are POLL* bits of what has happened, 0 when it can be anything. */
export interface Waiter {
  wake(events: number): void;
}

export class WaitQueue {
  private readonly waiters = new Set<Waiter>();

  add(waiter: Waiter): void {
    this.waiters.add(waiter);
  }

  remove(waiter: Waiter): void {
    this.waiters.delete(waiter);
  }

  get empty(): boolean {
    return this.waiters.size === 0;
  }

  /** Wakes all: each looks for itself whether it can go on. */
  wake(events = 0): void {
    if (this.waiters.size === 0) return;
    for (const waiter of [...this.waiters]) waiter.wake(events);
  }

  /** In the order in which they came. */
  [Symbol.iterator](): IterableIterator<Waiter> {
    return this.waiters.values();
  }
}
