// BuildKit's control API, as far as builds of Dockerfiles need it, on connections that clients have upgraded to HTTP/2: /grpc, where we are
// called, and /session, where we call the client. moby/buildkit api/services/control/control.proto, frontend/gateway/pb/gateway.proto.
import { decode, type Draft, encode, ProtobufError, type Shape } from '../base/protobuf.js';
import { type KeptCache, keptCaches, pruneCaches } from '../engine/build/cache-usage.js';
import type { Engine } from '../engine/engine.js';
import { InvalidParameter } from '../engine/errors.js';
import { randomHex } from '../engine/host.js';
import {
  INVALID_ARGUMENT,
  type Method,
  NOT_FOUND,
  RpcError,
  type ServedCall,
  serveCall,
  UNIMPLEMENTED,
  UNKNOWN,
} from '../http/grpc.js';
import type { Http2, Http2Client } from '../http/http2.js';
import type { HttpRequest, Reply } from '../http/message.js';
import type { Router } from '../http/router.js';
import { OURS } from '../oci/platform.js';
import { ApiBuilds } from './api-builds.js';
import { definitionOf, imageOf } from './definition.js';
import { exportAll } from './export.js';
import { failureOf } from './failure.js';
import { Jobs } from './jobs.js';
import * as M from './messages.js';
import { Sessions } from './sessions.js';
import { solve } from './solve.js';

const CONTROL = '/moby.buildkit.v1.Control';
const BRIDGE = '/moby.buildkit.v1.frontend.LLBBridge';
const BUILD_ID = 'buildkit-controlapi-buildid';
/** Frontends that are the builder here. */
const FRONTENDS = new Set(['dockerfile.v0', 'gateway.v0']);
/** What of the frontend's side is here. moby/buildkit frontend/gateway/pb/caps.go. */
const CAPABILITIES = [
  ...['solve.base', 'solve.inlinereturn', 'resolveimage', 'resolveimage.resolvemode', 'return', 'returnmap'],
  ...[
    'proto.refarray',
    'importcaches',
    'frontend.inputs',
    'gateway.solve.metadata',
    'frontend.caps',
    'reference.output',
    'gateway.evaluate',
    'gateway.solve.evaluate',
  ],
];

export function buildKitRoutes(router: Router, kit: BuildKit | undefined): void {
  router.add('POST', '/grpc', async (request) => upgraded(kit, request).grpc());
  router.add('POST', '/session', async (request) => upgraded(kit, request).session(request));
}

/** Throws InvalidParameter. */
function upgraded(kit: BuildKit | undefined, { headers }: HttpRequest): BuildKit {
  if (!kit) throw new InvalidParameter('this engine has no BuildKit: set DOCKER_BUILDKIT=0 for its own builder');
  if (headers.get('upgrade') !== 'h2c') throw new InvalidParameter('no upgrade to h2c was asked for');
  return kit;
}

/** The one message of a call. */
async function asked<S extends Shape>(shape: S, call: ServedCall) {
  for await (const message of call.messages) return decode(shape, message);
  throw new RpcError(INVALID_ARGUMENT, 'the call has no message');
}

const answer = <S extends Shape>(call: ServedCall, shape: S, draft: Draft<S>): Promise<boolean> =>
  call.send(encode(shape, draft));

const nothing: Method = async (call) => {
  await answer(call, M.EMPTY, {});
};

export class BuildKit {
  /** Those that are asked for by /build. */
  readonly builds: ApiBuilds;
  private readonly sessions: Sessions;
  private readonly jobs: Jobs;
  private readonly methods: ReadonlyMap<string, Method>;

