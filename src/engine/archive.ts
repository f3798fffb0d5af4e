// Files of containers as tars, both ways, and a container as an image. Docker Engine API, ContainerArchive, ContainerExport, ImageCommit.
import { changesOf, treeOf, unpack } from '../runtime/archive-stream.js';
import type { FileChange, FileStatus } from '../runtime/node-client.js';
import type { ContainerDefaults } from '../oci/config.js';
import { configDocument } from '../oci/config-document.js';
import type { Digest } from '../oci/digest.js';
import { familiar, parseReference, withTag } from '../oci/reference.js';
import { uncompressed } from '../oci/source/compressed.js';
import { cleanPath } from './build/ignore.js';
import type { Container } from './container.js';
import { mountOf } from './container-spec.js';
import type { Engine } from './engine.js';
import { NodeFailure, NotFound } from './errors.js';
import type { HealthConfig } from './health.js';
import { changedConfig } from './image-changes.js';

export interface FileOf {
  /** As the last part of its path. */
  name: string;
  status: FileStatus;
}

export interface Commit {
  name?: string;
  author?: string;
  comment?: string;
  changes: readonly string[];
  /** Nothing of it runs while it is read. */
  pause: boolean;
}

/** From the root on, without what says nothing; a slash or a dot at its end stays: it says that a directory is meant. */
function cleaned(path: string): string {
  const clean = `/${cleanPath(path.replace(/^\/+/, ''))}`.replace(/^\/\.$/, '/');
  if (clean === '/') return path.endsWith('/.') || path === '.' ? '/.' : '/';
  return /\/\.$/.test(path) ? `${clean}/.` : path.endsWith('/') ? `${clean}/` : clean;
}

/** '/a/b/' is called b, '/a/.' is called '.'. */
const nameOf = (path: string): string =>
  path
    .replace(/(?<=.)\/$/, '')
    .split('/')
    .at(-1) || '/';

const healthOf = (health: HealthConfig): ContainerDefaults['healthcheck'] => ({
  ...{ test: health.Test, interval: health.Interval, timeout: health.Timeout, retries: health.Retries },
  ...{ startPeriod: health.StartPeriod, startInterval: health.StartInterval },
});

export class Archive {
  constructor(private readonly engine: Engine) {}

  private filesOf({ id, mounts }: Container) {
    return { root: id, mounts: mounts.filter(({ Type }) => Type !== 'tmpfs').map(mountOf) };
  }

  /** `asked`: what the client calls the container. Throws NotFound, InvalidParameter. */
  private async found<T>(path: string, asked: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof NodeFailure && error.kind === 'missing')
        throw new NotFound(`Could not find the file ${path} in container ${asked}`, { cause: error });
      throw error;
    }
  }

  status(container: Container, asked: string, path: string): Promise<FileOf> {
    return this.found(path, asked, async () => {
      const clean = cleaned(path);
      await this.engine.prepare(container);
      const status = await this.engine.node.call('statFile', { ...this.filesOf(container), path: clean });
      return { name: nameOf(clean), status };
    });
  }

  /** Its tar begins with the name that the path ends with. */
  async read(container: Container, asked: string, path: string): Promise<FileOf & { tar: AsyncGenerator<Uint8Array> }> {
    const found = await this.status(container, asked, path);
    const clean = cleaned(path);
    const tar = await this.found(path, asked, () =>
      treeOf(this.engine.node, { ...this.filesOf(container), path: clean, name: found.name }),
    );
    container.tell('archive-path');
    return { ...found, tar };
  }

  async write(
    container: Container,
    asked: string,
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    { noOverwriteDirNonDir, copyOwner }: { noOverwriteDirNonDir: boolean; copyOwner: boolean },
  ): Promise<void> {
    const { User } = container.config;
    const into = {
      ...this.filesOf(container),
      path: cleaned(path),
      noOverwriteDirNonDir,
      readOnlyRoot: container.host.ReadonlyRootfs,
      ...(copyOwner && User !== '' && { owner: User }),
    };
    const tar = await uncompressed(this.engine.images.store.codecs, bytes, 'archive');
    await this.engine.prepare(container);
    await this.found(path, asked, () => unpack(this.engine.node, into, tar));
    container.tell('extract-to-dir');
  }

  /** All of its root, and nothing of what is mounted in it. */
  async export(container: Container): Promise<AsyncGenerator<Uint8Array>> {
    await this.engine.prepare(container);
    const tar = await treeOf(this.engine.node, { root: container.id, mounts: [], path: '/', name: '' });
    container.tell('export');
    return tar;
  }

  async changes(container: Container): Promise<FileChange[]> {
    await this.engine.prepare(container);
    return this.engine.node.call('listChanges', { root: container.id });
  }

  /** Throws InvalidParameter. */
  async commit(container: Container, { name, author, comment, changes, pause }: Commit): Promise<Digest> {
    const { images, node } = this.engine;
    const { config, id } = container;
    const base = (await images.find(container.imageId)).config.config;
    const own: ContainerDefaults = {
      ...base,
      ...{ user: config.User, env: config.Env.filter((entry) => entry.includes('=')), workingDir: config.WorkingDir },
      ...{ cmd: config.Cmd ?? undefined, entrypoint: config.Entrypoint ?? undefined },
      exposedPorts: Object.keys(config.ExposedPorts ?? {}),
      volumes: Object.keys(config.Volumes ?? {}),
      labels: new Map(Object.entries(config.Labels)),
      stopSignal: config.StopSignal ?? base.stopSignal,
      healthcheck: config.Healthcheck ? healthOf(config.Healthcheck) : base.healthcheck,
      shell: config.Shell ?? base.shell,
    };
    const changed = changedConfig(own, changes);
    await this.engine.prepare(container);
    const stops = pause && container.status === 'running';
    if (stops) await container.pause();
    try {
      const imageID = await images.commit(container.imageId, changesOf(node, id), {
        ...{ name, author, comment, config: configDocument(changed), now: this.engine.host.date() },
        createdBy: (config.Cmd ?? []).join(' '),
      });
      container.tell('commit', {
        comment: comment ?? '',
        imageID,
        imageRef: name === undefined ? '' : familiar(withTag(parseReference(name))),
      });
      return imageID;
    } finally {
      if (stops && container.status === 'paused') await container.resume();
    }
  }
}
