// What happens at a time: waits that end, alarms, timers. A binary heap by time; entries that were given up are skipped.

/** Something with a time of its own, in nanoseconds of the monotonic clock. */
export interface Timed {
  /** The time has come. */
  expire(now: number): void;
}

interface Entry {
  when: number;
  order: number;
  what: Timed;
}

export class Timers {
  private readonly heap: Entry[] = [];
  private readonly live = new Map<Timed, Entry>();
  private orders = 0;

  /** `what` expires at `when`, whatever it had been set to. Infinity: never. */
  set(what: Timed, when: number): void {
    this.live.delete(what);
    if (when === Number.POSITIVE_INFINITY) return;
    const entry = { when, order: this.orders++, what };
    this.live.set(what, entry);
    this.push(entry);
    // entries that were given up must not pile up
    if (this.heap.length > 64 && this.heap.length > 4 * this.live.size) this.rebuild();
  }

  cancel(what: Timed): void {
    this.live.delete(what);
  }

  when(what: Timed): number {
    return this.live.get(what)?.when ?? Number.POSITIVE_INFINITY;
  }

  /** When the next one is due; Infinity: nothing is set. */
  get next(): number {
    while (this.heap.length > 0 && this.live.get(this.heap[0]!.what) !== this.heap[0]) this.pop();
    return this.heap.length > 0 ? this.heap[0]!.when : Number.POSITIVE_INFINITY;
  }

  /** Expires all that are due at `now`, those of one time in the order in which they were set. */
  run(now: number): void {
    while (this.next <= now) {
      const entry = this.pop();
      this.live.delete(entry.what);
      entry.what.expire(now);
    }
  }

  private rebuild(): void {
    const entries = [...this.live.values()];
    this.heap.length = 0;
    for (const entry of entries) this.push(entry);
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): Entry {
    const { heap } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => (a.when !== b.when ? a.when < b.when : a.order < b.order);
