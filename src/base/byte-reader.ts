// Bytes of a stream by their number, whatever pieces it comes in. Ours.

/** Bytes that are skipped at a time. */
const PIECE = 1 << 17;

export class ByteReader {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private piece = new Uint8Array(0) as Uint8Array;
  /** Bytes that were taken. */
  position = 0;

  /** `damaged` makes the error of a stream that ends early. */
  constructor(
    bytes: AsyncIterable<Uint8Array>,
    private readonly damaged: (why: string) => Error,
  ) {
    this.pieces = bytes[Symbol.asyncIterator]();
  }

  /** Fewer only at the end. */
  async upTo(count: number): Promise<Uint8Array> {
    const found = new Uint8Array(count);
    let have = 0;
    while (have < count) {
      if (this.piece.length === 0) {
        const next = await this.pieces.next();
        if (next.done) break;
        this.piece = next.value;
      }
      const part = this.piece.subarray(0, count - have);
      found.set(part, have);
      have += part.length;
      this.piece = this.piece.subarray(part.length);
    }
    this.position += have;
    return found.subarray(0, have);
  }

  async take(count: number): Promise<Uint8Array> {
    const found = await this.upTo(count);
    if (found.length < count) throw this.damaged('it ends early');
    return found;
  }

  /** Undefined when there are no more at all. */
  async takeOrEnd(count: number): Promise<Uint8Array | undefined> {
    const found = await this.upTo(count);
    if (found.length > 0 && found.length < count) throw this.damaged('it ends early');
    return found.length === 0 ? undefined : found;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; left -= PIECE) await this.take(Math.min(left, PIECE));
  }

  /** Nobody takes any more. */
  async close(): Promise<void> {
    await this.pieces.return?.();
  }
}
