// What the log of a store says, as bytes: chunks of records, each with a checksum, a transaction's last one marked.
// Ours; little-endian. A chunk: magic, length, CRC-32 of what follows (sequence number, generation of the log, flags, records).
import { fromLatin1, latin1 } from '../../../base/bytes.js';
import type { FileRecord } from '../tmpfs-keeper.js';

export const CHUNK_HEADER = 12;
const CHUNK_MAGIC = 0x4b4e4843;
/** Sequence number, generation and flags, before the records. */
const CHUNK_PREFIX = 20;
/** A chunk is written when it has so many bytes; a record may be a little longer. */
const CHUNK_SIZE = 1 << 18;
const CHUNK_MAX = CHUNK_SIZE + (1 << 17);
const LAST = 1;

export type LogRecord =
  /** Without attributes, which follow one by one. */
  | { kind: 'file'; ino: number; file: FileRecord }
  | { kind: 'xattr'; ino: number; name: string; value: Uint8Array }
  /** A directory has the name for the file `target` now, or for none (0). */
  | { kind: 'name'; ino: number; name: string; target: number }
  /** `count` pages from `index` on are in as many blocks from `block` on. */
  | { kind: 'extent'; ino: number; index: number; block: number; count: number }
  /** Pages [first, end) are a hole. */
  | { kind: 'drop'; ino: number; first: number; end: number }
  | { kind: 'gone'; ino: number };

const KINDS: readonly LogRecord['kind'][] = ['file', 'name', 'extent', 'drop', 'gone', 'xattr'];

export class ChunkWriter {
  private readonly bytes = new Uint8Array(CHUNK_MAX);
  private readonly view = new DataView(this.bytes.buffer);
  private at = CHUNK_HEADER + CHUNK_PREFIX;

  constructor(private readonly crc32: (bytes: Uint8Array) => number) {}

  get isFull(): boolean {
    return this.at >= CHUNK_SIZE;
  }

  /** What it has is not wanted. */
  clear(): void {
    this.at = CHUNK_HEADER + CHUNK_PREFIX;
  }

  /** The chunk, valid until the next record; what follows begins a new one. */
  finish(sequence: number, generation: number, last: boolean): Uint8Array {
    const { view } = this;
    view.setUint32(0, CHUNK_MAGIC, true);
    view.setUint32(4, this.at - CHUNK_HEADER, true);
    view.setFloat64(CHUNK_HEADER, sequence, true);
    view.setFloat64(CHUNK_HEADER + 8, generation, true);
    view.setUint32(CHUNK_HEADER + 16, last ? LAST : 0, true);
    const whole = this.bytes.subarray(0, this.at);
    view.setUint32(8, this.crc32(whole.subarray(CHUNK_HEADER)), true);
    this.clear();
    return whole;
  }

  file(ino: number, { attributes, target }: FileRecord): void {
    this.begin('file', ino);
    const { mode, uid, gid, nlink, size, rdev, atime, mtime, ctime } = attributes;
    for (const value of [mode, uid, gid, nlink]) this.u32(value);
    for (const value of [size, rdev]) this.number(value);
    for (const time of [atime, mtime, ctime]) {
      this.number(time.seconds);
      this.u32(time.nanoseconds);
    }
    this.text(target);
  }

  xattr(ino: number, name: string, value: Uint8Array): void {
    this.begin('xattr', ino);
    this.text(name);
    this.u32(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  name(ino: number, name: string, target: number): void {
    this.begin('name', ino);
    this.text(name);
    this.number(target);
  }

  extent(ino: number, index: number, block: number, count: number): void {
    this.begin('extent', ino);
    this.number(index);
    this.number(block);
    this.number(count);
  }

  drop(ino: number, first: number, end: number): void {
    this.begin('drop', ino);
    this.number(first);
    this.number(end);
  }

  gone(ino: number): void {
    this.begin('gone', ino);
  }

  private begin(kind: LogRecord['kind'], ino: number): void {
    this.bytes[this.at++] = KINDS.indexOf(kind);
    this.number(ino);
  }
  private u32(value: number): void {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }
  private number(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }
  private text(text: string): void {
    this.u32(text.length);
    this.bytes.set(latin1(text), this.at);
    this.at += text.length;
  }
}

export interface Chunk {
  sequence: number;
  generation: number;
  last: boolean;
  records: LogRecord[];
}

/** How long the chunk says that it is, from its header; undefined: it is none. */
export function chunkLength(header: Uint8Array): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < CHUNK_HEADER || view.getUint32(0, true) !== CHUNK_MAGIC) return undefined;
  const length = view.getUint32(4, true);
  return length >= CHUNK_PREFIX && length <= CHUNK_MAX ? CHUNK_HEADER + length : undefined;
}

/** Undefined: it was not written to its end, or has changed since. */
export function parseChunk(bytes: Uint8Array, crc32: (bytes: Uint8Array) => number): Chunk | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(8, true) !== crc32(bytes.subarray(CHUNK_HEADER))) return undefined;
  const sequence = view.getFloat64(CHUNK_HEADER, true);
  const generation = view.getFloat64(CHUNK_HEADER + 8, true);
  const last = (view.getUint32(CHUNK_HEADER + 16, true) & LAST) !== 0;
  try {
    return { sequence, generation, last, records: parseRecords(bytes, view) };
  } catch (error) {
    // a number that leads out of the chunk
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function parseRecords(bytes: Uint8Array, view: DataView): LogRecord[] {
  const records: LogRecord[] = [];
  let at = CHUNK_HEADER + CHUNK_PREFIX;
  const skip = (length: number): number => {
    at += length;
    return at - length;
  };
  const u32 = (): number => view.getUint32(skip(4), true);
  const number = (): number => {
    const value = view.getFloat64(skip(8), true);
    if (!Number.isSafeInteger(value)) throw new RangeError('no whole number');
    return value;
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError('behind the end');
    return bytes.subarray(skip(length), at);
  };
  const text = (): string => fromLatin1(take(u32()));
  const time = () => ({ seconds: number(), nanoseconds: u32() });
  const file = (): FileRecord => {
    const [mode, uid, gid, nlink] = [u32(), u32(), u32(), u32()];
    const [size, rdev] = [number(), number()];
    const [atime, mtime, ctime] = [time(), time(), time()];
    return { attributes: { mode, uid, gid, nlink, size, rdev, atime, mtime, ctime }, target: text(), xattrs: [] };
  };
  while (at < bytes.length) {
    const kind = KINDS[bytes[at++]!];
    const ino = number();
    switch (kind) {
      case 'file':
        records.push({ kind, ino, file: file() });
        break;
      case 'name':
        records.push({ kind, ino, name: text(), target: number() });
        break;
      case 'extent':
        records.push({ kind, ino, index: number(), block: number(), count: number() });
        break;
      case 'drop':
        records.push({ kind, ino, first: number(), end: number() });
        break;
      case 'gone':
        records.push({ kind, ino });
        break;
      case 'xattr':
        records.push({ kind, ino, name: text(), value: take(u32()).slice() });
        break;
      case undefined:
        throw new RangeError('no such record');
    }
  }
  return records;
}
