// Requests and answers of HTTP, whoever carries them: a socket's server in Node, a call within a page. RFC 9110; RFC 9112 9.6 (upgrades).
// Ours. Bodies go by pieces, with the pressure of who takes them.

/** Where bytes go. */
export interface ByteWriter {
  /** Resolves when there is room for more; false: nobody takes any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  readonly closed: boolean;
  /** Calls `action` when nobody takes any more, at once when it is so already. */
  onClose(action: () => void): void;
}

/** Both directions of a connection that has left HTTP. Either may end before the other. */
export interface ByteStream extends ByteWriter {
  /** The other side's bytes, up to its end. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Nothing more goes out. */
  end(): void;
}

export interface HttpRequest {
  readonly method: string;
  /** Without the query, decoded part by part by the router. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  /** All values of names that stand in the query more than once. */
  readonly queryAll: readonly (readonly [name: string, value: string])[];
  /** Names are in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncIterable<Uint8Array>;
  /** To be told how much of the body is kept in memory: of clients who send slowly not all can be borne with. */
  readonly keeps?: (bytes: number) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A function writes as it goes; the headers go out before it is called. */
  readonly body?: string | Uint8Array | ((out: ByteWriter) => Promise<void>);
}

/** The connection leaves HTTP: 101 for who has asked for it by `Upgrade`, else 200 and the bytes behind it. */
export interface HttpUpgrade {
  readonly headers?: Readonly<Record<string, string>>;
  upgraded(stream: ByteStream): Promise<void>;
}

export type Reply = HttpAnswer | HttpUpgrade;
export type Handler = (request: HttpRequest) => Promise<Reply>;

export const isUpgrade = (reply: Reply): reply is HttpUpgrade => 'upgraded' in reply;

const pieces = (text: string): [string, string] => {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

/** A part of a URL; undefined: its escapes are none. */
export function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Path and query of a request's target, which may be a whole URL: RFC 9112 3.2.2. */
export function parseTarget(asked: string): Pick<HttpRequest, 'path' | 'query' | 'queryAll'> {
  const target = asked.replace(/^https?:\/\/[^/?]*/i, '');
  const [path, text] = target.includes('?')
    ? [target.slice(0, target.indexOf('?')), target.slice(target.indexOf('?') + 1)]
    : [target, ''];
  const queryAll = text
    .split('&')
    .filter(Boolean)
    .map(pieces)
    .map(([name, value]): [string, string] => [
      decodePart(name.replaceAll('+', ' ')) ?? name,
      decodePart(value.replaceAll('+', ' ')) ?? value,
    ]);
  return { path, query: new Map(queryAll), queryAll };
}
