// The sending half of a TCP connection: window, retransmission, congestion control.
// Source: RFC 9293 section 3.8; RFC 6298 (retransmission time); RFC 5681 and 6582 (slow start, fast retransmit, NewReno).
import { ByteQueue } from './byte-queue.js';
import { advance, distance } from './segment.js';

const MS = 1e6;
const TIMEOUT_FIRST = 1000 * MS;
const TIMEOUT_MIN = 200 * MS;
const TIMEOUT_MAX = 60_000 * MS;
/** Retransmissions of one segment before the connection is given up. */
const ATTEMPTS = 10;
const DUPLICATES = 3;
const INITIAL_WINDOW = 10;
/** Bytes: no segment on a wire is so long. */
const WORTH_CUTTING = 4096;

/** Bytes that a sender holds when nobody says how many. */
export const SEND_BUFFER = 256 * 1024;

/** Takes segments: `fin` ends the stream behind its data. */
export interface SegmentSink {
  sendData(sequence: number, data: Uint8Array, fin: boolean): void;
}

export class Sender {
  /** Oldest sequence number that is not acknowledged; the next one to send; the highest ever sent. */
  una: number;
  next: number;
  highest: number;
  /** What the other side will take behind `una`, and the largest segment it takes. */
  window = 0;
  segmentSize = 536;
  /** Bytes that are handed over as one segment, when somebody below cuts it. */
  pieceSize = 0;
  /** When the oldest unacknowledged segment is sent again; infinity: nothing is under way. */
  deadline = Number.POSITIVE_INFINITY;
  ended = false;
  /** Sequence number of the FIN, once it has been sent. */
  private finAt: number | undefined;

  /** Little pieces wait for company: TCP_CORK, MSG_MORE. */
  corked = false;
  readonly buffer: ByteQueue;
  private congestionWindow = 0;
  private threshold = Number.POSITIVE_INFINITY;
  private duplicates = 0;
  private recovery: number | undefined;
  private timeout = TIMEOUT_FIRST;
  private smoothed: number | undefined;
  private variation = 0;
  /** A sequence number whose acknowledgment is timed, and when it was sent. */
  private timed: { sequence: number; at: number } | undefined;
  private attempts = 0;

  /** `initial` is the sequence number of the first byte, behind the SYN; `capacity` how many bytes may wait. */
  constructor(initial: number, capacity = SEND_BUFFER) {
    this.buffer = new ByteQueue(capacity);
    this.una = initial;
    this.next = initial;
    this.highest = initial;
  }

  get room(): number {
    return this.ended ? 0 : this.buffer.room;
  }

  /** Nanoseconds of a round trip, its variation and the time until a segment is sent again; bytes that may be under way. */
  get measured(): { rtt: number; variation: number; timeout: number; congestionWindow: number } {
    const { smoothed = 0, variation, timeout, congestionWindow } = this;
    return { rtt: smoothed, variation, timeout, congestionWindow };
  }

  /** Everything up to the end of the stream has been acknowledged. */
  get finished(): boolean {
    return this.finAt !== undefined && distance(this.una, this.finAt) > 0;
  }

  /** The value is how many bytes were taken. */
  write(bytes: Uint8Array): number {
    return this.ended ? 0 : this.buffer.push(bytes);
  }

  end(): void {
    this.ended = true;
  }

  /** Sends what windows allow. */
  pump(now: number, sink: SegmentSink): void {
    if (this.congestionWindow === 0) this.congestionWindow = INITIAL_WINDOW * this.segmentSize;
    const most = this.piece;
    for (;;) {
      const sent = distance(this.next, this.una);
      const waiting = this.buffer.length - sent;
      const allowed = Math.min(this.window, this.congestionWindow) - sent;
      const last = this.ended && waiting <= most;
      let length = Math.min(waiting, most, Math.max(0, allowed));
      if (length <= 0 && !(last && waiting === 0 && !this.finSent)) break;
      if (this.corked && !this.ended && length === waiting && length < this.segmentSize) break;
      // the window leaves room for a silly little piece alone: wait until it is wider
      if (length < waiting && length < this.segmentSize && sent > 0) break;
      // whole segments, but for the last one
      if (length < waiting && length > this.segmentSize) length -= length % this.segmentSize;
      // a long segment ends where what lies together ends, so that nothing is copied
      const together = length > WORTH_CUTTING ? this.buffer.together(sent, length) : length;
      if (together > WORTH_CUTTING) length = together;
      const fin = last && length === waiting;
      const sequence = this.next;
      this.next = advance(sequence, length + (fin ? 1 : 0));
      this.transmit(now, sequence, this.buffer.slice(sent, length), fin, sink);
      if (fin) break;
    }
    if (this.deadline === Number.POSITIVE_INFINITY && (this.next !== this.una || this.probing)) {
      this.deadline = now + this.timeout;
    }
  }

  /** The other side has everything before `acknowledgment`. `plain`: the segment carried nothing else. */
  acknowledge(now: number, acknowledgment: number, window: number, plain: boolean, sink: SegmentSink): void {
    const gained = distance(acknowledgment, this.una);
    if (gained < 0 || distance(acknowledgment, this.highest) > 0) return;
    const widened = window !== this.window;
    this.window = window;
    // it is there and only has no room: that may last
    if (window === 0) this.attempts = 0;
    if (gained > 0) this.advanceTo(now, acknowledgment, gained, sink);
    else if (plain && !widened && this.next !== this.una) this.duplicate(now, sink);
    this.pump(now, sink);
  }

