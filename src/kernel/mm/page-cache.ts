// The pages of one file (or of shared memory without a file), in frames that programs map and reads copy from.
// Ours, after Linux's address_space (mm/filemap.c). A page is here once, whoever uses it: containers of one image share it.
import { ENOMEM } from '../abi/errno.js';
import type { Disk } from '../block/disk.js';
import { FRAME_FILE, FRAME_SHARED, type FrameAccount } from './frame-account.js';
import { type Frames, PAGE_SIZE } from './frames.js';

/** Where the pages come from, and go to when they are written. Errors are errno values, 0 is none. */
export interface PageSource {
  /** Told of what is read and written; undefined: nobody counts it. */
  readonly disk?: Disk;
  /** Fills the page's frame, which is all zeros, from byte `index * PAGE_SIZE` on; beyond the end it stays zeros. */
  readPage(index: number, into: Uint8Array): number;
  /** As readPage(), of pages behind each other; all of `into` is filled, whatever it holds. A source without this is not read ahead. */
  readPages?(index: number, into: Uint8Array): number;
  writePage?(index: number, from: Uint8Array): number;
  /** Has it something of the page? Else the page is a hole. A source without this knows no holes. */
  holds?(index: number): boolean;
  /** The next page behind `index` that it holds, or -1. */
  nextHeld?(index: number): number;
  /** How many pages it holds. */
  readonly heldCount?: number;
}

/** Who has mapped pages of a cache: told when pages go that a file has lost. */
export interface PageMapper {
  /** Pages [first, end) of the cache are no longer what the file has there. */
  unmapCached(cache: PageCache, first: number, end: number): void;
  /** A page is being written back: the next write to it must be noticed again. */
  protectCached(cache: PageCache, index: number): void;
  /** Maps of clean pages that can't be written, of those that `may` says, are given up: a fault brings them again. */
  releaseClean(cache: PageCache, may: (frame: number) => boolean): void;
  /** How many maps of it there are; `writes`: of those by which it is written, or can be. */
  mapsOf(cache: PageCache, writes?: boolean): number;
}

/** Pages of a file that are read in at once, at most. */
const RUN = 64;

export class PageCache {
  private readonly pages = new Map<number, number>();
  /** With who paid for memory when they were written to: whom writing them back is charged to. */
  private readonly dirty = new Map<number, FrameAccount | undefined>();
  private readonly mappers = new Set<PageMapper>();

  /** Without a source the pages themselves are the data: they are zeros until written, and never dropped. */
  constructor(
    readonly frames: Frames,
    readonly source?: PageSource,
  ) {}

  get pageCount(): number {
    return this.pages.size;
  }

  /** The frame of a page that is here, or 0. */
  peek(index: number): number {
    return this.pages.get(index) ?? 0;
  }

  /** Is it told of holes? */
  get knowsHoles(): boolean {
    return !this.source || this.source.holds !== undefined;
  }

  /** Is nothing there but zeros that nobody has written? */
  isHole(index: number): boolean {
    return this.knowsHoles && !this.pages.has(index) && !this.source?.holds?.(index);
  }

  /** Pages that are no holes, where those are known. */
  get dataPages(): number {
    const { source } = this;
    if (source?.heldCount === undefined) return this.pages.size;
    let count = source.heldCount;
    for (const index of this.pages.keys()) if (!source.holds?.(index)) count++;
    return count;
  }

  /** The next page behind `index` that is no hole, or -1. */
  nextPresent(index: number): number {
    let next = this.source?.nextHeld?.(index) ?? -1;
    for (const here of this.pages.keys()) if (here > index && (next < 0 || here < next)) next = here;
    return next;
  }

  /** Takes a page of another one: 0, or a negated errno. */
  copyFrom(source: PageCache, index: number): number {
    const { frames } = this;
    const page = source.get(index);
    if (page < 0) return page;
    // room for the other one may be made of clean pages
    frames.use(page);
    const copy = this.get(index);
    if (copy > 0) {
      frames.copy(page, copy);
      this.markDirty(index);
    }
    frames.release(page);
    return Math.min(0, copy);
  }

