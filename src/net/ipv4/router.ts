// The gateway's IPv4 half: what reaches it on the wire is answered (ARP, DHCP, echo) or handed up (TCP, UDP).
// Source: RFC 1812; RFC 2131.
import type { Clock } from '../../base/time.js';
import { inNetwork } from '../address.js';
import type { FrameSink } from '../ethernet.js';
import { PROTOCOL } from '../packet.js';
import {
  FIRST_GUEST,
  GATEWAY,
  GATEWAY_STATION,
  LAST_GUEST,
  MASK,
  NAME_SERVER,
  NETWORK,
  NETWORK_BITS,
} from '../private-network.js';
import { makeUdp, parseUdp } from '../udp.js';
import { DhcpServer } from './dhcp.js';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from './dhcp-message.js';
import { echoReply, UNREACHABLE_CODE, unreachable } from './icmp.js';
import { Ipv4Link } from './link.js';
import type { Ipv4Packet } from './packet.js';

const EVERYBODY = 0xffffffff;

export interface Ipv4RouterOptions {
  clock: Clock;
  send: FrameSink;
  /** A packet of TCP or UDP from a guest of the network. */
  transport: (packet: Ipv4Packet) => void;
  /** The station whose guest is FIRST_GUEST. Undefined: the first that asks. */
  firstGuest?: number;
  /** What a machine that boots from the network is to load. */
  bootFile?: string;
}

export class Ipv4Router {
  private readonly link: Ipv4Link;
  private readonly dhcp: DhcpServer;

  constructor(private readonly options: Ipv4RouterOptions) {
    const { clock, send, firstGuest, bootFile } = options;
    this.link = new Ipv4Link({
      ...{ clock, send, station: GATEWAY_STATION, addresses: [GATEWAY, NAME_SERVER] },
      ...{ network: NETWORK, bits: NETWORK_BITS, receive: (packet) => this.receive(packet) },
    });
    this.dhcp = new DhcpServer({
      ...{ clock, server: GATEWAY, mask: MASK, router: GATEWAY, dns: NAME_SERVER, bootFile },
      ...{ first: FIRST_GUEST, last: LAST_GUEST, firstFor: firstGuest },
      heardAt: (heard) => this.link.neighbours.stationOf(heard),
    });
  }

  /** A frame to our station or to all. */
  frame(frame: Uint8Array): void {
    this.link.frame(frame);
  }

  send(source: number, destination: number, protocol: number, payload: Uint8Array): void {
    this.link.send(source, destination, protocol, payload);
  }

  /** Asks which station has an address. */
  ask(address: number): void {
    this.link.ask(address);
  }

  /** A station's machine has left the switch. */
  gone(station: number): void {
    this.dhcp.gone(station);
    this.link.neighbours.forget(station);
  }

  /** Tells a guest that its packet may not go there. */
  prohibited(packet: Ipv4Packet): void {
    const message = unreachable(packet, UNREACHABLE_CODE.PROHIBITED);
    if (message && fromGuest(packet)) this.send(GATEWAY, packet.source, PROTOCOL.ICMP, message);
  }

  private receive(packet: Ipv4Packet): void {
    const { protocol, destination, source } = packet;
    const ours = destination === GATEWAY || destination === NAME_SERVER;
    if (protocol === PROTOCOL.UDP && (ours || destination === EVERYBODY) && this.servesDhcp(packet)) return;
    if (!fromGuest(packet) || (protocol === PROTOCOL.UDP && destination === EVERYBODY)) return;
    if (protocol === PROTOCOL.TCP || protocol === PROTOCOL.UDP) this.options.transport(packet);
    else if (protocol === PROTOCOL.ICMP && ours) {
      const reply = echoReply(packet);
      if (reply) this.send(destination, source, PROTOCOL.ICMP, reply);
    } else this.prohibited(packet);
  }

  /** Whether it was a message to the DHCP server. */
  private servesDhcp(packet: Ipv4Packet): boolean {
    const datagram = parseUdp(packet);
    if (datagram?.destinationPort !== DHCP_SERVER_PORT) return false;
    const data = this.dhcp.answer(datagram.data);
    if (!data) return true;
    const reply = { sourcePort: DHCP_SERVER_PORT, destinationPort: DHCP_CLIENT_PORT, data };
    this.link.broadcast(GATEWAY, EVERYBODY, PROTOCOL.UDP, makeUdp(GATEWAY, EVERYBODY, reply));
    return true;
  }
}

function fromGuest({ source }: Ipv4Packet): boolean {
  return inNetwork(source, NETWORK, NETWORK_BITS);
}
