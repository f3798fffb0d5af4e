// A packet of either family on its way through a namespace. Between two sockets of one namespace segments and datagrams pass as what they
// are; bytes are made of them where somebody sees bytes: on a wire, and for raw sockets.
// Linux struct sk_buff; RFC 791, 8200.
import type { Address } from '../../net/address.js';
import { makeSegment, parseSegment, type Segment } from '../../net/tcp/segment.js';
import { type Datagram, makeUdp, parseUdp } from '../../net/udp.js';
import type { Belonging } from './filter/flow-table.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../abi/inet.js';

export interface Packet {
  source: Address;
  destination: Address;
  /** IPPROTO_*. */
  protocol: number;
  /** One of these is there. */
  segment?: Segment;
  datagram?: Datagram;
  payload?: Uint8Array;
  /** Time to live, or hop limit. */
  timeToLive: number;
  /** Type of service, or traffic class. */
  service: number;
  /** What its socket says of it, for queues: SO_PRIORITY, SO_MARK. Nobody on the other side of a wire hears of them. */
  priority?: number;
  mark?: number;
  /** Index of the interface that it must leave by, or has come by. */
  interface: number;
  dontFragment?: boolean;
  /** IPv4: it may not be cut if it is short enough as far as the sender knows, so that he learns of a narrower link. IP_PMTUDISC_WANT. */
  discovers?: boolean;
  /** Bytes of the pieces in which it goes, where that is less than the link takes. */
  mtu?: number;
  /** Bytes of data of each TCP segment that this one becomes where it meets a wire. Linux skb_shinfo(skb)->gso_size. */
  segmentSize?: number;
  /** To a group: members of this namespace do not hear it. */
  unheard?: boolean;
  /** The flow that it is of, once the packet filter has looked. */
  belonging?: Belonging;
  /** IPv4, as it came or as a program made it (IP_HDRINCL). */
  header?: Uint8Array;
}

/** For one receiver of several: `interface` is what it has come by. */
export function copyOf(packet: Packet, by: number): Packet {
  const { source, destination, protocol, segment, datagram, payload, timeToLive, service } = packet;
  const { dontFragment, segmentSize, header } = packet;
  return {
    ...{ source, destination, protocol, segment, datagram, payload, timeToLive, service, interface: by },
    ...{ dontFragment, segmentSize, header },
  };
}

/** What is behind the IP header. */
export function payloadOf(packet: Packet): Uint8Array {
  const { source, destination } = packet;
  if (packet.segment) packet.payload ??= makeSegment(source, destination, packet.segment);
  else if (packet.datagram) packet.payload ??= makeUdp(source, destination, packet.datagram);
  return packet.payload ?? new Uint8Array(0);
}

/** Bytes behind the IP header. */
export function lengthOf(packet: Packet): number {
  if (packet.payload) return packet.payload.length;
  return packet.segment ? 20 + packet.segment.data.length : 8 + (packet.datagram?.data.length ?? 0);
}

export function segmentOf(packet: Packet): Segment | undefined {
  const { source, destination, protocol } = packet;
  if (protocol !== IPPROTO_TCP) return undefined;
  packet.segment ??= parseSegment({ source, destination, protocol, payload: payloadOf(packet) });
  return packet.segment;
}

export function datagramOf(packet: Packet): Datagram | undefined {
  const { source, destination, protocol } = packet;
  if (protocol !== IPPROTO_UDP) return undefined;
  packet.datagram ??= parseUdp({ source, destination, protocol, payload: payloadOf(packet) });
  return packet.datagram;
}
