// Work that many ask for at once and each of them again and again: a piece of one, then a piece of another, and between them whatever else
// the host's event loop has to do. Ours.

export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** `turn` lets the host's event loop run once; it is not called again before it has resolved. */
  constructor(private readonly turn: () => Promise<void>) {}

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    this.last = this.last.then(this.turn);
    return this.last;
  }
}
