// How much of the disk images, containers and volumes take. Docker Engine API, SystemDataUsage; `docker ps -s`.
import type { Digest } from '../oci/digest.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { NodeFailure } from './errors.js';
import type { Image } from './images.js';

async function usage(engine: Engine, of: { root: string } | { volume: string }): Promise<number> {
  try {
    return (await engine.node.call('usage', of)).bytes;
  } catch (error) {
    // it may go meanwhile
    if (error instanceof NodeFailure && error.kind === 'missing') return 0;
    throw error;
  }
}

/** Bytes that a container has changed over its image. */
export const sizeOfRoot = (engine: Engine, { id }: Container): Promise<number> => usage(engine, { root: id });

export const sizeOfVolume = (engine: Engine, volume: string): Promise<number> => usage(engine, { volume });

export async function sizesOf(engine: Engine, container: Container): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const SizeRw = await sizeOfRoot(engine, container);
  let below = 0;
  for (const layer of container.layers) below += await sizeOfLayer(engine, layer as Digest);
  return { SizeRw, SizeRootFs: SizeRw + below };
}

export const sizeOfLayer = async ({ images }: Engine, layer: Digest): Promise<number> =>
  (await images.store.layers.size(layer)) ?? 0;

/** Bytes of all layers, once each, and of the blobs that they came as. */
export async function sizeOfLayers({ images }: Engine): Promise<number> {
  const { layers, content } = images.store;
  let sum = 0;
  for (const layer of await layers.list()) sum += (await layers.size(layer)) ?? 0;
  for (const blob of await content.list()) sum += (await content.size(blob)) ?? 0;
  return sum;
}

/** Bytes of the layers that an image has in common with another one, by the image's id. */
export async function sharedSizes(engine: Engine, images: readonly Image[]): Promise<Map<string, number>> {
  const users = new Map<Digest, number>();
  for (const { config } of images)
    for (const layer of new Set(config.diffIds)) users.set(layer, (users.get(layer) ?? 0) + 1);
  const shared = new Map<string, number>();
  for (const { id, config } of images) {
    let sum = 0;
    for (const layer of config.diffIds) if (users.get(layer)! > 1) sum += await sizeOfLayer(engine, layer);
    shared.set(id, sum);
  }
  return shared;
}
