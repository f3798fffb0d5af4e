// The user-mode gateway: the one router, DHCP and name server of a private network of guests, without any right of the host's.
// Addresses as QEMU's user networking has them: 10.0.2.0/24, the gateway .2, the name server .3, guests from .15 on.
import type { Timer, Timers } from '../base/time.js';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpServer } from './dhcp.js';
import { answerDns, DNS_PORT } from './dns.js';
import { BROADCAST } from './ethernet.js';
import type { HostNetwork, HostStream, StreamEvents } from './host-network.js';
import { echoReply, UNREACHABLE_CODE, unreachable } from './icmp.js';
import { IpLink } from './ip-link.js';
import { type Ipv4Packet, inNetwork, parseAddress, PROTOCOL } from './ipv4.js';
import { Policy, type Allowed } from './policy.js';
import type { Switch, SwitchPort } from './switch.js';
import { TcpGateway } from './tcp-gateway.js';
import { type Datagram, makeUdp, parseUdp } from './udp.js';
import { UdpGateway } from './udp-gateway.js';

const address = (text: string): number => parseAddress(text) as number;
export const NETWORK = address('10.0.2.0');
export const NETWORK_BITS = 24;
const MASK = address('255.255.255.0');
export const GATEWAY = address('10.0.2.2');
export const NAME_SERVER = address('10.0.2.3');
export const FIRST_GUEST = address('10.0.2.15');
const LAST_GUEST = address('10.0.2.254');
const EVERYBODY = 0xffffffff;
const LOOPBACK = address('127.0.0.1');
export const GATEWAY_STATION = 0x52_55_0a_00_02_02;
/** Questions that wait for the host's answer. */
const QUESTIONS_MAX = 256;
/** Questions of a survey at once, fewer than a card holds frames; and the time between. */
const SURVEY_STEP = 16;
const SURVEY_NANOSECONDS = 100e6;

export interface GatewayOptions {
  timers: Timers;
  network: HostNetwork;
  allowed: readonly Allowed[];
  /** 32 random bits. */
  random: () => number;
  /** The station whose guest is FIRST_GUEST, however many there are. Undefined: the first that asks. */
  firstGuest?: number;
}

export class Gateway {
  private readonly port: SwitchPort;
  private readonly link: IpLink;
  private readonly dhcp: DhcpServer;
  private readonly tcp: TcpGateway;
  private readonly udp: UdpGateway;
  private readonly policy: Policy;
  private questions = 0;
  private surveying: Timer | undefined;

  constructor(
    wire: Switch,
    private readonly options: GatewayOptions,
  ) {
    const { timers, network, allowed, random, firstGuest } = options;
    this.policy = new Policy(allowed, () => network.ownAddresses());
    this.link = new IpLink({
      clock: timers,
      station: GATEWAY_STATION,
      addresses: [GATEWAY, NAME_SERVER],
      network: NETWORK,
      bits: NETWORK_BITS,
      send: (frame) => this.port.send(frame),
      receive: (packet) => this.receive(packet),
    });
    const send = this.link.send.bind(this.link);
    const route = (to: number, port: number): number | undefined => this.route(to, port);
    const prohibited = (packet: Ipv4Packet): void => this.error(packet, UNREACHABLE_CODE.PROHIBITED);
    this.tcp = new TcpGateway({ timers, network, random, route, send, prohibited, gateway: GATEWAY });
    const unroute = (from: number): number => (from === LOOPBACK ? GATEWAY : from);
    this.udp = new UdpGateway({ timers, network, route, unroute, send, prohibited });
    this.dhcp = new DhcpServer({
      clock: timers,
      server: GATEWAY,
      mask: MASK,
      router: GATEWAY,
      dns: NAME_SERVER,
      first: FIRST_GUEST,
      last: LAST_GUEST,
      firstFor: firstGuest,
      heardAt: (heard) => this.link.stationOf(heard),
    });
    this.port = wire.plug((frame) => this.link.frame(frame));
  }

