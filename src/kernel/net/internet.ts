// IP of a namespace, both families: where a packet goes that a socket sends, and who gets one that has come.
// Linux net/ipv4/ip_output.c, ip_input.c; RFC 1122 section 3.
import type { Address } from '../../net/address.js';
import { ETHERTYPE } from '../../net/ethernet.js';
import type { Segment } from '../../net/tcp/segment.js';
import { EACCES, EADDRNOTAVAIL, EHOSTUNREACH, EMSGSIZE, ENETUNREACH, EPERM } from '../abi/errno.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../abi/inet.js';
import { RTN_BROADCAST, RTN_LOCAL } from '../abi/rtnetlink.js';
import type { NetNamespace } from '../ns/net-namespace.js';

import { ANY_4, BROADCAST_4, isLinkLocal, isLoopback, isMulticast } from './inet/endpoint.js';
import { priorityOfService } from './inet/service-priority.js';
import type { TcpEndpoint } from './inet/tcp-endpoint.js';
import type { Interface } from './interface.js';
import type { Queued } from './queue/qdisc.js';
import { frameOf, packetFrame, packetSize } from './link/frame.js';
import { copyOf, datagramOf, lengthOf, type Packet, segmentOf } from './packet.js';
import { PathMtus } from './path-mtus.js';
import type { Route } from './routes.js';

/** Packets that one call may pass on within the namespace: two ends that answer each other for ever lose some. */
const PASSES_MAX = 65_536;
/** Codes of ICMP's "unreachable", by why there is no way: RFC 1812 section 5.2.7.1. */
const WHY: Readonly<Record<number, number>> = { [-ENETUNREACH]: 0, [-EHOSTUNREACH]: 1, [-EACCES]: 13 };
const HEADER_4 = 20;
const TCP_HEADER = 20;
const HEADER_6 = 40;

/** The way that packets to one place go. */
export interface Way {
  route: Route;
  interface: Interface;
  nextHop: Address;
  /** It stays in the namespace. */
  local: boolean;
  broadcast: boolean;
  /** The address to speak from. */
  source: Address;
  /** Bytes of a packet that it takes in one piece, as far as that is known. */
  mtu: number;
}

/** Something on its way within the namespace: a packet, or a segment whose receiver is known. */
export interface Passing {
  to?: TcpEndpoint;
  segment?: Segment;
  packet?: Packet;
  by: Interface;
}

/** A packet that waits before the loopback. */
export class QueuedPassing implements Queued {
  readonly size: number;

  constructor(readonly load: Passing) {
    this.size = loopSize(load.packet!);
  }
  get priority(): number | undefined {
    return this.load.packet!.priority;
  }
  get mark(): number | undefined {
    return this.load.packet!.mark;
  }
  get protocol(): number {
    return typeof this.load.packet!.source === 'number' ? ETHERTYPE.IPV4 : ETHERTYPE.IPV6;
  }
  bytes(): Uint8Array {
    return packetFrame(0, 0, this.load.packet!, 0);
  }
}

export class Internet {
  private passing: Passing[] = [];
  private busy = false;
  readonly mtus: PathMtus;

  constructor(private readonly namespace: NetNamespace) {
    this.mtus = new PathMtus(namespace);
  }

  // ---- out --------------------------------------------------------------------------------------------------------------------

  /** The way to `destination`, by the interface of an index if it is not 0; `from`: the address to speak from, if there is one. */
  way(destination: Address, by: number, from?: Address): Way | number {
    const { namespace } = this;
    let direct: Interface | undefined;
    if (by !== 0 && (isMulticast(destination) || isLinkLocal(destination) || destination === BROADCAST_4))
      direct = namespace.interfaces.get(by);
    if (destination === BROADCAST_4 && !direct) direct = namespace.broadcastInterface();
    if (direct && !namespace.isOwn(destination)) return this.directWay(destination, direct, from);
    const route = namespace.routes.lookup(destination, by);
    if (typeof route === 'number') return route;
    const local = route.type === RTN_LOCAL;
    const through = local ? namespace.loopback : route.interface;
    if (!through) return -ENETUNREACH;
    const nextHop = route.gateway ?? destination;
    let source = from ?? route.source;
    if (source === undefined && local)
      source = isLoopback(destination) && typeof destination === 'number' ? destination : destination;
    source ??= through.sourceFor(nextHop) ?? namespace.anySource(destination);
    if (source === undefined) return -EADDRNOTAVAIL;
    const broadcast = route.type === RTN_BROADCAST;
    const mtu = this.mtus.of(destination, through.mtu);
    return { route, interface: through, nextHop, local, broadcast, source, mtu };
  }

