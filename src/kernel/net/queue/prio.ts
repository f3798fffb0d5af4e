// Bands of which the first that has something goes: prio, whose bands are classes, and pfifo_fast. man 8 tc-prio, tc-pfifo_fast; Linux
// net/sched/sch_prio.c, sch_generic.c.
import { FilterBlock } from './filter.js';
import { Fifo, Qdisc, type Queued } from './qdisc.js';

export const BANDS = { least: 2, most: 16 };
/** Priorities that have a band. TC_PRIO_MAX + 1. */
export const PRIORITY_BANDS = 16;
const MAJOR = 0xffff0000;
/** Which band a priority has without anybody's saying. */
export const PRIOMAP: readonly number[] = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

abstract class Bands extends Qdisc {
  protected readonly bands: Qdisc[] = [];
  priomap: readonly number[] = PRIOMAP;

  get count(): number {
    return this.bands.length;
  }

  protected abstract band(item: Queued): Qdisc;

  override enqueue(item: Queued): boolean {
    return this.band(item).enqueue(item) ? this.accept(item) : this.drop();
  }
  protected override next(now: number): Queued | undefined {
    for (const band of this.bands) {
      const item = band.dequeue(now);
      if (item) return item;
    }
    return undefined;
  }
  override get readyAt(): number {
    return Math.min(...this.bands.map((band) => (band.length > 0 ? band.readyAt : Number.POSITIVE_INFINITY)));
  }
  override reset(): void {
    super.reset();
    for (const band of this.bands) band.reset();
  }
}

export class PfifoFast extends Bands {
  readonly kind = 'pfifo_fast';

  constructor(handle: number, parent: number, limit: number) {
    super(handle, parent);
    for (let i = 0; i < 3; i++) this.bands.push(new Fifo(0, 0, 'pfifo', limit));
  }
  protected override band({ priority = 0 }: Queued): Qdisc {
    return this.bands[this.priomap[priority & (PRIORITY_BANDS - 1)]!]!;
  }
}

export class Prio extends Bands {
  readonly kind = 'prio';
  override readonly filters = new FilterBlock();

  constructor(
    handle: number,
    parent: number,
    bands: number,
    priomap: readonly number[],
    /** Packets that a band's own queue takes. */
    private readonly limit: number,
  ) {
    super(handle, parent);
    this.change(bands, priomap);
  }

  /** What waits in bands that go is lost. */
  change(bands: number, priomap: readonly number[]): void {
    for (const gone of this.bands.splice(bands)) this.lose(gone);
    while (this.bands.length < bands) this.bands.push(this.ownQueue(this.bands.length + 1));
    this.priomap = priomap;
  }
  private lose(gone: Qdisc): void {
    this.length -= gone.length;
    this.backlog -= gone.backlog;
    gone.reset();
  }
  private ownQueue(number: number): Fifo {
    return new Fifo(0, this.handle + number, 'pfifo', this.limit);
  }

  protected override band(item: Queued): Qdisc {
    const { priority = 0 } = item;
    const byPriority = (given: number): Qdisc => this.bands[this.priomap[given & (PRIORITY_BANDS - 1)]!]!;
    let classid = priority >>> 0;
    if ((classid & MAJOR) >>> 0 !== this.handle) {
      const found = this.filters.classify(item, this.handle);
      if (found === undefined) return byPriority((priority & MAJOR) === 0 ? priority : 0);
      classid = found;
    }
    return this.bands[(classid & ~MAJOR) - 1] ?? byPriority(0);
  }

  // ---- classes ------------------------------------------------------------------------------------------------------------------

  override get children(): readonly Qdisc[] {
    return this.bands;
  }
  override hasClass(classid: number): boolean {
    const number = (classid & ~MAJOR) >>> 0;
    return number >= 1 && number <= this.bands.length;
  }
  override childOf(classid: number): Qdisc | undefined {
    return this.bands[(classid & ~MAJOR) - 1];
  }
  override graft(classid: number, child: Qdisc | undefined): boolean {
    const number = (classid & ~MAJOR) >>> 0;
    const before = this.bands[number - 1];
    if (!before) return false;
    this.lose(before);
    this.bands[number - 1] = child ?? this.ownQueue(number);
    return true;
  }
}
