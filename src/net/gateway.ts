// The user-mode gateway: the one router and name server of a private network of guests, without any right of the host's.
// Ours; what is in between wire and transport is ipv4/router's and ipv6/router's.
import type { Timer, Timers } from '../base/time.js';
import { type Address, inNetwork } from './address.js';
import { answerDns, DNS_PORT } from './dns.js';
import { BROADCAST, destinationOf, ETHERNET_HEADER, isGroup } from './ethernet.js';
import type { HostDatagrams, HostNetwork, HostStream, StreamEvents } from './host-network.js';
import type { Ipv4Packet } from './ipv4/packet.js';
import { Ipv4Router } from './ipv4/router.js';
import type { Ipv6Packet } from './ipv6/packet.js';
import { Ipv6Router } from './ipv6/router.js';
import { type Packet, PROTOCOL, type SendPacket } from './packet.js';
import { type Allowed, Policy } from './policy.js';
import {
  FIRST_GUEST,
  GATEWAY,
  GATEWAY_6,
  GATEWAY_STATION,
  LAST_GUEST,
  LOOPBACK,
  LOOPBACK_6,
  NAME_SERVER,
  NAME_SERVER_6,
  NETWORK,
  NETWORK_BITS,
  PREFIX,
  PREFIX_BITS,
} from './private-network.js';
import type { Switch, SwitchPort } from './switch.js';
import { TcpGateway } from './tcp-gateway.js';
import { type Datagram, makeUdp, parseUdp } from './udp.js';
import { type ForwardedPort, UdpForwards } from './udp-forward.js';
import { UdpGateway } from './udp-gateway.js';

const NAME_SERVERS: readonly Address[] = [GATEWAY, NAME_SERVER, GATEWAY_6, NAME_SERVER_6];
/** Questions that wait for the host's answer. */
const QUESTIONS_MAX = 256;
/**
 * Questions of a survey at once, and the time between: no more than a driver takes at one interrupt. Linux's of the 8390 takes nine and
 * leaves the rest until another frame comes, behind which all that follows waits.
 */
const SURVEY_STEP = 8;
const SURVEY_NANOSECONDS = 50e6;

export interface GatewayOptions {
  timers: Timers;
  network: HostNetwork;
  allowed: readonly Allowed[];
  /** 32 random bits. */
  random: () => number;
  /** The station whose guest is FIRST_GUEST, however many there are. Undefined: the first that asks. */
  firstGuest?: number;
  /** What a machine that boots from the network is to load. */
  bootFile?: string;
}

export class Gateway {
  private readonly port: SwitchPort;
  private readonly v4: Ipv4Router;
  private readonly v6: Ipv6Router;
  private readonly tcp: TcpGateway;
  private readonly udp: UdpGateway;
  private readonly forwards: UdpForwards;
  private readonly policy: Policy;
  private questions = 0;
  private surveying: Timer | undefined;

  constructor(
    wire: Switch,
    private readonly options: GatewayOptions,
  ) {
    const { timers, network, allowed, random, firstGuest, bootFile } = options;
    this.policy = new Policy(allowed, () => network.ownAddresses());
    const below = {
      clock: timers,
      send: (frame: Uint8Array) => this.port.send(frame),
      transport: (packet: Packet) => this.transport(packet),
    };
    this.v4 = new Ipv4Router({ ...below, firstGuest, bootFile });
    this.v6 = new Ipv6Router(below);
    const above = {
      ...{ timers, network, random, send: this.send },
      route: (to: Address, port: number) => this.route(to, port),
      prohibited: (packet: Packet) => this.prohibited(packet),
    };
    this.tcp = new TcpGateway({ ...above, gatewayOf });
    this.udp = new UdpGateway({ ...above, unroute });
    this.forwards = new UdpForwards({ timers, send: this.send, gatewayOf });
    this.port = wire.plug((frame) => this.frame(frame));
  }

