// What passes between a program on somebody else's node and whoever has started it: frames on a Unix-domain socket, each a length (u32,
// big-endian), a kind and its bytes. Both ends take the other one for hostile.

/** From whoever has started it. */
export const INPUT = 0;
export const INPUT_END = 1;
/** Rows and columns, u16 each. */
export const WINDOW_SIZE = 2;
/** One byte. */
export const SIGNAL = 3;
/** From the node. The program runs. */
export const STARTED = 16;
/** So many bytes of input have been taken, u32. */
export const TAKEN = 17;
export const OUTPUT = 18;
export const ERRORS = 19;
/** One byte, the last. */
export const STATUS = 20;
/** JSON of a Refusal, the last. */
export const REFUSED = 21;

export interface Refusal {
  message: string;
  advice?: string;
  status?: number;
}

/** Bytes of input that may be under way: who sends more is gone. */
export const INPUT_WINDOW = 65536;
/** Bytes of a frame. */
const FRAME_MAX = 65536;
const HEADER = 5;

export function frame(kind: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes[4] = kind;
  bytes.set(payload, HEADER);
  return bytes;
}

export const numberFrame = (kind: number, ...values: number[]): Uint8Array => {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return frame(kind, bytes);
};

/** The numbers of a numberFrame(); fewer when it has not so many. */
export function numbersIn(payload: Uint8Array): number[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return Array.from({ length: payload.length >> 2 }, (_, i) => view.getUint32(4 * i));
}

/** `bytes` in pieces that a frame has room for. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += FRAME_MAX) yield bytes.subarray(at, at + FRAME_MAX);
}

/** Takes a stream apart, wherever it is cut; holds one frame at most. */
export class FrameReader {
  private held = Buffer.alloc(0);

  /** Hands each whole frame to `take`. False: the stream is none of frames. */
  read(bytes: Uint8Array, take: (kind: number, payload: Uint8Array) => void): boolean {
    this.held = Buffer.concat([this.held, bytes]);
    while (this.held.length >= HEADER) {
      const length = this.held.readUInt32BE(0);
      if (length > FRAME_MAX) return false;
      if (this.held.length < HEADER + length) break;
      const payload = this.held.subarray(HEADER, HEADER + length);
      const kind = this.held[4]!;
      this.held = this.held.subarray(HEADER + length);
      take(kind, payload);
    }
    return true;
  }
}
