// Published ports as addresses below the page: port/8080/ is a container's web server, by way of the page that runs it.
// HTML 7.1.5 (sandboxing), CSP Level 3, Service Workers 1. What answers is hostile, and would be of the page's own origin.
import { type Http1Answer, Http1Error, readAnswer, requestHead } from '../../src/http/http1.js';
import { type Dial, WireClient, WireOver } from '../ports/wire.js';

const PLACE = 'port/';
/** Requests under way, bytes of one's body, milliseconds that a program may take to listen and pages to say that they have no containers. */
const REQUESTS_MAX = 64;
const BODY_MAX = 64 << 20;
const PATIENCE = 4000;
const AGAIN = 200;

/** What a container is told of a request, and a page of an answer: cookies, and what speaks of the origin as a whole, are not among it. */
const ASKED = ['accept', 'accept-language', 'content-type', 'range', 'user-agent', 'cache-control'].concat(
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'],
);
const ANSWERED = ['content-type', 'content-language', 'content-disposition', 'content-range', 'accept-ranges'].concat(
  ...['last-modified', 'etag', 'cache-control', 'expires', 'date', 'retry-after'],
);
const CODINGS: Record<string, CompressionFormat> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate' };

export interface Place {
  port: number;
  /** Path and query, as the container has them; undefined: the address lacks its last slash. */
  target?: string;
}

