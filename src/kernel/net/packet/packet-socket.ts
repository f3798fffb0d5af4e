// Packet sockets: frames as they come and go at an interface. man 7 packet; Linux net/packet/af_packet.c.
import { ETHERNET_HEADER, makeFrame, stationAt, stationBytes } from '../../../net/ethernet.js';
import {
  EAGAIN,
  EBUSY,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENETDOWN,
  ENOBUFS,
  ENODEV,
  ENOPROTOOPT,
  ENXIO,
  EOPNOTSUPP,
} from '../../abi/errno.js';
import { ARPHRD_LOOPBACK } from '../../abi/inet.js';
import * as P from '../../abi/packet.js';
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../abi/poll.js';
import {
  AF_PACKET,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SO_MARK,
  SO_PRIORITY,
  SOCK_RAW,
} from '../../abi/socket.js';
import type { PageCache } from '../../mm/page-cache.js';
import type { Task } from '../../task/task.js';
import type { Io } from '../../vfs/io.js';
import type { Timestamp } from '../../vfs/timestamp.js';
import { EthernetInterface } from '../ethernet-interface.js';
import type { Interface } from '../interface.js';
import { frameOf } from '../link/frame.js';
import { type ControlItem, type OptionValue, type Received, Socket } from '../socket.js';
import { HEADER_V2, PacketRing } from './packet-ring.js';
import type { Sight } from './packet-table.js';
import { runSocketFilter } from './socket-filter.js';

/** struct sockaddr_ll; and up to its address. */
const ADDRESS_SIZE = 20;
const ADDRESS_AT = 12;
/** What a frame takes of the receive buffer beside its bytes. */
const OVERHEAD = 768;
const FRAME_MAX = 65_535 + ETHERNET_HEADER;
const RESERVE_MAX = 65_535;
const MEMBERSHIPS_MAX = 20;

interface Message {
  bytes: Uint8Array;
  /** Bytes that the frame had. */
  length: number;
  from: Uint8Array;
  time: Timestamp;
}

const swapped = (value: number): number => ((value & 0xff) << 8) | ((value >> 8) & 0xff);

export class PacketSocket extends Socket {
  /** The interface's index; 0: all. */
  index = 0;
  /** ETHERTYPE, ETH_P_ALL; 0: nothing is seen. */
  ether: number;
  private readonly queue: Message[] = [];
  private queued = 0;
  private ring?: PacketRing;
  private version = P.TPACKET_V1;
  private reserve = 0;
  private auxiliary = false;
  private readonly options = new Map<number, number>();
  private memberships: { index: number; type: number }[] = [];
  private seen = 0;
  private dropped = 0;

  /** `protocol`: as socket(2) has it, in the order of the network. */
  constructor(task: Task, type: number, protocol: number, flags: number) {
    super(task, AF_PACKET, type, protocol, flags);
    this.ether = swapped(protocol);
    this.namespace.packets.sockets.add(this);
  }

  looksAt(by: Interface): boolean {
    return this.ether !== 0 && (this.index === 0 || this.index === by.index);
  }

  protected override close(): void {
    this.namespace.packets.sockets.delete(this);
    this.queue.length = 0;
    this.ring?.close();
    this.ring = undefined;
    super.close();
  }

  // ---- names --------------------------------------------------------------------------------------------------------------------

  override bind(_task: Task, address: Uint8Array): number {
    if (address.length < ADDRESS_SIZE) return -EINVAL;
    const view = new DataView(address.buffer, address.byteOffset);
    if (view.getUint16(0, true) !== AF_PACKET) return -EINVAL;
    const index = view.getInt32(4, true);
    const by = this.namespace.interfaces.get(index);
    if (index !== 0 && !by) return -ENODEV;
    const protocol = view.getUint16(2, true);
    if (protocol !== 0) this.ether = swapped(protocol);
    this.index = index;
    if (by && !by.up) this.pendingError = ENETDOWN;
    return 0;
  }

  override localAddress(): Uint8Array {
    const by = this.namespace.interfaces.get(this.index);
    const station = by ? stationBytes(by.station) : new Uint8Array(0);
    return addressOf(this.ether, this.index, by?.type ?? 0, 0, station).slice(0, ADDRESS_AT + station.length);
  }
  override peerAddress(): number {
    return -EOPNOTSUPP;
  }
  override shutdown(): number {
    return -EOPNOTSUPP;
  }

  /** An interface is gone from the namespace. */
  parted(by: Interface): void {
    this.memberships = this.memberships.filter(({ index }) => index !== by.index);
    if (this.index !== by.index) return;
    this.index = -1;
    this.pendingError = ENETDOWN;
    this.waiters.wake();
  }

  // ---- frames ---------------------------------------------------------------------------------------------------------------------

