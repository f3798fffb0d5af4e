// Futexes that are locks with owners: whoever waits lends the owner his priority. man 2 futex, "Priority-inheritance futexes"; Linux
// kernel/futex/pi.c, requeue.c. The word says who has the lock, the kernel keeps only who waits.
import { EAGAIN, EDEADLK, EFAULT, EINVAL, EPERM, ESRCH, ETIMEDOUT } from '../abi/errno.js';
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../abi/futex.js';
import { ACCESS_WRITE } from '../mm/page-faults.js';
import { hostByte, readU32, writeU32 } from '../mm/user-memory.js';
import { BLOCK, ERESTARTNOINTR } from './blocking.js';
import { type FutexCall, type FutexWait, keyOf } from './futex.js';
import { urgencyOf } from './scheduler.js';
import type { Task } from './task.js';

/** Owners that wait for owners are followed so far. */
const CHAIN_MAX = 1024;

/** A lock that somebody waits for. */
export interface PiLock {
  owner: Task;
  /** In the order in which they came. */
  readonly waiters: Task[];
}

/** Who waits for a lock, in the note of its call: the word's key and where it is in the waiter's memory. */
export class PiWait {
  acquired = false;

  constructor(
    readonly key: string,
    readonly address: number,
  ) {}
}

export function piWaitOf(task: Task): PiWait | undefined {
  const note = task.call?.state.note;
  return note instanceof PiWait && !note.acquired ? note : undefined;
}

const tidOf = (task: Task): number => task.pid.in(task.pidNamespace);

// ---- lending ------------------------------------------------------------------------------------------------------------------------

/** Works out anew what waiters lend `owner`, and what it lends on. */
export function lend(owner: Task): void {
  const { locks } = owner.kernel.futexes;
  let at: Task | undefined = owner;
  for (let depth = 0; at && depth < CHAIN_MAX; depth++) {
    const task: Task = at;
    let most = 0;
    for (const lock of locks.values())
      if (lock.owner === task) for (const waiter of lock.waiters) most = Math.max(most, urgencyOf(waiter));
    if (most === task.lentPriority) return;
    task.kernel.reschedule(task, () => {
      task.lentPriority = most;
    });
    const wait = piWaitOf(task);
    at = wait && locks.get(wait.key)?.owner;
  }
}

/** A task's own priority has changed: whoever it waits for is lent another. */
export function lendOn(task: Task): void {
  const wait = piWaitOf(task);
  const lock = wait && task.kernel.futexes.locks.get(wait.key);
  if (lock) lend(lock.owner);
}

/** Does `task`, by those that it waits for, wait for `other`? */
function waitsFor(task: Task, other: Task): boolean {
  let at: Task | undefined = task;
  for (let depth = 0; at && depth < CHAIN_MAX; depth++) {
    if (at === other) return true;
    const wait = piWaitOf(at);
    at = wait && task.kernel.futexes.locks.get(wait.key)?.owner;
  }
  return at !== undefined;
}

// ---- locking ------------------------------------------------------------------------------------------------------------------------

/** The owner of a lock whose word says `value`; a negated errno. */
function ownerOf(task: Task, key: string, value: number): Task | number {
  const owner = task.pidNamespace.find(value & FUTEX_TID_MASK)?.task;
  if (!owner || owner.state === 'dead') return -ESRCH;
  const lock = task.kernel.futexes.locks.get(key);
  // the word and the kernel do not say the same
  return lock && lock.owner !== owner ? -EINVAL : owner;
}

/** The word at `address`, which can be written; a negated errno. */
function wordAt(task: Task, address: number): number {
  return hostByte(task.space, address, ACCESS_WRITE) === 0 ? -EFAULT : readU32(task.space, address);
}

function join(waiter: Task, owner: Task, key: string): void {
  const { locks } = waiter.kernel.futexes;
  const lock = locks.get(key) ?? { owner, waiters: [] };
  locks.set(key, lock);
  lock.waiters.push(waiter);
  lend(owner);
}

/** Waits no more, without the lock. */
export function leaveLock(task: Task, { key }: PiWait): void {
  const { locks } = task.kernel.futexes;
  const lock = locks.get(key);
  if (!lock) return;
  const at = lock.waiters.indexOf(task);
  if (at >= 0) lock.waiters.splice(at, 1);
  if (lock.waiters.length === 0) locks.delete(key);
  lend(lock.owner);
}

