// Credentials that a client sends along for a registry. Docker Engine API, "Authentication": base64url of JSON in X-Registry-Auth; of a build, X-Registry-Config.
import { fromBase64 } from '../base/base64.js';
import type { CredentialSource } from '../base/credentials.js';
import { decodeText } from '../base/text.js';
import type { Engine } from '../engine/engine.js';
import { InvalidParameter } from '../engine/errors.js';
import { Members } from '../engine/json-members.js';
import { readJson } from '../http/body.js';
import type { Router } from '../http/router.js';
import { json } from './answers.js';

const LENGTH_MAX = 65536;

/** Throws InvalidParameter. */
function parse(header: string, name: string): unknown {
  const bytes = header.length <= LENGTH_MAX ? fromBase64(header) : undefined;
  try {
    return JSON.parse((bytes && decodeText(bytes)) ?? '');
  } catch (error) {
    throw new InvalidParameter(`invalid ${name} header: it is no base64 of JSON`, { cause: error });
  }
}

/** Undefined: the client sends none. Throws InvalidParameter. */
export function credentialsOf(header: string | undefined): CredentialSource | undefined {
  if (!header) return undefined;
  return sourceOf(new Members(parse(header, 'X-Registry-Auth'), 'X-Registry-Auth'));
}

/** Of several registries, as a build sends them; of one that is not among them the client knows none. Throws InvalidParameter. */
export function registriesOf(header: string | undefined): CredentialSource | undefined {
  if (!header) return undefined;
  const all = new Members({ servers: parse(header, 'X-Registry-Config') }, 'X-Registry-Config').entries('servers');
  if (all.length === 0) return undefined;
  const sources = new Map(all.map(([server, auth]) => [server, sourceOf(new Members(auth, server))]));
  return async (server) => (sources.get(server) ?? sources.get(`https://${server}`))?.(server);
}

/** POST /auth: a registry is asked whether it knows somebody. */
export function authRoutes(router: Router, engine: Engine): void {
  router.add('POST', '/auth', async (request) => {
    const body = new Members(await readJson(request), 'the credentials');
    await engine.images.login(body.text('serveraddress'), sourceOf(body));
    return json({ Status: 'Login Succeeded', IdentityToken: '' });
  });
}

function sourceOf(auth: Members): CredentialSource | undefined {
  const [username, password, identityToken] = ['username', 'password', 'identitytoken'].map((name) => auth.text(name));
  if (identityToken) return async () => ({ kind: 'token', identityToken });
  if (username) return async () => ({ kind: 'password', username, password: password ?? '' });
  return undefined;
}
