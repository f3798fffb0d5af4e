// Descriptors for events: epoll, eventfd, timerfd, signalfd. man 2 of each.
import { EBADF, EFAULT, EINTR, EINVAL } from '../abi/errno.js';
import { O_CLOEXEC, O_NONBLOCK } from '../abi/fcntl.js';
import {
  EFD_SEMAPHORE,
  EPOLL_CLOEXEC,
  EPOLL_CTL_DEL,
  TFD_TIMER_ABSTIME,
  TFD_TIMER_CANCEL_ON_SET,
} from '../abi/poll.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
} from '../abi/time.js';
import { EpollFile, EVENT_SIZE } from '../fs/epoll.js';
import { EventFile } from '../fs/eventfd.js';
import { SignalFile } from '../fs/signalfd.js';
import { TimerFile } from '../fs/timerfd.js';
import { BLOCK } from '../task/blocking.js';
import { UNSTOPPABLE } from '../task/signal-set.js';
import type { Task } from '../task/task.js';
import { timestampOf } from '../vfs/timestamp.js';
import { install } from './sys-descriptor.js';
import { waitMask } from './sys-poll.js';
import { readSet, SIGSET_SIZE } from './sys-signal.js';
import { nanosecondsOf, timeoutAt } from './time-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

const FD_FLAGS = O_CLOEXEC | O_NONBLOCK;

// ---- epoll ------------------------------------------------------------------------------------------------------------------------

export function epollCreate1(task: Task, flags: number): number {
  if ((flags & ~EPOLL_CLOEXEC) !== 0) return -EINVAL;
  return install(task, new EpollFile(task), flags !== 0);
}
export function epollCreate(task: Task, size: number): number {
  return size <= 0 ? -EINVAL : epollCreate1(task, 0);
}

export function epollCtl(task: Task, epfd: number, operation: number, fd: number, address: number): number {
  let events = 0;
  let low = 0;
  let high = 0;
  if (operation !== EPOLL_CTL_DEL) {
    const given = readStruct(task, task.abi.structs.epollEvent, address);
    if (typeof given === 'number') return given;
    ({ events, low, high } = given as Record<'events' | 'low' | 'high', number>);
  }
  const epoll = task.file(epfd);
  const file = task.file(fd);
  if (!epoll || !file) return -EBADF;
  return epoll instanceof EpollFile ? epoll.control(task, operation, fd, file, events, low, high) : -EINVAL;
}

function wait(task: Task, epfd: number, address: number, most: number): number {
  if (most <= 0 || most > 0x7fffffff / EVENT_SIZE) return -EINVAL;
  const epoll = task.file(epfd);
  if (!epoll) return -EBADF;
  if (!(epoll instanceof EpollFile)) return -EINVAL;
  const result = epoll.wait(task, address, most);
  return result < 0 && result !== BLOCK && result !== -EFAULT ? -EINTR : result;
}

const milliseconds = (time: number): number => (time < 0 ? Number.POSITIVE_INFINITY : time * 1e6);

export function epollWait(task: Task, epfd: number, address: number, most: number, time: number): number {
  task.timeOut(milliseconds(time));
  return wait(task, epfd, address, most);
}
export function epollPwait(
  task: Task,
  epfd: number,
  address: number,
  most: number,
  time: number,
  mask: number,
  size: number,
): number {
  task.timeOut(milliseconds(time));
  return waitMask(task, mask, size) || wait(task, epfd, address, most);
}
export function epollPwait2(
  task: Task,
  epfd: number,
  address: number,
  most: number,
  time: number,
  mask: number,
  size: number,
): number {
  if (!task.callState.timed) {
    const nanoseconds = time === 0 ? Number.POSITIVE_INFINITY : timeoutAt(task, time, true);
    if (nanoseconds < 0) return nanoseconds;
    task.timeOut(nanoseconds);
  }
  return waitMask(task, mask, size) || wait(task, epfd, address, most);
}

// ---- eventfd ----------------------------------------------------------------------------------------------------------------------

export function eventfd2(task: Task, initial: number, flags: number): number {
  if ((flags & ~(FD_FLAGS | EFD_SEMAPHORE)) !== 0) return -EINVAL;
  const file = new EventFile(task, initial, (flags & EFD_SEMAPHORE) !== 0, flags & O_NONBLOCK);
  return install(task, file, (flags & O_CLOEXEC) !== 0);
}
export function eventfd(task: Task, initial: number): number {
  return eventfd2(task, initial, 0);
}

// ---- signalfd ---------------------------------------------------------------------------------------------------------------------

