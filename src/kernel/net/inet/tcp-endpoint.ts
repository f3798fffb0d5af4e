// A TCP connection's end in a namespace: the state machine of src/net/tcp with what a socket keeps beside it. It outlives its socket until
// the connection is over. Between two ends of one namespace segments pass as they are, whole buffers at a time.
// man 7 tcp; RFC 9293; Linux net/ipv4/tcp.c, tcp_input.c.
import { ByteQueue } from '../../../net/tcp/byte-queue.js';
import { Connection, type ConnectionEvents, type Ending, type State } from '../../../net/tcp/connection.js';
import { advance, distance, FLAG, type Segment } from '../../../net/tcp/segment.js';
import { ECONNREFUSED, ECONNRESET, EMSGSIZE, EPIPE, ETIMEDOUT } from '../../abi/errno.js';
import { IPPROTO_TCP } from '../../abi/inet.js';
import { POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../../abi/poll.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Timed } from '../../task/timers.js';
import { WaitQueue } from '../../task/wait-queue.js';
import type { PathError } from '../icmp.js';
import type { Way } from '../internet.js';
import type { Endpoint } from './endpoint.js';
import { TTL_DEFAULT } from './ip-options.js';
import type { PortHolder } from './port-table.js';
import type { TcpBacklog } from './tcp-backlog.js';
import type { TcpSocket } from './tcp-socket.js';

/** A segment within a namespace: as long as the largest piece that a write makes. */
export const LOCAL_SEGMENT = 65536;
/** Bytes that wait in either direction when the program has not said how many. */
const WINDOW = 256 * 1024;
const SEGMENT_LEAST = 88;
const TCP_HEADER = 20;
/** What an interface counts beside the data of a long segment, and what one packet has room for. */
const HEADERS = 54;
const PIECE_MAX = 65_400;
/** Nanoseconds in TIME-WAIT. */
const TIME_WAIT = 60e9;

/** What an end has of its socket, or of the socket that listened for it. */
export interface TcpTraits {
  reuseAddress: boolean;
  reusePort: boolean;
  uid: number;
  device: number;
  only6: boolean;
  timeToLive: number;
  service: number;
  /** SO_PRIORITY, SO_MARK. */
  priority: number;
  mark: number;
  /** 0: what the system finds good. */
  receiveBuffer: number;
  sendBuffer: number;
}

export class TcpEndpoint implements ConnectionEvents, Timed, PortHolder {
  readonly connection: Connection;
  readonly unread = new ByteQueue(Number.POSITIVE_INFINITY);
  waiters = new WaitQueue();
  /** Undefined: nobody has accepted it yet, or it was closed. */
  socket?: TcpSocket;
  /** Positive: why it is over. Told once. */
  error = 0;
  /** The newest error of the path while it opens. */
  softError = 0;
  /** The other side has ended its stream. */
  ended = false;
  /** The other end, when that is in this namespace. */
  peer?: TcpEndpoint;
  /** Who listened for it, until it is accepted. */
  listener?: TcpBacklog;
  readonly listening = false;
  /** Sequence number of the urgent byte. */
  urgentAt?: number;
  urgentByte?: number;
  urgentRead = true;
  /** When it has come to TIME-WAIT, or Infinity. */
  waitingSince = Number.POSITIVE_INFINITY;
  readonly ino: number;
  /** Somebody has called. */
  private readonly passive: boolean;
  /** Behind the last byte that was ever sent. */
  private sentTo?: number;
  private armed = Number.POSITIVE_INFINITY;

  constructor(
    readonly namespace: NetNamespace,
    readonly family: number,
    readonly local: Endpoint,
    readonly remote: Endpoint,
    public traits: TcpTraits,
    readonly way: Way,
    syn?: Segment,
    ino = 0,
  ) {
    this.ino = ino;
    this.passive = syn !== undefined;
    const internal = way.local;
    this.connection = new Connection(
      namespace,
      this,
      namespace.random(),
      {
        segmentSize: internal ? LOCAL_SEGMENT : Math.max(SEGMENT_LEAST, namespace.internet.room(way) - TCP_HEADER),
        pieceSize: internal ? undefined : Math.min(way.interface.segmentsMax - HEADERS, PIECE_MAX),
        receiveWindow: traits.receiveBuffer || WINDOW,
        sendBuffer: traits.sendBuffer || WINDOW,
        timeWait: TIME_WAIT,
        // company is not worth waiting for where an acknowledgment costs nothing
        delay: internal ? 0 : undefined,
      },
      syn,
    );
  }

