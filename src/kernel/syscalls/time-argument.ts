// Times that programs pass. man 3 timespec; Linux kernel/time/time.c.
import { EINVAL } from '../abi/errno.js';
import type { Task } from '../task/task.js';
import type { Timestamp } from '../vfs/timestamp.js';
import { readStruct } from './user-struct.js';

/** A timespec as nanoseconds: -EFAULT, -EINVAL. Beyond what a number holds exactly it is "never". */
export function timeoutAt(task: Task, address: number, wide: boolean): number {
  const time = timestampAt(task, address, wide);
  return typeof time === 'number' ? time : nanosecondsOf(time);
}

export function timestampAt(task: Task, address: number, wide: boolean): Timestamp | number {
  const { structs, wordSize } = task.abi;
  const given = readStruct(task, wide ? structs.timespec64 : structs.timespec, address) as
    | Record<'sec' | 'nsec', number>
    | number;
  if (typeof given === 'number') return given;
  // the upper half of a 32-bit program's nanoseconds is padding
  const nanoseconds = wide && wordSize === 4 ? given.nsec - Math.floor(given.nsec / 2 ** 32) * 2 ** 32 : given.nsec;
  if (given.sec < 0 || nanoseconds < 0 || nanoseconds > 999_999_999) return -EINVAL;
  return { seconds: given.sec, nanoseconds };
}

export function nanosecondsOf(time: Timestamp): number {
  return time.seconds > 9e6 * 86400 ? Number.POSITIVE_INFINITY : time.seconds * 1e9 + time.nanoseconds;
}