  /** A frame at an interface that it looks at. */
  sees({ by, bytes, protocol, kind, source, mark }: Sight): void {
    if (kind === P.PACKET_OUTGOING && this.options.get(P.PACKET_IGNORE_OUTGOING)) return;
    const start = this.type === SOCK_RAW ? 0 : ETHERNET_HEADER;
    const data = {
      bytes,
      start,
      network: ETHERNET_HEADER,
      protocol,
      kind,
      interface: by.index,
      hardware: by.type,
      mark,
    };
    const length = Math.max(0, bytes.length - start);
    const most = this.socketFilter ? Math.min(length, runSocketFilter(this.socketFilter, data)) : length;
    if (most === 0) return;
    this.seen++;
    const from = addressOf(protocol, by.index, by.type, kind, stationBytes(source));
    const time = this.namespace.kernel.clock.date();
    const content = bytes.subarray(start, start + most);
    if (this.ring) {
      const header = this.type === SOCK_RAW ? ETHERNET_HEADER : 0;
      if (!this.ring.put(content, length, header, from, time, this.dropped > 0)) this.dropped++;
    } else if (this.queued + most + OVERHEAD > this.receiveBuffer) this.dropped++;
    else {
      this.queue.push({ bytes: content.slice(), length, from, time });
      this.queued += most + OVERHEAD;
      this.memory.hold(this.queued);
    }
    this.waiters.wake(POLLIN);
  }

  override receive(task: Task, io: Io, flags: number): Received | number {
    const message = this.queue[0];
    if (!message) {
      const error = this.takeError();
      if (error !== 0) return -error;
      task.timeOut(this.receiveTimeout);
      if (task.timedOut) return -EAGAIN;
      return task.blockUnless(this.nonblocking || (flags & MSG_DONTWAIT) !== 0, this.waiters);
    }
    const { bytes, from, time } = message;
    const room = Math.min(io.left, bytes.length);
    if (io.give(bytes, 0, room) < room) return -EFAULT;
    if ((flags & MSG_PEEK) === 0) {
      this.queue.shift();
      this.queued -= bytes.length + OVERHEAD;
      this.memory.hold(this.queued);
    }
    const truncated = room < bytes.length;
    return {
      length: truncated && (flags & MSG_TRUNC) !== 0 ? bytes.length : room,
      ...{ from, time, flags: truncated ? MSG_TRUNC : 0 },
      control: this.auxiliary ? [this.auxiliaryOf(message)] : undefined,
    };
  }

  /** struct tpacket_auxdata: there are no tags of VLANs. */
  private auxiliaryOf({ bytes, length }: Message): ControlItem {
    const data = new Uint8Array(ADDRESS_SIZE);
    const view = new DataView(data.buffer);
    view.setUint32(0, P.TP_STATUS_USER | P.TP_STATUS_CSUM_VALID, true);
    view.setUint32(4, length, true);
    view.setUint32(8, bytes.length, true);
    view.setUint16(14, this.type === SOCK_RAW ? ETHERNET_HEADER : 0, true);
    return { level: P.SOL_PACKET, type: P.PACKET_AUXDATA, data };
  }

