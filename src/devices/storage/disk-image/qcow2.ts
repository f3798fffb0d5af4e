// qcow2 images, read: versions 2 and 3, zero clusters, compressed clusters. Every offset in the file is checked where it is used.
// Source: QEMU docs/interop/qcow2.txt. A backing file or an external data file is refused: an image must not name files of the host.
import { formatSize } from '../../../base/bytes.js';
import { InputError } from '../../../base/errors.js';
import type { ByteSource } from '../../../base/host.js';
import { type BlockBackend, BlockError } from '../block-backend.js';

const MAGIC = 0x514649fb;
const HEADER_2 = 72;
const HEADER_3 = 104;
const SECTOR = 512;
const CLUSTER_BITS = { LEAST: 9, MOST: 21 };
/** Incompatible features that change nothing for a reader: the dirty bit (reference counts are stale). */
const FEATURES_KNOWN = 0x1;
const EXTERNAL_DATA = 0x4;
const OFFSET_HIGH = 0x00ffffff;
const ZERO = 1;
const COMPRESSED = 0x40000000;
/** Clusters of tables and of unpacked data that are kept. */
const CACHE_TABLES = 64;
const CACHE_CLUSTERS = 32;
const TWO_32 = 2 ** 32;

/** Unpacks a raw deflate stream to at most `size` bytes; undefined when it is none. Bytes behind its end are of no account. */
export type Inflate = (bytes: Uint8Array, size: number) => Uint8Array | undefined;

export function isQcow2(source: ByteSource): boolean {
  if (source.size < 4) return false;
  const magic = new Uint8Array(4);
  source.read(0, magic);
  return new DataView(magic.buffer).getUint32(0) === MAGIC;
}

export class Qcow2 implements BlockBackend {
  readonly size: number;
  readonly readOnly = true;
  private readonly clusterBits: number;
  private readonly cluster: number;
  private readonly l1: DataView;
  private readonly tables = new Cache<DataView>(CACHE_TABLES);
  private readonly unpacked = new Cache<Uint8Array>(CACHE_CLUSTERS);

  /** Throws InputError when the image is damaged or has what a reader here must refuse. */
  constructor(
    private readonly source: ByteSource & { close?(): void },
    private readonly inflate: Inflate,
  ) {
    const header = new Uint8Array(HEADER_3);
    source.read(0, header.subarray(0, Math.min(HEADER_3, source.size)));
    const view = new DataView(header.buffer);
    const version = view.getUint32(4);
    if (source.size < HEADER_2 || (version !== 2 && version !== 3))
      this.refuse(`version ${version}; versions 2 and 3 are known`);
    if (wide(view, 8) !== 0)
      this.refuse('it has a backing file', 'Give it flattened: qemu-img convert -O qcow2 OLD NEW.');
    if (view.getUint32(32) !== 0) this.refuse('it is encrypted');
    const features = version === 3 ? wide(view, 72) : 0;
    if (features & EXTERNAL_DATA)
      this.refuse('its data is in another file', 'Give it whole: qemu-img convert -O qcow2 OLD NEW.');
    if (features > FEATURES_KNOWN) this.refuse(`it needs features 0x${features.toString(16)}`);
    this.clusterBits = view.getUint32(20);
    if (this.clusterBits < CLUSTER_BITS.LEAST || this.clusterBits > CLUSTER_BITS.MOST) {
      this.refuse(`clusters of 2^${this.clusterBits} bytes`);
    }
    this.cluster = 2 ** this.clusterBits;
    this.size = wide(view, 24);
    if (this.size === 0 || this.size % SECTOR !== 0 || this.size > Number.MAX_SAFE_INTEGER)
      this.refuse(`a disk of ${this.size} bytes`);
    const entries = view.getUint32(36);
    const needed = Math.ceil(this.size / (this.cluster * (this.cluster / 8)));
    const at = wide(view, 40);
    if (entries < needed || at + needed * 8 > source.size)
      this.refuse(`its table for ${formatSize(this.size)} is not all there`);
    const table = new Uint8Array(needed * 8);
    source.read(at, table);
    this.l1 = new DataView(table.buffer);
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const at = offset + done;
      const within = at % this.cluster;
      const length = Math.min(into.length - done, this.cluster - within);
      this.readCluster((at - within) / this.cluster, within, into.subarray(done, done + length));
      done += length;
    }
  }

  write(): void {
    throw new BlockError('a qcow2 image is read-only');
  }

  flush(): void {}

  close(): void {
    this.source.close?.();
  }

  private readCluster(number: number, within: number, into: Uint8Array): void {
    const perTable = this.cluster / 8;
    const table = this.table(Math.floor(number / perTable));
    const at = (number % perTable) * 8;
    const high = table?.getUint32(at) ?? 0;
    const low = table?.getUint32(at + 4) ?? 0;
    if (high & COMPRESSED) {
      const cluster = this.compressed(high & ~(COMPRESSED | 0x80000000), low);
      into.set(cluster.subarray(within, within + into.length));
      return;
    }
    const place = (high & OFFSET_HIGH) * TWO_32 + low - (low % SECTOR);
    if (place === 0 || low & ZERO) into.fill(0);
    else this.fetch(place + within, into);
  }

  /** The level-2 table, or undefined when nothing of its part is allocated. */
  private table(index: number): DataView | undefined {
    const place = (this.l1.getUint32(index * 8) & OFFSET_HIGH) * TWO_32 + this.l1.getUint32(index * 8 + 4);
    const at = place - (place % SECTOR);
    if (at === 0) return undefined;
    return this.tables.get(at, () => {
      const bytes = new Uint8Array(this.cluster);
      this.fetch(at, bytes);
      return new DataView(bytes.buffer);
    });
  }

  /** Of the 62 bits of the descriptor the low ones are the offset, the others the sectors behind the first. */
  private compressed(high: number, low: number): Uint8Array {
    const offsetBits = 62 - (this.clusterBits - 8);
    const split = offsetBits - 32;
    const at = (high & (2 ** split - 1)) * TWO_32 + low;
    const sectors = (high >>> split) + 1;
    return this.unpacked.get(at, () => {
      const length = Math.min(sectors * SECTOR - (at % SECTOR), this.source.size - at);
      const bytes = new Uint8Array(Math.max(0, length));
      this.fetch(at, bytes);
      const whole = this.inflate(bytes, this.cluster);
      if (whole?.length !== this.cluster) throw new BlockError('a compressed cluster is damaged');
      return whole;
    });
  }

  private fetch(at: number, into: Uint8Array): void {
    // the last cluster of a file may be cut short: what is not there reads as zeros
    const there = Math.max(0, Math.min(into.length, this.source.size - at));
    if (there === 0) throw new BlockError('a cluster lies behind the end of the image');
    this.source.read(at, into.subarray(0, there));
    into.fill(0, there);
  }

  private refuse(what: string, advice?: string): never {
    throw new InputError(`disk ${this.source.name}: qcow2: ${what}`, advice);
  }
}

function wide(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
}

/** Keeps the last used. */
class Cache<T> {
  private readonly entries = new Map<number, T>();

  constructor(private readonly most: number) {}

  get(key: number, make: () => T): T {
    const known = this.entries.get(key);
    const value = known ?? make();
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.most) this.entries.delete([...this.entries.keys()][0]!);
    return value;
  }
}