  private directWay(destination: Address, through: Interface, from?: Address): Way | number {
    if (!through.up) return -ENETUNREACH;
    const source = from ?? through.sourceFor(destination) ?? this.namespace.anySource(destination);
    if (source === undefined) return -EADDRNOTAVAIL;
    const broadcast = destination === BROADCAST_4;
    return {
      route: directRoute(destination, through),
      interface: through,
      nextHop: destination,
      local: false,
      broadcast,
      source,
      mtu: through.mtu,
    };
  }

  /** Bytes of a packet's payload that go through `way` in one piece. */
  room(way: Way): number {
    return way.mtu - (typeof way.source === 'number' ? HEADER_4 : HEADER_6);
  }

  /** Sends a packet on its way: 0, or a negated errno. */
  send(packet: Packet, way: Way): number {
    this.namespace.counters.sent(packet);
    return this.namespace.filter.active ? this.sendFiltered(packet, way) : this.sendOn(packet, way);
  }

  /** The packet filter may turn it down, or lead it elsewhere. */
  private sendFiltered(packet: Packet, first: Way): number {
    const { filter } = this.namespace;
    const { source, destination } = packet;
    if (!filter.output(packet, first.interface)) return -EPERM;
    const way = packet.destination === destination ? first : this.way(packet.destination, packet.interface, source);
    if (typeof way === 'number') return way;
    return filter.postrouting(packet, way.interface) ? this.sendOn(packet, way) : -EPERM;
  }

  private sendOn(packet: Packet, way: Way): number {
    const { namespace } = this;
    if (!way.local) {
      const fits = packetSize(packet) <= way.mtu;
      if (packet.dontFragment && !fits) {
        namespace.counters.of(packet.source).ip.FragFails++;
        return -EMSGSIZE;
      }
      if (packet.discovers && fits) packet.dontFragment = true;
      if (!fits) packet.mtu = way.mtu;
    }
    if (way.local || way.interface === namespace.loopback) {
      this.pass({ packet, by: namespace.loopback });
      return 0;
    }
    // members of a group hear what their own system says to it
    if ((isMulticast(packet.destination) && !packet.unheard) || way.broadcast)
      this.pass({ packet: { ...packet }, by: way.interface });
    way.interface.transmit(packet, way.nextHop);
    return 0;
  }

  /** Finds the way, and sends. */
  sendTo(packet: Packet): number {
    const way = this.way(packet.destination, packet.interface, packet.source);
    return typeof way === 'number' ? way : this.send(packet, way);
  }

  // ---- within -----------------------------------------------------------------------------------------------------------------

  /** Nobody but the two ends sees what passes within the namespace: segments may go as they are. */
  get isPrivate(): boolean {
    const { raw, packets, loopback, kernel, filter } = this.namespace;
    return (
      raw.quiet &&
      !packets.wants(loopback) &&
      !filter.active &&
      loopback.up &&
      loopback.traffic.isOpen &&
      kernel.capture?.wants(loopback) !== true
    );
  }

  /** A segment between two sockets of this namespace. */
  passSegment(to: TcpEndpoint, segment: Segment, by: Interface): void {
    by.sent.packets++;
    by.sent.bytes += segment.data.length + 54;
    by.received.packets++;
    by.received.bytes += segment.data.length + 54;
    const { counters } = this.namespace;
    const { ip } = counters.of(to.local.address);
    const bytes = segment.data.length + (typeof to.local.address === 'number' ? HEADER_4 : HEADER_6) + TCP_HEADER;
    ip.OutRequests++;
    ip.OutOctets += bytes;
    ip.InReceives++;
    ip.InOctets += bytes;
    ip.InDelivers++;
    counters.tcp.InSegs++;
    this.passing.push({ to, segment, by });
    if (!this.busy) this.run();
  }

  private pass(passing: Passing): void {
    const { by } = passing;
    if (by !== this.namespace.loopback || by.traffic.isOpen) this.passOn(passing);
    else by.traffic.send(new QueuedPassing(passing));
  }

  /** What the loopback's queue has let go. */
  passOn(passing: Passing): void {
    if (passing.by === this.namespace.loopback) {
      const bytes = loopSize(passing.packet!);
      this.namespace.counters.received(passing.packet!);
      for (const side of [passing.by.sent, passing.by.received]) {
        side.packets++;
        side.bytes += bytes;
      }
      const { capture } = this.namespace.kernel;
      this.seen(passing.packet!);
      if (capture?.wants(passing.by)) capture.sees(passing.by, packetFrame(0, 0, passing.packet!, 0), false);
    }
    this.passing.push(passing);
    if (!this.busy) this.run();
  }

  /** Packet sockets see a packet of the loopback go and come. */
  private seen(packet: Packet): void {
    const { packets, loopback } = this.namespace;
    if (!packets.wants(loopback)) return;
    const frame = frameOf(packetFrame(0, 0, packet, 0), { mark: packet.mark });
    packets.sees(loopback, frame, true);
    packets.sees(loopback, frame, false);
  }

