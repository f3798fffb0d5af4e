// The memory of a group and of all below it: what is charged, the limits, what has happened at them.
// cgroup-v2.rst, "Memory"; Linux mm/memcontrol.c, mm/page_counter.c. Sizes are pages.
import type { Kernel } from '../kernel.js';
import { FRAME_KERNEL, FRAME_KINDS, type FrameAccount } from '../mm/frame-account.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Cgroup } from './cgroup.js';
import { ChangeNotice } from '../task/change-notice.js';
import type { GroupState } from './controller.js';
import { makeRoom } from './memory-limit.js';

/** What memory.events counts. */
export type MemoryEvent = 'low' | 'high' | 'max' | 'oom' | 'oom_kill' | 'oom_group_kill';

const noEvents = (): Record<MemoryEvent, number> => ({
  low: 0,
  high: 0,
  max: 0,
  oom: 0,
  oom_kill: 0,
  oom_group_kill: 0,
});

export class MemoryState implements FrameAccount, GroupState {
  number = 0;
  usage = 0;
  peak = 0;
  /** `usage` by FRAME_*. */
  readonly kinds: number[] = new Array(FRAME_KINDS).fill(0);
  /** Charged to the group itself. */
  private own = 0;
  private gone = false;
  /** Bytes of keep(), which are charged in whole pages. */
  private kept = 0;

  max = Number.POSITIVE_INFINITY;
  high = Number.POSITIVE_INFINITY;
  low = 0;
  min = 0;
  /** memory.oom.group: all or nobody is killed. */
  oomGroup = false;
  /** How often in a row there was next to nothing to take. */
  poorReclaims = 0;

  faults = 0;
  majorFaults = 0;
  /** Pages of files that are to be written back, and those that were taken for want of memory so far. */
  dirty = 0;
  taken = 0;
  readonly events = noEvents();
  readonly localEvents = noEvents();
  readonly eventsNotice = new ChangeNotice();
  readonly localEventsNotice = new ChangeNotice();

  constructor(
    readonly kernel: Kernel,
    readonly cgroup: Cgroup,
    /** Of the group above; undefined: that is the root, which has no limits. */
    readonly parent: MemoryState | undefined,
  ) {
    if (!cgroup.isRoot) kernel.frames.addAccount(this);
  }

  // ---- FrameAccount -----------------------------------------------------------------------------------------------------------

  get room(): number {
    let room = Number.POSITIVE_INFINITY;
    for (let at: MemoryState | undefined = this; at; at = at.parent)
      room = Math.min(room, at.max - at.usage, at.high - at.usage);
    return room;
  }

  charge(kind: number): boolean {
    for (let at: MemoryState | undefined = this; at; at = at.parent)
      if (at.usage >= at.max && !makeRoom(at)) return false;
    this.own++;
    for (let at: MemoryState | undefined = this; at; at = at.parent) {
      const usage = ++at.usage;
      at.kinds[kind]!++;
      if (usage > at.peak) at.peak = usage;
      if (usage > at.high) this.kernel.current?.overHigh(at);
    }
    return true;
  }

  uncharge(kind: number): void {
    this.own--;
    for (let at: MemoryState | undefined = this; at; at = at.parent) {
      at.usage--;
      at.kinds[kind]!--;
    }
    if (this.gone && this.own === 0) this.kernel.frames.dropAccount(this);
  }

  hold(kind: number, pages: number): void {
    this.own += pages;
    for (let at: MemoryState | undefined = this; at; at = at.parent) {
      at.usage += pages;
      at.kinds[kind]! += pages;
      at.peak = Math.max(at.peak, at.usage);
      if (pages > 0 && at.usage > at.high) this.kernel.current?.overHigh(at);
    }
    if (this.gone && this.own === 0) this.kernel.frames.dropAccount(this);
  }

  dirtied(pages: number): void {
    for (let at: MemoryState | undefined = this; at; at = at.parent) at.dirty += pages;
  }

  reclaimed(): void {
    for (let at: MemoryState | undefined = this; at; at = at.parent) at.taken++;
  }

  keep(bytes: number): boolean {
    const pages = Math.ceil((this.kept + bytes) / PAGE_SIZE) - Math.ceil(this.kept / PAGE_SIZE);
    for (let done = 0; done < pages; done++) {
      if (this.charge(FRAME_KERNEL)) continue;
      this.hold(FRAME_KERNEL, -done);
      return false;
    }
    if (pages < 0) this.hold(FRAME_KERNEL, pages);
    this.kept += bytes;
    return true;
  }

  get heir(): MemoryState | undefined {
    let at: MemoryState | undefined = this;
    while (at?.gone) at = at.parent;
    return at;
  }

  /** Pages that outlive the group stay charged to those above it. */
  offline(): void {
    this.gone = true;
    if (this.own === 0) this.kernel.frames.dropAccount(this);
  }

  // ---- what happens -----------------------------------------------------------------------------------------------------------

  note(event: MemoryEvent): void {
    this.localEvents[event]++;
    this.localEventsNotice.changed();
    for (let at: MemoryState | undefined = this; at; at = at.parent) {
      at.events[event]++;
      at.eventsNotice.changed();
      // memory_localevents: those above hear nothing
      if (this.kernel.cgroups.localEvents) break;
    }
  }

  noteFault(major: boolean): void {
    for (let at: MemoryState | undefined = this; at; at = at.parent)
      if (major) at.majorFaults++;
      else at.faults++;
  }

  isWithin(other: MemoryState): boolean {
    let at: MemoryState | undefined = this;
    while (at && at !== other) at = at.parent;
    return at === other;
  }
}
