// What is done to bytes while they pass: a checksum of them, their uncompressed form. The host has it quicker than we could.
// FIPS 180-4 (SHA-256), RFC 1952 (gzip), RFC 8878 (zstd), base/xz.ts, base/bzip2.ts.

export interface Hash {
  update(bytes: Uint8Array): void;
  /** In lower-case hexadecimal. Nothing comes after it. */
  digest(): string;
}

export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** Streams of a host. */
export interface StreamCodecs {
  sha256(): Hash;
  /** Rejects with InputError when the bytes are damaged, end early, or have something else behind their end. */
  uncompress(compression: Compression, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Equal bytes give equal bytes. */
  gzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