  /** DEVIATION: what is sent to the loopback is seen by packet sockets and by nobody else. */
  override send(_task: Task, io: Io, flags: number, address: Uint8Array | undefined): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (address && address.length < ADDRESS_AT) return -EINVAL;
    const to = address && new DataView(address.buffer, address.byteOffset);
    const by = this.namespace.interfaces.get(to ? to.getInt32(4, true) : this.index);
    if (!by) return -ENXIO;
    if (!by.up) return -ENETDOWN;
    const header = this.type === SOCK_RAW ? 0 : ETHERNET_HEADER;
    if (io.left > Math.min(FRAME_MAX, by.mtu + ETHERNET_HEADER - header)) return -EMSGSIZE;
    if (header === 0 && io.left < ETHERNET_HEADER) return -EINVAL;
    if (header !== 0 && to && (address!.length < ADDRESS_AT + 6 || address![11]! < 6)) return -EINVAL;
    const type = swapped(to ? to.getUint16(2, true) : swapped(this.ether));
    const frame = makeFrame(to && header !== 0 ? stationAt(address!, ADDRESS_AT) : 0, by.station, type, io.left);
    const length = io.left;
    const bytes = (header === 0 ? frame.subarray(ETHERNET_HEADER) : frame).subarray(0, header + length);
    if (io.take(bytes, header, length) < length) return -EFAULT;
    const about = { priority: this.flagsOf.get(SO_PRIORITY), mark: this.flagsOf.get(SO_MARK), maker: this };
    const made = frameOf(bytes, about);
    if (by instanceof EthernetInterface) by.put(made);
    else if (by.type === ARPHRD_LOOPBACK) this.namespace.packets.sees(by, made, true);
    return length;
  }

  // ---- options --------------------------------------------------------------------------------------------------------------------

  protected override get filters(): boolean {
    return true;
  }

  protected override getProtocolOption(level: number, name: number, given: number): OptionValue {
    if (level !== P.SOL_PACKET) return -ENOPROTOOPT;
    switch (name) {
      case P.PACKET_STATISTICS: {
        const bytes = new Uint8Array(Uint32Array.of(this.seen, this.dropped).buffer);
        this.seen = 0;
        this.dropped = 0;
        return bytes;
      }
      case P.PACKET_AUXDATA:
        return { value: this.auxiliary ? 1 : 0 };
      case P.PACKET_VERSION:
        return { value: this.version };
      case P.PACKET_HDRLEN:
        return given === P.TPACKET_V2 ? { value: HEADER_V2 } : -EINVAL;
      case P.PACKET_RESERVE:
        return { value: this.reserve };
      case P.PACKET_LOSS:
      case P.PACKET_TIMESTAMP:
      case P.PACKET_QDISC_BYPASS:
      case P.PACKET_IGNORE_OUTGOING:
        return { value: this.options.get(name) ?? 0 };
      default:
        return -ENOPROTOOPT;
    }
  }

  protected override setProtocolOption(level: number, name: number, value: number, bytes: Uint8Array): number {
    if (level !== P.SOL_PACKET) return -ENOPROTOOPT;
    switch (name) {
      case P.PACKET_ADD_MEMBERSHIP:
      case P.PACKET_DROP_MEMBERSHIP:
        return this.setMembership(bytes, name === P.PACKET_ADD_MEMBERSHIP);
      case P.PACKET_RX_RING:
        return this.setRing(bytes);
      case P.PACKET_AUXDATA:
        this.auxiliary = value !== 0;
        return 0;
      case P.PACKET_VERSION:
        if (this.ring) return -EBUSY;
        if (value !== P.TPACKET_V1 && value !== P.TPACKET_V2) return -EINVAL;
        this.version = value;
        return 0;
      case P.PACKET_RESERVE:
        if (this.ring) return -EBUSY;
        if (value < 0 || value > RESERVE_MAX) return -EINVAL;
        this.reserve = value;
        return 0;
      case P.PACKET_LOSS:
      case P.PACKET_TIMESTAMP:
      case P.PACKET_QDISC_BYPASS:
      case P.PACKET_IGNORE_OUTGOING:
        this.options.set(name, value);
        return 0;
      default:
        return -ENOPROTOOPT;
    }
  }

  /** struct packet_mreq. Frames for others come to every interface here, so that nothing changes with it. */
  private setMembership(bytes: Uint8Array, join: boolean): number {
    if (bytes.length < 16) return -EINVAL;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [index, type] = [view.getInt32(0, true), view.getUint16(4, true)];
    if (!this.namespace.interfaces.has(index)) return join ? -ENODEV : 0;
    const at = this.memberships.findIndex((one) => one.index === index && one.type === type);
    if (!join) {
      if (at >= 0) this.memberships.splice(at, 1);
    } else if (this.memberships.length >= MEMBERSHIPS_MAX) return -ENOBUFS;
    else this.memberships.push({ index, type });
    return 0;
  }

  /** struct tpacket_req; a ring of nothing takes the one that there is away. */
  private setRing(bytes: Uint8Array): number {
    if (bytes.length < 16) return -EINVAL;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [blockSize, blocks, frameSize, frames] = [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as [
      ...[number, number, number, number],
    ];
    if (blocks === 0) {
      if (frames !== 0) return -EINVAL;
      this.ring?.close();
      this.ring = undefined;
      return 0;
    }
    if (this.ring) return -EBUSY;
    if (this.version !== P.TPACKET_V2) return -EINVAL;
    const request = { blockSize, blocks, frameSize, frames };
    const made = PacketRing.make(this.namespace.kernel.frames, request, this.reserve);
    if (typeof made === 'number') return made;
    this.ring = made;
    return 0;
  }

  override mappable(): PageCache | number {
    return this.ring?.memory ?? -EINVAL;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.queued;
  }

  protected override get readableBytes(): number {
    return this.queue[0]?.bytes.length ?? 0;
  }

  override poll(): number {
    let events = POLLOUT | POLLWRNORM;
    if (this.ring ? this.ring.filled : this.queue.length > 0) events |= POLLIN | POLLRDNORM;
    if (this.pendingError !== 0) events |= POLLERR;
    return events;
  }
}

/** struct sockaddr_ll. */
function addressOf(ether: number, index: number, hardware: number, kind: number, station: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, swapped(ether), true);
  view.setInt32(4, index, true);
  view.setUint16(8, hardware, true);
  bytes[10] = kind;
  bytes[11] = station.length;
  bytes.set(station, ADDRESS_AT);
  return bytes;
}