  /** The deadline has passed. False: the other side is gone. */
  expire(now: number, sink: SegmentSink): boolean {
    if (++this.attempts > ATTEMPTS) return false;
    this.timeout = Math.min(TIMEOUT_MAX, this.timeout * 2);
    this.deadline = Number.POSITIVE_INFINITY;
    this.timed = undefined;
    if (this.next === this.una && this.probing) {
      // a byte into a closed window, so that its opening is heard of
      const length = Math.min(1, this.buffer.length);
      const fin = length === 0;
      // it counts as sent only if the other side takes it
      this.deadline = now + this.timeout;
      this.transmit(now, this.una, this.buffer.slice(0, length), fin, sink);
      return true;
    }
    this.threshold = Math.max(2 * this.segmentSize, Math.floor(distance(this.next, this.una) / 2));
    this.congestionWindow = this.segmentSize;
    this.recovery = undefined;
    this.duplicates = 0;
    this.next = this.una;
    this.window = Math.max(this.window, 1);
    this.pump(now, sink);
    return true;
  }

  /** Whole segments that go out as one. */
  private get piece(): number {
    return Math.max(this.segmentSize, this.pieceSize - (this.pieceSize % this.segmentSize));
  }

  /** Sends what is not acknowledged once more, in segments of the size that they have by now. */
  again(now: number, sink: SegmentSink): void {
    this.timed = undefined;
    this.next = this.una;
    this.recovery = undefined;
    this.duplicates = 0;
    this.pump(now, sink);
  }

  private get endSequence(): number {
    return this.finAt ?? advance(this.una, this.buffer.length);
  }

  private get finSent(): boolean {
    return this.ended && distance(this.next, this.endSequence) > 0;
  }

  private get probing(): boolean {
    return this.window === 0 && (this.buffer.length > 0 || this.ended) && !this.finished;
  }

  private transmit(now: number, sequence: number, data: Uint8Array, fin: boolean, sink: SegmentSink): void {
    if (!this.timed && sequence === this.highest) this.timed = { sequence, at: now };
    if (fin) this.finAt = advance(sequence, data.length);
    const end = advance(sequence, data.length + (fin ? 1 : 0));
    if (distance(end, this.highest) > 0) this.highest = end;
    // the answer may come before this returns: all is noted by now
    sink.sendData(sequence, data, fin);
  }

  private advanceTo(now: number, acknowledgment: number, gained: number, sink: SegmentSink): void {
    if (this.timed && distance(acknowledgment, this.timed.sequence) > 0) {
      this.measure(now - this.timed.at);
      this.timed = undefined;
    }
    this.attempts = 0;
    this.buffer.drop(Math.min(gained, this.buffer.length));
    this.una = acknowledgment;
    if (distance(this.next, this.una) < 0) this.next = this.una;
    this.duplicates = 0;
    if (this.recovery !== undefined && distance(acknowledgment, this.recovery) < 0) {
      // a partial acknowledgment: the next hole
      this.resend(now, sink);
      this.congestionWindow = Math.max(this.segmentSize, this.congestionWindow - gained + this.segmentSize);
    } else if (this.recovery !== undefined) {
      this.recovery = undefined;
      this.congestionWindow = this.threshold;
    } else if (this.congestionWindow < this.threshold) {
      this.congestionWindow += Math.min(gained, this.piece);
    } else {
      this.congestionWindow += Math.max(1, Math.floor((this.segmentSize * this.segmentSize) / this.congestionWindow));
    }
    this.deadline = this.next === this.una ? Number.POSITIVE_INFINITY : now + this.timeout;
  }

  private duplicate(now: number, sink: SegmentSink): void {
    this.duplicates++;
    if (this.recovery !== undefined) this.congestionWindow += this.segmentSize;
    if (this.duplicates !== DUPLICATES || this.recovery !== undefined) return;
    this.threshold = Math.max(2 * this.segmentSize, Math.floor(distance(this.next, this.una) / 2));
    this.recovery = this.next;
    this.congestionWindow = this.threshold + DUPLICATES * this.segmentSize;
    this.resend(now, sink);
  }

  /** Sends the oldest unacknowledged segment again. */
  private resend(now: number, sink: SegmentSink): void {
    const length = Math.min(this.buffer.length, this.segmentSize);
    this.timed = undefined;
    sink.sendData(this.una, this.buffer.slice(0, length), this.ended && length === this.buffer.length);
    this.deadline = now + this.timeout;
  }

  /** RFC 6298 section 2. */
  private measure(trip: number): void {
    if (this.smoothed === undefined) {
      this.smoothed = trip;
      this.variation = trip / 2;
    } else {
      this.variation += (Math.abs(this.smoothed - trip) - this.variation) / 4;
      this.smoothed += (trip - this.smoothed) / 8;
    }
    this.timeout = Math.min(TIMEOUT_MAX, Math.max(TIMEOUT_MIN, this.smoothed + 4 * this.variation));
  }
}
