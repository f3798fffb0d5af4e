// Layers as they are mounted: the uncompressed tar, and what it holds and where. Named by the checksum of the tar, the layer's DiffID.
// OCI image-spec, config.md ("Layer DiffID"). A tar is in force when it has its name; an index is made of it again when it is missing.
import { GIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import type { LayerIndex } from '../../base/layer-index.js';
import type { Storage, StoredFile, StoredWriter } from '../../base/storage.js';
import type { Hash, StreamCodecs } from '../../base/streams.js';
import { type Digest, digestOfHex, hexOf } from '../digest.js';
import { indexLayer, LayerIndexer } from '../layer.js';
import { ContentError, digestsIn } from './content-store.js';
import { readIndex, writeIndex } from './index-file.js';

const LAYERS = 'layers/sha256';
const TAR = '.tar';
const INDEX = '.index';
/** An index is some 200 bytes a name at most. */
const INDEX_FILE_MAX = 512 << 20;

/** What a layer may become: a blob of some megabytes may say that it is terabytes. */
export const UNCOMPRESSED_MAX = 16 * GIB;
/** Up to here nobody asks how well it was compressed; gzip reaches 1,000 to 1 with zeros, and no honest gigabytes are zeros alone. */
export const RATIO_FREE = GIB;
const RATIO_MAX = 200;

/** Bytes that so many compressed ones may become. */
export const uncompressedMax = (compressed: number, free = RATIO_FREE): number =>
  Math.min(UNCOMPRESSED_MAX, Math.max(free, compressed * RATIO_MAX));

export const bomb = (what: string, most: number): InputError =>
  new InputError(
    `${what}: becomes more than ${most} bytes when it is uncompressed`,
    'It is made to fill the disk: nothing of it is kept.',
  );

export interface Layer {
  diffId: Digest;
  tar: StoredFile;
  index: LayerIndex;
}

export class LayerStore {
  private unknown = 0;

  constructor(
    private readonly storage: Storage,
    private readonly codecs: StreamCodecs,
    /** Bytes of a layer whose compression nobody asks about. */
    private readonly free = RATIO_FREE,
  ) {}

  /** Bytes of the uncompressed tar; undefined when it is not there. */
  size(diffId: Digest): Promise<number | undefined> {
    return this.storage.size(layerPath(diffId));
  }

  async has(diffId: Digest): Promise<boolean> {
    return (await this.size(diffId)) !== undefined;
  }

  /** For mounting; who opens it closes its tar. Undefined when it is not there. */
  async open(diffId: Digest): Promise<Layer | undefined> {
    const tar = await this.storage.open(layerPath(diffId));
    if (!tar) return undefined;
    try {
      return { diffId, tar, index: await this.indexOf(diffId, tar) };
    } catch (error) {
      tar.close();
      throw error;
    }
  }

  private async indexOf(diffId: Digest, tar: StoredFile): Promise<LayerIndex> {
    const kept = await this.storage.read(indexOf(diffId), INDEX_FILE_MAX);
    const index = kept && readIndex(kept, tar.size);
    if (index) return index;
    const made = indexLayer(tar);
    await this.storage.replace(indexOf(diffId), writeIndex(made));
    return made;
  }

  stream(diffId: Digest): AsyncIterable<Uint8Array> {
    return this.storage.stream(layerPath(diffId));
  }

  /** Of which there is something: an index may have lost its tar, or wait for it, when a process ends. */
  async list(): Promise<Digest[]> {
    const found = [TAR, INDEX].map((ending) => digestsIn(this.storage, LAYERS, ending));
    return [...new Set((await Promise.all(found)).flat())];
  }

  /** A layer that is to come, uncompressed. `compressed`: bytes of its blob, where it has one. */
  async receive(compressed: number | undefined): Promise<LayerReception> {
    const aside = `partial/layer-${this.unknown++}`;
    const most = compressed === undefined ? UNCOMPRESSED_MAX : uncompressedMax(compressed, this.free);
    return new LayerReception(this.storage, this.codecs.sha256(), aside, await this.storage.write(aside, 0), most);
  }

  /** The layer that a stream holds. `expected`: what its DiffID must be. Keeps nothing of another one. */
  async ingest(
    bytes: AsyncIterable<Uint8Array>,
    expected?: Digest,
    compressed?: number,
  ): Promise<{ diffId: Digest; size: number }> {
    const reception = await this.receive(compressed);
    try {
      for await (const piece of bytes) await reception.write(piece);
      return { diffId: await reception.commit(expected), size: reception.size };
    } catch (error) {
      await reception.abandon();
      throw error;
    }
  }

  async remove(diffId: Digest): Promise<void> {
    await this.storage.remove(layerPath(diffId));
    await this.storage.remove(indexOf(diffId));
  }
}

/** Where the tar of a layer is in the storage, for those who read it in another thread. */
export const layerPath = (diffId: Digest): string => `${LAYERS}/${hexOf(diffId)}${TAR}`;
const indexOf = (diffId: Digest): string => `${LAYERS}/${hexOf(diffId)}${INDEX}`;

/** One layer on its way in: it is indexed while it arrives. */
export class LayerReception {
  private readonly indexer = new LayerIndexer();
  private received = 0;
  private open = true;

  constructor(
    private readonly storage: Storage,
    private readonly hash: Hash,
    private readonly aside: string,
    private readonly file: StoredWriter,
    private readonly most: number,
  ) {}

  get size(): number {
    return this.received;
  }

  /** Rejects with InputError when the bytes are no tar of a layer, or too many. */
  async write(bytes: Uint8Array): Promise<void> {
    this.received += bytes.length;
    if (this.received > this.most) throw bomb('layer', this.most);
    this.hash.update(bytes);
    this.indexer.push(bytes);
    await this.file.write(bytes);
  }

  /** The layer's DiffID. Rejects with ContentError when it is not `expected`. */
  async commit(expected?: Digest): Promise<Digest> {
    const index = this.indexer.end();
    const diffId = digestOfHex(this.hash.digest());
    if (expected !== undefined && diffId !== expected)
      throw new ContentError(`layer ${expected}: what came is another one, ${diffId}`);
    await this.storage.replace(indexOf(diffId), writeIndex(index));
    await this.file.finish();
    this.open = false;
    await this.storage.move(this.aside, layerPath(diffId));
    return diffId;
  }

  async abandon(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.file.abandon();
    await this.storage.remove(this.aside);
  }
}
