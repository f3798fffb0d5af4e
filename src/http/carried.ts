// HTTP without sockets: requests and answers as messages between a page and a worker, with the pressure of who takes them.
// Ours. Plain data, but for a body that is a Blob: it goes as it is, and is read where it is needed.

/** Bytes of one direction of an exchange that may be under way. */
export const WINDOW = 1 << 18;

export type ToServer =
  /** The body is a text, or a Blob. */
  | { ask: number; method: string; target: string; headers: Record<string, string>; body?: string | object }
  /** Of a connection that has left HTTP, and its end. */
  | { more: number; bytes: Uint8Array }
  | { moreEnd: number }
  /** So many bytes of the answer have been taken. */
  | { taken: number; count: number }
  /** Nobody takes any more. */
  | { gone: number };

export type FromServer =
  | { answer: number; status: number; headers: Record<string, string>; upgraded: boolean }
  | { piece: number; bytes: Uint8Array }
  /** All has been said. `failed`: not all. */
  | { end: number; failed?: string }
  /** So many bytes have been read of the request's body, or of what came behind it. */
  | { read: number; count: number };

export interface Port<Out, In> {
  send(message: Out): void;
  onMessage(receive: (message: In) => void): void;
}

/** Bytes that wait for their reader, one after the other. */
export class Inlet implements AsyncIterable<Uint8Array> {
  private readonly waiting: Uint8Array[] = [];
  private ended = false;
  private error?: Error;
  private wake: () => void = () => {};

  /** `taken` is told how many bytes have got to the reader. */
  constructor(private readonly taken: (count: number) => void) {}

  push(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.wake();
  }

  end(error?: Error): void {
    this.ended = true;
    this.error ??= error;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = this.waiting.shift();
      if (bytes) {
        this.taken(bytes.length);
        yield bytes;
      } else if (this.ended) {
        if (this.error) throw this.error;
        return;
      } else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}

/** Bytes on their way to somebody who says when they are taken. */
export class Outlet {
  private under = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly closing: (() => void)[] = [];
  closed = false;

  constructor(private readonly send: (bytes: Uint8Array) => void) {}

  /** Resolves when there is room for more; false: nobody takes any more. */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length && !this.closed; at += WINDOW) {
      const piece = bytes.slice(at, at + WINDOW);
      this.under += piece.length;
      this.send(piece);
      while (this.under >= WINDOW && !this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return !this.closed;
  }

  taken(count: number): void {
    this.under -= count;
    if (this.under < WINDOW) for (const resume of this.waiting.splice(0)) resume();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const resume of this.waiting.splice(0)) resume();
    for (const act of this.closing.splice(0)) act();
  }

  onClose(action: () => void): void {
    if (this.closed) action();
    else this.closing.push(action);
  }
}
