// What passes between `tabvisor oci` and a sandbox: frames of a kind, a length and bytes, over a Unix-domain socket or a pipe.
// Ours. Whoever sends more than a frame may have is gone.
import type { Duplex, Readable, Writable } from 'node:stream';

/** A question or an answer (JSON), bytes of standard streams, the end of input, the size of a window. */
export const FRAME = { json: 0, input: 1, output: 2, error: 3, inputEnd: 4 } as const;
const HEADER = 5;
const LENGTH_MAX = 1 << 20;

/** Resolves when there is room for more. */
export function sendFrame(to: Writable, kind: number, bytes: Uint8Array): Promise<void> {
  const header = Buffer.alloc(HEADER);
  header[0] = kind;
  header.writeUInt32LE(bytes.length, 1);
  to.write(header);
  if (to.write(bytes) || to.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    to.once('drain', resolve);
    to.once('close', resolve);
  });
}

export const sendJson = (to: Writable, value: unknown): Promise<void> =>
  sendFrame(to, FRAME.json, Buffer.from(JSON.stringify(value)));

export interface Frame {
  kind: number;
  bytes: Buffer;
}

/** Frames as they come, to the end of the stream. */
export async function* framesOf(stream: Readable | Duplex): AsyncGenerator<Frame> {
  let rest = Buffer.alloc(0);
  for await (const bytes of stream) {
    rest = Buffer.concat([rest, bytes as Buffer]);
    while (rest.length >= HEADER) {
      const length = rest.readUInt32LE(1);
      if (length > LENGTH_MAX) {
        stream.destroy();
        return;
      }
      if (rest.length < HEADER + length) break;
      yield { kind: rest[0]!, bytes: rest.subarray(HEADER, HEADER + length) };
      rest = rest.subarray(HEADER + length);
    }
  }
}
