// Who runs next. Real-time tasks by priority, the others in turns that are fair by nanoseconds of CPU, weighted by nice; groups of tasks
// are weighed against their siblings first, on every level of the tree, and stand aside when their bandwidth is used up.
// man 7 sched; Linux kernel/sched/fair.c: a task's virtual time runs slower the higher its weight, and the least of them runs.
import { SCHED_FIFO, SCHED_IDLE, SCHED_RR } from '../abi/sched.js';
import { CpuState } from '../cgroup/cpu-state.js';
import type { Task } from './task.js';

/** Weights of nice -20 to 19: a step is about 1.25 times. The numbers show in cpu.weight. */
// biome-ignore format: four rows of ten
export const WEIGHTS: readonly number[] = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
  9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
  1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
  110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
];
const IDLE_WEIGHT = 3;

/** A turn of SCHED_RR when others of its priority wait, nanoseconds. */
export const RR_INTERVAL = 100e6;
/** Of every period, real-time tasks leave some to the others: kernel.sched_rt_period_us, sched_rt_runtime_us. */
export const REAL_TIME_PERIOD = 1e9;
export const REAL_TIME_MOST = 0.95e9;

export function isRealTime(task: Task): boolean {
  return task.policy === SCHED_FIFO || task.policy === SCHED_RR || task.lentPriority > 0;
}

/** Its own real-time priority, or the one that it was lent. */
export function urgencyOf(task: Task): number {
  return Math.max(task.realTimePriority, task.lentPriority);
}

export function weightOf(task: Task): number {
  return task.policy === SCHED_IDLE ? IDLE_WEIGHT : WEIGHTS[task.nice + 20]!;
}

export class Scheduler {
  private readonly realTime: Task[] = [];
  private orders = 0;
  private firstOrder = 0;
  /** Nanoseconds that real-time tasks have had of this period, and its end. */
  private realTimeUsed = 0;
  private periodEnd = 0;
  /** Tasks that can run. */
  private waiting = 0;
  /** Groups that the task on the processor was found in, outermost first. */
  private readonly path: CpuState[] = [];

  /** The root's group is where the tasks and groups of the highest level wait. */
  constructor(private readonly kernel: { readonly cgroups: { readonly root: { readonly cpu: CpuState } } }) {}

  private get root(): CpuState {
    return this.kernel.cgroups.root.cpu;
  }

  /** Tasks that wait for the processor, or for bandwidth. */
  get count(): number {
    return this.waiting;
  }

  /** Can nobody run now? */
  get empty(): boolean {
    return this.root.queue.empty && this.realTime.length === 0;
  }

  /** `task` can run. `slept`: it comes from a wait. */
  enqueue(task: Task, slept: boolean): void {
    this.waiting++;
    if (isRealTime(task)) {
      if (slept || !task.keepsPlace) {
        task.queueOrder = this.orders++;
        task.turnUsed = 0;
      }
      this.realTime.push(task);
      return;
    }
    const group = task.cgroup.cpu;
    group.queue.add(task, slept);
    // a group where nobody could run was asleep, whatever its new task did elsewhere
    this.activate(group);
  }

  /** A group with somebody who can run waits in its parent's queue, and that in its parent's. */
  activate(group: CpuState, slept = true): void {
    for (let at = group; at.parent; at = at.parent) {
      if (at.queued || at.running || at.throttled || at.queue.empty) return;
      at.queued = true;
      at.parent.queue.add(at, slept);
    }
  }

  /** Takes out who runs next, at `now`. */
  take(now: number): Task | undefined {
    const task = this.realTimeGoes(now) ? this.takeRealTime() : this.takeFair(now);
    if (task) this.waiting--;
    return task;
  }

  /** Is it a real-time task's turn? Not when all of them have had most of the period, and others wait. */
  private realTimeGoes(now: number): boolean {
    if (this.realTime.length === 0) return false;
    if (now >= this.periodEnd) {
      this.periodEnd = now + REAL_TIME_PERIOD;
      this.realTimeUsed = 0;
    }
    return this.realTimeUsed < REAL_TIME_MOST || this.root.queue.empty;
  }

  private takeFair(now: number): Task | undefined {
    let entry = this.root.queue.take();
    while (entry instanceof CpuState) {
      entry.queued = false;
      entry.running = true;
      entry.begin(now);
      this.path.push(entry);
      entry = entry.queue.take();
    }
    return entry;
  }

  private takeRealTime(): Task | undefined {
    let best = 0;
    for (let i = 1; i < this.realTime.length; i++) if (this.isUrgent(this.realTime[i]!, this.realTime[best]!)) best = i;
    return this.realTime.splice(best, 1)[0];
  }

  /** Nanoseconds that the task that was taken may run for its groups' bandwidth. */
  get allowance(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const group of this.path) least = Math.min(least, group.allowance);
    return least;
  }

  private isUrgent(a: Task, b: Task): boolean {
    const [first, second] = [urgencyOf(a), urgencyOf(b)];
    return first !== second ? first > second : a.queueOrder < b.queueOrder;
  }

  /** Must `running` make room for somebody who has become runnable? */
  preempts(running: Task): boolean {
    if (this.realTime.length === 0) return false;
    if (!isRealTime(running)) return this.realTimeUsed < REAL_TIME_MOST;
    return this.realTime.some((task) => urgencyOf(task) > urgencyOf(running));
  }

  /** The task that was taken has had `nanoseconds` of the CPU, up to `now`, and is off it. */
  charge(task: Task, nanoseconds: number, now: number): void {
    if (isRealTime(task)) this.chargeRealTime(task, nanoseconds);
    task.virtualTime += (nanoseconds * 1024) / weightOf(task);
    const { path } = this;
    for (const group of path) {
      group.running = false;
      group.charge(nanoseconds, now);
    }
    for (let group = path.pop(); group; group = path.pop()) this.activate(group, false);
  }

  /** When it is queued next it is before others of its real-time priority. */
  putFirst(task: Task): void {
    task.queueOrder = --this.firstOrder;
    task.keepsPlace = true;
  }

  private chargeRealTime(task: Task, nanoseconds: number): void {
    this.realTimeUsed += nanoseconds;
    task.turnUsed += nanoseconds;
    const most = task.policy === SCHED_RR ? RR_INTERVAL : Number.POSITIVE_INFINITY;
    task.keepsPlace = task.turnUsed < most;
  }

  /** A new task begins where its parent stands. */
  place(child: Task, parent: Task): void {
    if (child.cgroup.cpu === parent.cgroup.cpu) child.virtualTime = parent.virtualTime;
    else this.settle(child);
  }

  /** A task comes to another queue, whose virtual time is another. */
  settle(task: Task): void {
    task.virtualTime = task.cgroup.cpu.queue.floor;
  }

  /** Takes a task out that is not to run after all. */
  remove(task: Task): void {
    const real = this.realTime.indexOf(task);
    if (real >= 0) {
      this.realTime.splice(real, 1);
      this.waiting--;
      return;
    }
    let group = task.cgroup.cpu;
    if (!group.queue.remove(task)) return;
    this.waiting--;
    for (; group.parent && group.queued && group.queue.empty; group = group.parent) {
      group.parent.queue.remove(group);
      group.queued = false;
    }
  }
}
