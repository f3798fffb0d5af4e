// Internet sockets of messages: what UDP, raw and ping sockets have in common. man 7 udp, raw; Linux net/ipv4/datagram.c.
import { EACCES, EAGAIN, EDESTADDRREQ, EFAULT, EINVAL, EMSGSIZE, ENOTCONN, EPIPE } from '../../abi/errno.js';
import {
  IP_MTU_DISCOVER,
  IPV6_MTU_DISCOVER,
  IP_MULTICAST_ALL,
  IP_MULTICAST_TTL,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_WANT,
  IPV6_MULTICAST_HOPS,
} from '../../abi/inet.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../abi/poll.js';
import { SIGPIPE } from '../../abi/signal.js';
import {
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_WR,
  SO_BROADCAST,
  SO_MARK,
  SO_PRIORITY,
} from '../../abi/socket.js';
import { ETHERNET_HEADER, ETHERTYPE } from '../../../net/ethernet.js';
import { PACKET_HOST } from '../../abi/packet.js';
import type { Address } from '../../../net/address.js';
import type { Task } from '../../task/task.js';
import type { Io } from '../../vfs/io.js';
import type { Timestamp } from '../../vfs/timestamp.js';
import type { Way } from '../internet.js';
import { packetFrame } from '../link/frame.js';
import { runSocketFilter } from '../packet/socket-filter.js';
import type { Packet } from '../packet.js';
import { EOPNOTSUPP } from '../../abi/errno.js';
import type { Ancillary, Received } from '../socket.js';
import { type Endpoint, familyIn, isAny, writeEndpoint } from './endpoint.js';
import { InetSocket, type SendControl } from './inet-socket.js';

/** What a message takes of the receive buffer beside its bytes. */
const OVERHEAD = 768;

interface Message {
  packet: Packet;
  data: Uint8Array;
  from: Endpoint;
  time: Timestamp;
}

export abstract class DatagramSocket extends InetSocket {
  private readonly queue: Message[] = [];
  private queued = 0;
  private shutRead = false;
  private shutWrite = false;
  /** Messages that found no room. */
  drops = 0;

  // ---- whom it speaks to ------------------------------------------------------------------------------------------------------

  override bind(task: Task, address: Uint8Array): number {
    const place = this.bindable(task, address);
    if (typeof place === 'number') return place;
    if (this.local.port !== 0 || this.boundAddress) return -EINVAL;
    const failed = this.claim(place);
    if (failed !== 0) return failed;
    this.boundAddress = !isAny(place.address);
    this.boundPort = place.port !== 0;
    return 0;
  }

  /** Takes a port at `place`, where the protocol has ports: 0, or a negated errno. */
  protected abstract claim(place: Endpoint): number;
  /** Gives it back. */
  protected abstract unclaim(): void;
  /** Its place in the tables goes with the address. */
  protected moved(change: () => void): void {
    change();
  }

  override connect(_task: Task, address: Uint8Array): number {
    if (familyIn(address) === AF_UNSPEC) return this.disconnect();
    const to = this.endpointOf(address);
    if (typeof to === 'number') return to;
    const by = this.interfaceFor(to);
    if (typeof to.address === 'bigint' && to.address >> 118n === 0x3fan && by === 0) return -EINVAL;
    const way = this.namespace.internet.way(to.address, by, this.boundAddress ? this.local.address : undefined);
    if (typeof way === 'number') return this.wayless(way);
    if (way.broadcast && !this.flag(SO_BROADCAST)) return -EACCES;
    if (this.local.port === 0) {
      const failed = this.claim(this.local);
      if (failed !== 0) return failed;
    }
    this.moved(() => {
      if (!this.boundAddress) this.local = { ...this.local, address: way.source, scope: to.scope };
      this.remote = to;
    });
    return 0;
  }

