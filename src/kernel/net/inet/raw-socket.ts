// Raw sockets: packets of a protocol without anything between. man 7 raw; Linux net/ipv4/raw.c, net/ipv6/raw.c.
import { checksum, pseudoHeader } from '../../../net/checksum.js';
import { put16, put32, u32 } from '../../../net/big-endian.js';
import { writeIpv4 } from '../../../net/ipv4/packet.js';
import { EINVAL, EMSGSIZE, ENOPROTOOPT } from '../../abi/errno.js';
import {
  ICMP_FILTER,
  IP_HDRINCL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  IPV6_CHECKSUM,
  SOL_RAW,
} from '../../abi/inet.js';
import { AF_INET, SOCK_RAW } from '../../abi/socket.js';
import type { Task } from '../../task/task.js';
import type { Lost, PathError } from '../icmp.js';
import type { Way } from '../internet.js';
import { type Packet, payloadOf } from '../packet.js';
import type { OptionValue } from '../socket.js';
import { DatagramSocket } from './datagram-socket.js';
import { type Endpoint, isAny, writeEndpoint } from './endpoint.js';
import type { SendControl } from './inet-socket.js';

const HEADER_4 = 20;
const FILTER_6_SIZE = 32;

export class RawSocket extends DatagramSocket {
  protected readonly messageMax = 65535;
  /** ICMP types that are not wanted, as bits. */
  private filter = 0;
  private filter6 = new Uint8Array(FILTER_6_SIZE);
  /** Where the checksum is put, -1: nowhere. IPv6. */
  private checksumAt: number;

  constructor(task: Task, family: number, protocol: number, flags: number) {
    super(task, family, SOCK_RAW, protocol, flags);
    this.checksumAt = protocol === IPPROTO_ICMPV6 ? 2 : -1;
    if (protocol === IPPROTO_RAW) this.ip.set(IPPROTO_IP, IP_HDRINCL, 1);
    this.local.port = protocol;
    this.namespace.raw.add(this);
  }

  protected override get hasPorts(): boolean {
    return false;
  }
  protected override get wantsPort(): boolean {
    return false;
  }

  override bind(task: Task, address: Uint8Array): number {
    const place = this.bindable(task, address);
    if (typeof place === 'number') return place;
    this.local = { ...place, port: this.protocol };
    this.boundAddress = !isAny(place.address);
    return 0;
  }

  override localAddress(): Uint8Array {
    return writeEndpoint(this.family, { ...this.local, port: this.family === AF_INET ? 0 : this.local.port });
  }

  protected claim(): number {
    return 0;
  }
  protected unclaim(): void {
    this.namespace.raw.remove(this);
  }

  protected override seesHeader({ source }: Packet): boolean {
    return typeof source === 'number';
  }

  wants(packet: Packet): boolean {
    const { source, destination, protocol } = packet;
    if (protocol !== this.protocol || (typeof source === 'number') !== (this.family === AF_INET)) return false;
    if (!isAny(this.local.address) && this.local.address !== destination) return false;
    if (this.remote && this.remote.address !== source) return false;
    if (this.device !== 0 && this.device !== packet.interface) return false;
    if (protocol === IPPROTO_ICMP) {
      const type = payloadOf(packet)[0] ?? 0;
      return type >= 32 || ((this.filter >>> type) & 1) === 0;
    }
    if (protocol !== IPPROTO_ICMPV6) return true;
    const type = payloadOf(packet)[0] ?? 0;
    return ((new DataView(this.filter6.buffer).getUint32((type >> 5) * 4, true) >>> (type & 31)) & 1) === 0;
  }

  arrived(packet: Packet): void {
    const payload = payloadOf(packet);
    let data = payload.slice();
    if (typeof packet.source === 'number') {
      const header = packet.header ?? headerOf(packet, payload.length);
      data = new Uint8Array(header.length + payload.length);
      data.set(header);
      data.set(payload, header.length);
    }
    this.enqueue(packet, data, { address: packet.source, port: 0, scope: packet.interface });
  }

