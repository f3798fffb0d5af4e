// The way of a command to the engine in the tab: HTTP by messages. Contract: src/cli/docker/channel.ts.
import type { Channel, Connection, Request, Response } from '../../src/cli/docker/channel.js';
import { Complaint } from '../../src/cli/docker/complaint.js';
import type { CarriedClient } from '../../src/http/carried-client.js';

const lowered = (headers: Record<string, string>): Map<string, string> =>
  new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

async function blobOf(pieces: AsyncIterable<Uint8Array>): Promise<Blob> {
  const all: BlobPart[] = [];
  for await (const piece of pieces) all.push(piece as Uint8Array<ArrayBuffer>);
  return new Blob(all);
}

/** Of one command: what it has asked ends with it. */
export class CarriedChannel implements Channel {
  readonly name = 'the engine in this tab';
  private readonly open = new Set<() => void>();
  private closed = false;

  constructor(private readonly client: CarriedClient) {}

  async send(request: Request): Promise<Response> {
    const { status, headers, body, cancel } = await this.ask(request, {});
    return { status, headers: lowered(headers), body, cancel };
  }

  async hijack(request: Request): Promise<Connection | Response> {
    const answer = await this.ask(request, { connection: 'Upgrade', upgrade: 'tcp' });
    const headers = lowered(answer.headers);
    if (answer.connection) return { ...answer.connection, headers };
    return { status: answer.status, headers, body: answer.body, cancel: answer.cancel };
  }

  private async ask({ method, target, headers = {}, body }: Request, more: Record<string, string>) {
    const given = typeof body === 'string' || body === undefined ? body : await blobOf(body);
    if (this.closed) throw new Complaint('interrupted', 130);
    const answer = await this.client.send({
      ...{ method, target, headers: { ...Object.fromEntries(lowered({ ...headers })), ...more } },
      ...(given !== undefined && { body: typeof given === 'string' ? { text: given } : { blob: given } }),
    });
    if (this.closed) answer.cancel();
    else this.open.add(answer.cancel);
    return answer;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const cancel of this.open) cancel();
    this.open.clear();
  }
}
