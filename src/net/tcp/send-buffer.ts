// Bytes that have been sent or wait to be, until the other side has acknowledged them: a ring that grows as it needs.
// Ours.

const FIRST = 4096;
export const SEND_BUFFER_MAX = 256 * 1024;

export class SendBuffer {
  private ring = new Uint8Array(0);
  private start = 0;
  length = 0;

  get room(): number {
    return SEND_BUFFER_MAX - this.length;
  }

  /** The value is how many of the bytes had room. */
  push(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room);
    if (this.length + taken > this.ring.length) this.grow(this.length + taken);
    const at = (this.start + this.length) % this.ring.length;
    const first = Math.min(taken, this.ring.length - at);
    this.ring.set(bytes.subarray(0, first), at);
    this.ring.set(bytes.subarray(first, taken), 0);
    this.length += taken;
    return taken;
  }

  /** A copy of `length` bytes, from `offset` behind the oldest on. */
  slice(offset: number, length: number): Uint8Array {
    const piece = new Uint8Array(length);
    const at = (this.start + offset) % Math.max(1, this.ring.length);
    const first = Math.min(length, this.ring.length - at);
    piece.set(this.ring.subarray(at, at + first));
    piece.set(this.ring.subarray(0, length - first), first);
    return piece;
  }

  /** Forgets the oldest bytes. */
  drop(length: number): void {
    this.length -= length;
    this.start = this.length === 0 ? 0 : (this.start + length) % this.ring.length;
    // thousands of idle connections hold no memory
    if (this.length === 0) this.ring = new Uint8Array(0);
  }

  private grow(least: number): void {
    let size = Math.max(FIRST, this.ring.length);
    while (size < least) size *= 2;
    const ring = new Uint8Array(size);
    ring.set(this.slice(0, this.length));
    this.ring = ring;
    this.start = 0;
  }
}
