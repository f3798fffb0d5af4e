// From the registers of a task that has made a system call to the row's handler, and back. Hot: no allocation on the good path.
import { ENOSYS } from '../abi/errno.js';
import type { Abi } from '../abi/abi.js';
import type { Task } from '../task/task.js';
import type { ArgumentType, Row } from './row.js';

const SIGNED = 0;
const UNSIGNED = 1;
const PAIR = 2;
const WORD_SIGNED = 3;

const KINDS: Record<ArgumentType, number> = {
  int: SIGNED,
  fd: SIGNED,
  dirfd: SIGNED,
  pid: SIGNED,
  signal: SIGNED,
  uint: UNSIGNED,
  uid: UNSIGNED,
  mode: UNSIGNED,
  open: SIGNED,
  flags: SIGNED,
  long: WORD_SIGNED,
  size: UNSIGNED,
  ptr: UNSIGNED,
  path: UNSIGNED,
  buf: UNSIGNED,
  off64: PAIR,
  prot: SIGNED,
  map: SIGNED,
  clone: UNSIGNED,
  sigset: UNSIGNED,
  timespec: UNSIGNED,
  argv: UNSIGNED,
};

interface Entry {
  row: Row;
  /** Kind and first register of each argument. */
  kinds: number[];
  places: number[];
  count?: CallCount;
}

export interface CallCount {
  calls: number;
  errors: number;
}

/** The calls of one ABI by number. */
export class SyscallTable {
  private readonly entries: (Entry | undefined)[] = [];
  /** By number: how often it was made, and failed. Unknown numbers too, up to a bound. */
  readonly counts = new Map<number, CallCount>();

  constructor(
    readonly abi: Abi,
    rows: readonly Row[],
  ) {
    for (const row of rows) {
      const number = abi.name === 'i386' ? row.i386 : row.amd64;
      if (number === undefined) continue;
      let register = 0;
      const kinds: number[] = [];
      const places: number[] = [];
      for (const type of row.types) {
        const kind = KINDS[type];
        kinds.push(kind);
        places.push(register);
        register += kind === PAIR && abi.wordSize === 4 ? 2 : 1;
      }
      this.entries[number] = { row, kinds, places };
    }
  }

  row(number: number): Row | undefined {
    return this.entries[number]?.row;
  }

  /** Calls the handler of call `number` with the task's registers. */
  call(task: Task, number: number): number {
    const entry = this.entries[number];
    if (!entry) return -ENOSYS;
    const { kinds } = entry;
    const count = kinds.length;
    const a = count > 0 ? this.argument(task, entry, 0) : 0;
    const b = count > 1 ? this.argument(task, entry, 1) : 0;
    const c = count > 2 ? this.argument(task, entry, 2) : 0;
    const d = count > 3 ? this.argument(task, entry, 3) : 0;
    const e = count > 4 ? this.argument(task, entry, 4) : 0;
    const f = count > 5 ? this.argument(task, entry, 5) : 0;
    return entry.row.handler(task, a, b, c, d, e, f);
  }

  /** Argument `index` as its type has it. */
  private argument(task: Task, entry: Entry, index: number): number {
    const { abi } = this;
    const value = abi.argument(task.registers, entry.places[index]!);
    switch (entry.kinds[index]) {
      case SIGNED:
        return value | 0;
      case UNSIGNED:
        return value;
      case WORD_SIGNED:
        return abi.wordSize === 4 ? value | 0 : value;
      default: {
        if (abi.wordSize === 8) return value;
        const high = abi.argument(task.registers, entry.places[index]! + 1) | 0;
        return high * 2 ** 32 + value;
      }
    }
  }

  /** The arguments of the call that the task makes, for strace. */
  arguments(task: Task, number: number): number[] {
    const entry = this.entries[number];
    if (!entry) return [0, 1, 2, 3, 4, 5].map((i) => this.abi.argument(task.registers, i));
    return entry.kinds.map((_, i) => this.argument(task, entry, i));
  }

  count(number: number, failed: boolean): void {
    const entry = this.entries[number];
    let count = entry ? entry.count : this.counts.get(number);
    if (!count) {
      if (this.counts.size > 4096) return;
      count = { calls: 0, errors: 0 };
      this.counts.set(number, count);
      if (entry) entry.count = count;
    }
    count.calls++;
    if (failed) count.errors++;
  }
}
