// An image from a registry: which one for our platform, its documents, its layers some at a time; two who pull the same share the work.
// OCI distribution-spec, "Pull".
import { inLanes } from '../../base/lanes.js';
import { HttpError } from '../../base/http.js';
import { InputError, messageOf } from '../../base/errors.js';
import { checkPlatform, choosePlatform, type Platform } from '../platform.js';
import { type ImageConfig, parseConfig } from '../config.js';
import { type Digest, digestOf, parseDigest, shortOf } from '../digest.js';
import { DOCUMENT_MAX } from '../json.js';
import { type Descriptor, type Manifest, parseManifest } from '../manifest.js';
import { isForeign, layerCompression, MANIFEST_TYPES } from '../media-types.js';
import { familiar, type Reference, withTag } from '../reference.js';
import { importOwnImage, isOwnImage, type OwnRoot } from '../source/own-image.js';
import { importWasm, isWasmArtifact, wasmPlatform } from '../source/wasm-artifact.js';
import { ContentError } from '../store/content-store.js';
import type { Lease } from '../store/image-store.js';
import type { Store } from '../store/store.js';
import { bodyOf } from './body.js';
import { rangeOf, refusal, type RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
import { counter, type Interest, type OnProgress, Withdrawable } from './progress.js';
import { Abandoned, transfer } from './transfer.js';

export interface PullOptions {
  /** Undefined: ours. */
  platform?: Platform;
  progress?: OnProgress;
  interest?: Interest;
}

export interface Pulled {
  id: Digest;
  /** Of what the name leads to: an index, or a manifest. */
  digest: Digest;
  /** Nothing has changed. */
  upToDate: boolean;
}

interface Waiting {
  progress: OnProgress;
  interest: Interest;
}

/** A layer on its way, and those who wait for it. */
class Flight {
  done: Promise<void> = Promise.resolve();
  private readonly waiting = new Set<Waiting>();
  /** Ends the wait for what the registry sends. */
  interrupt: () => void = () => {};

  get isWanted(): boolean {
    return [...this.waiting].some(({ interest }) => !interest.aborted);
  }

  /** Of those who have gone somebody may come back. */
  get resumes(): boolean {
    return [...this.waiting].some(({ interest }) => interest.resumes);
  }

  join(one: Waiting): void {
    this.waiting.add(one);
    one.interest.onAbort?.(() => {
      if (!this.isWanted) this.interrupt();
    });
  }

  readonly tell: OnProgress = (told) => {
    for (const one of this.waiting) one.progress(told);
  };
}

/** After which what came is gone on from. */
const isInterruption = (error: unknown): boolean => error instanceof HttpError;

const WANTED: Interest = { aborted: false };
const ACCEPT = MANIFEST_TYPES.join(', ');

/** Where an image is asked for: a repository at one endpoint. */
interface Place {
  endpoint: Endpoint;
  path: string;
  /** For messages. */
  name: string;
}

function tellEnd(progress: OnProgress, reference: Reference, digest: Digest, upToDate: boolean): void {
  progress({ status: `Digest: ${digest}` });
  progress({
    status: `Status: ${upToDate ? 'Image is up to date' : 'Downloaded newer image'} for ${familiar(reference)}`,
  });
}

export class Puller {
  private readonly flights = new Map<Digest, Flight>();
  private readonly configs = new Map<Digest, Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly client: RegistryClient,
    private readonly ownRoot?: OwnRoot,
  ) {}

  /** Rejects with DeniedError when the registry does not know who we say we are. */
  login(domain: string): Promise<void> {
    return this.client.login(domain);
  }

  /** Rejects with InputError; what came of layers stays, and a later pull goes on from there. */
  async pull(
    named: Reference,
    { platform, progress = () => {}, interest = WANTED }: PullOptions = {},
  ): Promise<Pulled> {
    const reference = withTag(named);
    if (this.ownRoot && isOwnImage(reference)) return this.pullOwn(this.ownRoot, reference, platform, progress);
    const { images } = this.store;
    progress({
      id: reference.tag ?? reference.digest,
      status: `Pulling from ${reference.path}`,
    });
    const pulling = images.bring(async (lease) => {
      const { place, digest, manifest, manifestDigest } = await this.resolve(reference, platform, lease);
      if (isWasmArtifact(manifest))
        return await this.artifact(place, reference, { manifest, digest, platform, progress });
      const config = await this.config(place, manifest, lease);
      checkPlatform(familiar(reference), config.platform, platform);
      lease.hold(...manifest.layers.map((layer) => layer.digest), ...config.diffIds);
      await this.layers(place, manifest.layers, config, progress, interest);
      const before = reference.tag === undefined ? undefined : images.tagged(reference);
      const upToDate = before === manifest.config.digest;
      const tag = reference.digest === undefined ? reference : undefined;
      const known = [{ name: reference, digest }];
      if (manifestDigest !== digest) known.push({ name: reference, digest: manifestDigest });
      const id = await images.add(manifestDigest, { tag, known });
      tellEnd(progress, reference, digest, upToDate);
      return { id, digest, upToDate };
    }, isInterruption);
    return pulling.catch((error: unknown) => {
      // a connection that is gone for good is the request's failure, not ours
      if (error instanceof HttpError)
        throw new InputError(
          `${familiar(reference)}: ${messageOf(error)}`,
          error.lasting ? undefined : 'What came is kept: a later pull goes on from there.',
          { cause: error },
        );
      throw error;
    });
  }

  /** A WebAssembly program, of which an image is made. It is asked for again only where it has changed. */
  private async artifact(
    place: Place,
    reference: Reference,
    {
      manifest,
      digest,
      platform,
      progress,
    }: PullOptions & { manifest: Manifest; digest: Digest; progress: OnProgress },
  ): Promise<Pulled> {
    const { images } = this.store;
    const before = reference.tag === undefined ? undefined : images.tagged(reference);
    const known = images.knownBy(reference, digest);
    const tag = reference.digest === undefined ? reference : undefined;
    const upToDate = known !== undefined && known === before;
    let id = known;
    if (id === undefined || !upToDate) {
      const config = await bodyOf(await this.blob(place, manifest.config, 0), DOCUMENT_MAX);
      if (digestOf(this.store.codecs, config) !== manifest.config.digest)
        throw new ContentError(`${place.name}: configuration ${manifest.config.digest}: what came is something else`);
      const what = wasmPlatform(config, `${place.name}: configuration`);
      checkPlatform(familiar(reference), what.platform, platform);
      const layer = manifest.layers[0]!;
      const count = counter(progress, shortOf(layer.digest), 'Downloading', layer.size);
      const { body } = await this.blob(place, layer, 0);
      id = await importWasm(this.store, manifest, what, counted(body, count), tag);
      await images.addDigest(id, reference, digest);
      progress({ id: shortOf(layer.digest), status: 'Pull complete' });
    }
    tellEnd(progress, reference, digest, upToDate);
    return { id, digest, upToDate };
  }

  private async pullOwn(
    root: OwnRoot,
    reference: Reference,
    platform: Platform | undefined,
    progress: OnProgress,
  ): Promise<Pulled> {
    progress({ id: reference.tag, status: 'Pulling from the package itself' });
    const before = this.store.images.tagged(reference);
    const { id, manifestDigest: digest, config } = await importOwnImage(this.store, root);
    checkPlatform(familiar(reference), config.platform, platform);
    tellEnd(progress, reference, digest, before === id);
    return { id, digest, upToDate: before === id };
  }

  /** The manifest that a name leads to for a platform, from the first place that has it. */
  private async resolve(reference: Reference, platform: Platform | undefined, lease: Lease) {
    const what = familiar(reference);
    let failure: unknown;
    for (const endpoint of [...this.client.mirrors(reference.domain), undefined]) {
      try {
        const place = {
          endpoint: endpoint ?? (await this.client.endpoint(reference.domain)),
          path: reference.path,
          name: what,
        };
        const first = await this.document(place, reference.digest ?? reference.tag!, undefined);
        let { digest, parsed, bytes } = first;
        if (parsed.kind === 'index') {
          const chosen = choosePlatform(what, parsed.manifests, platform);
          ({ digest, parsed, bytes } = await this.document(place, chosen.digest, chosen));
          if (parsed.kind === 'index') throw new InputError(`${what}: its index leads to another index`);
        }
        lease.hold(digest);
        await this.store.content.put(bytes);
        return { place, digest: first.digest, manifest: parsed, manifestDigest: digest };
      } catch (error) {
        // what a mirror has not, or has wrong, the registry has
        if (endpoint === undefined) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** What a name leads to, and for which platforms it is; nothing of it is kept. Rejects with InputError. */
  async inspect(named: Reference): Promise<{ descriptor: Descriptor; platforms: Platform[] }> {
    const reference = withTag(named);
    const endpoint = await this.client.endpoint(reference.domain);
    const place = { endpoint, path: reference.path, name: familiar(reference) };
    const { digest, bytes, parsed } = await this.document(place, reference.digest ?? reference.tag!, undefined);
    const descriptor = { mediaType: parsed.mediaType, digest, size: bytes.length };
    if (parsed.kind === 'index')
      return { descriptor, platforms: parsed.manifests.flatMap(({ platform }) => (platform ? [platform] : [])) };
    const lease = this.store.images.lease();
    try {
      return { descriptor, platforms: [(await this.config(place, parsed, lease)).platform] };
    } finally {
      lease.release();
    }
  }

  /** A manifest or an index, which is what its digest says, if one was asked for. */
  private async document(place: Place, what: string, expected: Descriptor | undefined) {
    const { client } = this;
    const name = `${place.name}: manifest ${what}`;
    const held = expected && (await this.store.content.read(expected.digest));
    if (held) return { digest: expected.digest, bytes: held, parsed: parseManifest(held, expected.mediaType, name) };
    const response = await client.persist(() =>
      client.request(place.endpoint, {
        method: 'GET',
        url: `${place.endpoint.base}/v2/${place.path}/manifests/${what}`,
        headers: { Accept: ACCEPT },
        scopes: [pullScope(place.path)],
      }),
    );
    if (response.status !== 200) throw await refusal(response, place.name, 'pull');
    const bytes = await bodyOf(response, DOCUMENT_MAX);
    const digest = digestOf(this.store.codecs, bytes);
    const asked = what.includes(':') ? parseDigest(what, name) : undefined;
    if (asked !== undefined && digest !== asked)
      throw new ContentError(`${name}: what came is something else, ${digest}`);
    if (expected && bytes.length !== expected.size)
      throw new ContentError(`${name}: is not of the size that its index says`);
    const told = response.header('docker-content-digest');
    if (told !== undefined && told !== digest)
      throw new ContentError(`${name}: the registry calls it ${told.slice(0, 100)}, and it is ${digest}`);
    return { digest, bytes, parsed: parseManifest(bytes, response.header('content-type'), name) };
  }

  private async config(place: Place, { config, layers }: Manifest, lease: Lease): Promise<ImageConfig> {
    const { content } = this.store;
    lease.hold(config.digest);
    if (config.size > DOCUMENT_MAX)
      throw new InputError(`${place.name}: its configuration is longer than ${DOCUMENT_MAX} bytes`);
    // of several who want it one asks, and the others only when he did not get it
    while (!(await content.has(config.digest))) {
      const asked = this.configs.get(config.digest);
      await (asked ? asked.catch(() => {}) : this.fetchConfig(place, config));
    }
    const parsed = parseConfig((await content.read(config.digest))!, `${place.name}: configuration`);
    if (parsed.diffIds.length !== layers.length)
      throw new InputError(`${place.name}: has ${layers.length} layers, and checksums of ${parsed.diffIds.length}`);
    return parsed;
  }

  private async fetchConfig(place: Place, config: Descriptor): Promise<void> {
    const fetching = (async () => {
      const response = await this.blob(place, config, 0);
      const bytes = await bodyOf(response, config.size);
      const digest = digestOf(this.store.codecs, bytes);
      if (digest !== config.digest || bytes.length !== config.size)
        throw new ContentError(`${place.name}: configuration ${config.digest}: what came is something else, ${digest}`);
      await this.store.content.put(bytes);
    })();
    this.configs.set(config.digest, fetching);
    await fetching.finally(() => this.configs.delete(config.digest));
  }

  private async blob(place: Place, { digest }: Descriptor, from: number) {
    const { client } = this;
    const response = await client.persist(() =>
      client.request(place.endpoint, {
        method: 'GET',
        url: `${place.endpoint.base}/v2/${place.path}/blobs/${digest}`,
        headers: rangeOf(from),
        scopes: [pullScope(place.path)],
      }),
    );
    if (response.status !== 200 && response.status !== 206)
      throw await refusal(response, `${place.name}: ${digest}`, 'pull');
    return response;
  }

  private async layers(
    place: Place,
    layers: readonly Descriptor[],
    { diffIds }: ImageConfig,
    progress: OnProgress,
    interest: Interest,
  ): Promise<void> {
    const { store } = this;
    const missing = new Map<Digest, { layer: Descriptor; diffId: Digest }>();
    for (const [i, layer] of layers.entries()) {
      const id = shortOf(layer.digest);
      const diffId = diffIds[i]!;
      const other = missing.get(layer.digest);
      if (other && other.diffId !== diffId)
        throw new InputError(`${place.name}: layer ${layer.digest}: has two checksums for what is in it`);
      if ((await store.layers.has(diffId)) && (await store.content.has(layer.digest)))
        progress({ id, status: 'Already exists' });
      else {
        missing.set(layer.digest, { layer, diffId });
        progress({ id, status: 'Pulling fs layer' });
      }
    }
    // who fails takes the others along, and all have ended when this does
    let failure: { error: unknown } | undefined;
    const own = new Withdrawable(interest);
    await inLanes(
      missing.values(),
      () => undefined,
      async ({ layer, diffId }) => {
        if (failure) return;
        await this.layer(place, layer, diffId, progress, own).catch((error: unknown) => {
          failure ??= { error };
          own.withdraw(isInterruption(error));
        });
      },
    );
    if (failure) throw failure.error;
  }

  /** Begins a layer's transfer, or joins it. */
  private async layer(
    place: Place,
    layer: Descriptor,
    diffId: Digest,
    progress: OnProgress,
    interest: Interest,
  ): Promise<void> {
    const one = { progress, interest };
    for (let begun = this.flights.get(layer.digest); begun; begun = this.flights.get(layer.digest)) {
      // one that nobody waits for is about to end
      const joined = begun.isWanted;
      if (joined) begun.join(one);
      await (joined ? begun.done : begun.done.catch(() => {}));
      if (await this.store.layers.has(diffId)) return;
    }
    const flight = new Flight();
    flight.join(one);
    this.flights.set(layer.digest, flight);
    flight.done = this.fly(place, layer, diffId, flight).finally(() => this.flights.delete(layer.digest));
    await flight.done;
  }

  private async fly(place: Place, layer: Descriptor, diffId: Digest, flight: Flight): Promise<void> {
    const { store, client } = this;
    const id = shortOf(layer.digest);
    const { tell } = flight;
    if ((await store.content.has(layer.digest)) && !(await store.layers.has(diffId))) {
      await extract(store, layer, diffId, tell);
      return;
    }
    const received = counter(tell, id, 'Downloading', layer.size);
    const urls = isForeign(layer.mediaType) ? (layer.urls ?? []) : [];
    await transfer({
      store,
      layer,
      diffId,
      fetch: async (from) => {
        if (urls.length === 0) return this.blob(place, layer, from);
        const response = await client.persist(() => client.foreign(urls[0]!, from));
        if (response.status !== 200 && response.status !== 206)
          throw await refusal(response, `${place.name}: ${urls[0]}`, 'pull');
        return response;
      },
      wait: (milliseconds) => client.host.wait(milliseconds),
      received,
      complete: () => tell({ id, status: 'Download complete' }),
      check() {
        if (!flight.isWanted) throw new Abandoned(`${place.name}: given up`, flight.resumes);
      },
      interruptible(interrupt) {
        flight.interrupt = interrupt;
      },
    });
    tell({ id, status: 'Pull complete' });
  }
}

async function* counted(bytes: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of bytes) {
    done += piece.length;
    count(done);
    yield piece;
  }
}

/** A layer whose blob is there and whose tar is not. */
export async function extract(store: Store, layer: Descriptor, diffId: Digest, tell: OnProgress): Promise<void> {
  const compression = layerCompression(layer.mediaType);
  const count = counter(tell, shortOf(layer.digest), 'Extracting', layer.size);
  const bytes = counted(store.content.stream(layer.digest), count);
  await store.layers.ingest(
    compression === 'none' ? bytes : store.codecs.uncompress(compression, bytes),
    diffId,
    layer.size,
  );
  tell({ id: shortOf(layer.digest), status: 'Pull complete' });
}

export const pullScope = (path: string): string => `repository:${path}:pull`;
