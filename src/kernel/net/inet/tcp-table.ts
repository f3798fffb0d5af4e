// TCP of a namespace: which segment goes to which end, who listens, which ports are taken.
// Linux net/ipv4/inet_hashtables.c, tcp_ipv4.c; RFC 9293 section 3.5.2 (resets for what is not there).
import type { Address } from '../../../net/address.js';
import { u16 } from '../../../net/big-endian.js';
import { advance, FLAG, lengthOf, type Segment } from '../../../net/tcp/segment.js';
import { IPPROTO_TCP } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Lost, PathError } from '../icmp.js';
import type { Belonging } from '../filter/flow-table.js';
import { type Packet, segmentOf } from '../packet.js';
import type { Endpoint } from './endpoint.js';
import { TTL_DEFAULT } from './ip-options.js';
import { covers, PortTable } from './port-table.js';
import { opens, type TcpEndpoint } from './tcp-endpoint.js';
import type { TcpSocket } from './tcp-socket.js';

/** Ends in TIME-WAIT; the oldest goes when there are more. */
const WAITING_MAX = 8192;
/** Nanoseconds after which a port in TIME-WAIT may be used again to the same place. */
const REUSE_AFTER = 1e9;

export class TcpTable {
  readonly ports: PortTable<TcpSocket | TcpEndpoint>;
  private readonly ends = new Map<string, TcpEndpoint>();
  private readonly waiting = new Set<TcpEndpoint>();

  constructor(private readonly namespace: NetNamespace) {
    this.ports = new PortTable(namespace);
  }

  /** All ends, also those that nobody has a descriptor of. */
  get connections(): Iterable<TcpEndpoint> {
    return this.ends.values();
  }

  find(local: Endpoint, remote: Endpoint): TcpEndpoint | undefined {
    return this.ends.get(keyOf(local.address, local.port, remote.address, remote.port));
  }

  add(end: TcpEndpoint): void {
    const { local, remote } = end;
    this.ends.set(keyOf(local.address, local.port, remote.address, remote.port), end);
    this.ports.add(end);
    const other = this.find(remote, local);
    if (!other || other === end) return;
    end.peer = other;
    other.peer = end;
  }

  remove(end: TcpEndpoint): void {
    const { local, remote } = end;
    const key = keyOf(local.address, local.port, remote.address, remote.port);
    if (this.ends.get(key) === end) this.ends.delete(key);
    this.ports.remove(end);
    this.waiting.delete(end);
    if (end.peer?.peer === end) end.peer.peer = undefined;
    end.peer = undefined;
  }

  /** An end has come to TIME-WAIT. */
  waits(end: TcpEndpoint): void {
    this.waiting.add(end);
    if (this.waiting.size <= WAITING_MAX) return;
    const [oldest] = this.waiting;
    oldest!.connection.forget();
  }

  /** May a connection go from `local` to `remote`? One in TIME-WAIT makes room. */
  free(local: Endpoint, remote: Endpoint): boolean {
    const there = this.find(local, remote);
    if (!there) return true;
    if (this.namespace.now() - there.waitingSince < REUSE_AFTER || there.waitingSince === Number.POSITIVE_INFINITY)
      return false;
    there.connection.forget();
    return true;
  }

  receive(packet: Packet, segment: Segment): void {
    const local: Endpoint = { address: packet.destination, port: segment.destinationPort, scope: packet.interface };
    const remote: Endpoint = { address: packet.source, port: segment.sourcePort, scope: packet.interface };
    let end = this.find(local, remote);
    if (end && opens(segment) && end.connection.state === 'time-wait') {
      end.connection.forget();
      end = undefined;
    }
    if (end) {
      end.receive(segment);
      return;
    }
    const listener = opens(segment) ? this.listener(local, packet.interface, remote) : undefined;
    if (listener) listener.called(local, remote, segment);
    else if ((segment.flags & FLAG.RST) === 0) this.refuse(packet, segment);
  }

  /** Who listens at `local`: the one that says most exactly where; among several with SO_REUSEPORT one by the caller. */
  private listener({ address, port }: Endpoint, by: number, remote: Endpoint): TcpSocket | undefined {
    let best: TcpSocket[] = [];
    let most = -1;
    for (const holder of this.ports.holders(port)) {
      if (!holder.listening || !covers(holder.local.address, holder.only6, address)) continue;
      if (holder.device !== 0 && holder.device !== by) continue;
      let score = holder.local.address === address ? 4 : typeof holder.local.address === typeof address ? 1 : 0;
      if (holder.device !== 0) score += 8;
      if (score > most) best = [];
      if (score >= most) best.push(holder as TcpSocket);
      most = Math.max(most, score);
    }
    return best.length > 1 ? best[(remote.port * 0x9e3779b1) % best.length] : best[0];
  }

  /** A segment is turned down by the packet filter. */
  reset(packet: Packet, belonging: Belonging | undefined): void {
    const segment = segmentOf(packet);
    if (!segment || (segment.flags & FLAG.RST) !== 0) return;
    this.refuse(packet, segment, belonging && { ...belonging, reply: !belonging.reply });
  }

  /** A reset for what nobody is there for. */
  private refuse(packet: Packet, segment: Segment, belonging?: Belonging): void {
    const acknowledged = (segment.flags & FLAG.ACK) !== 0;
    const answer: Segment = {
      sourcePort: segment.destinationPort,
      destinationPort: segment.sourcePort,
      sequence: acknowledged ? segment.acknowledgment : 0,
      acknowledgment: acknowledged ? 0 : advance(segment.sequence, lengthOf(segment)),
      flags: acknowledged ? FLAG.RST : FLAG.RST | FLAG.ACK,
      window: 0,
      data: new Uint8Array(0),
    };
    this.namespace.counters.tcp.OutSegs++;
    this.namespace.counters.tcp.OutRsts++;
    this.namespace.internet.sendTo({
      ...{ source: packet.destination, destination: packet.source, protocol: IPPROTO_TCP, segment: answer },
      ...{ timeToLive: TTL_DEFAULT, service: 0, interface: 0, belonging },
    });
  }

  failed({ source, destination, payload }: Lost, error: PathError): void {
    if (payload.length < 4) return;
    const local = { address: source, port: u16(payload, 0), scope: 0 };
    this.find(local, { address: destination, port: u16(payload, 2), scope: 0 })?.failed(error);
  }
}

function keyOf(local: Address, port: number, remote: Address, remotePort: number): string {
  return `${local}:${port} ${remote}:${remotePort}`;
}
