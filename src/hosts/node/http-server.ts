// HTTP over sockets of the host, for handlers that know no sockets: bodies with pressure, connections that leave HTTP and whose directions
// end apart. Contract: src/http/message.ts. node:http parses; what is upgraded is ours from its first byte on.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import {
  type ByteStream,
  type ByteWriter,
  type Handler,
  type HttpRequest,
  isUpgrade,
  parseTarget,
} from '../../http/message.js';

/** Bytes of a body that stands in front of an upgraded stream, at most. */
const UPGRADE_BODY_MAX = 4 << 20;

async function* piecesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) yield piece;
}

/** The first `length` bytes of a stream as a body; what is behind them stays. */
async function takeBody(socket: Duplex, head: Buffer, length: number): Promise<Buffer | undefined> {
  let got = head;
  while (got.length < length) {
    const piece = await new Promise<Buffer | undefined>((resolve) => {
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
    if (!piece) return undefined;
    got = Buffer.concat([got, piece]);
  }
  if (got.length > length) socket.unshift(got.subarray(length));
  return got.subarray(0, length);
}

function requestOf(message: IncomingMessage, body: AsyncIterable<Uint8Array>): HttpRequest {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  return { method: message.method ?? 'GET', ...parseTarget(message.url ?? '/'), headers, body };
}

/** `over`: what is closed when nobody takes any more. */
export function writerOf(
  out: NodeJS.WritableStream & { destroyed: boolean; writableNeedDrain: boolean; writableEnded: boolean },
): ByteWriter {
  /** All that is written meanwhile waits for the same. */
  let room: Promise<boolean> | undefined;
  const whenRoom = (): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (): void => {
        out.off('drain', settle);
        out.off('close', settle);
        room = undefined;
        resolve(!out.destroyed);
      };
      out.on('drain', settle);
      out.on('close', settle);
    });
  return {
    get closed() {
      return out.destroyed || out.writableEnded;
    },
    onClose(action) {
      if (out.destroyed) action();
      else out.once('close', action);
    },
    write(bytes) {
      if (out.destroyed || out.writableEnded) return Promise.resolve(false);
      out.write(bytes);
      if (!out.writableNeedDrain) return Promise.resolve(true);
      room ??= whenRoom();
      return room;
    },
  };
}

function streamOf(socket: Duplex): ByteStream {
  const writer = writerOf(socket);
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

async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = await handler(requestOf(message, piecesOf(message)));
  if (isUpgrade(reply)) {
    // the old form, of clients that ask for no upgrade: the connection is theirs all the same
    const { socket } = message;
    response.detachSocket(socket);
    socket.write(`HTTP/1.1 200 OK\r\n${headerLines(reply.headers ?? {})}\r\n`);
    await reply.upgraded(streamOf(socket));
    socket.end();
    return;
  }
  response.writeHead(reply.status, reply.headers);
  if (typeof reply.body === 'function') {
    response.flushHeaders();
    await reply.body(writerOf(response));
    response.end();
  } else response.end(message.method === 'HEAD' ? undefined : reply.body);
}

const headerLines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

async function upgrade(handler: Handler, message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const length = Number(message.headers['content-length'] ?? 0);
  const body = length <= UPGRADE_BODY_MAX ? await takeBody(socket, head, length) : undefined;
  if (!body) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    return;
  }
  const reply = await handler(
    requestOf(
      message,
      (async function* () {
        if (body.length > 0) yield new Uint8Array(body);
      })(),
    ),
  );
  if (isUpgrade(reply)) {
    const protocol = message.headers.upgrade ?? 'tcp';
    const headers = { ...reply.headers, Connection: 'Upgrade', Upgrade: protocol };
    socket.write(`HTTP/1.1 101 UPGRADED\r\n${headerLines(headers)}\r\n`);
    await reply.upgraded(streamOf(socket));
    socket.end();
    return;
  }
  const text = typeof reply.body === 'function' ? '' : (reply.body ?? '');
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const headers = { ...reply.headers, 'Content-Length': String(bytes.length), Connection: 'close' };
  socket.write(`HTTP/1.1 ${reply.status} Refused\r\n${headerLines(headers)}\r\n`);
  socket.end(bytes);
}

/** Clients must have certificates of the authority's. */
export interface ServerTls {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

/** A server whose requests `handler` answers; `failed` is told what it throws, which is answered by 500 or the end of the connection. */
export function httpServer(handler: Handler, failed: (error: unknown) => void, tls?: ServerTls): Server {
  const options = { keepAliveTimeout: 60_000, requestTimeout: 0 };
  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    answer(handler, message, response).catch((error: unknown) => {
      failed(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  };
  const server = tls
    ? createSecureServer(
        { ...options, ...tls, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
        listener,
      )
    : createServer(options, listener);
  server.on('upgrade', (message, socket, head) => {
    socket.on('error', () => socket.destroy());
    upgrade(handler, message, socket, head).catch((error: unknown) => {
      failed(error);
      socket.destroy();
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
}
