// What happens at a time: waits that end, alarms, timers. A binary heap by time, whose entries know where they are in it.

/** Something with a time of its own, in nanoseconds of the monotonic clock. */
export interface Timed {
  /** The time has come. */
  expire(now: number): void;
}

interface Entry {
  when: number;
  order: number;
  what: Timed;
  /** Its place in the heap. */
  at: number;
}

export class Timers {
  private readonly heap: Entry[] = [];
  private readonly entries = new Map<Timed, Entry>();
  private orders = 0;

  /** `what` expires at `when`, whatever it had been set to. Infinity: never. */
  set(what: Timed, when: number): void {
    this.cancel(what);
    if (when === Number.POSITIVE_INFINITY) return;
    const entry = { when, order: this.orders++, what, at: this.heap.length };
    this.entries.set(what, entry);
    this.heap.push(entry);
    this.rise(entry);
  }

  cancel(what: Timed): void {
    const entry = this.entries.get(what);
    if (!entry) return;
    this.entries.delete(what);
    const last = this.heap.pop()!;
    if (last === entry) return;
    this.place(last, entry.at);
    this.rise(last);
    this.sink(last);
  }

  when(what: Timed): number {
    return this.entries.get(what)?.when ?? Number.POSITIVE_INFINITY;
  }

  /** When the next one is due; Infinity: nothing is set. */
  get next(): number {
    return this.heap.length > 0 ? this.heap[0]!.when : Number.POSITIVE_INFINITY;
  }

  /** Expires all that are due at `now`, those of one time in the order in which they were set. */
  run(now: number): void {
    while (this.next <= now) {
      const { what } = this.heap[0]!;
      this.cancel(what);
      what.expire(now);
    }
  }

  private place(entry: Entry, at: number): void {
    this.heap[at] = entry;
    entry.at = at;
  }

  private rise(entry: Entry): void {
    const { heap } = this;
    while (entry.at > 0) {
      const parent = heap[(entry.at - 1) >> 1]!;
      if (!isBefore(entry, parent)) break;
      const { at } = parent;
      this.place(parent, entry.at);
      this.place(entry, at);
    }
  }

  private sink(entry: Entry): void {
    const { heap } = this;
    for (;;) {
      const left = 2 * entry.at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = heap[right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left]!;
      if (!isBefore(child, entry)) break;
      const { at } = child;
      this.place(child, entry.at);
      this.place(entry, at);
    }
  }
}

const isBefore = (a: Entry, b: Entry): boolean => (a.when !== b.when ? a.when < b.when : a.order < b.order);
