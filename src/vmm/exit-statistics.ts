// Exits by reason: how many, and how long the monitor took until it entered the guest again.
// Ours; what perf's `kvm stat` counts.
import { EXIT_KINDS, type Exit } from '../vcpu/exit.js';
import { REASON_MAX, reasonName } from './vmx/exit-reasons.js';

/** Exits of the core come first, then basic VM-exit reasons. */
const CORE = 16;

/** Shares are of the time in the guest and in the monitor together, without sleep: from 0 to 1, all of them and the guest's make 1. */
export interface ExitReport {
  /** How many, by reason. */
  exits: Record<string, number>;
  /** Seconds that the monitor worked after exits, by reason. */
  exitSeconds: Record<string, number>;
  exitShares: Record<string, number>;
  guestSeconds: number;
  guestShare: number;
}

export class ExitStatistics {
  private readonly counts = new Float64Array(CORE + REASON_MAX);
  private readonly nanoseconds = new Float64Array(CORE + REASON_MAX);
  private at = 0;
  private leftAt = 0;
  private enteredAt = 0;
  /** Nanoseconds in the guest, entries and exits included. */
  private guest = 0;
  /** Times that the guest was entered. */
  entries = 0;

  /** The guest is about to run. */
  entering(now: number): void {
    this.settle(now);
    this.enteredAt = now;
    this.entries++;
  }

  /** The guest has come back with `exit`; `reason` is that of a VM exit. */
  left(exit: Exit, reason: number, now: number): void {
    this.guest += now - this.enteredAt;
    this.leftAt = now;
    this.at = exit.kind === 'vm' ? CORE + Math.min(reason, REASON_MAX - 1) : EXIT_KINDS.indexOf(exit.kind);
    this.counts[this.at]++;
  }

  /** What has passed since the last exit was the monitor's work for it; from here on nothing is. */
  settle(now: number): void {
    if (this.leftAt === 0) return;
    this.nanoseconds[this.at] += now - this.leftAt;
    this.leftAt = 0;
  }

  report(): ExitReport {
    const busy = this.guest + this.nanoseconds.reduce((sum, time) => sum + time, 0);
    const share = (time: number): number => (busy > 0 ? time / busy : 0);
    const exits: Record<string, number> = {};
    const exitSeconds: Record<string, number> = {};
    const exitShares: Record<string, number> = {};
    this.counts.forEach((count, at) => {
      if (count === 0) return;
      const name = at < CORE ? EXIT_KINDS[at] : reasonName(at - CORE);
      exits[name] = count;
      exitSeconds[name] = this.nanoseconds[at] / 1e9;
      exitShares[name] = share(this.nanoseconds[at]);
    });
    return { exits, exitSeconds, exitShares, guestSeconds: this.guest / 1e9, guestShare: share(this.guest) };
  }
}
