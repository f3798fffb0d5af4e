// Exact conversion between machine time in nanoseconds and ticks of an oscillator.
// Source: arithmetic; every product stays below 2^53, so nothing is rounded.

const SECOND = 1_000_000_000;

export class Frequency {
  /** `hertz` must be a whole number below 9,007,199. */
  constructor(readonly hertz: number) {}

  /** Whole ticks that have passed at a time. */
  ticksAt(nanoseconds: number): number {
    const seconds = Math.floor(nanoseconds / SECOND);
    const rest = nanoseconds - seconds * SECOND;
    return seconds * this.hertz + Math.floor((rest * this.hertz) / SECOND);
  }

  /** The first nanosecond at which `ticks` ticks have passed. */
  timeOf(ticks: number): number {
    const seconds = Math.floor(ticks / this.hertz);
    const rest = ticks - seconds * this.hertz;
    return seconds * SECOND + Math.ceil((rest * SECOND) / this.hertz);
  }
}
