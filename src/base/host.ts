// What a machine asks of the place it runs in: a clock, and turns of the event loop.
// Ours. Node's is src/hosts/node/host.ts, a browser's src/hosts/browser/host.ts; tests make their own.

export interface HostClock {
  /** Monotonic nanoseconds from any origin. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC, for the RTC. */
  date(): number;
  /** CPU seconds that this process (or worker) has used. */
  cpuSeconds(): number;
}

export interface Host extends HostClock {
  /** Lets the host's event loop run once: input, signals, timers. */
  turn(): Promise<void>;
  /** Resolves after `nanoseconds` (may be infinite), or as soon as `wake` is called, whichever comes first. */
  sleep(nanoseconds: number): Promise<void>;
  /** Fills an array of at most 65,536 bytes with random ones. */
  random(into: Uint8Array): void;
  /** Ends a `sleep`: there is input. */
  wake(): void;
}

/** Compression and checksums, as fast as the host has them. None rejects: what does not unpack to `size` bytes is undefined. */
export interface Codec {
  deflate(bytes: Uint8Array): Promise<Uint8Array>;
  inflate(bytes: Uint8Array, size: number): Promise<Uint8Array | undefined>;
  /** As gzip has it. */
  crc32(bytes: Uint8Array): number;
}

/** A file (or anything like one) that is read by ranges. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Fills `into` from `offset`; the range lies inside the file. Throws InputError when the host cannot read. */
  read(offset: number, into: Uint8Array): void;
  /** A range of it piece by piece, where a host has a quicker way for that. */
  stream?(from: number, length: number): AsyncIterable<Uint8Array>;
}
