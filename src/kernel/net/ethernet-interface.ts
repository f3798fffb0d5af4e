// An interface of Ethernet: packets in frames and out of them, ARP and neighbour discovery, addresses that IPv6 makes of itself. Where frames
// go is its kind's: link/.
// RFC 826, 894, 2464, 4861, 4862; Linux net/ipv4/arp.c, net/ipv6/ndisc.c, addrconf.c.
import type { Address } from '../../net/address.js';
import { BROADCAST, ETHERNET_HEADER, ETHERTYPE, isGroup, makeFrame } from '../../net/ethernet.js';
import { type Arp, ARP_REPLY, ARP_REQUEST, arpFrame, parseArp } from '../../net/ipv4/arp.js';
import { fragments, IPV4_HEADER, type Ipv4Packet, parseIpv4, writeIpv4 } from '../../net/ipv4/packet.js';
import { isSound, seal } from '../../net/ipv6/icmpv6.js';
import {
  ALL_NODES,
  ALL_ROUTERS,
  ND,
  ND_HOP_LIMIT,
  neighbourAdvertisement,
  neighbourSolicitation,
  parseNeighbourMessage,
  parseRouterAdvertisement,
  routerSolicitation,
  solicitedNode,
} from '../../net/ipv6/neighbour-discovery.js';
import { IPV6_HEADER, type Ipv6Packet, makeIpv6, parseIpv6, unwrap } from '../../net/ipv6/packet.js';
import { type Fragment, Reassembly } from '../../net/reassembly.js';
import { ARPHRD_ETHER, IFF_BROADCAST, IFF_MULTICAST, IFF_NOARP, IPPROTO_ICMPV6, IPPROTO_UDP } from '../abi/inet.js';
import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTN_UNICAST } from '../abi/rtnetlink.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import type { IpCounts } from './counters.js';
import { ANY_4, ANY_6, BROADCAST_4, isLoopback, isMulticast } from './inet/endpoint.js';
import { TC_PRIO_CONTROL } from './inet/service-priority.js';
import { Interface } from './interface.js';
import { type NeighbourLink, NeighbourTable } from './neighbour-table.js';
import {
  bytesOf,
  type Frame,
  frameOf,
  frameOfPacket,
  frameSize,
  packetSize,
  segmentsOf,
  QueuedFrame,
} from './link/frame.js';
import { copyOf, type Packet, payloadOf } from './packet.js';

/** Who sees packets of UDP before the namespace does: a DHCP client. */
export interface DatagramWatch {
  /** True: it was for the watcher. */
  sees(packet: Packet): boolean;
}

const MTU = 1500;
/** Bytes of a frame that is ARP's; a wire makes it longer. */
const ARP_SIZE = 42;
/** Of the seventh byte of an IPv4 header. */
const DONT_FRAGMENT = 0x40;
const LINK_LOCAL = 0xfe80n << 112n;
const LINK_LOCAL_BITS = 10;
const GROUP_4 = 0x01005e_000000;
const GROUP_6 = 0x3333_0000_0000;
const RTPROT_RA = 9;
/** The metric of what routers tell. */
const METRIC_RA = 1024;

export abstract class EthernetInterface extends Interface implements NeighbourLink {
  readonly neighbours = new NeighbourTable(this, this);
  watch?: DatagramWatch;
  /** Name servers that routers have told of. */
  nameServers: bigint[] = [];
  private fragments4: Reassembly<Ipv4Packet>;
  private fragments6: Reassembly<Ipv6Packet>;
  /** Of the packets that are cut into fragments here. */
  private fragmented = 0;

  constructor(namespace: NetNamespace, index: number, name: string, station: number) {
    super(namespace, index, name, ARPHRD_ETHER, IFF_BROADCAST | IFF_MULTICAST, MTU, station);
    this.fragments4 = new Reassembly(namespace);
    this.fragments6 = new Reassembly(namespace);
  }

  /** Puts a frame on the link. False: it is lost. */
  protected abstract send(frame: Frame): boolean;

