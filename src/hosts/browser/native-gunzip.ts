// gzip by the browser's own stream for the first member; the browser takes what is behind it for junk, and pako goes on there.
// RFC 1952, 2.3 (a member begins with 1f 8b 08 and ends with the size of what it holds); Compression Streams standard.
import { joined } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import { gunzip } from './gunzip.js';

/** A piece may become a thousand times as long, and comes out at once. */
const PIECE = 1 << 16;
const [FIRST, SECOND, DEFLATE] = [0x1f, 0x8b, 8];
const HEADER = 3;

/** The browser's stream, with what has come out of it. */
class Member {
  private readonly stream = new DecompressionStream('gzip');
  private readonly writer = this.stream.writable.getWriter();
  private readonly out: Uint8Array[] = [];
  private readonly pumped = this.pump();
  private failure: InputError | undefined;
  /** Bytes that have come out. */
  size = 0;
  /** The last four bytes that have gone in: at a member's end its size. */
  last = 0;

  private async pump(): Promise<void> {
    const reader = this.stream.readable.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        this.size += value.length;
        this.out.push(value);
      }
    } catch (error) {
      this.failure = new InputError('gzip: the bytes are damaged, or end early', 'The archive is damaged.', {
        cause: error,
      });
    }
  }

  /** Throws InputError. */
  async write(bytes: Uint8Array): Promise<void> {
    // what goes wrong comes to the pump, too
    await this.writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => this.pumped);
    if (this.failure) throw this.failure;
    for (const byte of bytes.subarray(-4)) this.last = (this.last >>> 8) | (byte << 24);
  }

  get hasEnded(): boolean {
    return this.size % 2 ** 32 === this.last >>> 0;
  }

  taken(): Uint8Array[] {
    return this.out.splice(0);
  }

  /** Throws InputError. */
  async end(): Promise<Uint8Array[]> {
    await this.writer.close().catch(() => {});
    await this.pumped;
    if (this.failure) throw this.failure;
    return this.taken();
  }

  leave(): void {
    void this.writer.abort().catch(() => {});
  }
}

/** Where another member's header begins, from `from` on, or may begin at the end; -1: nowhere. */
function headerIn(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(FIRST, from); at >= 0; at = bytes.indexOf(FIRST, at + 1))
    if ((bytes[at + 1] ?? SECOND) === SECOND && (bytes[at + 2] ?? DEFLATE) === DEFLATE) return at;
  return -1;
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

async function* cut(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes)
    for (let at = 0; at < piece.length; at += PIECE) yield piece.subarray(at, at + PIECE);
}

/** Rejects with InputError when the bytes are damaged, end early, or have something else behind their end. */
export async function* nativeGunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = cut(bytes);
  const member = new Member();
  /** Begins, if with anything, with what may be a header. */
  let held: Uint8Array = new Uint8Array(0);
  // the first one is no other member's
  let from = 1;
  try {
    for await (const piece of pieces) {
      held = held.length === 0 ? piece : joined([held, piece]);
      for (;;) {
        const at = headerIn(held, from);
        const whole = at < 0 ? held.length : at;
        if (whole > 0) await member.write(held.subarray(0, whole));
        held = held.subarray(whole);
        yield* member.taken();
        from = 0;
        if (held.length < HEADER) break;
        // all that has gone in has come out a turn later
        await turn();
        yield* member.taken();
        if (member.hasEnded) {
          yield* await member.end();
          yield* gunzip(following(held, pieces));
          return;
        }
        from = 1;
      }
    }
    if (held.length > 0) await member.write(held);
    yield* await member.end();
  } finally {
    member.leave();
  }
}

async function* following(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
