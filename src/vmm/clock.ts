// Machine time in nanoseconds: the host's clock, or a count of instructions; and the time stamp counter that follows it.
// SDM vol. 3B section 18.17 (invariant TSC). The TSC runs at 1 GHz, so one tick is one nanosecond of machine time.
import type { HostClock } from '../base/host.js';
import type { Clock } from '../devices/device.js';

/** What the clock needs to see of the CPU. */
export interface Retired {
  readonly instructions: number;
  setTsc(base: number, ticksPerInstruction: number): void;
}

export interface MachineClock extends Clock {
  /** The CPU is about to run. */
  entering(): void;
  /** The CPU has come back. */
  left(): void;
  /** How many instructions fit into `nanoseconds`. */
  instructionsIn(nanoseconds: number): number;
  /** Nothing runs until `deadline`: whether the machine must sleep on the host till then (else time has jumped). */
  idleUntil(deadline: number): boolean;
  /** Machine time stands still while paused. */
  pause(): void;
  resume(): void;
}

/** A run must be this long to teach the clock the CPU's speed. */
const MEASURABLE_INSTRUCTIONS = 2000;
const FASTEST = 0.5;
const SLOWEST = 1000;

/** Follows the host's clock. The speed of the CPU is measured, and adapted slowly. */
export class RealClock implements MachineClock {
  private origin: number;
  private pausedAt = -1;
  private enteredAt = 0;
  private enteredWith = 0;
  /** Nanoseconds an instruction takes. */
  private pace = 20;
  private last = 0;

  constructor(
    private readonly host: HostClock,
    private readonly cpu: Retired,
  ) {
    this.origin = host.now();
  }

  now(): number {
    if (this.pausedAt >= 0) return this.pausedAt;
    this.last = Math.max(this.last, Math.floor(this.host.now() - this.origin));
    return this.last;
  }

  entering(): void {
    this.enteredAt = this.now();
    this.enteredWith = this.cpu.instructions;
    this.cpu.setTsc(this.enteredAt, this.pace);
  }

  left(): void {
    const instructions = this.cpu.instructions - this.enteredWith;
    if (instructions < MEASURABLE_INSTRUCTIONS) return;
    const measured = (this.now() - this.enteredAt) / instructions;
    this.pace += (Math.min(SLOWEST, Math.max(FASTEST, measured)) - this.pace) / 16;
  }

  instructionsIn(nanoseconds: number): number {
    return Math.floor(nanoseconds / this.pace);
  }

  idleUntil(): boolean {
    return true;
  }

  pause(): void {
    this.pausedAt = this.now();
  }

  resume(): void {
    if (this.pausedAt < 0) return;
    this.origin = this.host.now() - this.pausedAt;
    this.pausedAt = -1;
  }
}

/** Counts instructions: every run of the same machine on the same input is the same, to the instruction. */
export class VirtualClock implements MachineClock {
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

  instructionsIn(nanoseconds: number): number {
    return Math.ceil(nanoseconds / this.nanosecondsPerInstruction);
  }

  idleUntil(deadline: number): boolean {
    if (deadline === Number.POSITIVE_INFINITY) return true;
    this.skipped += Math.max(0, deadline - this.now());
    return false;
  }

  pause(): void {}
  resume(): void {}
}
