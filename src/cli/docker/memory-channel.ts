// An engine in this process: the API's handler is called as a server would call it, with queues for what streams.
// Contract: src/http/message.ts.
import { encodeText } from '../../base/text.js';
import { type ByteWriter, type Handler, isUpgrade, parseTarget, type Reply } from '../../http/message.js';
import type { Channel, Connection, Request, Response } from './channel.js';

/** Bytes that wait for their reader before the writer waits. */
const QUEUE_MAX = 1 << 20;

/** One writes, one reads; either may leave. */
class Queue implements AsyncIterable<Uint8Array> {
  private readonly waiting: Uint8Array[] = [];
  private size = 0;
  private ended = false;
  private left = false;
  private wakeReader = (): void => {};
  private wakeWriter = (): void => {};
  private readonly whenLeft: (() => void)[] = [];

  get closed(): boolean {
    return this.left || this.ended;
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.closed) return false;
    // who writes may use its memory again
    this.waiting.push(bytes.slice());
    this.size += bytes.length;
    this.wakeReader();
    while (this.size > QUEUE_MAX && !this.left)
      await new Promise<void>((resolve) => {
        this.wakeWriter = resolve;
      });
    return !this.left;
  }

  end(): void {
    this.ended = true;
    this.wakeReader();
  }

  /** Nobody reads any more. */
  leave(): void {
    if (this.left) return;
    this.left = true;
    this.wakeReader();
    this.wakeWriter();
    for (const action of this.whenLeft) action();
  }

  onLeave(action: () => void): void {
    if (this.left) action();
    else this.whenLeft.push(action);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = this.left ? undefined : this.waiting.shift();
      if (bytes) {
        this.size -= bytes.length;
        this.wakeWriter();
        yield bytes;
      } else if (this.ended || this.left) return;
      else
        await new Promise<void>((resolve) => {
          this.wakeReader = resolve;
        });
    }
  }
}

const writerOf = (queue: Queue): ByteWriter => ({
  get closed() {
    return queue.closed;
  },
  write: (bytes) => queue.write(bytes),
  onClose: (action) => queue.onLeave(action),
});

async function* bodyOf(body: Request['body']): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string') yield encodeText(body);
  else if (body) yield* body;
}

const lowered = (headers: Readonly<Record<string, string>> = {}): Map<string, string> =>
  new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** `leave`: nobody waits for an answer any more. */
export type MemoryChannel = Channel & { leave(): void };

/** `bug` is told what a handler throws while it streams. */
export function memoryChannel(
  handler: Handler,
  bug: (error: unknown) => void,
  close: () => Promise<void>,
): MemoryChannel {
  const answers = new Set<Queue>();
  const ask = ({ method, target, headers, body }: Request): Promise<Reply> =>
    handler({ method, ...parseTarget(target), headers: lowered(headers), body: bodyOf(body) });
  const streamed = (reply: Reply): Response => {
    if (isUpgrade(reply)) throw new Error('the answer leaves HTTP');
    const queue = new Queue();
    answers.add(queue);
    const { body } = reply;
    if (typeof body === 'function')
      void body(writerOf(queue))
        .catch(bug)
        .finally(() => {
          queue.end();
          answers.delete(queue);
        });
    else {
      if (body !== undefined) void queue.write(typeof body === 'string' ? encodeText(body) : body);
      queue.end();
      answers.delete(queue);
    }
    return { status: reply.status, headers: lowered(reply.headers), body: queue, cancel: () => queue.leave() };
  };
  const raw = (reply: Extract<Reply, { upgraded: unknown }>): Connection => {
    const [out, back] = [new Queue(), new Queue()];
    const incoming = {
      async *[Symbol.asyncIterator]() {
        yield* out;
      },
    };
    const stream = { ...writerOf(back), incoming, end: () => back.end() };
    Object.defineProperty(stream, 'closed', { get: () => back.closed });
    void reply
      .upgraded(stream)
      .catch(bug)
      .finally(() => {
        back.end();
        out.leave();
      });
    return {
      headers: lowered(reply.headers),
      incoming: back,
      write: (bytes) => out.write(bytes),
      end: () => out.end(),
      close() {
        out.end();
        back.leave();
      },
    };
  };
  return {
    name: 'this process',
    send: async (request) => streamed(await ask(request)),
    async hijack(request) {
      const reply = await ask(request);
      return isUpgrade(reply) ? raw(reply) : streamed(reply);
    },
    close,
    leave() {
      for (const queue of answers) queue.leave();
    },
  };
}
