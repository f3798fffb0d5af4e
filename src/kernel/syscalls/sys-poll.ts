// Waiting for one of many files: poll, ppoll, select, pselect. man 2 poll, select; Linux fs/select.c. epoll is in sys-epoll.ts.
import { EBADF, EFAULT, EINVAL } from '../abi/errno.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../abi/poll.js';
import { O_PATH } from '../abi/fcntl.js';
import { RLIMIT_NOFILE } from '../abi/sched.js';
import { copyIn, copyOut, readU32 } from '../mm/user-memory.js';
import { BLOCK, ERESTARTNOHAND } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import { timestampOf } from '../vfs/timestamp.js';
import { readSet, SIGSET_SIZE } from './sys-signal.js';
import { timeoutAt } from './time-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

const POLLFD_SIZE = 8;

/** One round over the descriptors; the number that are ready, or what waiting for them answers. */
function pollOnce(task: Task, address: number, count: number): number {
  const bytes = new Uint8Array(count * POLLFD_SIZE);
  if (copyIn(task.space, address, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  const view = new DataView(bytes.buffer);
  const queues: WaitQueue[] = [];
  let ready = 0;
  for (let i = 0; i < count; i++) {
    const fd = view.getInt32(8 * i, true);
    let events = 0;
    if (fd >= 0) {
      const file = task.file(fd);
      // a file that was opened with O_PATH is a place, and none to wait at
      if (!file || (file.flags & O_PATH) !== 0) events = POLLNVAL;
      else {
        events = file.poll(task) & (view.getUint16(8 * i + 4, true) | POLLERR | POLLHUP);
        if (file.waits) queues.push(file.waits);
      }
    }
    view.setUint16(8 * i + 6, events, true);
    if (events !== 0) ready++;
  }
  if (ready === 0 && !task.timedOut) {
    const waiting = task.block(...queues);
    return waiting === BLOCK ? BLOCK : -ERESTARTNOHAND;
  }
  for (let i = 0; i < count; i++)
    if (copyOut(task.space, address + 8 * i + 6, bytes, 8 * i + 6, 2) !== 2) return -EFAULT;
  return ready;
}

export function poll(task: Task, address: number, count: number, milliseconds: number): number {
  if (count > task.process.limits.soft(RLIMIT_NOFILE)) return -EINVAL;
  task.timeOut(milliseconds < 0 ? Number.POSITIVE_INFINITY : milliseconds * 1e6);
  return pollOnce(task, address, count);
}

/** The mask that holds while a call waits; set when it first runs. 0, or a negated errno. */
export function waitMask(task: Task, address: number, size: number): number {
  if (address === 0 || task.callState.note !== undefined) return 0;
  if (size !== SIGSET_SIZE) return -EINVAL;
  const set = readSet(task, address);
  if (typeof set === 'number') return set;
  task.callState.note = true;
  task.kernel.signals.setWaitMask(task, set);
  return 0;
}

function startTimeout(task: Task, address: number, wide: boolean): number {
  if (task.callState.timed) return 0;
  if (address === 0) {
    task.timeOut(Number.POSITIVE_INFINITY);
    return 0;
  }
  const time = timeoutAt(task, address, wide);
  if (time < 0) return time;
  task.timeOut(time);
  return 0;
}

/** ppoll and pselect tell what is left of the time. */
function tellRest(task: Task, address: number, wide: boolean, result: number): number {
  if (address === 0 || result === BLOCK || task.callState.deadline === Number.POSITIVE_INFINITY) return result;
  const left = timestampOf(Math.max(0, task.callState.deadline - task.kernel.clock.told));
  const { structs } = task.abi;
  writeStruct(task, wide ? structs.timespec64 : structs.timespec, address, {
    sec: left.seconds,
    nsec: left.nanoseconds,
  });
  return result;
}

function ppollOf(
  task: Task,
  address: number,
  count: number,
  time: number,
  mask: number,
  size: number,
  wide: boolean,
): number {
  if (count > task.process.limits.soft(RLIMIT_NOFILE)) return -EINVAL;
  const failed = startTimeout(task, time, wide) || waitMask(task, mask, size);
  return failed !== 0 ? failed : tellRest(task, time, wide, pollOnce(task, address, count));
}
export function ppoll(task: Task, address: number, count: number, time: number, mask: number, size: number): number {
  return ppollOf(task, address, count, time, mask, size, false);
}
export function ppollTime64(
  task: Task,
  address: number,
  count: number,
  time: number,
  mask: number,
  size: number,
): number {
  return ppollOf(task, address, count, time, mask, size, true);
}

// ---- select -----------------------------------------------------------------------------------------------------------------------

const READ = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
const WRITE = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;

function selectOnce(task: Task, count: number, addresses: readonly number[]): number {
  if (count < 0) return -EINVAL;
  // sets are read up to the descriptors that there can be
  const used = Math.min(count, Math.max(task.files.end, 64));
  const bytes = Math.ceil(used / 32) * 4;
  const sets: (Uint8Array | undefined)[] = [];
  for (const address of addresses) {
    const set = address === 0 ? undefined : new Uint8Array(bytes);
    if (set && copyIn(task.space, address, set, 0, bytes) !== bytes) return -EFAULT;
    sets.push(set);
  }
  const results = sets.map((set) => set && new Uint8Array(bytes));
  const wanted = [READ, WRITE, POLLPRI];
  const queues: WaitQueue[] = [];
  let ready = 0;
  for (let fd = 0; fd < used; fd++) {
    const bit = 1 << (fd & 7);
    if (!sets.some((set) => set && (set[fd >> 3]! & bit) !== 0)) continue;
    const file = task.file(fd);
    if (!file) return -EBADF;
    const events = file.poll(task);
    if (file.waits) queues.push(file.waits);
    for (let i = 0; i < 3; i++) {
      if (!sets[i] || (sets[i]![fd >> 3]! & bit) === 0 || (events & wanted[i]!) === 0) continue;
      results[i]![fd >> 3]! |= bit;
      ready++;
    }
  }
  if (ready === 0 && !task.timedOut) {
    const waiting = task.block(...queues);
    return waiting === BLOCK ? BLOCK : -ERESTARTNOHAND;
  }
  for (const [i, result] of results.entries())
    if (result && copyOut(task.space, addresses[i]!, result, 0, bytes) !== bytes) return -EFAULT;
  return ready;
}

/** select(2) with a timeval, which tells what is left. */
export function select(task: Task, count: number, reads: number, writes: number, errors: number, time: number): number {
  const layout = task.abi.structs.timeval;
  if (!task.callState.timed) {
    if (time === 0) task.timeOut(Number.POSITIVE_INFINITY);
    else {
      const given = readStruct(task, layout, time) as Record<'sec' | 'usec', number> | number;
      if (typeof given === 'number') return given;
      if (given.sec < 0 || given.usec < 0) return -EINVAL;
      task.timeOut(given.sec * 1e9 + given.usec * 1000);
    }
  }
  const result = selectOnce(task, count, [reads, writes, errors]);
  if (time !== 0 && result !== BLOCK) {
    const left = Math.max(0, task.callState.deadline - task.kernel.clock.told);
    writeStruct(task, layout, time, { sec: Math.floor(left / 1e9), usec: Math.floor((left % 1e9) / 1000) });
  }
  return result;
}
/** The oldest form: its arguments are in a struct. */
export function oldSelect(task: Task, address: number): number {
  const args: number[] = [];
  for (let i = 0; i < 5; i++) {
    const value = readU32(task.space, address + 4 * i);
    if (value < 0) return value;
    args.push(value);
  }
  return select(task, args[0]! | 0, args[1]!, args[2]!, args[3]!, args[4]!);
}

function pselectOf(
  task: Task,
  count: number,
  reads: number,
  writes: number,
  errors: number,
  time: number,
  maskPointer: number,
  wide: boolean,
): number {
  if (maskPointer !== 0 && task.callState.note === undefined) {
    const mask = readU32(task.space, maskPointer);
    const size = readU32(task.space, maskPointer + task.abi.wordSize);
    if (mask < 0 || size < 0) return -EFAULT;
    const failed = waitMask(task, mask, size);
    if (failed !== 0) return failed;
  }
  const failed = startTimeout(task, time, wide);
  return failed !== 0 ? failed : tellRest(task, time, wide, selectOnce(task, count, [reads, writes, errors]));
}
export function pselect6(
  task: Task,
  count: number,
  reads: number,
  writes: number,
  errors: number,
  time: number,
  mask: number,
): number {
  return pselectOf(task, count, reads, writes, errors, time, mask, false);
}
export function pselect6Time64(
  task: Task,
  count: number,
  reads: number,
  writes: number,
  errors: number,
  time: number,
  mask: number,
): number {
  return pselectOf(task, count, reads, writes, errors, time, mask, true);
}
