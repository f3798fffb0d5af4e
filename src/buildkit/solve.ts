// A build as BuildKit's clients ask for it: what their options mean, and files that are fetched from the client when something needs them.
// moby/buildkit frontend/dockerui/config.go (names of options), docs/dev/request-lifecycle.md; docs.docker.com/reference/cli/docker/buildx/build.
import { InputError } from '../base/errors.js';
import { buildOf } from '../engine/build/builder.js';
import type { Cancellation } from '../engine/build/cancellation.js';
import { type BuildSource, type ContextFiles, openContext, textAt } from '../engine/build/context.js';
import { parseDockerfile } from '../engine/build/dockerfile.js';
import { gitAddress } from '../engine/build/git/checkout.js';
import { IgnoreFile } from '../engine/build/ignore.js';
import { DockerfileError } from '../engine/build/lines.js';
import { fetchContext, fetchFiles } from '../engine/build/remote-context.js';
import type { BuildRequest } from '../engine/build/request.js';
import type { Engine } from '../engine/engine.js';
import type { Http2Client } from '../http/http2.js';
import { uncompressed } from '../oci/source/compressed.js';
import { spool } from '../oci/source/spool.js';
import { failureOf, wordsOf } from './failure.js';
import { receive, type Wanted } from './file-sync.js';
import { type Progress, StepOutput, type Vertex } from './progress.js';
import { credentialsOf, secretsOf, uploaded } from './sessions.js';

const DOCKERFILE = 'Dockerfile';
const UPLOAD = 'http://buildkit-session/';

/** Where a build's files come from, and who is told of it. */
export interface FilesRequest {
  options: Readonly<Record<string, string>>;
  /** Images of other builds, by the names that options have for them. */
  inputs: ReadonlyMap<string, string>;
  /** The client's session. */
  client?: Http2Client;
  /** The context, where it has been sent. */
  tar?: AsyncIterable<Uint8Array>;
  progress: Progress;
  cancellation: Cancellation;
}

export type SolveRequest = FilesRequest & { client: Http2Client };

/** The id of the image, as options ask for it. Rejects with RpcError; nothing of the build is left, and no file of the client's. */
export const solve = (engine: Engine, request: SolveRequest): Promise<string> =>
  solveFor(engine, () => requestOf(request.options, request.client), request);

/** The same of a request in other words. */
export async function solveFor(engine: Engine, asked: () => BuildRequest, request: FilesRequest): Promise<string> {
  const { options, progress, cancellation } = request;
  const fetched = new Fetched(engine, request);
  const output = new StepOutput(progress);
  const filename = options.filename || DOCKERFILE;
  let text: string | undefined;
  try {
    const wanted = asked();
    const source = await fetched.open(filename, (found) => {
      text = found;
    });
    cancellation.check();
    return await buildOf(engine, wanted, source, output, cancellation);
  } catch (error) {
    output.failed(wordsOf(error));
    const at = error instanceof DockerfileError ? { first: error.line, last: error.line } : output.at;
    throw failureOf(error, text === undefined || !at ? undefined : { filename, text, ...at });
  } finally {
    await fetched.release();
  }
}

/** Options whose names begin so, without that. */
function named(options: Readonly<Record<string, string>>, prefix: string): [string, string][] {
  return Object.entries(options)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value]);
}

/** Throws InputError. */
function requestOf(options: Readonly<Record<string, string>>, client: Http2Client): BuildRequest {
  const { platform } = options;
  if (platform?.includes(',')) throw new InputError(`a build is of one platform at a time, not of ${platform}`);
  if (options.requestid) throw new InputError(`the request ${options.requestid} is not answered here`);
  const hosts = (options['add-hosts'] ?? '').split(',').filter(Boolean);
  const ulimits = (options.ulimit ?? '').split(',').filter(Boolean);
  return {
    tags: [],
    target: options.target ?? '',
    buildArgs: new Map(named(options, 'build-arg:')),
    labels: Object.fromEntries(named(options, 'label:')),
    noCache: options['no-cache'] === '',
    renewedStages: options['no-cache']?.split(',').filter(Boolean),
    buildKit: true,
    pull: options['image-resolve-mode'] === 'pull',
    remove: true,
    forceRemove: true,
    platform: platform || undefined,
    hostConfig: {
      NetworkMode: options['force-network-mode'] || 'default',
      ExtraHosts: hosts.map((entry) => entry.replace('=', ':')),
      ...(options['shm-size'] && { ShmSize: Number(options['shm-size']) }),
      ...(ulimits.length > 0 && { Ulimits: ulimits.map(ulimitOf) }),
    },
    credentials: credentialsOf(client),
    secrets: secretsOf(client),
  };
}

function ulimitOf(text: string): { Name: string; Soft: number; Hard: number } {
  const [, Name, soft, hard] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (Name === undefined) throw new InputError(`ulimit '${text}': is none`);
  return { Name, Soft: Number(soft), Hard: Number(hard ?? soft) };
}

const isRemote = (context: string): boolean => /^https?:\/\//.test(context) || gitAddress(context) !== undefined;

/** What is fetched of the client, each when something first needs it. */
class Fetched {
  private readonly releases: (() => Promise<void>)[] = [];
  private readonly folders = new Map<string, Promise<ContextFiles>>();

  constructor(
    private readonly engine: Engine,
    private readonly request: FilesRequest,
  ) {}

  /** Throws InputError. */
  private get client(): Http2Client {
    const { client } = this.request;
    if (!client) throw new InputError('there is no session that files could come by');
    return client;
  }

