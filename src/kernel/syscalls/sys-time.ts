// Clocks and sleeping. man 2 clock_gettime, clock_nanosleep, gettimeofday, time, times, getrusage; alarms are in sys-timer.ts.
import { EFAULT, EINTR, EINVAL, EOPNOTSUPP, EPERM } from '../abi/errno.js';
import { RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD } from '../abi/sched.js';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  TIMER_ABSTIME,
} from '../abi/time.js';
import { writeU32 } from '../mm/user-memory.js';
import { CAP_SYS_TIME } from '../security/capability.js';
import { BLOCK } from '../task/blocking.js';
import type { Usage } from '../task/process.js';
import type { Task } from '../task/task.js';
import { type Timestamp, timestampOf } from '../vfs/timestamp.js';
import { writeUsage } from './sys-process.js';
import { nanosecondsOf, timestampAt } from './time-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

const CLOCK_TICKS = 100;

/** What a clock shows; undefined: there is no such clock. Negative ids are CPU clocks of other processes. */
export function readClock(task: Task, clock: number): Timestamp | undefined {
  const { kernel } = task;
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
      return kernel.clock.date();
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
      return task.namespaces.time.shown(clock, timestampOf(kernel.clock.told));
    case CLOCK_PROCESS_CPUTIME_ID:
      return processorTime(task.process.totalUsage);
    case CLOCK_THREAD_CPUTIME_ID:
      return processorTime(task.usageNow);
    default:
      return clock < 0 ? processClock(task, clock) : undefined;
  }
}

const processorTime = ({ userTime, systemTime }: Usage): Timestamp => timestampOf(userTime + systemTime);

/** clock_getcpuclockid(3): the number's upper bits are the inverted pid, bit 2 says "thread". */
function processClock(task: Task, clock: number): Timestamp | undefined {
  const pid = ~(clock >> 3);
  if ((clock & 3) === 3) return undefined;
  if ((clock & 4) !== 0) {
    const target = pid === 0 ? task : task.pidNamespace.find(pid)?.task;
    return target && target.process === task.process ? processorTime(target.usageNow) : undefined;
  }
  const process = pid === 0 ? task.process : task.pidNamespace.find(pid)?.process;
  return process && processorTime(process.totalUsage);
}

function writeTime(task: Task, address: number, time: Timestamp, wide: boolean): number {
  const { structs } = task.abi;
  return writeStruct(task, wide ? structs.timespec64 : structs.timespec, address, {
    sec: time.seconds,
    nsec: time.nanoseconds,
  });
}

function gettimeOf(task: Task, clock: number, address: number, wide: boolean): number {
  const time = readClock(task, clock);
  return time ? writeTime(task, address, time, wide) : -EINVAL;
}
export function clockGettime(task: Task, clock: number, address: number): number {
  return gettimeOf(task, clock, address, false);
}
export function clockGettime64(task: Task, clock: number, address: number): number {
  return gettimeOf(task, clock, address, true);
}

function getresOf(task: Task, clock: number, address: number, wide: boolean): number {
  if (!readClock(task, clock)) return -EINVAL;
  const coarse = clock === CLOCK_REALTIME_COARSE || clock === CLOCK_MONOTONIC_COARSE;
  return address === 0 ? 0 : writeTime(task, address, { seconds: 0, nanoseconds: coarse ? 4_000_000 : 1 }, wide);
}
export function clockGetres(task: Task, clock: number, address: number): number {
  return getresOf(task, clock, address, false);
}
export function clockGetres64(task: Task, clock: number, address: number): number {
  return getresOf(task, clock, address, true);
}

function settimeOf(task: Task, clock: number, address: number, wide: boolean): number {
  if (clock !== CLOCK_REALTIME) return -EINVAL;
  const time = timestampAt(task, address, wide);
  if (typeof time === 'number') return time;
  if (!task.credentials.has(CAP_SYS_TIME)) return -EPERM;
  task.kernel.clock.setDate(time);
  task.kernel.dateChanged();
  return 0;
}
export function clockSettime(task: Task, clock: number, address: number): number {
  return settimeOf(task, clock, address, false);
}
export function clockSettime64(task: Task, clock: number, address: number): number {
  return settimeOf(task, clock, address, true);
}

// ---- sleeping ---------------------------------------------------------------------------------------------------------------------