  get reuseAddress(): boolean {
    return this.socket ? this.socket.reuseAddress : this.traits.reuseAddress;
  }
  get reusePort(): boolean {
    return this.traits.reusePort;
  }
  get uid(): number {
    return this.traits.uid;
  }
  get device(): number {
    return this.traits.device;
  }
  get only6(): boolean {
    return this.traits.only6;
  }

  get isOpen(): boolean {
    const { state } = this.connection;
    return state !== 'closed' && state !== 'syn-sent' && state !== 'syn-received';
  }
  get isOver(): boolean {
    const { state } = this.connection;
    return state === 'closed' || state === 'time-wait';
  }

  /** Has the socket been closed, and the other end not acknowledged all? */
  get leaving(): boolean {
    const { state } = this.connection;
    return !this.socket && (state === 'fin-wait-1' || state === 'closing' || state === 'last-ack');
  }

  // ---- what the socket does ---------------------------------------------------------------------------------------------------

  open(): void {
    if (!this.passive) this.namespace.counters.tcp.ActiveOpens++;
    this.connection.open();
    this.arm();
  }

  receive(segment: Segment): void {
    this.connection.receive(segment);
    this.arm();
  }

  write(bytes: Uint8Array): number {
    const taken = this.connection.write(bytes);
    this.arm();
    return taken;
  }

  writeUrgent(bytes: Uint8Array): number {
    const taken = this.connection.writeUrgent(bytes);
    this.arm();
    return taken;
  }

  /** `length` unread bytes go. */
  take(length: number): void {
    this.unread.drop(length);
    this.released(length);
  }

  /** `length` bytes have been read. */
  released(length: number): void {
    this.connection.release(length);
    this.arm();
  }

  /** Our stream ends behind what has been written. */
  finish(): void {
    this.connection.end();
    this.arm();
  }

  abort(): void {
    this.connection.abort();
  }

  cork(on: boolean): void {
    this.connection.cork(on);
    this.arm();
  }

  /** The socket is closed: what was sent still goes out, unless the program never read what came. */
  leave(reset: boolean): void {
    this.socket = undefined;
    if (reset || this.unread.length > 0 || !this.isOpen) this.connection.abort();
    else {
      this.connection.end();
      this.connection.disown();
    }
    this.arm();
  }

  /** Sequence number of the first byte that has not been read. */
  get readAt(): number {
    return ((this.connection.receiver?.next ?? 0) - this.unread.length - (this.ended ? 1 : 0)) >>> 0;
  }

  // ---- events of the connection -------------------------------------------------------------------------------------------------

  segment(sent: Omit<Segment, 'sourcePort' | 'destinationPort'>): void {
    this.count(sent);
    const { namespace, peer, way } = this;
    const segment = sent as Segment;
    segment.sourcePort = this.local.port;
    segment.destinationPort = this.remote.port;
    if (peer && namespace.internet.isPrivate) {
      namespace.internet.passSegment(peer, segment, namespace.loopback);
      return;
    }
    const packet = {
      ...{ source: this.local.address, destination: this.remote.address, protocol: IPPROTO_TCP, segment },
      ...{ timeToLive: this.traits.timeToLive || TTL_DEFAULT, service: this.traits.service, interface: 0 },
      ...{ priority: this.traits.priority, mark: this.traits.mark },
      dontFragment: true,
      segmentSize:
        segment.data.length > this.connection.sender.segmentSize ? this.connection.sender.segmentSize : undefined,
    };
    // routes may have changed since
    const now = way.route.interface?.up
      ? namespace.internet.way(this.remote.address, this.traits.device, this.local.address)
      : way;
    if (typeof now !== 'number') namespace.internet.send(packet, now);
  }

  /** Data that have been sent before are sent again. */
  private count({ sequence, data, flags }: Omit<Segment, 'sourcePort' | 'destinationPort'>): void {
    const { tcp } = this.namespace.counters;
    const end = advance(sequence, data.length);
    if ((flags & FLAG.RST) !== 0) tcp.OutRsts++;
    if (data.length > 0 && this.sentTo !== undefined && distance(end, this.sentTo) <= 0) tcp.RetransSegs++;
    else tcp.OutSegs++;
    if (data.length > 0 && (this.sentTo === undefined || distance(end, this.sentTo) > 0)) this.sentTo = end;
  }