  /** A connection that the host has accepted for a guest's port. False: there is no room for it. */
  accept(guest: number, port: number, attach: (events: StreamEvents) => HostStream): boolean {
    return this.tcp.accept(guest, port, attach);
  }

  /**
   * Asks who has which guest's address, some at a time, so that no address is given twice which another gateway has given
   * before this one.
   */
  survey(): void {
    let next = FIRST_GUEST;
    const again = (): void => this.surveying?.arm(this.options.timers.now() + SURVEY_NANOSECONDS);
    this.surveying = this.options.timers.create(() => {
      for (const end = next + SURVEY_STEP; next < end && next <= LAST_GUEST; next++) this.link.ask(next);
      if (next <= LAST_GUEST) again();
    });
    again();
  }

  /** A station's machine has left the switch. */
  gone(station: number): void {
    this.dhcp.gone(station);
    this.link.forget(station);
  }

  close(): void {
    this.surveying?.cancel();
    this.tcp.close();
    this.udp.close();
    this.port.unplug();
  }

  private receive(packet: Ipv4Packet): void {
    const ours = packet.destination === GATEWAY || packet.destination === NAME_SERVER;
    if (packet.protocol === PROTOCOL.UDP) this.receiveUdp(packet, ours);
    else if (!inNetwork(packet.source, NETWORK, NETWORK_BITS)) return;
    else if (packet.protocol === PROTOCOL.TCP) this.tcp.receive(packet);
    else if (packet.protocol === PROTOCOL.ICMP && ours) {
      const reply = echoReply(packet);
      if (reply) this.link.send(packet.destination, packet.source, PROTOCOL.ICMP, reply);
    } else this.error(packet, UNREACHABLE_CODE.PROHIBITED);
  }

  private receiveUdp(packet: Ipv4Packet, ours: boolean): void {
    const datagram = parseUdp(packet);
    if (!datagram) return;
    if (datagram.destinationPort === DHCP_SERVER_PORT && (ours || packet.destination === EVERYBODY)) {
      this.serveDhcp(datagram);
    } else if (!inNetwork(packet.source, NETWORK, NETWORK_BITS) || packet.destination === EVERYBODY) return;
    else if (datagram.destinationPort === DNS_PORT && ours) void this.serveDns(packet, datagram);
    else this.udp.receive(packet, datagram);
  }

  private serveDhcp({ data }: Datagram): void {
    const reply = this.dhcp.answer(data);
    if (!reply) return;
    const datagram = { sourcePort: DHCP_SERVER_PORT, destinationPort: DHCP_CLIENT_PORT, data: reply };
    const bytes = makeUdp(GATEWAY, EVERYBODY, datagram);
    this.link.send(GATEWAY, EVERYBODY, PROTOCOL.UDP, bytes, BROADCAST);
  }

  private async serveDns({ source, destination }: Ipv4Packet, { sourcePort, data }: Datagram): Promise<void> {
    if (this.questions >= QUESTIONS_MAX) return;
    this.questions++;
    const reply = await answerDns(data.slice(), (name) => this.options.network.lookup(name));
    this.questions--;
    if (!reply) return;
    const datagram = { sourcePort: DNS_PORT, destinationPort: sourcePort, data: reply };
    this.link.send(destination, source, PROTOCOL.UDP, makeUdp(destination, source, datagram));
  }

  /** The gateway stands for the host's loopback; everything else is itself. */
  private route(to: number, port: number): number | undefined {
    const real = to === GATEWAY ? LOOPBACK : to;
    if (inNetwork(real, NETWORK, NETWORK_BITS)) return undefined;
    return this.policy.permits(real, port) ? real : undefined;
  }

  private error(packet: Ipv4Packet, code: number): void {
    const message = unreachable(packet, code);
    if (message && inNetwork(packet.source, NETWORK, NETWORK_BITS)) {
      this.link.send(GATEWAY, packet.source, PROTOCOL.ICMP, message);
    }
  }
}
