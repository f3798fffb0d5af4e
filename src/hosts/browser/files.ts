// Files that a person has given to a page, as a machine reads them: by ranges, the last of them kept.
// Contract: ByteSource in src/base/host.ts; File API 6.5 (FileReaderSync, which workers alone have).
import { InputError, messageOf } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { FileStream } from '../../base/storage.js';
import { CLUSTER } from '../../library/overlay-pieces.js';
import { readAll } from './stream-codecs.js';
import { visitClusters } from './memory-overlay.js';

/** Clusters of the file that are kept, so that small reads in order are one read of the file. */
const CACHED = 64;

/** Whether this thread may read files when it needs them. */
export const readsFiles = (): boolean => 'FileReaderSync' in globalThis;

export class BlobSource implements ByteSource {
  readonly size: number;
  private readonly reader = new FileReaderSync();
  /** The oldest first. */
  private readonly cache = new Map<number, Uint8Array>();

  /** `what` names the option in messages. */
  constructor(
    readonly name: string,
    private readonly blob: Blob,
    private readonly what: string,
  ) {
    this.size = blob.size;
    if (this.size === 0) throw new InputError(`${what} ${name}: the file is empty`, 'Choose another file.');
  }

  read(offset: number, into: Uint8Array): void {
    if (into.length >= CLUSTER) {
      into.set(this.slice(offset, offset + into.length));
      return;
    }
    visitClusters(offset, into.length, (cluster, within, done, length) => {
      into.set(this.cluster(cluster).subarray(within, within + length), done);
    });
  }

  async *stream(from: number, length: number): AsyncGenerator<Uint8Array> {
    try {
      yield* readAll(this.blob.slice(from, from + length).stream());
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  private cluster(cluster: number): Uint8Array {
    const held = this.cache.get(cluster);
    if (held) return held;
    const bytes = this.slice(cluster * CLUSTER, (cluster + 1) * CLUSTER);
    const [oldest] = this.cache.keys();
    if (this.cache.size >= CACHED && oldest !== undefined) this.cache.delete(oldest);
    this.cache.set(cluster, bytes);
    return bytes;
  }

  private slice(from: number, to: number): Uint8Array {
    try {
      return new Uint8Array(this.reader.readAsArrayBuffer(this.blob.slice(from, to)));
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  private unreadable(error: unknown): InputError {
    return new InputError(
      `${this.what} ${this.name}: the browser could not read it (${messageOf(error)})`,
      'The file may have changed or moved since it was chosen: choose it again.',
      { cause: error },
    );
  }
}

/** A file as the body of a request. */
export function fileStream(name: string, blob: Blob): AsyncIterable<Uint8Array> | FileStream {
  if (blob.size === 0) return readAll(blob.stream());
  const file = new BlobSource(name, blob, 'archive');
  return { file, [Symbol.asyncIterator]: () => file.stream(0, blob.size) };
}
