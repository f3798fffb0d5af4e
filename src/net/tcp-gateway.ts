// TCP between guests and the host's network: connections out of the guest, and into it through forwarded ports.
// Ours, on tcp/connection.ts; half-open connections and all others are bounded.
import type { Timer, Timers } from '../base/time.js';
import { MTU } from './ethernet.js';
import type { HostNetwork, HostStream, StreamEvents } from './host-network.js';
import type { Address } from './address.js';
import { IPV4_HEADER } from './ipv4/packet.js';
import { IPV6_HEADER } from './ipv6/packet.js';
import { type Packet, PROTOCOL, type SendPacket } from './packet.js';
import { Splice } from './splice.js';
import { Connection, type ConnectionEvents } from './tcp/connection.js';
import { advance, FLAG, lengthOf, makeSegment, parseSegment, type Segment, TCP_HEADER } from './tcp/segment.js';

const CONNECTIONS_MAX = 8192;
/** Connections of a guest that wait for the host's answer. */
const OPENING_MAX = 512;
const PORT_FIRST = 32768;
const PORT_LAST = 60999;

export interface TcpGatewayOptions {
  timers: Timers;
  network: HostNetwork;
  /** 32 random bits. */
  random: () => number;
  /** Where a guest's packet to `address` really goes; undefined: nowhere that it may. */
  route: (address: Address, port: number) => Address | undefined;
  send: SendPacket;
  /** Tells the guest that it may not go there. */
  prohibited: (packet: Packet) => void;
  /** The address that connections into `guest` come from. */
  gatewayOf: (guest: Address) => Address;
}

/** The two ends of a connection: `ours` is the address and port that we speak as. */
interface Ends {
  ours: Address;
  ourPort: number;
  guest: Address;
  guestPort: number;
}

export class TcpGateway {
  private readonly connections = new Map<string, Connection>();
  private readonly opening = new Map<string, HostStream | undefined>();
  private readonly timer: Timer;
  private armed = Number.POSITIVE_INFINITY;
  private nextPort = PORT_FIRST;

  constructor(private readonly options: TcpGatewayOptions) {
    this.timer = options.timers.create(() => this.tick());
  }

  get size(): number {
    return this.connections.size;
  }

  receive(packet: Packet): void {
    const segment = parseSegment(packet);
    if (!segment) return;
    const ends: Ends = {
      ours: packet.destination,
      ourPort: segment.destinationPort,
      guest: packet.source,
      guestPort: segment.sourcePort,
    };
    const key = keyOf(ends);
    const connection = this.connections.get(key);
    if (connection) {
      connection.receive(segment);
      this.watch(connection);
    } else if ((segment.flags & (FLAG.SYN | FLAG.ACK | FLAG.RST)) === FLAG.SYN) this.dial(key, ends, segment, packet);
    else if (!(segment.flags & FLAG.RST)) this.refuse(ends, segment);
    else this.hangUp(key);
  }

  /** A connection from the host to a guest's port; `attach` gives the host's stream. False: there is no room. */
  accept(guest: Address, guestPort: number, attach: (events: StreamEvents) => HostStream): boolean {
    const ends = this.freeEnds(guest, guestPort);
    if (!ends || this.connections.size >= CONNECTIONS_MAX) return false;
    const key = keyOf(ends);
    const splice = new Splice(() => void this.connections.delete(key));
    splice.connection = this.make(ends, splice.fromGuest);
    this.connections.set(key, splice.connection);
    splice.host = attach({ ...this.watched(splice.fromHost, () => splice.connection), open() {} });
    splice.host.pause();
    splice.connection.open();
    this.watch(splice.connection);
    return true;
  }

  /** Ends everything at once. */
  close(): void {
    for (const connection of [...this.connections.values()]) connection.abort();
    for (const stream of this.opening.values()) stream?.abort();
    this.opening.clear();
    this.timer.cancel();
  }