  constructor(
    private readonly engine: Engine,
    private readonly http2: Http2,
    private readonly version: string,
  ) {
    this.sessions = new Sessions(engine.host);
    this.builds = new ApiBuilds(engine, this.sessions);
    this.jobs = new Jobs(engine.images.store.codecs, engine.host);
    this.methods = new Map<string, Method>([
      [`${CONTROL}/Info`, (call) => this.info(call)],
      [`${CONTROL}/ListWorkers`, (call) => this.listWorkers(call)],
      [`${CONTROL}/Solve`, (call) => this.solve(call)],
      [`${CONTROL}/DiskUsage`, (call) => this.diskUsage(call)],
      [`${CONTROL}/Prune`, (call) => this.prune(call)],
      [`${CONTROL}/Status`, (call) => this.status(call)],
      // none is kept
      [`${CONTROL}/ListenBuildHistory`, async (call) => call.begin()],
      [`${BRIDGE}/Ping`, (call) => this.ping(call)],
      [`${BRIDGE}/Solve`, (call) => this.frontend(call)],
      // what has a reference has been built
      [`${BRIDGE}/Evaluate`, nothing],
      [`${BRIDGE}/Return`, (call) => this.return(call)],
      // what clients trace is theirs
      ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', nothing],
    ]);
  }

  grpc(): Reply {
    return {
      upgraded: (stream) =>
        this.http2.serve(stream, (request) =>
          serveCall(request, this.methods, (error) =>
            error instanceof ProtobufError ? new RpcError(INVALID_ARGUMENT, error.message) : failureOf(error),
          ),
        ),
    };
  }

  /** Throws InvalidParameter. */
  session({ headers }: HttpRequest): Reply {
    const id = headers.get('x-docker-expose-session-uuid') ?? '';
    if (!/^[\w.-]{1,128}$/.test(id)) throw new InvalidParameter('the session has no name');
    return {
      upgraded: (stream) =>
        new Promise((resolve) => {
          const client = this.http2.connect(stream);
          client.onClose(resolve);
          this.sessions.add(id, client);
        }),
    };
  }

  // ---- the engine -----------------------------------------------------------------------------------------------------------------

  private get worker() {
    return {
      id: this.engine.name,
      labels: {
        'org.mobyproject.buildkit.worker.executor': 'tabvisor',
        // by it buildx knows an engine that exports and pushes by itself
        'org.mobyproject.buildkit.worker.snapshotter': 'tabvisor',
      },
      platforms: OURS.map((platform) => ({ ...platform })),
      version: this.about,
    };
  }

  private get about() {
    return { package: 'tabvisor', version: this.version, revision: '' };
  }

  private async info(call: ServedCall): Promise<void> {
    await answer(call, M.INFO, { version: this.about });
  }

  private async listWorkers(call: ServedCall): Promise<void> {
    await answer(call, M.WORKERS, { records: [this.worker] });
  }

  private async ping(call: ServedCall): Promise<void> {
    const frontend = CAPABILITIES.map((id) => ({ id, enabled: true }));
    await answer(call, M.PONG, { frontend, workers: [this.worker] });
  }

  private async diskUsage(call: ServedCall): Promise<void> {
    await answer(call, M.USAGE, { records: (await keptCaches(this.engine)).map(recordOf) });
  }

  private async prune(call: ServedCall): Promise<void> {
    call.begin();
    for (const cache of await pruneCaches(this.engine)) await answer(call, M.USAGE_RECORD, recordOf(cache));
  }

  // ---- builds ---------------------------------------------------------------------------------------------------------------------

