// Page faults of an address space: what an access needs is brought in, copied, or refused.
// Ours, after Linux's mm/memory.c. Pages come on demand; private pages are copied when they are written.
import { ENOMEM } from '../abi/errno.js';
import { PROT_EXEC, PROT_WRITE } from '../abi/mman.js';
import type { AddressSpace } from './address-space.js';
import { pageFloor, PAGE_SIZE } from './frames.js';
import type { PageCache } from './page-cache.js';
import { PTE_ACCESSED, PTE_DIRTY, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITE } from './page-table.js';
import type { VmArea } from './vm-areas.js';

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

/** Makes `address` accessible (ACCESS_*), if the program may: FAULT_*. */
export function fault(space: AddressSpace, address: number, access: number): number {
  let area = space.areas.at(address);
  if (!area) {
    area = growStack(space, address);
    if (!area) return FAULT_UNMAPPED;
  }
  if (!permits(area, access)) return FAULT_DENIED;
  const page = pageFloor(address);
  const flags = space.table.flags(page);
  if ((flags & PTE_PRESENT) === 0) return bringIn(space, area, page, access);
  if (access !== ACCESS_WRITE) {
    // the rights in the table lag behind the area's
    space.table.protect(page, (flags & PTE_WRITE) | readFlags(area));
    space.translations.forget(space, page, page + PAGE_SIZE);
    return FAULT_DONE;
  }
  return (flags & PTE_WRITE) !== 0 && (flags & PTE_USER) !== 0 ? FAULT_DONE : makeWritable(space, area, page);
}

/**
 * The frame at `address` for somebody to whom the page's rights do not matter: a tracer. To be written it must be the program's own
 * page, and what is shared is written by who may write it alone. 0: there is none.
 */
export function forcedFrame(space: AddressSpace, address: number, write: boolean): number {
  const area = space.areas.at(address);
  if (!area || (write && area.shared)) return 0;
  const page = pageFloor(address);
  if ((space.table.flags(page) & PTE_PRESENT) === 0 && bringIn(space, area, page, ACCESS_READ) !== FAULT_DONE) return 0;
  if (write) {
    if (makeWritable(space, area, page) !== FAULT_DONE) return 0;
    // the program may do no more than before
    space.table.protect(page, readFlags(area) | PTE_DIRTY);
    space.translations.forget(space, page, page + PAGE_SIZE);
    space.frames.written(space.table.frameOf(page));
  }
  return space.table.frameOf(page);
}

function permits(area: VmArea, access: number): boolean {
  if (access === ACCESS_WRITE) return (area.prot & PROT_WRITE) !== 0;
  if (access === ACCESS_EXECUTE) return (area.prot & PROT_EXEC) !== 0;
  return area.prot !== 0;
}

export function readFlags(area: VmArea): number {
  const execute = (area.prot & PROT_EXEC) !== 0 ? 0 : PTE_NO_EXECUTE;
  return PTE_PRESENT | PTE_ACCESSED | (area.prot === 0 ? 0 : PTE_USER) | execute;
}

export function writeFlags(area: VmArea): number {
  return readFlags(area) | PTE_WRITE | PTE_DIRTY;
}

function growStack(space: AddressSpace, address: number): VmArea | undefined {
  const area = space.areas.from(address);
  if (!area?.growsDown || area.start - address > STACK_GAP * 32) return undefined;
  const start = pageFloor(address);
  if (area.end - start > space.stackLimit) return undefined;
  const below = space.areas.below(area.start);
  if (below && below.end + STACK_GAP > start && below.prot !== 0) return undefined;
  space.areas.extendDown(area, start);
  return area;
}

function bringIn(space: AddressSpace, area: VmArea, page: number, access: number): number {
  const { cache } = area;
  if (!cache) {
    if (access !== ACCESS_WRITE) {
      space.frames.use(space.frames.zero);
      return enter(space, page, space.frames.zero, readFlags(area));
    }
    const frame = space.frames.allocate();
    return frame === 0 ? FAULT_NO_MEMORY : enter(space, page, frame, writeFlags(area));
  }
  const index = area.cacheIndex(page);
  const size = area.file ? area.file.inode.size : Number.POSITIVE_INFINITY;
  if (index * PAGE_SIZE >= size) return FAULT_NO_PAGE;
  const frame = cache.get(index);
  if (frame < 0) return frame === -ENOMEM ? FAULT_NO_MEMORY : FAULT_NO_PAGE;
  if (access === ACCESS_WRITE) {
    if (!area.shared) {
      // room for the copy is not to be made of what is copied
      space.frames.use(frame);
      const copy = copyOf(space, frame);
      space.frames.release(frame);
      return copy === 0 ? FAULT_NO_MEMORY : enter(space, page, copy, writeFlags(area));
    }
    cache.markDirty(index);
    space.frames.use(frame);
    return enter(space, page, frame, writeFlags(area));
  }
  space.frames.use(frame);
  const done = enter(space, page, frame, readFlags(area));
  if (done === FAULT_DONE) faultAround(space, area, cache, page);
  return done;
}

/** Pages beside a faulting one that need no reading. */
function faultAround(space: AddressSpace, area: VmArea, cache: PageCache, page: number): void {
  const from = Math.max(area.start, page - (page % (FAULT_AROUND * PAGE_SIZE)));
  const to = Math.min(area.end, from - (from % (FAULT_AROUND * PAGE_SIZE)) + FAULT_AROUND * PAGE_SIZE);
  const flags = readFlags(area);
  for (let address = from, index = area.cacheIndex(from); address < to; address += PAGE_SIZE, index++) {
    if (address === page) continue;
    const frame = cache.peek(index);
    if (frame === 0 || space.table.flags(address) !== 0) continue;
    space.frames.use(frame);
    if (enter(space, address, frame, flags) !== FAULT_DONE) return;
  }
}

function makeWritable(space: AddressSpace, area: VmArea, page: number): number {
  const frame = space.table.frameOf(page);
  if (area.shared) {
    area.cache?.markDirty(area.cacheIndex(page));
    space.table.protect(page, writeFlags(area));
  } else if (space.frames.usesOf(frame) === 1) {
    space.table.protect(page, writeFlags(area));
  } else {
    const { frames } = space;
    // what makes room for the copy may take the page from the program, and must not take it from us
    frames.use(frame);
    const copy = copyOf(space, frame);
    const mapped = space.table.frameOf(page) === frame;
    const done = copy === 0 ? FAULT_NO_MEMORY : enter(space, page, copy, writeFlags(area));
    frames.release(frame);
    if (done !== FAULT_DONE) return done;
    if (mapped) frames.release(frame);
  }
  space.translations.forget(space, page, page + PAGE_SIZE);
  return FAULT_DONE;
}

/** A frame with what is in `from`, which somebody must have a use of; 0: there is none. */
function copyOf({ frames }: AddressSpace, from: number): number {
  const copy = from === frames.zero ? frames.allocate() : frames.allocateDirty();
  if (copy !== 0 && from !== frames.zero) frames.copy(from, copy);
  return copy;
}

/** Gives the table a use of `frame`; drops it when there is no room for a table. */
function enter(space: AddressSpace, page: number, frame: number, flags: number): number {
  if (space.table.set(page, frame, flags)) return FAULT_DONE;
  space.frames.release(frame);
  return FAULT_NO_MEMORY;
}
