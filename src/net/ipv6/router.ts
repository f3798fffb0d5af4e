// The gateway's IPv6 half: what reaches it on the wire is answered (neighbour discovery, DHCPv6, echo) or handed up (TCP, UDP).
// Source: RFC 4861, RFC 4443, RFC 8415.
import type { Clock } from '../../base/time.js';
import { inNetwork } from '../address.js';
import type { FrameSink } from '../ethernet.js';
import { PROTOCOL } from '../packet.js';
import { GATEWAY_6, GATEWAY_STATION, NAME_SERVER_6, PREFIX, PREFIX_BITS, ROUTER } from '../private-network.js';
import { makeUdp, parseUdp } from '../udp.js';
import { answerDhcpv6, DHCPV6_CLIENT_PORT, DHCPV6_SERVER_PORT, DHCPV6_SERVERS } from './dhcpv6.js';
import { ADMINISTRATIVELY_PROHIBITED, echoReply, isMulticast, unreachable } from './icmpv6.js';
import { Ipv6Link } from './link.js';
import type { Ipv6Packet } from './packet.js';

const OURS: readonly bigint[] = [ROUTER, GATEWAY_6, NAME_SERVER_6];

export interface Ipv6RouterOptions {
  clock: Clock;
  send: FrameSink;
  /** A packet of TCP or UDP from a guest of the network. */
  transport: (packet: Ipv6Packet) => void;
}

export class Ipv6Router {
  private readonly link: Ipv6Link;

  constructor(private readonly options: Ipv6RouterOptions) {
    const { clock, send } = options;
    this.link = new Ipv6Link({
      ...{ clock, send, station: GATEWAY_STATION, addresses: OURS },
      ...{ prefix: PREFIX, prefixBits: PREFIX_BITS, nameServer: NAME_SERVER_6 },
      receive: (packet) => this.receive(packet),
    });
  }

  /** A frame to our station or to a group. */
  frame(frame: Uint8Array): void {
    this.link.frame(frame);
  }

  send(source: bigint, destination: bigint, protocol: number, payload: Uint8Array): void {
    this.link.send(source, destination, protocol, payload);
  }

  /** A station's machine has left the switch. */
  gone(station: number): void {
    this.link.neighbours.forget(station);
  }

  /** Tells a guest that its packet may not go there. */
  prohibited(packet: Ipv6Packet): void {
    const message = unreachable(packet, ADMINISTRATIVELY_PROHIBITED, GATEWAY_6);
    if (message && fromGuest(packet)) this.send(GATEWAY_6, packet.source, PROTOCOL.ICMPV6, message);
  }

  private receive(packet: Ipv6Packet): void {
    const { protocol, destination, source } = packet;
    const ours = OURS.includes(destination);
    if (protocol === PROTOCOL.UDP && (ours || destination === DHCPV6_SERVERS) && this.servesDhcp(packet)) return;
    // groups are joined without us, who sit on the only link
    if (isMulticast(destination)) return;
    if (protocol === PROTOCOL.ICMPV6 && ours) {
      const reply = echoReply(packet);
      if (reply) this.send(destination, source, PROTOCOL.ICMPV6, reply);
    } else if (!fromGuest(packet)) return;
    else if (protocol === PROTOCOL.TCP || protocol === PROTOCOL.UDP) this.options.transport(packet);
    else this.prohibited(packet);
  }

  /** Whether it was a message to the DHCPv6 server. */
  private servesDhcp(packet: Ipv6Packet): boolean {
    const datagram = parseUdp(packet);
    if (datagram?.destinationPort !== DHCPV6_SERVER_PORT) return false;
    const data = answerDhcpv6(datagram.data, GATEWAY_STATION, NAME_SERVER_6);
    if (!data) return true;
    const reply = { sourcePort: DHCPV6_SERVER_PORT, destinationPort: DHCPV6_CLIENT_PORT, data };
    this.send(ROUTER, packet.source, PROTOCOL.UDP, makeUdp(ROUTER, packet.source, reply));
    return true;
  }
}

function fromGuest({ source }: Ipv6Packet): boolean {
  return inNetwork(source, PREFIX, PREFIX_BITS);
}
