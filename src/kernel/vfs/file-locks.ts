// Advisory locks of one file: of byte ranges (fcntl) and of the whole (flock). man 2 fcntl, flock; Linux fs/locks.c.
// Ranges belong to a descriptor table (POSIX) or to an open file (OFD); they meet each other, but never flock's.
import { ENOLCK } from '../abi/errno.js';
import { F_RDLCK, F_UNLCK, F_WRLCK } from '../abi/fcntl.js';
import type { Pid } from '../ns/pid-namespace.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { FdTable } from './fd-table.js';
import type { Inode } from './inode.js';
import type { OpenFile } from './open-file.js';

/** Locks of ranges that a kernel has at most. */
const LOCKS_MAX = 1 << 17;

/** F_RDLCK (flock: LOCK_SH) or F_WRLCK (LOCK_EX). */
export type LockType = typeof F_RDLCK | typeof F_WRLCK;

export interface RangeLock {
  readonly owner: FdTable | OpenFile;
  /** Of the process that made it; undefined: it belongs to an open file, whoever has that. */
  readonly pid?: Pid;
  readonly type: LockType;
  readonly start: number;
  /** Behind the last byte; Infinity: as far as the file may grow. */
  readonly end: number;
}

export interface WholeLock {
  readonly owner: OpenFile;
  readonly pid: Pid;
  readonly type: LockType;
}

/** What a task that is blocked waits for: the note of its call. */
export class LockWait {
  constructor(
    readonly locks: FileLocks,
    readonly wanted: RangeLock | WholeLock,
  ) {}
}

/** The files of a kernel that have locks. */
export class LockedFiles {
  readonly files = new Set<FileLocks>();
  ranges = 0;
}

const meet = (one: LockType, other: LockType): boolean => one === F_WRLCK || other === F_WRLCK;
const overlap = (one: RangeLock, other: RangeLock): boolean => one.start < other.end && other.start < one.end;

export class FileLocks {
  ranges: RangeLock[] = [];
  wholes: WholeLock[] = [];
  readonly waits = new WaitQueue();

  constructor(
    readonly inode: Inode,
    private readonly table: LockedFiles,
  ) {}

  static of(inode: Inode, table: LockedFiles): FileLocks {
    inode.locks ??= new FileLocks(inode, table);
    return inode.locks;
  }

  // ---- ranges ---------------------------------------------------------------------------------------------------------------

  /** The first lock of another owner that stands in the way. */
  conflict(wanted: RangeLock | WholeLock): RangeLock | WholeLock | undefined {
    if (!('start' in wanted))
      return this.wholes.find((lock) => lock.owner !== wanted.owner && meet(lock.type, wanted.type));
    return this.ranges.find(
      (lock) => lock.owner !== wanted.owner && overlap(lock, wanted) && meet(lock.type, wanted.type),
    );
  }

  /** The owner's range is locked so from now on, whatever it was. Nobody stands in the way. 0, or -ENOLCK. */
  setRange(wanted: RangeLock): number {
    if (this.table.ranges + 2 > LOCKS_MAX) return -ENOLCK;
    let { start, end } = wanted;
    // neighbours of the same type become one with it
    for (const lock of this.ranges) {
      if (lock.owner !== wanted.owner || lock.type !== wanted.type) continue;
      if (lock.end < wanted.start || lock.start > wanted.end) continue;
      start = Math.min(start, lock.start);
      end = Math.max(end, lock.end);
    }
    const kept = this.without(wanted.owner, start, end);
    // an owner's locks are together, in order
    let at = kept.findIndex((lock) => lock.owner === wanted.owner && lock.start > start);
    if (at < 0) at = kept.map((lock) => lock.owner).lastIndexOf(wanted.owner) + 1 || kept.length;
    kept.splice(at, 0, { ...wanted, start, end });
    this.take(kept);
    return 0;
  }

  clearRange(owner: RangeLock['owner'], start: number, end: number): number {
    if (this.table.ranges + 1 > LOCKS_MAX && end !== Number.POSITIVE_INFINITY) return -ENOLCK;
    this.take(this.without(owner, start, end));
    return 0;
  }

  /** The locks, but what `owner` has in [start, end). */
  private without(owner: RangeLock['owner'], start: number, end: number): RangeLock[] {
    const kept: RangeLock[] = [];
    for (const lock of this.ranges) {
      if (lock.owner !== owner || lock.end <= start || lock.start >= end) {
        kept.push(lock);
        continue;
      }
      if (lock.start < start) kept.push({ ...lock, end: start });
      if (lock.end > end) kept.push({ ...lock, start: end });
    }
    return kept;
  }

  private take(ranges: RangeLock[]): void {
    this.table.ranges += ranges.length - this.ranges.length;
    this.ranges = ranges;
    this.changed();
  }

  // ---- the whole file -------------------------------------------------------------------------------------------------------

  wholeOf(file: OpenFile): WholeLock | undefined {
    return this.wholes.find((lock) => lock.owner === file);
  }

  setWhole(wanted: WholeLock): void {
    this.wholes.push(wanted);
    this.changed();
  }

  clearWhole(file: OpenFile): void {
    if (!this.wholeOf(file)) return;
    this.wholes = this.wholes.filter((lock) => lock.owner !== file);
    this.changed();
  }

  // ---- ends -----------------------------------------------------------------------------------------------------------------

  /** A descriptor or an open file of the owner is closed: all that it has goes. */
  release(owner: FdTable | OpenFile): void {
    if (this.ranges.some((lock) => lock.owner === owner)) this.take(this.ranges.filter((lock) => lock.owner !== owner));
    this.clearWhole(owner as OpenFile);
  }

  private changed(): void {
    if (this.ranges.length + this.wholes.length > 0) this.table.files.add(this);
    else this.table.files.delete(this);
    this.waits.wake();
  }
}

/** Types of fcntl's locks. */
export function isLockType(type: number): type is LockType | typeof F_UNLCK {
  return type === F_RDLCK || type === F_WRLCK || type === F_UNLCK;
}