  /** `read` is told of the Dockerfile's text. Rejects with InputError and RpcError. */
  async open(filename: string, read: (text: string) => void): Promise<BuildSource> {
    const { context } = this.request.options;
    const names = this.names();
    const sent = context?.startsWith(UPLOAD)
      ? uploaded(this.client, context.slice(UPLOAD.length - 1))
      : this.request.tar;
    if (sent) return { ...(await this.upload(sent, filename, read)), ...names };
    if (context !== undefined && !/^(local:)?context$/.test(context)) {
      const name = filename === DOCKERFILE ? '' : filename;
      const source = await this.remote(context, () => fetchContext(this.engine, context, name, read));
      return { ...source, ...names };
    }
    const ignoring = `${filename}.dockerignore`;
    const small = filename === DOCKERFILE ? [DOCKERFILE.toLowerCase()] : [];
    const wanted = { folder: 'dockerfile', follow: [filename, ignoring, ...small] };
    const { tree } = await this.step(`load build definition from ${filename}`, 'dockerfile', wanted);
    const text = (await textAt(tree, filename)) ?? (small[0] && (await textAt(tree, small[0])));
    if (text === undefined)
      throw new InputError(`failed to read dockerfile: open ${filename}: no such file or directory`);
    read(text);
    const dockerfile = parseDockerfile(text);
    const ignored = (await textAt(tree, ignoring)) ?? (await this.ignoreFile());
    const exclude = ignored === undefined ? [] : new IgnoreFile(ignored).lines;
    return {
      dockerfile,
      context: () => this.folder('context', 'load build context', exclude),
      ...names,
    };
  }

  private async ignoreFile(): Promise<string | undefined> {
    const wanted = { folder: 'context', follow: ['.dockerignore'] };
    const { tree } = await this.step('load .dockerignore', 'context', wanted);
    return textAt(tree, '.dockerignore');
  }

  /** --build-context: other meanings of names. Throws InputError. */
  private names(): Pick<BuildSource, 'images' | 'folder'> {
    const images = new Map<string, string>();
    const folders = new Map<string, string>();
    const remotes = new Map<string, string>();
    for (const [name, value] of named(this.request.options, 'context:')) {
      if (isRemote(value)) {
        remotes.set(name, value);
        continue;
      }
      const [kind, rest] = /^(local:|docker-image:\/\/|input:)(.*)$/.exec(value)?.slice(1) ?? [];
      const input = kind === 'input:' ? this.request.inputs.get(rest!) : undefined;
      if (kind === undefined || (kind === 'input:' && input === undefined))
        throw new InputError(`the build context ${name}=${value} is neither a folder nor an image`);
      if (kind === 'local:') folders.set(name, rest!);
      else images.set(name, input ?? rest!);
    }
    return {
      images,
      folder: (name) => {
        const address = remotes.get(name);
        if (address !== undefined) return this.remoteFolder(name, address);
        const folder = folders.get(name);
        return folder === undefined ? undefined : this.folder(folder, `[context ${name}] load from client`, []);
      },
    };
  }

  /** What is fetched from the web, as a step of the build. */
  private remote<T>(address: string, fetch: () => Promise<{ found: T; release(): Promise<void> }>): Promise<T> {
    const kind = gitAddress(address) ? 'git source' : 'remote context';
    return this.request.progress.begin(`[internal] load ${kind} ${address}`).during(async () => {
      const { found, release } = await fetch();
      this.releases.push(release);
      return found;
    });
  }

  private remoteFolder(name: string, address: string): Promise<ContextFiles> {
    const there = this.folders.get(address);
    if (there) return there;
    const fetching = this.remote(address, () => fetchFiles(this.engine, address)).then((found) => {
      if ('files' in found) return found.files;
      throw new InputError(`the build context ${name}=${address} is neither a repository nor a tar`);
    });
    this.folders.set(address, fetching);
    return fetching;
  }

  private folder(folder: string, what: string, exclude: readonly string[]): Promise<ContextFiles> {
    const there = this.folders.get(folder) ?? this.step(what, 'context', { folder, exclude });
    this.folders.set(folder, there);
    return there;
  }

  private step(what: string, transfers: string, wanted: Wanted): Promise<ContextFiles> {
    const { client } = this;
    const { progress, cancellation } = this.request;
    cancellation.check();
    const name = what.startsWith('[') ? what : `[internal] ${what}`;
    return progress.begin(name).during(async (vertex) => {
      const moved = transfersOf(vertex, `transferring ${transfers}:`);
      const { files, release } = await receive(client, this.engine.images.store, wanted, moved.by);
      this.releases.push(release);
      moved.done();
      return files;
    });
  }

  /** A context as a tar. */
  private async upload(
    bytes: AsyncIterable<Uint8Array>,
    filename: string,
    read: (text: string) => void,
  ): Promise<BuildSource> {
    const { store } = this.engine.images;
    return this.request.progress.begin('[internal] load remote build context').during(async () => {
      const spooled = await spool(store, await uncompressed(store.codecs, bytes, 'context'), 'context');
      this.releases.push(spooled.release);
      return openContext(spooled, filename === DOCKERFILE ? '' : filename, read);
    });
  }

  async release(): Promise<void> {
    for (const release of this.releases.splice(0)) await release();
  }
}

/** Tells now and then how far a transfer is. */
function transfersOf(vertex: Vertex, what: string): { by(bytes: number): void; done(): void } {
  let told = 0;
  let count = 0;
  const EACH = 1 << 20;
  return {
    by(bytes) {
      count = bytes;
      if (told !== 0 && bytes - told < EACH) return;
      told = bytes;
      vertex.status(what, bytes, 0, false);
    },
    done: () => vertex.status(what, count, 0, true),
  };
}
