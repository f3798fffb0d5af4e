// Roots and volumes on the node: they are there from when something first needs them, so that an engine opens without any.
import type { IdMappings } from '../base/runtime-spec.js';
import type { Digest } from '../oci/digest.js';
import type { NodeClient, VolumeBeginning } from '../runtime/node-client.js';
import type { Images } from './images.js';
import type { HostConfig } from './container-config.js';
import type { Lent } from './surroundings.js';
import { isKept, type MountPoint } from './container-spec.js';
import { ownersOf } from './user-remap.js';
import { upperOf, volumeOf } from './state-store.js';

export interface Rooted {
  readonly id: string;
  /** The lowest first. */
  readonly layers: readonly string[];
  readonly mounts: readonly MountPoint[];
  readonly host: HostConfig;
  readonly lent?: Lent;
}

export class Places {
  private readonly roots = new Map<string, Promise<void>>();
  private readonly volumes = new Map<string, Promise<void>>();

  constructor(
    private readonly node: NodeClient,
    private readonly images: Images,
    private readonly remap: IdMappings | undefined,
  ) {}

  /** The node has been asked for something. */
  get used(): boolean {
    return this.roots.size + this.volumes.size > 0;
  }

  /** The node has a container's root and volumes when this resolves. */
  async prepare({ id, layers, mounts, host, lent }: Rooted): Promise<void> {
    const names = mounts.flatMap((mount) =>
      mount.Type === 'volume' && mount.Name !== undefined && isKept(mount) ? [mount.Name] : [],
    );
    const owners = ownersOf(this.remap, host);
    await Promise.all([
      once(this.roots, id, async () => {
        const found = await this.images.layers(layers as Digest[]);
        await this.node.call('addRoot', { id, layers: found, upper: upperOf(id), places: lent?.places, owners });
      }),
      ...mounts.flatMap(({ Source, image }) =>
        image
          ? once(this.volumes, imageVolume(Source), async () => {
              const found = await this.images.layers(image.layers as Digest[]);
              await this.node.call('addVolume', { id: imageVolume(Source), layers: found, owners: this.remap });
            })
          : [],
      ),
      ...names.map((name) => this.volume(name)),
    ]);
  }

  /** `begins`: what is in it, or it has itself, while there is nothing in it. */
  volume(name: string, begins?: VolumeBeginning): Promise<void> {
    return once(this.volumes, name, () =>
      this.node.call('addVolume', { id: name, store: volumeOf(name), owners: this.remap, begins }),
    );
  }

  /** The node has it no more, nor the images that were mounted in it; what it kept may be there still. */
  async dropRoot({ id, mounts }: Pick<Rooted, 'id' | 'mounts'>): Promise<void> {
    for (const { Source, image } of mounts) if (image) await this.dropVolume(imageVolume(Source));
    if (this.roots.delete(id)) await this.node.call('removeRoot', { id }).catch(() => {});
  }

  async dropVolume(name: string): Promise<void> {
    if (this.volumes.delete(name)) await this.node.call('removeVolume', { id: name }).catch(() => {});
  }
}

/** The node's name for what is `volume:NAME`. */
const imageVolume = (source: string): string => source.slice('volume:'.length);

/** Does it for the first who asks; for the next again when it failed. */
function once(made: Map<string, Promise<void>>, key: string, make: () => Promise<void>): Promise<void> {
  const there = made.get(key);
  if (there) return there;
  const making = make().catch((error) => {
    made.delete(key);
    throw error;
  });
  made.set(key, making);
  return making;
}
