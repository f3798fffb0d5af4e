// An address space: areas, the page table that the processor walks, and the faults that join the two.
// Ours, after Linux's mm/memory.c and mmap.c. Pages come on demand; private pages are copied when they are written.
import { EACCES, EEXIST, EFAULT, EINVAL, ENOMEM } from '../abi/errno.js';
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
import { type Frames, PAGE_SIZE, pageOffset } from './frames.js';
import type { PageCache, PageMapper } from './page-cache.js';
import {
  type PageTable,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_NO_EXECUTE,
  PTE_PRESENT,
  PTE_USER,
  PTE_WRITE,
} from './page-table.js';
import { VmArea, VmAreas } from './vm-areas.js';

/** What an access needs, and what came of it. */
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_EXECUTE = 2;
export const FAULT_DONE = 0;
/** No area there (SEGV_MAPERR), or one without the right (SEGV_ACCERR). */
export const FAULT_UNMAPPED = 1;
export const FAULT_DENIED = 2;
/** The file has no such page, or could not be read (SIGBUS). */
export const FAULT_NO_PAGE = 3;
/** No frame left. */
export const FAULT_NO_MEMORY = 4;

/** Pages of a file that are cached already and lie around a faulting one come in with it, in groups of so many. */
const FAULT_AROUND = 16;
/** How far below the stack's area an access still lets it grow, when nothing else is in the way. */
const STACK_GAP = 256 * PAGE_SIZE;
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