  /** The guest opens a connection: it hears of it when the host has one. */
  private dial(key: string, ends: Ends, syn: Segment, packet: Packet): void {
    if (this.opening.has(key)) return;
    const to = this.options.route(ends.ours, ends.ourPort);
    if (to === undefined) {
      this.options.prohibited(packet);
      return;
    }
    if (this.opening.size >= OPENING_MAX || this.connections.size >= CONNECTIONS_MAX) {
      this.refuse(ends, syn);
      return;
    }
    const first = { ...syn, data: new Uint8Array(0) };
    const splice = new Splice(() => void this.connections.delete(key));
    const events = this.watched(splice.fromHost, () => splice.connection);
    this.opening.set(key, undefined);
    splice.host = this.options.network.connect(to, ends.ourPort, {
      ...events,
      open: () => {
        if (!this.opening.delete(key)) {
          splice.host?.abort();
          return;
        }
        splice.connection = this.make(ends, splice.fromGuest, first);
        this.connections.set(key, splice.connection);
        splice.connection.open();
        this.watch(splice.connection);
      },
      closed: (why) => {
        if (this.opening.delete(key)) this.refuse(ends, first);
        else events.closed(why);
      },
    });
    if (this.opening.has(key)) this.opening.set(key, splice.host);
  }

  /** The guest has given up a connection that the host has not opened yet. */
  private hangUp(key: string): void {
    const stream = this.opening.get(key);
    if (this.opening.delete(key)) stream?.abort();
  }

  private make(ends: Ends, events: Omit<ConnectionEvents, 'segment'>, syn?: Segment): Connection {
    const segment = (one: Omit<Segment, 'sourcePort' | 'destinationPort'>): void => this.emit(ends, one);
    return new Connection(
      this.options.timers,
      { ...events, segment },
      this.options.random(),
      { segmentSize: segmentSize(ends.guest) },
      syn,
    );
  }

  private emit(ends: Ends, segment: Omit<Segment, 'sourcePort' | 'destinationPort'>): void {
    const whole = { ...segment, sourcePort: ends.ourPort, destinationPort: ends.guestPort };
    this.options.send(ends.ours, ends.guest, PROTOCOL.TCP, makeSegment(ends.ours, ends.guest, whole));
  }

  /** RFC 9293 section 3.5.2, group 1: a reset for what no connection is there for. */
  private refuse(ends: Ends, { flags, sequence, acknowledgment, ...segment }: Segment): void {
    const acknowledged = (flags & FLAG.ACK) !== 0;
    this.emit(ends, {
      sequence: acknowledged ? acknowledgment : 0,
      acknowledgment: acknowledged ? 0 : advance(sequence, lengthOf({ ...segment, flags, sequence, acknowledgment })),
      flags: acknowledged ? FLAG.RST : FLAG.RST | FLAG.ACK,
      window: 0,
      data: new Uint8Array(0),
    });
  }

  private freeEnds(guest: Address, guestPort: number): Ends | undefined {
    for (let tries = 0; tries <= PORT_LAST - PORT_FIRST; tries++) {
      const ends = { ours: this.options.gatewayOf(guest), ourPort: this.nextPort, guest, guestPort };
      this.nextPort = this.nextPort === PORT_LAST ? PORT_FIRST : this.nextPort + 1;
      if (!this.connections.has(keyOf(ends))) return ends;
    }
    return undefined;
  }

  /** The host's events, and a look at the deadline behind each. */
  private watched(
    events: Omit<StreamEvents, 'open'>,
    connection: () => Connection | undefined,
  ): Omit<StreamEvents, 'open'> {
    const look = (): void => {
      const one = connection();
      if (one) this.watch(one);
    };
    return {
      data: (bytes) => {
        events.data(bytes);
        look();
      },
      end: () => {
        events.end();
        look();
      },
      drain: () => {
        events.drain();
        look();
      },
      closed: (why) => {
        events.closed(why);
        look();
      },
    };
  }

  private watch({ deadline }: Connection): void {
    if (deadline >= this.armed) return;
    this.armed = deadline;
    this.timer.arm(deadline);
  }

  private tick(): void {
    const now = this.options.timers.now();
    this.armed = Number.POSITIVE_INFINITY;
    for (const connection of [...this.connections.values()]) {
      if (connection.deadline <= now) connection.tick();
      this.watch(connection);
    }
  }
}

function segmentSize(guest: Address): number {
  return MTU - (typeof guest === 'number' ? IPV4_HEADER : IPV6_HEADER) - TCP_HEADER;
}

function keyOf({ ours, ourPort, guest, guestPort }: Ends): string {
  return `${guest}:${guestPort} ${ours}:${ourPort}`;
}
