// What a RUN is lent while it runs: files of the context, of stages and of images, and secrets. Nothing of it comes into the image.
// docs.docker.com/reference/dockerfile: RUN --mount=type=bind, --mount=type=secret; docs.docker.com/build/building/secrets.
import { InputError } from '../../base/errors.js';
import { type MountSpec, VOLUME_PATH } from '../../base/runtime-spec.js';
import { decodeText, encodeText } from '../../base/text.js';
import type { StreamCodecs } from '../../base/streams.js';
import type { Tree } from '../../oci/tree/tree.js';
import type { Layer, MountedFile, MountPlace } from '../../runtime/node-client.js';
import type { Lent } from '../surroundings.js';
import type { Engine } from '../engine.js';
import { randomHex } from '../host.js';
import { volumeOf } from '../engine.js';
import type { Cache } from './caches.js';
import type { Cancellation } from './cancellation.js';
import type { BindMount, CacheMount, RunMount, SecretMount } from './run-mounts.js';
import { checksumOf, sourceAt } from './sources.js';

const SECRET_MAX = 500 << 10;

/** A tree, and what a node needs to show it. Whoever asks for it closes it. */
export interface OpenFiles {
  tree: Tree;
  layers(): Promise<Layer[]>;
  close(): void;
}

export type SecretSource = (id: string) => Promise<Uint8Array | undefined>;

export interface LendingPlaces {
  engine: Engine;
  codecs: StreamCodecs;
  /** What --from names; undefined: the context. */
  files(from: string | undefined): Promise<OpenFiles>;
  secrets?: SecretSource;
  cancellation: Cancellation;
}

/** A mount as a client's HostConfig has it. */
type HostMount = Readonly<Record<string, unknown>>;

interface Bound {
  mount: BindMount;
  files: OpenFiles;
  /** Names as the tree has them; '' for all of it. */
  path: string;
  isFile: boolean;
  sum: string;
}

export class Lending {
  private readonly bound: Bound[] = [];
  private readonly volumes: string[] = [];
  private readonly caches: Cache[] = [];
  /** Those that nobody else will ask for. */
  private readonly ownLayers: string[] = [];

  private constructor(
    private readonly mounts: readonly RunMount[],
    private readonly places: LendingPlaces,
  ) {}

  /** Finds what is bound. Rejects with InputError, and then nothing is open. */
  static async open(mounts: readonly RunMount[], places: LendingPlaces): Promise<Lending> {
    const lending = new Lending(mounts, places);
    try {
      for (const mount of mounts) if (mount.type === 'bind') await lending.bind(mount);
      return lending;
    } catch (error) {
      await lending.release();
      throw error;
    }
  }

  private async bind(mount: BindMount): Promise<void> {
    const files = await this.places.files(mount.from);
    const found = sourceAt(files.tree, mount.source);
    if (!found) {
      files.close();
      throw new InputError(`failed to compute cache key: "${mount.source}": not found`);
    }
    const { source, path } = found;
    this.bound.push({ mount, files, path, isFile: !source.node.children, sum: '' });
    this.bound.at(-1)!.sum = await checksumOf(this.places.codecs, source);
  }

  /** What is bound, as far as it makes another command of it. */
  get remembered(): string[] {
    return this.bound.map(({ mount, sum }) => `${mount.target}=${sum}`);
  }

