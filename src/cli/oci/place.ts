// Where a container is to live: in a sandbox of its own, or in that of another container whose namespaces it asks for; and which network of
// the host's is its own. OCI runtime-spec, config-linux.md, "Namespaces".
import { statSync } from 'node:fs';
import { InputError } from '../../base/errors.js';
import type { NamespaceType, RuntimeSpec } from '../../base/runtime-spec.js';
import { reason } from '../../hosts/node/files.js';
import { isAlive, type Kept, StateFolder } from './state-folder.js';

export interface Place {
  /** Namespaces that are those of containers of the same sandbox: whose. */
  within: Partial<Record<NamespaceType, string>>;
  /** A network namespace of the host's with interfaces that are to be the container's. */
  outer?: string;
}

export interface PlaceOf extends Place {
  /** The container whose sandbox it is; absent: it gets one of its own. */
  sandbox?: string;
  /** Which namespace of the host's `outer` is. */
  network?: string;
}

/** Throws InputError: a namespace that is nobody's here. */
export function placeOf(spec: RuntimeSpec, root: string): PlaceOf {
  const place: PlaceOf = { within: {} };
  const alive = StateFolder.all(root).flatMap((folder) => {
    const kept = folder.readIfThere();
    return kept && isAlive(kept) ? [kept] : [];
  });
  for (const { type, path } of spec.linux?.namespaces ?? []) {
    if (path === undefined || path === '') continue;
    const pid = Number(/^\/proc\/(\d+)\/ns\/\w+$/.exec(path)?.[1]);
    let owner = alive.find((kept) => kept.pid === pid);
    if (!owner && type === 'network') {
      const network = identityOf(path);
      owner = alive.find((kept) => kept.network === network);
      if (!owner) {
        if (network === identityOf('/proc/self/ns/net')) continue;
        place.outer = path;
        place.network = network;
      }
    } else if (!owner)
      throw new InputError(
        `namespaces: ${type} of ${path}: that is no container's of this runtime`,
        `Namespaces are shared with containers under the same --root alone: here ${root}.`,
      );
    if (owner) join(place, type, owner);
  }
  if (place.sandbox !== undefined && place.outer !== undefined)
    throw new InputError(
      `namespaces: network of ${place.outer}: the sandbox of ${place.sandbox}, which has the others, is not in it`,
    );
  return place;
}

function join(place: PlaceOf, type: NamespaceType, owner: Kept): void {
  const sandbox = owner.sandbox ?? owner.id;
  if (place.sandbox !== undefined && place.sandbox !== sandbox)
    throw new InputError(
      `namespaces: ${type} of ${owner.id}: is in another sandbox than those of ${place.sandbox}`,
      'Namespaces that a container shares are to be those of one other container, or of one pod.',
    );
  place.sandbox = sandbox;
  place.within[type] = owner.id;
}

/** Which namespace it is. */
function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    throw new InputError(`namespaces: ${path}: ${reason(error)}`, undefined, { cause: error });
  }
}
