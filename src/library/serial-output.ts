// What a machine's console says: gathered, handed to whoever reads, and watched for texts.
// Ours. A reader that does not keep up makes the guest wait: what lies here is bounded.
import { encodeText, TextStream } from '../base/text.js';

const BLOCK = 16384;
/** Bytes that a reader may leave unread before the guest waits for it. */
const UNREAD_MOST = 1 << 20;
/** Bytes that are kept for the next `waitFor` while none waits, and in front of what it finds. */
const KEPT = 1 << 16;

/** How a machine's run ended: its outcome's kind, or the error that it could not go on for. */
export interface Ended {
  how: string;
  error?: unknown;
}

export class SerialOutput {
  private block = new Uint8Array(BLOCK);
  private used = 0;
  private readonly readers = new Set<Reader>();
  private readonly waiters = new Set<Waiter>();
  /** What came behind the last text that was found. */
  private recent: Uint8Array = new Uint8Array(0);
  private ended: Ended | undefined;
  private roomWanted: (() => void) | undefined;

  /** One byte that the guest has sent. */
  readonly write = (byte: number): void => {
    this.block[this.used++] = byte;
    if (this.used === BLOCK) this.flush();
  };

  /** Hands on what has been gathered; what the guest must wait for when a reader is behind. */
  backlog(): Promise<void> | undefined {
    this.flush();
    if (!this.behind) return undefined;
    return new Promise((resolve) => {
      this.roomWanted = resolve;
    });
  }

  /** All output from now on, in pieces as they come. `start` is called when somebody waits for one. */
  read(start: () => void): AsyncIterableIterator<Uint8Array> {
    this.flush();
    const reader = new Reader(start, () => this.taken());
    if (this.ended) reader.end(this.ended);
    else this.readers.add(reader);
    return reader;
  }

  /** Resolves with what came since the last text that was found, up to the end of `text`. Rejects when the machine has ended without it. */
  waitFor(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const needle = encodeText(text);
      const waiter: Waiter = { text, needle, searched: 0, found: resolve, lost: reject };
      this.waiters.add(waiter);
      this.flush();
      this.search();
      if (this.ended && this.waiters.delete(waiter)) reject(this.missed(text, this.ended));
    });
  }

  /** The machine has ended, or could not go on. */
  end(ended: Ended): void {
    this.flush();
    this.ended = ended;
    for (const reader of this.readers) reader.end(ended);
    this.readers.clear();
    for (const { text, lost } of this.waiters) lost(this.missed(text, ended));
    this.waiters.clear();
    this.roomWanted?.();
  }

  private missed(text: string, { how, error }: Ended): Error {
    const last = new TextStream().end(this.recent).trimEnd().split('\n').at(-1)?.trim();
    const said = last ? `; the last line: ${last}` : '; the machine has said nothing since';
    return new Error(`${JSON.stringify(text)} did not come before the end (${how})${said}`, { cause: error });
  }

  private get behind(): boolean {
    for (const { unread } of this.readers) if (unread > UNREAD_MOST) return true;
    return false;
  }

  private taken(): void {
    for (const reader of this.readers) if (reader.closed) this.readers.delete(reader);
    if (this.behind) return;
    this.roomWanted?.();
    this.roomWanted = undefined;
  }

  private flush(): void {
    if (this.used === 0) return;
    const bytes = this.block.slice(0, this.used);
    this.used = 0;
    for (const reader of this.readers) reader.give(bytes);
    const joined = new Uint8Array(this.recent.length + bytes.length);
    joined.set(this.recent);
    joined.set(bytes, this.recent.length);
    this.recent = joined;
    this.search();
    this.forget(KEPT);
  }

  /** Whoever waits for the text that ends first gets it; what it has found is gone for the others. */
  private search(): void {
    for (;;) {
      let first: { waiter: Waiter; end: number } | undefined;
      for (const waiter of this.waiters) {
        const end = endOf(this.recent, waiter.needle, waiter.searched);
        if (end !== undefined && end < (first?.end ?? Number.POSITIVE_INFINITY)) first = { waiter, end };
        if (end === undefined) waiter.searched = Math.max(0, this.recent.length - waiter.needle.length + 1);
      }
      if (!first) return;
      const before = new TextStream().end(this.recent.subarray(0, first.end));
      this.forget(this.recent.length - first.end);
      this.waiters.delete(first.waiter);
      first.waiter.found(before);
    }
  }

  /** Keeps the last bytes alone. */
  private forget(keep: number): void {
    const gone = this.recent.length - keep;
    if (gone <= 0) return;
    this.recent = this.recent.slice(gone);
    for (const waiter of this.waiters) waiter.searched = Math.max(0, waiter.searched - gone);
  }
}

interface Waiter {
  text: string;
  needle: Uint8Array;
  /** No occurrence begins before. */
  searched: number;
  found(before: string): void;
  lost(reason: Error): void;
}

/** Where the first occurrence ends. */
function endOf(bytes: Uint8Array, needle: Uint8Array, from: number): number | undefined {
  if (needle.length === 0) return from;
  for (let at = bytes.indexOf(needle[0], from); at >= 0; at = bytes.indexOf(needle[0], at + 1)) {
    if (at + needle.length > bytes.length) return undefined;
    if (needle.every((byte, i) => bytes[at + i] === byte)) return at + needle.length;
  }
  return undefined;
}

/** One reader's pieces. */
class Reader implements AsyncIterableIterator<Uint8Array> {
  unread = 0;
  closed = false;
  private pieces: Uint8Array[] = [];
  private ended: Ended | undefined;
  private waiting: (() => void) | undefined;

  constructor(
    private readonly start: () => void,
    private readonly taken: () => void,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  give(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.unread += bytes.length;
    this.waiting?.();
  }

  end(ended: Ended): void {
    this.ended = ended;
    this.waiting?.();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.start();
    while (!this.closed) {
      const piece = this.pieces.shift();
      if (piece) {
        this.unread -= piece.length;
        this.taken();
        return { done: false, value: piece };
      }
      if (this.ended) {
        if (this.ended.error !== undefined) throw this.ended.error;
        break;
      }
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
      this.waiting = undefined;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.closed = true;
    this.pieces = [];
    this.unread = 0;
    this.taken();
    this.waiting?.();
    return { done: true, value: undefined };
  }
}
