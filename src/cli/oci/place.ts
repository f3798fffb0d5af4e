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
  /** Interfaces of the namespace that the sandbox is in are the container's. */
  outer: boolean;
  /** It is to have the host's own network: what leaves it does so by sockets of the host's. */
  host: boolean;
}

export interface PlaceOf extends Place {
  /** The container whose sandbox it is; absent: it gets one of its own. */
  sandbox?: string;
  /** The network namespace of the host's that its sandbox is to be in: a path, or a new one. Absent: ours. */
  network?: string | 'new';
}

/** Throws InputError: a namespace that is nobody's here. */
export function placeOf(spec: RuntimeSpec, root: string): PlaceOf {
  const place: PlaceOf = { within: {}, outer: false, host: true };
  const alive = StateFolder.all(root).flatMap((folder) => {
    const kept = folder.readIfThere();
    return kept && isAlive(kept) ? [kept] : [];
  });
  for (const { type, path } of spec.linux?.namespaces ?? []) {
    if (path === undefined || path === '') {
      if (type === 'network') place.network = 'new';
      continue;
    }
    const pid = Number(/^\/proc\/(\d+)\/ns\/\w+$/.exec(path)?.[1]);
    let owner = alive.find((kept) => kept.pid === pid);
    if (!owner && type === 'network') {
      const network = identityOf(path);
      if (network === ownNetwork()) continue;
      owner = alive.find((kept) => kept.network === network);
      if (!owner) place.network = path;
    } else if (!owner)
      throw new InputError(
        `namespaces: ${type} of ${path}: that is no container's of this runtime`,
        `Namespaces are shared with containers under the same --root alone: here ${root}.`,
      );
    if (owner) join(place, type, owner);
  }
  const { sandbox, network } = place;
  if (sandbox !== undefined && network !== undefined && network !== 'new')
    throw new InputError(
      `namespaces: network of ${network}: the sandbox of ${sandbox}, which has the others, is not in it`,
    );
  place.outer = network !== undefined && sandbox === undefined;
  place.host = network === undefined && place.within.network === undefined;
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

/** Which network namespace of the host's we are in. */
export const ownNetwork = (): string => identityOf('/proc/self/ns/net');

/** Which namespace it is. */
function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    throw new InputError(`namespaces: ${path}: ${reason(error)}`, undefined, { cause: error });
  }
}
