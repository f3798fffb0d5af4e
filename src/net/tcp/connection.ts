// One TCP connection: the state machine between segments and a stream of bytes. The gateway has one with a guest, each socket of the
// kernel one with its peer.
// Source: RFC 9293 section 3.3.2 (states), 3.10 (event processing); RFC 5961 (resets and SYNs in the window).
import type { Clock } from '../../base/time.js';
import { RECEIVE_SCALE, RECEIVE_WINDOW, Receiver } from './receiver.js';
import { advance, distance, FLAG, lengthOf, type Segment } from './segment.js';
import { type SegmentSink, SEND_BUFFER, Sender } from './sender.js';

const MS = 1e6;
/** Nanoseconds in TIME-WAIT: no segment on this wire lives for minutes. */
const LINGER = 2000 * MS;
/** Nanoseconds that an acknowledgment of a lone segment waits for company. */
const DELAY = 20 * MS;
const SYN_TIMEOUT = 1000 * MS;
const SYN_ATTEMPTS = 6;
const SEGMENT_MIN = 88;
const NOTHING = new Uint8Array(0);

export type State =
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed';

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** Sends a segment; ports are the owner's to fill in. */
  segment(segment: Omit<Segment, 'sourcePort' | 'destinationPort'>): void;
  established(): void;
  /** Bytes in order; `release` says when they have been dealt with, which opens the window. */
  data(bytes: Uint8Array): void;
  /** The other side has ended its stream. */
  end(): void;
  /** There is room to write again. */
  drain(): void;
  /** The other side has urgent data: its last byte is the one in front of `sequence`. */
  urgent?(sequence: number): void;
  /** It is over. */
  closed(why: Ending, from: State): void;
}

/** How a connection is over: as both sides wanted; by a reset; never opened, as nobody listens; nobody answers; given up here. */
export type Ending = 'ended' | 'reset' | 'refused' | 'timeout' | 'aborted';

export interface ConnectionOptions {
  /** The largest segment that we take. */
  segmentSize: number;
  /** Bytes that may go out as one segment, which somebody below cuts into segments. */
  pieceSize?: number;
  /** Bytes that may wait on either side. */
  receiveWindow?: number;
  sendBuffer?: number;
  /** Nanoseconds in TIME-WAIT, and in FIN-WAIT-2 when nobody is left to read. */
  timeWait?: number;
  /** Nanoseconds that an acknowledgment of a lone segment waits for company. */
  delay?: number;
}

/** Probes of a silent connection: nanoseconds until the first, between, and how many may stay without an answer. */
export interface KeepAlive {
  idle: number;
  interval: number;
  count: number;
}

export class Connection implements SegmentSink {
  state: State;
  readonly sender: Sender;
  receiver: Receiver | undefined;
  /** Nobody reads any more: FIN-WAIT-2 ends by itself. */
  orphan = false;
  keepAlive: KeepAlive | undefined;
  private heard: number;
  private probes = 0;
  private sendScale = 0;
  private readonly initial: number;
  private delayed = Number.POSITIVE_INFINITY;
  private unacknowledged = 0;
  private timer = Number.POSITIVE_INFINITY;
  private attempts = 0;
  private wasFull = false;
  /** Behind the last urgent byte that we sent, until it is acknowledged. */
  private urgentEnd: number | undefined;

  /** `initial` is our first sequence number. */
  constructor(
    private readonly clock: Clock,
    private readonly events: ConnectionEvents,
    initial: number,
    private readonly options: ConnectionOptions,
    syn?: Segment,
  ) {
    this.initial = initial;
    this.heard = clock.now();
    this.sender = new Sender(advance(initial, 1), options.sendBuffer ?? SEND_BUFFER);
    this.state = syn ? 'syn-received' : 'syn-sent';
    if (syn) this.learn(syn);
  }

  /** Answers the SYN that it was made with, or sends one. */
  open(): void {
    this.sendSyn();
  }

  /** When `tick` should be called. */
  get deadline(): number {
    return Math.min(this.timer, this.delayed, this.sender.deadline, this.keepAliveAt);
  }

