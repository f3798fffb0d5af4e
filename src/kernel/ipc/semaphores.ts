// System V semaphores: sets of counters that operations change all or none. man 2 semop, semctl; Linux ipc/sem.c.
import { EAGAIN, ENOMEM, ERANGE } from '../abi/errno.js';
import { IPC_NOWAIT, SEM_UNDO, SEMVMX } from '../abi/ipc.js';
import type { Pid } from '../ns/pid-namespace.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import { IpcObject, IpcTable, secondsNow } from './ipc-object.js';

/** Of all sets and processes: what a fork bomb with SEM_UNDO may take. */
const UNDOS_MAX = 1 << 22;

export interface SemaphoreOperation {
  number: number;
  operation: number;
  flags: number;
}

/** A task that waits, in the note of its call: for which semaphore of the set, and whether for its being zero. */
export class SemaphoreWait {
  constructor(
    readonly set: SemaphoreSet,
    public number = 0,
    public forZero = false,
  ) {}
}

export class SemaphoreSet extends IpcObject {
  readonly values: Int32Array;
  /** Who changed each semaphore last. */
  readonly pids = new Map<number, Pid>();
  /** What the end of a process adds to each semaphore: SEM_UNDO. */
  readonly undo = new Map<Process, Int32Array>();
  otime = 0;
  readonly waits = new WaitQueue();

  constructor(
    task: Task,
    key: number,
    mode: number,
    count: number,
    private readonly table: Semaphores,
  ) {
    super(task, key, mode);
    this.values = new Int32Array(count);
  }

  /** Does all operations, or none: 0, a negated errno, or the operation that has to wait. */
  perform(task: Task, operations: readonly SemaphoreOperation[]): number | SemaphoreOperation {
    const values = this.values.slice();
    const { process } = task;
    let undo = this.undo.get(process)?.slice();
    for (const one of operations) {
      const { number, operation, flags } = one;
      const value = values[number]!;
      const result = value + operation;
      if (operation === 0 ? value !== 0 : result < 0) return (flags & IPC_NOWAIT) !== 0 ? -EAGAIN : one;
      if (result > SEMVMX) return -ERANGE;
      if ((flags & SEM_UNDO) !== 0) {
        if (!undo && this.table.undos + values.length > UNDOS_MAX) return -ENOMEM;
        undo ??= new Int32Array(values.length);
        const back = undo[number]! - operation;
        if (back < -SEMVMX - 1 || back > SEMVMX) return -ERANGE;
        undo[number] = back;
      }
      values[number] = result;
    }
    this.values.set(values);
    for (const { number } of operations) this.pids.set(number, process.pid);
    if (undo) this.remember(process, undo);
    this.otime = secondsNow(task);
    this.waits.wake();
    return 0;
  }

  private remember(process: Process, undo: Int32Array): void {
    if (!this.undo.has(process)) this.table.undos += undo.length;
    this.undo.set(process, undo);
  }

  /** SETVAL and SETALL: the new values are nobody's to undo. */
  assign(task: Task, from: number, values: readonly number[]): void {
    for (const [i, value] of values.entries()) {
      this.values[from + i] = value;
      this.pids.set(from + i, task.process.pid);
      for (const undo of this.undo.values()) undo[from + i] = 0;
    }
    this.ctime = secondsNow(task);
    this.waits.wake();
  }

  /** A process has ended: what it has not undone itself is undone. */
  undoFor(process: Process): void {
    const undo = this.undo.get(process);
    if (!undo) return;
    this.undo.delete(process);
    this.table.undos -= undo.length;
    for (let i = 0; i < undo.length; i++) {
      if (undo[i] === 0) continue;
      this.values[i] = Math.min(SEMVMX, Math.max(0, this.values[i]! + undo[i]!));
      this.pids.set(i, process.pid);
    }
    this.waits.wake();
  }

  /** Tasks that wait for the semaphore to grow, or (`forZero`) to be zero. */
  waiting(task: Task, number: number, forZero: boolean): number {
    let count = 0;
    for (const { state, call } of task.kernel.tasks) {
      const note = call?.state.note;
      if (state !== 'blocked' || !(note instanceof SemaphoreWait) || note.set !== this) continue;
      if (note.number === number && note.forZero === forZero) count++;
    }
    return count;
  }
}

export class Semaphores extends IpcTable<SemaphoreSet> {
  /** Semaphores of a set, of all sets, and operations of a call. */
  maxOfSet = 32000;
  maxOfAll = 1024000;
  maxOperations = 500;
  count = 0;
  /** Semaphores that processes would undo. */
  undos = 0;

  constructor() {
    super(32000);
  }

  override remove(set: SemaphoreSet): void {
    if (!set.removed) {
      this.count -= set.values.length;
      this.undos -= set.values.length * set.undo.size;
    }
    super.remove(set);
    set.waits.wake();
  }

  processEnded(process: Process): void {
    for (const set of this) set.undoFor(process);
  }
}