  /** Up: with an address of the link, and a question for routers. */
  override changed(): void {
    if (!this.up) {
      this.neighbours.clear();
      return;
    }
    // a bridge's port has no addresses of its own accord
    if (!this.carrier || this.port || this.settings.disabled6 || (this.configured & IFF_NOARP) !== 0) return;
    const own = LINK_LOCAL | interfaceIdentifier(this.station);
    if (this.addresses.some(({ address }) => typeof address === 'bigint' && address >> 118n === 0x3fan)) return;
    const { addressing } = this.namespace;
    addressing.add(this, addressing.plain(own, 64, { scope: RT_SCOPE_LINK }));
    this.discover(own, ALL_ROUTERS, routerSolicitation(this.station));
  }

  /** Whoever is at the other end has come or gone. */
  carrierChanged(): void {
    if (this.up) this.changed();
    if (!this.carrier) this.neighbours.clear(true);
    this.tellAbove();
    this.namespace.changes.linkChanged(this, false);
  }

  override upChanged(): void {
    this.tellAbove();
    this.announce();
  }

  /** net.ipv4.conf.X.arp_notify: a question that nobody has to answer says which station has its addresses. RFC 5227 section 3. */
  private announce(): void {
    if (!this.up || !(this.settings.arpNotify || this.namespace.settings.all.arpNotify)) return;
    for (const { address } of this.addresses)
      if (typeof address === 'number')
        this.sendArp(BROADCAST, {
          operation: ARP_REQUEST,
          senderAddress: address,
          targetStation: 0,
          targetAddress: address,
        });
  }

  private sendArp(to: number, arp: Omit<Arp, 'senderStation'>): void {
    const frame = arpFrame(to, { ...arp, senderStation: this.station });
    this.put(frameOf(frame.subarray(0, ARP_SIZE), { priority: TC_PRIO_CONTROL }));
  }

  private tellAbove(): void {
    this.port?.bridge.portChanged();
    for (const upper of this.uppers) if (upper instanceof EthernetInterface) upper.carrierChanged();
  }

  override setStation(station: number): void {
    const before = this.station;
    if (station === before) return;
    super.setStation(station);
    this.port?.bridge.portStation(this.port, before);
    // they know it by the other address
    this.neighbours.clear();
    this.announce();
  }

  /** It goes out of its namespace. */
  override leave(): void {
    this.port?.bridge.release(this.port);
    this.neighbours.clear();
    this.fragments4 = new Reassembly(this.namespace);
    this.fragments6 = new Reassembly(this.namespace);
  }

  // ---- out --------------------------------------------------------------------------------------------------------------------

  /** Sends a frame, whoever has made it: at once, or when its turn comes. A queue takes no longer segments than a wire. */
  put(frame: Frame): void {
    const { packet } = frame;
    if (this.traffic.isOpen || !this.up) this.dispatch(frame);
    else if (packet?.segmentSize === undefined) this.traffic.send(new QueuedFrame(frame));
    else
      for (const one of segmentsOf(packet, packet.segmentSize).map((part) => ({ ...frame, packet: part })))
        this.traffic.send(new QueuedFrame(one));
  }

  override dispatch(load: unknown): void {
    const frame = load as Frame;
    if (!this.up) {
      this.sent.dropped++;
      return;
    }
    const { capture } = this.namespace.kernel;
    if (capture?.wants(this)) capture.sees(this, bytesOf(frame), true);
    this.namespace.packets.sees(this, frame, true);
    if (!this.send(frame)) {
      this.sent.dropped++;
      return;
    }
    this.sent.packets++;
    this.sent.bytes += frameSize(frame);
  }

  /** Does the link take it as it is? */
  fits({ packet, bytes }: Frame): boolean {
    return (packet ? packetSize(packet) : bytes!.length - ETHERNET_HEADER) <= this.mtu;
  }

