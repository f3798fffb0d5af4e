// Builds by the reference that their client has given them: the call that waits for its end, the frontend's calls, and readers of its progress
// come on their own, in any order. moby/buildkit solver/jobs.go, control/gateway.
import type { StreamCodecs } from '../base/streams.js';
import { Cancellation } from '../engine/build/cancellation.js';
import type { EngineHost } from '../engine/host.js';
import { NOT_FOUND, RpcError } from '../http/grpc.js';
import { Progress } from './progress.js';

const JOBS_MAX = 1000;
/** Milliseconds that a call waits for the build that it names, and that a build that has ended is known. */
const PATIENCE = 5000;

export class Job {
  readonly progress: Progress;
  readonly cancellation = new Cancellation();
  /** Images that the frontend has made, by the names that it has been given for them. */
  readonly results = new Map<string, string>();
  /** The client's session. */
  session = '';
  private begin!: () => void;
  readonly begun = new Promise<void>((resolve) => {
    this.begin = resolve;
  });
  private give!: (result: string | RpcError | undefined) => void;
  /** What the frontend returns: an image, nothing, or why there is none. */
  readonly returned = new Promise<string | RpcError | undefined>((resolve) => {
    this.give = resolve;
  });

  constructor(ref: string, codecs: StreamCodecs, host: EngineHost) {
    this.progress = new Progress(ref, codecs, host);
  }

  start(session: string): void {
    this.session = session;
    this.begin();
  }

  return(result: string | RpcError | undefined): void {
    this.give(result);
  }
}

export class Jobs {
  private readonly known = new Map<string, Job>();

  constructor(
    private readonly codecs: StreamCodecs,
    private readonly host: EngineHost,
  ) {}

  private of(ref: string): Job {
    const there = this.known.get(ref);
    if (there) return there;
    if (ref === '' || ref.length > 256 || this.known.size >= JOBS_MAX) throw new RpcError(NOT_FOUND, 'no such job');
    const job = new Job(ref, this.codecs, this.host);
    this.known.set(ref, job);
    return job;
  }

  /** The build is there from now on. */
  start(ref: string, session: string): Job {
    const job = this.of(ref);
    job.start(session);
    return job;
  }

  /** The build of this name when it has begun. Rejects with RpcError when it does not. */
  get(ref: string): Promise<Job> {
    const job = this.of(ref);
    return new Promise((resolve, reject) => {
      const stop = this.host.after(PATIENCE, () => {
        if (this.known.get(ref) === job) this.known.delete(ref);
        reject(new RpcError(NOT_FOUND, `no such job ${ref}`));
      });
      void job.begun.then(() => {
        stop();
        resolve(job);
      });
    });
  }

  /** It has ended; readers who come late find it for a while. */
  end(ref: string): void {
    const job = this.known.get(ref);
    if (!job) return;
    job.progress.end();
    this.host.after(PATIENCE, () => {
      if (this.known.get(ref) === job) this.known.delete(ref);
    });
  }
}
