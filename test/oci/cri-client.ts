// As much of Kubernetes' Container Runtime Interface as a kubelet says to run a pod: gRPC over HTTP/2, protocol buffers written by hand.
// k8s.io/cri-api, pkg/apis/runtime/v1/api.proto; grpc.io, PROTOCOL-HTTP2; protobuf.dev, "Encoding".
import { type ClientHttp2Session, connect } from 'node:http2';
import { createConnection } from 'node:net';

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left % 128) + (left >= 128 ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from(bytes);
}

export const integer = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);
export function message(field: number, ...parts: Buffer[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}
export const text = (field: number, value: string): Buffer => message(field, Buffer.from(value));

/** The fields of a message, each the last of its number. */
export type Fields = Map<number, number | Buffer>;

export function fieldsOf(bytes: Buffer): Fields {
  const found: Fields = new Map();
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = next();
    const kind = key & 7;
    if (kind === 0) found.set(key >> 3, next());
    else if (kind === 2) {
      const length = next();
      found.set(key >> 3, bytes.subarray(at, at + length));
      at += length;
    } else at += kind === 1 ? 8 : 4;
  }
  return found;
}

export class CriClient {
  private readonly session: ClientHttp2Session;

  constructor(socket: string) {
    this.session = connect('http://localhost', { createConnection: () => createConnection(socket) });
  }

  /** Rejects with what the service has said. */
  call(method: string, ...parts: Buffer[]): Promise<Fields> {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 1);
    const path = `/runtime.v1.RuntimeService/${method}`;
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    return new Promise((resolve, reject) => {
      const stream = this.session.request(headers);
      const pieces: Buffer[] = [];
      let failed: string | undefined;
      const judge = (said: Record<string, unknown>): void => {
        const status = said['grpc-status'];
        if (status !== undefined && status !== '0') failed = decodeURIComponent(String(said['grpc-message']));
      };
      stream.on('response', judge);
      stream.on('trailers', judge);
      stream.on('data', (bytes: Buffer) => pieces.push(bytes));
      stream.on('error', reject);
      stream.on('end', () => {
        if (failed !== undefined) reject(new Error(`${method}: ${failed}`));
        else resolve(fieldsOf(Buffer.concat(pieces).subarray(5)));
      });
      stream.end(Buffer.concat([head, body]));
    });
  }

  close(): void {
    this.session.close();
  }
}