export function signalfd4(task: Task, fd: number, address: number, size: number, flags: number): number {
  if (size !== SIGSET_SIZE || (flags & ~FD_FLAGS) !== 0) return -EINVAL;
  const given = readSet(task, address);
  if (typeof given === 'number') return given;
  const set = given.minus(UNSTOPPABLE);
  if (fd === -1) return install(task, new SignalFile(task, set, flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
  const file = task.file(fd);
  if (!file) return -EBADF;
  if (!(file instanceof SignalFile)) return -EINVAL;
  file.set = set;
  task.kernel.signals.arrivals.wake();
  return fd;
}
export function signalfd(task: Task, fd: number, address: number, size: number): number {
  return signalfd4(task, fd, address, size, 0);
}

// ---- timerfd ----------------------------------------------------------------------------------------------------------------------

const CLOCKS = [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM];
export const isRealClock = (clock: number): boolean => clock === CLOCK_REALTIME || clock === CLOCK_REALTIME_ALARM;

export function timerfdCreate(task: Task, clock: number, flags: number): number {
  if ((flags & ~FD_FLAGS) !== 0 || !CLOCKS.includes(clock)) return -EINVAL;
  return install(task, new TimerFile(task, clock, flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
}

function timerOf(task: Task, fd: number): TimerFile | number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return file instanceof TimerFile ? file : -EINVAL;
}

/** An itimerspec: the first expiration and the interval, in nanoseconds. */
export function readTimer(task: Task, address: number, wide: boolean): { first: number; interval: number } | number {
  const { structs, wordSize } = task.abi;
  const given = readStruct(task, wide ? structs.itimerspec64 : structs.itimerspec, address);
  if (typeof given === 'number') return given;
  // the upper half of a 32-bit program's nanoseconds is padding
  const nsec = (value: number): number =>
    wide && wordSize === 4 ? value - Math.floor(value / 2 ** 32) * 2 ** 32 : value;
  const part = (sec: number, nanoseconds: number): number =>
    sec < 0 || nanoseconds < 0 || nanoseconds > 999_999_999 ? -EINVAL : nanosecondsOf({ seconds: sec, nanoseconds });
  const first = part(given.value_sec!, nsec(given.value_nsec!));
  const interval = part(given.interval_sec!, nsec(given.interval_nsec!));
  return first < 0 || interval < 0 ? -EINVAL : { first, interval };
}

export function writeTimer(task: Task, address: number, left: number, interval: number, wide: boolean): number {
  const value = timestampOf(left);
  const again = timestampOf(interval);
  const { structs } = task.abi;
  return writeStruct(task, wide ? structs.itimerspec64 : structs.itimerspec, address, {
    interval_sec: again.seconds,
    interval_nsec: again.nanoseconds,
    value_sec: value.seconds,
    value_nsec: value.nanoseconds,
  });
}

/** When a first expiration is due on the monotonic clock; Infinity for 0, which stops a timer. */
export function dueAt(task: Task, clock: number, first: number, absolute: boolean): number {
  if (first === 0) return Number.POSITIVE_INFINITY;
  const now = task.kernel.clock.told;
  if (!absolute) return now + first;
  return isRealClock(clock)
    ? now + Math.max(0, first - nanosecondsOf(task.kernel.clock.date(now)))
    : first - task.namespaces.time.ahead(clock);
}

function settime(task: Task, fd: number, flags: number, address: number, oldAddress: number, wide: boolean): number {
  if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) !== 0) return -EINVAL;
  const wanted = readTimer(task, address, wide);
  if (typeof wanted === 'number') return wanted;
  const file = timerOf(task, fd);
  if (typeof file === 'number') return file;
  const { timer } = file;
  const { left, interval } = timer;
  timer.set(dueAt(task, file.clock, wanted.first, (flags & TFD_TIMER_ABSTIME) !== 0), wanted.interval);
  return oldAddress === 0 ? 0 : writeTimer(task, oldAddress, left, interval, wide);
}
export function timerfdSettime(task: Task, fd: number, flags: number, address: number, old: number): number {
  return settime(task, fd, flags, address, old, false);
}
export function timerfdSettime64(task: Task, fd: number, flags: number, address: number, old: number): number {
  return settime(task, fd, flags, address, old, true);
}
function gettime(task: Task, fd: number, address: number, wide: boolean): number {
  const file = timerOf(task, fd);
  if (typeof file === 'number') return file;
  return writeTimer(task, address, file.timer.left, file.timer.interval, wide);
}
export const timerfdGettime = (task: Task, fd: number, address: number): number => gettime(task, fd, address, false);
export const timerfdGettime64 = (task: Task, fd: number, address: number): number => gettime(task, fd, address, true);
