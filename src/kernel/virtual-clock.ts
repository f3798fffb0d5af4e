// Time that is a function of what programs do: an instruction is a nanosecond, a look at the clock some, and where nobody can run it jumps
// to the next timer. With random numbers from a seed a run is the same each time, but for what comes in from outside.
import type { ClockSource } from './clock.js';

/** 2026-01-01 00:00 UTC, in milliseconds: when every run begins. */
const BEGINNING = 1_767_225_600_000;
/** Nanoseconds that a look takes, so that who waits by looking gets there. */
const LOOK = 20;

export class VirtualClock implements ClockSource {
  private skipped = 0;

  /** `instructions` is how many there have been. */
  constructor(private readonly instructions: () => number) {}

  now(): number {
    this.skipped += LOOK;
    return this.skipped + this.instructions();
  }

  date(): number {
    return BEGINNING;
  }

  /** Nobody can run for so many nanoseconds. */
  skip(nanoseconds: number): void {
    this.skipped += Math.max(0, nanoseconds);
  }
}

/** Random bytes that follow from a seed alone: xoshiro128** (Blackman and Vigna), seeded by splitmix32. Not for secrets. */
export function seededRandom(seed: number): (into: Uint8Array) => void {
  let mix = seed | 0;
  const next = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  return (into) => {
    for (let i = 0; i < into.length; i += 4) {
      const result = Math.imul(rotate(Math.imul(b, 5), 7), 9);
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotate(d, 11);
      for (let byte = 0; byte < 4 && i + byte < into.length; byte++) into[i + byte] = result >>> (8 * byte);
    }
  };
}