  /** A connection that the host has accepted for a guest's port. False: there is no room for it. */
  accept(guest: Address, port: number, attach: (events: StreamEvents) => HostStream): boolean {
    return this.tcp.accept(guest, port, attach);
  }

  /** Datagrams that the host gets for a guest's port; answers go out by `socket`. */
  forward(guest: Address, port: number, socket: HostDatagrams): ForwardedPort {
    return this.forwards.open(guest, port, socket);
  }

  /**
   * Asks who has which guest's IPv4 address, some at a time, so that no address is given twice which another gateway has given
   * before this one.
   */
  survey(): void {
    let next = FIRST_GUEST;
    const again = (): void => this.surveying?.arm(this.options.timers.now() + SURVEY_NANOSECONDS);
    this.surveying = this.options.timers.create(() => {
      for (const end = next + SURVEY_STEP; next < end && next <= LAST_GUEST; next++) this.v4.ask(next);
      if (next <= LAST_GUEST) again();
    });
    again();
  }

  /** A station's machine has left the switch. */
  gone(station: number): void {
    this.v4.gone(station);
    this.v6.gone(station);
  }

  close(): void {
    this.surveying?.cancel();
    this.tcp.close();
    this.udp.close();
    this.forwards.close();
    this.port.unplug();
  }

  private frame(frame: Uint8Array): void {
    if (frame.length < ETHERNET_HEADER) return;
    const destination = destinationOf(frame);
    const toUs = destination === GATEWAY_STATION;
    if (toUs || destination === BROADCAST) this.v4.frame(frame);
    if (toUs || isGroup(destination)) this.v6.frame(frame);
  }

  /** TCP or UDP from a guest, of either family. */
  private transport(packet: Packet): void {
    if (packet.protocol === PROTOCOL.TCP) {
      this.tcp.receive(packet);
      return;
    }
    const datagram = parseUdp(packet);
    if (!datagram) return;
    if (datagram.destinationPort === DNS_PORT && NAME_SERVERS.includes(packet.destination))
      void this.serveDns(packet, datagram);
    else if (!this.forwards.answer(packet, datagram)) this.udp.receive(packet, datagram);
  }

  private async serveDns({ source, destination }: Packet, { sourcePort, data }: Datagram): Promise<void> {
    if (this.questions >= QUESTIONS_MAX) return;
    this.questions++;
    const reply = await answerDns(data.slice(), (name) => this.options.network.lookup(name));
    this.questions--;
    if (!reply) return;
    const datagram = { sourcePort: DNS_PORT, destinationPort: sourcePort, data: reply };
    this.send(destination, source, PROTOCOL.UDP, makeUdp(destination, source, datagram));
  }

  private readonly send: SendPacket = (source, destination, protocol, payload) => {
    if (typeof source === 'number') this.v4.send(source, destination as number, protocol, payload);
    else this.v6.send(source, destination as bigint, protocol, payload);
  };

  private prohibited(packet: Packet): void {
    if (typeof packet.source === 'number') this.v4.prohibited(packet as Ipv4Packet);
    else this.v6.prohibited(packet as Ipv6Packet);
  }

  /** The gateway stands for the host's loopback; everything else is itself. */
  private route(to: Address, port: number): Address | undefined {
    const real = to === GATEWAY ? LOOPBACK : to === GATEWAY_6 ? LOOPBACK_6 : to;
    if (inNetwork(real, NETWORK, NETWORK_BITS) || inNetwork(real, PREFIX, PREFIX_BITS)) return undefined;
    return this.policy.permits(real, port) ? real : undefined;
  }
}

/** The address that the host's own speak to a guest from. */
const gatewayOf = (guest: Address): Address => (typeof guest === 'number' ? GATEWAY : GATEWAY_6);

/** The address that a guest knows a host's address by. */
function unroute(from: Address): Address {
  return from === LOOPBACK ? GATEWAY : from === LOOPBACK_6 ? GATEWAY_6 : from;
}