  /** How many of the pages [first, end) are here. */
  presentWithin(first: number, end: number): number {
    let count = 0;
    for (const here of this.pages.keys()) if (here >= first && here < end) count++;
    return count;
  }

  /** The frame of a page, read in when it is not here; a negated errno when it can't be had. The caller uses it at once, or takes a use of it. */
  get(index: number): number {
    const here = this.pages.get(index);
    if (here !== undefined) return here;
    const frame = this.frames.allocate(this.source ? FRAME_FILE : FRAME_SHARED);
    if (frame === 0) return -ENOMEM;
    if (this.source) {
      const at = this.frames.hostAddress(frame);
      const { disk } = this.source;
      const begun = disk?.begin() ?? 0;
      const errno = this.source.readPage(index, this.frames.bytes.subarray(at, at + PAGE_SIZE));
      if (errno !== 0) {
        this.frames.release(frame);
        return -errno;
      }
      this.frames.readIn++;
      disk?.noteRead(PAGE_SIZE, begun);
    }
    this.enter(index, frame);
    return frame;
  }

  /**
   * As get(), for who reads on to page `wanted` of a file of `end` pages: they come in together, and of a file that is read from its
   * beginning as many more as lie before. Linux mm/readahead.c.
   */
  getAhead(index: number, wanted: number, end: number): number {
    const here = this.pages.get(index);
    if (here !== undefined) return here;
    const before = this.pages.has(index - 1) ? index : 0;
    const most = Math.min(RUN, end - index, Math.max(wanted - index, before), this.frames.room);
    let count = 0;
    while (count < most && !this.pages.has(index + count) && !this.isHole(index + count)) count++;
    if (count > 1 && this.source?.readPages) this.readIn(index, count);
    return this.get(index);
  }

  /** Reads pages [first, first + count) in, of which none is here. What can't be read stays out: get() says why. */
  private readIn(first: number, count: number): void {
    const { frames } = this;
    const { disk } = this.source!;
    const begun = disk?.begin() ?? 0;
    const taken: number[] = [];
    let entered = 0;
    for (let frame = 1; taken.length < count && frame !== 0; ) {
      frame = frames.allocateDirty(FRAME_FILE);
      if (frame !== 0) taken.push(frame);
    }
    // frames that lie together are read in one piece
    taken.sort((one, other) => one - other);
    for (let from = 0; from < taken.length; ) {
      let end = from + 1;
      while (end < taken.length && taken[end]! === taken[end - 1]! + 1) end++;
      const at = frames.hostAddress(taken[from]!);
      const good =
        this.source!.readPages!(first + from, frames.bytes.subarray(at, at + (end - from) * PAGE_SIZE)) === 0;
      for (; from < end; from++)
        if (good) {
          this.enter(first + from, taken[from]!);
          entered++;
        } else frames.release(taken[from]!);
    }
    frames.readIn += entered;
    // however its frames lie, it is one stretch of the file
    if (entered > 0) disk?.noteRead(entered * PAGE_SIZE, begun);
  }

  private enter(index: number, frame: number): void {
    this.pages.set(index, frame);
    this.count(1);
  }

  private count(more: number): void {
    this.frames.cached += more;
    if (!this.source) this.frames.cachedOnly += more;
  }

  /** The page has been written in memory; a source gets it at the next flush. */
  markDirty(index: number): void {
    if (!this.source?.writePage || this.dirty.has(index)) return;
    this.dirty.set(index, this.frames.payer);
    this.countDirty(this.pages.get(index), 1);
  }

  /** `frame` is dirty, or not any more. */
  private countDirty(frame: number | undefined, more: number): void {
    this.frames.dirty += more;
    if (frame !== undefined) this.frames.accountOf(frame)?.dirtied(more);
  }

