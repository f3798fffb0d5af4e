// Bytes in order, as the pieces in which they came: what waits to be sent or acknowledged, what waits to be read. Large pieces are kept
// as they are, so that bytes are not copied on their way; small ones are put together.
// Ours.

/** Pieces below this are copied into room that they share. */
const SMALL = 2048;
const ROOM = 4096;

interface Piece {
  /** Of a shared piece the bytes up to `end` are taken, and never change again. */
  bytes: Uint8Array;
  start: number;
  end: number;
  shared: boolean;
}

export class ByteQueue {
  private pieces: Piece[] = [];
  /** Pieces in front of this one are gone; so that taking one off costs nothing. */
  private first = 0;
  length = 0;

  constructor(
    /** Bytes that may wait; what is there stays when it is made smaller. */
    public capacity: number,
  ) {}

  get room(): number {
    return Math.max(0, this.capacity - this.length);
  }

  /** The value is how many of the bytes had room. They are the queue's from then on, and may not change. */
  push(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room);
    if (taken > 0) this.append(taken < bytes.length ? bytes.subarray(0, taken) : bytes);
    return taken;
  }

  /** As push, whatever the capacity. */
  append(bytes: Uint8Array): void {
    const { length } = bytes;
    this.length += length;
    if (length >= SMALL) {
      this.pieces.push({ bytes, start: 0, end: length, shared: false });
      return;
    }
    let last = this.pieces[this.pieces.length - 1];
    if (!last?.shared || last.bytes.length - last.end < length || this.pieces.length === this.first) {
      // a lone small piece needs no room for others
      const alone = this.pieces.length === this.first;
      last = { bytes: alone ? bytes : new Uint8Array(ROOM), start: 0, end: alone ? length : 0, shared: !alone };
      this.pieces.push(last);
      if (alone) return;
    }
    last.bytes.set(bytes, last.end);
    last.end += length;
  }

  /** How many of `length` bytes, from `offset` on, lie together. */
  together(offset: number, length: number): number {
    let skip = offset;
    for (let at = this.first; at < this.pieces.length; at++) {
      const { start, end } = this.pieces[at];
      if (skip < end - start) return Math.min(length, end - start - skip);
      skip -= end - start;
    }
    return 0;
  }

  /** `length` bytes, from `offset` behind the oldest on. They may not be changed. */
  slice(offset: number, length: number): Uint8Array {
    let at = this.first;
    let skip = offset;
    for (; at < this.pieces.length; at++) {
      const { start, end } = this.pieces[at];
      if (skip < end - start) break;
      skip -= end - start;
    }
    const piece = this.pieces[at];
    if (length === 0 || !piece) return new Uint8Array(0);
    if (piece.end - piece.start - skip >= length)
      return piece.bytes.subarray(piece.start + skip, piece.start + skip + length);
    const whole = new Uint8Array(length);
    for (let done = 0; done < length; at++, skip = 0) {
      const { bytes, start, end } = this.pieces[at];
      const part = Math.min(length - done, end - start - skip);
      whole.set(bytes.subarray(start + skip, start + skip + part), done);
      done += part;
    }
    return whole;
  }

  /** Bytes of the oldest piece, all that lie together. */
  get front(): Uint8Array {
    const { bytes, start, end } = this.pieces[this.first];
    return bytes.subarray(start, end);
  }

  /** Forgets the oldest bytes. */
  drop(length: number): void {
    let rest = length;
    this.length -= length;
    while (rest > 0) {
      const piece = this.pieces[this.first];
      const part = Math.min(rest, piece.end - piece.start);
      piece.start += part;
      rest -= part;
      if (piece.start < piece.end) break;
      this.first++;
    }
    if (this.length === 0) this.pieces = [];
    else if (this.first > 64 && this.first * 2 > this.pieces.length) this.pieces = this.pieces.slice(this.first);
    else return;
    this.first = 0;
  }
}
