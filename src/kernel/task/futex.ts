// Futexes: waiting for a word of memory to change. man 2 futex, set_robust_list; Linux kernel/futex.
// A waiter is keyed by what the word is: a place in an address space, or a byte of a file's or shared memory's page.
import { EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT } from '../abi/errno.js';
import {
  FUTEX_BITSET_MATCH_ANY,
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMD_MASK,
  FUTEX_CMP_REQUEUE,
  FUTEX_CMP_REQUEUE_PI,
  FUTEX_LOCK_PI,
  FUTEX_LOCK_PI2,
  FUTEX_OWNER_DIED,
  FUTEX_PRIVATE_FLAG,
  FUTEX_REQUEUE,
  FUTEX_TID_MASK,
  FUTEX_TRYLOCK_PI,
  FUTEX_UNLOCK_PI,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAIT_REQUEUE_PI,
  FUTEX_WAITERS,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
} from '../abi/futex.js';
import { ACCESS_READ, ACCESS_WRITE } from '../mm/page-faults.js';
import { hostByte, readU32, writeU32 } from '../mm/user-memory.js';
import { BLOCK, ERESTARTNOINTR, ERESTARTSYS } from './blocking.js';
import { goOn, leaveLock, lockPi, type PiLock, PiWait, piWaitOf, requeuePi, unlockPi } from './pi-futex.js';
import type { Task } from './task.js';

/** Entries of a robust list that are looked at. */
const ROBUST_MAX = 2048;

/** A waiting task, in the call's note: where it waits now (requeueing moves it), for which bits, and whether it has been woken. */
export interface FutexWait {
  key: string;
  bits: number;
  woken: boolean;
  /** The lock that it is to be given when it is requeued: FUTEX_WAIT_REQUEUE_PI. */
  target?: { key: string; address: number };
}

/** Who waits where: by key, in the order in which they came. */
export class FutexTable {
  private readonly queues = new Map<string, Set<Task>>();
  /** Locks with priority inheritance that somebody waits for. */
  readonly locks = new Map<string, PiLock>();

  add(key: string, task: Task): void {
    let queue = this.queues.get(key);
    if (!queue) {
      queue = new Set();
      this.queues.set(key, queue);
    }
    queue.add(task);
  }

  remove(key: string, task: Task): void {
    const queue = this.queues.get(key);
    if (!queue?.delete(task) || queue.size > 0) return;
    this.queues.delete(key);
  }

  /** A task ends while it may be waiting. */
  forget(task: Task): void {
    const lock = piWaitOf(task);
    if (lock) {
      leaveLock(task, lock);
      return;
    }
    const wait = task.call?.state.note as FutexWait | undefined;
    if (typeof wait?.key === 'string') this.remove(wait.key, task);
  }

  waiting(key: string): Task[] {
    return [...(this.queues.get(key) ?? [])];
  }
}

/** What identifies the word at `address`; -EFAULT. */
export function keyOf(task: Task, address: number, isPrivate: boolean): string | number {
  if (address % 4 !== 0) return -EINVAL;
  const { space } = task;
  const area = space.areas.at(address);
  if (!isPrivate && area?.shared && area.cache) {
    if (hostByte(space, address, ACCESS_READ) === 0) return -EFAULT;
    return `c${task.kernel.idOf(area.cache)}:${area.offset + (address - area.start)}`;
  }
  if (hostByte(space, address, ACCESS_READ) === 0) return -EFAULT;
  return `s${task.kernel.idOf(space)}:${address}`;
}

export interface FutexCall {
  address: number;
  operation: number;
  value: number;
  /** Nanoseconds, or undefined; absolute for the bitset forms. */
  timeout?: number;
  /** The fourth argument where it is a count. */
  value2: number;
  address2: number;
  value3: number;
}

/** Commands whose time may be one of the date. */
const BY_THE_DATE = new Set<number>([FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_LOCK_PI2, FUTEX_LOCK_PI]);