  private disconnect(): number {
    this.moved(() => {
      this.remote = undefined;
      if (!this.boundAddress) this.local = { ...this.local, address: this.anyAddress };
    });
    if (!this.boundPort && !this.boundAddress) {
      this.unclaim();
      this.local = { address: this.anyAddress, port: 0, scope: 0 };
    }
    return 0;
  }

  override shutdown(_task: Task, how: number): number {
    const connected = this.remote !== undefined;
    if (how !== SHUT_WR) this.shutRead = true;
    if (how !== SHUT_RD) this.shutWrite = true;
    this.waiters.wake();
    return connected ? 0 : -ENOTCONN;
  }

  /** Does it want what is sent to a group, or to everybody? */
  hears(group: Address, by: number): boolean {
    if (this.groups.some((one) => one.address === group && one.interface === by)) return true;
    const everybody = typeof group === 'number' && group >>> 28 !== 14;
    if (everybody) return true;
    // what others of this system have joined it hears too, unless it said no
    return typeof group === 'number' && this.ip.ip(IP_MULTICAST_ALL) !== 0 && this.groups.length === 0
      ? this.namespace.udp.joined(group, by)
      : false;
  }

  // ---- sending ----------------------------------------------------------------------------------------------------------------

  protected abstract readonly messageMax: number;
  /** One message on its way: the bytes that count as sent, or a negated errno. */
  protected abstract transmit(task: Task, data: Uint8Array, to: Endpoint, way: Way, said: SendControl): number;
  /** Is the destination's port looked at? */
  protected get wantsPort(): boolean {
    return true;
  }

