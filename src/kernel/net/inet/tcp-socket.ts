// A TCP socket as its descriptor sees it: unconnected, listening, or one end of a connection.
// man 7 tcp, 2 connect, listen, accept, shutdown; Linux net/ipv4/af_inet.c, tcp.c.
import type { Segment } from '../../../net/tcp/segment.js';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from '../../abi/errno.js';
import { O_NONBLOCK } from '../../abi/fcntl.js';
import { IP_TOS, IP_TTL, IPPROTO_TCP, IPV6_TCLASS, IPV6_UNICAST_HOPS, SIOCATMARK, SIOCOUTQ } from '../../abi/inet.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../abi/poll.js';
import { SIGPIPE, SIGURG } from '../../abi/signal.js';
import {
  AF_INET,
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  SHUT_RD,
  SHUT_WR,
  SO_KEEPALIVE,
  SO_MARK,
  SO_PRIORITY,
  SO_OOBINLINE,
  SO_RCVLOWAT,
  SOCK_STREAM,
} from '../../abi/socket.js';
import { writeU32 } from '../../mm/user-memory.js';
import { BLOCK } from '../../task/blocking.js';
import { signalOwner } from '../../task/owner-signal.js';
import type { Farewell } from '../../vfs/open-file.js';
import type { Task } from '../../task/task.js';
import { type Io, transferred } from '../../vfs/io.js';
import type { Ancillary, OptionValue, Received, Socket } from '../socket.js';
import { type Endpoint, familyIn, isAny, isMulticast, BROADCAST_4, writeEndpoint } from './endpoint.js';
import { InetSocket } from './inet-socket.js';
import { TcpBacklog } from './tcp-backlog.js';
import { TcpEndpoint, type TcpTraits } from './tcp-endpoint.js';
import { TcpOptions } from './tcp-options.js';
import { isAtMark, passUrgent, readableOf, readStream, readUrgent } from './tcp-reading.js';

const PIECE = 65536;
/** What SO_RCVBUF and SO_SNDBUF show at the start: net.ipv4.tcp_rmem, tcp_wmem. */
const RECEIVE_BUFFER = 131_072;
const SEND_BUFFER = 16_384;

export class TcpSocket extends InetSocket {
  readonly tcp = new TcpOptions();
  end?: TcpEndpoint;
  /** connect(2) has begun, and has not said yet how it went. */
  private connecting = false;
  /** Of a socket that listens. */
  private backlog?: TcpBacklog;
  private shutRead = false;
  private shutWrite = false;
  private ownBuffers = { receive: false, send: false };

  constructor(task: Task, family: number, flags: number, accepted?: { from: TcpSocket; end: TcpEndpoint }) {
    super(task, family, SOCK_STREAM, IPPROTO_TCP, flags, accepted?.from);
    this.receiveBuffer = RECEIVE_BUFFER;
    this.sendBuffer = SEND_BUFFER;
    if (!accepted) return;
    const { from, end } = accepted;
    this.ip.copy(from.ip);
    for (const [name, value] of from.flagsOf) this.flagsOf.set(name, value);
    this.flagsOf.delete(SO_PRIORITY);
    this.tcp.copy(from.tcp);
    this.linger = { ...from.linger };
    this.receiveBuffer = from.receiveBuffer;
    this.sendBuffer = from.sendBuffer;
    this.ownBuffers = { ...from.ownBuffers };
    this.local = end.local;
    this.remote = end.remote;
    this.take(end);
    this.flagChanged(SO_KEEPALIVE);
  }

  private take(end: TcpEndpoint): void {
    this.end = end;
    end.socket = this;
    end.listener = undefined;
    end.waiters = this.waiters;
  }

  override get listening(): boolean {
    return this.backlog !== undefined;
  }
  /** Connections that wait, and how many may. */
  get pending(): { count: number; most: number } {
    return { count: this.backlog?.count ?? 0, most: this.backlog?.most ?? 0 };
  }

