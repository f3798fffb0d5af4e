// Requests to registries: at the endpoints of each, with what it wants to know of us, through redirects, and again when it stumbles.
// OCI distribution-spec. Hostile (threats: redirects): what we say of ourselves goes to the registry, and to nobody that it names.
import type { CredentialSource } from '../../base/credentials.js';
import { InputError, messageOf } from '../../base/errors.js';
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse } from '../../base/http.js';
import { DeniedError, NotFoundError } from '../errors.js';
import { Authorizer } from './auth.js';
import { errorOf } from './body.js';
import { type Endpoint, endpointsOf, type EndpointRules } from './endpoint.js';
import { isTls, parseUrl } from './url.js';

export interface RegistryHost {
  http: HttpClient;
  credentials: CredentialSource;
  /** For mirrors, which whoever runs this has named, and of which who asks need not know; undefined: none. */
  mirrorCredentials?: CredentialSource;
  /** Milliseconds since 1970. */
  now(): number;
  wait(milliseconds: number): Promise<void>;
}

const REDIRECTS_MAX = 5;
const ATTEMPTS = 5;
const FIRST_PAUSE = 300;
const PAUSE_MAX = 30_000;
const STUMBLES = new Set([408, 429, 500, 502, 503, 504]);
const AGENT = 'tabvisor';

export interface RegistryRequest extends Omit<HttpRequest, 'url' | 'headers'> {
  /** Below the endpoint, or an address that the registry has given us. */
  url: string;
  headers?: Readonly<Record<string, string>>;
  scopes: readonly string[];
}

export class RegistryClient {
  private readonly authorizer: Authorizer;
  /** Endpoints that have answered, by registry. */
  private readonly reached = new Map<string, Endpoint>();

  constructor(
    readonly host: RegistryHost,
    private readonly rules: EndpointRules,
  ) {
    this.authorizer = new Authorizer(host.http, host, () => host.now());
  }

  /** The mirrors of a registry. Throws InputError. */
  mirrors(domain: string): Endpoint[] {
    return endpointsOf(domain, this.rules).filter(({ isMirror }) => isMirror);
  }

  /** The registry itself, by TLS if it can be. Rejects with InputError when it does not answer. */
  async endpoint(domain: string): Promise<Endpoint> {
    const known = this.reached.get(domain);
    if (known) return known;
    const candidates = endpointsOf(domain, this.rules).filter(({ isMirror }) => !isMirror);
    let failure: unknown;
    for (const endpoint of candidates) {
      try {
        const isLast = endpoint === candidates.at(-1);
        const request = { method: 'GET', url: `${endpoint.base}/v2/`, headers: { 'User-Agent': AGENT } } as const;
        const response = isLast
          ? await this.persist(() => this.host.http.send(request))
          : await this.host.http.send(request);
        response.cancel();
        this.reached.set(domain, endpoint);
        return endpoint;
      } catch (error) {
        failure = error;
        if (!(error instanceof HttpError)) throw error;
      }
    }
    const { notTls, lasting } = failure as HttpError;
    throw new InputError(
      `Get "${candidates.at(-1)!.base}/v2/": ${messageOf(failure).replace(`${hostOf(candidates.at(-1)!)}: `, '')}`,
      lasting
        ? undefined
        : notTls
          ? `It does not speak TLS; if that is meant: --insecure-registry ${domain}.`
          : 'Is the name right, and the network there?',
      { cause: failure },
    );
  }

  /** The registry knows who we say we are. Rejects with DeniedError when it does not, InputError when it does not answer. */
  async login(domain: string): Promise<void> {
    const endpoint = await this.endpoint(domain);
    const url = `${endpoint.base}/v2/`;
    const response = await this.request(endpoint, { method: 'GET', url, scopes: [] });
    if (response.status === 200) return response.cancel();
    const why = await errorOf(response);
    if (response.status === 401 || response.status === 403) throw new DeniedError(`Get "${url}": unauthorized: ${why}`);
    throw new InputError(`Get "${url}": ${why} (status ${response.status})`);
  }

