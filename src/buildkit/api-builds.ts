// Builds of BuildKit's that are asked for by /build: their sessions, contexts that come by requests of their own, and how they are cancelled.
import type { WholeRequest } from '../engine/build/request.js';
import type { Engine } from '../engine/engine.js';
import { InvalidParameter } from '../engine/errors.js';
import { randomHex } from '../engine/host.js';
import type { Http2Client } from '../http/http2.js';
import { type Exporter, exportAll } from './export.js';
import { Job } from './jobs.js';
import type { Progress } from './progress.js';
import { credentialsOf, secretsOf, type Sessions } from './sessions.js';
import { solveFor } from './solve.js';

/** Milliseconds that a build waits for its context to come, and a context for its build. */
const PATIENCE = 5000;
const BUILDS_MAX = 1000;
const NAME = /^[\w.-]{0,128}$/;

export interface ApiBuild {
  /** What cancels it; '' for nothing. */
  name: string;
  /** '' for none. */
  session: string;
  asked: WholeRequest;
  /** The context, where it is sent; undefined: it is the session's, or at `remote`. */
  tar?: AsyncIterable<Uint8Array> | 'uploaded';
  remote?: string;
  exporters: Exporter[];
}

export interface RunningBuild {
  progress: Progress;
  /** The image, unless it is the client's files alone. */
  result: Promise<{ image?: string }>;
  cancel(): void;
}

/** A context that came by itself. */
interface Upload {
  body: AsyncIterable<Uint8Array>;
  done(): void;
}

export class ApiBuilds {
  private readonly running = new Map<string, Job>();
  private readonly uploads = new Map<string, { here?: Upload; take?: (upload: Upload) => void }>();

  constructor(
    private readonly engine: Engine,
    private readonly sessions: Sessions,
  ) {}

  cancel(name: string): void {
    this.running.get(name)?.cancellation.cancel();
  }

  /** Resolves when its build has taken it. Rejects with InvalidParameter when no build asks for it. */
  async upload(name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    if (name === '' || !NAME.test(name) || this.uploads.size >= BUILDS_MAX)
      throw new InvalidParameter('the context has no name of a build');
    await new Promise<void>((resolve, reject) => {
      const upload: Upload = { body, done: resolve };
      const waiting = this.uploads.get(name)?.take;
      this.uploads.delete(name);
      if (waiting) return waiting(upload);
      const place = { here: upload };
      this.uploads.set(name, place);
      this.engine.host.after(PATIENCE, () => {
        if (this.uploads.get(name) !== place) return;
        this.uploads.delete(name);
        reject(new InvalidParameter(`no build ${name} has asked for its context`));
      });
    });
  }

  private uploaded(name: string): Promise<Upload> {
    const { here } = this.uploads.get(name) ?? {};
    this.uploads.delete(name);
    if (here) return Promise.resolve(here);
    return new Promise((resolve, reject) => {
      const stop = this.engine.host.after(PATIENCE, () => {
        this.uploads.delete(name);
        reject(new InvalidParameter('failed to receive upload request: context deadline exceeded'));
      });
      this.uploads.set(name, {
        take: (upload) => {
          stop();
          resolve(upload);
        },
      });
    });
  }

  /** Rejects with InvalidParameter and RpcError when there is nothing to begin with. */
  async begin(build: ApiBuild): Promise<RunningBuild> {
    const { name, session } = build;
    if (!NAME.test(name) || this.running.size >= BUILDS_MAX) throw new InvalidParameter('the build has no good name');
    const client = session === '' ? undefined : await this.sessions.get(session);
    const upload = build.tar === 'uploaded' ? await this.uploaded(name) : undefined;
    const { codecs } = this.engine.images.store;
    const job = new Job(name || randomHex(this.engine.host, 16), codecs, this.engine.host);
    if (name !== '') this.running.set(name, job);
    client?.onClose(() => job.cancellation.cancel());
    const result = this.run(build, job, client, upload?.body ?? (build.tar === 'uploaded' ? undefined : build.tar));
    return {
      progress: job.progress,
      result: result.finally(() => {
        upload?.done();
        if (this.running.get(name) === job) this.running.delete(name);
        job.progress.end();
      }),
      cancel: () => job.cancellation.cancel(),
    };
  }

  private async run(
    { asked, remote, exporters }: ApiBuild,
    { progress, cancellation }: Job,
    client: Http2Client | undefined,
    tar: AsyncIterable<Uint8Array> | undefined,
  ): Promise<{ image?: string }> {
    const { engine } = this;
    const wanted = {
      ...asked,
      ...{ buildKit: true, tags: [] },
      ...(client && { credentials: credentialsOf(client), secrets: secretsOf(client) }),
    };
    const options = { filename: asked.dockerfile, ...(remote !== undefined && { context: remote }) };
    const image = await solveFor(engine, () => wanted, {
      ...{ options, inputs: new Map(), client, tar, progress, cancellation },
    });
    const moby = { type: 'moby', attributes: { name: asked.tags.join(',') } };
    const to = exporters.length > 0 ? exporters : [moby];
    const session = async (): Promise<Http2Client> => {
      if (!client) throw new InvalidParameter('there is no session to send files by');
      return client;
    };
    const told = await exportAll({ engine, image, client: session, progress }, to);
    return 'containerimage.digest' in told ? { image } : {};
  }
}
