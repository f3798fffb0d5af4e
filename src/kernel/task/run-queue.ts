// Who waits for the processor on one level: tasks and groups of tasks, the least virtual time first. A heap.
// Linux kernel/sched/fair.c: virtual time runs slower the higher the weight.

/** Something that waits for the processor. */
export interface Runnable {
  /** Nanoseconds that it had, divided by its weight. */
  virtualTime: number;
  /** Of two with one virtual time the first one. */
  queueOrder: number;
}

/** Who has slept begins no further behind the others than this, in nanoseconds. */
const SLEEPER_CREDIT = 3e6;

export class RunQueue<T extends Runnable> {
  private readonly heap: T[] = [];
  /** The least virtual time that there was. */
  floor = 0;
  private orders = 0;

  get empty(): boolean {
    return this.heap.length === 0;
  }

  /** `slept`: it comes from a wait. */
  add(entry: T, slept: boolean): void {
    entry.queueOrder = this.orders++;
    if (slept) entry.virtualTime = Math.max(entry.virtualTime, this.floor - SLEEPER_CREDIT);
    this.push(entry);
  }

  /** Takes out who runs next. */
  take(): T | undefined {
    const entry = this.pop();
    if (entry) this.floor = Math.max(this.floor, entry.virtualTime);
    return entry;
  }

  /** Takes one out that is not to run after all. Was it there? */
  remove(entry: T): boolean {
    if (!this.heap.includes(entry)) return false;
    const rest = this.heap.filter((other) => other !== entry);
    this.heap.length = 0;
    for (const other of rest) this.push(other);
    return true;
  }

  private before(a: T, b: T): boolean {
    return a.virtualTime !== b.virtualTime ? a.virtualTime < b.virtualTime : a.queueOrder < b.queueOrder;
  }

  private push(entry: T): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): T | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
