// An image as `docker image inspect` and `docker history` tell of it.
// Docker Engine API, ImageInspect and HistoryResponseItem.
import type { HistoryEntry } from './config.js';
import type { Image } from './store/image-store.js';

/** When an image was made that does not say. */
const NO_TIME = '0001-01-01T00:00:00Z';

export function inspectImage(image: Image): Record<string, unknown> {
  const { config, lastTagged } = image;
  const document = config.document;
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: '',
    Comment: config.history.at(-1)?.comment ?? '',
    Created: config.created ?? NO_TIME,
    DockerVersion: typeof document.docker_version === 'string' ? document.docker_version : '',
    Author: config.author ?? '',
    Config: document.config ?? {},
    Architecture: config.platform.architecture,
    ...(config.platform.variant !== undefined && { Variant: config.platform.variant }),
    Os: config.platform.os,
    Size: image.size,
    GraphDriver: { Data: null, Name: 'layers' },
    RootFS: { Type: 'layers', Layers: config.diffIds },
    Metadata: { LastTagTime: lastTagged === undefined ? NO_TIME : new Date(lastTagged).toISOString() },
  };
}

export interface HistoryLine extends HistoryEntry {
  /** Of its layer; 0 for one that has none. */
  size: number;
  /** The newest step is the image itself; of the others nobody knows the image. */
  id: string;
}

/** The newest step first. `sizes`: of the layers, the lowest first. */
export function historyOf(image: Image, sizes: readonly number[]): HistoryLine[] {
  const { history, diffIds } = image.config;
  const steps: HistoryEntry[] =
    history.length > 0 ? [...history] : diffIds.map(() => ({ createdBy: '', empty: false }) as HistoryEntry);
  let layer = 0;
  const lines = steps.map((step) => ({ ...step, size: step.empty ? 0 : (sizes[layer++] ?? 0), id: '<missing>' }));
  if (lines.length > 0) lines[lines.length - 1]!.id = image.id;
  return lines.reverse();
}