export function futex(task: Task, call: FutexCall): number {
  const isPrivate = (call.operation & FUTEX_PRIVATE_FLAG) !== 0;
  const command = call.operation & FUTEX_CMD_MASK;
  if ((call.operation & FUTEX_CLOCK_REALTIME) !== 0 && !BY_THE_DATE.has(command)) return -ENOSYS;
  switch (command) {
    case FUTEX_WAIT:
      return wait(task, call, isPrivate, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
      return wait(task, call, isPrivate, call.value3);
    case FUTEX_WAKE:
      return wakeAt(task, call.address, isPrivate, call.value, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
      return wakeAt(task, call.address, isPrivate, call.value, call.value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
      return requeue(task, call, isPrivate, command === FUTEX_CMP_REQUEUE);
    case FUTEX_WAKE_OP:
      return wakeOperation(task, call, isPrivate);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_TRYLOCK_PI:
      return lockPi(task, call, isPrivate, command === FUTEX_TRYLOCK_PI);
    case FUTEX_UNLOCK_PI:
      return unlockPi(task, call, isPrivate);
    case FUTEX_WAIT_REQUEUE_PI:
      return waitForRequeue(task, call, isPrivate);
    case FUTEX_CMP_REQUEUE_PI:
      return requeuePi(task, call, isPrivate);
    default:
      return -ENOSYS;
  }
}

/** Waits at the first word to be moved to the lock that the second is. */
function waitForRequeue(task: Task, call: FutexCall, isPrivate: boolean): number {
  const { note } = task.callState;
  if (note instanceof PiWait) return goOn(task, note, -EAGAIN);
  const target = keyOf(task, call.address2, isPrivate);
  if (typeof target === 'number') return target;
  if (target === keyOf(task, call.address, isPrivate)) return -EINVAL;
  const result = wait(task, call, isPrivate, FUTEX_BITSET_MATCH_ANY, { key: target, address: call.address2 });
  return result === -ERESTARTSYS ? -ERESTARTNOINTR : result;
}

function wait(task: Task, call: FutexCall, isPrivate: boolean, bits: number, target?: FutexWait['target']): number {
  if (bits === 0) return -EINVAL;
  const { futexes } = task.kernel;
  const { callState } = task;
  const waiting = callState.note as FutexWait | undefined;
  if (waiting) {
    // called again: was it a wake, the time, or a signal?
    futexes.remove(waiting.key, task);
    if (waiting.woken) return 0;
    if (task.timedOut) return -ETIMEDOUT;
    if (task.signalPending) return -ERESTARTSYS;
  }
  const key = waiting?.key ?? keyOf(task, call.address, isPrivate);
  if (typeof key === 'number') return key;
  if (!waiting) {
    const now = readU32(task.space, call.address);
    if (now < 0) return now;
    if (now !== call.value >>> 0) return -EAGAIN;
    if (call.timeout !== undefined) task.timeOut(call.timeout);
  }
  if (task.timedOut) return -ETIMEDOUT;
  callState.note = { key, bits: bits >>> 0, woken: false, target } satisfies FutexWait;
  const result = task.block(task.kernel.never);
  if (result === BLOCK) futexes.add(key, task);
  return result;
}

function wakeAt(task: Task, address: number, isPrivate: boolean, count: number, bits: number): number {
  if (bits === 0) return -EINVAL;
  const key = keyOf(task, address, isPrivate);
  if (typeof key === 'number') return key;
  return wakeKey(task, key, count, bits);
}

function wakeKey(task: Task, key: string, count: number, bits: number): number {
  const { futexes } = task.kernel;
  let woken = 0;
  for (const waiter of futexes.waiting(key)) {
    if (woken >= count) break;
    const state = waiter.call?.state.note as FutexWait | undefined;
    if (!state || state.target || (state.bits & bits) === 0) continue;
    state.woken = true;
    futexes.remove(key, waiter);
    waiter.wake();
    woken++;
  }
  return woken;
}

/** FUTEX_WAKE of the kernel's own: the end of a thread. Private and shared waiters. */
export function wakeAddress(task: Task, address: number, count: number): void {
  for (const isPrivate of [true, false]) {
    const key = keyOf(task, address, isPrivate);
    if (typeof key === 'string' && wakeKey(task, key, count, FUTEX_BITSET_MATCH_ANY) > 0) return;
  }
}

function requeue(task: Task, call: FutexCall, isPrivate: boolean, compare: boolean): number {
  const from = keyOf(task, call.address, isPrivate);
  if (typeof from === 'number') return from;
  const to = keyOf(task, call.address2, isPrivate);
  if (typeof to === 'number') return to;
  if (compare) {
    const now = readU32(task.space, call.address);
    if (now < 0) return now;
    if (now !== call.value3 >>> 0) return -EAGAIN;
  }
  const woken = wakeKey(task, from, call.value, FUTEX_BITSET_MATCH_ANY);
  const { futexes } = task.kernel;
  let moved = 0;
  for (const waiter of futexes.waiting(from)) {
    if (moved >= call.value2) break;
    const state = waiter.call?.state.note as FutexWait | undefined;
    if (!state || state.target) continue;
    futexes.remove(from, waiter);
    state.key = to;
    futexes.add(to, waiter);
    moved++;
  }
  return compare ? woken + moved : woken;
}

function wakeOperation(task: Task, call: FutexCall, isPrivate: boolean): number {
  const operation = (call.value3 >>> 28) & 7;
  const shifted = call.value3 >>> 31 !== 0;
  const compare = (call.value3 >>> 24) & 15;
  const sign12 = (value: number): number => (value << 20) >> 20;
  const argument = shifted ? 1 << (sign12(call.value3 >>> 12) & 31) : sign12((call.value3 >>> 12) & 0xfff);
  const against = sign12(call.value3 & 0xfff);
  if (hostByte(task.space, call.address2, ACCESS_WRITE) === 0) return -EFAULT;
  const old = readU32(task.space, call.address2);
  if (old < 0) return old;
  const changed = [argument, old + argument, old | argument, old & ~argument, old ^ argument][operation];
  if (changed === undefined) return -ENOSYS;
  writeU32(task.space, call.address2, changed);
  let woken = wakeAt(task, call.address, isPrivate, call.value, FUTEX_BITSET_MATCH_ANY);
  if (woken < 0) return woken;
  const signed = old | 0;
  const holds = [
    signed === against,
    signed !== against,
    signed < against,
    signed <= against,
    signed > against,
    signed >= against,
  ][compare];
  if (holds === undefined) return -ENOSYS;
  if (holds) woken += Math.max(0, wakeAt(task, call.address2, isPrivate, call.value2, FUTEX_BITSET_MATCH_ANY));
  return woken;
}

/** The futexes that a task held when it ended: their next owner is told. */
export function endRobustFutexes(task: Task): void {
  const { space, abi } = task;
  const head = task.robustList;
  const word = (address: number): number => readU32(space, address);
  const offset = word(head + abi.wordSize) | 0;
  const pending = word(head + 2 * abi.wordSize);
  let entry = word(head);
  const tid = task.pid.in(task.pidNamespace);
  // the lowest bit says that it is a lock with priority inheritance: its waiters are told with all others of it
  const release = (at: number): void => {
    const address = (at & ~1) + offset;
    const value = readU32(space, address);
    if (value < 0 || (value & FUTEX_TID_MASK) !== tid) return;
    writeU32(space, address, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
    if ((value & FUTEX_WAITERS) !== 0 && (at & 1) === 0) wakeAddress(task, address, 1);
  };
  for (let i = 0; i < ROBUST_MAX && entry > 0 && (entry & ~1) >>> 0 !== head; i++) {
    // read on before the entry is let go
    const next = word(entry & ~1);
    if ((entry & ~1) >>> 0 !== (pending & ~1) >>> 0) release(entry >>> 0);
    entry = next;
  }
  if (pending > 0) release(pending >>> 0);
}