  override transmit(packet: Packet, nextHop: Address): void {
    if (typeof nextHop === 'number' && (nextHop === BROADCAST_4 || this.namespace.isBroadcast(nextHop, this)))
      this.sendTo(packet, BROADCAST);
    else if (isMulticast(nextHop))
      this.sendTo(
        packet,
        typeof nextHop === 'number' ? GROUP_4 + (nextHop & 0x7fffff) : GROUP_6 + Number(nextHop & 0xffffffffn),
      );
    else this.neighbours.deliver(packet, nextHop);
  }

  sendTo(packet: Packet, station: number): void {
    const { segment } = packet;
    if (packet.header) this.put(frameOf(madeFrame(station, this.station, packet), about(packet)));
    else if (packetSize(packet) > Math.min(this.mtu, packet.mtu ?? this.mtu)) this.sendPieces(packet, station);
    else if (segment && segment.data.length > this.segmentsMax && packet.segmentSize !== undefined) {
      const most = Math.max(packet.segmentSize, this.segmentsMax - (this.segmentsMax % packet.segmentSize));
      for (const one of segmentsOf(packet, most)) this.put(frameOfPacket(station, this.station, one));
    } else this.put(frameOfPacket(station, this.station, packet));
  }

  /** Fragments, as bytes: whoever they are for puts them together. */
  private sendPieces(packet: Packet, station: number): void {
    const { source, destination, protocol, timeToLive, service } = packet;
    const payload = payloadOf(packet);
    const mtu = Math.min(this.mtu, packet.mtu ?? this.mtu);
    const { ip } = this.namespace.counters.of(source);
    ip.FragOKs++;
    if (typeof source === 'bigint') {
      const header = { source, destination: destination as bigint, protocol, hopLimit: timeToLive, service };
      for (const bytes of makeIpv6(header, payload, this.fragmented++, mtu)) {
        const frame = makeFrame(station, this.station, ETHERTYPE.IPV6, bytes.length);
        frame.set(bytes, ETHERNET_HEADER);
        ip.FragCreates++;
        this.put(frameOf(frame, about(packet)));
      }
      return;
    }
    this.fragmented = (this.fragmented + 1) & 0xffff;
    const header = { source, destination: destination as number, protocol, timeToLive, service };
    for (const { bytes, field } of fragments(payload, mtu)) {
      const frame = makeFrame(station, this.station, ETHERTYPE.IPV4, IPV4_HEADER + bytes.length);
      writeIpv4(frame, ETHERNET_HEADER, { ...header, identification: this.fragmented }, bytes.length, field);
      frame.set(bytes, ETHERNET_HEADER + IPV4_HEADER);
      ip.FragCreates++;
      this.put(frameOf(frame, about(packet)));
    }
  }

  ask(address: Address, station: number | undefined): void {
    if (typeof address === 'bigint') {
      const source = this.sourceFor(address);
      if (typeof source === 'bigint')
        this.discover(source, solicitedNode(address), neighbourSolicitation(address, this.station));
      return;
    }
    const own = this.sourceFor(address);
    const question = {
      operation: ARP_REQUEST,
      senderAddress: Number(own ?? 0),
      targetStation: 0,
      targetAddress: address,
    };
    this.sendArp(station ?? BROADCAST, question);
  }

  /** A message of neighbour discovery. */
  private discover(source: bigint, to: bigint, message: Uint8Array): void {
    const packet: Packet = {
      ...{ source, destination: to, protocol: IPPROTO_ICMPV6, payload: seal(source, to, message) },
      ...{ timeToLive: ND_HOP_LIMIT, service: 0, interface: this.index, priority: TC_PRIO_CONTROL },
    };
    this.transmit(packet, to);
  }

  // ---- in ---------------------------------------------------------------------------------------------------------------------

  /** A frame has come. `own`: it is for this one, whatever its destination says. */
  receive(frame: Frame, own = false): void {
    if (!this.up) {
      this.received.dropped++;
      return;
    }
    const { capture } = this.namespace.kernel;
    if (capture?.wants(this)) capture.sees(this, bytesOf(frame), false);
    this.namespace.packets.sees(this, frame, false);
    const { destination } = frame;
    this.received.packets++;
    this.received.bytes += frameSize(frame) - ETHERNET_HEADER;
    if (isGroup(destination)) this.received.multicast++;
    if (this.port) this.port.bridge.heard(this.port, frame);
    else if (this.uppers.length > 0 && this.offer(frame)) return;
    else if (own || destination === this.station || isGroup(destination)) this.take(frame);
  }

