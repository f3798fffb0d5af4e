// Guest output on its way to a stream: gathered in blocks, lines flushed at once, and a promise to wait for when it piles up.
// Node's stream back-pressure (stream.Writable, 'drain'); memory is bounded by one slice of the guest's writing.
import type { Writable } from 'node:stream';

const BLOCK = 16384;
const NEWLINE = 10;

/** What the guest must wait for while `stream` takes no more. */
export function congestion(stream: Writable): Promise<void> | undefined {
  if (!stream.writableNeedDrain || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    stream.on('drain', done).on('close', done).on('error', done);
  });
}

/** Where the guest's serial output goes. */
export interface SerialSink {
  write(byte: number): void;
  /** Hands on everything; what others write to the same place then has a line of its own. */
  endLine(): void;
  /** Hands on everything, and says what the guest must wait for. */
  backlog(): Promise<void> | undefined;
  /** Resolves when everything is on its way, or after `milliseconds`. */
  finish(milliseconds: number): Promise<void>;
}

export class Output implements SerialSink {
  private block = Buffer.allocUnsafe(BLOCK);
  private used = 0;
  private broken = false;
  /** The guest's last line has no end yet. */
  private unfinished = false;

  constructor(
    private readonly stream: Writable,
    private readonly onBroken: () => void,
  ) {
    stream.on('error', () => {
      if (this.broken) return;
      this.broken = true;
      this.onBroken();
    });
  }

  readonly write = (byte: number): void => {
    this.block[this.used++] = byte;
    this.unfinished = byte !== NEWLINE;
    if (byte === NEWLINE || this.used === BLOCK) this.flush();
  };

  /** Hands on what has been gathered. */
  flush(): void {
    if (this.used === 0) return;
    const bytes = Buffer.from(this.block.subarray(0, this.used));
    this.used = 0;
    if (!this.broken) this.stream.write(bytes);
  }

  /** Hands on everything, and ends the guest's line if it has not: what others write to the same terminal then has a line of its own. */
  endLine(): void {
    if (this.unfinished) this.write(NEWLINE);
    this.flush();
  }

  /** What the guest must wait for: the stream has taken no more. */
  backlog(): Promise<void> | undefined {
    this.flush();
    return this.broken ? undefined : congestion(this.stream);
  }

  /** Resolves when everything is on its way, or after `milliseconds`. */
  async finish(milliseconds: number): Promise<void> {
    this.flush();
    if (this.broken || this.stream.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.stream.write('', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
