// The gateway's place on the wire for IPv6: neighbour discovery in both directions, advertisements, packets in and out.
// Source: RFC 4861 sections 6.2 (routers), 7.2 (neighbours), 7.1.1 (what is discarded); RFC 2464 section 7 (multicast over Ethernet).
import type { Clock } from '../../base/time.js';
import { inNetwork } from '../address.js';
import { ETHERNET_HEADER, ETHERTYPE, etherTypeOf, type FrameSink, isGroup, makeFrame, sourceOf } from '../ethernet.js';
import { Neighbours } from '../neighbours.js';
import { PROTOCOL } from '../packet.js';
import { Reassembly } from '../reassembly.js';
import { isMulticast, isSound, seal } from './icmpv6.js';
import {
  ALL_NODES,
  isRouterSolicitation,
  ND,
  ND_HOP_LIMIT,
  neighbourAdvertisement,
  neighbourSolicitation,
  parseNeighbourMessage,
  routerAdvertisement,
  solicitedNode,
} from './neighbour-discovery.js';
import { IPV6_HEADER, type Ipv6Packet, makeIpv6, parseIpv6, unwrap } from './packet.js';

const LINK_LOCAL = 0xfe80n << 112n;
const LINK_LOCAL_BITS = 10;
const UNSPECIFIED = 0n;
const GROUP = 0x3333_0000_0000;
/** Hosts hear of the router again when they have said anything and it is so long ago: no timer that would wake a sleeping machine. */
const ADVERTISED_FOR = 600e9;

export interface Ipv6LinkOptions {
  clock: Clock;
  station: number;
  /** Ours; the first is the router's, and local to the link. */
  addresses: readonly bigint[];
  prefix: bigint;
  prefixBits: number;
  nameServer: bigint;
  send: FrameSink;
  /** A packet that was sent to our station or to a group. */
  receive: (packet: Ipv6Packet) => void;
}

export class Ipv6Link {
  readonly neighbours: Neighbours<bigint>;
  private readonly reassembly: Reassembly<Ipv6Packet>;
  private identification = 0;
  private advertised: number;

  constructor(private readonly options: Ipv6LinkOptions) {
    const { clock, send } = options;
    this.reassembly = new Reassembly(clock);
    this.neighbours = new Neighbours(send, (address) => this.ask(address));
    this.advertised = clock.now();
  }

  /** A frame to our station or to a group, of any type. */
  frame(frame: Uint8Array): void {
    if (this.options.clock.now() - this.advertised > ADVERTISED_FOR) this.advertise(ALL_NODES);
    const packet = etherTypeOf(frame) === ETHERTYPE.IPV6 ? parseIpv6(frame) : undefined;
    if (!packet || isMulticast(packet.source)) return;
    this.learn(packet.source, sourceOf(frame));
    const joined = this.reassembly.add(packet);
    const whole = joined && unwrap(joined);
    if (whole?.protocol === PROTOCOL.ICMPV6 && isDiscovery(whole.payload[0])) this.discover(whole, frame);
    else if (whole) this.options.receive(whole);
  }

  send(source: bigint, destination: bigint, protocol: number, payload: Uint8Array, hopLimit?: number): void {
    const header = { source, destination, protocol, hopLimit };
    const packets = makeIpv6(header, payload, this.identification++);
    const to = isMulticast(destination) ? GROUP + Number(destination & 0xffffffffn) : GROUP;
    const frames = packets.map((packet) => {
      const frame = makeFrame(to, this.options.station, ETHERTYPE.IPV6, packet.length);
      frame.set(packet, ETHERNET_HEADER);
      return frame;
    });
    if (isMulticast(destination)) for (const frame of frames) this.options.send(frame);
    else this.neighbours.deliver(destination, frames);
  }

  private ask(address: bigint): void {
    this.sendDiscovery(solicitedNode(address), neighbourSolicitation(address, this.options.station));
  }

  private advertise(to: bigint): void {
    this.advertised = this.options.clock.now();
    this.sendDiscovery(to, routerAdvertisement(this.options));
  }

  private sendDiscovery(to: bigint, message: Uint8Array, source = this.options.addresses[0]): void {
    this.send(source, to, PROTOCOL.ICMPV6, seal(source, to, message), ND_HOP_LIMIT);
  }

  private discover(packet: Ipv6Packet, frame: Uint8Array): void {
    // fragments and extension headers are what such messages are forged with, RFC 6980
    if (packet.hopLimit !== ND_HOP_LIMIT || packet.header.length !== IPV6_HEADER || !isSound(packet)) return;
    const { payload, source } = packet;
    const answerTo = source === UNSPECIFIED ? ALL_NODES : source;
    if (payload[0] === ND.ROUTER_SOLICITATION) {
      if (isRouterSolicitation(payload)) this.advertise(answerTo);
      return;
    }
    const message = parseNeighbourMessage(payload);
    if (!message) return;
    const { target, station = sourceOf(frame) } = message;
    if (payload[0] === ND.NEIGHBOUR_ADVERTISEMENT) this.learn(target, station);
    else if (this.options.addresses.includes(target)) {
      const answer = neighbourAdvertisement(target, this.options.station, source !== UNSPECIFIED);
      this.sendDiscovery(answerTo, answer, target);
    }
  }

  private learn(address: bigint, station: number): void {
    const { prefix, prefixBits, addresses } = this.options;
    const near = inNetwork(address, prefix, prefixBits) || inNetwork(address, LINK_LOCAL, LINK_LOCAL_BITS);
    if (near && !isGroup(station) && !addresses.includes(address)) this.neighbours.learn(address, station);
  }
}

/** Redirects are for hosts alone, and dropped with the rest. */
function isDiscovery(type: number): boolean {
  return type >= ND.ROUTER_SOLICITATION && type <= ND.NEIGHBOUR_ADVERTISEMENT + 1;
}
