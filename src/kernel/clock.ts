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

export class Clock {
  private readonly origin: number;
  /** Nanoseconds since 1970 at the origin. */
  private base: number;

  constructor(
    private readonly source: ClockSource,
    /** Of a node that goes on from a snapshot: where its monotonic clock stands. */
    start = 0,
  ) {
    this.origin = source.now() - start;
    this.base = source.date() * 1e6 - start;
  }

  /** CLOCK_MONOTONIC, in nanoseconds. */
  monotonic(): number {
    return this.source.now() - this.origin;
  }

  /** Nanoseconds of the host's processor so far; undefined: the host does not say. */
  hostTime(): number | undefined {
    const seconds = this.source.cpuSeconds?.();
    return seconds === undefined ? undefined : seconds * 1e9;
  }

  /** CLOCK_REALTIME. */
  date(): Timestamp {
    const seconds = Math.floor(this.base / 1e9);
    const now = this.monotonic() + (this.base - seconds * 1e9);
    const whole = timestampOf(now);
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
