// gRPC over HTTP/2: messages with their lengths before them, and a status behind them. grpc.github.io/grpc/core/md_doc__p_r_o_t_o_c_o_l-_h_t_t_p2.html.
// Hostile: a message has a size that it may not pass; compressed ones were never agreed on.
import { toBase64 } from '../base/base64.js';
import { viewOf } from '../base/bytes.js';
import { Gathered } from '../base/gathered.js';
import { decodeText, encodeText } from '../base/text.js';
import type { Headers, Http2Client, ServedStream } from './http2.js';

/** Status codes of gRPC. */
export const CANCELLED = 1;
export const UNKNOWN = 2;
export const INVALID_ARGUMENT = 3;
export const NOT_FOUND = 5;
export const UNIMPLEMENTED = 12;
export const UNAVAILABLE = 14;

const MESSAGE_MAX = 16 << 20;
const PREFIX = 5;
const STATUS = 'grpc-status';
const MESSAGE = 'grpc-message';
const CONTENT = { 'content-type': 'application/grpc' };

export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    /** A google.rpc.Status. */
    readonly details?: Uint8Array,
  ) {
    super(message);
  }
}

export function frame(message: Uint8Array): Uint8Array {
  const all = new Uint8Array(PREFIX + message.length);
  new DataView(all.buffer).setUint32(1, message.length);
  all.set(message, PREFIX);
  return all;
}

/** Rejects with RpcError. */
export async function* messagesIn(incoming: AsyncIterable<Uint8Array>, most = MESSAGE_MAX): AsyncGenerator<Uint8Array> {
  const held = new Gathered();
  for await (const piece of incoming) {
    held.add(piece);
    let at = 0;
    while (held.length - at >= PREFIX) {
      const head = held.bytes.subarray(at, at + PREFIX);
      const length = viewOf(head).getUint32(1);
      if (head[0] !== 0) throw new RpcError(UNIMPLEMENTED, 'a message is compressed, which was not agreed on');
      if (length > most) throw new RpcError(INVALID_ARGUMENT, `a message is longer than ${most} bytes`);
      if (held.length - at < PREFIX + length) break;
      // whose it is may keep it: what comes is gathered in the same place
      yield held.bytes.slice(at + PREFIX, at + PREFIX + length);
      at += PREFIX + length;
    }
    held.drop(at);
  }
  if (held.length > 0) throw new RpcError(INVALID_ARGUMENT, 'the last message has no end');
}

/** A call as it is answered. */
export interface ServedCall {
  readonly headers: ReadonlyMap<string, string>;
  /** What the caller sends, message by message. */
  readonly messages: AsyncGenerator<Uint8Array>;
  send(message: Uint8Array): Promise<boolean>;
  /** Headers of the answer besides: before the first message. */
  begin(headers?: Headers): void;
  onCancel(action: () => void): void;
}

export type Method = (call: ServedCall) => Promise<void>;

/** Answers a call by the method of its path. `failed` makes an RpcError of what a method throws. */
export async function serveCall(
  stream: ServedStream,
  methods: ReadonlyMap<string, Method>,
  failed: (error: unknown) => RpcError,
): Promise<void> {
  let begun = false;
  let done = false;
  const begin = (headers: Headers = {}): void => {
    if (!begun) stream.respond({ ...CONTENT, ...headers });
    begun = true;
  };
  const call: ServedCall = {
    headers: stream.headers,
    messages: messagesIn(stream.incoming),
    begin,
    send(message) {
      begin();
      return stream.write(frame(message));
    },
    onCancel: (action) => stream.onClose(() => done || action()),
  };
  let status: Record<string, string> = { [STATUS]: '0' };
  try {
    const method = methods.get(stream.path);
    if (!method) throw new RpcError(UNIMPLEMENTED, `unknown method ${stream.path}`);
    await method(call);
  } catch (error) {
    status = statusOf(failed(error));
  }
  done = true;
  begin();
  stream.end(status);
}

function statusOf({ code, message, details }: RpcError): Record<string, string> {
  return {
    [STATUS]: String(code),
    [MESSAGE]: percent(message),
    ...(details && { 'grpc-status-details-bin': toBase64(details).replace(/=+$/, '') }),
  };
}

const percent = (text: string): string =>
  Array.from(encodeText(text), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');

function unpercent(text: string): string {
  const bytes = Uint8Array.from(
    [...text.matchAll(/%([0-9A-Fa-f]{2})|([\s\S])/g)].map(([, hex, letter]) =>
      hex === undefined ? letter!.charCodeAt(0) & 0xff : Number.parseInt(hex, 16),
    ),
  );
  return decodeText(bytes) ?? text;
}

/** A call of our own. */
export interface AskedCall {
  readonly messages: AsyncGenerator<Uint8Array>;
  send(message: Uint8Array): Promise<boolean>;
  end(): void;
  cancel(): void;
}

/** Its messages end with RpcError where the status is not that all is well. */
export function ask(client: Http2Client, path: string, headers: Headers = {}): AskedCall {
  if (client.closed) throw new RpcError(UNAVAILABLE, 'the client has gone');
  const stream = client.request(path, { ...CONTENT, te: 'trailers', ...headers });
  return {
    messages: (async function* () {
      yield* messagesIn(stream.incoming);
      const code = Number(stream.trailers.get(STATUS) ?? UNKNOWN);
      if (code !== 0) throw new RpcError(code, unpercent(stream.trailers.get(MESSAGE) ?? `${path}: no status`));
    })(),
    send: (message) => stream.write(frame(message)),
    end: () => stream.end(),
    cancel: () => stream.cancel(),
  };
}

/** A call of one message each way. Rejects with RpcError. */
export async function askOnce(client: Http2Client, path: string, message: Uint8Array): Promise<Uint8Array> {
  const call = ask(client, path);
  await call.send(message);
  call.end();
  let answer: Uint8Array | undefined;
  for await (const one of call.messages) answer ??= one;
  if (!answer) throw new RpcError(UNKNOWN, `${path}: no answer`);
  return answer;
}
