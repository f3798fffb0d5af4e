// Images as containers use them: found by name, their layers handed to the node; a root imported as a tar. Docker Engine API, "Images".
import type { Layer } from '../runtime/node-client.js';
import { ConflictError, DeniedError, NotFoundError } from '../oci/errors.js';
import { InputError } from '../base/errors.js';
import type { Digest } from '../oci/digest.js';
import type { CredentialSource } from '../base/credentials.js';
import { formatPlatform, matches, parsePlatform } from '../oci/platform.js';
import type { Interest, OnProgress } from '../oci/registry/progress.js';
import type { Puller } from '../oci/registry/pull.js';
import type { Pusher } from '../oci/registry/push.js';
import { familiar, parseReference, withTag } from '../oci/reference.js';
import { ArchiveBundle } from '../oci/source/bundle.js';
import { type Loaded, type LoadOptions, loadImages } from '../oci/source/load.js';
import { commit, importRoot } from '../oci/source/make.js';
import { configDocument } from '../oci/config-document.js';
import type { JsonObject } from '../oci/json.js';
import { savedFiles, savedTar } from '../oci/source/save.js';
import { withSpooled } from '../oci/source/spool.js';
import type { Image } from '../oci/store/image-store.js';
import type { Store } from '../oci/store/store.js';
import { layerPath } from '../oci/store/layer-store.js';
import { Conflict, type EngineError, InvalidParameter, NotFound, Unauthorized } from './errors.js';
import type { Events } from './events.js';
import { changedConfig, EMPTY } from './image-changes.js';

export type { Image };
export { type Interest, Withdrawable } from '../oci/registry/progress.js';

/** As the engine's own errors. */
async function translated<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw engineError(error);
  }
}

/** Of a registry, which has an opinion of who asks. */
async function asked<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof DeniedError ? new Unauthorized(error.message, { cause: error }) : engineError(error);
  }
}

export function engineError(error: unknown): EngineError | unknown {
  if (error instanceof NotFoundError) return new NotFound(error.message, { cause: error });
  if (error instanceof ConflictError) return new Conflict(error.message, { cause: error });
  if (error instanceof InputError) return new InvalidParameter(error.message, { cause: error });
  return error;
}

/** The way to registries, with somebody's credentials; undefined: nobody's. */
export type Registries = (credentials: CredentialSource | undefined) => { puller: Puller; pusher: Pusher };

export interface Transfer {
  progress: OnProgress;
  credentials?: CredentialSource;
}

export class Images {
  /** Layers that the node has opened: it needs no index of them any more. */
  private readonly known = new Set<Digest>();
  /** Told of layers that are not there any more. */
  onLayersGone: (ids: Digest[]) => void = () => {};

  constructor(
    readonly store: Store,
    private readonly registries: Registries,
    private readonly events: Events,
  ) {}

  /** `platform`: the one that it must be for, as linux/386. */
  find(name: string, platform?: string): Promise<Image> {
    return translated(async () => {
      const image = await this.store.images.find(name);
      const { platform: has } = image.config;
      if (platform !== undefined && !matches(has, parsePlatform(platform)))
        throw new NotFoundError(
          `image with reference ${name} was found but its platform (${formatPlatform(has)}) does not match the specified platform (${platform})`,
        );
      return image;
    });
  }

  list(): Promise<Image[]> {
    return translated(() => this.store.images.list());
  }

  /** Layers for a node, the lowest first. */
  layers(diffIds: readonly Digest[]): Promise<Layer[]> {
    return translated(async () => {
      const layers: Layer[] = [];
      for (const diffId of diffIds) {
        const place = { id: diffId, blob: layerPath(diffId) };
        if (this.known.has(diffId)) {
          layers.push(place);
          continue;
        }
        const layer = await this.store.layers.open(diffId);
        if (!layer) throw new NotFoundError(`layer ${diffId}: is missing from the store`, 'Pull the image again.');
        layer.tar.close();
        layers.push({ ...place, index: layer.index });
        this.known.add(diffId);
      }
      return layers;
    });
  }

  /** `docker import`: a root as a tar becomes an image of one layer. `now`: milliseconds since 1970. */
  importRoot(
    name: string | undefined,
    bytes: AsyncIterable<Uint8Array>,
    {
      comment,
      now,
      platform,
      changes,
    }: { comment: string; now: number; platform?: string; changes: readonly string[] },
  ): Promise<Digest> {
    return translated(async () => {
      const tag = name === undefined ? undefined : withTag(parseReference(name));
      const id = await importRoot(this.store, bytes, parsePlatform(platform ?? 'linux/386'), {
        tag,
        created: now,
        comment,
        config: configDocument(changedConfig(EMPTY, changes)),
      });
      this.events.tell('image', 'import', id, { name: name ?? id });
      return id;
    });
  }

