// Load averages: how many tasks wanted to run, over 1, 5 and 15 minutes. Linux kernel/sched/loadavg.c; man 5 proc, /proc/loadavg.

/** Nanoseconds between two looks. */
const PERIOD = 5e9;
const DECAY = [60, 300, 900].map((seconds) => Math.exp(-PERIOD / 1e9 / seconds));

export class LoadAverage {
  /** Over 1, 5 and 15 minutes. */
  values: readonly number[] = [0, 0, 0];
  /** When the next look is due, in nanoseconds of the monotonic clock. */
  due = PERIOD;

  /** Called when `due` has come or later: nobody ran in the periods that were missed. `active`: tasks that want to run now. */
  update(now: number, active: number): void {
    const missed = Math.floor((now - this.due) / PERIOD);
    this.values = this.values.map((value, i) => {
      const decay = DECAY[i]!;
      return value * decay ** (missed + 1) + active * (1 - decay);
    });
    this.due += (missed + 1) * PERIOD;
  }
}
