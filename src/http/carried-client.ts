// The page's end of HTTP that is carried by messages. Contract: carried.ts.
import { TextStream } from '../base/text.js';
import { type FromServer, Inlet, Outlet, type Port, type ToServer } from './carried.js';

export interface Asked {
  method: string;
  /** Path and query. */
  target: string;
  headers?: Record<string, string>;
  /** JSON, a text, or a Blob. */
  body?: { json: unknown } | { text: string } | { blob: object };
  /** Told how many bytes of the body have been read so far. */
  progress?: (read: number) => void;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
  /** Gives up what is still to come. */
  cancel(): void;
}

/** A connection that has left HTTP. */
export interface Connection {
  incoming: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<boolean>;
  end(): void;
  close(): void;
}

interface Exchange {
  incoming: Inlet;
  out: Outlet;
  read: number;
  progress?: (read: number) => void;
  answered(message: { status: number; headers: Record<string, string>; upgraded: boolean }): void;
  failed(error: Error): void;
}

/** An answer that says what was wrong, in the API's words. */
export class AnswerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export class CarriedClient {
  private readonly exchanges = new Map<number, Exchange>();
  private next = 1;
  private gone?: Error;

  constructor(private readonly port: Port<ToServer, FromServer>) {
    port.onMessage((message) => this.receive(message));
  }

  /** The other end is there no more: whatever waits for it fails. */
  lost(error: Error): void {
    this.gone = error;
    for (const id of [...this.exchanges.keys()]) this.finish(id, error);
  }

  private finish(id: number, error?: Error): void {
    const exchange = this.exchanges.get(id);
    this.exchanges.delete(id);
    exchange?.failed(error ?? new Error('the connection ended without an answer'));
    exchange?.incoming.end(error);
    exchange?.out.close();
  }

  private receive(message: FromServer): void {
    if ('answer' in message) this.exchanges.get(message.answer)?.answered(message);
    else if ('piece' in message) this.exchanges.get(message.piece)?.incoming.push(message.bytes);
    else if ('end' in message)
      this.finish(message.end, message.failed === undefined ? undefined : new Error(message.failed));
    else {
      const exchange = this.exchanges.get(message.read);
      if (!exchange) return;
      exchange.read += message.count;
      exchange.out.taken(message.count);
      exchange.progress?.(exchange.read);
    }
  }

  private begin({ method, target, headers = {}, body, progress }: Asked) {
    if (this.gone) throw this.gone;
    const id = this.next++;
    const head = new Promise<{ status: number; headers: Record<string, string>; upgraded: boolean }>(
      (answered, failed) =>
        this.exchanges.set(id, {
          incoming: new Inlet((count) => this.port.send({ taken: id, count })),
          out: new Outlet((bytes) => this.port.send({ more: id, bytes })),
          ...{ read: 0, progress, answered, failed },
        }),
    );
    const exchange = this.exchanges.get(id)!;
    const given = body && ('blob' in body ? body.blob : 'text' in body ? body.text : JSON.stringify(body.json));
    this.port.send({ ask: id, method, target, headers, ...(given !== undefined && { body: given }) });
    return { id, head, exchange };
  }

  /** Rejects with AnswerError when the status is 400 and more. */
  async ask(asked: Asked): Promise<Answer> {
    const answer = await this.send(asked);
    if (answer.status >= 400) throw new AnswerError(answer.status, messageIn(await textOf(answer.body)));
    return answer;
  }

  /** Whatever the status. `connection`: it has left HTTP. */
  async send(asked: Asked): Promise<Answer & { connection?: Connection }> {
    const { id, head, exchange } = this.begin(asked);
    const { status, headers, upgraded } = await head;
    const cancel = (): void => {
      this.port.send({ gone: id });
      this.finish(id);
    };
    const connection = upgraded && {
      incoming: exchange.incoming,
      write: (piece: Uint8Array) => exchange.out.write(piece),
      end: () => this.port.send({ moreEnd: id }),
      close: cancel,
    };
    return { status, headers, body: exchange.incoming, cancel, ...(connection && { connection }) };
  }

  /** The answer's JSON; undefined when it is empty. */
  async json<T>(method: string, target: string, body?: unknown): Promise<T> {
    const answer = await this.ask({ method, target, ...(body !== undefined && { body: { json: body } }) });
    const text = await textOf(answer.body);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** A request that leaves HTTP. Rejects with AnswerError. */
  async connect(target: string, body?: unknown): Promise<Connection> {
    const headers = { upgrade: 'tcp', connection: 'Upgrade' };
    const bytes = body === undefined ? {} : { body: { json: body } };
    const answer = await this.send({ method: 'POST', target, headers, ...bytes });
    if (!answer.connection) throw new AnswerError(answer.status, messageIn(await textOf(answer.body)));
    return answer.connection;
  }
}

/** The objects of a body that has one in each line. */
export async function* linesOf<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const text = new TextStream();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + text.take(bytes)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  rest += text.end();
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const text = new TextStream();
  let all = '';
  for await (const bytes of body) all += text.take(bytes);
  return all + text.end();
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: string };
    return message ?? text;
  } catch {
    return text;
  }
}
