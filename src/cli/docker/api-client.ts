// Requests to an engine, and its answers: JSON, lines of JSON, errors in its words. Docker Engine API.
import { TextStream } from '../../base/text.js';
import { type Channel, type Connection, isConnection, type Request, type Response } from './channel.js';
import { Refused } from './complaint.js';

/** Bytes of an answer that is read whole. */
const ANSWER_MAX = 256 << 20;
/** Of one line. */
const LINE_MAX = 16 << 20;
/** What this client speaks. */
export const CLIENT_API = '1.51';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
/** What an engine answers: its description says what is in it. */
// biome-ignore lint/suspicious/noExplicitAny: members are read, and printed as they are
export type Json = any;

/** What is undefined, empty or false stays out. */
export function withQuery(path: string, query: Query = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== '' && one !== false)
        parts.push(`${name}=${encodeURIComponent(one === true ? '1' : String(one))}`);
  return parts.length === 0 ? path : `${path}?${parts.sort().join('&')}`;
}

export const part = encodeURIComponent;
/** Of an image: slashes stay. */
export const imagePart = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

async function textOf(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    length += piece.length;
    if (length > ANSWER_MAX) throw new Refused(response.status, 'the answer is too long');
  }
  const all = new TextStream();
  return pieces.map((piece) => all.take(piece)).join('') + all.end();
}

async function refusal(response: Response): Promise<Refused> {
  const text = (await textOf(response)).trim();
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // not the engine's own answer
  }
  return new Refused(response.status, message || `status ${response.status}`);
}

export class ApiClient {
  constructor(readonly channel: Channel) {}

  /** Rejects with Refused for a status of failure. */
  async send(method: string, path: string, query?: Query, more: Partial<Request> = {}): Promise<Response> {
    const response = await this.channel.send({ method, target: `/v${CLIENT_API}${withQuery(path, query)}`, ...more });
    if (response.status >= 400) throw await refusal(response);
    return response;
  }

  async get(path: string, query?: Query): Promise<Json> {
    return JSON.parse(await textOf(await this.send('GET', path, query)));
  }

  /** The answer's JSON; undefined when there is none. */
  async post(path: string, query?: Query, body?: unknown): Promise<Json> {
    return this.call('POST', path, query, body);
  }

  async delete(path: string, query?: Query): Promise<Json> {
    return this.call('DELETE', path, query);
  }

  private async call(method: string, path: string, query?: Query, body?: unknown): Promise<Json> {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    const text = await textOf(await this.send(method, path, query, sent));
    return text.trim() === '' ? undefined : JSON.parse(text);
  }

  async hijack(path: string, query?: Query, body?: unknown): Promise<Connection> {
    const answer = await this.channel.hijack({
      method: 'POST',
      target: `/v${CLIENT_API}${withQuery(path, query)}`,
      headers: { 'Content-Type': body === undefined ? 'text/plain' : 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!isConnection(answer)) throw await refusal(answer);
    return answer;
  }
}

/** A stream of JSON values, one on a line. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Json> {
  for await (const line of textLines(body)) yield JSON.parse(line);
}

/** Without those that are empty. */
export async function* textLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    rest += decoder.decode(piece, { stream: true });
    if (rest.length > LINE_MAX) throw new Refused(200, 'a line of the answer is too long');
    const lines = rest.split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}

/** Docker's filters: `name=value`, to a map of sets. */
export function filtersOf(
  given: readonly string[],
  more: Readonly<Record<string, readonly string[]>> = {},
): string | undefined {
  const map: Record<string, Record<string, true>> = {};
  const add = (name: string, value: string): void => {
    map[name] ??= {};
    map[name][value] = true;
  };
  for (const one of given) {
    const at = one.indexOf('=');
    if (at >= 0) add(one.slice(0, at).trim().toLowerCase(), one.slice(at + 1).trim());
  }
  for (const [name, values] of Object.entries(more)) for (const value of values) add(name, value);
  return Object.keys(map).length === 0 ? undefined : JSON.stringify(map);
}
