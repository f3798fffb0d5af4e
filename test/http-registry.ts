// The registry of tests on a port of loopback: what it answers, and how slowly or how far, is the test's to say.
// RFC 9112; OCI distribution-spec.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeRegistry } from './fake-registry.js';

export class HttpRegistry {
  readonly registry = new FakeRegistry();
  /** Says how a body goes out: all at once, unless a test does it. */
  deliver: (path: string, response: ServerResponse, body: Uint8Array) => void = (_path, response, body) =>
    void response.end(body);
  /** `METHOD path`, in their order. */
  readonly asked: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  private readonly server = createServer((request, response) => void this.answer(request, response));

  static async start(): Promise<HttpRegistry> {
    const one = new HttpRegistry();
    one.server.listen(0, '127.0.0.1');
    await once(one.server, 'listening');
    (one.registry as { origin: string }).origin = `http://${one.host}`;
    return one;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How often something was asked for. */
  count(what: RegExp): number {
    return this.asked.filter((line) => what.test(line)).length;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    this.asked.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const headers: Record<string, string> = {};
    for (const [name, as] of [
      ['content-type', 'Content-Type'],
      ['range', 'Range'],
      ['authorization', 'Authorization'],
    ] as const)
      if (request.headers[name] !== undefined) headers[as] = request.headers[name];
    const answered = await this.registry.send({
      method: request.method as 'GET',
      url: `http://${this.host}${request.url}`,
      headers,
      body: new Uint8Array(Buffer.concat(pieces)),
    });
    const body: Uint8Array[] = [];
    for await (const piece of answered.body) body.push(piece);
    const bytes = new Uint8Array(Buffer.concat(body));
    response.statusCode = answered.status;
    for (const name of ['content-type', 'docker-content-digest', 'content-range', 'location', 'www-authenticate'])
      if (answered.header(name) !== undefined) response.setHeader(name, answered.header(name)!);
    if (request.method !== 'HEAD') response.setHeader('Content-Length', bytes.length);
    if (request.method === 'HEAD') response.end();
    else this.deliver(request.url!, response, bytes);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }
}