  /** What is made on it has its frames first. True: one of them has taken it. */
  private offer(frame: Frame): boolean {
    for (const upper of this.uppers) if (upper instanceof EthernetInterface && upper.fromBelow(frame)) return true;
    return false;
  }

  /** A frame has come by the interface that this one is made on. True: it is for this one alone. */
  protected fromBelow(_frame: Frame): boolean {
    return false;
  }

  /** A frame for the namespace. */
  private take({ packet, bytes, type, source }: Frame): void {
    if (packet) this.takePacket(copyOf(packet, this.index), source);
    else if (type === ETHERTYPE.ARP) this.arp(bytes!);
    else if (type === ETHERTYPE.IPV4) this.packet4(bytes!);
    else if (type === ETHERTYPE.IPV6) this.packet6(bytes!, source);
    else this.received.dropped++;
  }

  private arp(frame: Uint8Array): void {
    const arp = parseArp(frame);
    if (!arp || isGroup(arp.senderStation)) return;
    // whichever interface it belongs to: net.ipv4.conf.X.arp_ignore is 0
    const ours = !isLoopback(arp.targetAddress) && this.namespace.isOwn(arp.targetAddress);
    const { senderAddress, senderStation } = arp;
    if (senderAddress !== ANY_4 && !this.has(senderAddress))
      this.neighbours.learn(senderAddress, senderStation, arp.operation === ARP_REPLY && ours, ours);
    if (arp.operation !== ARP_REQUEST || !ours) return;
    const answer = { operation: ARP_REPLY, senderAddress: arp.targetAddress, targetStation: senderStation };
    this.sendArp(senderStation, { ...answer, targetAddress: senderAddress });
  }

  /** Counts what has come of a packet, or of a piece of one. */
  private joined<P extends Fragment>(piece: Fragment | undefined, whole: P | undefined, ip: IpCounts): P | undefined {
    if (!piece) ip.InHdrErrors++;
    else if (piece.more || piece.fragmentOffset !== 0) {
      ip.ReasmReqds++;
      if (whole) ip.ReasmOKs++;
    }
    return whole;
  }

  private packet4(frame: Uint8Array): void {
    const piece = parseIpv4(frame);
    const whole = this.joined(piece, piece && this.fragments4.add(piece), this.namespace.counters.four.ip);
    if (!whole) return;
    const { source, destination, protocol, payload, timeToLive, header } = whole;
    const packet: Packet = {
      ...{ source, destination, protocol, payload, timeToLive, header },
      ...{ service: header[1]!, interface: this.index, dontFragment: (header[6]! & DONT_FRAGMENT) !== 0 },
    };
    this.takePacket(packet, 0);
  }

  private packet6(frame: Uint8Array, from: number): void {
    const piece = parseIpv6(frame);
    const joined = this.joined(piece, piece && this.fragments6.add(piece), this.namespace.counters.six.ip);
    const whole = joined && unwrap(joined);
    if (!whole) return;
    const { source, destination, protocol, payload, hopLimit, header } = whole;
    const service = ((header[0]! & 15) << 4) | (header[1]! >> 4);
    const packet = { source, destination, protocol, payload, timeToLive: hopLimit, service, interface: this.index };
    // neighbour discovery that is a fragment is not believed: RFC 6980
    if (isDiscovery(packet) && header.length !== IPV6_HEADER) return;
    this.takePacket(packet, from);
  }

  /** A whole packet, from station `from`. */
  private takePacket(packet: Packet, from: number): void {
    const { source, destination, protocol } = packet;
    if (typeof source === 'bigint') {
      if (isMulticast(source) || this.settings.disabled6) return;
      if (isDiscovery(packet)) {
        const payload = payloadOf(packet);
        // only what has passed no router is believed
        if (packet.timeToLive === ND_HOP_LIMIT && isSound({ source, destination: destination as bigint, payload }))
          this.hear(source, payload, from);
        return;
      }
    } else if (protocol === IPPROTO_UDP && this.watch?.sees(packet)) return;
    this.namespace.internet.arrive(packet, this);
  }

