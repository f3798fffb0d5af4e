// A group's share of the processor: its weight among its siblings, the queue of who waits in it, and its bandwidth.
// cgroup-v2.rst, "CPU"; Linux kernel/sched/fair.c, CFS bandwidth control.
import type { Kernel } from '../kernel.js';
import { RunQueue, type Runnable } from '../task/run-queue.js';
import type { Task } from '../task/task.js';
import type { Timed } from '../task/timers.js';
import type { GroupState } from './controller.js';

/** Weight of a group with cpu.idle. */
const IDLE_WEIGHT = 3;
/** Weight of cpu.weight 100, as that of a task of nice 0. */
const UNIT = 1024;
export const DEFAULT_WEIGHT = 100;
const DEFAULT_PERIOD = 100e6;

export class CpuState implements Runnable, Timed, GroupState {
  virtualTime = 0;
  queueOrder = 0;
  readonly queue = new RunQueue<Task | CpuState>();
  /** Does it wait in its parent's queue? Or has one of its tasks the processor? */
  queued = false;
  running = false;

  /** cpu.weight, 1 to 10000; cpu.idle. */
  weight = DEFAULT_WEIGHT;
  idle = false;

  /** cpu.max and cpu.max.burst, in nanoseconds. */
  quota = Number.POSITIVE_INFINITY;
  period = DEFAULT_PERIOD;
  burst = 0;
  /** What is left of the quota in this period; below 0 it is owed to the next one. */
  private left = 0;
  private leftAtStart = 0;
  /** Is a period running? Then the next one begins by the timer. */
  private active = false;
  private periodEnd = 0;
  throttled = false;
  private throttledSince = 0;
  periods = 0;
  throttledPeriods = 0;
  private throttledTime = 0;
  bursts = 0;
  burstTime = 0;

  constructor(
    private readonly kernel: Kernel,
    readonly parent: CpuState | undefined,
  ) {}

  /** As tasks have it: 1024 is nice 0. */
  get share(): number {
    return this.idle ? IDLE_WEIGHT : (this.weight * UNIT) / DEFAULT_WEIGHT;
  }

  get limited(): boolean {
    return this.quota !== Number.POSITIVE_INFINITY;
  }

  /** Nanoseconds that it may run on without a break. */
  get allowance(): number {
    return this.limited ? this.left : Number.POSITIVE_INFINITY;
  }

  /** Nanoseconds that it could not run for want of bandwidth. */
  get throttledNanoseconds(): number {
    return this.throttledTime + (this.throttled ? this.kernel.clock.monotonic() - this.throttledSince : 0);
  }

  /** Begins a period when none is running. Called before the group runs. */
  begin(now: number): void {
    if (!this.limited || this.active) return;
    this.active = true;
    this.periodEnd = now + this.period;
    this.kernel.timers.set(this, this.periodEnd);
  }

  /** Its tasks have had `nanoseconds`, up to `now`. */
  charge(nanoseconds: number, now: number): void {
    this.virtualTime += (nanoseconds * UNIT) / this.share;
    if (!this.limited) return;
    this.left -= nanoseconds;
    if (this.left > 0 || this.throttled) return;
    this.throttled = true;
    this.throttledSince = now;
  }

  /** A period is over. */
  expire(now: number): void {
    this.periods++;
    if (this.throttled) this.throttledPeriods++;
    this.left += this.quota;
    const above = this.leftAtStart - this.left;
    if (this.burst > 0 && above > 0) {
      this.bursts++;
      this.burstTime += above;
    }
    // who has used nothing need not be counted
    this.active = this.left < this.quota || this.running || !this.queue.empty;
    this.left = Math.min(this.left, this.quota + this.burst);
    this.leftAtStart = this.left;
    if (this.throttled && this.left > 0) this.release(now);
    if (!this.active) return;
    this.periodEnd += this.period;
    if (this.periodEnd <= now) this.periodEnd = now + this.period;
    this.kernel.timers.set(this, this.periodEnd);
  }

  private release(now: number): void {
    this.throttled = false;
    this.throttledTime += Math.max(0, now - this.throttledSince);
    this.kernel.scheduler.activate(this);
  }

  /** Writes cpu.max and cpu.max.burst: a new period begins. */
  limit(quota: number, period: number, burst: number): void {
    const now = this.kernel.clock.monotonic();
    this.kernel.timers.cancel(this);
    this.quota = quota;
    this.period = period;
    this.burst = burst;
    this.left = quota;
    this.leftAtStart = quota;
    this.active = false;
    if (this.throttled) this.release(now);
    if (this.running || !this.queue.empty) this.begin(now);
  }

  offline(): void {
    this.kernel.timers.cancel(this);
  }
}