  private get keepAliveAt(): number {
    const { keepAlive } = this;
    if (!keepAlive || !this.synchronized || this.state === 'time-wait' || this.state === 'closed')
      return Number.POSITIVE_INFINITY;
    return this.heard + keepAlive.idle + this.probes * keepAlive.interval;
  }

  /** Little pieces wait for company, or no longer. */
  cork(on: boolean): void {
    this.sender.corked = on;
    if (!on) this.pump();
  }

  /** Bytes that may wait to be read, from now on. */
  resize(receiveWindow: number): void {
    this.options.receiveWindow = receiveWindow;
    this.receiver?.resize(receiveWindow);
  }

  /** Segments of more data than this do not get through: what is under way is sent again. RFC 1191 section 6.5. */
  narrow(segmentSize: number): void {
    const { sender } = this;
    this.options.segmentSize = Math.min(this.options.segmentSize, segmentSize);
    if (segmentSize >= sender.segmentSize || !this.synchronized || this.state === 'closed') return;
    sender.segmentSize = segmentSize;
    sender.again(this.clock.now(), this);
  }

  /** Writes bytes of which the last is urgent. The value is as write's. */
  writeUrgent(bytes: Uint8Array): number {
    this.urgentEnd = advance(this.sender.una, this.sender.buffer.length + bytes.length);
    return this.write(bytes);
  }

  /** Is over at once, and says nothing: in TIME-WAIT, when its ports are wanted. */
  forget(): void {
    this.finish('ended');
  }

  /** Nobody reads any more. */
  disown(): void {
    this.orphan = true;
    if (this.state === 'fin-wait-2') this.timer = this.clock.now() + this.timeWait;
  }

  private get timeWait(): number {
    return this.options.timeWait ?? LINGER;
  }

  /** The value is how many bytes were taken; `drain` follows when it was not all. */
  write(bytes: Uint8Array): number {
    const taken = this.sender.write(bytes);
    this.wasFull = taken < bytes.length || this.sender.room === 0;
    this.pump();
    return taken;
  }

  get room(): number {
    return this.sender.room;
  }

  /** Ends our stream behind what has been written. */
  end(): void {
    if (this.sender.ended) return;
    this.sender.end();
    if (this.state === 'established') this.state = 'fin-wait-1';
    else if (this.state === 'close-wait') this.state = 'last-ack';
    this.pump();
  }

  /** Gives the connection up at once. */
  abort(): void {
    if (this.state === 'closed') return;
    const { highest } = this.sender;
    this.emit(FLAG.RST | (this.receiver ? FLAG.ACK : 0), this.synchronized ? highest : this.initial, NOTHING);
    this.finish('aborted');
  }

  /** `length` bytes that `data` brought have been dealt with. */
  release(length: number): void {
    if (!this.receiver || this.state === 'closed') return;
    this.receiver.held = Math.max(0, this.receiver.held - length);
    if (this.receiver.worthTelling) this.acknowledge();
  }

  receive(segment: Segment): void {
    if (this.state === 'closed') return;
    if (this.keepAlive) {
      this.heard = this.clock.now();
      this.probes = 0;
    }
    if (this.state === 'syn-sent') this.receiveInSynSent(segment);
    else this.receiveSynchronized(segment);
  }

  /** A deadline has passed. */
  tick(): void {
    const now = this.clock.now();
    if (now >= this.delayed) this.acknowledge();
    if (now >= this.timer) this.expire(now);
    if (this.state !== 'closed' && now >= this.sender.deadline && !this.sender.expire(now, this)) this.giveUp();
    if (now >= this.keepAliveAt) this.probe();
  }

  /** A segment that the other side has to answer: RFC 1122 section 4.2.3.6. */
  private probe(): void {
    const { keepAlive, probes } = this;
    this.probes++;
    if (keepAlive && probes >= keepAlive.count) this.giveUp();
    else this.emit(FLAG.ACK, advance(this.sender.una, -1), NOTHING);
  }

