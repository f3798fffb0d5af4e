// Page tables in a node's memory, in the format that the processor walks: from a linear page to a frame and its rights.
// SDM vol. 3A 4.4 (PAE). One interface; amd64's four levels will be the second implementation.
import { assert } from '../../base/assert.js';
import { FRAME_PAGE_TABLE } from './frame-account.js';
import { type Frames, PAGE_SIZE } from './frames.js';

export const PTE_PRESENT = 1;
export const PTE_WRITE = 2;
/** Clear: the page keeps its frame but no program may touch it (PROT_NONE). */
export const PTE_USER = 4;
export const PTE_ACCESSED = 0x20;
export const PTE_DIRTY = 0x40;
/** Bit 63, as a bit of the entry's flags here. */
export const PTE_NO_EXECUTE = 0x100;

const ADDRESS = 0xfffff000;
const NX_HIGH = 0x80000000;
/** Present, writable, user, accessed: tables above the last level leave all rights to it. */
const TABLE_FLAGS = 0x27;
/** A page-directory-pointer entry has the present bit alone. */
const POINTER_FLAGS = 1;
const ENTRIES = 512;
/** What one directory, and one page table, spans. */
const DIRECTORY_SPAN = 0x40000000;
const TABLE_SPAN = 0x200000;
const endOfTable = (address: number): number => address - (address & (TABLE_SPAN - 1)) + TABLE_SPAN;

export interface PageTable {
  /** What CR3 must be. */
  readonly root: number;
  /** Flags of the page's entry (PTE_*), 0 when there is none. `frameOf` is its frame. */
  flags(address: number): number;
  frameOf(address: number): number;
  /** The frame of a page whose flags have all of `needed`; 0: there is none. */
  frameWith(address: number, needed: number): number;
  /** Enters a page. False when there is no frame left for a table. */
  set(address: number, frame: number, flags: number): boolean;
  /** Changes the flags of a page that is there. */
  protect(address: number, flags: number): void;
  /** Takes the page out; the value is its frame, or 0. */
  clear(address: number): number;
  /** Frames that the tables themselves take. */
  readonly frameCount: number;
  /** Calls `see` for every page that is there in [from, to), in order; cheap over what has no tables. */
  each(from: number, to: number, see: (address: number, frame: number, flags: number) => void): void;
  /** How many pages are there in [from, to) with another frame than `but`. */
  count(from: number, to: number, but: number): number;
  /** As protect(), of all pages that are there in [from, to); `alone`: the flags of those whose frame nobody else uses. */
  protectRange(from: number, to: number, flags: number, alone: number): void;
  /** Takes the pages in [from, to) out, and releases their frames. Were there any? */
  drop(from: number, to: number): boolean;
  /**
   * Enters the pages in [from, to) into `other`, which has none there, with a use of their frames; with `writeProtect` nobody may write them
   * then, in either. False: there was no frame left for a table, and some are missing.
   */
  share(other: PageTable, from: number, to: number, writeProtect: boolean): boolean;
  /** Gives back the frames of the tables themselves. All pages are out. */
  free(): void;
}

/** Linear addresses from here on are the kernel's: one directory that all tables share. */
export const PAE_USER_END = 0xc0000000;

export class PaeTable implements PageTable {
  readonly root: number;
  private readonly rootFrame: number;
  private readonly words: Uint32Array;
  /** Index in `words` of the entry of the newest look-up's table, and what it spans: neighbours hit it. */
  private lastSpan = -1;
  private lastTable = 0;
  frameCount = 4;

  private constructor(
    private readonly frames: Frames,
    rootFrame: number,
  ) {
    this.words = frames.words;
    this.rootFrame = rootFrame;
    this.root = rootFrame * PAGE_SIZE;
  }

