// One layer's way from a registry into the stores: checked, uncompressed and indexed while it comes, and gone on with where it was cut.
// Ours. Its bytes pass once: to its blob, to both checksums, to the tar, to the index.
import { InputError, messageOf } from '../../base/errors.js';
import { HttpError, type HttpResponse } from '../../base/http.js';
import { StorageError } from '../../base/storage.js';
import type { Digest } from '../digest.js';
import type { Descriptor } from '../manifest.js';
import { layerCompression } from '../media-types.js';
import type { Reception } from '../store/content-store.js';
import type { Store } from '../store/store.js';

const ATTEMPTS = 5;
const FIRST_PAUSE = 300;

export interface Transfer {
  store: Store;
  layer: Descriptor;
  diffId: Digest;
  /** An answer that begins with byte `from` (206), or with the first (200). */
  fetch(from: number): Promise<HttpResponse>;
  wait(milliseconds: number): Promise<void>;
  /** Bytes so far. */
  received(bytes: number): void;
  /** All has come. */
  complete(): void;
  /** Throws when nobody wants the layer any more. */
  check(): void;
  /** Is given what ends the wait for more bytes: to be called as soon as `check` would throw. */
  interruptible(interrupt: () => void): void;
}

/** Rejects with InputError or HttpError; what came then stays, to go on from, if it may be what it should be. */
export async function transfer(work: Transfer): Promise<void> {
  const { store, layer } = work;
  const kept = await store.content.partialSize(layer.digest);
  try {
    await once(work);
  } catch (error) {
    // what an earlier process left may have been lost with its host
    const mayHelp = error instanceof InputError && !(error instanceof Abandoned) && !(error instanceof StorageError);
    if (!mayHelp || kept === 0) throw error;
    await once(work);
  }
}

async function once({ store, layer, diffId, ...work }: Transfer): Promise<void> {
  const reception = await store.content.receive(layer);
  const bytes = written(reception, arriving({ store, layer, diffId, ...work }, reception));
  try {
    if (await store.layers.has(diffId)) for await (const _ of bytes);
    else {
      const compression = layerCompression(layer.mediaType);
      const tar = compression === 'none' ? bytes : store.codecs.uncompress(compression, bytes);
      await store.layers.ingest(tar, diffId, layer.size);
      // what ends before its blob does leaves the rest
      for await (const _ of bytes);
    }
    work.complete();
    await reception.commit();
  } catch (error) {
    await reception.abandon(error instanceof Abandoned ? error.resumes : !(error instanceof InputError));
    throw error;
  }
}

/** The layer is not wanted any more; what came is kept when it may be wanted again. */
export class Abandoned extends InputError {
  constructor(
    what: string,
    readonly resumes: boolean,
  ) {
    super(what);
  }
}

async function* written(reception: Reception, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    await reception.write(piece);
    yield piece;
  }
}

/** What is there, then what the registry gives; a connection that breaks is made again, and goes on. */
async function* arriving(
  { store, layer, fetch, wait, received, check, interruptible }: Transfer,
  reception: Reception,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  if (reception.kept > 0)
    for await (const piece of store.content.partial(layer.digest)) {
      at += piece.length;
      received(at);
      yield piece;
    }
  for (let failures = 0; at < layer.size; ) {
    check();
    const begun = at;
    try {
      const response = await fetch(at);
      interruptible(() => response.cancel());
      try {
        check();
        for await (const piece of from(response, at)) {
          check();
          at += piece.length;
          received(at);
          yield piece;
        }
      } finally {
        response.cancel();
      }
      if (at < layer.size) throw new HttpError(`the layer ended after ${at} of ${layer.size} bytes`, false);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      check();
      // one that gets on is given more patience
      failures = at > begun ? 1 : failures + 1;
      if (failures >= ATTEMPTS)
        throw new HttpError(`layer ${layer.digest}: ${messageOf(error)}`, false, { cause: error });
      await wait(FIRST_PAUSE * 2 ** (failures - 1));
    }
  }
}

/** An answer's bytes from `at` on, also of a server that does not know ranges. */
async function* from(response: HttpResponse, at: number): AsyncGenerator<Uint8Array> {
  let skip = at;
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1];
    if (Number(start ?? at) !== at) throw new HttpError('another part was sent than was asked for', false);
    skip = 0;
  }
  for await (const piece of response.body) {
    const rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}
