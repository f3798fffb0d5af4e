// The pages of one file in a store: where they are, and what of that the log does not say yet.
// Ours.
import { assert } from '../../../base/assert.js';
import { EIO, ENOSPC } from '../../abi/errno.js';
import type { Disk } from '../../block/disk.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import type { KeptPages } from '../tmpfs-keeper.js';
import type { TmpfsInode } from '../tmpfs-inode.js';
import type { BlockData } from './block-data.js';
import { BlockMap, PAGES_MAX, type Run } from './block-map.js';
import type { ChunkWriter } from './log-records.js';

/** Ranges that are remembered one by one before all of a file is said anew. */
const DROPS_MAX = 256;

/** Told of pages on their way to the data file. */
export interface PageWriter {
  /** An errno, or 0. */
  writePage(pages: StoredPages, index: number, from: Uint8Array): number;
  changed(inode: TmpfsInode): void;
}

export class StoredPages implements KeptPages {
  map = new BlockMap();
  /** Pages whose blocks the log does not have yet, and ranges that it still has. */
  private readonly fresh = new Set<number>();
  private dropped: [first: number, end: number][] = [];
  /** The log is told all of its blocks next time. */
  anew = true;
  /** The log has the file. */
  logged = false;

  constructor(
    private readonly writer: PageWriter,
    private readonly data: BlockData,
    readonly inode: TmpfsInode,
  ) {}

  get disk(): Disk | undefined {
    return this.inode.fs.disk;
  }

  holds(index: number): boolean {
    return this.map.get(index) !== 0;
  }

  nextHeld(index: number): number {
    return this.map.next(index);
  }

  get heldCount(): number {
    return this.map.count;
  }

  readPage(index: number, into: Uint8Array): number {
    return this.holds(index) ? this.readPages(index, into) : 0;
  }

  readPages(index: number, into: Uint8Array): number {
    const count = into.length / PAGE_SIZE;
    for (let from = 0; from < count; ) {
      const block = this.map.get(index + from);
      let end = from + 1;
      while (end < count && this.map.get(index + end) === (block === 0 ? 0 : block + end - from)) end++;
      const piece = into.subarray(from * PAGE_SIZE, end * PAGE_SIZE);
      if (block === 0) piece.fill(0);
      else
        try {
          this.data.read(block, piece);
        } catch {
          return EIO;
        }
      from = end;
    }
    return 0;
  }

  writePage(index: number, from: Uint8Array): number {
    assert(from.length === PAGE_SIZE, 'pages are written whole');
    return this.writer.writePage(this, index, from);
  }

  /** The block of a page, taken when it has none; 0: there is none. */
  blockFor(index: number): number {
    const there = this.map.get(index);
    if (there !== 0) return there;
    const block = this.data.take();
    if (block === 0) return 0;
    this.map.set(index, block);
    if (!this.anew) this.fresh.add(index);
    return block;
  }

  drop(first: number, end: number): void {
    if (this.map.count === 0) return;
    const last = Math.min(end, PAGES_MAX);
    const removed = this.map.remove(first, last, (block) => this.data.leave(block));
    if (removed === 0) return;
    if (!this.anew) this.noteDropped(first, last);
    this.writer.changed(this.inode);
  }

  private noteDropped(first: number, end: number): void {
    for (const index of this.fresh) if (index >= first && index < end) this.fresh.delete(index);
    if (this.dropped.length < DROPS_MAX) this.dropped.push([first, end]);
    else this.sayAnew();
  }

  private sayAnew(): void {
    this.anew = true;
    this.fresh.clear();
    this.dropped = [];
  }

  /** The log has nothing of the file any more. */
  forgetLog(): void {
    this.sayAnew();
    this.logged = false;
  }

  /** Tells the log what it does not have yet. */
  writeTo(writer: ChunkWriter, passOn: () => void): void {
    const { ino } = this.inode;
    if (this.anew && this.logged) writer.drop(ino, 0, PAGES_MAX);
    for (const [first, end] of this.dropped) writer.drop(ino, first, end);
    for (const { index, block, count } of this.anew ? this.map.runs() : this.freshRuns()) {
      writer.extent(ino, index, block, count);
      passOn();
    }
  }

  private *freshRuns(): Generator<Run> {
    let run: Run | undefined;
    for (const index of this.fresh) {
      const block = this.map.get(index);
      if (run && run.index + run.count === index && run.block + run.count === block) run.count++;
      else {
        if (run) yield run;
        run = { index, block, count: 1 };
      }
    }
    if (run) yield run;
  }

  /** What was told is there. */
  told(): void {
    this.anew = false;
    this.logged = true;
    this.fresh.clear();
    this.dropped = [];
  }
}

export const errnoOf = (error: unknown): number => ((error as { code?: string }).code === 'ENOSPC' ? ENOSPC : EIO);