  /** An image of another one and a layer over it; its name, when it gets one, is told of. */
  commit(
    base: string,
    layer: AsyncIterable<Uint8Array>,
    making: { name?: string; author?: string; comment?: string; config: JsonObject; createdBy: string; now: number },
  ): Promise<Digest> {
    return translated(async () => {
      const { name, author, comment, config, createdBy, now } = making;
      const tag = name === undefined ? undefined : withTag(parseReference(name));
      const id = await commit(
        this.store,
        base as Digest,
        layer,
        { tag, created: now, author, comment, config },
        createdBy,
      );
      this.events.tell('image', 'create', id, { name: id });
      if (tag) this.events.tell('image', 'tag', id, { name: familiar(tag) });
      return id;
    });
  }

  /** `docker load`: what `docker save` has written. The names of the images, or their ids. */
  load(
    bytes: AsyncIterable<Uint8Array>,
    { platform, ...options }: Omit<LoadOptions, 'platform'> & { platform?: string } = {},
  ): Promise<string[]> {
    return translated(async () => {
      const asked = platform === undefined ? undefined : parsePlatform(platform);
      const loaded: Loaded[] = await withSpooled(this.store, bytes, 'load', (file) =>
        loadImages(this.store, new ArchiveBundle(file), { ...options, platform: asked }),
      );
      for (const { id } of loaded) this.events.tell('image', 'load', id, { name: id });
      return loaded.flatMap(({ id, tags }) => (tags.length > 0 ? tags.map(familiar) : [id as string]));
    });
  }

  /** The tar of `docker save`. */
  save(names: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
    return translated(async () => {
      const files = await savedFiles(this.store, names);
      for (const name of names) this.events.tell('image', 'save', this.store.images.resolve(name), { name });
      return savedTar(files);
    });
  }

  /** `platform`: another one than ours. */
  pull(
    name: string,
    { platform, progress, interest, credentials }: Transfer & { platform?: string; interest: Interest },
  ): Promise<void> {
    return translated(async () => {
      const asked = platform === undefined ? undefined : parsePlatform(platform);
      const { puller } = this.registries(credentials);
      await puller.pull(withTag(parseReference(name)), { platform: asked, progress, interest });
      this.events.tell('image', 'pull', name, { name });
    });
  }

  /** `server`: as Docker's configuration calls a registry. Rejects with Unauthorized. */
  async login(server: string, credentials: CredentialSource | undefined): Promise<void> {
    const domain = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    const isHub = domain === '' || domain === 'index.docker.io' || domain === 'registry-1.docker.io';
    await asked(() => this.registries(credentials).puller.login(isHub ? 'docker.io' : domain));
  }

  /** What a name leads to at its registry. Rejects with Unauthorized. */
  inspectAtRegistry(name: string, credentials: CredentialSource | undefined) {
    return asked(() => this.registries(credentials).puller.inspect(withTag(parseReference(name))));
  }

  push(name: string, { progress, credentials }: Transfer) {
    return translated(async () => {
      const pushed = await this.registries(credentials).pusher.push(withTag(parseReference(name)), progress);
      this.events.tell('image', 'push', name, { name });
      return pushed;
    });
  }

  tag(source: string, target: string): Promise<void> {
    return translated(async () => {
      const id = this.store.images.resolve(source);
      await this.store.images.tag(source, target);
      this.events.tell('image', 'tag', id, { name: familiar(withTag(parseReference(target))) });
    });
  }

  /** `usedBy`: a container that has the image. */
  remove(name: string, force: boolean, keep: boolean, usedBy: (id: Digest) => string | undefined) {
    return translated(async () => {
      const image = await this.store.images.find(name);
      const user = usedBy(image.id);
      // of several names one may go; the last one is the image's end
      if (
        user !== undefined &&
        (image.tags.length <= 1 || name.replace('sha256:', '').startsWith(image.id.slice(7, 19)))
      )
        throw new ConflictError(
          `conflict: unable to remove repository reference "${name}" (must force) - container ${user.slice(0, 12)} is using its referenced image ${image.id.slice(7, 19)}`,
        );
      const used = (id: Digest): boolean => usedBy(id) !== undefined;
      const removals = await this.store.images.remove(name, { force, keep, used });
      for (const removal of removals)
        if ('Deleted' in removal) this.events.tell('image', 'delete', removal.Deleted, { name: removal.Deleted });
        else this.events.tell('image', 'untag', image.id, { name: removal.Untagged });
      this.forget(removals.flatMap((removal) => ('Deleted' in removal ? [removal.Deleted as Digest] : [])));
      return removals;
    });
  }

  private forget(gone: Iterable<Digest>): void {
    const layers = [...gone].filter((id) => this.known.delete(id));
    if (layers.length > 0) this.onLayersGone(layers);
  }

  /** What broken transfers and processes have left goes. How many bytes that were. */
  collect(): Promise<number> {
    return translated(async () => {
      const { bytes, gone } = await this.store.images.collect();
      this.forget(gone);
      return bytes;
    });
  }

  /** Layers that a container had, and that no image has any more, go with it. */
  async dropUnneeded(layers: readonly string[]): Promise<void> {
    this.forget(await this.store.images.drop(layers as Digest[]));
  }
}
