// The receiving half of a TCP connection: puts segments in order, says how much more may come.
// Source: RFC 9293 section 3.10.7.4 (acceptability, trimming), 3.8.6.2.2 (silly window).
import { advance, distance } from './segment.js';

/** Bytes of a window when nobody says how many. */
export const RECEIVE_WINDOW = 256 * 1024;
/** The window goes out in units of 8 bytes, so that half a mebibyte fits the header's 16 bits. */
export const RECEIVE_SCALE = 3;
const WINDOW_MAX = 0xffff << RECEIVE_SCALE;
const SEGMENTS_MAX = 256;

export class Receiver {
  /** The next sequence number in order. */
  next: number;
  /** The other side has ended its stream, and all of it is here. */
  ended = false;
  /** Bytes that have been taken off the wire and wait on our side; they narrow the window. */
  held = 0;
  private early: { sequence: number; data: Uint8Array; fin: boolean }[] = [];
  private advertised: number | undefined;

  constructor(
    initial: number,
    private size = RECEIVE_WINDOW,
  ) {
    this.next = initial;
    this.size = Math.min(size, WINDOW_MAX);
  }

  /** The window's size from now on. What was told of it is kept: its right edge does not move left. */
  resize(size: number): void {
    this.size = Math.min(size, WINDOW_MAX);
  }

  /** What may come behind `next`. The right edge never moves left. */
  get window(): number {
    return Math.max(0, this.size - this.held, this.advertised === undefined ? 0 : distance(this.advertised, this.next));
  }

  /** The window as a header field; notes that it was told. */
  tell(): number {
    this.advertised = advance(this.next, this.window);
    return Math.min(0xffff, this.window >> RECEIVE_SCALE);
  }

  /** The window has grown by so much since it was last told that the sender should hear of it. */
  get worthTelling(): boolean {
    return distance(advance(this.next, this.window), this.advertised ?? this.next) >= this.size / 4;
  }

  /** Whether any of a segment's `length` sequence numbers lies in the window. */
  accepts(sequence: number, length: number): boolean {
    const from = distance(sequence, this.next);
    if (length === 0) return from >= 0 && from <= this.window;
    return from < this.window && from + length > 0;
  }

  /** The bytes that are in order now. `data` is kept when it came early. */
  take(sequence: number, data: Uint8Array, fin: boolean): Uint8Array[] {
    const inOrder: Uint8Array[] = [];
    if (!this.append(sequence, data, fin, inOrder)) {
      this.keep(sequence, data, fin);
      return inOrder;
    }
    for (let found = true; found; ) {
      found = false;
      for (const [i, one] of this.early.entries()) {
        if (distance(one.sequence, this.next) > 0) break;
        this.early.splice(i, 1);
        this.append(one.sequence, one.data, one.fin, inOrder);
        found = true;
        break;
      }
    }
    return inOrder;
  }

  /** False: there is a hole in front. */
  private append(sequence: number, data: Uint8Array, fin: boolean, inOrder: Uint8Array[]): boolean {
    const skip = -distance(sequence, this.next);
    if (skip < 0) return false;
    if (this.ended || skip > data.length) return true;
    const fresh = data.subarray(skip, skip + this.window);
    const whole = skip + fresh.length === data.length;
    if (fresh.length > 0) inOrder.push(fresh);
    this.held += fresh.length;
    this.next = advance(this.next, fresh.length);
    if (fin && whole) {
      this.ended = true;
      this.next = advance(this.next, 1);
    }
    return true;
  }

  private keep(sequence: number, data: Uint8Array, fin: boolean): void {
    if (this.early.length >= SEGMENTS_MAX || distance(sequence, this.next) + data.length > this.window) return;
    const at = this.early.findIndex((one) => distance(one.sequence, sequence) >= 0);
    if (at >= 0 && this.early[at].sequence === sequence && this.early[at].data.length >= data.length) return;
    this.early.splice(at < 0 ? this.early.length : at, 0, { sequence, data: data.slice(), fin });
  }
}
