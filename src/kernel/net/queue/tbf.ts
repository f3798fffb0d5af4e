// The token bucket filter: packets go at a rate, after a burst. man 8 tc-tbf; Linux net/sched/sch_tbf.c.
import { Fifo, Qdisc, type Queued } from './qdisc.js';
import type { Rate } from './rate.js';

export interface TbfOptions {
  rate: Rate;
  /** Nanoseconds of the rate that may be saved. */
  buffer: number;
  /** Bytes of the longest packet. */
  longest: number;
  /** Bytes that may wait. */
  limit: number;
  peak?: Rate;
  /** Nanoseconds of the peak rate that may be saved. */
  peakBuffer: number;
}

export class Tbf extends Qdisc {
  readonly kind = 'tbf';
  /** Nanoseconds saved, and until when. */
  private tokens: number;
  private peakTokens: number;
  private checked: number;
  private readyTime = Number.POSITIVE_INFINITY;
  private inner: Qdisc;

  constructor(
    handle: number,
    parent: number,
    public options: TbfOptions,
    now: number,
  ) {
    super(handle, parent);
    this.tokens = options.buffer;
    this.peakTokens = options.peakBuffer;
    this.checked = now;
    this.inner = this.ownQueue();
  }

  /** The queue that it has unless it is given another one: it has no number of its own. */
  private ownQueue(): Fifo {
    return new Fifo(0, this.classid, 'bfifo', this.options.limit);
  }
  /** Its one class. */
  get classid(): number {
    return this.handle + 1;
  }

  change(options: TbfOptions, now: number): void {
    this.options = options;
    this.tokens = options.buffer;
    this.peakTokens = options.peakBuffer;
    this.checked = now;
    if (this.inner instanceof Fifo) this.inner.limit = options.limit;
  }

  override enqueue(item: Queued): boolean {
    if (item.size > this.options.longest || !this.inner.enqueue(item)) return this.drop();
    return this.accept(item);
  }

  protected override next(now: number): Queued | undefined {
    const item = this.inner.peek(now);
    this.readyTime = Number.POSITIVE_INFINITY;
    if (!item) return undefined;
    const { rate, buffer, peak, peakBuffer } = this.options;
    const passed = Math.min(now - this.checked, buffer);
    const tokens = Math.min(this.tokens + passed, buffer) - rate.timeOf(item.size);
    const peakTokens = peak ? Math.min(this.peakTokens + passed, peakBuffer) - peak.timeOf(item.size) : 0;
    if (tokens < 0 || peakTokens < 0) {
      this.readyTime = now + Math.max(-tokens, -peakTokens);
      this.statistics.overlimits++;
      return undefined;
    }
    this.checked = now;
    this.tokens = tokens;
    this.peakTokens = peakTokens;
    return this.inner.dequeue(now);
  }

  override get readyAt(): number {
    return Math.min(this.readyTime, this.inner.readyAt);
  }

  override reset(): void {
    super.reset();
    this.inner.reset();
    this.tokens = this.options.buffer;
    this.peakTokens = this.options.peakBuffer;
    this.readyTime = Number.POSITIVE_INFINITY;
  }

  override get children(): readonly Qdisc[] {
    return [this.inner];
  }
  // whatever the number, it is that one: man 8 tc-tbf, "Classes"
  override hasClass(): boolean {
    return true;
  }
  override graft(_classid: number, child: Qdisc | undefined): boolean {
    const { length, backlog } = this.inner;
    this.inner = child ?? this.ownQueue();
    this.length -= length;
    this.backlog -= backlog;
    return true;
  }
  override childOf(): Qdisc {
    return this.inner;
  }
}
