// The way to an engine: requests with bodies by pieces, and connections that leave HTTP. One is a socket, another one this process itself.
// Docker Engine API; RFC 9110.

export interface Request {
  method: string;
  /** With the query. */
  target: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | AsyncIterable<Uint8Array>;
}

export interface Response {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: AsyncIterable<Uint8Array>;
  /** Nobody reads any more. */
  cancel(): void;
}

/** A connection of raw bytes. */
export interface Connection {
  readonly headers: ReadonlyMap<string, string>;
  readonly incoming: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<boolean>;
  /** Nothing more goes out. */
  end(): void;
  close(): void;
}

export interface Channel {
  /** For people. */
  readonly name: string;
  send(request: Request): Promise<Response>;
  /** A response: it was refused. */
  hijack(request: Request): Promise<Connection | Response>;
  close(): Promise<void>;
}

export const isConnection = (answer: Connection | Response): answer is Connection => 'incoming' in answer;
