// A page's way to other servers: fetch, which follows redirects by itself and shows of an answer what its server lets pages of elsewhere see.
// Contract: HttpClient in src/base/http.ts. Fetch standard 3.3 (CORS protocol): a refusal looks as if nobody had answered.
import { messageOf } from '../../base/errors.js';
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse } from '../../base/http.js';
import { readAll } from './stream-codecs.js';

/** What a page says of itself is the browser's business, and asks servers for leave that they need not give. */
const NOT_SENT = new Set(['user-agent', 'content-length', 'host']);

export class FetchClient implements HttpClient {
  async send({ method, url, headers, body }: HttpRequest): Promise<HttpResponse> {
    const abort = new AbortController();
    const sent = Object.entries(headers).filter(([name]) => !NOT_SENT.has(name.toLowerCase()));
    let response: Response;
    try {
      response = await fetch(url, {
        ...{ method, headers: sent, signal: abort.signal },
        ...{ credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' },
        ...(body !== undefined && { body: await whole(body) }),
      });
    } catch (error) {
      throw noAnswer(url, error);
    }
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body: bodyOf(url, response),
      cancel: () => abort.abort(),
    };
  }
}

/** A stream as a request's body needs HTTP/2 and what not all browsers have. */
async function whole(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Blob> {
  const pieces: BlobPart[] = [];
  if (body instanceof Uint8Array) pieces.push(body as Uint8Array<ArrayBuffer>);
  else for await (const piece of body) pieces.push(piece as Uint8Array<ArrayBuffer>);
  return new Blob(pieces);
}

async function* bodyOf(url: string, response: Response): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  try {
    yield* readAll(response.body);
  } catch (error) {
    throw new HttpError(`${new URL(url).host}: ${messageOf(error)}`, false, { cause: error });
  }
}

/** Docker Hub's servers: none of them lets pages of elsewhere read what it answers. */
const HUB = /(^|\.)docker\.(io|com)$/;

function noAnswer(url: string, error: unknown): HttpError {
  const { host, hostname } = new URL(url);
  if (!navigator.onLine)
    return new HttpError(`${host}: this browser is offline`, false, { cause: error, lasting: true });
  const why = HUB.test(hostname)
    ? 'Docker Hub sends no CORS headers (Access-Control-Allow-Origin), so a browser keeps its answers from every web page'
    : 'the browser gave this page no answer: nobody is there, or the registry sends no CORS headers (Access-Control-Allow-Origin), without which a browser keeps its answers from web pages';
  const instead =
    'Instead, where there is Docker: `docker pull --platform linux/386 IMAGE`, `docker save -o image.tar IMAGE`, and drop image.tar on this page; or pull from a registry that sends them';
  return new HttpError(`${host}: ${why}. ${instead}`, false, { cause: error, lasting: true });
}