  failed({ destination, payload }: Lost, error: PathError): void {
    if (this.remote && this.remote.address !== destination) return;
    this.pathError(error, { address: destination, port: 0, scope: 0 }, payload);
  }

  protected transmit(_task: Task, data: Uint8Array, to: Endpoint, way: Way, said: SendControl): number {
    const packet = this.packetTo(to, way, said);
    const { internet } = this.namespace;
    if (typeof way.source === 'number' && this.ip.ip(IP_HDRINCL) !== 0) return this.transmitWhole(data, packet, way);
    packet.payload = data;
    if (typeof way.source === 'bigint' && this.checksumAt >= 0) {
      if (this.checksumAt + 2 > data.length) return -EINVAL;
      put16(data, this.checksumAt, 0);
      const pseudo = pseudoHeader(way.source, to.address, this.protocol, data.length);
      put16(data, this.checksumAt, checksum(data, 0, data.length, pseudo));
    }
    const failed = internet.send(packet, way);
    return failed === 0 ? data.length : failed;
  }

  /** The program has made the header: what it left at 0 is filled in. */
  private transmitWhole(data: Uint8Array, packet: Packet, way: Way): number {
    const header = ((data[0] ?? 0) & 15) * 4;
    if (data.length < HEADER_4 || header < HEADER_4 || header > data.length) return -EINVAL;
    if (!way.local && data.length > way.interface.mtu) return -EMSGSIZE;
    packet.source = u32(data, 12) || packet.source;
    put32(data, 12, packet.source as number);
    put16(data, 2, data.length);
    put16(data, 10, 0);
    put16(data, 10, checksum(data, 0, header));
    packet.destination = u32(data, 16);
    packet.protocol = data[9]!;
    packet.timeToLive = data[8]!;
    packet.service = data[1]!;
    packet.header = data.subarray(0, header);
    packet.payload = data.subarray(header);
    const failed = this.namespace.internet.send(packet, way);
    return failed === 0 ? data.length : failed;
  }

  protected override getProtocolOption(level: number, name: number): OptionValue {
    if (level === SOL_RAW && name === ICMP_FILTER && this.protocol === IPPROTO_ICMP) return { value: this.filter };
    if (level === IPPROTO_ICMPV6 && name === ICMP_FILTER && this.protocol === IPPROTO_ICMPV6)
      return this.filter6.slice();
    if ((level === IPPROTO_IPV6 || level === SOL_RAW) && name === IPV6_CHECKSUM) return { value: this.checksumAt };
    return super.getProtocolOption(level, name);
  }

  protected override setProtocolOption(level: number, name: number, value: number, bytes: Uint8Array): number {
    if (level === SOL_RAW && name === ICMP_FILTER && this.protocol === IPPROTO_ICMP) {
      this.filter = value;
      return 0;
    }
    if (level === IPPROTO_ICMPV6 && name === ICMP_FILTER && this.protocol === IPPROTO_ICMPV6) {
      this.filter6.set(bytes.subarray(0, FILTER_6_SIZE));
      return 0;
    }
    if ((level === IPPROTO_IPV6 || level === SOL_RAW) && name === IPV6_CHECKSUM) {
      if (this.family === AF_INET) return -ENOPROTOOPT;
      if (value > 0 && value % 2 !== 0) return -EINVAL;
      this.checksumAt = value < 0 ? -1 : value;
      return 0;
    }
    return super.setProtocolOption(level, name, value, bytes);
  }
}

/** The IPv4 header of a packet that had none so far. */
export function headerOf(packet: Packet, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_4);
  const { source, destination, protocol, timeToLive, service } = packet;
  const header = { source: source as number, destination: destination as number, protocol, identification: 0 };
  writeIpv4(bytes, 0, { ...header, timeToLive, service }, length);
  return bytes;
}