/** Bytes of a space. */
export interface SpaceUsage {
  /** In pages that have a frame; the shared page of zeros does not count. */
  resident: number;
  /** Of these: the program's own, those of a file's cache, and those of shared memory. */
  anonymous: number;
  file: number;
  shared: number;
  mapped: number;
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

export const pageFloor = (address: number): number => address - pageOffset(address);
export const pageCeil = (address: number): number => pageFloor(address + PAGE_SIZE - 1);

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
    private readonly translations: TranslationCache,
    readonly layout: SpaceLayout,
  ) {}

  // ---- faults ---------------------------------------------------------------------------------------------------------------

  /** Makes `address` accessible (ACCESS_*), if the program may: FAULT_*. */
  fault(address: number, access: number): number {
    let area = this.areas.at(address);
    if (!area) {
      area = this.growStack(address);
      if (!area) return FAULT_UNMAPPED;
    }
    if (!this.permits(area, access)) return FAULT_DENIED;
    const page = pageFloor(address);
    const flags = this.table.flags(page);
    if ((flags & PTE_PRESENT) === 0) return this.bringIn(area, page, access);
    if (access !== ACCESS_WRITE) {
      // the rights in the table lag behind the area's
      this.table.protect(page, (flags & PTE_WRITE) | this.readFlags(area));
      this.translations.forget(this, page, page + PAGE_SIZE);
      return FAULT_DONE;
    }
    return (flags & PTE_WRITE) !== 0 && (flags & PTE_USER) !== 0 ? FAULT_DONE : this.makeWritable(area, page);
  }

  /**
   * The frame at `address` for somebody to whom the page's rights do not matter: a tracer. To be written it must be the program's own
   * page, and what is shared is written by who may write it alone. 0: there is none.
   */
  forcedFrame(address: number, write: boolean): number {
    const area = this.areas.at(address);
    if (!area || (write && area.shared)) return 0;
    const page = pageFloor(address);
    if ((this.table.flags(page) & PTE_PRESENT) === 0 && this.bringIn(area, page, ACCESS_READ) !== FAULT_DONE) return 0;
    if (write) {
      if (this.makeWritable(area, page) !== FAULT_DONE) return 0;
      // the program may do no more than before
      this.table.protect(page, this.readFlags(area) | PTE_DIRTY);
      this.translations.forget(this, page, page + PAGE_SIZE);
      this.frames.written(this.table.frameOf(page));
    }
    return this.table.frameOf(page);
  }

  private permits(area: VmArea, access: number): boolean {
    if (access === ACCESS_WRITE) return (area.prot & PROT_WRITE) !== 0;
    if (access === ACCESS_EXECUTE) return (area.prot & PROT_EXEC) !== 0;
    return area.prot !== 0;
  }

  private readFlags(area: VmArea): number {
    const execute = (area.prot & PROT_EXEC) !== 0 ? 0 : PTE_NO_EXECUTE;
    return PTE_PRESENT | PTE_ACCESSED | (area.prot === 0 ? 0 : PTE_USER) | execute;
  }

  private writeFlags(area: VmArea): number {
    return this.readFlags(area) | PTE_WRITE | PTE_DIRTY;
  }

  private growStack(address: number): VmArea | undefined {
    const area = this.areas.from(address);
    if (!area?.growsDown || area.start - address > STACK_GAP * 32) return undefined;
    const start = pageFloor(address);
    if (area.end - start > this.stackLimit) return undefined;
    const below = this.areas.below(area.start);
    if (below && below.end + STACK_GAP > start && below.prot !== 0) return undefined;
    this.areas.extendDown(area, start);
    return area;
  }

  private bringIn(area: VmArea, page: number, access: number): number {
    const { cache } = area;
    if (!cache) {
      if (access !== ACCESS_WRITE) {
        this.frames.use(this.frames.zero);
        return this.enter(page, this.frames.zero, this.readFlags(area));
      }
      const frame = this.frames.allocate();
      return frame === 0 ? FAULT_NO_MEMORY : this.enter(page, frame, this.writeFlags(area));
    }
    const index = area.cacheIndex(page);
    const size = area.file ? area.file.inode.size : Number.POSITIVE_INFINITY;
    if (index * PAGE_SIZE >= size) return FAULT_NO_PAGE;
    const frame = cache.get(index);
    if (frame < 0) return frame === -ENOMEM ? FAULT_NO_MEMORY : FAULT_NO_PAGE;
    if (access === ACCESS_WRITE) {
      if (!area.shared) {
        // room for the copy is not to be made of what is copied
        this.frames.use(frame);
        const done = this.enterCopy(area, page, frame);
        this.frames.release(frame);
        return done;
      }
      cache.markDirty(index);
      this.frames.use(frame);
      return this.enter(page, frame, this.writeFlags(area));
    }
    this.frames.use(frame);
    const done = this.enter(page, frame, this.readFlags(area));
    if (done === FAULT_DONE) this.faultAround(area, cache, page);
    return done;
  }

  /** Pages beside a faulting one that need no reading. */
  private faultAround(area: VmArea, cache: PageCache, page: number): void {
    const from = Math.max(area.start, page - (page % (FAULT_AROUND * PAGE_SIZE)));
    const to = Math.min(area.end, from - (from % (FAULT_AROUND * PAGE_SIZE)) + FAULT_AROUND * PAGE_SIZE);
    const flags = this.readFlags(area);
    for (let address = from, index = area.cacheIndex(from); address < to; address += PAGE_SIZE, index++) {
      if (address === page) continue;
      const frame = cache.peek(index);
      if (frame === 0 || this.table.flags(address) !== 0) continue;
      this.frames.use(frame);
      if (this.enter(address, frame, flags) !== FAULT_DONE) return;
    }
  }

  private makeWritable(area: VmArea, page: number): number {
    const frame = this.table.frameOf(page);
    if (area.shared) {
      area.cache?.markDirty(area.cacheIndex(page));
      this.table.protect(page, this.writeFlags(area));
    } else if (this.frames.usesOf(frame) === 1) {
      this.table.protect(page, this.writeFlags(area));
    } else {
      const done = this.enterCopy(area, page, frame);
      if (done !== FAULT_DONE) return done;
      this.frames.release(frame);
    }
    this.translations.forget(this, page, page + PAGE_SIZE);
    return FAULT_DONE;
  }

  private enterCopy(area: VmArea, page: number, from: number): number {
    const copy = from === this.frames.zero ? this.frames.allocate() : this.frames.allocateDirty();
    if (copy === 0) return FAULT_NO_MEMORY;
    if (from !== this.frames.zero) this.frames.copy(from, copy);
    return this.enter(page, copy, this.writeFlags(area));
  }

  /** Gives the table a use of `frame`; drops it when there is no room for a table. */
  private enter(page: number, frame: number, flags: number): number {
    if (this.table.set(page, frame, flags)) return FAULT_DONE;
    this.frames.release(frame);
    return FAULT_NO_MEMORY;
  }

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

  private place(hint: number, size: number, flags: number): number {
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
    const flags = this.readFlags(area);
    // a private page that is the program's alone need not fault before it can be written
    const alone = !area.shared && (prot & PROT_WRITE) !== 0 ? this.writeFlags(area) : flags;
    this.table.protectRange(area.start, area.end, flags, alone);
  }

  /** madvise(MADV_DONTNEED): private pages are as they were at first. */
  discard(start: number, length: number): void {
    const end = start + pageCeil(length);
    for (const area of this.areas.within(start, end))
      this.dropPages(Math.max(start, area.start), Math.min(end, area.end));
  }

  /** mremap(2) of [start, start + oldLength). The address, or a negated errno. */
  remap(start: number, oldLength: number, newLength: number, mayMove: boolean, fixed = -1): number {
    const oldSize = pageCeil(oldLength);
    const newSize = pageCeil(newLength);
    if (start % PAGE_SIZE !== 0 || newSize === 0) return -EINVAL;
    const area = this.areas.at(start);
    if (!area || start + oldSize > area.end) return -EFAULT;
    if (fixed < 0) {
      if (newSize <= oldSize) {
        if (oldSize > 0 && newSize < oldSize) this.unmap(start + newSize, oldSize - newSize);
        return start;
      }
      const end = start + oldSize;
      const grown = start + newSize;
      if (
        oldSize > 0 &&
        end === area.end &&
        grown <= this.layout.userEnd &&
        this.areas.within(end, grown).length === 0
      ) {
        const more = area.part(area.start, area.end);
        more.start = end;
        more.end = grown;
        more.offset = area.cache ? area.offset + (end - area.start) : 0;
        this.addArea(more);
        return start;
      }
      if (!mayMove) return -ENOMEM;
    }
    const model = area.part(start, Math.min(area.end, start + Math.max(oldSize, PAGE_SIZE)));
    if (fixed >= 0) {
      if (
        fixed % PAGE_SIZE !== 0 ||
        fixed + newSize > this.layout.userEnd ||
        (fixed < start + oldSize && start < fixed + newSize)
      )
        return -EINVAL;
      this.unmap(fixed, newSize);
    }
    const to = fixed >= 0 ? fixed : this.place(0, newSize, 0);
    if (to < 0) return to;
    model.start = to;
    model.end = to + newSize;
    this.addArea(model);
    this.movePages(start, start + Math.min(oldSize, newSize), to);
    if (oldSize > 0) this.unmap(start, oldSize);
    return to;
  }

  private movePages(from: number, end: number, to: number): void {
    this.table.each(from, end, (address, frame, flags) => {
      if (this.table.set(to + (address - from), frame, flags)) this.table.clear(address);
    });
    this.translations.forget(this, from, end);
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
      this.table.protect(page, this.readFlags(area));
      this.translations.forget(this, page, page + PAGE_SIZE);
    }
  }

  releaseClean(cache: PageCache, may: (frame: number) => boolean): void {
    for (const area of this.areas) {
      if (area.cache !== cache) continue;
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

  get dataBytes(): number {
    let bytes = 0;
    for (const area of this.areas) if (area.isData) bytes += area.end - area.start;
    return bytes;
  }

  /** Bytes of areas that are locked: mlock(2). */
  get lockedBytes(): number {
    let bytes = 0;
    for (const area of this.areas) if ((area.flags & MAP_LOCKED) !== 0) bytes += area.end - area.start;
    return bytes;
  }

  /** Bytes of pages that have a frame of their own. */
  countResident(): number {
    let pages = 0;
    for (const { start, end } of this.areas) pages += this.table.count(start, end, this.frames.zero);
    this.peakResident = Math.max(this.peakResident, pages * PAGE_SIZE);
    return pages * PAGE_SIZE;
  }

  usage(): SpaceUsage {
    const { frames } = this;
    let anonymous = 0;
    let file = 0;
    let shared = 0;
    for (const area of this.areas) {
      const { cache } = area;
      this.table.each(area.start, area.end, (address, frame) => {
        if (frame === frames.zero) return;
        if (!cache || cache.peek(area.cacheIndex(address)) !== frame) anonymous++;
        else if (cache.source) file++;
        else shared++;
      });
    }
    const resident = (anonymous + file + shared) * PAGE_SIZE;
    this.peakResident = Math.max(this.peakResident, resident);
    return {
      resident,
      anonymous: anonymous * PAGE_SIZE,
      file: file * PAGE_SIZE,
      shared: shared * PAGE_SIZE,
      mapped: this.areas.bytes,
    };
  }
}
