// Locks of files: fcntl's of ranges, flock's of the whole. man 2 fcntl (advisory record locking, open file description locks), flock.
import { EAGAIN, EBADF, EDEADLK, EINVAL, EOVERFLOW } from '../abi/errno.js';
import {
  F_GETLK,
  F_GETLK64,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLK,
  F_SETLK64,
  F_SETLKW,
  F_SETLKW64,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  O_PATH,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../abi/fcntl.js';
import type { Layout } from '../abi/layout.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { FileLocks, isLockType, LockWait, type RangeLock, type WholeLock } from '../vfs/file-locks.js';
import type { OpenFile } from '../vfs/open-file.js';
import { readStruct, writeStruct } from './user-struct.js';

const GETS = new Set<number>([F_GETLK, F_GETLK64, F_OFD_GETLK]);
const WAITS = new Set<number>([F_SETLKW, F_SETLKW64, F_OFD_SETLKW]);
const OFD = new Set<number>([F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW]);
const WIDE = new Set<number>([F_GETLK64, F_SETLK64, F_SETLKW64, ...OFD]);
export const LOCK_COMMANDS = new Set<number>([...WIDE, F_GETLK, F_SETLK, F_SETLKW]);
/** Commands of fcntl64 alone, where an ABI has two calls. */
export const WIDE_LOCK_COMMANDS: ReadonlySet<number> = WIDE;

/** Links of waiting owners that are followed to see whether a wait would never end, as Linux bounds it. */
const DEADLOCK_DEPTH = 10;

type Flock = Record<'type' | 'whence' | 'start' | 'length' | 'pid', number>;

/** fcntl(2) with a struct flock. */
export function recordLock(task: Task, file: OpenFile, command: number, address: number): number {
  const layout = WIDE.has(command) ? task.abi.structs.flock64 : task.abi.structs.flock;
  const asked = readStruct(task, layout, address) as Flock | number;
  if (typeof asked === 'number') return asked;
  const byFile = OFD.has(command);
  if (!isLockType(asked.type) || (byFile && asked.pid !== 0)) return -EINVAL;
  const get = GETS.has(command);
  if (get && asked.type === F_UNLCK && !byFile) return -EINVAL;
  const range = rangeOf(file, asked);
  if (typeof range === 'number') return range;
  const owner = byFile ? file : task.files;
  const locks = FileLocks.of(file.inode, task.kernel.lockedFiles);
  const wanted = { owner, pid: byFile ? undefined : task.process.pid, ...range };
  if (get) return tell(task, locks, layout, address, asked, wanted);
  if (asked.type === F_UNLCK) return locks.clearRange(owner, range.start, range.end);
  if (asked.type === F_RDLCK ? !file.readable : !file.writable) return -EBADF;
  const lock: RangeLock = { ...wanted, type: asked.type };
  const conflict = locks.conflict(lock) as RangeLock | undefined;
  if (!conflict) return locks.setRange(lock);
  if (!WAITS.has(command)) return -EAGAIN;
  if (!byFile && wouldDeadlock(task, lock, conflict)) return -EDEADLK;
  return waitFor(task, locks, lock);
}

/** Bytes that a struct flock speaks of. */
function rangeOf(file: OpenFile, { whence, start, length }: Flock): { start: number; end: number } | number {
  const base =
    whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : whence === SEEK_END ? file.inode.size : undefined;
  if (base === undefined) return -EINVAL;
  const from = base + start;
  const to = from + length;
  if (from > 2 ** 63 || to > 2 ** 63) return -EOVERFLOW;
  if (from < 0 || to < 0) return -EINVAL;
  if (length === 0) return { start: from, end: Number.POSITIVE_INFINITY };
  return length > 0 ? { start: from, end: to } : { start: to, end: from };
}

/** F_GETLK: the lock that stands in the way, or that there is none. */
function tell(
  task: Task,
  locks: FileLocks,
  layout: Layout,
  address: number,
  asked: Flock,
  wanted: Omit<RangeLock, 'type'>,
): number {
  // an open file may ask for what it has locked itself
  const found =
    asked.type === F_UNLCK
      ? locks.ranges.find((lock) => lock.owner === wanted.owner && lock.start < wanted.end && wanted.start < lock.end)
      : (locks.conflict({ ...wanted, type: asked.type as RangeLock['type'] }) as RangeLock | undefined);
  if (!found) return writeStruct(task, layout, address, { ...asked, type: F_UNLCK });
  const { type, start, end, pid } = found;
  const length = end === Number.POSITIVE_INFINITY ? 0 : end - start;
  if (layout === task.abi.structs.flock && Math.max(start, length) > task.abi.wordMax / 2) return -EOVERFLOW;
  const number = pid ? pid.in(task.pidNamespace) : -1;
  return writeStruct(task, layout, address, { type, whence: SEEK_SET, start, length, pid: number });
}

function waitFor(task: Task, locks: FileLocks, wanted: RangeLock | WholeLock): number {
  const waiting = task.block(locks.waits);
  task.callState.note = waiting === BLOCK ? new LockWait(locks, wanted) : undefined;
  return waiting;
}

/** Does the holder of `blocker`, by those that it waits for itself, wait for the owner of `lock`? */
function wouldDeadlock(task: Task, lock: RangeLock, blocker: RangeLock): boolean {
  let { owner } = blocker;
  for (let depth = 0; depth < DEADLOCK_DEPTH; depth++) {
    if (owner === lock.owner) return true;
    const wait = waitOf(task, owner);
    const next = wait?.locks.conflict(wait.wanted);
    if (!next) return false;
    owner = next.owner;
  }
  return false;
}

/** The lock that an owner waits for. */
function waitOf(task: Task, owner: RangeLock['owner']): LockWait | undefined {
  for (const { state, call } of task.kernel.tasks) {
    const note = call?.state.note;
    if (state === 'blocked' && note instanceof LockWait && note.wanted.owner === owner && 'start' in note.wanted)
      return note;
  }
  return undefined;
}

export function flock(task: Task, fd: number, operation: number): number {
  const type = operation & ~LOCK_NB;
  if (type !== LOCK_SH && type !== LOCK_EX && type !== LOCK_UN) return -EINVAL;
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  const locks = FileLocks.of(file.inode, task.kernel.lockedFiles);
  if (type === LOCK_UN) {
    locks.clearWhole(file);
    return 0;
  }
  const wanted: WholeLock = {
    owner: file,
    pid: task.process.pid,
    type: type === LOCK_SH ? F_RDLCK : F_WRLCK,
  };
  if (locks.wholeOf(file)?.type === wanted.type) return 0;
  // a conversion is no single step: the old lock goes first, and is lost when the new one can't be had
  locks.clearWhole(file);
  if (!locks.conflict(wanted)) {
    locks.setWhole(wanted);
    return 0;
  }
  return (operation & LOCK_NB) !== 0 ? -EAGAIN : waitFor(task, locks, wanted);
}