  private get traits(): TcpTraits {
    return {
      ...{ reuseAddress: this.reuseAddress, reusePort: this.reusePort, uid: this.uid, device: this.device },
      only6: this.only6,
      timeToLive: this.family === AF_INET ? this.ip.ip(IP_TTL) : this.ip.ip6(IPV6_UNICAST_HOPS),
      service: this.family === AF_INET ? this.ip.ip(IP_TOS) : this.ip.ip6(IPV6_TCLASS),
      priority: this.listening ? 0 : (this.flagsOf.get(SO_PRIORITY) ?? 0),
      mark: this.flagsOf.get(SO_MARK) ?? 0,
      receiveBuffer: this.ownBuffers.receive ? this.receiveBuffer : 0,
      sendBuffer: this.ownBuffers.send ? this.sendBuffer : 0,
    };
  }

  // ---- names ------------------------------------------------------------------------------------------------------------------

  override bind(task: Task, address: Uint8Array): number {
    const place = this.bindable(task, address);
    if (typeof place === 'number') return place;
    if (this.boundPort || this.end || this.backlog || this.local.port !== 0) return -EINVAL;
    if (isMulticast(place.address) || place.address === BROADCAST_4) return -EADDRNOTAVAIL;
    return this.claim(place);
  }

  /** Takes a port at an address: the one that is named, or a free one. */
  private claim(place: Endpoint): number {
    const { ports } = this.namespace.tcp;
    const before = this.local;
    this.local = { ...place };
    const free = (port: number): boolean => {
      this.local.port = port;
      return ports.conflict(this) === undefined;
    };
    const port =
      place.port !== 0 ? (free(place.port) ? place.port : 0) : ports.choose(this.namespace.settings.localPorts, free);
    if (port === 0) {
      this.local = before;
      return -EADDRINUSE;
    }
    this.local.port = port;
    this.boundAddress = !isAny(place.address);
    this.boundPort = place.port !== 0;
    ports.add(this);
    return 0;
  }

  private leavePort(): void {
    this.namespace.tcp.ports.remove(this);
  }

  override localAddress(): Uint8Array {
    return writeEndpoint(this.family, this.end?.local ?? this.local);
  }

  override peerAddress(): Uint8Array | number {
    const { end } = this;
    if (!end || end.connection.state === 'closed' || end.connection.state === 'syn-sent') return -ENOTCONN;
    return writeEndpoint(this.family, end.remote);
  }

  // ---- listening --------------------------------------------------------------------------------------------------------------

  override listen(_task: Task, backlog: number): number {
    if (this.end) return -EINVAL;
    if (this.local.port === 0) {
      const failed = this.claim(this.local);
      if (failed !== 0) return failed;
    }
    const most = Math.min(this.namespace.settings.backlogMax, backlog >>> 0);
    if (this.backlog) {
      this.backlog.most = most;
      return 0;
    }
    this.backlog = new TcpBacklog(most, this.waiters);
    // who shares the port as long as nobody listens may not share it now
    if (this.namespace.tcp.ports.conflict(this)) {
      this.backlog = undefined;
      return -EADDRINUSE;
    }
    this.waiters.wake();
    return 0;
  }

  /** Somebody opens a connection to us. */
  called(local: Endpoint, remote: Endpoint, syn: Segment): void {
    const { backlog, namespace } = this;
    if (!backlog || backlog.full) {
      namespace.counters.tcp.ListenOverflows++;
      namespace.counters.tcp.ListenDrops++;
      return;
    }
    const way = namespace.internet.way(remote.address, this.device, local.address);
    if (typeof way === 'number') return;
    const first = { ...syn, data: new Uint8Array(0) };
    const end = new TcpEndpoint(namespace, this.family, local, remote, this.traits, way, first);
    backlog.add(end);
    namespace.tcp.add(end);
    end.open();
  }

  override accept(task: Task, flags: number): { socket: Socket; peer: Uint8Array } | number {
    if (!this.backlog) return -EINVAL;
    const end = this.backlog.take();
    if (!end) {
      task.timeOut(this.receiveTimeout);
      if (task.timedOut) return -EAGAIN;
      return task.blockUnless(this.nonblocking, this.waiters);
    }
    const socket = new TcpSocket(task, this.family, flags & O_NONBLOCK, { from: this, end });
    return { socket, peer: writeEndpoint(this.family, end.remote) };
  }

