// Sessions: connections on which a client of builds answers us. What it offers beside its folders: who it is to registries, and secrets.
// moby/buildkit session/manager.go, session/auth/auth.proto, session/secrets/secrets.proto.
import type { CredentialSource } from '../base/credentials.js';
import { decode, encode } from '../base/protobuf.js';
import type { SecretSource } from '../engine/build/lending.js';
import type { EngineHost } from '../engine/host.js';
import { ask, askOnce, NOT_FOUND, RpcError, UNAVAILABLE, UNIMPLEMENTED } from '../http/grpc.js';
import type { Http2Client } from '../http/http2.js';
import { BYTES, CREDENTIALS, CREDENTIALS_REQUEST, SECRET, SECRET_REQUEST } from './messages.js';

const SESSIONS_MAX = 1000;
/** Milliseconds that a build waits for its session to come. */
const PATIENCE = 5000;
const HUB = 'https://index.docker.io/v1/';

export class Sessions {
  private readonly known = new Map<string, Http2Client>();
  private readonly waiting = new Map<string, Set<(client: Http2Client) => void>>();

  constructor(private readonly host: EngineHost) {}

  add(id: string, client: Http2Client): void {
    if (this.known.size >= SESSIONS_MAX) {
      client.close();
      return;
    }
    this.known.get(id)?.close();
    this.known.set(id, client);
    client.onClose(() => {
      if (this.known.get(id) === client) this.known.delete(id);
    });
    for (const take of this.waiting.get(id) ?? []) take(client);
    this.waiting.delete(id);
  }

  /** Rejects with RpcError when it does not come. */
  async get(id: string): Promise<Http2Client> {
    const there = this.known.get(id);
    if (there) return there;
    return new Promise((resolve, reject) => {
      const takers = this.waiting.get(id) ?? new Set();
      this.waiting.set(id, takers);
      const stop = this.host.after(PATIENCE, () => {
        takers.delete(take);
        if (takers.size === 0) this.waiting.delete(id);
        reject(new RpcError(UNAVAILABLE, `no active session for ${id}: context deadline exceeded`));
      });
      const take = (client: Http2Client): void => {
        stop();
        resolve(client);
      };
      takers.add(take);
    });
  }
}

/** What a client that offers none of it answers with. */
const isNone = (error: unknown): boolean =>
  error instanceof RpcError && (error.code === NOT_FOUND || error.code === UNIMPLEMENTED);

export function secretsOf(client: Http2Client): SecretSource {
  return async (id) => {
    try {
      const asked = encode(SECRET_REQUEST, { id });
      return decode(SECRET, await askOnce(client, '/moby.buildkit.secrets.v1.Secrets/GetSecret', asked)).data;
    } catch (error) {
      if (isNone(error)) return undefined;
      throw error;
    }
  };
}

export function credentialsOf(client: Http2Client): CredentialSource {
  return async (server) => {
    try {
      const host = server === HUB ? 'registry-1.docker.io' : server;
      const asked = encode(CREDENTIALS_REQUEST, { host });
      const { username, secret } = decode(
        CREDENTIALS,
        await askOnce(client, '/moby.filesync.v1.Auth/Credentials', asked),
      );
      if (secret === '') return undefined;
      return username === ''
        ? { kind: 'token', identityToken: secret }
        : { kind: 'password', username, password: secret };
    } catch (error) {
      if (isNone(error)) return undefined;
      throw error;
    }
  };
}

/** A context that the client has as a stream: the path of its address. */
export async function* uploaded(client: Http2Client, path: string): AsyncGenerator<Uint8Array> {
  const call = ask(client, '/moby.upload.v1.Upload/Pull', { urlpath: path, urlhost: 'buildkit-session' });
  try {
    for await (const message of call.messages) yield decode(BYTES, message).data.slice();
  } finally {
    call.end();
  }
}