  /** Nobody answers. */
  private giveUp(): void {
    if (this.state === 'closed') return;
    if (this.state !== 'syn-sent') this.emit(FLAG.RST | FLAG.ACK, this.sender.highest, NOTHING);
    this.finish('timeout');
  }

  private get synchronized(): boolean {
    return this.state !== 'syn-sent' && this.state !== 'syn-received';
  }

  private expire(now: number): void {
    this.timer = Number.POSITIVE_INFINITY;
    if (this.state === 'time-wait' || this.state === 'fin-wait-2') this.finish('ended');
    else if (!this.synchronized && ++this.attempts < SYN_ATTEMPTS) this.sendSyn();
    else if (!this.synchronized) this.giveUp();
    else this.timer = now + LINGER;
  }

  private sendSyn(): void {
    this.timer = this.clock.now() + SYN_TIMEOUT * 2 ** this.attempts;
    this.events.segment({
      sequence: this.initial,
      acknowledgment: this.receiver?.next ?? 0,
      flags: FLAG.SYN | (this.receiver ? FLAG.ACK : 0),
      // never scaled in a SYN
      window: 0xffff,
      data: NOTHING,
      maximumSegmentSize: Math.min(this.options.segmentSize, 0xffff),
      windowScale: this.scaled ? RECEIVE_SCALE : undefined,
    });
  }

  /** We offer to scale windows; with a SYN at hand, when it offered too. */
  private scaled = true;

  private learn(syn: Segment): void {
    this.receiver = new Receiver(advance(syn.sequence, 1), this.options.receiveWindow ?? RECEIVE_WINDOW);
    this.sender.segmentSize = Math.max(SEGMENT_MIN, Math.min(this.options.segmentSize, syn.maximumSegmentSize ?? 536));
    this.sender.pieceSize = this.options.pieceSize ?? 0;
    this.scaled = syn.windowScale !== undefined;
    this.sendScale = syn.windowScale ?? 0;
    this.sender.window = syn.window;
  }

  private receiveInSynSent(segment: Segment): void {
    const { flags, acknowledgment } = segment;
    const answers = acknowledgment === advance(this.initial, 1);
    if (flags & FLAG.ACK && !answers) {
      if (!(flags & FLAG.RST)) this.emit(FLAG.RST, acknowledgment, NOTHING);
      return;
    }
    if (flags & FLAG.RST) {
      if (flags & FLAG.ACK) this.finish('refused');
      return;
    }
    if (!(flags & FLAG.SYN)) return;
    this.learn(segment);
    if (flags & FLAG.ACK) this.establish();
    else {
      this.state = 'syn-received';
      this.attempts = 0;
      this.sendSyn();
    }
  }

  private establish(): void {
    this.state = this.sender.ended ? 'fin-wait-1' : 'established';
    this.timer = Number.POSITIVE_INFINITY;
    this.acknowledge();
    this.events.established();
    this.pump();
  }

  private receiveSynchronized(segment: Segment): void {
    const receiver = this.receiver as Receiver;
    const { flags, sequence } = segment;
    if (!receiver.accepts(sequence, lengthOf(segment))) {
      if (!(flags & FLAG.RST)) this.acknowledge();
      return;
    }
    if (flags & FLAG.RST) {
      // only the very next number is believed
      if (sequence === receiver.next) this.finish('reset');
      else this.acknowledge();
      return;
    }
    if (flags & FLAG.SYN || !(flags & FLAG.ACK)) {
      if (flags & FLAG.SYN) this.acknowledge();
      return;
    }
    if (this.state === 'syn-received') {
      if (segment.acknowledgment !== advance(this.initial, 1)) {
        this.emit(FLAG.RST, segment.acknowledgment, NOTHING);
        return;
      }
      this.sender.window = segment.window << this.sendScale;
      this.establish();
    }
    this.hearAcknowledgment(segment);
    if ((this.state as State) !== 'closed' && lengthOf(segment) > 0) this.hearData(receiver, segment);
  }

