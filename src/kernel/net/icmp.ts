// ICMP and ICMPv6 of a namespace: echo is answered, errors are sent and told to the sockets that they are about.
// RFC 792, 1122 section 3.2.2, 4443; Linux net/ipv4/icmp.c icmp_err_convert, net/ipv6/icmp.c.
import type { Address } from '../../net/address.js';
import { put16, put32, u16, u32, u128 } from '../../net/big-endian.js';
import { checksum, pseudoHeader } from '../../net/checksum.js';
import { writeIpv4 } from '../../net/ipv4/packet.js';
import { makeIpv6 } from '../../net/ipv6/packet.js';
import {
  EACCES,
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from '../abi/errno.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../abi/inet.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import { IcmpCounts } from './counters.js';
import { isAny, isMulticast } from './inet/endpoint.js';
import { TTL_DEFAULT } from './inet/ip-options.js';
import { lengthOf, type Packet, payloadOf } from './packet.js';

export const ECHO_REPLY = 0;
export const UNREACHABLE = 3;
export const ECHO = 8;
export const TIME_EXCEEDED = 11;
export const PARAMETER_PROBLEM = 12;
export const PORT_UNREACHABLE = 3;
const PROTOCOL_UNREACHABLE = 2;
const FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_6 = 1;
const TOO_BIG_6 = 2;
const TIME_EXCEEDED_6 = 3;
const PARAMETER_PROBLEM_6 = 4;
export const ECHO_6 = 128;
export const ECHO_REPLY_6 = 129;

const HEADER = 8;
/** An error is no longer than a packet that every link takes. */
const ERROR_MAX = 548;
const ERROR_MAX_6 = 1232;
/** struct sock_extended_err: who tells of the error. */
export const SO_EE_ORIGIN_LOCAL = 1;
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;

/** Why a packet did not arrive. */
export interface PathError {
  /** Positive. */
  errno: number;
  /** A socket that does not ask for errors hears of it. */
  hard: boolean;
  origin: number;
  type: number;
  code: number;
  info: number;
  /** Who says so. */
  offender: Address;
}

/** A packet that an error is about, as one of our sockets sent it. */
export interface Lost {
  source: Address;
  destination: Address;
  protocol: number;
  /** Behind the IP header, as much as came back. */
  payload: Uint8Array;
}

/** By the code of an ICMP "unreachable". */
const UNREACHABLE_ERRORS: readonly (readonly [errno: number, hard: boolean])[] = [
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [ENOPROTOOPT, true],
  [ECONNREFUSED, true],
  [EMSGSIZE, false],
  [EOPNOTSUPP, false],
  [ENETUNREACH, true],
  [EHOSTDOWN, true],
  [ENONET, true],
  [ENETUNREACH, true],
  [EHOSTUNREACH, true],
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
];
const UNREACHABLE_ERRORS_6: readonly (readonly [errno: number, hard: boolean])[] = [
  [ENETUNREACH, false],
  [EACCES, true],
  [EHOSTUNREACH, false],
  [EHOSTUNREACH, false],
  [ECONNREFUSED, true],
  [EACCES, true],
  [EACCES, true],
];

export class Icmp {
  constructor(private readonly namespace: NetNamespace) {}

  receive(packet: Packet): void {
    if (packet.protocol === IPPROTO_ICMP) this.receive4(packet);
    else this.receive6(packet);
  }

  private receive4(packet: Packet): void {
    const message = payloadOf(packet);
    const { icmp } = this.namespace.counters.four;
    IcmpCounts.add(icmp.in, message[0] ?? 0);
    if (typeof packet.source !== 'number' || message.length < HEADER || checksum(message) !== 0) {
      icmp.errors++;
      return;
    }
    const [type, code] = [message[0]!, message[1]!];
    if (type === ECHO && code === 0) this.reply(packet, message, ECHO_REPLY);
    else if (type === ECHO_REPLY) this.namespace.raw.echoReply(packet, u16(message, 4));
    else if (type === UNREACHABLE || type === TIME_EXCEEDED || type === PARAMETER_PROBLEM) {
      const [errno, hard] =
        type === UNREACHABLE
          ? (UNREACHABLE_ERRORS[code] ?? [EHOSTUNREACH, true])
          : type === TIME_EXCEEDED
            ? [EHOSTUNREACH, false]
            : [EPROTO, true];
      const origin = SO_EE_ORIGIN_ICMP;
      const info = errno === EMSGSIZE ? u16(message, 6) : 0;
      const lost = quoted4(message.subarray(HEADER));
      if (lost) this.tell(lost, { errno, hard, origin, type, code, info, offender: packet.source });
    }
  }

  private receive6(packet: Packet): void {
    const message = payloadOf(packet);
    const { source, destination } = packet;
    const { icmp } = this.namespace.counters.six;
    IcmpCounts.add(icmp.in, message[0] ?? 0);
    const pseudo = pseudoHeader(source, destination, IPPROTO_ICMPV6, message.length);
    if (typeof source !== 'bigint' || message.length < HEADER || checksum(message, 0, message.length, pseudo) !== 0) {
      icmp.errors++;
      return;
    }
    const [type, code] = [message[0]!, message[1]!];
    if (type === ECHO_6 && code === 0) this.reply(packet, message, ECHO_REPLY_6);
    else if (type === ECHO_REPLY_6) this.namespace.raw.echoReply(packet, u16(message, 4));
    else if (type >= UNREACHABLE_6 && type <= PARAMETER_PROBLEM_6) {
      const [errno, hard] =
        type === UNREACHABLE_6
          ? (UNREACHABLE_ERRORS_6[code] ?? [EPROTO, false])
          : type === TOO_BIG_6
            ? [EMSGSIZE, false]
            : type === TIME_EXCEEDED_6
              ? [EHOSTUNREACH, false]
              : [EPROTO, true];
      const info = type === TOO_BIG_6 ? u32(message, 4) : 0;
      const lost = quoted6(message.subarray(HEADER));
      if (lost) this.tell(lost, { errno, hard, origin: SO_EE_ORIGIN_ICMP6, type, code, info, offender: source });
    }
  }

  private reply(packet: Packet, message: Uint8Array, type: number): void {
    const { namespace } = this;
    if (namespace.settings.ignoreEcho || isMulticast(packet.source) || isAny(packet.source)) return;
    // everybody's address is answered by nobody; a group's by its members, from an address of their own
    const own = namespace.isOwn(packet.destination);
    if (!own && typeof packet.destination === 'number') return;
    const by = namespace.interfaces.get(packet.interface);
    const source = own ? packet.destination : by?.sourceFor(packet.source);
    if (source === undefined) return;
    const payload = message.slice();
    payload[0] = type;
    this.send(source, packet.source, payload, packet.interface, packet.service);
  }

  /** Sends a message, with its checksum. */
  send(source: Address, destination: Address, message: Uint8Array, by: number, service = 0): number {
    put16(message, 2, 0);
    const protocol = typeof source === 'number' ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    const pseudo = typeof source === 'number' ? 0 : pseudoHeader(source, destination, protocol, message.length);
    put16(message, 2, checksum(message, 0, message.length, pseudo));
    const link = typeof destination === 'bigint' && (destination >> 118n === 0x3fan || isMulticast(destination));
    return this.namespace.internet.sendTo({
      ...{ source, destination, protocol, payload: message, timeToLive: TTL_DEFAULT, service },
      interface: link ? by : 0,
    });
  }

  // ---- errors -----------------------------------------------------------------------------------------------------------------

  /** Nobody has the port. */
  portUnreachable(packet: Packet): void {
    this.error(packet, UNREACHABLE, PORT_UNREACHABLE, UNREACHABLE_6, 4);
  }
  protocolUnreachable(packet: Packet): void {
    if (typeof packet.source === 'number') this.error(packet, UNREACHABLE, PROTOCOL_UNREACHABLE, 0, 0);
    else this.error(packet, 0, 0, PARAMETER_PROBLEM_6, 1);
  }
  timeExceeded(packet: Packet): void {
    this.error(packet, TIME_EXCEEDED, 0, TIME_EXCEEDED_6, 0);
  }
  /** `code`: 0 no network, 1 no host, 13 forbidden. */
  unreachable(packet: Packet, code: number): void {
    this.error(packet, UNREACHABLE, code, UNREACHABLE_6, code === 0 ? 0 : code === 13 ? 1 : 3);
  }

  /** The next link takes packets of `mtu` bytes at most: RFC 1191 section 4, 4443 section 3.2. */
  tooBig(packet: Packet, mtu: number): void {
    this.error(packet, UNREACHABLE, FRAGMENTATION_NEEDED, TOO_BIG_6, 0, mtu);
  }

  private error(packet: Packet, type: number, code: number, type6: number, code6: number, info = 0): void {
    const { namespace } = this;
    const { source, destination } = packet;
    if (isMulticast(destination) || isMulticast(source) || isAny(source) || isError(packet)) return;
    const by = namespace.interfaces.get(packet.interface);
    if (by && namespace.isBroadcast(destination, by)) return;
    const from = namespace.isOwn(destination) ? destination : by?.sourceFor(source);
    if (from === undefined) return;
    const most = typeof source === 'number' ? ERROR_MAX : ERROR_MAX_6;
    const quote = quoteOf(packet).subarray(0, most);
    const message = new Uint8Array(HEADER + quote.length);
    message[0] = typeof source === 'number' ? type : type6;
    message[1] = typeof source === 'number' ? code : code6;
    put32(message, 4, info);
    message.set(quote, HEADER);
    this.send(from, source, message, packet.interface);
  }

  /** A packet of ours could not be sent: the one whom it was for does not answer. */
  hostUnreachable(packet: Packet): void {
    const { source, destination, protocol } = packet;
    const [type, code] = typeof source === 'number' ? [UNREACHABLE, 1] : [UNREACHABLE_6, 3];
    const origin = typeof source === 'number' ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
    this.tell(
      { source, destination, protocol, payload: payloadOf(packet) },
      { errno: EHOSTUNREACH, hard: false, origin, type, code, info: 0, offender: source },
    );
  }

  private tell(lost: Lost, error: PathError): void {
    const { tcp, udp, raw, internet } = this.namespace;
    if (error.errno === EMSGSIZE && this.namespace.isOwn(lost.source))
      internet.mtus.learn(lost.destination, error.info);
    if (lost.protocol === IPPROTO_TCP) tcp.failed(lost, error);
    else if (lost.protocol === IPPROTO_UDP) udp.failed(lost, error);
    raw.failed(lost, error);
  }
}

/** Is it an ICMP error itself? Nobody answers those with another. */
function isError(packet: Packet): boolean {
  const type = packet.payload?.[0] ?? 0;
  if (packet.protocol === IPPROTO_ICMP) return type !== ECHO;
  return packet.protocol === IPPROTO_ICMPV6 && type < 128;
}

/** IP header and payload of a packet, as an error quotes it. */
function quoteOf(packet: Packet): Uint8Array {
  const payload = payloadOf(packet);
  const { source, destination, protocol, timeToLive } = packet;
  if (typeof source === 'bigint') {
    const header = { source, destination: destination as bigint, protocol, hopLimit: timeToLive };
    return makeIpv6(header, payload.subarray(0, ERROR_MAX_6), 0)[0]!;
  }
  const bytes = new Uint8Array(20 + payload.length);
  writeIpv4(bytes, 0, { source, destination: destination as number, protocol, identification: 0 }, lengthOf(packet));
  bytes.set(payload, 20);
  return bytes;
}

function quoted4(bytes: Uint8Array): Lost | undefined {
  const header = ((bytes[0] ?? 0) & 15) * 4;
  if (bytes.length < 20 || bytes[0]! >> 4 !== 4 || header < 20 || bytes.length < header + 8) return undefined;
  return { source: u32(bytes, 12), destination: u32(bytes, 16), protocol: bytes[9]!, payload: bytes.subarray(header) };
}

function quoted6(bytes: Uint8Array): Lost | undefined {
  if (bytes.length < 48 || bytes[0]! >> 4 !== 6) return undefined;
  return { source: u128(bytes, 8), destination: u128(bytes, 24), protocol: bytes[6]!, payload: bytes.subarray(40) };
}
