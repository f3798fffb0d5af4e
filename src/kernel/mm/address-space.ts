// An address space: areas, and the page table that the processor walks. page-faults.ts joins the two.
// Ours, after Linux's mm/mmap.c.
import { EACCES, EEXIST, EINVAL, ENOMEM } from '../abi/errno.js';
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_LOCKED,
  MAP_PRIVATE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../abi/mman.js';
import { type Frames, PAGE_SIZE, pageCeil, pageFloor } from './frames.js';
import { readFlags, writeFlags } from './page-faults.js';
import type { PageCache, PageMapper } from './page-cache.js';
import { type PageTable, PTE_WRITE } from './page-table.js';
import { VmArea, VmAreas } from './vm-areas.js';

/** Areas that one space may have: Linux's vm.max_map_count. */
export const MAX_AREAS = 65530;

/** The processor's memory of translations, told what changed. */
export interface TranslationCache {
  /** Pages [from, to) of the space have lost rights or their frames. */
  forget(space: AddressSpace, from: number, to: number): void;
  /** Pages of the space that could be written can't be until they fault. */
  forgetWrites(space: AddressSpace): void;
}

/** Where exec has put the program, for /proc: addresses, the ends behind the last byte. */
export interface ProgramPlace {
  codeStart: number;
  codeEnd: number;
  dataStart: number;
  dataEnd: number;
  /** The stack pointer at its start. */
  stackStart: number;
}

/** How a space is laid out: the ABI's numbers. */
export interface SpaceLayout {
  /** First address behind what a program may map. */
  userEnd: number;
  /** Lowest address that a program may map without a privilege. */
  lowest: number;
  /** Mappings go downwards from here. */
  mmapTop: number;
}

export class AddressSpace implements PageMapper {
  readonly areas = new VmAreas();
  /** The heap: where it began and where it ends now (any byte). */
  brkStart = 0;
  brk = 0;
  /** Where exec put arguments and environment, for /proc. */
  argStart = 0;
  argEnd = 0;
  envStart = 0;
  envEnd = 0;
  program: Readonly<ProgramPlace> = { codeStart: 0, codeEnd: 0, dataStart: 0, dataEnd: 0, stackStart: 0 };
  /** The most that was resident whenever somebody looked. */
  peakResident = 0;
  /** The auxiliary vector as bytes, for /proc/PID/auxv. */
  auxv: Uint8Array = new Uint8Array(0);
  /** How far down the stack may grow: RLIMIT_STACK of the exec. */
  stackLimit = 8 << 20;
  /** PROT_READ means PROT_EXEC too (a program without PT_GNU_STACK). */
  readImpliesExecute = false;
  /** What membarrier(2) has registered: bits of its commands. */
  barriers = 0;
  /** New areas are locked: mlockall(MCL_FUTURE). */
  locksNew = false;
  /** prctl(PR_SET_THP_DISABLE). There are no huge pages. */
  noHugePages = false;
  /** Where the vDSO is. */
  vdso = 0;
  /** Tasks that run in it. */
  users = 1;

  constructor(
    readonly frames: Frames,
    readonly table: PageTable,
    readonly translations: TranslationCache,
    readonly layout: SpaceLayout,
  ) {}

  // ---- mappings -------------------------------------------------------------------------------------------------------------

