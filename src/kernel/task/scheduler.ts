// Who runs next. Real-time tasks by priority, the others in turns that are fair by nanoseconds of CPU, weighted by nice.
// man 7 sched; Linux kernel/sched/fair.c: a task's virtual time runs slower the higher its weight, and the least of them runs.
import { SCHED_FIFO, SCHED_IDLE, SCHED_RR } from '../abi/sched.js';
import type { Task } from './task.js';

/** Weights of nice -20 to 19: a step is 1.25 times. */
const WEIGHTS = Array.from({ length: 40 }, (_, i) => Math.round(1024 / 1.25 ** (i - 20)));
const IDLE_WEIGHT = 3;
/** A task that has slept begins no further behind the others than this, in nanoseconds. */
const SLEEPER_CREDIT = 3e6;

export function isRealTime(task: Task): boolean {
  return task.policy === SCHED_FIFO || task.policy === SCHED_RR;
}

export function weightOf(task: Task): number {
  return task.policy === SCHED_IDLE ? IDLE_WEIGHT : WEIGHTS[task.nice + 20]!;
}

export class Scheduler {
  /** A heap by virtual time. */
  private readonly fair: Task[] = [];
  private readonly realTime: Task[] = [];
  /** The least virtual time that there was. */
  private floor = 0;
  private orders = 0;

  /** Tasks that wait for the processor. */
  get count(): number {
    return this.fair.length + this.realTime.length;
  }

  get empty(): boolean {
    return this.fair.length === 0 && this.realTime.length === 0;
  }

  /** `task` can run. `slept`: it comes from a wait. */
  enqueue(task: Task, slept: boolean): void {
    task.queueOrder = this.orders++;
    if (isRealTime(task)) {
      this.realTime.push(task);
      return;
    }
    if (slept) task.virtualTime = Math.max(task.virtualTime, this.floor - SLEEPER_CREDIT);
    this.push(task);
  }

  /** Takes out who runs next. */
  take(): Task | undefined {
    if (this.realTime.length > 0) {
      let best = 0;
      for (let i = 1; i < this.realTime.length; i++)
        if (this.isUrgent(this.realTime[i]!, this.realTime[best]!)) best = i;
      return this.realTime.splice(best, 1)[0];
    }
    const task = this.pop();
    if (task) this.floor = Math.max(this.floor, task.virtualTime);
    return task;
  }

  private isUrgent(a: Task, b: Task): boolean {
    return a.realTimePriority !== b.realTimePriority
      ? a.realTimePriority > b.realTimePriority
      : a.queueOrder < b.queueOrder;
  }

  /** Must `running` make room for somebody who has become runnable? */
  preempts(running: Task): boolean {
    if (this.realTime.length > 0)
      return !isRealTime(running) || this.realTime.some((task) => task.realTimePriority > running.realTimePriority);
    return false;
  }

  /** The task has had `nanoseconds` of the CPU. */
  charge(task: Task, nanoseconds: number): void {
    task.virtualTime += (nanoseconds * 1024) / weightOf(task);
  }

  /** A new task begins where its parent stands. */
  place(child: Task, parent: Task): void {
    child.virtualTime = parent.virtualTime;
  }

  /** Takes a task out that is not to run after all. */
  remove(task: Task): void {
    const real = this.realTime.indexOf(task);
    if (real >= 0) this.realTime.splice(real, 1);
    const index = this.fair.indexOf(task);
    if (index < 0) return;
    const rest = this.fair.filter((other) => other !== task);
    this.fair.length = 0;
    for (const other of rest) this.push(other);
  }

  private before(a: Task, b: Task): boolean {
    return a.virtualTime !== b.virtualTime ? a.virtualTime < b.virtualTime : a.queueOrder < b.queueOrder;
  }

  private push(task: Task): void {
    const { fair } = this;
    let at = fair.length;
    fair.push(task);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(task, fair[parent]!)) break;
      fair[at] = fair[parent]!;
      at = parent;
    }
    fair[at] = task;
  }

  private pop(): Task | undefined {
    const { fair } = this;
    const top = fair[0];
    const last = fair.pop();
    if (!last || fair.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= fair.length) break;
      if (child + 1 < fair.length && this.before(fair[child + 1]!, fair[child]!)) child++;
      if (!this.before(fair[child]!, last)) break;
      fair[at] = fair[child]!;
      at = child;
    }
    fair[at] = last;
    return top;
  }
}
