// Timers that signal. man 2 alarm, setitimer, timer_create, timer_settime.
import { EAGAIN, EFAULT, EINVAL } from '../abi/errno.js';
import { SIGALRM } from '../abi/signal.js';
import { ITIMER_REAL, TIMER_ABSTIME } from '../abi/time.js';
import { writeU32 } from '../mm/user-memory.js';
import { type PosixTimer, TIMERS_MAX } from '../task/process-timers.js';
import { SIGNAL_MAX } from '../task/signals.js';
import type { Task } from '../task/task.js';
import { dueAt, readTimer, writeTimer } from './sys-event.js';
import { readClock } from './sys-time.js';
import { readStruct, writeStruct } from './user-struct.js';

const SIGEV_SIGNAL = 0;
const SIGEV_NONE = 1;
const SIGEV_THREAD_ID = 4;

function split(nanoseconds: number): { sec: number; usec: number } {
  return { sec: Math.floor(nanoseconds / 1e9), usec: Math.floor((nanoseconds % 1e9) / 1000) };
}

function current(task: Task, which: number): { left: number; interval: number } {
  const { timers } = task.process;
  return which === ITIMER_REAL ? timers.real : timers.cpuTimer(which)!;
}

function writeItimer(task: Task, address: number, left: number, interval: number): number {
  const value = split(left);
  const again = split(interval);
  return writeStruct(task, task.abi.structs.itimerval, address, {
    interval_sec: again.sec,
    interval_usec: again.usec,
    value_sec: value.sec,
    value_usec: value.usec,
  });
}

export function getitimer(task: Task, which: number, address: number): number {
  if (!task.process.timers.isTimer(which)) return -EINVAL;
  const { left, interval } = current(task, which);
  return writeItimer(task, address, left, interval);
}

export function setitimer(task: Task, which: number, address: number, oldAddress: number): number {
  const { timers } = task.process;
  if (!timers.isTimer(which)) return -EINVAL;
  let first = 0;
  let interval = 0;
  if (address !== 0) {
    const given = readStruct(task, task.abi.structs.itimerval, address);
    if (typeof given === 'number') return given;
    const part = (sec: number, usec: number): number =>
      sec < 0 || usec < 0 || usec > 999_999 ? -1 : sec * 1e9 + usec * 1000;
    first = part(given.value_sec!, given.value_usec!);
    interval = part(given.interval_sec!, given.interval_usec!);
    if (first < 0 || interval < 0) return -EINVAL;
  }
  const old = { left: current(task, which).left, interval: current(task, which).interval };
  if (which === ITIMER_REAL) setReal(task, first, interval);
  else Object.assign(timers.cpuTimer(which)!, { left: first, interval });
  return oldAddress === 0 ? 0 : writeItimer(task, oldAddress, old.left, old.interval);
}

function setReal(task: Task, first: number, interval: number): void {
  const when = first === 0 ? Number.POSITIVE_INFINITY : task.kernel.clock.told + first;
  task.process.timers.real.set(when, interval);
}

/** alarm(2): whole seconds, of what was left at least one. */
export function alarm(task: Task, seconds: number): number {
  const { left } = task.process.timers.real;
  setReal(task, seconds * 1e9, 0);
  return left === 0 ? 0 : Math.max(1, Math.round(left / 1e9));
}

export function timerCreate(task: Task, clock: number, address: number, idAddress: number): number {
  const { timers } = task.process;
  if (!readClock(task, clock)) return -EINVAL;
  if (timers.posix.size >= TIMERS_MAX) return -EAGAIN;
  let signal = SIGALRM;
  let value: number | undefined;
  let target: Task | undefined;
  if (address !== 0) {
    const event = readStruct(task, task.abi.structs.sigevent, address);
    if (typeof event === 'number') return event;
    if (![SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID].includes(event.notify!)) return -EINVAL;
    if (event.notify !== SIGEV_NONE && (event.signal! < 1 || event.signal! > SIGNAL_MAX)) return -EINVAL;
    signal = event.notify === SIGEV_NONE ? 0 : event.signal!;
    value = event.value!;
    if (event.notify === SIGEV_THREAD_ID) {
      target = task.pidNamespace.find(event.tid!)?.task;
      if (target?.process !== task.process) return -EINVAL;
    }
  }
  const timer = timers.create(clock, signal, value, target);
  if (writeU32(task.space, idAddress, timer.id) === 0) return 0;
  timers.delete(timer);
  return -EFAULT;
}

function timerOf(task: Task, id: number): PosixTimer | undefined {
  return task.process.timers.posix.get(id);
}

function settime(task: Task, id: number, flags: number, address: number, oldAddress: number, wide: boolean): number {
  const wanted = readTimer(task, address, wide);
  if (typeof wanted === 'number') return wanted;
  const timer = timerOf(task, id);
  if (!timer) return -EINVAL;
  const { left, interval } = timer.timer;
  timer.overrun = 0;
  timer.timer.set(dueAt(task, timer.clock, wanted.first, (flags & TIMER_ABSTIME) !== 0), wanted.interval);
  return oldAddress === 0 ? 0 : writeTimer(task, oldAddress, left, interval, wide);
}
export function timerSettime(task: Task, id: number, flags: number, address: number, old: number): number {
  return settime(task, id, flags, address, old, false);
}
export function timerSettime64(task: Task, id: number, flags: number, address: number, old: number): number {
  return settime(task, id, flags, address, old, true);
}
function gettime(task: Task, id: number, address: number, wide: boolean): number {
  const timer = timerOf(task, id);
  return timer ? writeTimer(task, address, timer.timer.left, timer.timer.interval, wide) : -EINVAL;
}
export const timerGettime = (task: Task, id: number, address: number): number => gettime(task, id, address, false);
export const timerGettime64 = (task: Task, id: number, address: number): number => gettime(task, id, address, true);

export function timerGetoverrun(task: Task, id: number): number {
  return timerOf(task, id)?.overrun ?? -EINVAL;
}
export function timerDelete(task: Task, id: number): number {
  const timer = timerOf(task, id);
  if (!timer) return -EINVAL;
  task.process.timers.delete(timer);
  return 0;
}
