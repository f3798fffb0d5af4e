// Content by its digest: manifests, configurations, compressed layers. What is there is whole and what its name says; what is on its way
// is kept apart, and goes on where it was cut.
// Ours. A blob is in force when it has its name: a file is written aside, checked, and moved.
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { Storage, StoredFile, StoredWriter } from '../../base/storage.js';
import type { Hash, StreamCodecs } from '../../base/streams.js';
import { type Digest, digestOf, digestOfHex, hexOf } from '../digest.js';
import { DOCUMENT_MAX } from '../json.js';
import type { Descriptor } from '../manifest.js';

const BLOBS = 'blobs/sha256';
const PARTIAL = 'partial/sha256';

export const isHex = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

export class ContentStore {
  /** Blobs that are being written, by digest: nobody else may. */
  private readonly writing = new Set<Digest>();

  constructor(
    readonly storage: Storage,
    readonly codecs: StreamCodecs,
  ) {}

  /** Bytes of a blob; undefined when it is not there. */
  size(digest: Digest): Promise<number | undefined> {
    return this.storage.size(pathOf(digest));
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** All of a document; undefined when it is not there. */
  read(digest: Digest): Promise<Uint8Array | undefined> {
    return this.storage.read(pathOf(digest), DOCUMENT_MAX);
  }

  stream(digest: Digest): AsyncIterable<Uint8Array> {
    return this.storage.stream(pathOf(digest));
  }

  open(digest: Digest): Promise<StoredFile | undefined> {
    return this.storage.open(pathOf(digest));
  }

  list(): Promise<Digest[]> {
    return digestsIn(this.storage, BLOBS, '');
  }

  /** A document of ours, or one that is in memory already. */
  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(this.codecs, bytes);
    if (!(await this.has(digest))) await this.storage.replace(pathOf(digest), bytes);
    return digest;
  }

  /** Bytes of a blob that came before it was cut. */
  async partialSize(digest: Digest): Promise<number> {
    return (await this.storage.size(partialOf(digest))) ?? 0;
  }

  /** The blob's beginning, as far as it came. */
  partial(digest: Digest): AsyncIterable<Uint8Array> {
    return this.storage.stream(partialOf(digest));
  }

  /** Drops what came of a blob. */
  async dropPartial(digest: Digest): Promise<void> {
    if (!this.writing.has(digest)) await this.storage.remove(partialOf(digest));
  }

  /**
   * A blob that is to come: `write` takes its bytes from the first on, those again that are there since it was cut (they are
   * checked, and not written twice), and `commit` makes it one of the store's if it is what `descriptor` says.
   */
  async receive(descriptor: Descriptor): Promise<Reception> {
    const { digest } = descriptor;
    if (this.writing.has(digest)) throw new InputError(`${digest}: is on its way already`);
    this.writing.add(digest);
    try {
      const kept = Math.min(await this.partialSize(digest), descriptor.size);
      const file = await this.storage.write(partialOf(digest), kept);
      return new Reception(this, descriptor, kept, file, () => this.writing.delete(digest));
    } catch (error) {
      this.writing.delete(digest);
      throw error;
    }
  }

  /** A whole blob from a stream. Rejects, and keeps nothing, when it is not what `descriptor` says. */
  async ingest(descriptor: Descriptor, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await this.dropPartial(descriptor.digest);
    const reception = await this.receive(descriptor);
    try {
      for await (const piece of bytes) await reception.write(piece);
      await reception.commit();
    } catch (error) {
      await reception.abandon(false);
      throw error;
    }
  }

  /** Bytes whose digest is not known before they have all come. */
  async ingestUnknown(bytes: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
    const aside = `partial/unknown-${this.unknown++}`;
    const file = await this.storage.write(aside, 0);
    try {
      const hash = this.codecs.sha256();
      let size = 0;
      for await (const piece of bytes) {
        hash.update(piece);
        size += piece.length;
        await file.write(piece);
      }
      await file.finish();
      const digest = digestOfHex(hash.digest());
      await this.storage.move(aside, pathOf(digest));
      return { digest, size };
    } catch (error) {
      await file.abandon();
      await this.storage.remove(aside);
      throw error;
    }
  }
  private unknown = 0;

