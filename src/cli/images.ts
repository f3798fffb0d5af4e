// The images of this host: the folder that they are in, locked while a command works with it, and the way to registries.
import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Option } from 'commander';
import type { CredentialSource } from '../base/credentials.js';
import { dockerCredentials } from '../hosts/node/docker-credentials.js';
import { FolderInUse, lockFolder } from '../hosts/node/folder-lock.js';
import { FolderStorage } from '../hosts/node/folder-storage.js';
import { NodeHttpClient } from '../hosts/node/http-client.js';
import { nodeStreams } from '../hosts/node/stream-codecs.js';
import { RegistryClient } from '../oci/registry/client.js';
import { OWN_ROOT } from '../hosts/node/package-root.js';
import { Puller } from '../oci/registry/pull.js';
import { Pusher } from '../oci/registry/push.js';
import { openStore, PARTIAL, type Store } from '../oci/store/store.js';
import { type DataOption, dataFolder } from './data-folder.js';
import { announced } from './engine-address.js';

/** Milliseconds that a command waits for another one's end. */
const PATIENCE = 10_000;
const PAUSE = 50;

export interface RegistryOptions extends DataOption {
  insecureRegistry?: string[];
  registryMirror?: string[];
}

export const dataOption = (): Option =>
  new Option('--data <dir>', 'the folder of images (default: TABVISOR_DATA, or ~/.local/share/tabvisor)');

/** Of an option that may be given again. */
export const collect = (value: string, list: string[] = []): string[] => [...list, value];

export const registryOptions = (): Option[] => [
  new Option('--insecure-registry <host>', 'a registry that may be spoken to without TLS; repeatable').argParser(
    collect,
  ),
  new Option('--registry-mirror <url>', 'asked before Docker Hub; repeatable').argParser(collect),
  dataOption(),
];

export interface Registry {
  puller: Puller;
  pusher: Pusher;
}

export interface Images extends Registry {
  store: Store;
  /** As somebody else than this host's user. */
  registryFor(credentials: CredentialSource): Registry;
}

/** Does something with the images while nobody else does; waits so many milliseconds for others. Rejects with InputError. */
export async function withImages<Result>(
  options: RegistryOptions,
  work: (images: Images) => Promise<Result>,
  patience = PATIENCE,
): Promise<Result> {
  const folder = dataFolder(options);
  const release = await lock(folder, patience);
  const http = new NodeHttpClient();
  try {
    const store = await openStore(new FolderStorage(folder, PARTIAL), nodeStreams, () => Date.now());
    const registryFor = (credentials: CredentialSource): Registry => {
      const client = new RegistryClient(
        {
          ...{ http, credentials },
          // who somebody is to Docker Hub is no business of its mirrors
          mirrorCredentials: dockerCredentials,
          now: () => Date.now(),
          wait: (milliseconds) => delay(milliseconds),
        },
        {
          mirrors: new Map([['docker.io', options.registryMirror ?? []]]),
          insecure: new Set(options.insecureRegistry ?? []),
        },
      );
      return { puller: new Puller(store, client, () => createReadStream(OWN_ROOT)), pusher: new Pusher(store, client) };
    };
    return await work({ store, registryFor, ...registryFor(dockerCredentials) });
  } finally {
    http.close();
    release();
  }
}

async function lock(folder: string, patience: number): Promise<() => void> {
  const until = Date.now() + patience;
  for (;;) {
    try {
      return lockFolder(folder);
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error;
      if (Date.now() >= until) throw new FolderInUse(folder, error.pid, announced(folder));
      await delay(PAUSE);
    }
  }
}
