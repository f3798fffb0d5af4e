// Builds. Docker Engine API, ImageBuild: the answer begins with the first line of output, so that what is wrong before has a status.
import { fromBase64 } from '../base/base64.js';
import { messageOf } from '../base/errors.js';
import { decodeText, TextStream } from '../base/text.js';
import type { ApiBuilds } from '../buildkit/api-builds.js';
import { buildImage } from '../engine/build/builder.js';
import { Cancellation } from '../engine/build/cancellation.js';
import { BuildFailure } from '../engine/build/failure.js';
import type { BuildOutput, WholeRequest } from '../engine/build/request.js';
import type { SecretSource } from '../engine/build/lending.js';
import type { Engine } from '../engine/engine.js';
import { InvalidParameter } from '../engine/errors.js';
import type { ByteWriter, HttpAnswer, HttpRequest } from '../http/message.js';
import type { Router } from '../http/router.js';
import { flagOf, line, numberOf } from './answers.js';
import { registriesOf } from './registry-auth.js';
import { tracedBuild } from './traced-build.js';

export function buildRoutes(router: Router, engine: Engine, buildKit: ApiBuilds | undefined): void {
  router.add('POST', '/build', (request) => build(engine, request, buildKit));
  router.add('POST', '/build/cancel', async ({ query }) => {
    buildKit?.cancel(query.get('id') ?? '');
    return { status: 200 };
  });
}

const BUILDKIT = '2';
const MAP_MAX = 1000;
/** DEVIATION: Docker's clients have no secrets for this builder, ours has: JSON of texts in base64 by their ids, itself in base64. */
const SECRETS = 'x-build-secrets';

async function build(engine: Engine, request: HttpRequest, buildKit: ApiBuilds | undefined): Promise<HttpAnswer> {
  const { query } = request;
  const isBuildKit = query.get('version') === BUILDKIT;
  if (isBuildKit && !buildKit)
    throw new InvalidParameter('this engine has no BuildKit: set DOCKER_BUILDKIT=0 for its own builder');
  if (flagOf(request, 'squash')) throw new InvalidParameter('squash is only supported with experimental mode');
  const asked: WholeRequest = {
    context: request.body,
    remote: query.get('remote') || undefined,
    dockerfile: query.get('dockerfile') ?? '',
    tags: request.queryAll.filter(([name, value]) => name === 't' && value !== '').map(([, value]) => value),
    target: query.get('target') ?? '',
    buildArgs: new Map(
      Object.entries(textsOf(request, 'buildargs', true)).map(([name, value]) => [name, value ?? undefined]),
    ),
    labels: textsOf(request, 'labels', false) as Record<string, string>,
    noCache: flagOf(request, 'nocache'),
    pull: flagOf(request, 'pull'),
    remove: flagOf(request, 'rm', true),
    forceRemove: flagOf(request, 'forcerm'),
    platform: query.get('platform') || undefined,
    hostConfig: hostConfigOf(request),
    credentials: registriesOf(request.headers.get('x-registry-config')),
    secrets: secretsOf(request.headers.get(SECRETS)),
  };
  const quiet = flagOf(request, 'q');
  return isBuildKit ? tracedBuild(buildKit!, request, asked, quiet) : answered(engine, asked, quiet);
}

/** A JSON object of strings in the query. Throws InvalidParameter. */
function textsOf(request: HttpRequest, name: string, nulls: boolean): Record<string, string | null> {
  const text = request.query.get(name);
  if (!text) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidParameter(`${name} is no JSON`, { cause: error });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new InvalidParameter(`${name} must be an object`);
  const entries = Object.entries(value as object);
  const isText = (one: unknown): boolean => (typeof one === 'string' && !one.includes('\0')) || (nulls && one === null);
  if (entries.length > MAP_MAX || !entries.every(([, one]) => isText(one)))
    throw new InvalidParameter(`${name} must be an object of at most ${MAP_MAX} strings`);
  return Object.fromEntries(entries);
}

/** Throws InvalidParameter. */
function secretsOf(header: string | undefined): SecretSource | undefined {
  if (header === undefined) return undefined;
  const text = decodeText(fromBase64(header) ?? new Uint8Array()) ?? '';
  try {
    const known = new Map(Object.entries(JSON.parse(text) as Record<string, string>));
    return async (id) => {
      const bytes = known.get(id);
      return bytes === undefined ? undefined : fromBase64(bytes);
    };
  } catch (error) {
    throw new InvalidParameter(`${SECRETS}: is no JSON in base64`, { cause: error });
  }
}

