// UDP between guests and the host's network: one socket of the host for each port of a guest, forgotten when idle.
// Source: RFC 4787 (NAT behaviour: endpoint-independent mapping).
import type { Timer, Timers } from '../base/time.js';
import type { HostDatagrams, HostNetwork } from './host-network.js';
import type { Address } from './address.js';
import { type Packet, PROTOCOL, type SendPacket } from './packet.js';
import { type Datagram, makeUdp } from './udp.js';

const SOCKETS_MAX = 512;
/** Nanoseconds without a datagram (RFC 4787 REQ-5 asks for two minutes). */
const IDLE = 120e9;
const SWEEP = 10e9;

export interface UdpGatewayOptions {
  timers: Timers;
  network: HostNetwork;
  route: (address: Address, port: number) => Address | undefined;
  /** The address that a guest knows a host's address by. */
  unroute: (address: Address) => Address;
  send: SendPacket;
  prohibited: (packet: Packet) => void;
}

interface Socket {
  host: HostDatagrams;
  used: number;
}

export class UdpGateway {
  private readonly sockets = new Map<string, Socket>();
  private readonly timer: Timer;

  constructor(private readonly options: UdpGatewayOptions) {
    this.timer = options.timers.create(() => this.sweep());
  }

  receive(packet: Packet, { sourcePort, destinationPort, data }: Datagram): void {
    const to = this.options.route(packet.destination, destinationPort);
    if (to === undefined) {
      this.options.prohibited(packet);
      return;
    }
    const key = `${packet.source}:${sourcePort}`;
    const socket = this.sockets.get(key) ?? this.open(packet.source, sourcePort);
    socket.used = this.options.timers.now();
    // the last one used is the last in the map's order
    this.sockets.delete(key);
    this.sockets.set(key, socket);
    socket.host.send(to, destinationPort, data.slice());
  }

  close(): void {
    for (const { host } of this.sockets.values()) host.close();
    this.sockets.clear();
    this.timer.cancel();
  }

  private open(guest: Address, guestPort: number): Socket {
    if (this.sockets.size >= SOCKETS_MAX) this.forget([...this.sockets.keys()][0]);
    if (this.sockets.size === 0) this.timer.arm(this.options.timers.now() + SWEEP);
    const { network, unroute, send } = this.options;
    const host = network.datagrams(typeof guest === 'number' ? 4 : 6, (address, sourcePort, data) => {
      const source = unroute(address);
      send(source, guest, PROTOCOL.UDP, makeUdp(source, guest, { sourcePort, destinationPort: guestPort, data }));
    });
    return { host, used: 0 };
  }

  private forget(key: string): void {
    this.sockets.get(key)?.host.close();
    this.sockets.delete(key);
  }

  private sweep(): void {
    const now = this.options.timers.now();
    for (const [key, { used }] of this.sockets) if (now - used > IDLE) this.forget(key);
    if (this.sockets.size > 0) this.timer.arm(now + SWEEP);
  }
}