/** Sleeps until the call's deadline. A signal ends it; `rest` gets what is left. */
function sleep(task: Task, rest: number, wide: boolean): number {
  if (task.timedOut) return 0;
  const waiting = task.block(task.kernel.never);
  if (waiting === BLOCK) return BLOCK;
  if (rest !== 0) {
    const left = Math.max(0, task.callState.deadline - task.kernel.clock.told);
    if (writeTime(task, rest, timestampOf(left), wide) !== 0) return -EFAULT;
  }
  return -EINTR;
}

function nanosleepOf(task: Task, clock: number, flags: number, request: number, rest: number, wide: boolean): number {
  if (![CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI].includes(clock))
    return clock === CLOCK_THREAD_CPUTIME_ID || readClock(task, clock) === undefined ? -EINVAL : -EOPNOTSUPP;
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  if (!task.callState.timed) {
    const time = timestampAt(task, request, wide);
    if (typeof time === 'number') return time;
    const wanted = nanosecondsOf(time);
    task.timeOut(absolute ? Math.max(0, wanted - nanosecondsOf(readClock(task, clock)!)) : wanted);
  }
  return sleep(task, absolute ? 0 : rest, wide);
}
export function nanosleep(task: Task, request: number, rest: number): number {
  return nanosleepOf(task, CLOCK_MONOTONIC, 0, request, rest, false);
}
export function clockNanosleep(task: Task, clock: number, flags: number, request: number, rest: number): number {
  return nanosleepOf(task, clock, flags, request, rest, false);
}
export function clockNanosleepTime64(task: Task, clock: number, flags: number, request: number, rest: number): number {
  return nanosleepOf(task, clock, flags, request, rest, true);
}

// ---- older calls ------------------------------------------------------------------------------------------------------------------

export function gettimeofday(task: Task, address: number, zone: number): number {
  const { seconds, nanoseconds } = readClock(task, CLOCK_REALTIME)!;
  if (
    address !== 0 &&
    writeStruct(task, task.abi.structs.timeval, address, { sec: seconds, usec: Math.floor(nanoseconds / 1000) }) !== 0
  )
    return -EFAULT;
  return zone === 0 ? 0 : writeStruct(task, task.abi.structs.timezone, zone, {});
}
/** Minutes west of Greenwich that a time zone may be, either way. */
const ZONE_MAX = 15 * 60;

/** The kernel's time zone, which nothing here asks for, is checked and forgotten. */
export function settimeofday(task: Task, address: number, zoneAddress: number): number {
  const { timeval, timezone } = task.abi.structs;
  let time: Record<'sec' | 'usec', number> | undefined;
  if (address !== 0) {
    const read = readStruct(task, timeval, address);
    if (typeof read === 'number') return read;
    time = read as Record<'sec' | 'usec', number>;
    if (time.sec < 0 || time.usec < 0 || time.usec > 999_999) return -EINVAL;
  }
  const zone = zoneAddress === 0 ? undefined : readStruct(task, timezone, zoneAddress);
  if (typeof zone === 'number') return zone;
  if (!task.credentials.has(CAP_SYS_TIME)) return -EPERM;
  if (zone && Math.abs(zone.minuteswest!) > ZONE_MAX) return -EINVAL;
  if (!time) return 0;
  task.kernel.clock.setDate({ seconds: time.sec, nanoseconds: time.usec * 1000 });
  task.kernel.dateChanged();
  return 0;
}
export function time(task: Task, address: number): number {
  const { seconds } = readClock(task, CLOCK_REALTIME)!;
  if (address !== 0 && writeU32(task.space, address, seconds) !== 0) return -EFAULT;
  return seconds;
}
export function times(task: Task, address: number): number {
  const ticks = (nanoseconds: number): number => Math.floor((nanoseconds * CLOCK_TICKS) / 1e9);
  if (address !== 0) {
    const own = task.process.totalUsage;
    const { childUsage } = task.process;
    const failed = writeStruct(task, task.abi.structs.tms, address, {
      utime: ticks(own.userTime),
      stime: ticks(own.systemTime),
      cutime: ticks(childUsage.userTime),
      cstime: ticks(childUsage.systemTime),
    });
    if (failed !== 0) return failed;
  }
  return ticks(task.kernel.clock.monotonic()) % 2 ** 31;
}
export function getrusage(task: Task, who: number, address: number): number {
  if (who === RUSAGE_SELF) return writeUsage(task, address, task.process.totalUsage);
  if (who === RUSAGE_CHILDREN) return writeUsage(task, address, task.process.childUsage);
  return who === RUSAGE_THREAD ? writeUsage(task, address, task.usageNow) : -EINVAL;
}
