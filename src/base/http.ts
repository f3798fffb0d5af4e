// Requests to servers of the web, one at a time: no redirect is followed, nothing is uncompressed, nothing is kept.
// RFC 9110. Node's is src/hosts/node/http-client.ts, a browser's is fetch, which follows redirects by itself.

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Readonly<Record<string, string>>;
  /** A stream needs a Content-Length among the headers. */
  body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface HttpResponse {
  status: number;
  /** Of several with one name: all, with ', ' between them. `name` is in lower case. */
  header(name: string): string | undefined;
  /** Read to its end, or left by `cancel`. Rejects with HttpError when the connection breaks. */
  body: AsyncIterable<Uint8Array>;
  cancel(): void;
}

export interface HttpClient {
  /** Resolves with the answer's head; rejects with HttpError when there is none. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** No answer, or not all of it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    what: string,
    /** The other side does not speak TLS. */
    readonly notTls: boolean,
    options?: { cause?: unknown; lasting?: boolean },
  ) {
    super(what, options);
    this.lasting = options?.lasting ?? false;
  }

  /** Trying again helps nothing; the message says what does. */
  readonly lasting: boolean;
}
