// What a build tells of itself, as BuildKit's clients show it: steps with their times, their output, and what is under way within them.
// moby/buildkit api/services/control/control.proto, StatusResponse. Readers get all of it from its beginning, each at its own pace.
import { type Draft, encode } from '../base/protobuf.js';
import type { StreamCodecs } from '../base/streams.js';
import { encodeText } from '../base/text.js';
import type { BuildOutput, BuildStep } from '../engine/build/request.js';
import { STATUS } from './messages.js';

/** Bytes that are kept for a reader to come, and those that one may be behind before the build waits for it. */
const KEPT_MAX = 8 << 20;
const BEHIND_MAX = 1 << 20;

export interface Clock {
  date(): number;
}

const timestamp = (milliseconds: number): { seconds: number; nanos: number } => {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.floor((milliseconds - seconds * 1000) * 1e6) };
};

/** The messages of one build. */
export class Progress {
  private readonly messages: Uint8Array[] = [];
  private kept = 0;
  /** Of the messages, the first that is there still. */
  private first = 0;
  private ended = false;
  private readonly readers = new Set<{ at: number; wake(): void }>();
  private room: (() => void)[] = [];
  private steps = 0;

  constructor(
    private readonly ref: string,
    private readonly codecs: StreamCodecs,
    readonly clock: Clock,
  ) {}

  begin(name: string): Vertex {
    const hash = this.codecs.sha256();
    hash.update(encodeText(`${this.ref} ${this.steps++}`));
    return new Vertex(this, `sha256:${hash.digest()}`, name);
  }

  /** Resolves when there is room for more. */
  tell(status: Draft<typeof STATUS>): Promise<void> {
    const bytes = encode(STATUS, status);
    this.messages.push(bytes);
    this.kept += bytes.length;
    while (this.kept > KEPT_MAX) {
      this.kept -= this.messages.shift()!.length;
      this.first++;
    }
    for (const reader of this.readers) reader.wake();
    if (this.kept <= BEHIND_MAX || this.readers.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.room.push(resolve));
  }

  /** Nothing more comes. */
  end(): void {
    this.ended = true;
    for (const reader of this.readers) reader.wake();
    this.relax();
  }

  private relax(): void {
    for (const go of this.room.splice(0)) go();
  }

  /** Gives all messages to `take` until there are no more, or it answers false. */
  async read(take: (message: Uint8Array) => Promise<boolean>): Promise<void> {
    const reader = { at: this.first, wake: () => {} };
    this.readers.add(reader);
    try {
      for (;;) {
        reader.at = Math.max(reader.at, this.first);
        const message = this.messages[reader.at - this.first];
        if (message) {
          reader.at++;
          if (!(await take(message))) return;
          this.forget();
        } else if (this.ended) return;
        else
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
      }
    } finally {
      this.readers.delete(reader);
      this.relax();
    }
  }

  /** What all readers have had is not kept. */
  private forget(): void {
    const least = Math.min(...[...this.readers].map(({ at }) => at));
    while (this.first < least) {
      this.kept -= this.messages.shift()!.length;
      this.first++;
    }
    if (this.kept <= BEHIND_MAX) this.relax();
  }
}

/** A step on its way. */
export class Vertex {
  private readonly started: number;
  private readonly began = new Map<string, number>();

  constructor(
    private readonly progress: Progress,
    readonly digest: string,
    private readonly name: string,
  ) {
    this.started = progress.clock.date();
    this.tell({});
  }

  private tell(more: { completed?: { seconds: number; nanos: number }; cached?: boolean; error?: string }): void {
    const { digest, name, started } = this;
    void this.progress.tell({ vertexes: [{ digest, name, started: timestamp(started), ...more }] });
  }

  /** Something within it, of which `current` is done. */
  status(id: string, current: number, total: number, isDone: boolean): void {
    const now = this.progress.clock.date();
    const began = this.began.get(id) ?? now;
    this.began.set(id, began);
    const times = {
      timestamp: timestamp(now),
      started: timestamp(began),
      ...(isDone && { completed: timestamp(now) }),
    };
    void this.progress.tell({ statuses: [{ id, vertex: this.digest, current, total, ...times }] });
  }

  /** Resolves when there is room for more. */
  log(stream: 1 | 2, bytes: Uint8Array): Promise<void> {
    const now = timestamp(this.progress.clock.date());
    return this.progress.tell({ logs: [{ vertex: this.digest, timestamp: now, stream, bytes: bytes.slice() }] });
  }

  done(cached = false): void {
    this.tell({ completed: timestamp(this.progress.clock.date()), ...(cached && { cached }) });
  }

  failed(error: string): void {
    this.tell({ completed: timestamp(this.progress.clock.date()), error });
  }

  /** Does something as this step. */
  async during<T>(action: (vertex: Vertex) => Promise<T>): Promise<T> {
    try {
      const result = await action(this);
      this.done();
      return result;
    } catch (error) {
      this.failed(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }
}

/** A build's output as steps. */
export class StepOutput implements BuildOutput {
  private step?: Vertex;
  private readonly images = new Set<string>();
  /** Lines of the Dockerfile that are at work. */
  at?: { first: number; last: number };

  constructor(private readonly told: Progress) {}

  say(): void {}

  image(): void {}

  async command(stream: 1 | 2, bytes: Uint8Array): Promise<boolean> {
    await this.step?.log(stream, bytes);
    return true;
  }

  /** Parts of what is pulled. */
  progress({ id, status, current, total }: Parameters<BuildOutput['progress']>[0]): void {
    if (id === undefined) return;
    const isDone = /complete|exists/i.test(status);
    this.step?.status(`${id} ${status.toLowerCase()}`, current ?? 0, total ?? 0, isDone);
  }

  stepBegins({ stage, number, total, text }: BuildStep): void {
    // an image that several stages begin with is shown once
    if (text.startsWith('FROM ') && this.images.has(text)) return;
    if (text.startsWith('FROM ')) this.images.add(text);
    const place = `${stage === undefined ? '' : `${stage} `}${number}/${total}`;
    this.step = this.told.begin(`[${place}] ${text}`);
  }

  stepEnds(cached: boolean): void {
    this.step?.done(cached);
    this.step = undefined;
  }

  lines(first: number, last: number): void {
    this.at = { first, last };
  }

  /** The step that is at work has failed, if there is one. */
  failed(message: string): void {
    this.step?.failed(message);
    this.step = undefined;
  }
}
