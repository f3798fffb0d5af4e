// Node's HTTP as a client without opinions: no redirects, no cookies, nothing uncompressed; connections are kept for the next request.
// Contract: HttpClient in src/base/http.ts.
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { messageOf } from '../../base/errors.js';
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse } from '../../base/http.js';

/** Milliseconds that the other side may say nothing. */
const SILENCE_MAX = 60_000;
/** What a TLS client gets from one who answers without. */
const NOT_TLS = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

export class NodeHttpClient implements HttpClient {
  private readonly plain: http.Agent;
  private readonly tls: https.Agent;

  /** `ca`: certificates to trust besides those that Node does. `lookup`: who tells the addresses of names. */
  constructor(ca?: string, lookup?: LookupFunction) {
    const options = { keepAlive: true, ...(lookup && { lookup }) };
    this.plain = new http.Agent(options);
    this.tls = new https.Agent({ ...options, ...(ca !== undefined && { ca }) });
  }

  send({ method, url, headers, body }: HttpRequest): Promise<HttpResponse> {
    const isTls = url.startsWith('https:');
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(errorOf(url, error));
      let request: http.ClientRequest;
      try {
        const options = { method, headers: { ...headers }, agent: isTls ? this.tls : this.plain, timeout: SILENCE_MAX };
        request = isTls ? https.request(url, options) : http.request(url, options);
      } catch (error) {
        fail(error);
        return;
      }
      request.on('timeout', () => request.destroy(new Error('no answer')));
      request.on('error', fail);
      request.on('response', (response) => resolve(responseOf(url, response)));
      if (body === undefined) request.end();
      else if (body instanceof Uint8Array) request.end(body);
      else {
        const source = Readable.from(body, { objectMode: false });
        source.on('error', (error) => request.destroy(error));
        source.pipe(request);
      }
    });
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.plain.destroy();
    this.tls.destroy();
  }
}

function responseOf(url: string, response: http.IncomingMessage): HttpResponse {
  return {
    status: response.statusCode ?? 0,
    header(name) {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: bodyOf(url, response),
    cancel: () => void response.destroy(),
  };
}

async function* bodyOf(url: string, response: http.IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (error) {
    throw errorOf(url, error);
  }
  if (!response.complete) throw new HttpError(`${hostOf(url)}: the connection broke`, false);
}

const hostOf = (url: string): string => {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
};

function errorOf(url: string, error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new HttpError(`${hostOf(url)}: ${messageOf(error) || code}`, code !== undefined && NOT_TLS.has(code), {
    cause: error,
  });
}