  private stopListening(): void {
    this.backlog?.end();
    this.backlog = undefined;
  }

  // ---- connecting -------------------------------------------------------------------------------------------------------------

  override connect(task: Task, address: Uint8Array): number {
    const family = familyIn(address);
    if (family === AF_UNSPEC) return this.disconnect();
    if (this.backlog) return -EISCONN;
    if (this.end && !this.connecting) {
      if (this.end.connection.state !== 'closed') return -EISCONN;
      this.dropEnd();
    }
    if (!this.end) {
      const to = this.endpointOf(address);
      if (typeof to === 'number') return to;
      const failed = this.dial(to);
      if (failed !== 0) return failed;
      // as if the answer took its time, also when it is here already
      if (this.nonblocking) return -EINPROGRESS;
    }
    const end = this.end!;
    if (end.error !== 0) {
      const error = end.error;
      this.dropEnd();
      return -error;
    }
    if (end.isOpen) {
      this.connecting = false;
      return 0;
    }
    if (end.connection.state === 'closed') {
      this.dropEnd();
      return -ECONNABORTED;
    }
    if (this.nonblocking) return -EALREADY;
    task.timeOut(this.sendTimeout);
    return task.timedOut ? -EINPROGRESS : task.block(this.waiters);
  }

  /** Sends the first segment: 0, or a negated errno. */
  private dial(to: Endpoint): number {
    const { namespace } = this;
    const { tcp } = namespace;
    if (isMulticast(to.address) || to.address === BROADCAST_4) return -ENETUNREACH;
    const own = this.boundAddress ? this.local.address : undefined;
    if (own !== undefined && typeof own !== typeof to.address) return -ENETUNREACH;
    const way = namespace.internet.way(to.address, this.interfaceFor(to), own);
    if (typeof way === 'number') return this.wayless(way);
    if (way.broadcast) return -ENETUNREACH;
    const local: Endpoint = { address: way.source, port: this.local.port, scope: to.scope };
    const bound = this.local.port !== 0;
    if (bound && !tcp.free(local, to)) return -EADDRNOTAVAIL;
    if (!bound) {
      local.port = tcp.ports.choose(namespace.settings.localPorts, (port) => {
        for (const holder of tcp.ports.holders(port)) {
          // ports of those who asked for them are left alone, those of other connections are not
          if (!(holder instanceof TcpEndpoint) || holder.listener) return false;
        }
        return tcp.free({ ...local, port }, to);
      });
      if (local.port === 0) return -EADDRNOTAVAIL;
    }
    const end = new TcpEndpoint(namespace, this.family, local, to, this.traits, way, undefined, this.inode.ino);
    this.take(end);
    this.local = local;
    this.remote = to;
    this.connecting = true;
    this.shutRead = false;
    this.shutWrite = false;
    this.applyKeepAlive();
    tcp.add(end);
    end.open();
    return 0;
  }

  /** connect(2) with AF_UNSPEC: as new, but for a port that was asked for. */
  private disconnect(): number {
    if (this.backlog) this.stopListening();
    if (this.end) this.dropEnd();
    return 0;
  }

  private dropEnd(): void {
    this.end?.leave(true);
    this.end = undefined;
    this.remote = undefined;
    this.connecting = false;
    this.shutRead = false;
    this.shutWrite = false;
    if (this.boundPort || this.namespace.tcp.ports.holders(this.local.port).has(this)) {
      if (!this.boundAddress) this.local = { ...this.local, address: this.anyAddress };
    } else this.local = { address: this.boundAddress ? this.local.address : this.anyAddress, port: 0, scope: 0 };
  }

  override shutdown(_task: Task, how: number): number {
    if (this.backlog) {
      if (how === SHUT_WR) return -ENOTCONN;
      this.stopListening();
      this.waiters.wake();
      return 0;
    }
    const { end } = this;
    if (!end || end.connection.state === 'closed' || end.connection.state === 'syn-sent') return -ENOTCONN;
    if (how !== SHUT_WR) this.shutRead = true;
    if (how !== SHUT_RD && !this.shutWrite) {
      this.shutWrite = true;
      end.finish();
    }
    this.waiters.wake();
    return 0;
  }