  private hear(source: bigint, payload: Uint8Array, from: number): void {
    if (payload[0] === ND.ROUTER_ADVERTISEMENT) {
      this.hearRouter(source, payload, from);
      return;
    }
    const message = parseNeighbourMessage(payload);
    if (!message) return;
    const { target, station = from } = message;
    if (isGroup(station)) return;
    if (payload[0] === ND.NEIGHBOUR_ADVERTISEMENT) this.neighbours.learn(target, station, true, false);
    else if (this.has(target)) {
      if (source !== ANY_6) this.neighbours.learn(source, station, false, true);
      const to = source === ANY_6 ? ALL_NODES : source;
      this.discover(target, to, neighbourAdvertisement(target, this.station, source !== ANY_6, false));
    }
  }

  /** RFC 4862: addresses of the prefixes that a router tells, and the way out by it. */
  private hearRouter(router: bigint, payload: Uint8Array, from: number): void {
    const told = parseRouterAdvertisement(payload);
    if (!told || router >> BigInt(128 - LINK_LOCAL_BITS) !== LINK_LOCAL >> BigInt(128 - LINK_LOCAL_BITS)) return;
    const { acceptRouters, forward6 } = this.settings;
    if (acceptRouters === 0 || (acceptRouters === 1 && forward6)) return;
    const { addressing, routes, changes } = this.namespace;
    this.neighbours.learn(router, told.station ?? from, false, true);
    for (const { prefix, bits, autonomous, valid } of told.prefixes) {
      if (!autonomous || bits !== 64 || valid === 0) continue;
      const address = (prefix & (((1n << 64n) - 1n) << 64n)) | interfaceIdentifier(this.station);
      if (!this.has(address)) addressing.add(this, addressing.plain(address, bits));
    }
    this.nameServers = told.nameServers.slice(0, 3);
    const there = routes.all.find(
      ({ gateway, interface: by, bits }) => gateway === router && by === this && bits === 0,
    );
    if (told.lifetime === 0) {
      if (there) for (const gone of routes.drop((route) => route === there)) changes.routeChanged(gone, true);
      return;
    }
    if (there) return;
    const route = {
      ...{ destination: ANY_6, bits: 0, gateway: router, interface: this as Interface, metric: METRIC_RA },
      ...{ table: RT_TABLE_MAIN, protocol: RTPROT_RA, scope: RT_SCOPE_UNIVERSE, type: RTN_UNICAST, flags: 0 },
    };
    if (routes.add(route) === 0) changes.routeChanged(route, false);
  }
}

/** What a packet says of itself to queues. */
const about = ({ priority, mark }: Packet): Pick<Packet, 'priority' | 'mark'> => ({ priority, mark });

/** Is it a message of neighbour discovery? */
function isDiscovery({ protocol, payload }: Packet): boolean {
  if (protocol !== IPPROTO_ICMPV6 || !payload) return false;
  return payload[0]! >= ND.ROUTER_SOLICITATION && payload[0]! <= ND.NEIGHBOUR_ADVERTISEMENT;
}

/** The frame of a packet whose header is there already. */
function madeFrame(to: number, from: number, packet: Packet): Uint8Array {
  const payload = payloadOf(packet);
  const frame = makeFrame(to, from, ETHERTYPE.IPV4, packet.header!.length + payload.length);
  frame.set(packet.header!, ETHERNET_HEADER);
  frame.set(payload, ETHERNET_HEADER + packet.header!.length);
  return frame;
}

/** RFC 4291 appendix A: of a station's 48 bits. */
export function interfaceIdentifier(station: number): bigint {
  const value = BigInt(station);
  return (((value >> 24n) ^ 0x020000n) << 40n) | (0xfffen << 24n) | (value & 0xffffffn);
}