  override send(
    task: Task,
    io: Io,
    flags: number,
    address: Uint8Array | undefined,
    ancillary: Ancillary | undefined,
  ): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (io.left > this.messageMax) return -EMSGSIZE;
    const to = address ? this.endpointOf(address) : this.remote;
    if (to === undefined) return -EDESTADDRREQ;
    if (typeof to === 'number') return to;
    if (to.port === 0 && this.wantsPort) return -EINVAL;
    const error = this.takeError();
    if (error !== 0) return -error;
    if (this.shutWrite) {
      if ((flags & MSG_NOSIGNAL) === 0) task.raise(SIGPIPE, { code: 0 });
      return -EPIPE;
    }
    const said = this.sendControl(ancillary?.control);
    if (typeof said === 'number') return said;
    const own = said.source ?? (isAny(this.local.address) ? undefined : this.local.address);
    if (own !== undefined && typeof own !== typeof to.address) return -EINVAL;
    const way = this.namespace.internet.way(to.address, said.interface || this.interfaceFor(to), own);
    if (typeof way === 'number') return this.wayless(way);
    if (way.broadcast && !this.flag(SO_BROADCAST)) return -EACCES;
    if (this.local.port === 0) {
      const failed = this.claim(this.local);
      if (failed !== 0) return failed;
    }
    const data = new Uint8Array(io.left);
    if (io.take(data, 0, data.length) < data.length) return -EFAULT;
    return this.transmit(task, data, to, way, said);
  }

  /** What every packet of this socket has. */
  protected packetTo(to: Endpoint, way: Way, said: SendControl): Packet {
    const six = typeof to.address === 'bigint';
    const discover = six ? this.ip.ip6(IPV6_MTU_DISCOVER) : this.ip.ip(IP_MTU_DISCOVER);
    return {
      source: way.source,
      destination: to.address,
      protocol: this.protocol,
      timeToLive: said.timeToLive ?? this.hopsTo(to.address, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS),
      service: said.service ?? this.serviceTo(to.address),
      priority: said.priority ?? this.flagsOf.get(SO_PRIORITY),
      mark: this.flagsOf.get(SO_MARK),
      interface: this.interfaceFor(to),
      dontFragment: discover === IP_PMTUDISC_DO,
      discovers: !six && discover === IP_PMTUDISC_WANT,
    };
  }

  // ---- receiving --------------------------------------------------------------------------------------------------------------

  protected override get filters(): boolean {
    return true;
  }
  /** Bytes of the message that a filter sees and the program does not. */
  protected get hiddenHeader(): number {
    return 0;
  }
  /** Does a filter see the header of IP too? */
  protected seesHeader(_packet: Packet): boolean {
    return false;
  }

  /** What the socket's filter lets through of a message; undefined: nothing. */
  private filtered(packet: Packet, data: Uint8Array): Uint8Array | undefined {
    const { socketFilter, hiddenHeader } = this;
    if (!socketFilter) return data;
    const bytes = packetFrame(0, 0, packet, 0);
    const [protocol, header] = typeof packet.source === 'number' ? [ETHERTYPE.IPV4, 20] : [ETHERTYPE.IPV6, 40];
    const start = ETHERNET_HEADER + (this.seesHeader(packet) ? 0 : header);
    const by = this.namespace.interfaces.get(packet.interface);
    const most = runSocketFilter(socketFilter, {
      ...{ bytes, start, network: ETHERNET_HEADER, protocol, kind: PACKET_HOST, interface: packet.interface },
      ...{ hardware: by?.type ?? 0, mark: packet.mark ?? 0 },
    });
    return most === 0 ? undefined : data.subarray(0, Math.max(0, most - hiddenHeader));
  }

  /** A message has come. */
  protected enqueue(packet: Packet, whole: Uint8Array, from: Endpoint): void {
    const data = this.filtered(packet, whole);
    if (!data) return;
    const size = data.length + OVERHEAD;
    if (this.shutRead) return;
    if (this.queued + size > this.receiveBuffer && this.queued > 0) {
      this.lost();
      return;
    }
    this.queue.push({ packet, data, from, time: this.namespace.kernel.clock.date() });
    this.queued += size;
    this.memory.hold(this.queued);
    this.waiters.wake(POLLIN);
  }

  /** A message has been received by the program. */
  protected taken(): void {}
  /** One has found no room. */
  protected lost(): void {
    this.drops++;
  }

  override receive(task: Task, io: Io, flags: number): Received | number {
    if ((flags & MSG_ERRQUEUE) !== 0) return this.receiveError(io);
    const message = this.queue[0];
    if (!message) {
      const error = this.takeError();
      if (error !== 0) return -error;
      if (this.shutRead) return { length: 0, flags: 0 };
      task.timeOut(this.receiveTimeout);
      if (task.timedOut) return -EAGAIN;
      return task.blockUnless(this.nonblocking || (flags & MSG_DONTWAIT) !== 0, this.waiters);
    }
    const { packet, data, from, time } = message;
    const room = Math.min(io.left, data.length);
    if (io.give(data, 0, room) < room) return -EFAULT;
    if ((flags & MSG_PEEK) === 0) {
      this.queue.shift();
      this.taken();
      this.queued -= data.length + OVERHEAD;
      this.memory.hold(this.queued);
    }
    const truncated = room < data.length;
    return {
      length: truncated && (flags & MSG_TRUNC) !== 0 ? data.length : room,
      from: writeEndpoint(this.family, from),
      control: this.controlOf(packet),
      time,
      flags: truncated ? MSG_TRUNC : 0,
    };
  }

  protected override get readableBytes(): number {
    return this.queue[0]?.data.length ?? 0;
  }
  /** Bytes that wait. */
  get waiting(): number {
    return this.queued;
  }

  override poll(): number {
    let events = POLLOUT | POLLWRNORM;
    if (this.queue.length > 0) events |= POLLIN | POLLRDNORM;
    if (this.shutRead) events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (this.shutRead && this.shutWrite) events |= POLLHUP;
    if (this.pendingError !== 0 || this.hasErrors) events |= POLLERR;
    return events;
  }

  protected override close(): void {
    this.unclaim();
    this.queue.length = 0;
    super.close();
  }
}
