// Machine time, and deadlines in it.
// Ours.

/** Machine time in nanoseconds since power-on, as a JavaScript number (exact to 2^53). Never goes back. */
export interface Clock {
  now(): number;
}

/** One pending deadline of a device. Arming again moves it. */
export interface Timer {
  /** Fire once when machine time reaches `deadline` (nanoseconds). */
  arm(deadline: number): void;
  cancel(): void;
}

/** Hands out timers. The machine asks the queue for the next deadline to bound a run of the CPU. */
export interface Timers extends Clock {
  create(fire: () => void): Timer;
}