  private hearAcknowledgment({ acknowledgment, window, data, flags }: Segment): void {
    const plain = data.length === 0 && !(flags & FLAG.FIN);
    this.sender.acknowledge(this.clock.now(), acknowledgment, window << this.sendScale, plain, this);
    if (this.urgentEnd !== undefined && distance(acknowledgment, this.urgentEnd) >= 0) this.urgentEnd = undefined;
    // little by little would be many wake-ups
    if (this.wasFull && 3 * this.sender.room >= this.sender.buffer.capacity) {
      this.wasFull = false;
      this.events.drain();
    }
    if (!this.sender.finished) return;
    if (this.state === 'fin-wait-1') {
      this.state = 'fin-wait-2';
      if (this.orphan) this.timer = this.clock.now() + this.timeWait;
    } else if (this.state === 'closing') this.linger();
    else if (this.state === 'last-ack') this.finish('ended');
  }

  private hearData(receiver: Receiver, { sequence, data, flags, urgent }: Segment): void {
    if (urgent !== undefined) this.events.urgent?.(advance(sequence, urgent));
    const expected = receiver.next;
    const wasEnded = receiver.ended;
    const pieces = receiver.take(sequence, data, (flags & FLAG.FIN) !== 0);
    for (const bytes of pieces) {
      this.unacknowledged += bytes.length;
      this.events.data(bytes);
    }
    if (this.state === 'closed') return;
    if (receiver.ended && !wasEnded) this.hearEnd();
    // out of order or a repetition: the sender learns of it at once; so does it when much has come
    const early = receiver.next === expected || distance(sequence, expected) !== 0;
    if (early || receiver.ended || this.delay === 0 || this.unacknowledged >= 2 * this.options.segmentSize)
      this.acknowledge();
    else this.delayed = Math.min(this.delayed, this.clock.now() + this.delay);
  }

  private hearEnd(): void {
    if (this.state === 'established') this.state = 'close-wait';
    else if (this.state === 'fin-wait-1') this.state = 'closing';
    else if (this.state === 'fin-wait-2') this.linger();
    this.events.end();
  }

  private get delay(): number {
    return this.options.delay ?? DELAY;
  }

  private linger(): void {
    this.state = 'time-wait';
    this.timer = this.clock.now() + this.timeWait;
  }

  private pump(): void {
    if (this.state === 'closed' || !this.synchronized) return;
    this.sender.pump(this.clock.now(), this);
  }

  /** The sender's: data go out. */
  sendData(sequence: number, data: Uint8Array, fin: boolean): void {
    this.emit(FLAG.ACK | (data.length > 0 ? FLAG.PSH : 0) | (fin ? FLAG.FIN : 0), sequence, data);
  }

  private acknowledge(): void {
    // behind all that was ever sent, even when some of it is being sent again: the other side drops what is older
    this.emit(FLAG.ACK, this.sender.highest, NOTHING);
  }

  private emit(flags: number, sequence: number, data: Uint8Array): void {
    const { receiver } = this;
    this.delayed = Number.POSITIVE_INFINITY;
    this.unacknowledged = 0;
    const urgent = this.urgentEnd === undefined ? 0 : distance(this.urgentEnd, sequence);
    const isUrgent = data.length > 0 && urgent > 0 && urgent <= 0xffff;
    this.events.segment({
      sequence,
      acknowledgment: receiver && flags & FLAG.ACK ? receiver.next : 0,
      flags: isUrgent ? flags | FLAG.URG : flags,
      window: receiver ? this.windowField(receiver) : 0,
      data,
      urgent: isUrgent ? urgent : undefined,
    });
  }

  private windowField(receiver: Receiver): number {
    const field = receiver.tell();
    return this.scaled ? field : Math.min(0xffff, receiver.window);
  }

  private finish(why: Ending): void {
    const { state } = this;
    if (state === 'closed') return;
    this.state = 'closed';
    this.timer = Number.POSITIVE_INFINITY;
    this.delayed = Number.POSITIVE_INFINITY;
    this.sender.deadline = Number.POSITIVE_INFINITY;
    this.events.closed(why, state);
  }
}