  /** A table without pages below PAE_USER_END; `kernelDirectory` is the frame of the shared directory above it. */
  static create(frames: Frames, kernelDirectory: number): PaeTable | undefined {
    const made: number[] = [];
    for (let i = 0; i < 4; i++) {
      const frame = frames.allocate(FRAME_PAGE_TABLE);
      if (frame === 0) {
        for (const other of made) frames.release(other);
        return undefined;
      }
      made.push(frame);
    }
    const [root, ...directories] = made as [number, number, number, number];
    const at = frames.hostAddress(root) >>> 2;
    directories.forEach((frame, i) => {
      frames.words[at + 2 * i] = frame * PAGE_SIZE + POINTER_FLAGS;
    });
    frames.words[at + 6] = kernelDirectory * PAGE_SIZE + POINTER_FLAGS;
    return new PaeTable(frames, root);
  }

  flags(address: number): number {
    const entry = this.find(address);
    return entry === 0 ? 0 : this.flagsAt(entry);
  }

  frameOf(address: number): number {
    const entry = this.find(address);
    return entry === 0 ? 0 : this.words[entry]! >>> 12;
  }

  frameWith(address: number, needed: number): number {
    const entry = this.find(address);
    if (entry === 0) return 0;
    const low = this.words[entry]!;
    return (low & needed) === needed ? low >>> 12 : 0;
  }

  set(address: number, frame: number, flags: number): boolean {
    const entry = this.reserve(address);
    if (entry === 0) return false;
    this.write(entry, frame, flags);
    return true;
  }

  /** As find(), with a table where there is none yet; 0: no frame is left for it. */
  private reserve(address: number): number {
    const entry = this.find(address);
    if (entry !== 0) return entry;
    const table = this.frames.allocate(FRAME_PAGE_TABLE);
    if (table === 0) return 0;
    this.frameCount++;
    this.words[this.directoryEntry(address)] = table * PAGE_SIZE + TABLE_FLAGS;
    return this.find(address);
  }

  protect(address: number, flags: number): void {
    const entry = this.find(address);
    assert(entry !== 0 && (this.words[entry]! & PTE_PRESENT) !== 0, 'only a page that is there has rights');
    this.write(entry, this.words[entry]! >>> 12, flags);
  }

  clear(address: number): number {
    const entry = this.find(address);
    if (entry === 0) return 0;
    const frame = this.words[entry]! >>> 12;
    this.words[entry] = 0;
    this.words[entry + 1] = 0;
    return frame;
  }

  each(from: number, to: number, see: (address: number, frame: number, flags: number) => void): void {
    for (let address = from; address < to; ) {
      const tableEnd = endOfTable(address);
      const end = Math.min(tableEnd, to);
      let entry = this.find(address);
      if (entry !== 0)
        for (; address < end; address += PAGE_SIZE, entry += 2)
          if ((this.words[entry]! & PTE_PRESENT) !== 0) see(address, this.words[entry]! >>> 12, this.flagsAt(entry));
      address = tableEnd;
    }
  }

  count(from: number, to: number, but: number): number {
    const { words } = this;
    let count = 0;
    for (let address = from; address < to; ) {
      const tableEnd = endOfTable(address);
      const entry = this.find(address);
      if (entry !== 0) {
        const end = entry + 2 * ((Math.min(tableEnd, to) - address) / PAGE_SIZE);
        for (let at = entry; at < end; at += 2) {
          const low = words[at]!;
          if ((low & PTE_PRESENT) !== 0 && low >>> 12 !== but) count++;
        }
      }
      address = tableEnd;
    }
    return count;
  }

  protectRange(from: number, to: number, flags: number, alone: number): void {
    const { words, frames } = this;
    // the two differ in what the low word says
    const high = (flags & PTE_NO_EXECUTE) !== 0 ? NX_HIGH : 0;
    for (let address = from; address < to; ) {
      const tableEnd = endOfTable(address);
      const entry = this.find(address);
      if (entry !== 0) {
        const end = entry + 2 * ((Math.min(tableEnd, to) - address) / PAGE_SIZE);
        for (let at = entry; at < end; at += 2) {
          const low = words[at]!;
          if ((low & PTE_PRESENT) === 0) continue;
          const wanted = frames.usesOf(low >>> 12) === 1 ? alone : flags;
          words[at] = (low & ADDRESS) + (wanted & 0xff);
          words[at + 1] = high;
        }
      }
      address = tableEnd;
    }
  }

