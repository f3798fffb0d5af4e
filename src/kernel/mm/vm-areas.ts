// The areas of an address space, in order: what a program has mapped where, with which rights.
// Ours, after Linux's vm_area_struct (mm/mmap.c). A sorted array and a binary search: enough for thousands.
import { MAP_GROWSDOWN, MAP_SHARED, PROT_WRITE } from '../abi/mman.js';
import type { OpenFile } from '../vfs/open-file.js';
import { PAGE_SIZE } from './frames.js';
import type { PageCache } from './page-cache.js';

export class VmArea {
  constructor(
    public start: number,
    /** First byte behind it. */
    public end: number,
    /** PROT_* bits. */
    public prot: number,
    /** MAP_* bits that last: MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, MAP_NORESERVE, MAP_LOCKED. */
    public flags: number,
    /** What is mapped; absent: zeros of its own. */
    readonly cache?: PageCache,
    /** Byte of the file at `start`. A multiple of the page size. */
    public offset = 0,
    /** The open file that was mapped, for its name; it stays in use. */
    readonly file?: OpenFile,
    /** What /proc/PID/maps says of an area without a file: '[heap]', '[stack]'. */
    public name = '',
    /** madvise(MADV_DONTFORK) and (MADV_WIPEONFORK). */
    public atFork: 'copy' | 'drop' | 'wipe' = 'copy',
  ) {}

  get shared(): boolean {
    return (this.flags & MAP_SHARED) !== 0;
  }

  /** The program's own, to be written, and no stack: what RLIMIT_DATA counts. */
  get isData(): boolean {
    return !this.shared && !this.growsDown && (this.prot & PROT_WRITE) !== 0;
  }

  get growsDown(): boolean {
    return (this.flags & MAP_GROWSDOWN) !== 0;
  }

  /** Page of the cache at `address`. */
  cacheIndex(address: number): number {
    return (this.offset + Math.floor((address - this.start) / PAGE_SIZE) * PAGE_SIZE) / PAGE_SIZE;
  }

  /** The same area over [start, end), which lies within it. */
  part(start: number, end: number): VmArea {
    const offset = this.cache ? this.offset + (start - this.start) : 0;
    return new VmArea(start, end, this.prot, this.flags, this.cache, offset, this.file, this.name, this.atFork);
  }

  /** Could the two, of which `next` begins where this ends, be one? */
  joins(next: VmArea): boolean {
    return (
      this.end === next.start &&
      this.prot === next.prot &&
      this.flags === next.flags &&
      this.cache === next.cache &&
      this.file === next.file &&
      this.name === next.name &&
      this.atFork === next.atFork &&
      (!this.cache || this.offset + (this.end - this.start) === next.offset)
    );
  }
}

export class VmAreas implements Iterable<VmArea> {
  private list: VmArea[] = [];
  /** The newest answer of `at`. */
  private last?: VmArea;
  /** Bytes in all of them, and the most that there were. */
  private total = 0;
  private most = 0;

  get count(): number {
    return this.list.length;
  }

  get bytes(): number {
    return this.total;
  }
  get peakBytes(): number {
    return this.most;
  }

  [Symbol.iterator](): IterableIterator<VmArea> {
    return this.list.values();
  }

  /** The area that holds `address`. */
  at(address: number): VmArea | undefined {
    const last = this.last;
    if (last && address >= last.start && address < last.end) return last;
    const area = this.list[this.indexBehind(address)];
    if (!area || area.start > address) return undefined;
    this.last = area;
    return area;
  }

  /** The first area that ends behind `address`: the one that holds it, or the next above. */
  from(address: number): VmArea | undefined {
    return this.list[this.indexBehind(address)];
  }

  /** The last area that ends at or below `address`. */
  below(address: number): VmArea | undefined {
    let index = this.indexBehind(address);
    while (index > 0 && this.list[index - 1]!.end > address) index--;
    return this.list[index - 1];
  }

  /** Areas with a byte in [start, end), in order. */
  within(start: number, end: number): VmArea[] {
    const found: VmArea[] = [];
    for (let i = this.indexBehind(start); i < this.list.length && this.list[i]!.start < end; i++)
      found.push(this.list[i]!);
    return found;
  }

  /** Does [start, end) lie in areas without a gap? */
  covers(start: number, end: number): boolean {
    let to = start;
    for (const area of this.within(start, end)) {
      if (area.start > to) return false;
      to = area.end;
    }
    return to >= end;
  }

  /** Enters an area where none is; joins it to its neighbours when they are of a kind. */
  insert(area: VmArea): void {
    const index = this.indexBehind(area.start);
    this.list.splice(index, 0, area);
    this.account(area.end - area.start);
    this.joinAt(index);
  }

  /** An area has become another kind, that its neighbours may be of. */
  joinAround(area: VmArea): void {
    this.joinAt(this.indexBehind(area.start));
  }

  private joinAt(index: number): void {
    this.join(index);
    if (index > 0) this.join(index - 1);
    this.last = undefined;
  }

  /** Takes out what lies in [start, end); areas across an end are cut. The value is what was taken. */
  remove(start: number, end: number): VmArea[] {
    const taken: VmArea[] = [];
    let index = this.indexBehind(start);
    this.last = undefined;
    while (index < this.list.length && this.list[index]!.start < end) {
      const area = this.list[index]!;
      const kept: VmArea[] = [];
      if (area.start < start) kept.push(area.part(area.start, start));
      if (area.end > end) kept.push(area.part(end, area.end));
      const part = area.part(Math.max(area.start, start), Math.min(area.end, end));
      taken.push(part);
      this.total -= part.end - part.start;
      this.list.splice(index, 1, ...kept);
      index += kept.length;
    }
    return taken;
  }

  /** An area grows downwards to `start`, where nothing is. */
  extendDown(area: VmArea, start: number): void {
    this.account(area.start - start);
    area.start = start;
  }

  private account(more: number): void {
    this.total += more;
    this.most = Math.max(this.most, this.total);
  }

  /** Lowest free place of `size` bytes at or above `from` and ending at or below `to`; -1: none. */
  lowestHole(size: number, from: number, to: number): number {
    let at = from;
    for (let i = this.indexBehind(from); i < this.list.length && this.list[i]!.start < at + size; i++)
      at = Math.max(at, this.list[i]!.end);
    return at + size <= to ? at : -1;
  }

  /** Highest free place of `size` bytes at or above `from` and ending at or below `to`; -1: none. */
  highestHole(size: number, from: number, to: number): number {
    let end = to;
    let index = this.indexBehind(to - 1);
    if (index === this.list.length) index--;
    for (; index >= 0 && this.list[index]!.end > end - size; index--)
      if (this.list[index]!.start < end) end = Math.min(end, this.list[index]!.start);
    return end - size >= from ? end - size : -1;
  }

  private join(index: number): void {
    const area = this.list[index]!;
    const next = this.list[index + 1];
    if (!next || !area.joins(next)) return;
    area.end = next.end;
    this.list.splice(index + 1, 1);
  }

  /** Index of the first area that ends behind `address`. */
  private indexBehind(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]!.end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
