// Bytes in the order in which they came. What bounds their number is its user's rule.

const FIRST_SIZE = 256;

export class ByteQueue {
  private bytes = new Uint8Array(FIRST_SIZE);
  private start = 0;
  private end = 0;

  get length(): number {
    return this.end - this.start;
  }

  push(byte: number): void {
    this.makeRoom(1);
    this.bytes[this.end++] = byte;
  }

  append(bytes: ArrayLike<number>): void {
    this.makeRoom(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** The byte `index` places behind the first. */
  at(index: number): number {
    return this.bytes[this.start + index]!;
  }

  /** A view of the first `length` bytes, or of all where there are fewer; it holds until the queue changes. */
  peek(length: number): Uint8Array {
    return this.bytes.subarray(this.start, Math.min(this.end, this.start + length));
  }

  /** The first `length` bytes go. */
  drop(length: number): void {
    this.start += Math.min(length, this.length);
    if (this.start === this.end) this.start = this.end = 0;
  }

  /** What is behind the first `length` bytes goes. */
  truncate(length: number): void {
    this.end = Math.min(this.end, this.start + length);
  }

  clear(): void {
    this.start = this.end = 0;
  }

  private makeRoom(length: number): void {
    if (this.end + length <= this.bytes.length) return;
    const used = this.length;
    const from = this.bytes;
    if ((used + length) * 2 > from.length) this.bytes = new Uint8Array(Math.max(from.length, used + length) * 2);
    this.bytes.set(from.subarray(this.start, this.end));
    this.start = 0;
    this.end = used;
  }
}