  /** Writes what is dirty back. The first error, or 0. */
  flush(): number {
    let first = 0;
    let before = -1;
    for (const [index, writer] of this.dirty) {
      const frame = this.pages.get(index);
      this.countDirty(frame, -1);
      if (frame === undefined) continue;
      for (const mapper of this.mappers) mapper.protectCached(this, index);
      const at = this.frames.hostAddress(frame);
      const { disk } = this.source!;
      const begun = disk?.begin() ?? 0;
      const errno = this.source!.writePage!(index, this.frames.bytes.subarray(at, at + PAGE_SIZE));
      // pages in a row are one operation
      disk?.noteWritten(index % RUN !== 0 && index === before + 1 ? 0 : 1, PAGE_SIZE, begun, writer);
      before = index;
      if (errno !== 0 && first === 0) first = errno;
    }
    this.dirty.clear();
    return first;
  }

  /** The file ends at `size` now: pages behind it go, also from programs that have mapped them, and the last one's rest is zeros. */
  truncate(size: number): void {
    const first = Math.ceil(size / PAGE_SIZE);
    this.drop(first, Number.POSITIVE_INFINITY);
    const rest = size % PAGE_SIZE;
    if (rest === 0 || this.isHole(first - 1)) return;
    const last = this.source?.holds ? this.get(first - 1) : this.peek(first - 1);
    if (last <= 0) return;
    this.frames.bytes.fill(0, this.frames.hostAddress(last) + rest, this.frames.hostAddress(last) + PAGE_SIZE);
    this.markDirty(first - 1);
  }

  /** Pages [first, end) go: a hole, or the end of the file. */
  drop(first: number, end: number): void {
    for (const mapper of this.mappers) mapper.unmapCached(this, first, end);
    if (end - first < this.pages.size) for (let index = first; index < end; index++) this.dropPage(index);
    else for (const index of [...this.pages.keys()]) if (index >= first && index < end) this.dropPage(index);
  }

  private dropPage(index: number): void {
    const frame = this.pages.get(index);
    if (frame === undefined) return;
    this.pages.delete(index);
    if (this.dirty.delete(index)) this.countDirty(frame, -1);
    this.frames.release(frame);
    this.count(-1);
    this.dropped();
  }

  /** A page has gone. */
  protected dropped(): void {}

  /**
   * Gives back clean pages that nobody else uses, and that can be read again; of those that `may` says, and with `mapped` those too
   * that programs have mapped and only read. How many frames that were.
   */
  reclaim(may: (frame: number) => boolean, mapped = false): number {
    if (!this.source) return 0;
    if (mapped) for (const mapper of this.mappers) mapper.releaseClean(this, may);
    let given = 0;
    for (const [index, frame] of this.pages) {
      if (this.frames.usesOf(frame) > 1 || this.dirty.has(index) || !may(frame)) continue;
      this.frames.accountOf(frame)?.reclaimed();
      this.giveUp(index, frame);
      given++;
    }
    return given;
  }

  /** The page can be read again. */
  private giveUp(index: number, frame: number): void {
    this.pages.delete(index);
    this.frames.release(frame);
    this.count(-1);
  }

  /** Clean pages of [first, end) that nobody uses are not wanted any more. */
  forget(first: number, end: number): void {
    if (!this.source) return;
    for (const [index, frame] of this.pages) {
      if (index < first || index >= end || this.frames.usesOf(frame) > 1 || this.dirty.has(index)) continue;
      this.giveUp(index, frame);
    }
  }

  /** The last program has unmapped it. */
  protected unmapped(): void {}

  addMapper(mapper: PageMapper): void {
    this.mappers.add(mapper);
  }

  removeMapper(mapper: PageMapper): void {
    if (this.mappers.delete(mapper) && this.mappers.size === 0) this.unmapped();
  }

  get users(): Iterable<PageMapper> {
    return this.mappers;
  }

  /** Has any program mapped it? */
  get mapped(): boolean {
    return this.mappers.size > 0;
  }
}

/** Memory that is shared by mapping it, and by nothing else: its pages go with the last map. */
export class SharedMemory extends PageCache {
  protected override unmapped(): void {
    this.drop(0, Number.POSITIVE_INFINITY);
  }
}
