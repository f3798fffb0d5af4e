// Queueing disciplines: what waits before an interface, in which order it goes, and when. man 8 tc; Linux include/net/sch_generic.h.
import type { FilterBlock } from './filter.js';

/** Bytes that wait in one discipline, whatever its limit says: on Linux the sockets' buffers bound them. */
const BACKLOG_MAX = 4 << 20;

/** What waits: a frame, or what becomes one. */
export interface Queued {
  /** Bytes with the header of the link. */
  readonly size: number;
  readonly load: unknown;
  /** What its socket says of it: SO_PRIORITY, SO_MARK. */
  readonly priority?: number;
  readonly mark?: number;
  /** ETHERTYPE. */
  readonly protocol?: number;
  /** The frame, for filters that look into it. */
  bytes?(): Uint8Array;
}

/** What `tc -s` shows. struct gnet_stats_basic, gnet_stats_queue. */
export interface QdiscStatistics {
  bytes: number;
  packets: number;
  drops: number;
  requeues: number;
  overlimits: number;
}

export abstract class Qdisc {
  /** What `tc` calls it. */
  abstract readonly kind: string;
  readonly statistics: QdiscStatistics = { bytes: 0, packets: 0, drops: 0, requeues: 0, overlimits: 0 };
  /** Packets and bytes that wait. */
  length = 0;
  backlog = 0;
  private held?: Queued;

  constructor(
    /** The major number in the upper 16 bits; 0: it has none, and is not shown. */
    readonly handle: number,
    /** The class it hangs in, or TC_H_ROOT. */
    readonly parent: number,
  ) {}

  /** False: it is dropped. */
  abstract enqueue(item: Queued): boolean;
  /** What may go now: out of the queue. */
  protected abstract next(now: number): Queued | undefined;
  /** Nanoseconds: when something may go, if nothing may now. Infinity: when something comes. */
  get readyAt(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** All that waits goes. */
  reset(): void {
    this.held = undefined;
    this.length = 0;
    this.backlog = 0;
  }

  /** What may go next, which stays. */
  peek(now: number): Queued | undefined {
    this.held ??= this.next(now);
    return this.held;
  }

  dequeue(now: number): Queued | undefined {
    const item = this.held ?? this.next(now);
    this.held = undefined;
    if (!item) return undefined;
    this.length--;
    this.backlog -= item.size;
    this.statistics.packets++;
    this.statistics.bytes += item.size;
    return item;
  }

  /** Is there room for it at all? */
  protected hasRoom({ size }: Queued): boolean {
    return this.backlog + size <= BACKLOG_MAX;
  }
  protected drop(): false {
    this.statistics.drops++;
    return false;
  }
  protected accept({ size }: Queued): true {
    this.length++;
    this.backlog += size;
    return true;
  }

  /** Disciplines that hang in its classes. */
  get children(): readonly Qdisc[] {
    return [];
  }
  /** Which class is a packet of? Undefined: it has no filters. */
  readonly filters?: FilterBlock;
  /** The filters of a class; undefined: it can't have any. */
  filtersOf(_classid: number): FilterBlock | undefined {
    return undefined;
  }
  /** Is there such a class? */
  hasClass(_classid: number): boolean {
    return false;
  }
  /** Puts a discipline into a class, or with undefined what is there when nothing else is. False: there is no such class. */
  graft(_classid: number, _child: Qdisc | undefined): boolean {
    return false;
  }
  childOf(classid: number): Qdisc | undefined {
    return this.children.find((child) => child.parent === classid);
  }
}

/** A queue in the order of coming, of which the bytes or the packets are counted: pfifo, bfifo. man 8 tc-pfifo. */
export class Fifo extends Qdisc {
  private queue: Queued[] = [];
  private first = 0;

  constructor(
    handle: number,
    parent: number,
    readonly kind: 'pfifo' | 'bfifo',
    public limit: number,
  ) {
    super(handle, parent);
  }

  override enqueue(item: Queued): boolean {
    const fits = this.kind === 'pfifo' ? this.length < this.limit : this.backlog + item.size <= this.limit;
    if (!fits || !this.hasRoom(item)) return this.drop();
    this.queue.push(item);
    return this.accept(item);
  }

  protected override next(): Queued | undefined {
    if (this.first === this.queue.length) return undefined;
    const item = this.queue[this.first]!;
    this.first++;
    // what has gone is let go of half a queue at a time
    if (this.first * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.first);
      this.first = 0;
    }
    return item;
  }

  override reset(): void {
    super.reset();
    this.queue = [];
    this.first = 0;
  }
}

/** No queue at all: what comes goes. */
export class NoQueue extends Qdisc {
  readonly kind = 'noqueue';

  override enqueue(): boolean {
    return this.drop();
  }
  protected override next(): undefined {
    return undefined;
  }
}