  // ---- sending ----------------------------------------------------------------------------------------------------------------

  private broken(task: Task, flags: number, done: number): number {
    if (done > 0) return done;
    const error = this.takeError();
    if (error !== 0) return -error;
    if ((flags & MSG_NOSIGNAL) === 0) task.raise(SIGPIPE, { code: 0 });
    return -EPIPE;
  }

  override takeError(): number {
    const { end } = this;
    if (!end || end.error === 0) return super.takeError();
    const { error } = end;
    end.error = 0;
    return error;
  }

  override send(
    task: Task,
    io: Io,
    flags: number,
    _to: Uint8Array | undefined,
    _ancillary: Ancillary | undefined,
  ): number {
    const { callState } = task;
    const wanted = io.left;
    const waits = !this.nonblocking && (flags & MSG_DONTWAIT) === 0;
    io.skip(callState.done);
    for (;;) {
      const { end } = this;
      if (!end || this.backlog) return this.broken(task, flags, callState.done);
      const { state } = end.connection;
      if (end.error !== 0 || this.shutWrite || state === 'closed' || end.connection.sender.ended)
        return this.broken(task, flags, callState.done);
      const opening = state === 'syn-sent' || state === 'syn-received';
      if (!opening && io.left === 0) return callState.done;
      const room = opening ? 0 : end.connection.room;
      if (room <= 0) {
        if (!waits) return callState.done > 0 ? callState.done : -EAGAIN;
        task.timeOut(this.sendTimeout);
        if (task.timedOut) return callState.done > 0 ? callState.done : -EAGAIN;
        const waiting = task.block(this.waiters);
        return waiting !== BLOCK && callState.done > 0 ? callState.done : waiting;
      }
      this.connecting = false;
      const bytes = new Uint8Array(Math.min(io.left, room, PIECE));
      const moved = io.take(bytes, 0, bytes.length);
      if (moved === 0) return transferred(callState.done, wanted);
      const part = moved < bytes.length ? bytes.subarray(0, moved) : bytes;
      const last = io.left === 0;
      const more = (flags & MSG_MORE) !== 0 || this.tcp.cork;
      if (more !== end.connection.sender.corked) end.cork(more);
      if (last && (flags & MSG_OOB) !== 0) end.writeUrgent(part);
      else end.write(part);
      callState.done += moved;
    }
  }

  // ---- receiving --------------------------------------------------------------------------------------------------------------

  override receive(task: Task, io: Io, flags: number, done: number): Received | number {
    if (this.backlog) return -ENOTCONN;
    if ((flags & MSG_ERRQUEUE) !== 0) return this.receiveError(io);
    const { end } = this;
    if (!end) return -ENOTCONN;
    if ((flags & MSG_OOB) !== 0) return readUrgent(end, this.flag(SO_OOBINLINE), io, flags);
    const waits = !this.nonblocking && (flags & MSG_DONTWAIT) === 0;
    passUrgent(end, this.flag(SO_OOBINLINE));
    const least = Math.min(io.left, this.flagsOf.get(SO_RCVLOWAT) ?? 1);
    const { length } = end.unread;
    const over = end.ended || this.shutRead || end.connection.state === 'closed';
    if (length > 0 && (length >= least || over || !waits)) return readStream(end, io, flags);
    if (done === 0) {
      const error = this.takeError();
      if (error !== 0) return -error;
    }
    if (over) return { length: 0, flags: 0 };
    if (io.left === 0) return { length: 0, flags: 0 };
    if (end.isOpen) this.connecting = false;
    task.timeOut(this.receiveTimeout);
    if (task.timedOut) return length > 0 ? readStream(end, io, flags) : -EAGAIN;
    return task.blockUnless(!waits, this.waiters);
  }

  /** Urgent data have come: whoever owns the socket hears of it. */
  urgentArrived(): void {
    signalOwner(this, SIGURG);
  }