  /** Hands on what is under way, and what that leads to: never within another packet's handling. */
  private run(): void {
    this.busy = true;
    for (let i = 0; i < this.passing.length && i < PASSES_MAX; i++) {
      const { to, segment, packet, by } = this.passing[i]!;
      if (to) to.receive(segment!);
      else this.deliver(packet!, by);
    }
    this.passing = [];
    this.busy = false;
  }

  // ---- in ---------------------------------------------------------------------------------------------------------------------

  /** A packet that has come by an interface and is for us. */
  deliver(packet: Packet, by: Interface): void {
    const { namespace } = this;
    packet.interface = by.index;
    if (!namespace.filter.input(packet, by)) return;
    const { protocol } = packet;
    const { tcp } = namespace.counters;
    const { ip, udp } = namespace.counters.of(packet.source);
    const taken = namespace.raw.receive(packet);
    ip.InDelivers++;
    if (protocol === IPPROTO_TCP) {
      tcp.InSegs++;
      if (segmentOf(packet)) namespace.tcp.receive(packet, packet.segment!);
      else tcp.InErrs++;
    } else if (protocol === IPPROTO_UDP) {
      if (datagramOf(packet)) namespace.udp.receive(packet, packet.datagram!);
      else udp.InErrors++;
    } else if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) namespace.icmp.receive(packet);
    else if (!taken) {
      ip.InUnknownProtos++;
      ip.InDelivers--;
      namespace.icmp.protocolUnreachable(packet);
    }
  }

  /** A packet from an interface's link, whoever it is for. */
  arrive(packet: Packet, by: Interface): void {
    const { namespace } = this;
    packet.interface = by.index;
    namespace.counters.received(packet);
    if (isMulticast(packet.source) || isLoopback(packet.source) || isLoopback(packet.destination)) return;
    if (!namespace.filter.prerouting(packet, by)) return;
    if (!this.believes(packet.source, by)) return;
    const { destination } = packet;
    if (namespace.isOwn(destination) || isMulticast(destination) || namespace.isBroadcast(destination, by))
      this.pass({ packet, by });
    else if (typeof destination === 'number' ? by.settings.forward4 : namespace.settings.all.forward6)
      this.forward(packet, by);
    else namespace.counters.of(destination).ip.InAddrErrors++;
  }

  /** May `source` be where a packet has come from? Linux net/ipv4/fib_frontend.c fib_validate_source. */
  private believes(source: Address, by: Interface): boolean {
    if (typeof source !== 'number' || source === ANY_4) return true;
    const { routes, settings } = this.namespace;
    const back = routes.lookup(source);
    if (typeof back !== 'number' && back.type === RTN_LOCAL) return false;
    const strict = Math.max(settings.all.reversePath, by.settings.reversePath);
    if (strict === 0) return true;
    return typeof back !== 'number' && (strict === 2 || back.interface === by);
  }

  private forward(packet: Packet, by: Interface): void {
    const { ip } = this.namespace.counters.of(packet.source);
    if (packet.timeToLive <= 1) {
      ip.InHdrErrors++;
      this.namespace.icmp.timeExceeded(packet);
      return;
    }
    const way = this.way(packet.destination, 0, packet.source);
    if (typeof way === 'number') {
      // a black hole says nothing
      const code = WHY[way];
      ip.InAddrErrors++;
      if (code !== undefined) this.namespace.icmp.unreachable(packet, code);
      return;
    }
    const onward = copyOf(packet, 0);
    onward.timeToLive--;
    if (typeof onward.source === 'number') onward.priority = priorityOfService(onward.service);
    // a header without options is made again
    onward.header = undefined;
    if (packetSize(onward) > way.interface.mtu && (onward.dontFragment || typeof onward.source === 'bigint')) {
      if (typeof packet.source === 'number') ip.FragFails++;
      else ip.InTooBigErrors++;
      this.namespace.icmp.tooBig(packet, way.interface.mtu);
      return;
    }
    const { filter } = this.namespace;
    if (!filter.forward(packet, by, way.interface)) return;
    onward.belonging = packet.belonging;
    ip.ForwDatagrams++;
    ip.OutOctets += packetSize(onward);
    if (filter.postrouting(onward, way.interface)) way.interface.transmit(onward, way.nextHop);
  }
}

/** Bytes of a packet on the loopback, whose link has a header of 14. */
const loopSize = (packet: Packet): number => lengthOf(packet) + (typeof packet.source === 'number' ? 34 : 54);

const directRoute = (destination: Address, through: Interface): Route => ({
  destination,
  bits: typeof destination === 'number' ? 32 : 128,
  interface: through,
  metric: 0,
  table: 254,
  protocol: 0,
  scope: 253,
  type: 1,
  flags: 0,
});
