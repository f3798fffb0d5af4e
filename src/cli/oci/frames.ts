// Frames between `tabvisor oci` and a sandbox as streams: questions and answers in JSON, and bytes of standard streams.
import type { Readable, Writable } from 'node:stream';
import { encodeText } from '../../base/text.js';
import { FrameReader, frame, pieces } from '../kernel-frames.js';

/** JSON, and a part of it that is not the last. */
const JSON_END = 32;
const JSON_PART = 33;
const JSON_MAX = 8 << 20;

/** Resolves when there is room for more. */
export async function sendFrame(to: Writable, kind: number, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) to.write(frame(kind));
  for (const piece of pieces(bytes)) {
    if (to.destroyed || to.write(frame(kind, piece))) continue;
    await new Promise((resolve) => {
      to.once('drain', resolve);
      to.once('close', resolve);
    });
  }
}

export async function sendJson(to: Writable, value: unknown): Promise<void> {
  const parts = [...pieces(encodeText(JSON.stringify(value)))];
  const last = parts.pop()!;
  for (const part of parts) await sendFrame(to, JSON_PART, part);
  await sendFrame(to, JSON_END, last);
}

/** A frame of a stream; or a whole JSON. */
export type Frame = { kind: number; bytes: Uint8Array } | { json: unknown };

/** Frames as they come, to the end of the stream; to what is none. */
export async function* framesOf(stream: Readable): AsyncGenerator<Frame> {
  const reader = new FrameReader();
  let json = Buffer.alloc(0);
  for await (const bytes of stream) {
    const found: Frame[] = [];
    const good = reader.read(bytes as Buffer, (kind, payload) => {
      if (kind !== JSON_PART && kind !== JSON_END) return void found.push({ kind, bytes: payload });
      json = Buffer.concat([json, payload]);
      if (kind === JSON_PART) return;
      found.push({ json: JSON.parse(json.toString()) });
      json = Buffer.alloc(0);
    });
    yield* found;
    if (!good || json.length > JSON_MAX) return void stream.destroy();
  }
}
