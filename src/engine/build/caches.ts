// Caches of RUN --mount=type=cache: volumes that outlive their builds; who may have one at the same time.
// docs.docker.com/reference/dockerfile: RUN --mount=type=cache.
import { encodeText } from '../../base/text.js';
import type { StreamCodecs } from '../../base/streams.js';
import type { Cancellation } from './cancellation.js';

/** Volumes that caches are kept in begin so. */
export const CACHE_VOLUME = 'build-cache-';

/** Whether several commands have a cache at once, each has its own, or one waits for the other. */
export type Sharing = 'shared' | 'private' | 'locked';

interface Use {
  users: number;
  locked: boolean;
  waiting: Set<() => void>;
}

export class BuildCaches {
  private readonly uses = new Map<string, Use>();

  /** The volume of a cache, until it is released. Rejects when the build is cancelled meanwhile. */
  async take(id: string, sharing: Sharing, codecs: StreamCodecs, cancellation: Cancellation): Promise<Cache> {
    let name = volumeName(id, codecs);
    if (sharing === 'private') for (let i = 1; this.uses.has(name); i++) name = volumeName(`${id}\0${i}`, codecs);
    for (let use = this.uses.get(name); use && (use.locked || sharing === 'locked'); use = this.uses.get(name)) {
      await turnOf(use, cancellation);
      cancellation.check();
    }
    const use = this.uses.get(name) ?? { users: 0, locked: sharing === 'locked', waiting: new Set() };
    use.users++;
    this.uses.set(name, use);
    return { name, release: () => this.release(name, use) };
  }

  private release(name: string, use: Use): void {
    if (--use.users > 0) return;
    this.uses.delete(name);
    for (const go of use.waiting) go();
  }
}

export interface Cache {
  name: string;
  release(): void;
}

function turnOf({ waiting }: Use, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      waiting.delete(go);
      resolve();
    };
    waiting.add(go);
    cancellation.onCancel(go);
  });
}

function volumeName(id: string, codecs: StreamCodecs): string {
  const hash = codecs.sha256();
  hash.update(encodeText(id));
  return `${CACHE_VOLUME}${hash.digest().slice(0, 32)}`;
}
