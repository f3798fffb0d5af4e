// Strokes on their way to the keyboard, as fast as the guest takes them: for whoever has many at once, as a script and a paste do.
// IBM PS/2 Hardware Interface Technical Reference: a keyboard holds few keys, and a BIOS fifteen.
import type { Timer, Timers } from '../device.js';
import type { I8042 } from './i8042.js';
import { press, type Stroke } from './us-layout.js';

/** Nanoseconds of machine time between two strokes: no person is faster, and a guest that reads has time to. */
const INTERVAL = 10e6;
/** Strokes that may wait. */
const WAITING = 65536;

export class KeyTyper {
  private readonly strokes: Stroke[] = [];
  private readonly timer: Timer;
  private at = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly keyboard: I8042,
    private readonly timers: Timers,
  ) {
    this.timer = timers.create(() => this.next());
  }

  /** Strokes that wait. */
  get size(): number {
    return this.strokes.length;
  }

  /** What does not fit is lost. */
  type(strokes: readonly Stroke[]): void {
    if (strokes.length === 0) return;
    this.strokes.push(...strokes.slice(0, WAITING - this.strokes.length));
    this.timer.arm(Math.max(this.timers.now(), this.at + INTERVAL));
  }

  /** A stroke goes when the guest has taken the one before. */
  private next(): void {
    if (this.keyboard.keyboard.output.length === 0) {
      const stroke = this.strokes.shift();
      if (stroke) press(stroke, (code, down) => void this.keyboard.key(code, down));
    }
    this.at = this.timers.now();
    if (this.strokes.length > 0) this.timer.arm(this.at + INTERVAL);
  }
}