  /** Gives the node what is bound, and asks for the secrets. `script`: a program that is not the image's. Rejects with InputError. */
  async lend(script?: { path: string; text: string }): Promise<{ lent: Lent; mounts: HostMount[] }> {
    const mounts: MountSpec[] = [];
    const places: MountPlace[] = [];
    const hostMounts: HostMount[] = [];
    const caches = await this.cachesOf();
    for (const mount of this.mounts) {
      if (mount.type !== 'tmpfs' && mount.type !== 'cache') continue;
      places.push({ path: mount.target, isFile: false });
      const common = { Target: mount.target, ReadOnly: mount.readOnly };
      if (mount.type === 'cache')
        hostMounts.push({
          ...{ Type: 'volume', Source: caches.get(mount.id), VolumeOptions: { NoCopy: true } },
          ...common,
        });
      else
        hostMounts.push({
          ...{ Type: 'tmpfs', ...common },
          ...(mount.size > 0 && { TmpfsOptions: { SizeBytes: mount.size } }),
        });
    }
    for (const bound of this.bound) {
      mounts.push(await this.volumeOf(bound));
      places.push({ path: bound.mount.target, isFile: bound.isFile });
    }
    const files: Record<string, MountedFile> = {};
    if (script) files[script.path] = { bytes: encodeText(script.text), mode: 0o755, uid: 0, gid: 0 };
    const env: string[] = [];
    for (const mount of this.mounts) {
      if (mount.type !== 'secret') continue;
      const bytes = await this.secret(mount);
      if (!bytes) continue;
      const { target, mode, uid, gid } = mount;
      if (target !== undefined) {
        files[target] = { bytes, mode, uid, gid };
        places.push({ path: target, isFile: true });
      }
      if (mount.env !== undefined) env.push(`${mount.env}=${textOf(bytes, mount)}`);
    }
    mounts.sort((a, b) => a.destination.split('/').length - b.destination.split('/').length);
    return { lent: { mounts, files, env, places }, mounts: hostMounts };
  }

  /** Volumes by the ids of caches. They are taken in one order, so that nobody waits for who waits for him. */
  private async cachesOf(): Promise<Map<string, string>> {
    const { engine, codecs, cancellation } = this.places;
    const found = new Map<string, string>();
    const wanted = this.mounts.filter((mount) => mount.type === 'cache').sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const mount of wanted) {
      if (found.has(mount.id)) continue;
      const cache = await engine.buildCaches.take(mount.id, mount.sharing, codecs, cancellation);
      this.caches.push(cache);
      found.set(mount.id, cache.name);
      if (!engine.volumes.has(cache.name)) await this.begin(cache.name, mount);
    }
    return found;
  }

  private async begin(name: string, { begins }: CacheMount): Promise<void> {
    const { engine } = this.places;
    const volume = volumeOf(name, {}, {}, false, engine.host.date());
    if ('mode' in begins) {
      await engine.createVolume(volume, begins);
      return;
    }
    const files = await this.places.files(begins.from);
    try {
      const found = sourceAt(files.tree, begins.source);
      if (!found?.source.node.children)
        throw new InputError(`failed to compute cache key: "${begins.source}": not found, or no directory`);
      await engine.createVolume(volume, { layers: await files.layers(), path: found.path });
    } finally {
      files.close();
    }
  }

  private async volumeOf({ mount, files, path }: Bound): Promise<MountSpec> {
    const { engine } = this.places;
    const layers = await files.layers();
    const id = `build-${randomHex(engine.host, 16)}`;
    await engine.node.call('addVolume', { id, layers, owners: engine.remap });
    this.volumes.push(id);
    if (mount.from === undefined) this.ownLayers.push(...layers.map((layer) => layer.id));
    const options = [
      'rbind',
      mount.writable ? 'rw' : 'ro',
      'nocopy',
      ...(path === '' ? [] : [`${VOLUME_PATH}${path}`]),
    ];
    return { destination: mount.target, type: 'bind', source: `volume:${id}`, options };
  }

  private async secret({ id, required }: SecretMount): Promise<Uint8Array | undefined> {
    const bytes = await this.places.secrets?.(id);
    if (bytes && bytes.length > SECRET_MAX) throw new InputError(`secret ${id}: is longer than ${SECRET_MAX} bytes`);
    if (!bytes && required) throw new InputError(`secret ${id}: not found`);
    return bytes;
  }

  /** Nobody has it any more. */
  async release(): Promise<void> {
    const { node } = this.places.engine;
    for (const id of this.volumes.splice(0)) await node.call('removeVolume', { id }).catch(() => {});
    if (this.ownLayers.length > 0) await node.call('forgetLayers', { ids: this.ownLayers.splice(0) }).catch(() => {});
    for (const { files } of this.bound.splice(0)) files.close();
    for (const cache of this.caches.splice(0)) cache.release();
  }
}

function textOf(bytes: Uint8Array, { id }: SecretMount): string {
  const text = decodeText(bytes);
  if (text === undefined || text.includes('\0'))
    throw new InputError(`secret ${id}: is no text, as a variable has to be`);
  return text;
}
