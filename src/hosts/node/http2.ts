// HTTP/2 by node:http2 on connections that an HTTP server has let go of. Contract: src/http/http2.ts.
import * as http2 from 'node:http2';
import type { ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import type { AskedStream, Headers, Http2, Http2Client, ServedStream } from '../../http/http2.js';
import type { ByteStream } from '../../http/message.js';
import { writerOf } from './byte-writer.js';

/** Calls at a time on one connection, and bytes of each that nobody has read: more are not taken. */
const SETTINGS = { maxConcurrentStreams: 200, initialWindowSize: 1 << 20, enablePush: false };
const OPTIONS = { settings: SETTINGS, maxSessionMemory: 64, maxHeaderListPairs: 512 };

function duplexOf(stream: ByteStream): Duplex {
  const pieces = stream.incoming[Symbol.asyncIterator]();
  const duplex = new Duplex({
    read() {
      pieces.next().then(
        ({ done, value }) => duplex.push(done ? null : value),
        (error: Error) => duplex.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      stream.write(bytes).then(
        (taken) => done(taken ? null : new Error('the connection is closed')),
        (error: Error) => done(error),
      );
    },
    final(done) {
      stream.end();
      done();
    },
  });
  stream.onClose(() => duplex.destroy());
  return duplex;
}

const listed = (headers: object): Map<string, string> =>
  new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith(':') || value === undefined
        ? []
        : [[name, Array.isArray(value) ? value.join(', ') : String(value)] as const],
    ),
  );

const plain = (headers: Headers): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );

/** Bytes as they come; to its end also when the other side has ended before it had all of ours. Rejects when the stream was reset. */
async function* piecesOf(stream: ClientHttp2Stream | ServerHttp2Stream): AsyncGenerator<Uint8Array> {
  let wake = (): void => {};
  for (const event of ['readable', 'end', 'close', 'error']) stream.on(event, () => wake());
  for (;;) {
    const piece: Buffer | null = stream.read();
    if (piece) yield piece;
    else if (stream.readableEnded) return;
    else if (stream.destroyed) throw new Error(`the stream was reset: code ${stream.rstCode}`);
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

function served(stream: ServerHttp2Stream, headers: object): ServedStream {
  const writer = writerOf(stream);
  return {
    path: String((headers as Record<string, unknown>)[':path'] ?? ''),
    headers: listed(headers),
    incoming: piecesOf(stream),
    write: writer.write,
    onClose: writer.onClose,
    get closed() {
      return writer.closed;
    },
    respond(given) {
      if (!stream.destroyed && !stream.headersSent) stream.respond(plain(given), { waitForTrailers: true });
    },
    end(trailers) {
      if (stream.destroyed) return;
      stream.once('wantTrailers', () => stream.sendTrailers(plain(trailers)));
      stream.end();
    },
  };
}

function asked(stream: ClientHttp2Stream): AskedStream {
  const writer = writerOf(stream);
  const trailers = new Map<string, string>();
  const take = (headers: object): void => {
    for (const [name, value] of listed(headers)) trailers.set(name, value);
  };
  stream.on('response', take);
  stream.on('trailers', take);
  stream.on('error', () => {});
  return {
    incoming: piecesOf(stream),
    trailers,
    write: writer.write,
    onClose: writer.onClose,
    get closed() {
      return writer.closed;
    },
    end: () => void stream.end(),
    cancel: () => stream.close(http2.constants.NGHTTP2_CANCEL),
  };
}

function serve(stream: ByteStream, handler: (request: ServedStream) => Promise<void>): Promise<void> {
  const session = http2.performServerHandshake(duplexOf(stream), OPTIONS);
  session.on('stream', (one, headers) => {
    one.on('error', () => {});
    handler(served(one, headers)).catch(() => one.destroy());
  });
  session.on('error', () => {});
  return new Promise((resolve) => session.once('close', resolve));
}

function client(stream: ByteStream): Http2Client {
  const session = http2.connect('http://localhost', { ...OPTIONS, createConnection: () => duplexOf(stream) });
  session.on('error', () => {});
  return {
    request: (path, headers) => asked(session.request({ ':method': 'POST', ':path': path, ...plain(headers) })),
    get closed() {
      return session.closed || session.destroyed;
    },
    onClose(action) {
      if (session.closed || session.destroyed) action();
      else session.once('close', action);
    },
    close: () => session.destroy(),
  };
}

/** Undefined: this Node is older than 20.12, which has no way to begin with a connection that is there. */
export const nodeHttp2: Http2 | undefined =
  typeof http2.performServerHandshake === 'function' ? { serve, connect: client } : undefined;
