// What builds keep for builds to come, and how it goes: the caches of RUN --mount=type=cache. Steps are images, and go as images do.
// Docker Engine API, BuildPrune; docs.docker.com/reference/cli/docker/buildx/du.
import { sizeOfVolume } from '../disk-usage.js';
import type { Engine } from '../engine.js';
import { Conflict } from '../errors.js';
import { CACHE_VOLUME } from './caches.js';

export interface KeptCache {
  id: string;
  size: number;
  /** Milliseconds since 1970. */
  created: number;
  inUse: boolean;
}

export async function keptCaches(engine: Engine): Promise<KeptCache[]> {
  const kept: KeptCache[] = [];
  for (const { Name: id, created } of engine.volumes.values())
    if (id.startsWith(CACHE_VOLUME))
      kept.push({ id, size: await sizeOfVolume(engine, id), created, inUse: engine.usersOf(id).length > 0 });
  return kept;
}

/** Those that no build has now go: what went. */
export async function pruneCaches(engine: Engine): Promise<KeptCache[]> {
  const gone: KeptCache[] = [];
  for (const cache of await keptCaches(engine)) {
    try {
      await engine.removeVolume(cache.id);
      gone.push(cache);
    } catch (error) {
      // a build has it by now
      if (!(error instanceof Conflict)) throw error;
    }
  }
  return gone;
}
