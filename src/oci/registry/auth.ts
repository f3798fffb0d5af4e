// What we say to a registry about ourselves: a token from the place that it names, or name and password.
// distribution, spec/auth/token.md and oauth.md. Hostile (threats: realms): a registry chooses where credentials go, within bounds.
import type { Credentials, CredentialSource } from '../../base/credentials.js';
import type { HttpClient } from '../../base/http.js';
import { encodeText } from '../../base/text.js';
import { DeniedError } from '../errors.js';
import { Fields, parseJson } from '../json.js';
import { bodyOf } from './body.js';
import { type Challenge, parseChallenges } from './challenge.js';
import type { Endpoint } from './endpoint.js';
import { isTls, parseUrl } from './url.js';

/** Seconds that a token holds when nothing is said, and that it is not used for before its end. */
const USUAL_LIFE = 60;
const MARGIN = 5;
const ANSWER_MAX = 1 << 20;
const CLIENT = 'tabvisor';

interface Token {
  authorization: string;
  /** Milliseconds since 1970. */
  until: number;
}

export class Authorizer {
  private readonly tokens = new Map<string, Token>();

  constructor(
    private readonly http: HttpClient,
    private readonly who: { credentials: CredentialSource; mirrorCredentials?: CredentialSource },
    private readonly now: () => number,
  ) {}

  /** What is known for a request of these scopes; undefined: nothing. */
  known(endpoint: Endpoint, scopes: readonly string[]): string | undefined {
    const token = this.tokens.get(keyOf(endpoint, scopes)) ?? this.tokens.get(keyOf(endpoint, []));
    return token && token.until > this.now() ? token.authorization : undefined;
  }

  /**
   * What answers the challenges of a 401, to be sent as Authorization; undefined when nothing does. Throws DeniedError when the
   * answer would go where it must not.
   */
  async answer(endpoint: Endpoint, header: string, scopes: readonly string[]): Promise<string | undefined> {
    const challenges = parseChallenges(header);
    const source = endpoint.isMirror ? this.who.mirrorCredentials : this.who.credentials;
    const credentials = await source?.(endpoint.credentialsKey);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
    if (bearer) {
      const token = await this.token(endpoint, bearer, credentials, scopes);
      this.tokens.set(keyOf(endpoint, scopes), token);
      return token.authorization;
    }
    if (credentials?.kind !== 'password' || !challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    const authorization = basic(credentials);
    // it is the same for every scope
    this.tokens.set(keyOf(endpoint, []), { authorization, until: Number.POSITIVE_INFINITY });
    return authorization;
  }

  private async token(
    endpoint: Endpoint,
    { parameters }: Challenge,
    credentials: Credentials | undefined,
    scopes: readonly string[],
  ): Promise<Token> {
    const realm = realmOf(endpoint, parameters.get('realm')!);
    const service = parameters.get('service');
    const told = parameters.get('scope')?.split(' ').filter(Boolean) ?? [];
    const wanted = [...new Set([...scopes, ...told])];
    const headers: Record<string, string> = { Accept: 'application/json', 'User-Agent': CLIENT };
    const asksForToken = credentials?.kind === 'token';
    if (credentials?.kind === 'password') headers.Authorization = basic(credentials);
    if (asksForToken) headers['Content-Type'] = 'application/x-www-form-urlencoded';
    else {
      if (service !== undefined) realm.searchParams.append('service', service);
      for (const scope of wanted) realm.searchParams.append('scope', scope);
      if (credentials?.kind === 'password') realm.searchParams.append('account', credentials.username);
    }
    const response = await this.http.send({
      method: asksForToken ? 'POST' : 'GET',
      url: realm.href,
      headers,
      ...(asksForToken && { body: encodeText(refresh(credentials.identityToken, service, wanted)) }),
    });
    const bytes = await bodyOf(response, ANSWER_MAX);
    if (response.status !== 200)
      throw new DeniedError(
        `${realm.host}: gives no token for ${endpoint.credentialsKey} (status ${response.status})`,
        credentials ? 'Is the password right? docker login sets a new one.' : undefined,
      );
    const fields = new Fields(parseJson(bytes, `${realm.host}: token`), `${realm.host}: token`);
    const token = fields.text('token') ?? fields.text('access_token');
    if (!token || !/^[\x21-\x7e]+$/.test(token)) throw new DeniedError(`${realm.host}: gives no token`);
    const life = Math.max(MARGIN, (fields.size('expires_in') ?? USUAL_LIFE) - MARGIN);
    return { authorization: `Bearer ${token}`, until: this.now() + life * 1000 };
  }

  /** What was said is not believed any more. */
  forget(endpoint: Endpoint, scopes: readonly string[]): void {
    this.tokens.delete(keyOf(endpoint, scopes));
    this.tokens.delete(keyOf(endpoint, []));
  }
}

/** A mirror that is asked as itself is told by another one than as a mirror. */
const keyOf = ({ base, isMirror }: Endpoint, scopes: readonly string[]): string =>
  [isMirror ? 'mirror' : 'registry', base, ...scopes].join(' ');

/** Where a token is asked for: by TLS wherever it is, without only at the very host and port that is spoken to without. */
function realmOf(endpoint: Endpoint, text: string) {
  const realm = parseUrl(text);
  const own = parseUrl(endpoint.base);
  const shown = JSON.stringify(text.slice(0, 200));
  if (!realm || !own) throw new DeniedError(`${endpoint.base}: asks to log in at ${shown}, which is no address`);
  if (!isTls(realm) && (isTls(own) || realm.host !== own.host))
    throw new DeniedError(
      `${endpoint.base}: asks to log in at ${shown}, without TLS at another place`,
      'Nothing was sent there. The registry is set up wrongly, or somebody is in between.',
    );
  return realm;
}

function refresh(token: string, service: string | undefined, scopes: readonly string[]): string {
  const fields: [string, string][] = [
    ['grant_type', 'refresh_token'],
    ['refresh_token', token],
    ['client_id', CLIENT],
    ['service', service ?? ''],
    ['scope', scopes.join(' ')],
  ];
  return fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 7617. */
function basic({ username, password }: { username: string; password: string }): string {
  const bytes = encodeText(`${username}:${password}`);
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const value = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let j = 0; j < 4; j++) text += i + j > bytes.length ? '=' : ALPHABET[(value >> (18 - 6 * j)) & 63];
  }
  return `Basic ${text}`;
}
