// An engine behind a unix socket, TCP or TLS. Docker's DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Duplex } from 'node:stream';
import { messageOf } from '../../../base/errors.js';
import type { Channel, Connection, Request, Response } from '../channel.js';
import { Complaint } from '../complaint.js';

export interface TlsFiles {
  verify: boolean;
  ca?: string;
  cert?: string;
  key?: string;
}

/** Where the engine listens, in Node's words. Throws Complaint. */
async function placeOf(host: string, tls: TlsFiles | undefined): Promise<http.RequestOptions & { agent: http.Agent }> {
  const unix = /^unix:\/\/(.+)$/.exec(host);
  if (unix)
    return { socketPath: unix[1]!, agent: new http.Agent({ keepAlive: true, maxFreeSockets: 1 }), host: 'docker' };
  const tcp = /^(?:tcp|https?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d{1,5}))?\/?$/.exec(host);
  if (!tcp) throw new Complaint(`unable to parse docker host "${host}"`);
  const address = { host: tcp[1]!.replace(/^\[|\]$/g, ''), port: Number(tcp[2] ?? (tls ? 2376 : 2375)) };
  if (!tls) return { ...address, agent: new http.Agent({ keepAlive: true, maxFreeSockets: 1 }) };
  const folder = process.env.DOCKER_CERT_PATH || process.env.DOCKER_CONFIG || join(homedir(), '.docker');
  const read = (given: string | undefined, usual: string, needed: boolean): Buffer | undefined => {
    const path = given ?? join(folder, usual);
    try {
      return readFileSync(path);
    } catch (error) {
      if (given === undefined && !needed) return undefined;
      throw new Complaint(`Failed to initialize: unable to resolve docker endpoint: open ${path}: ${messageOf(error)}`);
    }
  };
  const { Agent } = await import('node:https');
  const agent = new Agent({
    ...{ keepAlive: true, maxFreeSockets: 1, rejectUnauthorized: tls.verify },
    ...{
      ca: read(tls.ca, 'ca.pem', tls.verify),
      cert: read(tls.cert, 'cert.pem', false),
      key: read(tls.key, 'key.pem', false),
    },
  });
  return { ...address, agent };
}

const headersOf = (message: http.IncomingMessage): Map<string, string> =>
  new Map(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );

/** Rejects with Complaint when it ends in its midst. */
async function* wholeOf(message: http.IncomingMessage, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield* message;
  } catch {
    throw new Complaint(
      `error during connect: ${host}: unexpected EOF: the engine has ended, or dropped us\n'tabvisor daemon --host ${host}' starts it again: what it keeps is there, and its restart policies hold.`,
    );
  }
}

export async function socketChannel(host: string, tls?: TlsFiles): Promise<Channel> {
  const place = await placeOf(host, tls);
  const { request } = tls && !host.startsWith('unix:') ? await import('node:https') : http;
  const unreachable = (error: unknown): Complaint => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      return new Complaint(
        `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?\n'tabvisor daemon --host ${host}' starts one; without --host and DOCKER_HOST a command needs none.`,
      );
    return new Complaint(`error during connect: ${host}: ${messageOf(error)}`);
  };
  const begin = ({ method, target, headers, body }: Request, more: Record<string, string> = {}) => {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body === undefined ? 0 : undefined;
    const all = {
      'User-Agent': 'tabvisor',
      ...(length !== undefined && method !== 'GET' && method !== 'HEAD' && { 'Content-Length': String(length) }),
      ...headers,
      ...more,
    };
    return request({ ...place, method, path: target, headers: all });
  };
  const finish = (asked: http.ClientRequest, body: Request['body']): void => {
    if (body === undefined || typeof body === 'string') {
      asked.end(body);
      return;
    }
    const source = Readable.from(body, { objectMode: false });
    source.on('error', (error) => asked.destroy(error));
    source.pipe(asked);
  };
  const responseOf = (message: http.IncomingMessage): Response => ({
    status: message.statusCode ?? 0,
    headers: headersOf(message),
    body: wholeOf(message, host),
    cancel: () => void message.destroy(),
  });
  return {
    name: host,
    send: (given) =>
      new Promise((resolve, reject) => {
        const asked = begin(given);
        asked.on('error', (error) => reject(error instanceof Complaint ? error : unreachable(error)));
        asked.on('response', (message) => resolve(responseOf(message)));
        finish(asked, given.body);
      }),
    hijack: (given) =>
      new Promise((resolve, reject) => {
        const asked = begin(given, { Connection: 'Upgrade', Upgrade: 'tcp' });
        asked.on('error', (error) => reject(unreachable(error)));
        asked.on('response', (message) => resolve(responseOf(message)));
        asked.on('upgrade', (message, socket, head) => {
          if (head.length > 0) socket.unshift(head);
          resolve(connectionOf(message, socket));
        });
        finish(asked, given.body);
      }),
    async close() {
      place.agent.destroy();
    },
  };
}

function connectionOf(message: http.IncomingMessage, socket: Duplex): Connection {
  socket.on('error', () => {});
  return {
    headers: headersOf(message),
    incoming: socket.iterator({ destroyOnReturn: false }),
    write(bytes) {
      if (socket.destroyed || socket.writableEnded) return Promise.resolve(false);
      return new Promise((resolve) => void socket.write(bytes, (error) => resolve(!error)));
    },
    end: () => void socket.end(),
    close: () => void socket.destroy(),
  };
}