/** What limits the containers that RUN makes. Throws InvalidParameter. */
function hostConfigOf(request: HttpRequest): Record<string, unknown> {
  const { query } = request;
  const number = (name: string): number => numberOf(request, name) ?? 0;
  const ulimits = query.get('ulimits');
  const list = (name: string): string[] =>
    request.queryAll.filter(([key, value]) => key === name && value !== '').map(([, value]) => value);
  try {
    return {
      Memory: number('memory'),
      MemorySwap: number('memswap'),
      CpuShares: number('cpushares'),
      CpuPeriod: number('cpuperiod'),
      CpuQuota: number('cpuquota'),
      CpusetCpus: query.get('cpusetcpus') ?? '',
      CpusetMems: query.get('cpusetmems') ?? '',
      CgroupParent: query.get('cgroupparent') ?? '',
      Isolation: query.get('isolation') ?? '',
      SecurityOpt: JSON.parse(query.get('securityopt') || '[]') ?? [],
      ShmSize: number('shmsize'),
      NetworkMode: query.get('networkmode') || 'default',
      ExtraHosts: list('extrahosts'),
      ...(ulimits && { Ulimits: JSON.parse(ulimits) ?? [] }),
    };
  } catch (error) {
    if (error instanceof InvalidParameter) throw error;
    throw new InvalidParameter('ulimits or securityopt is no JSON', { cause: error });
  }
}

/** Begins the build. Resolves with its answer when there is something to say; what fails before rejects. */
function answered(engine: Engine, asked: WholeRequest, quiet: boolean): Promise<HttpAnswer> {
  const cancellation = new Cancellation();
  return new Promise((resolve, reject) => {
    const out = new Output(quiet, () =>
      resolve({
        status: 200,
        headers: { 'Content-Type': 'application/json' },
        body: (writer) => out.to(writer, () => cancellation.cancel()),
      }),
    );
    buildImage(engine, asked, out, cancellation).then(
      (id) => out.succeeded(id),
      (error: unknown) => {
        if (!out.failed(error)) reject(error as Error);
      },
    );
  });
}

const HELD_MAX = 1 << 20;
const RED = '\u001b[91m';
const PLAIN = '\u001b[0m';

/** The lines of an answer: kept until there is someone who takes them. */
class Output implements BuildOutput {
  private readonly waiting: Uint8Array[] = [];
  /** What a quiet build would have said: told when it fails, the last of it. */
  private readonly held: Uint8Array[] = [];
  private heldBytes = 0;
  private readonly texts = { 1: new TextStream(), 2: new TextStream() };
  private writer?: ByteWriter;
  private begun = false;
  private telling = 0;
  private end!: () => void;
  private readonly over = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(
    private readonly quiet: boolean,
    private readonly begin: () => void,
  ) {}

  /** Writes all to the end of the build. */
  async to(writer: ByteWriter, gone: () => void): Promise<void> {
    writer.onClose(gone);
    this.writer = writer;
    for (const bytes of this.waiting.splice(0)) void writer.write(bytes);
    await this.over;
  }

  private write(value: unknown): Promise<boolean> {
    const bytes = line(value);
    if (!this.begun) {
      this.begun = true;
      this.begin();
    }
    if (this.writer) return this.writer.write(bytes);
    this.waiting.push(bytes);
    return Promise.resolve(true);
  }

  private tell(value: unknown): Promise<boolean> {
    if (!this.quiet) return this.write(value);
    const bytes = line(value);
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    while (this.heldBytes > HELD_MAX) this.heldBytes -= this.held.shift()!.length;
    return Promise.resolve(true);
  }

  say(stream: string): void {
    void this.tell({ stream });
  }

  command(stream: 1 | 2, bytes: Uint8Array): Promise<boolean> {
    const text = this.texts[stream].take(bytes);
    if (text === '') return Promise.resolve(true);
    return this.tell({ stream: stream === 2 ? `${RED}${text}${PLAIN}` : text });
  }

  progress({ id, status, current, total }: Parameters<BuildOutput['progress']>[0]): void {
    // who does not read needs no more numbers
    if (this.telling > 0 && current !== undefined) return;
    this.telling++;
    const progressDetail = current === undefined ? {} : { current, total };
    void this.tell({ status, ...(id !== undefined && { id }), progressDetail }).then(() => this.telling--);
  }

  image(ID: string): void {
    void this.tell({ aux: { ID } });
  }

  succeeded(id: string): void {
    if (this.quiet) void this.write({ stream: `${id}\n` });
    this.end();
  }

  /** False: nothing has been said, so that the answer is another one. */
  failed(error: unknown): boolean {
    for (const bytes of this.held.splice(0)) void this.write(JSON.parse(decodeText(bytes)!));
    if (!this.begun) return false;
    const message = messageOf(error);
    const code = error instanceof BuildFailure ? { code: error.code } : {};
    void this.write({ errorDetail: { ...code, message }, error: message });
    this.end();
    return true;
  }
}