  /**
   * Maps `length` bytes, rounded up to pages. `hint` is a wish, or with MAP_FIXED the place. The address, or a negated errno.
   * `offset` is bytes and a multiple of the page size.
   */
  map(
    hint: number,
    length: number,
    prot: number,
    flags: number,
    source?: { cache: PageCache; offset: number; file?: VmArea['file'] },
    name = '',
  ): number {
    const size = pageCeil(length);
    if (length === 0) return -EINVAL;
    if (size > this.layout.userEnd) return -ENOMEM;
    const start = this.place(hint, size, flags);
    if (start < 0) return start;
    if (this.areas.count >= MAX_AREAS) return -ENOMEM;
    if ((flags & MAP_FIXED) !== 0) this.unmap(start, size);
    const cache = source?.cache ?? undefined;
    const own = flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS);
    const kept = this.locksNew ? own | MAP_LOCKED : own;
    this.addArea(
      new VmArea(start, start + size, this.effective(prot), kept, cache, source?.offset ?? 0, source?.file, name),
    );
    return start;
  }

  effective(prot: number): number {
    return this.readImpliesExecute && (prot & 1) !== 0 ? prot | PROT_EXEC : prot;
  }

  addArea(area: VmArea): void {
    area.cache?.addMapper(this);
    this.areas.insert(area);
  }

  /** Where `size` bytes find room: an address, or a negated errno. */
  place(hint: number, size: number, flags: number): number {
    const { lowest, userEnd, mmapTop } = this.layout;
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0) {
      if (hint % PAGE_SIZE !== 0) return -EINVAL;
      if (hint + size > userEnd) return -ENOMEM;
      if ((flags & MAP_FIXED_NOREPLACE) !== 0 && this.areas.within(hint, hint + size).length > 0) return -EEXIST;
      return hint;
    }
    const wish = pageFloor(hint);
    if (wish >= lowest && wish + size <= userEnd && this.areas.within(wish, wish + size).length === 0) return wish;
    const down = this.areas.highestHole(size, lowest, mmapTop);
    if (down >= 0) return down;
    const up = this.areas.lowestHole(size, mmapTop, userEnd);
    return up >= 0 ? up : -ENOMEM;
  }

  /** Takes out what is mapped in [start, start + length). That nothing is there is no error. */
  unmap(start: number, length: number): void {
    for (const area of this.areas.remove(start, start + pageCeil(length))) {
      this.dropPages(area.start, area.end);
      if (area.cache) this.noteUnmapped(area.cache);
    }
  }

  /** Where pages of `old` were mapped those of `next` are. */
  exchange(old: PageCache, next: PageCache): void {
    for (const { start, end, prot, flags, offset, cache, name } of [...this.areas])
      if (cache === old) this.map(start, end - start, prot, flags | MAP_FIXED, { cache: next, offset }, name);
  }

  private noteUnmapped(cache: PageCache): void {
    for (const area of this.areas) if (area.cache === cache) return;
    cache.removeMapper(this);
  }

  mapsOf(cache: PageCache, writes = false): number {
    let count = 0;
    for (const area of this.areas)
      if (area.cache === cache && (!writes || (area.shared && (area.prot & PROT_WRITE) !== 0))) count++;
    return count;
  }

  private dropPages(from: number, to: number): void {
    if (this.table.drop(from, to)) this.translations.forget(this, from, to);
  }

  /** mprotect(2): 0, or a negated errno. */
  protect(start: number, length: number, prot: number): number {
    const end = start + pageCeil(length);
    if (start % PAGE_SIZE !== 0) return -EINVAL;
    const wanted = this.effective(prot);
    const whole = this.areas.at(start);
    if (whole && whole.start === start && whole.end === end) {
      if (this.deniesProt(whole, wanted)) return -EACCES;
      this.setProt(whole, wanted);
      this.areas.joinAround(whole);
    } else {
      if (!this.areas.covers(start, end)) return -ENOMEM;
      for (const area of this.areas.within(start, end)) if (this.deniesProt(area, wanted)) return -EACCES;
      for (const area of this.areas.remove(start, end)) {
        this.setProt(area, wanted);
        this.areas.insert(area);
      }
    }
    this.translations.forget(this, start, end);
    return 0;
  }

  /** A file that was not opened for writing is not written by its maps. */
  private deniesProt(area: VmArea, prot: number): boolean {
    return area.shared && (prot & PROT_WRITE) !== 0 && area.file !== undefined && !area.file.writable;
  }

  private setProt(area: VmArea, prot: number): void {
    area.prot = prot;
    const flags = readFlags(area);
    // a private page that is the program's alone need not fault before it can be written
    const alone = !area.shared && (prot & PROT_WRITE) !== 0 ? writeFlags(area) : flags;
    this.table.protectRange(area.start, area.end, flags, alone);
  }

  /** madvise(MADV_DONTNEED): private pages are as they were at first. */
  discard(start: number, length: number): void {
    const end = start + pageCeil(length);
    for (const area of this.areas.within(start, end))
      this.dropPages(Math.max(start, area.start), Math.min(end, area.end));
  }

  /** brk(2): the end of the heap, moved when that is possible. */
  setBrk(wanted: number): number {
    if (wanted < this.brkStart || wanted > this.layout.userEnd) return this.brk;
    const from = pageCeil(this.brk);
    const to = pageCeil(wanted);
    if (to > from) {
      if (this.areas.within(from, to + PAGE_SIZE).length > 0) return this.brk;
      this.addArea(
        new VmArea(from, to, this.effective(PROT_READ | PROT_WRITE), MAP_PRIVATE, undefined, 0, undefined, '[heap]'),
      );
    } else if (to < from) this.unmap(to, from - to);
    this.brk = wanted;
    return wanted;
  }

  /** PageMapper: the cache has lost pages [first, end). Private copies go too, as Linux has it for truncated files. */
  unmapCached(cache: PageCache, first: number, end: number): void {
    for (const area of this.areas) {
      if (area.cache !== cache) continue;
      const base = area.offset / PAGE_SIZE;
      const from = Math.max(area.start, area.start + (first - base) * PAGE_SIZE);
      const to = Math.min(area.end, area.start + (end - base) * PAGE_SIZE);
      if (from < to) this.dropPages(from, to);
    }
  }

  /** PageMapper: whoever writes the page next faults, so that it is dirty again. */
  protectCached(cache: PageCache, index: number): void {
    for (const area of this.areas) {
      if (area.cache !== cache || !area.shared) continue;
      const page = area.start + (index - area.offset / PAGE_SIZE) * PAGE_SIZE;
      if (page < area.start || page >= area.end || (this.table.flags(page) & PTE_WRITE) === 0) continue;
      this.table.protect(page, readFlags(area));
      this.translations.forget(this, page, page + PAGE_SIZE);
    }
  }

  releaseClean(cache: PageCache, may: (frame: number) => boolean): void {
    for (const area of this.areas) {
      if (area.cache !== cache || (area.flags & MAP_LOCKED) !== 0) continue;
      let any = false;
      this.table.each(area.start, area.end, (address, frame, flags) => {
        if ((flags & PTE_WRITE) !== 0 || cache.peek(area.cacheIndex(address)) !== frame || !may(frame)) return;
        this.table.clear(address);
        this.frames.release(frame);
        any = true;
      });
      if (any) this.translations.forget(this, area.start, area.end);
    }
  }

  // ---- life -----------------------------------------------------------------------------------------------------------------

  /** A copy for a child: pages are shared until one of the two writes. Undefined: no frames for its tables. */
  fork(table: PageTable): AddressSpace | undefined {
    const child = new AddressSpace(this.frames, table, this.translations, this.layout);
    child.brkStart = this.brkStart;
    child.brk = this.brk;
    child.argStart = this.argStart;
    child.argEnd = this.argEnd;
    child.envStart = this.envStart;
    child.envEnd = this.envEnd;
    child.auxv = this.auxv;
    child.stackLimit = this.stackLimit;
    child.readImpliesExecute = this.readImpliesExecute;
    child.vdso = this.vdso;
    child.program = this.program;
    child.barriers = this.barriers;
    child.noHugePages = this.noHugePages;
    let complete = true;
    for (const area of this.areas) {
      if (area.atFork === 'drop') continue;
      const part = area.part(area.start, area.end);
      // a child has nothing locked
      part.flags &= ~MAP_LOCKED;
      child.addArea(part);
      if (area.atFork === 'wipe' || !complete) continue;
      complete = this.table.share(table, area.start, area.end, !area.shared);
    }
    this.translations.forgetWrites(this);
    if (complete) return child;
    child.free();
    return undefined;
  }

  /** Everything is unmapped and the tables go. Nobody may run in it any more. */
  free(): void {
    this.unmap(0, this.layout.userEnd);
    this.translations.forget(this, 0, this.layout.userEnd);
    this.table.free();
  }
}
