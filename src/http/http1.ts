// HTTP/1.1 as a client speaks it on a connection of its own: the head of a request, and an answer with its body, whoever sends it.
// RFC 9112. Who answers is hostile: lines, heads and framing are bounded and checked.

/** Bytes of all lines of a head, or of what comes behind the last chunk. */
const HEAD_MAX = 1 << 16;
/** Answers in front of the one that counts (100, 103). */
const INTERIM_MAX = 16;
/** RFC 9112 7.1.1: extensions of a chunk are in its line. */
const CHUNK_LINE_MAX = 1 << 10;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOTHING = new Uint8Array(0);

/** What came is no answer. */
export class Http1Error extends Error {}

export interface Http1Answer {
  status: number;
  reason: string;
  /** Names in lower case; values of one name that came more than once are joined. */
  headers: ReadonlyMap<string, string>;
  /** Ends where the answer does; throws Http1Error when the connection ends before. */
  body: AsyncGenerator<Uint8Array>;
}

/** Values are what fetch calls header values, the target is of a URL: neither has line ends. */
export function requestHead(method: string, target: string, headers: readonly (readonly [string, string])[]): string {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

class Incoming {
  private rest: Uint8Array = NOTHING;

  constructor(private readonly from: AsyncIterator<Uint8Array>) {}

  /** What is at hand; undefined: there is no more. */
  private async ahead(): Promise<Uint8Array | undefined> {
    while (this.rest.length === 0) {
      const { value, done } = await this.from.next();
      if (done) return undefined;
      this.rest = value;
    }
    return this.rest;
  }

  private take(length: number): Uint8Array {
    const piece = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(piece.length);
    return piece;
  }

  /** Some of the next bytes, at most `most`; undefined: there are no more. */
  async some(most = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
    return (await this.ahead()) && this.take(most);
  }

  /** Without its end, of at most `most` bytes; ISO 8859-1, RFC 9110 5.5. */
  async line(most: number): Promise<string> {
    for (let line = ''; ; ) {
      const ahead = await this.ahead();
      if (!ahead) throw new Http1Error('the connection ended early');
      const at = ahead.indexOf(10);
      const length = at < 0 ? ahead.length : at + 1;
      if (line.length + length > most + 2) throw new Http1Error('a line is too long');
      for (const byte of this.take(length)) line += String.fromCharCode(byte);
      if (at >= 0) return line.replace(/\r?\n$/, '');
    }
  }
}

/** The lines up to an empty one, as headers. */
async function readHeaders(incoming: Incoming): Promise<Map<string, string>> {
  const headers = new Map<string, string>();
  for (let left = HEAD_MAX; ; ) {
    const line = await incoming.line(left);
    if (line === '') return headers;
    left -= line.length + 2;
    if (left <= 0) throw new Http1Error('its head is too long');
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    // a folded line begins with a space, RFC 9112 5.2
    if (!TOKEN.test(name)) throw new Http1Error(`'${line.slice(0, 40)}' is no header`);
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
}

/** `method` is of the request. Rejects with Http1Error. */
export async function readAnswer(from: AsyncIterator<Uint8Array>, method: string): Promise<Http1Answer> {
  const incoming = new Incoming(from);
  for (let i = 0; i < INTERIM_MAX; i++) {
    const line = await incoming.line(HEAD_MAX);
    const match = /^HTTP\/1\.[01] ([1-5]\d\d)(?: (.*))?$/.exec(line);
    if (!match) throw new Http1Error('what answers does not speak HTTP');
    const status = Number(match[1]);
    const headers = await readHeaders(incoming);
    if (status === 101) throw new Http1Error('it wants to leave HTTP');
    if (status < 200) continue;
    return { status, reason: match[2] ?? '', headers, body: bodyOf(incoming, method, status, headers) };
  }
  throw new Http1Error('it does not come to its answer');
}

/** RFC 9112 6.3. */
function bodyOf(
  incoming: Incoming,
  method: string,
  status: number,
  headers: ReadonlyMap<string, string>,
): AsyncGenerator<Uint8Array> {
  if (method === 'HEAD' || status === 204 || status === 304) return exactly(incoming, 0);
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw new Http1Error(`transfer coding '${coding.slice(0, 40)}' is unknown`);
    return chunks(incoming);
  }
  const length = headers.get('content-length');
  if (length === undefined) return untilClosed(incoming);
  // the same one twice is one, RFC 9110 8.6
  const [one, ...others] = length.split(',').map((text) => text.trim());
  if (!/^\d{1,15}$/.test(one!) || others.some((other) => other !== one)) throw new Http1Error('its length is none');
  return exactly(incoming, Number(one));
}

async function* untilClosed(incoming: Incoming): AsyncGenerator<Uint8Array> {
  for (let piece = await incoming.some(); piece; piece = await incoming.some()) yield piece;
}

async function* exactly(incoming: Incoming, length: number): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0; ) {
    const piece = await incoming.some(left);
    if (!piece) throw new Http1Error('the connection ended early');
    left -= piece.length;
    yield piece;
  }
}

/** RFC 9112 7.1. */
async function* chunks(incoming: Incoming): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = /^([0-9A-Fa-f]{1,12})[ \t]*(;.*)?$/.exec(await incoming.line(CHUNK_LINE_MAX));
    if (!size) throw new Http1Error('a chunk has no size');
    const length = Number.parseInt(size[1]!, 16);
    if (length === 0) break;
    yield* exactly(incoming, length);
    if ((await incoming.line(2)) !== '') throw new Http1Error('a chunk is longer than it says');
  }
  await readHeaders(incoming);
}
