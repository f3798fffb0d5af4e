// A node's clocks, from the host's: monotonic nanoseconds since the node began, and the date. man 7 time.
import { type Timestamp, timestampOf } from './vfs/timestamp.js';

export interface ClockSource {
  /** Nanoseconds from any origin; never backwards. */
  now(): number;
  /** Milliseconds since 1970. */
  date(): number;
  /** Seconds of the processor that the host has given us; absent: it does not say. */
  cpuSeconds?(): number;
}

/**
 * A machine has been up for a while when its first program runs, and programs take it so: to ping a time of less than a second is none.
 */
const UP_BEFORE = 1e9;

export class Clock {
  private readonly origin: number;
  /** What monotonic() said last: a program may have been told. */
  latest = 0;
  /** What programs work the time out from on their own. */
  counter?: { readonly shownTime: number };
  /** Nanoseconds since 1970 at the origin. */
  private base: number;

  constructor(
    private readonly source: ClockSource,
    /** Of a node that goes on from a snapshot: where its monotonic clock stands. */
    start = UP_BEFORE,
  ) {
    this.origin = source.now() - start;
    this.base = source.date() * 1e6 - start;
  }

  /** CLOCK_MONOTONIC, in nanoseconds. */
  monotonic(): number {
    this.latest = this.source.now() - this.origin;
    return this.latest;
  }

  /** CLOCK_MONOTONIC as programs are told it: not before what they have seen. */
  get told(): number {
    return Math.max(this.monotonic(), this.counter?.shownTime ?? 0);
  }

  /** Nanoseconds of the host's processor so far; undefined: the host does not say. */
  hostTime(): number | undefined {
    const seconds = this.source.cpuSeconds?.();
    return seconds === undefined ? undefined : seconds * 1e9;
  }

  /** CLOCK_REALTIME; `now`: when CLOCK_MONOTONIC is that. */
  date(now = this.told): Timestamp {
    const seconds = Math.floor(this.base / 1e9);
    const whole = timestampOf(now + (this.base - seconds * 1e9));
    return { seconds: seconds + whole.seconds, nanoseconds: whole.nanoseconds };
  }

  /** Nanoseconds that CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, as whole seconds and the rest. */
  get offset(): Timestamp {
    return timestampOf(this.base);
  }

  /** clock_settime(CLOCK_REALTIME). */
  setDate(date: Timestamp): void {
    this.base = date.seconds * 1e9 + date.nanoseconds - this.monotonic();
  }
}
