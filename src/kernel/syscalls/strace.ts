// System calls as strace shows them, made from the table's rows. man 1 strace.
import { ERRNO_MAX, errnoName } from '../abi/errno.js';
import { AT_FDCWD } from '../abi/fcntl.js';
import type { Tracer } from '../kernel.js';
import { readString } from '../mm/user-memory.js';
import { BLOCK, NO_RESULT } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import type { SignalInfo } from '../task/signals.js';
import type { ArgumentType } from './row.js';
import { SIGNAL_NAMES } from '../abi/signal-names.js';

/** Characters of a string that are shown. */
const STRING_MAX = 64;

/** Shows the calls of `wanted` (all when it is empty) by `print`, a line each. */
export class Strace implements Tracer {
  /** Calls that have begun and have no result yet, by task. */
  private readonly open = new Map<Task, string>();

  constructor(
    private readonly wanted: ReadonlySet<string>,
    private readonly print: (line: string) => void,
  ) {}

  enter(task: Task, number: number): void {
    const table = task.kernel.tableOf(task.abi);
    const row = table.row(number);
    const name = row?.name ?? `syscall_${number}`;
    if (this.wanted.size > 0 && !this.wanted.has(name)) return;
    const types = row?.types ?? [];
    const values = table.arguments(task, number);
    this.open.set(task, `${name}(${values.map((value, i) => show(task, types[i], value)).join(', ')})`);
  }

  leave(task: Task, _number: number, result: number): void {
    const text = this.open.get(task);
    if (text === undefined || result === BLOCK) return;
    this.open.delete(task);
    this.line(task, `${text} = ${outcome(result)}`);
  }

  signal(task: Task, info: SignalInfo): void {
    this.line(task, `+++ killed by ${SIGNAL_NAMES[info.signal] ?? `signal ${info.signal}`} +++`);
  }

  exited(task: Task, status: number): void {
    const text = this.open.get(task);
    if (text !== undefined) this.line(task, `${text} = ?`);
    this.open.delete(task);
    if ((status & 0x7f) === 0 && this.wanted.size === 0) this.line(task, `+++ exited with ${status >> 8} +++`);
  }

  private line(task: Task, text: string): void {
    this.print(`[${task.pid.number}] ${text}`);
  }
}

function outcome(result: number): string {
  if (result === NO_RESULT) return '0';
  if (result < 0 && result >= -ERRNO_MAX) return `-1 ${errnoName(-result)}`;
  if (result < -ERRNO_MAX) return '? (interrupted)';
  return result > 0xffff ? hex(result) : String(result);
}

const hex = (value: number): string => `0x${value.toString(16)}`;

function show(task: Task, type: ArgumentType | undefined, value: number): string {
  switch (type) {
    case 'path':
      return quoted(task, value);
    case 'dirfd':
      return value === AT_FDCWD ? 'AT_FDCWD' : String(value);
    case 'int':
    case 'fd':
    case 'pid':
    case 'long':
    case 'size':
    case 'uint':
    case 'uid':
    case 'off64':
      return value > 0xffffff ? hex(value) : String(value);
    case 'signal':
      return SIGNAL_NAMES[value] ?? String(value);
    case 'mode':
      return `0${value.toString(8)}`;
    case 'open':
    case 'flags':
    case 'prot':
    case 'map':
    case 'clone':
      return hex(value >>> 0);
    default:
      return value === 0 ? 'NULL' : hex(value);
  }
}

function quoted(task: Task, address: number): string {
  const text = readString(task.space, address, STRING_MAX + 1);
  if (typeof text === 'number') return address === 0 ? 'NULL' : hex(address);
  return JSON.stringify(text);
}
