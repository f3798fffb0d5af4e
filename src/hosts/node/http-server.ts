// HTTP over sockets of the host, for handlers that know no sockets: bodies with pressure, connections that leave HTTP and whose directions
// end apart. Contract: src/http/message.ts. node:http parses; what is upgraded is ours from its first byte on.
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../base/errors.js';
import { Gathered } from '../../base/gathered.js';
import { BodyError } from '../../http/body.js';
import {
  type ByteStream,
  type Handler,
  type HttpAnswer,
  type HttpRequest,
  isUpgrade,
  parseTarget,
} from '../../http/message.js';
import { endWith, writerOf } from './byte-writer.js';
import { HeldBytes } from './held-bytes.js';

/** Bytes of a body that stands in front of an upgraded stream, at most. */
const UPGRADE_BODY_MAX = 4 << 20;
/** Requests that come behind one that has no answer yet: more are none of a client of ours. RFC 9112 9.3.2. */
const PIPELINED_MAX = 16;

/** Rejects with BodyError when the client goes before its end. */
async function* piecesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) yield piece;
  } catch (error) {
    throw new BodyError(`the client has gone: ${messageOf(error)}`);
  }
}

/** The first `length` bytes of a stream as a body; what is behind them stays. */
async function takeBody(
  socket: Duplex,
  head: Buffer,
  length: number,
  held: HeldBytes,
): Promise<Uint8Array | undefined> {
  const got = new Gathered();
  got.add(head);
  while (got.length < length) {
    const piece = await nextPiece(socket);
    if (!piece) break;
    got.add(piece);
    held.hold(socket, got.length, true);
  }
  held.hold(socket, 0, true);
  if (got.length < length) return undefined;
  if (got.length > length) socket.unshift(got.bytes.subarray(length));
  return got.bytes.subarray(0, length);
}

function nextPiece(socket: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (bytes?: Buffer): void => {
      socket.off('data', settle);
      socket.off('close', ended);
      socket.off('end', ended);
      socket.pause();
      resolve(bytes);
    };
    const ended = (): void => settle();
    socket.on('data', settle);
    socket.on('close', ended);
    socket.on('end', ended);
    socket.resume();
  });
}

function requestOf(message: IncomingMessage, body: AsyncIterable<Uint8Array>, held: HeldBytes): HttpRequest {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  const keeps = (bytes: number): void => held.hold(message.socket, bytes, true);
  return { method: message.method ?? 'GET', ...parseTarget(message.url ?? '/'), headers, body, keeps };
}

function streamOf(socket: Duplex, held: HeldBytes): ByteStream {
  const writer = writerOf(socket, held);
  return {
    // the end of what comes is not the end of what goes
    incoming: piecesOf(socket.iterator({ destroyOnReturn: false })),
    write: writer.write,
    onClose: writer.onClose,
    get closed() {
      return writer.closed;
    },
    end: () => void socket.end(),
  };
}

const headerLines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

class Answering {
  /** Requests of a connection that have no answer yet. */
  private readonly unanswered = new WeakMap<Duplex, number>();

  constructor(
    private readonly handler: Handler,
    private readonly failed: (error: unknown) => void,
    private readonly held: HeldBytes,
  ) {}

  request(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    const before = this.unanswered.get(socket) ?? 0;
    if (before >= PIPELINED_MAX || socket.destroyed) {
      socket.destroy();
      return;
    }
    this.unanswered.set(socket, before + 1);
    this.answer(message, response)
      .catch((error: unknown) => {
        this.failed(error);
        if (!response.headersSent) response.writeHead(500);
        response.end();
      })
      .finally(() => this.unanswered.set(socket, this.unanswered.get(socket)! - 1));
  }

  private async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { handler, held } = this;
    const reply = await handler(requestOf(message, piecesOf(message), held));
    if (isUpgrade(reply)) {
      // the old form, of clients that ask for no upgrade: the connection is theirs all the same
      const { socket } = message;
      response.detachSocket(socket);
      socket.write(`HTTP/1.1 200 OK\r\n${headerLines(reply.headers ?? {})}\r\n`);
      await reply.upgraded(streamOf(socket, held));
      socket.end();
      return;
    }
    await this.plain(reply, message, response);
  }

  private async plain(reply: HttpAnswer, { method }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = reply;
    if (typeof body === 'function') {
      response.writeHead(status, headers);
      response.flushHeaders();
      await body(writerOf(response, this.held));
      response.end();
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.writeHead(status, { ...headers, ...(bytes && { 'Content-Length': bytes.length }) });
    endWith(response, method === 'HEAD' ? undefined : bytes, this.held);
  }

  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.upgraded(message, socket, head).catch((error: unknown) => {
      this.failed(error);
      socket.destroy();
    });
  }

  private async upgraded(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { handler, held } = this;
    const length = Number(message.headers['content-length'] ?? 0);
    const fits = length <= UPGRADE_BODY_MAX && message.headers['transfer-encoding'] === undefined;
    const body = fits ? await takeBody(socket, head, length, held) : undefined;
    if (!body) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    const given = (async function* () {
      if (body.length > 0) yield body;
    })();
    const reply = await handler(requestOf(message, given, held));
    if (isUpgrade(reply)) {
      const protocol = message.headers.upgrade ?? 'tcp';
      const headers = { ...reply.headers, Connection: 'Upgrade', Upgrade: protocol };
      socket.write(`HTTP/1.1 101 UPGRADED\r\n${headerLines(headers)}\r\n`);
      await reply.upgraded(streamOf(socket, held));
      socket.end();
      return;
    }
    // who may upgrade need not: RFC 9110 7.8
    const response = new ServerResponse(message);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    await this.plain(reply, message, response);
  }
}

/** Clients must have certificates of the authority's. */
export interface ServerTls {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

/** A server whose requests `handler` answers; `failed` is told what it throws, which is answered by 500 or the end of the connection. */
export function httpServer(
  handler: Handler,
  failed: (error: unknown) => void,
  { tls, held = new HeldBytes() }: { tls?: ServerTls; held?: HeldBytes } = {},
): Server {
  const answering = new Answering(handler, failed, held);
  // a body may take as long as a build's context takes
  const options = { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 60_000 };
  const listener = (message: IncomingMessage, response: ServerResponse): void => answering.request(message, response);
  const server = tls
    ? createSecureServer(
        { ...options, ...tls, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
        listener,
      )
    : createServer(options, listener);
  server.on('upgrade', (message, socket, head) => answering.upgrade(message, socket, head));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
}
