// Machine time in nanoseconds: the host's clock, or a count of instructions; and the time stamp counter that follows it.
// SDM vol. 3B section 18.17 (invariant TSC). The TSC runs at 1 GHz, so one tick is one nanosecond of machine time.
import type { HostClock } from '../base/host.js';
import type { Clock } from '../devices/device.js';
import { restoreFields } from '../devices/snapshot-fields.js';

/** What the clock needs to see of the CPU. */
export interface Retired {
  readonly instructions: number;
  setTsc(base: number, ticksPerInstruction: number): void;
}

export interface MachineClock extends Clock {
  /** The CPU is about to run; `now` is the host's time, which is dear to ask for. */
  entering(now: number): void;
  /** The CPU has come back. Machine time stands still while its exit is handled: till the next entry or `handled`. */
  left(now: number): void;
  /** The loop goes elsewhere than into the CPU. */
  handled(): void;
  /** How many instructions fit into `nanoseconds`. */
  instructionsIn(nanoseconds: number): number;
  /** Whether that is only an estimate: a run may use up its instructions before its time. */
  readonly estimates: boolean;
  /** Nothing runs until `deadline`: whether the machine must sleep on the host till then (else time has jumped). */
  idleUntil(deadline: number): boolean;
  /** The machine has slept on the host, till `deadline` or till input came. */
  slept(deadline: number): void;
  /** Machine time stands still while paused. */
  pause(): void;
  resume(): void;
  /** Plain data that `restore` goes on from. */
  save(): unknown;
  restore(state: unknown): void;
}

/** A run must have so many instructions to teach the clock the CPU's speed, and take so long to teach it in full. */
const MEASURABLE_INSTRUCTIONS = 2000;
const MEASURABLE_TIME = 100_000;
/** What part of a full lesson is believed. */
const TRUST = 0.25;
/** Nanoseconds: the pace is an estimate, and runs that come ever closer to a deadline cost more than being so late. */
const SHORTEST_RUN = 50_000;
const FASTEST = 0.5;
const SLOWEST = 1000;
/** Time that may pass at once without instructions to account for it: an exit's handling. */
const SLACK = 500_000;
/** Time that was held back and is given back later; more than this is forgotten (a suspended host). */
const MOST_DEBT = 5e9;

/**
 * Follows the host's clock, but never jumps: when the host takes the processor away, the guest would lose timer ticks
 * and call its clocks unstable. Such time is held back and given back while the guest is idle.
 */
export class RealClock implements MachineClock {
  private time = 0;
  /** Host time up to which `time` has been worked out. */
  private seen: number;
  private debt = 0;
  private paused = false;
  private enteredAt = 0;
  private enteredWith = 0;
  /** The CPU runs, or its exit is being handled: nobody looks at the host's clock. */
  private standing = false;
  readonly estimates = true;
  /** Nanoseconds an instruction takes: the mean of logarithms, as one run that the host has interrupted is a hundred times as slow as its neighbours. */
  private pace = 20;

  constructor(
    private readonly host: HostClock,
    private readonly cpu: Retired,
  ) {
    this.seen = host.now();
  }

  now(): number {
    if (!this.paused && !this.standing) this.advance(this.host.now(), SLACK);
    return this.time;
  }

  entering(now: number): void {
    this.advance(now, SLACK);
    this.enteredAt = this.seen;
    this.enteredWith = this.cpu.instructions;
    this.standing = true;
    this.cpu.setTsc(this.time, this.pace);
  }

  left(now: number): void {
    const instructions = this.cpu.instructions - this.enteredWith;
    this.advance(now, SLACK + 2 * instructions * this.pace);
    if (instructions < MEASURABLE_INSTRUCTIONS) return;
    const took = this.seen - this.enteredAt;
    const measured = Math.min(SLOWEST, Math.max(FASTEST, took / instructions));
    this.pace *= (measured / this.pace) ** (TRUST * Math.min(1, took / MEASURABLE_TIME));
  }

  handled(): void {
    this.standing = false;
  }

  instructionsIn(nanoseconds: number): number {
    return Math.floor(Math.max(nanoseconds, SHORTEST_RUN) / this.pace);
  }

  idleUntil(deadline: number): boolean {
    const given = Math.min(this.debt, Math.max(0, deadline - this.now()));
    this.debt -= given;
    this.time += given;
    return this.time < deadline;
  }

  slept(deadline: number): void {
    this.advance(this.host.now(), Math.max(0, deadline - this.time));
  }

  pause(): void {
    this.now();
    this.paused = true;
  }

  resume(): void {
    this.seen = this.host.now();
    this.paused = false;
  }

  save(): unknown {
    return { time: this.now() };
  }

  restore(state: unknown): void {
    restoreFields(this, ['time'], state);
    this.seen = this.host.now();
    this.debt = 0;
  }

  /** Lets machine time follow the host's by at most `most`. */
  private advance(now: number, most: number): void {
    const passed = Math.floor(now - this.seen);
    if (passed <= 0) return;
    this.seen += passed;
    this.time += Math.min(passed, most);
    this.debt = Math.min(MOST_DEBT, this.debt + Math.max(0, passed - most));
  }
}

/** Counts instructions: every run of the same machine on the same input is the same, to the instruction. */
export class VirtualClock implements MachineClock {
  readonly estimates = false;
  /** Machine time that passed while nothing ran. */
  private skipped = 0;

  constructor(
    private readonly cpu: Retired,
    private readonly nanosecondsPerInstruction = 10,
  ) {}

  now(): number {
    return this.cpu.instructions * this.nanosecondsPerInstruction + this.skipped;
  }

  entering(): void {
    this.cpu.setTsc(this.now(), this.nanosecondsPerInstruction);
  }

  left(): void {}
  handled(): void {}

  instructionsIn(nanoseconds: number): number {
    return Math.ceil(nanoseconds / this.nanosecondsPerInstruction);
  }

  idleUntil(deadline: number): boolean {
    if (deadline === Number.POSITIVE_INFINITY) return true;
    this.skipped += Math.max(0, deadline - this.now());
    return false;
  }

  slept(): void {}
  pause(): void {}
  resume(): void {}

  save(): unknown {
    return { skipped: this.skipped };
  }

  restore(state: unknown): void {
    restoreFields(this, ['skipped'], state);
  }
}
