// wasi:io/streams over open files: of pipes and terminals, which are waited for, and of files, which have a position.
// WASI 0.2, wasi:io/streams. A stream that has failed says so once and is closed.
import { EPIPE } from '../kernel/abi/errno.js';
import { POLLIN, POLLOUT } from '../kernel/abi/poll.js';
import { codeOf, Refused } from './error-code.js';
import { DATA_MAX } from './mailbox.js';
import { type Awaited, DISPOSE, Pollable, type Waits } from './poll.js';
import { type System, SystemError } from './system.js';

/** Where bytes come from. */
export interface Source {
  /** No bytes: that was all. */
  read(length: number): Uint8Array;
  awaited: Awaited;
}

/** Where they go. */
export interface Sink {
  write(bytes: Uint8Array): number;
  awaited: Awaited;
}

export const fileSource = (system: System, fd: number): Source => ({
  read: (length) => system.read(fd, length),
  awaited: { fd, events: POLLIN },
});

export const fileSink = (system: System, fd: number): Sink => ({
  write: (bytes) => system.write(fd, bytes),
  awaited: { fd, events: POLLOUT },
});

const closed = (): Refused => new Refused({ tag: 'closed' });
const amount = (length: bigint): number => (length > DATA_MAX ? DATA_MAX : Number(length));

/** wasi:io/error. */
export class IoError {
  constructor(readonly code: string) {}
  toDebugString(): string {
    return this.code;
  }
  [DISPOSE](): void {}
}

function attempt<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === EPIPE) throw closed();
    throw new Refused({ tag: 'last-operation-failed', val: new IoError(codeOf(error.errno)) });
  }
}

export class InputStream {
  constructor(
    private readonly waits: Waits,
    private readonly source: Source,
  ) {}

  read(length: bigint): Uint8Array {
    if (length === 0n || !this.subscribe().ready()) return new Uint8Array(0);
    return this.blockingRead(length);
  }
  blockingRead(length: bigint): Uint8Array {
    if (length === 0n) return new Uint8Array(0);
    const bytes = attempt(() => this.source.read(amount(length)));
    if (bytes.length === 0) throw closed();
    return bytes;
  }
  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }
  blockingSkip(length: bigint): bigint {
    return BigInt(this.blockingRead(length).length);
  }
  subscribe(): Pollable {
    return new Pollable(this.waits, this.source.awaited);
  }
  [DISPOSE](): void {}
}

export class OutputStream {
  constructor(
    private readonly waits: Waits,
    private readonly sink: Sink,
  ) {}

  /** Bytes that may be written; who writes them waits where there is no room. */
  checkWrite(): bigint {
    return BigInt(DATA_MAX);
  }
  write(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(attempt(() => this.sink.write(rest)));
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    this.write(bytes);
  }
  flush(): void {}
  blockingFlush(): void {}
  subscribe(): Pollable {
    return new Pollable(this.waits, this.sink.awaited);
  }
  writeZeroes(length: bigint): void {
    for (let left = length; left > 0n; left -= BigInt(amount(left))) this.write(new Uint8Array(amount(left)));
  }
  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }
  splice(source: InputStream, length: bigint): bigint {
    const bytes = source.read(length);
    this.write(bytes);
    return BigInt(bytes.length);
  }
  blockingSplice(source: InputStream, length: bigint): bigint {
    const bytes = source.blockingRead(length);
    this.write(bytes);
    return BigInt(bytes.length);
  }
  [DISPOSE](): void {}
}
