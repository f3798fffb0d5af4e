// Memory that stays: mlock, mlock2, munlock, mlockall, munlockall. man 2 mlock; Linux mm/mlock.c. Every page is in memory as it is; what
// is left is what a program may lock, and what is told of it.
import { lockedBytes } from '../mm/space-usage.js';
import { EINVAL, ENOMEM, EPERM } from '../abi/errno.js';
import { MAP_LOCKED } from '../abi/mman.js';
import { RLIMIT_MEMLOCK } from '../abi/sched.js';
import type { AddressSpace } from '../mm/address-space.js';
import { pageCeil, pageFloor } from '../mm/frames.js';
import { CAP_IPC_LOCK } from '../security/capability.js';
import type { Task } from '../task/task.js';

const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
const MCL_ONFAULT = 4;
const MLOCK_ONFAULT = 1;

/** Bytes that the task may have locked; undefined: none at all. */
function allowance(task: Task): number | undefined {
  if (task.credentials.has(CAP_IPC_LOCK)) return Number.POSITIVE_INFINITY;
  const limit = task.process.limits.soft(RLIMIT_MEMLOCK);
  return limit === 0 ? undefined : limit;
}

/** mmap of `length` bytes with MAP_LOCKED: may it be, does it fit? */
export function mayMapLocked(task: Task, length: number): 'yes' | 'no' | 'too much' {
  const most = allowance(task);
  if (most === undefined) return 'no';
  return lockedBytes(task.space) + length > most ? 'too much' : 'yes';
}

function setLocked(space: AddressSpace, start: number, end: number, on: boolean): void {
  for (const area of space.areas.remove(start, end)) {
    area.flags = on ? area.flags | MAP_LOCKED : area.flags & ~MAP_LOCKED;
    space.areas.insert(area);
  }
}

export function mlock(task: Task, address: number, length: number): number {
  const { space } = task;
  const most = allowance(task);
  if (most === undefined) return -EPERM;
  const start = pageFloor(address);
  const end = pageCeil(address + length);
  let more = end - start;
  for (const area of space.areas.within(start, end))
    if ((area.flags & MAP_LOCKED) !== 0) more -= Math.min(area.end, end) - Math.max(area.start, start);
  if (lockedBytes(space) + more > most) return -ENOMEM;
  if (!space.areas.covers(start, end)) return -ENOMEM;
  setLocked(space, start, end, true);
  return 0;
}
export function mlock2(task: Task, address: number, length: number, flags: number): number {
  return (flags & ~MLOCK_ONFAULT) !== 0 ? -EINVAL : mlock(task, address, length);
}

export function munlock(task: Task, address: number, length: number): number {
  const start = pageFloor(address);
  const end = pageCeil(address + length);
  if (!task.space.areas.covers(start, end)) return -ENOMEM;
  setLocked(task.space, start, end, false);
  return 0;
}

export function mlockall(task: Task, flags: number): number {
  const { space } = task;
  if (flags === 0 || flags === MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0) return -EINVAL;
  const most = allowance(task);
  if (most === undefined) return -EPERM;
  if ((flags & MCL_CURRENT) !== 0 && space.areas.bytes > most) return -ENOMEM;
  space.locksNew = (flags & MCL_FUTURE) !== 0;
  if ((flags & MCL_CURRENT) !== 0) setLocked(space, 0, space.layout.userEnd, true);
  return 0;
}
export function munlockall({ space }: Task): number {
  space.locksNew = false;
  setLocked(space, 0, space.layout.userEnd, false);
  return 0;
}
