// How a system call waits. A blocked call is a call that runs again: the handler joins wait queues and returns BLOCK; when the task is
// woken the handler is called again with the same arguments, looks again, and finds what it keeps of its work in the task's CallState.
// So a wait is plain data: no closures, generators or promises hold it.
// Linux's codes for interrupted calls, include/linux/errno.h.

/** Returned by a handler that waits. No errno, no count. */
export const BLOCK = -1000;
/** Returned by a handler that has set the registers itself: exec, sigreturn. */
export const NO_RESULT = -2000;
/** Interrupted: runs again after a handler with SA_RESTART, else EINTR. */
export const ERESTARTSYS = 512;
/** Runs again in any case. */
export const ERESTARTNOINTR = 513;
/** EINTR after a handler, runs again when there is none. */
export const ERESTARTNOHAND = 514;

/** What a call that is waiting has done so far. Handlers give the fields their meaning; all are plain data. */
export interface CallState {
  /** Bytes, descriptors or the like that are done. */
  done: number;
  /** When the wait is over, in nanoseconds of the monotonic clock; Infinity: never by itself. */
  deadline: number;
  /** The deadline has been worked out. */
  timed: boolean;
  /** Whatever else a handler must know when it is called again. */
  note?: unknown;
}

export function freshCall(): CallState {
  return { done: 0, deadline: Number.POSITIVE_INFINITY, timed: false, note: undefined };
}
