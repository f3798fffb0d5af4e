// HTTP/2 on a connection that has left HTTP/1.1, from either end of it, whoever carries it. RFC 9113. Ours.
import type { ByteStream, ByteWriter } from './message.js';

/** Names are in lower case; one that stands there more than once has several values. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A request as it has come, which is to be answered. */
export interface ServedStream extends ByteWriter {
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly incoming: AsyncIterable<Uint8Array>;
  /** What the answer begins with: to be called once, before anything is written. */
  respond(headers: Headers): void;
  /** Ends the answer. */
  end(trailers: Headers): void;
}

/** A request of our own. */
export interface AskedStream extends ByteWriter {
  /** Rejects when the connection breaks or the other side resets the stream. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Nothing more goes out. */
  end(): void;
  /** What the answer ended with, or what it was alone: when `incoming` has ended. */
  readonly trailers: ReadonlyMap<string, string>;
  cancel(): void;
}

export interface Http2Client {
  request(path: string, headers: Headers): AskedStream;
  readonly closed: boolean;
  onClose(action: () => void): void;
  close(): void;
}

export interface Http2 {
  /** Answers requests until the connection ends, which is when this resolves. */
  serve(stream: ByteStream, handler: (request: ServedStream) => Promise<void>): Promise<void>;
  connect(stream: ByteStream): Http2Client;
}
