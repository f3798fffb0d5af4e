// What counters that only grow have done in a second, lately.
// Ours: the difference over a window that is long enough to be read.
import type { GaugeValues } from '../machine/gauges.js';

/** Milliseconds. */
const WINDOW = 1000;

export class Rates {
  private readonly samples: { at: number; values: GaugeValues }[] = [];

  add(at: number, values: GaugeValues): void {
    this.samples.push({ at, values });
    while (this.samples.length > 2 && at - this.samples[1].at >= WINDOW) this.samples.shift();
  }

  /** A second of the window. */
  of(name: keyof GaugeValues): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    return ((last.values[name] - first.values[name]) * 1000) / (last.at - first.at);
  }
}
