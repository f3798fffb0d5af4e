// What tells the packets of one conversation from others: addresses and ports, and how a packet is given other ones.
// Linux include/net/netfilter/nf_conntrack_tuple.h, net/netfilter/nf_nat_proto.c; RFC 3022 section 4, RFC 5508.
import type { Address } from '../../../net/address.js';
import { put16, put32, put128, u16, u32, u128 } from '../../../net/big-endian.js';
import { checksum, pseudoHeader } from '../../../net/checksum.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import { ECHO, ECHO_6, ECHO_REPLY, ECHO_REPLY_6 } from '../icmp.js';
import { datagramOf, type Packet, payloadOf, segmentOf } from '../packet.js';

export interface Tuple {
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** Of an echo its identifier; 0 for protocols without ports. */
  readonly sourcePort: number;
  /** Of an echo its type. */
  readonly destinationPort: number;
}

const HEADER_4 = 20;
const HEADER_6 = 40;
const ICMP_HEADER = 8;
const isIcmp = (protocol: number): boolean => protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6;
const ECHO_ANSWERS: ReadonlyMap<number, number> = new Map([
  [ECHO, ECHO_REPLY],
  [ECHO_REPLY, ECHO],
  [ECHO_6, ECHO_REPLY_6],
  [ECHO_REPLY_6, ECHO_6],
]);

export function keyOf({ protocol, source, destination, sourcePort, destinationPort }: Tuple): string {
  const family = typeof source === 'number' ? 4 : 6;
  return `${family} ${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`;
}

/** Of the packets that answer. */
export function inverse({ protocol, source, destination, sourcePort, destinationPort }: Tuple): Tuple {
  if (isIcmp(protocol))
    return {
      ...{ protocol, source: destination, destination: source, sourcePort },
      destinationPort: ECHO_ANSWERS.get(destinationPort) ?? destinationPort,
    };
  return {
    protocol,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  };
}

/** Undefined: it is not whole, its checksum is wrong, or it is a message about another packet. */
export function tupleOf(packet: Packet): Tuple | undefined {
  const { protocol, source, destination } = packet;
  const place = { protocol, source, destination };
  if (protocol === IPPROTO_TCP || protocol === IPPROTO_UDP) {
    const ports = protocol === IPPROTO_TCP ? segmentOf(packet) : datagramOf(packet);
    return ports && { ...place, sourcePort: ports.sourcePort, destinationPort: ports.destinationPort };
  }
  if (!isIcmp(protocol)) return { ...place, sourcePort: 0, destinationPort: 0 };
  const message = payloadOf(packet);
  if (message.length < ICMP_HEADER || !ECHO_ANSWERS.has(message[0]!) || message[1] !== 0) return undefined;
  return { ...place, sourcePort: u16(message, 4), destinationPort: message[0]! };
}

/** Gives a packet the source of `tuple`. */
export function setSource(packet: Packet, { source, sourcePort, protocol }: Tuple): void {
  packet.source = source;
  if (isIcmp(protocol)) setIdentifier(packet, sourcePort);
  else setPorts(packet, sourcePort, undefined);
}

/** Gives a packet the destination of `tuple`; an echo has its identifier of it, too. */
export function setDestination(packet: Packet, { destination, sourcePort, destinationPort, protocol }: Tuple): void {
  packet.destination = destination;
  if (isIcmp(protocol)) setIdentifier(packet, sourcePort);
  else setPorts(packet, undefined, destinationPort);
}

/** Segments and datagrams are shared with whoever has sent them: they are not written to. */
function setPorts(packet: Packet, sourcePort: number | undefined, destinationPort: number | undefined): void {
  packet.header = undefined;
  const ports = packet.segment ?? packet.datagram;
  if (!ports) return;
  const changed = {
    sourcePort: sourcePort ?? ports.sourcePort,
    destinationPort: destinationPort ?? ports.destinationPort,
  };
  packet.payload = undefined;
  if (packet.segment) packet.segment = { ...packet.segment, ...changed };
  if (packet.datagram) packet.datagram = { ...packet.datagram, ...changed };
}