/** `scope`: the address below which the page is. */
export function placeOf(address: string, scope: string): Place | undefined {
  if (!address.startsWith(scope + PLACE)) return undefined;
  const match = /^(\d{1,5})(?:$|(?=[?#])|(\/[^#]*))/.exec(address.slice(scope.length + PLACE.length));
  return match ? { port: Number(match[1]), ...(match[2] !== undefined && { target: match[2] }) } : undefined;
}

const rootOf = (scope: string, port: number): string => `${scope}${PLACE}${port}`;

/**
 * Pages of containers have this page's origin, without which their pictures and styles would not come by the service worker; so none of
 * their scripts runs, wherever they open, and nothing is asked but of what is below the page, which is the container's again.
 */
function policyOf(scope: string): string {
  // an address with [::1] is no source expression
  const below = new URL(scope).pathname === '/' ? "'self'" : scope;
  return [
    'sandbox allow-same-origin allow-forms allow-downloads allow-popups',
    ...[`default-src ${below} data:`, `style-src ${below} data: 'unsafe-inline'`],
    ...["script-src 'none'", "connect-src 'none'", "worker-src 'none'", "manifest-src 'none'", "object-src 'none'"],
    ...[`frame-src ${below}`, `form-action ${below}`, `base-uri ${below}`, "frame-ancestors 'self'"],
  ].join('; ');
}

const guarded = (scope: string): [string, string][] => [
  ['content-security-policy', policyOf(scope)],
  ['cross-origin-embedder-policy', 'require-corp'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'same-origin'],
  ['x-content-type-options', 'nosniff'],
];

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export class ServedPorts {
  private under = 0;

  constructor(private readonly worker: ServiceWorkerGlobalScope) {}

  private get scope(): string {
    return this.worker.registration.scope;
  }

  /** What a request asks of a container; undefined: nothing. */
  async place(request: Request, clientId: string): Promise<Place | undefined> {
    const { scope } = this;
    const direct = placeOf(request.url, scope);
    if (direct) return direct;
    const from = request.mode === 'navigate' ? request.referrer : (await this.worker.clients.get(clientId))?.url;
    const port = from === undefined ? undefined : placeOf(from, scope)?.port;
    if (port === undefined) return undefined;
    // of /about a container means its own
    const { pathname, search } = new URL(request.url);
    return { port, target: pathname + search };
  }

  async answer({ port, target }: Place, request: Request): Promise<Response> {
    const root = rootOf(this.scope, port);
    if (target === undefined) return Response.redirect(`${root}/`, 307);
    if (request.mode === 'navigate' && !placeOf(request.url, this.scope)) return Response.redirect(root + target, 307);
    if (this.under >= REQUESTS_MAX) return this.say(503, 'Too many requests are under way.', 'Reload this page.');
    this.under++;
    const over = (): void => void this.under--;
    try {
      return await this.exchange({ port, target }, request, over);
    } catch (error) {
      over();
      if (error instanceof WireOver) return this.unreached(port, error);
      const why = error instanceof Http1Error ? error.message : String(error);
      return this.say(502, `What the container answers can't be shown: ${why}.`, 'docker logs may say more.');
    }
  }

  private async exchange({ port, target }: Required<Place>, request: Request, over: () => void): Promise<Response> {
    const { method } = request;
    const body = method === 'GET' || method === 'HEAD' ? undefined : await request.blob();
    if (body && body.size > BODY_MAX) {
      over();
      return this.say(413, `At most ${BODY_MAX >> 20} MiB can be sent at once.`, 'docker cp takes larger files.');
    }
    const own = `http://localhost:${port}`;
    const headers: [string, string][] = [['host', `localhost:${port}`]];
    for (const name of ASKED) {
      const value = request.headers.get(name);
      if (value !== null) headers.push([name, value]);
    }
    const from = placeOf(request.referrer, this.scope);
    if (from?.port === port) headers.push(['referer', own + (from.target ?? '/')]);
    headers.push(['accept-encoding', 'identity'], ['connection', 'close']);
    if (body) headers.push(['origin', own], ['content-length', String(body.size)]);
    const head = new TextEncoder().encode(requestHead(method, target, headers));
    const { wire, answer } = await this.ask(port, head, method, body);
    return this.response(answer, { port, target }, () => {
      over();
      wire.close();
    });
  }

  /** A program that has just been started may not listen yet. */
  private async ask(port: number, head: Uint8Array, method: string, body?: Blob) {
    for (const end = performance.now() + PATIENCE; ; ) {
      const wire = await this.dial(port);
      try {
        void send(wire, head, body);
        return { wire, answer: await readAnswer(wire.incoming(), method) };
      } catch (error) {
        wire.close();
        const early = error instanceof WireOver && error.why === 'reset' && body === undefined;
        if (!early || performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }

  /** The page that has the containers is one of those that are open. Rejects with WireOver. */
  private async dial(port: number): Promise<WireClient> {
    const windows = await this.worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const pages = windows.filter(({ url }) => url.startsWith(this.scope) && !placeOf(url, this.scope));
    const opened = pages.map(async (page): Promise<WireClient> => {
      const { port1, port2 } = new MessageChannel();
      const wire = new WireClient(port1);
      page.postMessage({ dial: port } satisfies Dial, [port2]);
      // a page that does not answer has none
      const timer = setTimeout(() => wire.close(), PATIENCE);
      await wire.open().finally(() => clearTimeout(timer));
      return wire;
    });
    try {
      const first = await Promise.any(opened);
      for (const other of opened) void other.then((wire) => wire !== first && wire.close()).catch(() => {});
      return first;
    } catch (error) {
      const all = (error as AggregateError).errors as unknown[];
      const why = all.map((one) => one instanceof WireOver && one.why);
      throw new WireOver(why.find((one) => one === 'unpublished' || one === 'full') || 'elsewhere');
    }
  }

  private response(answer: Http1Answer, { port, target }: Required<Place>, over: () => void): Response {
    const { status, headers, body } = answer;
    const shown = guarded(this.scope);
    for (const name of ANSWERED) {
      const value = headers.get(name);
      if (value !== undefined) shown.push([name, value]);
    }
    const location = headers.get('location');
    if (location !== undefined) shown.push(['location', this.here(location, port, target)]);
    const coding = headers.get('content-encoding')?.toLowerCase() ?? 'identity';
    if (coding !== 'identity' && !CODINGS[coding]) throw new Http1Error(`its coding '${coding}' is unknown`);
    const empty = [204, 205, 304].includes(status);
    if (empty) over();
    const bytes = empty ? null : streamOf(body, over);
    const plain = bytes && CODINGS[coding] ? bytes.pipeThrough(new DecompressionStream(CODINGS[coding])) : bytes;
    return new Response(plain, { status, headers: shown });
  }

  /** Where an answer leads: what is the container's own lies below the page. */
  private here(location: string, port: number, target: string): string {
    const to = URL.canParse(location, `http://localhost:${port}${target}`)
      ? new URL(location, `http://localhost:${port}${target}`)
      : undefined;
    if (!to) throw new Http1Error('it leads nowhere');
    const own = ['localhost', '127.0.0.1'].includes(to.hostname) && Number(to.port || 80) === port;
    return own ? rootOf(this.scope, port) + to.pathname + to.search + to.hash : to.href;
  }

  private unreached(port: number, { why }: WireOver): Response {
    if (why === 'unpublished')
      return this.say(404, `No container that runs has published port ${port}.`, `docker run -d -p ${port}:80 IMAGE`);
    if (why === 'full')
      return this.say(503, 'Too many connections are open.', 'Close some of them, and reload this page.');
    if (why === 'elsewhere')
      return this.say(503, 'The containers are not running.', 'Open them in a tab of their own, and reload this page.');
    return this.say(
      502,
      `Nothing answers behind port ${port}.`,
      'The program in the container may not listen yet, or on another port, or only on 127.0.0.1 of its own: docker logs may say more.',
    );
  }

  private say(status: number, what: string, advice: string): Response {
    const text = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>tabvisor</title><style>body{font:1rem/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<main><h1>${escaped(what)}</h1><p>${escaped(advice)}</p><p><a href="${escaped(this.scope)}#containers" rel="noreferrer">To the containers</a></p></main>`;
    const headers = [...guarded(this.scope), ['content-type', 'text/html; charset=utf-8'] as [string, string]];
    return new Response(text, { status, headers });
  }
}

async function send(wire: WireClient, head: Uint8Array, body?: Blob): Promise<void> {
  if (!(await wire.write(head)) || !body) return;
  const reader = body.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || !(await wire.write(value))) return;
  }
}

function streamOf(body: AsyncGenerator<Uint8Array>, over: () => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await body.next();
          if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        over();
      },
      cancel: over,
    },
    { highWaterMark: 0 },
  );
}
