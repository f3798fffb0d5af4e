// What a group and all below it move to and from disks: counts, limits, weights. Who is above a limit has moved his data already, and
// waits behind that until it is paid for, before he goes on; so a rate holds however large the pieces are.
// cgroup-v2.rst, "IO"; Linux block/blk-throttle.c, block/blk-iocost.c.
import type { Disk } from '../block/disk.js';
import type { Kernel } from '../kernel.js';
import { PRESSURE_IO } from '../task/stall.js';
import type { Cgroup } from './cgroup.js';
import type { GroupState } from './controller.js';

export const IO_WEIGHT_DEFAULT = 100;
/** Cost of an operation beside that of its bytes. */
const OPERATION = 4096;
/** What a group has not moved for so long it may move at once, in nanoseconds: who is woken late loses nothing. Linux DFL_THROTL_SLICE_SSD. */
const CREDIT = 20e6;
/** A group competes for a disk for so long after it has used it, in nanoseconds. */
const COMPETES = 10e6;
/** How far a group may be ahead of those that it competes with, in bytes of a group that has the disk alone; how long it then waits. */
const AHEAD_MAX = 128 << 10;
const AHEAD_WAIT = 5e6;

/** Of one disk and one direction. */
export class IoUse {
  bytes = 0;
  operations = 0;
  /** A second: io.max. */
  bytesMax = Number.POSITIVE_INFINITY;
  operationsMax = Number.POSITIVE_INFINITY;
  /** When what has been moved so far is paid for, in nanoseconds of the monotonic clock. */
  private bytesPaid = 0;
  private operationsPaid = 0;

  get limited(): boolean {
    return this.bytesMax !== Number.POSITIVE_INFINITY || this.operationsMax !== Number.POSITIVE_INFINITY;
  }

  limit(bytesMax: number, operationsMax: number): void {
    this.bytesMax = bytesMax;
    this.operationsMax = operationsMax;
    this.bytesPaid = this.operationsPaid = 0;
  }

  /** When so much more is paid for. */
  charge(operations: number, bytes: number, now: number): number {
    this.operations += operations;
    this.bytes += bytes;
    if (!this.limited) return 0;
    const since = now - CREDIT;
    this.bytesPaid = Math.max(this.bytesPaid, since) + (bytes * 1e9) / this.bytesMax;
    this.operationsPaid = Math.max(this.operationsPaid, since) + (operations * 1e9) / this.operationsMax;
    return Math.max(this.bytesPaid, this.operationsPaid);
  }
}

/** Of one disk. */
export class DiskUse {
  /** By DISK_*. */
  readonly use: readonly [IoUse, IoUse] = [new IoUse(), new IoUse()];
  /** io.weight of this disk; undefined: the group's own. */
  weight?: number;
  /** What it has used of the disk, the slower the greater its share. */
  virtualTime = 0;
  /** When the group itself has used it; when it or those below it have. */
  lastOwn = Number.NEGATIVE_INFINITY;
  lastUsed = Number.NEGATIVE_INFINITY;
  readonly competitors = new Set<IoState>();
  /** Nanoseconds that tasks were held back for it. */
  throttledTime = 0;
}

export class IoState implements GroupState {
  readonly disks = new Map<Disk, DiskUse>();
  /** 1 to 10000 against its siblings. */
  weight = IO_WEIGHT_DEFAULT;

  constructor(
    private readonly kernel: Kernel,
    readonly cgroup: Cgroup,
    readonly parent: IoState | undefined,
  ) {}

  /** It competes no more. */
  offline(): void {
    if (this.parent) for (const { competitors } of this.parent.disks.values()) competitors.delete(this);
  }

  /** The disk is gone. */
  forget(disk: Disk): void {
    this.disks.delete(disk);
  }

  of(disk: Disk): DiskUse {
    let use = this.disks.get(disk);
    if (!use) {
      use = new DiskUse();
      this.disks.set(disk, use);
    }
    return use;
  }

  /** The group has moved something. Whoever has the processor pays where it is his own group's limit. */
  charge(disk: Disk, direction: number, operations: number, bytes: number, now: number): void {
    const { current } = this.kernel;
    for (let at: IoState | undefined = this; at?.parent; at = at.parent) {
      const here = at.of(disk);
      const paid = here.use[direction]!.charge(operations, bytes, now);
      if (paid <= now || !current?.cgroup.isWithin(at.cgroup)) continue;
      here.throttledTime += Math.max(0, paid - Math.max(now, current.heldUntil));
      current.hold(paid, PRESSURE_IO);
    }
    if (this.isAhead(disk, bytes + operations * OPERATION, now) && current?.cgroup.isWithin(this.cgroup))
      current.hold(now + AHEAD_WAIT, PRESSURE_IO);
  }

  // ---- weights: who uses a disk while others use it gets his share ------------------------------------------------------------------

  weightOf(disk: Disk): number {
    return this.disks.get(disk)?.weight ?? this.weight;
  }

  private competes(disk: Disk, now: number): boolean {
    return now - this.of(disk).lastUsed < COMPETES;
  }

  /** Those below it that compete for the disk now. */
  private competitors(disk: Disk, now: number): ReadonlySet<IoState> {
    const { competitors } = this.of(disk);
    for (const state of competitors) if (!state.competes(disk, now)) competitors.delete(state);
    return competitors;
  }

  /** The part of the disk that is the group's, on each level by the weights of those that compete. */
  private shareOf(disk: Disk, now: number): number {
    let share = 1;
    for (let at: IoState = this; at.parent; at = at.parent) {
      let all = 0;
      for (const one of at.parent.competitors(disk, now)) all += one.weightOf(disk);
      share *= at.weightOf(disk) / all;
    }
    return share;
  }

  /** `cost` bytes more. Is the group so far ahead of the others that it should wait? */
  private isAhead(disk: Disk, cost: number, now: number): boolean {
    if (!this.parent) return false;
    const own = this.of(disk);
    // who has not competed begins where the others are
    if (now - own.lastOwn >= COMPETES) own.virtualTime = Math.max(own.virtualTime, disk.virtualTime);
    own.lastOwn = now;
    for (let at: IoState = this; at.parent; at = at.parent) {
      at.of(disk).lastUsed = now;
      at.parent.of(disk).competitors.add(at);
    }
    const share = this.shareOf(disk, now);
    own.virtualTime += cost / share;
    disk.virtualTime = share === 1 ? own.virtualTime : this.slowest(disk, own.virtualTime, now);
    return own.virtualTime - disk.virtualTime > AHEAD_MAX;
  }

  /** The least that any of those who compete has used, or `most`. */
  private slowest(disk: Disk, most: number, now: number): number {
    let root: IoState = this;
    while (root.parent) root = root.parent;
    let least = most;
    const waiting = [root];
    for (let state = waiting.pop(); state; state = waiting.pop()) {
      const { lastOwn, virtualTime } = state.of(disk);
      if (now - lastOwn < COMPETES) least = Math.min(least, virtualTime);
      for (const other of state.competitors(disk, now)) waiting.push(other);
    }
    return least;
  }
}