function setIdentifier(packet: Packet, identifier: number): void {
  packet.header = undefined;
  const message = payloadOf(packet).slice();
  if (message.length < ICMP_HEADER) return;
  put16(message, 4, identifier);
  packet.payload = message;
  sealIcmp(packet);
}

/** Puts the checksum of a message right. */
function sealIcmp(packet: Packet): void {
  const { source, destination, protocol } = packet;
  const message = packet.payload!;
  put16(message, 2, 0);
  const pseudo = protocol === IPPROTO_ICMP ? 0 : pseudoHeader(source, destination, protocol, message.length);
  put16(message, 2, checksum(message, 0, message.length, pseudo));
}

// ---- messages about packets -------------------------------------------------------------------------------------------------------

/** Where the packet that an ICMP error quotes has its parts. */
interface Quote {
  tuple: Tuple;
  /** Of the transport's header in the message. */
  transport: number;
}

/** What an ICMP error is about; undefined: it is none, or quotes too little. */
export function quoteIn(packet: Packet): Quote | undefined {
  const { protocol, source } = packet;
  if (!isIcmp(protocol)) return undefined;
  const message = payloadOf(packet);
  const type = message[0] ?? 0;
  if (protocol === IPPROTO_ICMP ? ![3, 11, 12].includes(type) : type < 1 || type > 4) return undefined;
  const at = ICMP_HEADER;
  if (typeof source === 'number') {
    const header = ((message[at] ?? 0) & 15) * 4;
    const transport = at + header;
    if (header < HEADER_4 || message.length < transport + 8 || message[at]! >> 4 !== 4) return undefined;
    const place = { protocol: message[at + 9]!, source: u32(message, at + 12), destination: u32(message, at + 16) };
    return { tuple: { ...place, ...portsAt(message, transport, place.protocol) }, transport };
  }
  const transport = at + HEADER_6;
  if (message.length < transport + 8 || message[at]! >> 4 !== 6) return undefined;
  const place = { protocol: message[at + 6]!, source: u128(message, at + 8), destination: u128(message, at + 24) };
  return { tuple: { ...place, ...portsAt(message, transport, place.protocol) }, transport };
}

function portsAt(bytes: Uint8Array, at: number, protocol: number) {
  if (isIcmp(protocol)) return { sourcePort: u16(bytes, at + 4), destinationPort: bytes[at]! };
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) return { sourcePort: 0, destinationPort: 0 };
  return { sourcePort: u16(bytes, at), destinationPort: u16(bytes, at + 2) };
}

/**
 * Makes an ICMP error quote the packet as `tuple` has it. The quoted transport's own checksum stays as it was: nobody can check it, as the
 * quote is cut short.
 */
export function requote(packet: Packet, { transport }: Quote, tuple: Tuple): void {
  const message = payloadOf(packet).slice();
  const at = ICMP_HEADER;
  if (typeof tuple.source === 'number') {
    put32(message, at + 12, tuple.source);
    put32(message, at + 16, tuple.destination as number);
    put16(message, at + 10, 0);
    put16(message, at + 10, checksum(message, at, transport));
  } else {
    put128(message, at + 8, tuple.source);
    put128(message, at + 24, tuple.destination as bigint);
  }
  if (isIcmp(tuple.protocol)) put16(message, transport + 4, tuple.sourcePort);
  else if (tuple.protocol === IPPROTO_TCP || tuple.protocol === IPPROTO_UDP) {
    put16(message, transport, tuple.sourcePort);
    put16(message, transport + 2, tuple.destinationPort);
  }
  packet.payload = message;
  packet.header = undefined;
  sealIcmp(packet);
}

/** Its addresses have changed: the checksum of ICMPv6 counts them. */
export function reseal(packet: Packet): void {
  if (packet.protocol !== IPPROTO_ICMPV6) return;
  packet.payload = payloadOf(packet).slice();
  sealIcmp(packet);
}
