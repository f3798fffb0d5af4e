// Frames on a stream of bytes: each behind its length, as a big-endian u32.
// Source: QEMU's -netdev stream (net/net.c, net_fill_rstate), so that QEMU's machines can be at the other end.
import { ETHERNET_HEADER, FRAME_MAX, type FrameSink } from './ethernet.js';

const PREFIX = 4;

/** Whether a stream may carry a frame of so many bytes. */
export const isFrameLength = (length: number): boolean => length >= ETHERNET_HEADER && length <= FRAME_MAX;

/** What goes in front of a frame of `length` bytes. */
export function framePrefix(length: number): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);
}

/** Takes a stream apart, wherever it is cut. Holds one frame at most, whatever the stream says. */
export class FrameReader {
  private readonly prefix = new Uint8Array(PREFIX);
  private prefixed = 0;
  private frame: Uint8Array | undefined;
  private filled = 0;
  /** Whole frames so far. */
  frames = 0;

  /** In the middle of a frame or of its length. */
  get isPending(): boolean {
    return this.prefixed > 0;
  }

  /**
   * Hands each frame that is whole to `take`. Returns a length that no frame has, when the stream says one: where the next
   * frame begins is unknown then, and the stream of no use.
   */
  read(bytes: Uint8Array, take: FrameSink): number | undefined {
    for (let at = 0; at < bytes.length; ) {
      if (!this.frame) {
        this.prefix[this.prefixed++] = bytes[at++];
        if (this.prefixed < PREFIX) continue;
        const [a, b, c, d] = this.prefix;
        const length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
        if (!isFrameLength(length)) return length;
        this.frame = new Uint8Array(length);
        this.filled = 0;
      }
      const part = bytes.subarray(at, at + this.frame.length - this.filled);
      this.frame.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled < this.frame.length) break;
      const whole = this.frame;
      this.frame = undefined;
      this.prefixed = 0;
      this.frames++;
      take(whole);
    }
    return undefined;
  }
}
