// Output of a process without a terminal, as clients take it apart: frames of a stream's number and a length. Docker Engine API,
// "Attach to a container", "Stream format".
const HEADER = 8;

export function frameOf(stream: 1 | 2, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER + bytes.length);
  frame[0] = stream;
  new DataView(frame.buffer).setUint32(4, bytes.length);
  frame.set(bytes, HEADER);
  return frame;
}

export const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';
export const RAW = 'application/vnd.docker.raw-stream';

/** Frames taken apart again, however the bytes are cut: a long one comes in pieces. */
export async function* unframed(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ stream: number; bytes: Uint8Array }> {
  const header = new Uint8Array(HEADER);
  let have = 0;
  let left = 0;
  for await (const piece of bytes)
    for (let at = 0; at < piece.length; ) {
      if (left === 0) {
        const part = piece.subarray(at, at + HEADER - have);
        header.set(part, have);
        have += part.length;
        at += part.length;
        if (have < HEADER) continue;
        left = new DataView(header.buffer).getUint32(4);
        have = 0;
        continue;
      }
      const part = piece.subarray(at, at + left);
      left -= part.length;
      at += part.length;
      yield { stream: header[0]!, bytes: part };
    }
}
