// Reading and writing 9P messages: little-endian numbers, counted strings. Every length is checked against what is there.
// Source: 9P2000.L, Documentation of the protocol in diod (protocol.md); Plan 9 manual, section 5, intro(5).
import { decodeText, encodeText } from '../../../base/text.js';
import { ERRNO, FileError } from '../../../base/file-tree.js';

/** A file's identity: type bits, version, inode. */
export interface Qid {
  type: number;
  version: number;
  path: bigint;
}

export class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }
  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  string(): string {
    const length = this.u16();
    const from = this.take(length);
    const text = decodeText(this.bytes.subarray(from, from + length));
    if (text === undefined) throw new FileError(ERRNO.INVAL);
    return text;
  }

  data(length: number): Uint8Array {
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  private take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) throw new FileError(ERRNO.PROTO);
    this.at += length;
    return from;
  }
}

/** A message of at most `room` bytes. */
export class Writer {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(room: number) {
    this.bytes = new Uint8Array(room);
    this.view = new DataView(this.bytes.buffer);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(value: number): this {
    this.view.setUint8(this.take(1), value);
    return this;
  }
  u16(value: number): this {
    this.view.setUint16(this.take(2), value, true);
    return this;
  }
  u32(value: number): this {
    this.view.setUint32(this.take(4), value, true);
    return this;
  }
  u64(value: bigint): this {
    this.view.setBigUint64(this.take(8), BigInt.asUintN(64, value), true);
    return this;
  }
  string(text: string): this {
    const bytes = encodeText(text);
    this.u16(bytes.length);
    this.bytes.set(bytes, this.take(bytes.length));
    return this;
  }
  qid({ type, version, path }: Qid): this {
    return this.u8(type).u32(version).u64(path);
  }

  /** Room for at most `length` bytes that `fill` puts there; it returns how many they were. Their number stands in front. */
  counted(length: number, fill: (into: Uint8Array) => number): this {
    const count = this.take(4);
    const from = this.at;
    const done = fill(this.bytes.subarray(from, from + Math.min(length, this.left)));
    this.view.setUint32(count, done, true);
    this.at = from + done;
    return this;
  }

  /** The whole message, with its size in front. */
  finish(): Uint8Array {
    this.view.setUint32(0, this.at, true);
    return this.written;
  }

  get written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  private take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) throw new FileError(ERRNO.PROTO);
    this.at += length;
    return from;
  }
}
