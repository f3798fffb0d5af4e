// What is kept of the engine: a folder for each container and each volume, a file of networks. All of it is read when the engine opens.
// Ours. One file says that a container is there; it appears and changes at once (Storage.replace), so whatever a process leaves that ends at
// any step is either whole, or said to be half: that goes, with the volumes that belong to it alone.
import { messageOf } from '../base/errors.js';
import type { Storage } from '../base/storage.js';
import { decodeText, encodeText } from '../base/text.js';
import type { ContainerConfig, HostConfig } from './container-config.js';
import type { MountPoint } from './container-spec.js';
import type { EndpointRequest } from './endpoints.js';
import type { Health } from './health.js';

export interface ContainerRecord {
  id: string;
  name: string;
  imageId: string;
  /** Milliseconds since 1970. */
  created: number;
  config: ContainerConfig;
  host: HostConfig;
  /** Entrypoint and command. */
  args: string[];
  mounts: MountPoint[];
  endpoints: EndpointRequest[];
  /** What its root is made of, the lowest first. */
  layers: string[];
  /** Its image is of the platform wasi/wasm. */
  wasi?: true;
  /** It is of use to the process that made it alone: the next one removes it. */
  passing?: true;
  state: ContainerState;
}

export interface ContainerState {
  status: 'created' | 'running' | 'paused' | 'restarting' | 'exited';
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: number;
  finishedAt: number;
  restarts: number;
  /** Somebody wanted its end. */
  stopped: boolean;
  health?: Health;
}

export interface VolumeRecord {
  Name: string;
  Labels: Record<string, string>;
  created: number;
  anonymous: boolean;
  /** Of one that is a folder of the host: what was said, and which. */
  Options?: Record<string, string>;
  folder?: string;
}

const CONTAINERS = 'containers';
const VOLUMES = 'volumes';
const NETWORKS = 'networks.json';
const VERSION = 1;
const FILE_MAX = 16 << 20;

const recordOf = (id: string): string => `${CONTAINERS}/${id}/container.json`;
const volumeRecordOf = (name: string): string => `${VOLUMES}/${name}/volume.json`;

const bytesOf = (record: object): Uint8Array => encodeText(JSON.stringify({ version: VERSION, ...record }));

/** Where a root and a volume keep what is in them, and a container what it writes. */
export const upperOf = (id: string): string => `${CONTAINERS}/${id}/upper`;
export const logOf = (id: string): string => `${CONTAINERS}/${id}/${id}-json.log`;
export const volumeOf = (name: string): string => `${VOLUMES}/${name}/data`;

/** A container that is coming or going; `volumes` come and go with it. */
interface Half {
  half: true;
  volumes: string[];
}

export class StateStore {
  constructor(
    readonly storage: Storage,
    /** Told of what can't be read, which stays as it is. */
    private readonly complain: (what: string) => void,
  ) {}

  private async read<T extends object>(path: string): Promise<T | undefined> {
    const bytes = await this.storage.read(path, FILE_MAX);
    if (!bytes) return undefined;
    const found = JSON.parse(decodeText(bytes) ?? '');
    if (found?.version !== VERSION) throw new Error('is of another version of tabvisor');
    return found;
  }

  private write(path: string, record: object): Promise<void> {
    return this.storage.replace(path, bytesOf(record));
  }

  /** Each that is in a folder; what can't be read is told of, and left alone. */
  private async each(folder: string, take: (name: string) => Promise<void>): Promise<void> {
    const names = await this.storage.list(folder);
    await Promise.all(
      names.map((name) =>
        take(name).catch((error) => this.complain(`${folder}/${name}: is left alone: ${messageOf(error)}`)),
      ),
    );
  }

  /** All that is whole; what is half goes. */
  async load(): Promise<{ containers: ContainerRecord[]; volumes: VolumeRecord[] }> {
    const containers: ContainerRecord[] = [];
    const halves = new Map<string, readonly string[]>();
    await this.each(CONTAINERS, async (id) => {
      const record = await this.read<ContainerRecord | Half>(recordOf(id));
      if (record && !('half' in record)) containers.push(record);
      else halves.set(id, record?.volumes ?? []);
    });
    const used = new Set(containers.flatMap(({ mounts }) => mounts.map(({ Name }) => Name)));
    for (const [id, owned] of halves) {
      for (const name of owned) if (!used.has(name)) await this.removeVolume(name);
      await this.removeContainer(id);
    }
    const volumes: VolumeRecord[] = [];
    await this.each(VOLUMES, async (name) => {
      const record = await this.read<VolumeRecord>(volumeRecordOf(name));
      if (record) volumes.push(record);
      else await this.storage.remove(`${VOLUMES}/${name}`);
    });
    const byDate = (a: { created: number }, b: { created: number }): number => a.created - b.created;
    return { containers: containers.sort(byDate), volumes: volumes.sort(byDate) };
  }

  /** From now on what is found of it is half: it goes, with `volumes`. */
  markHalf(id: string, volumes: string[]): Promise<void> {
    return this.write(recordOf(id), { half: true, volumes } satisfies Half);
  }

  saveContainer(record: ContainerRecord): Promise<void> {
    return this.write(recordOf(record.id), record);
  }

  /** It is there no more when its record is gone, which needs no room; then goes what it had. */
  async forgetContainer(id: string): Promise<void> {
    await this.storage.remove(recordOf(id), true);
  }

  async removeContainer(id: string): Promise<void> {
    await this.storage.remove(`${CONTAINERS}/${id}`);
  }

  saveVolume(record: VolumeRecord): Promise<void> {
    return this.write(volumeRecordOf(record.Name), record);
  }

  /** It is there no more when its record is gone; then goes what is in it. */
  async forgetVolume(name: string): Promise<void> {
    await this.storage.remove(volumeRecordOf(name), true);
  }

  async removeVolume(name: string): Promise<void> {
    await this.storage.remove(`${VOLUMES}/${name}`);
  }

  async networks<T>(): Promise<T[]> {
    return (await this.read<{ networks: T[] }>(NETWORKS))?.networks ?? [];
  }

  /** `frees`: there are fewer. */
  saveNetworks(networks: readonly object[], frees: boolean): Promise<void> {
    return this.storage.replace(NETWORKS, bytesOf({ networks }), frees);
  }
}