/** FUTEX_LOCK_PI, FUTEX_LOCK_PI2 and FUTEX_TRYLOCK_PI (`tries`). */
export function lockPi(task: Task, call: FutexCall, isPrivate: boolean, tries: boolean): number {
  const { note } = task.callState;
  if (note instanceof PiWait) return goOn(task, note, -ERESTARTNOINTR);
  const key = keyOf(task, call.address, isPrivate);
  if (typeof key === 'number') return key;
  const value = wordAt(task, call.address);
  if (value < 0) return value;
  const holder = value & FUTEX_TID_MASK;
  if (holder === tidOf(task)) return -EDEADLK;
  if (holder === 0) {
    if (task.kernel.futexes.locks.has(key)) return -EINVAL;
    return writeU32(task.space, call.address, ((value & FUTEX_OWNER_DIED) | tidOf(task)) >>> 0);
  }
  const owner = ownerOf(task, key, value);
  if (typeof owner === 'number') return owner;
  writeU32(task.space, call.address, (value | FUTEX_WAITERS) >>> 0);
  if (tries) return -EAGAIN;
  if (waitsFor(owner, task)) return -EDEADLK;
  if (call.timeout !== undefined) task.timeOut(call.timeout);
  if (task.timedOut) return -ETIMEDOUT;
  if (task.block(task.kernel.never) !== BLOCK) return -ERESTARTNOINTR;
  task.callState.note = new PiWait(key, call.address);
  join(task, owner, key);
  return BLOCK;
}

/** A call that waits for the lock is called again. */
export function goOn(task: Task, wait: PiWait, interrupted: number): number {
  if (wait.acquired) return 0;
  if (!task.timedOut && task.block(task.kernel.never) === BLOCK) return BLOCK;
  leaveLock(task, wait);
  return task.timedOut ? -ETIMEDOUT : interrupted;
}

// ---- unlocking ----------------------------------------------------------------------------------------------------------------------

/** The most urgent waiter has the lock now. `bits`: what its word says besides. */
function handOver(key: string, lock: PiLock, bits: number): void {
  const { owner: old, waiters } = lock;
  let best = 0;
  for (let i = 1; i < waiters.length; i++) if (urgencyOf(waiters[i]!) > urgencyOf(waiters[best]!)) best = i;
  const [next] = waiters.splice(best, 1);
  const wait = next!.call!.state.note as PiWait;
  wait.acquired = true;
  lock.owner = next!;
  if (waiters.length === 0) next!.kernel.futexes.locks.delete(key);
  writeU32(next!.space, wait.address, (FUTEX_WAITERS | bits | tidOf(next!)) >>> 0);
  lend(old);
  lend(next!);
  next!.wake();
}

export function unlockPi(task: Task, call: FutexCall, isPrivate: boolean): number {
  const key = keyOf(task, call.address, isPrivate);
  if (typeof key === 'number') return key;
  const value = wordAt(task, call.address);
  if (value < 0) return value;
  if ((value & FUTEX_TID_MASK) !== tidOf(task)) return -EPERM;
  const lock = task.kernel.futexes.locks.get(key);
  if (!lock) return writeU32(task.space, call.address, 0);
  if (lock.owner !== task) return -EINVAL;
  handOver(key, lock, 0);
  return 0;
}

/** A task ends, or becomes another program: locks that others wait for are theirs, and they hear why. */
export function endPiLocks(task: Task): void {
  for (const [key, lock] of [...task.kernel.futexes.locks])
    if (lock.owner === task) handOver(key, lock, FUTEX_OWNER_DIED);
}

// ---- requeueing ---------------------------------------------------------------------------------------------------------------------

/** FUTEX_CMP_REQUEUE_PI: one waiter of the first word gets the lock that the second is, if it is free; the others wait for it. */
export function requeuePi(task: Task, call: FutexCall, isPrivate: boolean): number {
  if (call.value !== 1) return -EINVAL;
  const from = keyOf(task, call.address, isPrivate);
  if (typeof from === 'number') return from;
  const to = keyOf(task, call.address2, isPrivate);
  if (typeof to === 'number') return to;
  if (from === to) return -EINVAL;
  const now = readU32(task.space, call.address);
  if (now < 0) return now;
  if (now !== call.value3 >>> 0) return -EAGAIN;
  const { futexes } = task.kernel;
  const waiters = futexes.waiting(from).map((waiter) => ({
    waiter,
    wait: waiter.call!.state.note as FutexWait,
  }));
  if (waiters.some(({ wait }) => wait.target?.key !== to)) return -EINVAL;
  let moved = 0;
  for (const { waiter, wait } of waiters) {
    if (moved > call.value2) break;
    const value = wordAt(task, call.address2);
    if (value < 0) return value;
    const free = (value & FUTEX_TID_MASK) === 0;
    const owner = free ? undefined : ownerOf(task, to, value);
    if (typeof owner === 'number') return moved > 0 ? moved : owner;
    const lock = new PiWait(to, wait.target!.address);
    futexes.remove(from, waiter);
    waiter.call!.state.note = lock;
    const bits = waiters.length > 1 ? FUTEX_WAITERS : 0;
    if (owner) {
      writeU32(task.space, call.address2, (value | FUTEX_WAITERS) >>> 0);
      join(waiter, owner, to);
    } else {
      writeU32(task.space, call.address2, ((value & FUTEX_OWNER_DIED) | bits | tidOf(waiter)) >>> 0);
      lock.acquired = true;
      waiter.wake();
    }
    moved++;
  }
  return moved;
}