  established(): void {
    if (this.passive) this.namespace.counters.tcp.PassiveOpens++;
    if (this.listener) this.listener.opened(this);
    this.waiters.wake(POLLOUT);
  }

  data(bytes: Uint8Array): void {
    if (this.connection.orphan) {
      // nobody will ever read it
      this.connection.abort();
      return;
    }
    this.noteUrgent(bytes);
    this.unread.append(bytes);
    this.waiters.wake(POLLIN);
  }

  /** Keeps the urgent byte when it is among those that have just come. */
  private noteUrgent(bytes: Uint8Array): void {
    if (this.urgentAt === undefined || this.urgentByte !== undefined || this.urgentRead) return;
    const receiver = this.connection.receiver!;
    const at = distance(this.urgentAt, (receiver.next - bytes.length - (receiver.ended ? 1 : 0)) >>> 0);
    if (at < 0 || at >= bytes.length) return;
    this.urgentByte = bytes[at];
    this.waiters.wake(POLLPRI);
  }

  urgent(sequence: number): void {
    const at = (sequence - 1) >>> 0;
    if (this.urgentAt !== undefined && distance(at, this.urgentAt) <= 0) return;
    if (distance(at, this.readAt) < 0) return;
    this.urgentAt = at;
    this.urgentByte = undefined;
    this.urgentRead = false;
    this.socket?.urgentArrived();
    this.waiters.wake(POLLPRI);
  }

  end(): void {
    this.ended = true;
    this.waiters.wake(POLLIN | POLLRDHUP | POLLHUP);
  }

  drain(): void {
    this.waiters.wake(POLLOUT);
  }

  closed(why: Ending, from: State): void {
    const { tcp } = this.namespace.counters;
    if (from === 'syn-sent' || from === 'syn-received') tcp.AttemptFails++;
    else if (from === 'established' || from === 'close-wait') tcp.EstabResets++;
    if (why === 'refused') this.error = ECONNREFUSED;
    else if (why === 'reset') this.error = this.ended ? EPIPE : ECONNRESET;
    else if (why === 'timeout') this.error = this.softError || ETIMEDOUT;
    this.namespace.kernel.timers.cancel(this);
    this.armed = Number.POSITIVE_INFINITY;
    this.namespace.tcp.remove(this);
    this.listener?.refused(this);
    this.waiters.wake(POLLIN | POLLHUP);
  }

  /** A packet of it did not arrive. */
  failed(error: PathError): void {
    if (error.errno === EMSGSIZE) {
      const room = segmentRoom(this);
      if (room !== undefined) this.connection.narrow(room);
      this.arm();
      return;
    }
    const { state } = this.connection;
    if (state === 'syn-sent' || state === 'syn-received') {
      this.error = error.errno;
      this.connection.abort();
    } else this.softError = error.errno;
  }

  // ---- time ---------------------------------------------------------------------------------------------------------------------

  expire(now: number): void {
    this.armed = Number.POSITIVE_INFINITY;
    if (this.connection.deadline <= now) this.connection.tick();
    this.arm();
  }

  /** Later deadlines are looked for when the earlier one has come: most never do. */
  arm(): void {
    const { connection } = this;
    this.socket?.memory.hold(this.unread.length + connection.sender.buffer.length);
    if (connection.state === 'time-wait' && this.waitingSince === Number.POSITIVE_INFINITY) {
      this.waitingSince = this.namespace.now();
      this.namespace.tcp.waits(this);
    }
    if (!this.socket && !this.leaving) this.waiters.wake(POLLHUP);
    const { deadline } = connection;
    if (deadline >= this.armed) return;
    this.armed = deadline;
    this.namespace.kernel.timers.set(this, deadline);
  }
}

/** Bytes of data that a segment may have on its way as it is known now. */
function segmentRoom({ namespace, remote, local, traits }: TcpEndpoint): number | undefined {
  const way = namespace.internet.way(remote.address, traits.device, local.address);
  if (typeof way === 'number') return undefined;
  return Math.max(SEGMENT_LEAST, namespace.internet.room(way) - TCP_HEADER);
}

/** Is it the first segment of a connection? */
export function opens({ flags }: Segment): boolean {
  return (flags & (FLAG.SYN | FLAG.ACK | FLAG.RST)) === FLAG.SYN;
}
