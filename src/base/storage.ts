// Where a store keeps its files: a folder of Node's host, a browser's private files, memory in tests.
// Ours. Paths are relative, names parted by '/', and made by us: never by an image or a client.
import { InputError } from './errors.js';
import type { ByteSource } from './host.js';

/** A file that is open: its bytes stay there for the reader, also when it is removed. */
export interface StoredFile extends ByteSource {
  close(): void;
}

/** Bytes that are those of a file: who wants the last of them first reads that. */
export interface FileStream extends AsyncIterable<Uint8Array> {
  readonly file: ByteSource;
}

/** Undefined: they come as they come. */
export const fileOf = (bytes: AsyncIterable<Uint8Array>): ByteSource | undefined =>
  'file' in bytes ? (bytes as FileStream).file : undefined;

export interface StoredWriter {
  /** Resolves when the host has taken them. */
  write(bytes: Uint8Array): Promise<void>;
  /** What was written is on the host's storage, and the file is closed. */
  finish(): Promise<void>;
  /** Closes the file as it is; it may lose what was written when the host goes down. */
  abandon(): Promise<void>;
}

/** Folders come into being with what is put into them. All reject with StorageError. */
export interface Storage {
  /** Names in a folder, in their order; none when it is not there. */
  list(folder: string): Promise<string[]>;
  /** Bytes of a file; undefined when it is not there. */
  size(path: string): Promise<number | undefined>;
  /** All of a small file; undefined when it is not there. Rejects when it is larger than `most`. */
  read(path: string, most: number): Promise<Uint8Array | undefined>;
  /** A file from byte `from` on, piece by piece. */
  stream(path: string, from?: number): AsyncIterable<Uint8Array>;
  /** Undefined when it is not there. */
  open(path: string): Promise<StoredFile | undefined>;
  /** Writes a file from byte `from` on, at its end at most; what it had behind is dropped. */
  write(path: string, from: number): Promise<StoredWriter>;
  /**
   * A small file anew, at once or not at all; on the host's storage when it resolves. `frees`: others go with it, so room that is
   * kept back for that may be used.
   */
  replace(path: string, bytes: Uint8Array, frees?: boolean): Promise<void>;
  /** A finished file under another name, in whose place it is; on the host's storage when it resolves. */
  move(from: string, to: string): Promise<void>;
  /** A file, or a folder with all in it; nothing when it is not there. `lasting`: also when the host goes down as soon as it resolves. */
  remove(path: string, lasting?: boolean): Promise<void>;
}

/** The place where files are kept failed. */
export class StorageError extends InputError {
  constructor(
    what: string,
    /** There was no room. */
    readonly full: boolean,
    options?: { cause?: unknown },
  ) {
    super(what, full ? 'Make room: remove images that are not needed, or give another folder.' : undefined, options);
  }
}
