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
