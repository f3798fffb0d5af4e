// The log of a store: two files, of which the one with the higher generation holds. What happens is appended to it in transactions; when it has
// grown long, all that there is is written to the other one. A log without a whole transaction behind its header does not hold.
// Ours. A header: magic, generation, CRC-32 of both. Chunks are behind it (log-records.ts). A transaction counts when its last chunk is whole.
import { latin1 } from '../../../base/bytes.js';
import type { BlockStore, StoreFile } from '../../../base/block-store.js';
import { InputError } from '../../../base/errors.js';
import { CHUNK_HEADER, chunkLength, ChunkWriter, type LogRecord, parseChunk } from './log-records.js';

const MAGIC = latin1('tabvisor store 1');
const HEADER = MAGIC.length + 12;
/** Where chunks begin: the header has a sector for itself. */
const START = 512;
/** A log that is shorter is not worth being written anew. */
const SMALL = 1 << 20;

/** Puts records into the writer, and calls `passOn` between them. */
export type WriteRecords = (writer: ChunkWriter, passOn: () => void) => void;

export class StoreLog {
  /** Which of the two files holds, where the next chunk goes, and what it is numbered. */
  private current: 0 | 1 = 1;
  private generation = 0;
  private end = START;
  private sequence = 1;
  /** How long it was when it was written anew. */
  private begun = START;
  private unflushed = false;
  /** The host has failed in a way that leaves no log to go on with. */
  private broken?: unknown;

  constructor(private readonly store: BlockStore) {}

  private get file(): StoreFile {
    return this.store.logs[this.current];
  }

  /** Has it ever been written? */
  get exists(): boolean {
    return this.generation > 0;
  }

  /** Is most of it of no use any more? */
  get isLong(): boolean {
    return this.end > SMALL && this.end > 4 * this.begun;
  }

  /** Reads what there is; all of it has been told to `into` then. Throws InputError when the files are no log. */
  replay(into: { apply(record: LogRecord): void }): void {
    const { store } = this;
    const found = ([0, 1] as const)
      .map((number) => ({ number, generation: this.generationOf(store.logs[number]) }))
      .filter(({ generation }) => generation > 0)
      .sort((one, other) => other.generation - one.generation);
    for (const { number, generation } of found) {
      this.current = number;
      this.generation = generation;
      this.sequence = 1;
      const end = this.read(into);
      if (end === START) continue;
      this.end = end;
      this.begun = Math.min(end, SMALL);
      // what a crash has left of a transaction: its numbers come again
      if (end < this.file.size) {
        this.file.truncate(end);
        this.file.flush();
      }
      return;
    }
    const isNew = found.every(({ generation: number }) => number === 1) && store.data.size === 0;
    if (!isNew || !store.logs.every((file) => this.isFresh(file)))
      throw new InputError(
        `${store.name}: holds no filesystem, or its log is damaged`,
        'Give another one, or remove it: what is in it is lost.',
      );
    this.current = 1;
    this.generation = 0;
  }

  /** 0: its header is not whole. */
  private generationOf(file: StoreFile): number {
    const header = new Uint8Array(HEADER);
    file.read(0, header);
    const view = new DataView(header.buffer);
    const generation = view.getFloat64(MAGIC.length, true);
    const isWhole =
      header.subarray(0, MAGIC.length).every((byte, i) => byte === MAGIC[i]) &&
      view.getUint32(HEADER - 4, true) === this.store.crc32(header.subarray(0, HEADER - 4)) &&
      Number.isSafeInteger(generation);
    return isWhole ? generation : 0;
  }

  /** Nothing is there but what was on its way when a new store's first log was written. */
  private isFresh(file: StoreFile): boolean {
    const magic = new Uint8Array(MAGIC.length);
    file.read(0, magic);
    return magic.every((byte, i) => byte === 0 || byte === MAGIC[i]);
  }

  /** Whole transactions, to where the last one ends. */
  private read(into: { apply(record: LogRecord): void }): number {
    const { file, store, generation } = this;
    const { size } = file;
    let committed = START;
    let next = this.sequence;
    let waiting: LogRecord[] = [];
    const header = new Uint8Array(CHUNK_HEADER);
    for (let at = START; at + CHUNK_HEADER <= size; ) {
      file.read(at, header);
      const length = chunkLength(header);
      if (length === undefined || at + length > size) break;
      const bytes = new Uint8Array(length);
      file.read(at, bytes);
      const chunk = parseChunk(bytes, (piece) => store.crc32(piece));
      if (!chunk || chunk.sequence !== this.sequence || chunk.generation !== generation) break;
      for (const record of chunk.records) waiting.push(record);
      at += length;
      this.sequence++;
      if (!chunk.last) continue;
      for (const record of waiting) into.apply(record);
      waiting = [];
      committed = at;
      next = this.sequence;
    }
    this.sequence = next;
    return committed;
  }

  /** Appends a transaction; `durable`: it is on the storage then. Throws what the host throws, and then it is not there. */
  append(write: WriteRecords, durable: boolean): void {
    this.check();
    const { end, sequence, file } = this;
    try {
      this.writeChunks(write);
      this.unflushed = true;
      if (durable) this.flush();
    } catch (error) {
      this.end = end;
      this.sequence = sequence;
      this.orBroken(() => file.truncate(end));
      throw error;
    }
  }

  flush(): void {
    this.check();
    if (!this.unflushed) return;
    this.file.flush();
    this.unflushed = false;
  }

  private writeChunks(write: WriteRecords): void {
    const { file, store } = this;
    const writer = new ChunkWriter((bytes) => store.crc32(bytes));
    const put = (last: boolean): void => {
      const bytes = writer.finish(this.sequence, this.generation, last);
      file.write(this.end, bytes);
      this.end += bytes.length;
      this.sequence++;
    };
    write(writer, () => {
      if (writer.isFull) put(false);
    });
    put(true);
  }

  /**
   * Begins anew in the other file with one transaction, which says all that there is. Throws what the host throws: then the old one holds.
   * A store's first log waits for no storage: with no data behind it, what a crash leaves of it is a new store.
   */
  begin(write: WriteRecords): void {
    this.check();
    const { current, generation, end, sequence, begun, unflushed } = this;
    this.current = current === 0 ? 1 : 0;
    this.generation = generation + 1;
    this.end = START;
    this.sequence = 1;
    const { file } = this;
    try {
      file.truncate(0);
      this.writeChunks(write);
      file.write(0, this.header());
      if (generation > 0) file.flush();
    } catch (error) {
      Object.assign(this, { current, generation, end, sequence, begun, unflushed });
      // were its header there it would hold the next time
      this.orBroken(() => {
        file.truncate(0);
        file.flush();
      });
      throw error;
    }
    this.begun = this.end;
    this.unflushed = generation === 0;
    try {
      this.store.logs[current].truncate(0);
    } catch {
      // its generation is the lower one: it takes room, and nothing else
    }
  }

  private header(): Uint8Array {
    const header = new Uint8Array(HEADER);
    const view = new DataView(header.buffer);
    header.set(MAGIC);
    view.setFloat64(MAGIC.length, this.generation, true);
    view.setUint32(HEADER - 4, this.store.crc32(header.subarray(0, HEADER - 4)), true);
    return header;
  }

  private check(): void {
    if (this.broken !== undefined) throw this.broken;
  }

  private orBroken(undo: () => void): void {
    try {
      undo();
    } catch (error) {
      this.broken = error;
    }
  }
}