  drop(from: number, to: number): boolean {
    const { words, frames } = this;
    let any = false;
    for (let address = from; address < to; ) {
      const tableEnd = endOfTable(address);
      const entry = this.find(address);
      if (entry !== 0) {
        const end = entry + 2 * ((Math.min(tableEnd, to) - address) / PAGE_SIZE);
        let found = false;
        for (let at = entry; at < end; at += 2) {
          const low = words[at]!;
          if ((low & PTE_PRESENT) === 0) continue;
          frames.release(low >>> 12);
          found = true;
        }
        if (found) {
          words.fill(0, entry, end);
          any = true;
        }
      }
      address = tableEnd;
    }
    return any;
  }

  share(other: PaeTable, from: number, to: number, writeProtect: boolean): boolean {
    const { words, frames } = this;
    for (let address = from; address < to; ) {
      const tableEnd = endOfTable(address);
      const entry = this.find(address);
      if (entry !== 0) {
        const end = entry + 2 * ((Math.min(tableEnd, to) - address) / PAGE_SIZE);
        if (this.anyWithin(entry, end)) {
          // making room for the table may take pages out of this one
          const first = other.reserve(address);
          if (first === 0) return false;
          for (let at = entry; at < end; at += 2) {
            const low = words[at]!;
            if ((low & PTE_PRESENT) === 0) continue;
            frames.use(low >>> 12);
            if (writeProtect && (low & PTE_WRITE) !== 0) words[at] = low - PTE_WRITE;
          }
          words.copyWithin(first, entry, end);
        }
      }
      address = tableEnd;
    }
    return true;
  }

  /** Is a page there in entries [from, end) of `words`? */
  private anyWithin(from: number, end: number): boolean {
    for (let at = from; at < end; at += 2) if ((this.words[at]! & PTE_PRESENT) !== 0) return true;
    return false;
  }

  free(): void {
    const root = this.frames.hostAddress(this.rootFrame) >>> 2;
    for (let i = 0; i < 3; i++) {
      const frame = this.words[root + 2 * i]! >>> 12;
      const directory = this.frames.hostAddress(frame) >>> 2;
      for (let k = 0; k < ENTRIES; k++) {
        const entry = this.words[directory + 2 * k]!;
        if ((entry & PTE_PRESENT) !== 0) this.frames.release(entry >>> 12);
      }
      this.frames.release(frame);
    }
    this.frames.release(this.rootFrame);
    this.lastSpan = -1;
  }

  private flagsAt(entry: number): number {
    return (this.words[entry]! & 0xff) | (this.words[entry + 1]! >= NX_HIGH ? PTE_NO_EXECUTE : 0);
  }

  private write(entry: number, frame: number, flags: number): void {
    this.words[entry] = frame * PAGE_SIZE + (flags & 0xff);
    this.words[entry + 1] = (flags & PTE_NO_EXECUTE) !== 0 ? NX_HIGH : 0;
  }

  /** Index in `words` of the page's entry; 0 when it has no table. */
  private find(address: number): number {
    const span = address >>> 21;
    if (span !== this.lastSpan) {
      const table = this.words[this.directoryEntry(address)]!;
      if ((table & PTE_PRESENT) === 0) return 0;
      this.lastSpan = span;
      this.lastTable = this.frames.hostAddress((table & ADDRESS) >>> 12) >>> 2;
    }
    return this.lastTable + 2 * ((address >>> 12) & (ENTRIES - 1));
  }

  private directoryEntry(address: number): number {
    const pointer = (this.frames.hostAddress(this.rootFrame) >>> 2) + 2 * Math.floor(address / DIRECTORY_SPAN);
    const directory = this.frames.hostAddress(this.words[pointer]! >>> 12) >>> 2;
    return directory + 2 * ((address >>> 21) & (ENTRIES - 1));
  }
}
