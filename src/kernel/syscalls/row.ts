// A system call as one row: its number in each ABI, its name, what its arguments are, who does it, and how far it goes.
// Dispatch, strace and docs/SYSCALLS.md read it.
import type { Task } from '../task/task.js';

/**
 * Types of arguments, for the conversion from registers and for strace. int, fd: signed 32 bits; uint, mode, flags: unsigned 32; long: a
 * signed word; size, ptr: an unsigned word; off64: 64 bits, two registers in a 32-bit ABI.
 */
export type ArgumentType =
  | 'int'
  | 'fd'
  | 'dirfd'
  | 'pid'
  | 'signal'
  | 'uint'
  | 'uid'
  | 'mode'
  | 'open'
  | 'flags'
  | 'long'
  | 'size'
  | 'ptr'
  | 'path'
  | 'buf'
  | 'off64'
  | 'prot'
  | 'map'
  | 'clone'
  | 'sigset'
  | 'timespec'
  | 'argv';

/** Up to six arguments as numbers; the result, a negated errno, or BLOCK. */
export type Handler = (task: Task, a: number, b: number, c: number, d: number, e: number, f: number) => number;

/** 'full': as Linux does it, as far as we know; 'partial': the note says what is missing; 'none': ENOSYS on purpose. */
export type Support = 'full' | 'partial' | 'none';

export interface Row {
  readonly name: string;
  /** Numbers; undefined where an ABI has no such call. */
  readonly i386?: number;
  readonly amd64?: number;
  readonly types: readonly ArgumentType[];
  readonly handler: Handler;
  readonly support: Support;
  readonly note?: string;
}

export function row(
  i386: number | undefined,
  amd64: number | undefined,
  name: string,
  types: string,
  handler: Handler,
  note?: string,
): Row {
  const support = note === undefined ? 'full' : 'partial';
  return { name, i386, amd64, types: types.split(' ').filter(Boolean) as ArgumentType[], handler, support, note };
}