  async remove(digest: Digest): Promise<void> {
    await this.storage.remove(pathOf(digest));
  }

  /** Partial blobs that nobody is writing go. How many bytes that were. */
  async removePartials(): Promise<number> {
    let bytes = 0;
    for (const digest of await digestsIn(this.storage, PARTIAL, '')) {
      if (this.writing.has(digest)) continue;
      bytes += await this.partialSize(digest);
      await this.dropPartial(digest);
    }
    return bytes;
  }
}

const pathOf = (digest: Digest): string => `${BLOBS}/${hexOf(digest)}`;
const partialOf = (digest: Digest): string => `${PARTIAL}/${hexOf(digest)}`;

/** Digests that name the files of a folder, but for their ending. */
export async function digestsIn(storage: Storage, folder: string, ending: string): Promise<Digest[]> {
  const names = (await storage.list(folder)).filter((name) => name.endsWith(ending));
  return names
    .map((name) => name.slice(0, name.length - ending.length))
    .filter(isHex)
    .map(digestOfHex);
}

/** One blob on its way in. */
export class Reception {
  private readonly hash: Hash;
  private received = 0;
  private open = true;

  constructor(
    private readonly store: ContentStore,
    private readonly descriptor: Descriptor,
    /** Bytes that were there before: the source may give them from the store. */
    readonly kept: number,
    private readonly file: StoredWriter,
    private readonly release: () => void,
  ) {
    this.hash = store.codecs.sha256();
  }

  /** Rejects with InputError when there are more than there should be. */
  async write(bytes: Uint8Array): Promise<void> {
    const { digest, size } = this.descriptor;
    if (this.received + bytes.length > size)
      throw new ContentError(`${digest}: is longer than the ${size} bytes that its manifest says`);
    this.hash.update(bytes);
    const known = Math.min(bytes.length, Math.max(0, this.kept - this.received));
    this.received += bytes.length;
    if (known < bytes.length) await this.file.write(bytes.subarray(known));
  }

  /** Bytes so far. */
  get size(): number {
    return this.received;
  }

  /** Rejects with ContentError when they are not what they should be; then `abandon(false)`. */
  async commit(): Promise<void> {
    this.check();
    await this.file.finish();
    this.open = false;
    await this.store.storage.move(partialOf(this.descriptor.digest), pathOf(this.descriptor.digest));
    this.release();
  }

  /** Whether all has come, and is what it should be. Throws ContentError. */
  private check(): void {
    const { digest, size } = this.descriptor;
    if (this.received !== size) throw new ContentError(`${digest}: ended after ${this.received} of ${size} bytes`);
    const found = digestOfHex(this.hash.digest());
    if (found !== digest) throw new ContentError(`${digest}: what came is something else, ${found}`);
  }

  /** Ends without the blob. `keep`: what came stays, to go on from. */
  async abandon(keep: boolean): Promise<void> {
    if (this.open) await this.file.abandon();
    this.open = false;
    this.release();
    if (!keep) await this.store.dropPartial(this.descriptor.digest);
  }
}

/** Content is not what its name, or its manifest, says. */
export class ContentError extends InputError {
  constructor(what: string) {
    super(what, 'Nothing of it is kept. The other side is broken, or somebody changes what it sends.');
  }
}

/** A part of a source, for content that lies in another file. */
export async function* piecesOf(source: ByteSource, from = 0, length = source.size - from): AsyncIterable<Uint8Array> {
  if (source.stream) {
    yield* source.stream(from, length);
    return;
  }
  const PIECE = 1 << 18;
  for (let at = from; at < from + length; at += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, from + length - at));
    source.read(at, bytes);
    yield bytes;
  }
}
