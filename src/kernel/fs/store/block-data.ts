// The data file of a store: blocks that are written in rows, and which of them may be handed out.
// Ours. A block that a file has lost is not another's before that is on the storage: until then a crash gives it back.
import type { BlockStore } from '../../../base/block-store.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import { BlockAllocator, BLOCKS_MAX } from './block-allocator.js';
import type { StoreLog } from './store-log.js';

/** Blocks that are written in one call, at most. */
const ROW = 64;
/** Blocks at the end that are not used before the host gets them back. */
const TAIL = 256;
/** Blocks that may have been left without being free. */
const LEFT_MAX = 4096;
/** Claims after which the host is asked again for its room. */
const ASK_EVERY = 1024;

const placeOf = (block: number): number => (block - 1) * PAGE_SIZE;

export class BlockData {
  readonly allocator = new BlockAllocator();
  /** Blocks that are free with the next durable commit. */
  private leaving: number[] = [];
  /** Blocks in a row that wait to be written. */
  private row?: { first: number; count: number };
  /** What they say; made for one commit. */
  private bytes?: Uint8Array;
  /** Written since the last flush; and something that was no file's before. */
  private written = false;
  private writtenNew = false;
  private roomAsked = 0;
  private claims = ASK_EVERY;

  constructor(
    private readonly store: BlockStore,
    private readonly log: StoreLog,
  ) {}

  /** How many blocks there may be more. */
  get room(): number {
    const { used } = this.allocator;
    const bytes = this.store.data.size + this.store.room();
    return Math.max(0, Math.min(BLOCKS_MAX, Math.floor(bytes / PAGE_SIZE)) - used);
  }

  /** One more will be wanted. */
  claim(): boolean {
    if (this.claims >= ASK_EVERY || this.claims >= this.roomAsked) {
      this.claims = 0;
      this.roomAsked = this.room;
    }
    return this.claims++ < this.roomAsked;
  }

  /** A commit has ended: what was claimed has been taken, what waits to be written is dirty again. */
  settle(): void {
    this.claims = ASK_EVERY;
    this.allocator.rewind();
    this.row = undefined;
    this.bytes = undefined;
  }

  /** 0: there is none. */
  take(): number {
    const block = this.allocator.take();
    if (block !== 0) this.writtenNew = true;
    return block;
  }

  leave(block: number): void {
    this.leaving.push(block);
  }

  /** Are so many blocks left that it is worth to have them back? */
  get isLeft(): boolean {
    return this.leaving.length >= LEFT_MAX;
  }

  /** Blocks [block, block + into.length / PAGE_SIZE). Throws what the host throws. */
  read(block: number, into: Uint8Array): void {
    this.writeRow();
    this.store.data.read(placeOf(block), into);
  }

  /** Throws what the host throws: about blocks before this one too. */
  write(block: number, from: Uint8Array): void {
    const { row } = this;
    if (!row || row.count === ROW || row.first + row.count !== block) this.writeRow();
    this.row ??= { first: block, count: 0 };
    this.bytes ??= new Uint8Array(ROW * PAGE_SIZE);
    this.bytes.set(from, this.row.count++ * PAGE_SIZE);
  }

  /** Throws what the host throws. What was to be written is not wanted then. */
  writeRow(): void {
    const { row } = this;
    if (!row) return;
    this.row = undefined;
    // without a log what is here is no store at all
    if (!this.written) this.log.flush();
    this.written = true;
    this.store.data.write(placeOf(row.first), this.bytes!.subarray(0, row.count * PAGE_SIZE));
  }

  /** All is on the storage; `onlyNew`: if there are blocks that nothing pointed to until now. Throws what the host throws. */
  flush(onlyNew: boolean): void {
    this.writeRow();
    if (!this.written || (onlyNew && !this.writtenNew)) return;
    this.store.data.flush();
    this.written = false;
    this.writtenNew = false;
  }

  /** That blocks were left is on the storage. */
  release(): void {
    if (this.leaving.length === 0) return;
    for (const block of this.leaving) this.allocator.free(block);
    this.leaving = [];
    this.trim();
  }

  /** Gives the host back what lies behind the last block. */
  trim(): void {
    const end = this.allocator.last * PAGE_SIZE;
    if (this.store.data.size - end >= TAIL * PAGE_SIZE) this.store.data.truncate(end);
  }
}
