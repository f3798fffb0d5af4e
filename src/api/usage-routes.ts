// Routes of what is kept and what may go: system df, prune of images and of builds' caches; and search, which nobody here answers.
// Docker Engine API, SystemDataUsage, ImagePrune, BuildPrune, ImageSearch.
import { pruneCaches } from '../engine/build/cache-usage.js';
import { sharedSizes, sizeOfLayers, sizeOfVolume, sizesOf } from '../engine/disk-usage.js';
import type { Engine } from '../engine/engine.js';
import { Conflict } from '../engine/errors.js';
import { booleanOf, checkFilters, parseFilters, passesLabels, untilOf } from '../engine/filters.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import type { Router } from '../http/router.js';
import { json } from './answers.js';
import { summary as containerSummary } from './container-views.js';
import { created, summary as imageSummary } from './image-routes.js';
import { isBefore } from './versions.js';
import { shown as volumeShown } from './volume-routes.js';

export function usageRoutes(router: Router, engine: Engine): void {
  router.add('GET', '/system/df', (request, { version }) => diskUsage(engine, request, version!));
  router.add('POST', '/images/prune', (request) => pruneImages(engine, request));
  router.add('POST', '/build/prune', async () => {
    const gone = await pruneCaches(engine);
    const SpaceReclaimed = gone.reduce((sum, { size }) => sum + size, 0);
    return json({ CachesDeleted: gone.map(({ id }) => id), SpaceReclaimed });
  });
  router.add('GET', '/images/search', async () =>
    json({ message: 'search: registries are not searched here: pull an image by its name' }, 500),
  );
}

async function diskUsage(engine: Engine, request: HttpRequest, version: string): Promise<HttpAnswer> {
  const types = request.queryAll.filter(([name]) => name === 'type').map(([, value]) => value);
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  const images = await engine.images.list();
  const shared = await sharedSizes(engine, images);
  const containers: object[] = [];
  if (wants('container'))
    for (const container of engine.containers.values())
      containers.push({
        ...containerSummary(engine, container, container.config.Image),
        ...(await sizesOf(engine, container)),
      });
  const volumes: object[] = [];
  if (wants('volume'))
    for (const volume of engine.volumes.values())
      volumes.push({
        ...volumeShown(volume),
        UsageData: {
          Size: await sizeOfVolume(engine, volume.Name),
          RefCount: engine.usersOf(volume.Name).length,
        },
      });
  return json({
    ...(wants('image') && {
      LayersSize: await sizeOfLayers(engine),
      Images: images.map((image) => imageSummary(engine, image, version, shared.get(image.id))),
    }),
    ...(wants('container') && { Containers: containers }),
    ...(wants('volume') && { Volumes: volumes }),
    ...(wants('build-cache') && { BuildCache: [], ...(isBefore(version, '1.42') && { BuilderSize: 0 }) }),
  });
}

/** Images that nobody calls anything, or with dangling=false all that no container has. */
async function pruneImages(engine: Engine, request: HttpRequest): Promise<HttpAnswer> {
  const filters = parseFilters(request.query.get('filters'));
  checkFilters(filters, ['dangling', 'label', 'label!', 'until']);
  const danglingAlone = booleanOf(filters, 'dangling') ?? true;
  const until = untilOf(filters, engine.host.date());
  const before = await sizeOfLayers(engine);
  const used = new Set([...engine.containers.values()].map(({ imageId }) => imageId));
  const images = await engine.images.list();
  const parents = new Set(images.map(({ parent }) => parent));
  const deleted: object[] = [];
  for (const image of images) {
    const named = image.tags.length > 0 || image.digests.length > 0;
    if (used.has(image.id) || (danglingAlone ? named || parents.has(image.id) : false)) continue;
    if (until !== undefined && created(image) > until) continue;
    if (!passesLabels(filters, Object.fromEntries(image.config.config.labels))) continue;
    try {
      deleted.push(...(await engine.images.remove(image.id, true, false, () => undefined)));
    } catch (error) {
      // what another image is made from stays with that
      if (!(error instanceof Conflict)) throw error;
    }
  }
  const SpaceReclaimed = Math.max(0, before - (await sizeOfLayers(engine))) + (await engine.images.collect());
  engine.events.tell('image', 'prune', '', { reclaimed: String(SpaceReclaimed) });
  return json({ ImagesDeleted: deleted, SpaceReclaimed });
}
