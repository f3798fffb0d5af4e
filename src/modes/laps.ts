// The workloads of our guest as they end, each with the exits that the monitor counted for it.
// Ours: a workload begins behind the line before its own, and prints nothing in between.
import { type WorkloadLine, workloadLine } from './workload-line.js';

export interface Lap extends WorkloadLine {
  /** By reason, those of printing the line included. */
  exits: Record<string, number>;
}

const LINE_MOST = 400;
const NEWLINE = 10;

export class Laps {
  private line = '';
  private before: Record<string, number> = {};

  /** `exits`: the monitor's counters as they stand. */
  constructor(
    private readonly exits: () => Record<string, number>,
    private readonly ended: (lap: Lap) => void,
  ) {}

  /** One byte of the guest's first serial port, at the moment that it is sent. */
  see(byte: number): void {
    if (byte !== NEWLINE) {
      if (this.line.length < LINE_MOST) this.line += String.fromCharCode(byte);
      return;
    }
    const line = workloadLine(this.line);
    this.line = '';
    const now = this.exits();
    if (line) this.ended({ ...line, exits: difference(now, this.before) });
    this.before = now;
  }
}

function difference(now: Record<string, number>, before: Record<string, number>): Record<string, number> {
  const grown = Object.entries(now).map(([reason, count]): [string, number] => [reason, count - (before[reason] ?? 0)]);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}
