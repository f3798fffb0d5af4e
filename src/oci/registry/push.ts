// An image to a registry: blobs that it has not, from another of its repositories where that has them, then the manifest.
// OCI distribution-spec, "Push". Layers that have been pulled go as they came, so that their digests stay.
import { inLanes } from '../../base/lanes.js';
import { HttpError, type HttpResponse } from '../../base/http.js';
import { InputError, messageOf } from '../../base/errors.js';
import { type Digest, shortOf } from '../digest.js';
import type { Descriptor } from '../manifest.js';
import { isForeign } from '../media-types.js';
import { familiar, type Reference, withTag } from '../reference.js';
import { sendable } from '../store/sendable.js';
import type { Store } from '../store/store.js';
import { errorOf } from './body.js';
import { refusal, type RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
import { counter, type OnProgress } from './progress.js';
import { parseUrl } from './url.js';

/** What is sent in one request; larger blobs go in pieces, of which one that breaks is sent again alone. */
const CHUNK = 16 << 20;
const ATTEMPTS = 4;

export interface Pushed {
  digest: Digest;
  /** Of the manifest. */
  size: number;
}

export class Pusher {
  constructor(
    private readonly store: Store,
    private readonly client: RegistryClient,
    private readonly chunk = CHUNK,
  ) {}

  /** Sends the image that `reference` names here. Rejects with InputError. */
  async push(named: Reference, progress: OnProgress = () => {}): Promise<Pushed> {
    const reference = withTag(named);
    const name = familiar(reference);
    if (reference.tag === undefined) throw new InputError(`${name}: what is pushed has a tag`);
    const { images } = this.store;
    const id = images.resolve(name);
    return images
      .bring(async (lease) => {
        const image = await images.get(id);
        lease.hold(
          id,
          image.manifestDigest,
          ...image.manifest.layers.map(({ digest }) => digest),
          ...image.config.diffIds,
        );
        progress({ status: `The push refers to repository [${reference.domain}/${reference.path}]` });
        // layers are called by their tars: their blobs may be yet to come
        for (const diffId of image.config.diffIds) progress({ id: shortOf(diffId), status: 'Preparing' });
        const { manifest, manifestDigest } = await sendable(this.store, image, lease);
        const endpoint = await this.client.endpoint(reference.domain);
        const place = { endpoint, path: reference.path, domain: reference.domain, name };
        await inLanes(
          [...manifest.layers.entries()].filter(([, { mediaType, urls }]) => !(isForeign(mediaType) && urls?.length)),
          () => undefined,
          ([i, layer]) => this.blob(place, layer, shortOf(image.config.diffIds[i]!), progress),
        );
        await this.blob(place, manifest.config, '', () => {});
        const bytes = (await this.store.content.read(manifestDigest))!;
        const response = await this.send(
          place,
          'PUT',
          `/v2/${place.path}/manifests/${reference.tag}`,
          { 'Content-Type': manifest.mediaType },
          bytes,
        );
        if (response.status !== 201) throw await refusal(response, name, 'push');
        response.cancel();
        const told = response.header('docker-content-digest');
        if (told !== undefined && told !== manifestDigest)
          throw new InputError(
            `${name}: the registry calls the manifest ${told.slice(0, 100)}, and it is ${manifestDigest}`,
          );
        await images.addDigest(id, reference, manifestDigest);
        progress({ status: `${reference.tag}: digest: ${manifestDigest} size: ${bytes.length}` });
        return { digest: manifestDigest, size: bytes.length };
      })
      .catch((error: unknown) => {
        if (error instanceof HttpError)
          throw new InputError(`${name}: ${messageOf(error)}`, undefined, { cause: error });
        throw error;
      });
  }

  /** `id`: what it is called in what is told. */
  private async blob(place: Place, blob: Descriptor, id: string, progress: OnProgress): Promise<void> {
    const { client } = this;
    const there = await client.persist(() =>
      client.request(place.endpoint, {
        method: 'HEAD',
        url: `${place.endpoint.base}/v2/${place.path}/blobs/${blob.digest}`,
        scopes: [pushScope(place.path)],
      }),
    );
    there.cancel();
    if (there.status === 200) return progress({ id, status: 'Layer already exists' });
    if (there.status === 401 || there.status === 403) throw await refusal(there, place.name, 'push');
    const [from] = (await this.store.images.repositoriesWith(blob.digest, place.domain)).filter(
      (path) => path !== place.path,
    );
    let upload = await this.begin(place, blob, from);
    if (upload === 'mounted') return progress({ id, status: `Mounted from ${from}` });
    const count = counter(progress, id, 'Pushing', blob.size);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.upload(place, upload, blob, count);
        return progress({ id, status: 'Pushed' });
      } catch (error) {
        if (!(error instanceof HttpError) || attempt === ATTEMPTS) throw error;
        await client.host.wait(300 * 2 ** attempt);
        // whatever has become of that one, a new one has nothing in it
        upload = (await this.begin(place, blob, undefined)) as string;
      }
    }
  }

  /** An upload's address, or that there is nothing left to do. */
  private async begin(place: Place, blob: Descriptor, from: string | undefined): Promise<string> {
    const query = from === undefined ? '' : `?mount=${blob.digest}&from=${encodeURIComponent(from)}`;
    const scopes = from === undefined ? [] : [`repository:${from}:pull`];
    const response = await this.send(
      place,
      'POST',
      `/v2/${place.path}/blobs/uploads/${query}`,
      {},
      new Uint8Array(0),
      scopes,
    );
    response.cancel();
    if (response.status === 201 && from !== undefined) return 'mounted';
    if (response.status !== 202) throw await refusal(response, place.name, 'push');
    return locationOf(response, place);
  }

  private async upload(place: Place, address: string, blob: Descriptor, count: (bytes: number) => void): Promise<void> {
    let at = 0;
    let location = address;
    for await (const chunk of chunks(this.store.content.stream(blob.digest), this.chunk)) {
      const isAll = at === 0 && chunk.length === blob.size;
      if (!isAll) {
        const range = { 'Content-Range': `${at}-${at + chunk.length - 1}`, 'Content-Type': 'application/octet-stream' };
        const response = await this.send(place, 'PATCH', location, range, chunk);
        if (response.status !== 202) throw await this.stumble(response, place);
        response.cancel();
        location = locationOf(response, place);
      } else await this.finish(place, location, blob, chunk);
      at += chunk.length;
      count(at);
      if (isAll) return;
    }
    await this.finish(place, location, blob, new Uint8Array(0));
  }

  private async finish(place: Place, location: string, { digest }: Descriptor, rest: Uint8Array): Promise<void> {
    const url = `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
    const response = await this.send(place, 'PUT', url, { 'Content-Type': 'application/octet-stream' }, rest);
    if (response.status !== 201) throw await this.stumble(response, place);
    response.cancel();
  }

  /** What the other side may do better next time is as good as a broken connection. */
  private async stumble(response: HttpResponse, place: Place): Promise<Error> {
    if (response.status >= 500 || response.status === 416 || response.status === 404 || response.status === 429)
      return new HttpError(await errorOf(response), false);
    return refusal(response, place.name, 'push');
  }

  private send(
    { endpoint, path }: Place,
    method: 'POST' | 'PUT' | 'PATCH',
    address: string,
    headers: Record<string, string>,
    body: Uint8Array,
    scopes: readonly string[] = [],
  ): Promise<HttpResponse> {
    const url = address.startsWith('/') ? endpoint.base + address : address;
    return this.client.request(endpoint, {
      method,
      url,
      headers: { ...headers, 'Content-Length': String(body.length) },
      body,
      scopes: [pushScope(path), ...scopes],
    });
  }
}

interface Place {
  endpoint: Endpoint;
  domain: string;
  path: string;
  /** For messages. */
  name: string;
}

const pushScope = (path: string): string => `repository:${path}:pull,push`;

/** Where a registry wants the next part. Throws InputError when it is another place without TLS. */
function locationOf(response: HttpResponse, { endpoint }: Place): string {
  const url = parseUrl(response.header('location') ?? '', `${endpoint.base}/`);
  const own = parseUrl(endpoint.base)!;
  if (!url || (url.protocol !== 'https:' && url.origin !== own.origin))
    throw new InputError(`${endpoint.base}: wants an upload at an address that is none, or without TLS elsewhere`);
  return url.href;
}

/** The same bytes in pieces of `size`, but for the last. */
async function* chunks(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let have = 0;
  const joined = (): Uint8Array => {
    const all = new Uint8Array(have);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    parts = [];
    have = 0;
    return all;
  };
  for await (const piece of bytes) {
    let rest = piece;
    while (have + rest.length >= size) {
      const part = rest.subarray(0, size - have);
      parts.push(part);
      have += part.length;
      rest = rest.subarray(part.length);
      yield joined();
    }
    if (rest.length > 0) {
      parts.push(rest);
      have += rest.length;
    }
  }
  if (have > 0) yield joined();
}