  /** Does something again, later and later, as long as it ends in an HttpError or in a stumble of the other side. */
  async persist(attempt: () => Promise<HttpResponse>): Promise<HttpResponse> {
    for (let round = 1; ; round++) {
      let pause = Math.min(PAUSE_MAX, FIRST_PAUSE * 2 ** (round - 1));
      try {
        const response = await attempt();
        if (!STUMBLES.has(response.status) || round === ATTEMPTS) return response;
        const told = response.header('retry-after');
        if (told !== undefined && /^\d{1,5}$/.test(told)) pause = Math.min(PAUSE_MAX, Number(told) * 1000);
        response.cancel();
      } catch (error) {
        if (!(error instanceof HttpError) || error.notTls || error.lasting || round === ATTEMPTS) throw error;
      }
      await this.host.wait(pause);
    }
  }

  /** An answer that is not 401, if there is a way to it. Rejects with HttpError, DeniedError. */
  async request(endpoint: Endpoint, request: RegistryRequest): Promise<HttpResponse> {
    const url = parseUrl(request.url, `${endpoint.base}/`);
    if (!url) throw new InputError(`${endpoint.base}: names an address that is none`);
    const send = (authorization: string | undefined): Promise<HttpResponse> =>
      this.follow(endpoint, { ...request, url: url.href }, authorization);
    const response = await send(this.authorizer.known(endpoint, request.scopes));
    if (response.status !== 401) return response;
    const header = response.header('www-authenticate');
    // a stream can not be sent a second time
    const repeats = request.body === undefined || request.body instanceof Uint8Array;
    if (header === undefined || !repeats) return response;
    this.authorizer.forget(endpoint, request.scopes);
    const authorization = await this.authorizer.answer(endpoint, header, request.scopes);
    if (authorization === undefined) return response;
    response.cancel();
    return send(authorization);
  }

  /** A place that is no registry of ours: it learns nothing about us. By TLS alone. */
  async foreign(address: string, from: number): Promise<HttpResponse> {
    const url = parseUrl(address);
    if (!url || !isTls(url))
      throw new InputError(`foreign layer: ${JSON.stringify(address.slice(0, 200))} is no https address`);
    return this.redirected(
      { method: 'GET', url: url.href, headers: { 'User-Agent': AGENT, ...rangeOf(from) } },
      undefined,
      '',
    );
  }

  private follow(endpoint: Endpoint, { url, method, headers, body }: RegistryRequest, authorization?: string) {
    const own = parseUrl(endpoint.base)!.origin;
    const request = { method, url, headers: { 'User-Agent': AGENT, ...headers }, ...(body !== undefined && { body }) };
    return this.redirected(request, authorization, own);
  }

  private async redirected(first: HttpRequest, authorization: string | undefined, own: string): Promise<HttpResponse> {
    let request = first;
    for (let hops = 0; ; hops++) {
      const at = parseUrl(request.url)!;
      const isOwn = at.origin === own;
      const headers =
        isOwn && authorization !== undefined ? { ...request.headers, Authorization: authorization } : request.headers;
      const response = await this.host.http.send({ ...request, headers });
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
      if (!isRedirect || (request.method !== 'GET' && request.method !== 'HEAD')) return response;
      response.cancel();
      const to = parseUrl(response.header('location') ?? '', request.url);
      if (!to) throw new InputError(`${at.host}: leads to an address that is none`);
      if (isTls(at) && !isTls(to)) throw new InputError(`${at.host}: leads away from TLS, to ${to.host}`);
      if (hops >= REDIRECTS_MAX) throw new InputError(`${at.host}: leads on more than ${REDIRECTS_MAX} times`);
      request = { ...request, url: to.href };
    }
  }
}

const hostOf = ({ base }: Endpoint): string => parseUrl(base)!.host;

/** Of what is there from byte `from` on. */
export const rangeOf = (from: number): Record<string, string> => (from > 0 ? { Range: `bytes=${from}-` } : {});

/** Why a registry does not do what it was asked for. `what` names the image. */
export async function refusal(response: HttpResponse, what: string, doing: 'pull' | 'push'): Promise<InputError> {
  const why = await errorOf(response);
  if (response.status === 401 || response.status === 403)
    return new DeniedError(
      doing === 'pull'
        ? `pull access denied for ${what}, repository does not exist or may require 'docker login': ${why}`
        : `push access denied for ${what}: ${why}`,
      'Credentials are those of docker login.',
    );
  if (response.status === 404)
    return new NotFoundError(`${/^manifest /.test(why) ? `manifest for ${what}` : `${what}:`} not found: ${why}`);
  return new InputError(`${what}: ${doing} failed: ${why} (status ${response.status})`);
}
