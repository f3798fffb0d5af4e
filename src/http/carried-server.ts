// The worker's end of HTTP that is carried by messages: a handler behind a port. Contract: carried.ts.
import { messageOf } from '../base/errors.js';
import { fileOf } from '../base/storage.js';
import { encodeText } from '../base/text.js';
import { type FromServer, Inlet, Outlet, type Port, type ToServer } from './carried.js';
import { type Handler, type HttpRequest, isUpgrade, parseTarget } from './message.js';

async function* textOf(body: string | undefined): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield encodeText(body);
}

interface Exchange {
  incoming: Inlet;
  out: Outlet;
}

/** `open` reads a body that is a Blob. `failed` is told what a handler throws. */
export function serveCarried(
  port: Port<FromServer, ToServer>,
  handler: Handler,
  open: (blob: object) => AsyncIterable<Uint8Array>,
  failed: (error: unknown) => void,
): void {
  const exchanges = new Map<number, Exchange>();

  async function answer(id: number, request: HttpRequest, { incoming, out }: Exchange): Promise<void> {
    const reply = await handler(request);
    if (isUpgrade(reply)) {
      port.send({ answer: id, status: 101, headers: { ...reply.headers }, upgraded: true });
      const stream = {
        incoming,
        write: (bytes: Uint8Array) => out.write(bytes),
        get closed() {
          return out.closed;
        },
        onClose: (action: () => void) => out.onClose(action),
        end: () => port.send({ end: id }),
      };
      await reply.upgraded(stream);
      return;
    }
    port.send({ answer: id, status: reply.status, headers: { ...reply.headers }, upgraded: false });
    if (typeof reply.body === 'function') await reply.body(out);
    else if (reply.body !== undefined)
      await out.write(typeof reply.body === 'string' ? encodeText(reply.body) : reply.body);
  }

  async function* counted(id: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of body) {
      if (!exchanges.has(id) || exchanges.get(id)!.out.closed) throw new Error('the request was given up');
      port.send({ read: id, count: bytes.length });
      yield bytes;
    }
  }

  function bodyOf(id: number, body: string | object | undefined): AsyncIterable<Uint8Array> {
    if (typeof body !== 'object') return textOf(body);
    const opened = open(body);
    const file = fileOf(opened);
    return Object.assign(counted(id, opened), file && { file });
  }

  function begin({ ask: id, method, target, headers, body }: Extract<ToServer, { ask: number }>): void {
    const exchange: Exchange = {
      incoming: new Inlet((count) => port.send({ read: id, count })),
      out: new Outlet((bytes) => port.send({ piece: id, bytes })),
    };
    exchanges.set(id, exchange);
    const request: HttpRequest = {
      ...{ method, ...parseTarget(target), headers: new Map(Object.entries(headers)) },
      body: bodyOf(id, body),
    };
    answer(id, request, exchange)
      .then(
        () => port.send({ end: id }),
        (error: unknown) => {
          failed(error);
          port.send({ end: id, failed: messageOf(error) });
        },
      )
      .finally(() => {
        exchange.out.close();
        exchanges.delete(id);
      });
  }

  port.onMessage((message) => {
    if ('ask' in message) begin(message);
    else if ('more' in message) exchanges.get(message.more)?.incoming.push(message.bytes);
    else if ('moreEnd' in message) exchanges.get(message.moreEnd)?.incoming.end();
    else if ('taken' in message) exchanges.get(message.taken)?.out.taken(message.count);
    else {
      const exchange = exchanges.get(message.gone);
      exchange?.incoming.end(new Error('the connection was closed'));
      exchange?.out.close();
    }
  });
}
