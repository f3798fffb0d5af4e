// The private files that a node has: layers, and stores of what is to last; opened before the call that wants them comes to the node.
// Contract: src/node/host-files.ts, which is synchronous; a browser opens files asynchronously, and reads them in either way.
import { InputError, messageOf } from '../../src/base/errors.js';
import type { BlockStore } from '../../src/base/block-store.js';
import type { ByteSource } from '../../src/base/host.js';
import { openBlockStore } from '../../src/hosts/browser/block-store-files.js';
import { BlobSource } from '../../src/hosts/browser/files.js';
import { PrivateStorage } from '../../src/hosts/browser/private-storage.js';
import type { Layer, ToNode } from '../../src/node/contract.js';
import type { GivenLayer } from '../containers/contract.js';
import type { NodeFiles } from '../../src/node/host-files.js';

/** A layer's blob. Removed from the store and put there again it is another file with the same bytes. */
class LayerSource implements ByteSource {
  readonly size: number;
  private source: BlobSource;

  constructor(
    readonly name: string,
    blob: Blob,
  ) {
    this.source = new BlobSource(name, blob, 'layer');
    this.size = blob.size;
  }

  renew(blob: Blob): void {
    this.source = new BlobSource(this.name, blob, 'layer');
  }

  read(offset: number, into: Uint8Array): void {
    this.source.read(offset, into);
  }
}

export class PrivateFiles implements NodeFiles {
  private readonly layers = new Map<string, LayerSource>();
  /** Stores that are open and not yet asked for, and why others are not. */
  private readonly ready = new Map<string, BlockStore>();
  private readonly refused = new Map<string, string>();
  private removals = Promise.resolve();
  private removing = 0;

  private constructor(private readonly storage: PrivateStorage) {}

  /** Undefined: in memory. */
  static async open(folder: string | undefined): Promise<PrivateFiles> {
    return new PrivateFiles(folder === undefined ? PrivateStorage.inMemory() : await PrivateStorage.open(folder));
  }

  /** In memory: a layer of the engine's. */
  give({ given, file }: GivenLayer): Promise<void> {
    return this.storage.take(given, file);
  }

  /** Opens what a message's call will ask for. What can't be opened is refused when it is asked for. */
  async prepare(message: ToNode): Promise<void> {
    if (!('call' in message)) return;
    const { argument } = message;
    if (message.name !== 'addRoot' && message.name !== 'addVolume') return;
    const { layers = [], upper, store } = argument as { layers?: Layer[]; upper?: string; store?: string };
    await this.prepareStore(upper ?? store);
    for (const { blob } of layers) {
      const file = await this.storage.file(blob).catch(() => undefined);
      if (!file) continue;
      const open = this.layers.get(blob);
      if (open) open.renew(file);
      else this.layers.set(blob, new LayerSource(blob, file));
    }
  }

  private async prepareStore(name: string | undefined): Promise<void> {
    if (name === undefined) return;
    await this.removals;
    this.ready.get(name)?.close();
    this.ready.delete(name);
    try {
      this.ready.set(name, await openBlockStore(this.storage, name));
    } catch (error) {
      this.refused.set(name, messageOf(error));
    }
  }

  openStore(name: string): BlockStore {
    const store = this.ready.get(name);
    this.ready.delete(name);
    const why = this.refused.get(name) ?? 'it was not opened';
    this.refused.delete(name);
    if (!store) throw new InputError(`${name}: ${why}`);
    return store;
  }

  /** It goes in its own time; `settled` says when. */
  removeStore(name: string): void {
    this.removing++;
    this.removals = this.removals
      .then(() => this.storage.remove(name))
      .catch(() => {})
      .finally(() => {
        this.removing--;
      });
  }

  /** Undefined: nothing is on its way out. */
  get settled(): Promise<void> | undefined {
    return this.removing > 0 ? this.removals : undefined;
  }

  openBlob(name: string): ByteSource {
    const source = this.layers.get(name);
    if (!source) throw new InputError(`layer ${name}: is not among the browser's files`, 'Load the image again.');
    return source;
  }

  openTree(path: string): never {
    throw new InputError(
      `invalid mount config: bind source path does not exist: ${path}: a tab has no folders to mount; take a volume (-v NAME:/PATH), and docker cp for files`,
      'Take a volume: -v NAME:/PATH.',
    );
  }
}