  private async solve(call: ServedCall): Promise<void> {
    const { ref, session, frontend, frontendAttributes, ...more } = await asked(M.SOLVE, call);
    if (more.definition.length > 0) throw noDefinition();
    const kept = more.cache?.exports.find(({ type }) => type !== 'inline');
    if (kept) throw new RpcError(UNKNOWN, `unknown cache exporter: "${kept.type}": steps stay in the engine here`);
    const job = this.jobs.start(ref, session);
    call.onCancel(() => {
      job.cancellation.cancel();
      job.return(new RpcError(UNKNOWN, 'context canceled'));
    });
    try {
      const made =
        frontend === '' ? await job.returned : await this.build(ref, frontend, frontendAttributes, more.frontendInputs);
      if (made instanceof RpcError) throw made;
      const exporters =
        more.exporters.length > 0 || more.exporter === ''
          ? more.exporters
          : [{ type: more.exporter, attributes: more.exporterAttributes }];
      const client = (): Promise<Http2Client> => this.sessions.get(session);
      const exporting = { engine: this.engine, image: made ?? '', client, progress: job.progress };
      const exporterResponse = made === undefined ? {} : await exportAll(exporting, exporters);
      await answer(call, M.SOLVED, { exporterResponse });
    } finally {
      this.jobs.end(ref);
    }
  }

  private async build(
    ref: string,
    frontend: string,
    options: Record<string, string>,
    inputs: Record<string, Uint8Array>,
  ): Promise<string> {
    if (!FRONTENDS.has(frontend)) throw new RpcError(UNIMPLEMENTED, `there is no frontend ${frontend} here`);
    const images = new Map<string, string>();
    for (const [name, definition] of Object.entries(inputs)) {
      const image = imageOf(definition);
      if (image === undefined) throw noDefinition();
      images.set(name, image);
    }
    const job = await this.jobs.get(ref);
    const client = await this.sessions.get(job.session);
    client.onClose(() => job.cancellation.cancel());
    const { progress, cancellation } = job;
    return solve(this.engine, { options, inputs: images, client, progress, cancellation });
  }

  /** A frontend's call: it is the builder's. */
  private async frontend(call: ServedCall): Promise<void> {
    const ref = call.headers.get(BUILD_ID) ?? '';
    const { frontend, frontendOptions, frontendInputs, definition } = await asked(M.GATEWAY_SOLVE, call);
    const job = await this.jobs.get(ref);
    if (frontend === '' && definition.length === 0) {
      await answer(call, M.GATEWAY_SOLVED, { result: {} });
      return;
    }
    call.onCancel(() => job.cancellation.cancel());
    const known = frontend === '' ? imageOf(definition) : undefined;
    if (frontend === '' && known === undefined) throw noDefinition();
    const image = known ?? (await this.build(ref, frontend, frontendOptions, frontendInputs));
    const id = randomHex(this.engine.host, 16);
    job.results.set(id, image);
    const made = definitionOf(image, this.engine.images.store.codecs);
    await answer(call, M.GATEWAY_SOLVED, { result: { ref: { id, definition: made } } });
  }

  private async return(call: ServedCall): Promise<void> {
    const job = await this.jobs.get(call.headers.get(BUILD_ID) ?? '');
    const { result, error } = await asked(M.RETURN, call);
    if (error.length > 0) {
      const { code, message } = decode(M.RPC_STATUS, error);
      job.return(new RpcError(code, message, error.slice()));
    } else if (!result?.ref?.id) job.return(undefined);
    else {
      const image = job.results.get(result.ref.id);
      if (image === undefined) throw new RpcError(NOT_FOUND, `no such reference ${result.ref.id}`);
      job.return(image);
    }
    await answer(call, M.EMPTY, {});
  }

  private async status(call: ServedCall): Promise<void> {
    const { ref } = await asked(M.STATUS_REQUEST, call);
    const { progress } = await this.jobs.get(ref);
    call.begin({ 'buildkit-current-timestamp': new Date(this.engine.host.date()).toISOString() });
    await progress.read((message) => call.send(message));
  }
}

const recordOf = ({ id, size, created, inUse }: KeptCache): Draft<typeof M.USAGE_RECORD> => ({
  ...{ id, size, inUse, mutable: true, recordType: 'exec.cachemount', description: 'cached mount of RUN' },
  created: { seconds: Math.floor(created / 1000) },
});

const noDefinition = (): RpcError =>
  new RpcError(UNIMPLEMENTED, 'Dockerfiles are built here, and no definitions of a client’s own (LLB)');
