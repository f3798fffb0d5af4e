// The time of day as the machine takes it from its host: it goes on while a machine lies in a snapshot, and never back.
// Contract: HostClock.date of src/base/host.ts.
import { SnapshotError, section } from '../devices/snapshot-fields.js';

export class WallClock {
  /** Milliseconds that the machine is ahead of a host whose clock is behind that of the snapshot's. */
  private ahead = 0;

  /** `date`: milliseconds since 1970. */
  constructor(private readonly date: () => number) {}

  /** Milliseconds since 1970. */
  now(): number {
    return this.date() + this.ahead;
  }

  save(): unknown {
    return { date: this.now() };
  }

  /**
   * The value is how many milliseconds have gone by since `save`, as far as `state` tells: a clock that was set back stands, and there are
   * snapshots that have no date. Throws SnapshotError.
   */
  restore(state: unknown): number {
    if (state === undefined) return 0;
    const { date } = section(state);
    if (typeof date !== 'number' || !Number.isFinite(date)) throw new SnapshotError('snapshot: the date is no number');
    this.ahead = Math.max(0, date - this.date());
    return this.now() - date;
  }
}