  override ioctl(task: Task, command: number, argument: number): number {
    const { end } = this;
    if (command === SIOCATMARK) {
      return writeU32(task.space, argument, end && isAtMark(end) ? 1 : 0);
    }
    if (command === SIOCOUTQ) {
      if (this.backlog) return -EINVAL;
      return writeU32(task.space, argument, end?.connection.sender.buffer.length ?? 0);
    }
    return super.ioctl(task, command, argument);
  }

  protected override get readableBytes(): number {
    return this.end ? readableOf(this.end) : 0;
  }

  // ---- readiness and the end --------------------------------------------------------------------------------------------------

  override poll(): number {
    if (this.backlog) return this.backlog.count > 0 ? POLLIN | POLLRDNORM : 0;
    const { end } = this;
    if (!end) return POLLHUP | POLLOUT | POLLWRNORM;
    const { state, sender } = end.connection;
    const closed = state === 'closed';
    const readEnded = this.shutRead || end.ended || closed;
    const writeEnded = this.shutWrite || closed;
    let events = 0;
    if ((readEnded && writeEnded) || closed) events |= POLLHUP;
    if (readEnded) events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (end.error !== 0) events |= POLLERR;
    if (state === 'syn-sent' || state === 'syn-received') return events;
    const least = this.flagsOf.get(SO_RCVLOWAT) ?? 1;
    if (end.unread.length >= least) events |= POLLIN | POLLRDNORM;
    if (writeEnded || 3 * sender.room >= sender.buffer.capacity) events |= POLLOUT | POLLWRNORM;
    if (end.urgentAt !== undefined && !end.urgentRead && end.urgentByte !== undefined) events |= POLLPRI;
    return events;
  }

  /** SO_LINGER: until what was sent has been acknowledged. */
  override get farewell(): Farewell | undefined {
    const { on, seconds } = this.linger;
    if (on === 0 || seconds === 0 || !this.end || this.holds > 1) return undefined;
    return { what: this.end, nanoseconds: seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1e9 };
  }

  protected override close(): void {
    this.leavePort();
    this.stopListening();
    const reset = this.linger.on !== 0 && this.linger.seconds === 0;
    this.end?.leave(reset);
    this.end = undefined;
    super.close();
  }

  // ---- options ----------------------------------------------------------------------------------------------------------------

  protected override bufferChanged(): void {
    this.ownBuffers = {
      receive: this.ownBuffers.receive || this.receiveBuffer !== RECEIVE_BUFFER,
      send: this.ownBuffers.send || this.sendBuffer !== SEND_BUFFER,
    };
    const { end } = this;
    if (!end) return;
    if (this.ownBuffers.receive) end.connection.resize(this.receiveBuffer);
    if (this.ownBuffers.send) end.connection.sender.buffer.capacity = this.sendBuffer;
  }

  protected override flagChanged(name: number): void {
    if (name === SO_KEEPALIVE) this.applyKeepAlive();
    if ((name === SO_PRIORITY || name === SO_MARK) && this.end) this.end.traits = this.traits;
  }

  private applyKeepAlive(): void {
    const { end } = this;
    if (!end) return;
    end.connection.keepAlive = this.flag(SO_KEEPALIVE)
      ? this.tcp.keepAlive(this.namespace.settings.keepAlive)
      : undefined;
    end.arm();
  }

  protected override getProtocolOption(level: number, name: number): OptionValue {
    if (level !== IPPROTO_TCP) return super.getProtocolOption(level, name);
    return this.tcp.get(name, this.namespace.settings, this.end, this.listening);
  }

  protected override setProtocolOption(level: number, name: number, value: number, bytes: Uint8Array): number {
    if (level !== IPPROTO_TCP) return super.setProtocolOption(level, name, value, bytes);
    const failed = this.tcp.set(name, value, bytes);
    if (failed !== 0) return failed;
    this.applyKeepAlive();
    if (this.end && this.tcp.cork !== this.end.connection.sender.corked) this.end.cork(this.tcp.cork);
    return 0;
  }
}
