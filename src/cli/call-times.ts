// How long system calls take, from their beginning to their result, with what they wait for: for --stats.
import type { Tracer } from '../kernel/kernel.js';
import type { Task } from '../kernel/task/task.js';
import type { SignalInfo } from '../kernel/task/signals.js';

export class CallTimes implements Tracer {
  /** Nanoseconds by number. */
  readonly spent = new Map<number, number>();
  private readonly begun = new Map<Task, number>();

  /** `next` is told of everything too. */
  constructor(
    private readonly now: () => number,
    private readonly next?: Tracer,
  ) {}

  enter(task: Task, number: number): void {
    this.next?.enter(task, number);
    this.begun.set(task, this.now());
  }

  leave(task: Task, number: number, result: number): void {
    const begun = this.begun.get(task);
    if (begun !== undefined) this.spent.set(number, (this.spent.get(number) ?? 0) + this.now() - begun);
    this.begun.delete(task);
    this.next?.leave(task, number, result);
  }

  signal(task: Task, info: SignalInfo): void {
    this.next?.signal?.(task, info);
  }

  exited(task: Task, status: number): void {
    this.begun.delete(task);
    this.next?.exited?.(task, status);
  }
}
