// Pressure of a group: how long some of its tasks, or all that had something to do, waited for what there is too little of.
// Linux Documentation/accounting/psi.rst, kernel/sched/psi.c. Averages are worked out when they are asked for: between two changes of who
// waits nothing changes, so the periods that have passed meanwhile are all alike.
import type { Clock } from '../clock.js';
import { PRESSURE_CPU, PRESSURE_IO, PRESSURE_MEMORY, PRESSURES } from '../task/stall.js';
import type { Cgroup } from './cgroup.js';
import type { PressureTrigger } from './pressure-trigger.js';

/** Averages move so often; nanoseconds. */
const PERIOD = 2e9;
/** Seconds that they are over. */
const WINDOWS = [10, 60, 300] as const;
const SOME = 0;
const FULL = 1;

/** Number of a resource's state: some wait, or all. */
export const stateOf = (resource: number, full: boolean): number => 2 * resource + (full ? FULL : SOME);

export class Pressure {
  /** Tasks that could run; that have the processor; that wait for a disk, and for memory. */
  private queued = 0;
  private running = 0;
  private waitingIo = 0;
  private waitingMemory = 0;
  /** Bits of states that hold, and since when they are not yet in `times`. */
  private states = 0;
  private since = 0;
  /** Nanoseconds of each state. */
  private readonly times: number[] = new Array(2 * PRESSURES).fill(0);
  /** As they were at the last period's end. */
  private readonly timesBefore: number[] = new Array(2 * PRESSURES).fill(0);
  private readonly averages: number[][] = Array.from({ length: 2 * PRESSURES }, () => WINDOWS.map(() => 0));
  private periodEnd = PERIOD;
  /** cgroup.pressure. */
  enabled = true;
  /** Of open files. */
  readonly triggers = new Set<PressureTrigger>();

  constructor(private readonly isRoot: boolean) {}

  /** Nothing counts that was before `now`. */
  begin(now: number): void {
    this.since = now;
    this.periodEnd = now + PERIOD;
  }

  private get stateBits(): number {
    const { queued, running, waitingIo, waitingMemory } = this;
    // whoever waits for a processor waits for somebody of the system
    const bits = queued === 0 ? 0 : running === 0 && !this.isRoot ? 3 : 1;
    if (waitingIo + waitingMemory === 0) return bits;
    const all = queued + running === 0 ? 3 : 1;
    return (
      bits | (waitingIo > 0 ? all << (2 * PRESSURE_IO) : 0) | (waitingMemory > 0 ? all << (2 * PRESSURE_MEMORY) : 0)
    );
  }

  /** So many more wait for PRESSURE_*, and run. Does another state hold now? */
  count(resource: number, waiting: number, running: number): boolean {
    if (resource === PRESSURE_CPU) this.queued += waiting;
    else if (resource === PRESSURE_IO) this.waitingIo += waiting;
    else this.waitingMemory += waiting;
    this.running += running;
    return this.enabled && this.stateBits !== this.states;
  }

  change(now: number): void {
    this.settle(now);
    this.states = this.enabled ? this.stateBits : 0;
    if (this.triggers.size > 0) for (const trigger of this.triggers) trigger.begin(now);
  }

  enable(on: boolean, now: number): void {
    this.settle(now);
    this.enabled = on;
    this.change(now);
  }

  holds(state: number): boolean {
    return (this.states & (1 << state)) !== 0;
  }

  /** A task was held up on the processor itself. */
  addStall(resource: number, nanoseconds: number): void {
    if (!this.enabled) return;
    this.times[stateOf(resource, false)]! += nanoseconds;
    if (this.queued === 0) this.times[stateOf(resource, true)]! += nanoseconds;
  }

  /** What has passed since the last change counts. */
  private settle(now: number): void {
    if (now >= this.periodEnd) {
      this.add(this.periodEnd);
      this.average(1);
      const more = Math.floor((now - this.periodEnd) / PERIOD);
      this.add(this.periodEnd + more * PERIOD);
      if (more > 0) this.average(more);
      this.periodEnd += (more + 1) * PERIOD;
    }
    this.add(now);
  }

  private add(until: number): void {
    const passed = until - this.since;
    if (passed <= 0) return;
    this.since = until;
    for (let state = 0, bits = this.states; bits !== 0; state++, bits >>>= 1)
      if ((bits & 1) !== 0) this.times[state]! += passed;
  }

  /** So many periods, all alike, are over. */
  private average(periods: number): void {
    for (let state = 0; state < this.times.length; state++) {
      const share = Math.min(1, (this.times[state]! - this.timesBefore[state]!) / (periods * PERIOD));
      this.timesBefore[state] = this.times[state]!;
      const averages = this.averages[state]!;
      for (const [i, seconds] of WINDOWS.entries()) {
        const kept = Math.exp((-periods * PERIOD) / (seconds * 1e9));
        averages[i] = averages[i]! * kept + share * (1 - kept);
      }
    }
  }

  /** Nanoseconds of a state until now. */
  total(state: number, now: number): number {
    this.settle(now);
    return this.times[state]!;
  }

  /** The averages and the total of a resource, as its file has them. */
  text(resource: number, now: number): string {
    this.settle(now);
    return ['some', 'full']
      .map((name, full) => {
        const state = 2 * resource + full;
        const [ten, sixty, threeHundred] = this.averages[state]!.map((share) =>
          (Math.floor(share * 1e4) / 100).toFixed(2),
        );
        const total = Math.floor(this.times[state]! / 1e3);
        return `${name} avg10=${ten} avg60=${sixty} avg300=${threeHundred} total=${total}\n`;
      })
      .join('');
  }

  /** The part of the last ten seconds that some waited. */
  recent(resource: number, now: number): number {
    this.settle(now);
    return this.averages[stateOf(resource, false)]![0]!;
  }
}

/** `waiting` tasks more of the group wait for PRESSURE_*, and `running` more have the processor: it and those above it are told. */
export function notePressure(
  group: Cgroup,
  resource: number,
  waiting: number,
  running: number,
  clock: Clock,
  known = -1,
): void {
  let now = known;
  for (let at: Cgroup | undefined = group; at; at = at.parent) {
    if (!at.pressure.count(resource, waiting, running)) continue;
    if (now < 0) now = clock.monotonic();
    at.pressure.change(now);
  }
}

/** A task of the group had the processor for so long and could do nothing with it. */
export function noteStall(group: Cgroup, resource: number, nanoseconds: number): void {
  if (nanoseconds <= 0) return;
  for (let at: Cgroup | undefined = group; at; at = at.parent) at.pressure.addStall(resource, nanoseconds);
}
