// Pid namespaces, and the numbers that tasks, groups and sessions have in each. man 7 pid_namespaces; Linux kernel/pid.c.
import type { ProcessGroup, Session } from '../task/job.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import { Namespace } from './namespace.js';
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

/** As on a 32-bit Linux: 32768, so that programs with old ideas of a pid's size work. */
export const PID_MAX = 32768;

/** One identity: a number in its namespace and in each one above. What it stands for is told by what hangs on it. */
export class Pid {
  task?: Task;
  process?: Process;
  group?: ProcessGroup;
  session?: Session;

  /** `numbers[i]` is the number at level i. */
  constructor(
    readonly namespace: PidNamespace,
    private readonly numbers: readonly number[],
    /** No other identity of the node has it, before or after. */
    readonly serial: number,
  ) {}

  /** The number in `namespace`; 0 when it can't be seen from there. */
  in(namespace: PidNamespace): number {
    return this.numbers[namespace.level] !== undefined && this.namespace.isWithin(namespace)
      ? this.numbers[namespace.level]!
      : 0;
  }

  /** The numbers in `namespace` and in each one below it, down to its own; none when it can't be seen from there. */
  numbersFrom(namespace: PidNamespace): readonly number[] {
    return this.namespace.isWithin(namespace) ? this.numbers.slice(namespace.level) : [0];
  }

  /** The number in its own namespace. */
  get number(): number {
    return this.numbers[this.namespace.level]!;
  }

  /** Gives the numbers back once nothing has them any more. */
  releaseIfUnused(): void {
    if (this.task || this.process || this.group || this.session) return;
    for (let at: PidNamespace | undefined = this.namespace; at; at = at.parent) at.forget(this.numbers[at.level]!);
  }
}

/** How deep they nest. */
export const PID_NAMESPACE_LEVELS = 32;

export class PidNamespace extends Namespace {
  readonly level: number;
  private readonly pids = new Map<number, Pid>();
  private next = 1;
  /** Of the first namespace: identities that there have been. */
  private made = 0;
  /** Its process 1, who inherits orphans; its end ends all. */
  init?: Process;
  /** Its process 1 has ended: nobody can be made here any more. */
  dead = false;

  constructor(
    readonly parent: PidNamespace | undefined,
    readonly owner: UserNamespace,
  ) {
    super();
    this.level = parent ? parent.level + 1 : 0;
  }

  get limitedBy(): LimitedKind {
    return 'pid';
  }

  isWithin(other: PidNamespace): boolean {
    for (let at: PidNamespace | undefined = this; at; at = at.parent) if (at === other) return true;
    return false;
  }

  /** A new identity here and in all above; undefined when a namespace is full. */
  allocate(): Pid | undefined {
    const numbers: number[] = [];
    for (let at: PidNamespace | undefined = this; at; at = at.parent) {
      const number = at.freeNumber();
      if (number === 0) return undefined;
      numbers[at.level] = number;
    }
    let first: PidNamespace = this;
    while (first.parent) first = first.parent;
    const pid = new Pid(this, numbers, ++first.made);
    for (let at: PidNamespace | undefined = this; at; at = at.parent) {
      at.pids.set(numbers[at.level]!, pid);
      at.next = numbers[at.level]! + 1;
    }
    return pid;
  }

  /** The number that was given out last. */
  get newest(): number {
    return this.next - 1;
  }

  private freeNumber(): number {
    if (this.pids.size >= PID_MAX - 1) return 0;
    // after the first round the low numbers are left to those who began with the system
    for (let number = this.next; ; number++) {
      if (number >= PID_MAX) number = 300;
      if (!this.pids.has(number)) return number;
    }
  }

  find(number: number): Pid | undefined {
    return this.pids.get(number);
  }

  /** All identities, lowest number first. */
  all(): [number, Pid][] {
    return [...this.pids].sort(([a], [b]) => a - b);
  }

  forget(number: number): void {
    this.pids.delete(number);
  }
}
