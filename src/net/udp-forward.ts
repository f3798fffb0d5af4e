// UDP from the host's network into guests, through forwarded ports: for each sender a port of the gateway, to which a guest answers.
// RFC 4787 (how long a mapping lasts).
import type { Timer, Timers } from '../base/time.js';
import type { Address } from './address.js';
import type { HostDatagrams } from './host-network.js';
import { type Packet, PROTOCOL, type SendPacket } from './packet.js';
import { type Datagram, makeUdp } from './udp.js';

const FLOWS_MAX = 1024;
const PORT_FIRST = 32_768;
const PORT_LAST = 60_999;
/** Nanoseconds without a datagram (RFC 4787 REQ-5 asks for two minutes). */
const IDLE = 120e9;
const SWEEP = 10e9;

export interface UdpForwardOptions {
  timers: Timers;
  send: SendPacket;
  /** The address that datagrams into `guest` come from. */
  gatewayOf: (guest: Address) => Address;
}

/** One port of the host that leads to a guest's. */
export interface ForwardedPort {
  /** From whoever has sent a datagram to the host's port. */
  received(address: Address, port: number, data: Uint8Array): void;
  close(): void;
}

interface Flow {
  socket: HostDatagrams;
  address: Address;
  port: number;
  guest: Address;
  guestPort: number;
  ourPort: number;
  used: number;
}

export class UdpForwards {
  /** By their senders, and by where guests answer to: the longest unused first. */
  private readonly bySender = new Map<string, Flow>();
  private readonly byPort = new Map<number, Flow>();
  private nextPort = PORT_FIRST;
  private nextSocket = 0;
  private readonly timer: Timer;

  constructor(private readonly options: UdpForwardOptions) {
    this.timer = options.timers.create(() => this.sweep());
  }

  /** `socket` is where answers go out; closing is its owner's. */
  open(guest: Address, guestPort: number, socket: HostDatagrams): ForwardedPort {
    const number = this.nextSocket++;
    return {
      received: (address, port, data) => {
        const key = `${number} ${address} ${port}`;
        const flow = this.bySender.get(key) ?? this.begin({ socket, address, port, guest, guestPort });
        this.use(key, flow);
        const source = this.options.gatewayOf(guest);
        const datagram = { sourcePort: flow.ourPort, destinationPort: guestPort, data };
        this.options.send(source, guest, PROTOCOL.UDP, makeUdp(source, guest, datagram));
      },
      close: () => {
        for (const [key, flow] of this.bySender) if (flow.socket === socket) this.forget(key, flow);
      },
    };
  }

  /** An answer of a guest goes to whom it is for; false: it is none. */
  answer({ source, destination }: Packet, { sourcePort, destinationPort, data }: Datagram): boolean {
    const flow = this.byPort.get(destinationPort);
    if (flow?.guest !== source || flow.guestPort !== sourcePort) return false;
    if (destination !== this.options.gatewayOf(source)) return false;
    flow.used = this.options.timers.now();
    flow.socket.send(flow.address, flow.port, data.slice());
    return true;
  }

  close(): void {
    this.bySender.clear();
    this.byPort.clear();
    this.timer.cancel();
  }

  private begin(ends: Omit<Flow, 'ourPort' | 'used'>): Flow {
    if (this.bySender.size >= FLOWS_MAX) {
      const [key, oldest] = [...this.bySender][0]!;
      this.forget(key, oldest);
    }
    if (this.bySender.size === 0) this.timer.arm(this.options.timers.now() + SWEEP);
    // fewer flows than ports: one is free
    while (this.byPort.has(this.nextPort)) this.step();
    const flow = { ...ends, ourPort: this.nextPort, used: 0 };
    this.step();
    this.byPort.set(flow.ourPort, flow);
    return flow;
  }

  private step(): void {
    this.nextPort = this.nextPort === PORT_LAST ? PORT_FIRST : this.nextPort + 1;
  }

  private use(key: string, flow: Flow): void {
    flow.used = this.options.timers.now();
    this.bySender.delete(key);
    this.bySender.set(key, flow);
  }

  private forget(key: string, flow: Flow): void {
    this.bySender.delete(key);
    this.byPort.delete(flow.ourPort);
  }

  private sweep(): void {
    const now = this.options.timers.now();
    for (const [key, flow] of this.bySender) if (now - flow.used > IDLE) this.forget(key, flow);
    if (this.bySender.size > 0) this.timer.arm(now + SWEEP);
  }
}
