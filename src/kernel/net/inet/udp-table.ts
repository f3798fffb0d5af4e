// UDP of a namespace: which datagram goes to which socket. Linux net/ipv4/udp.c __udp4_lib_lookup, compute_score.
import type { Address } from '../../../net/address.js';
import { u16 } from '../../../net/big-endian.js';
import type { Datagram } from '../../../net/udp.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Lost, PathError } from '../icmp.js';
import type { Packet } from '../packet.js';
import { type Endpoint, isMulticast } from './endpoint.js';
import { covers, PortTable } from './port-table.js';
import type { UdpSocket } from './udp-socket.js';

/** Something of the node's own that has a port, as a name server. */
export interface DatagramService {
  arrived(packet: Packet, datagram: Datagram): void;
}

export class UdpTable {
  readonly ports: PortTable<UdpSocket>;
  /** By address and port. */
  private readonly services = new Map<string, DatagramService>();

  constructor(private readonly namespace: NetNamespace) {
    this.ports = new PortTable(namespace);
  }

  receive(packet: Packet, datagram: Datagram): void {
    const { destination } = packet;
    const local = { address: destination, port: datagram.destinationPort, scope: packet.interface };
    const remote = { address: packet.source, port: datagram.sourcePort, scope: packet.interface };
    const by = this.namespace.interfaces.get(packet.interface);
    if (isMulticast(destination) || (by && this.namespace.isBroadcast(destination, by))) {
      for (const socket of [...this.ports.holders(local.port)])
        if (this.score(socket, local, remote, packet.interface) >= 0 && socket.hears(destination, packet.interface))
          socket.arrived(packet, datagram, remote);
      return;
    }
    const socket = this.find(local, remote, packet.interface);
    const service = socket ? undefined : this.services.get(`${destination} ${local.port}`);
    if (socket) socket.arrived(packet, datagram, remote);
    else if (service) service.arrived(packet, datagram);
    else {
      this.namespace.counters.of(destination).udp.NoPorts++;
      this.namespace.icmp.portUnreachable(packet);
    }
  }

  /** Gives a port to a service; undefined: to nobody. Sockets of programs go first. */
  serve(address: Address, port: number, service: DatagramService | undefined): void {
    if (service) this.services.set(`${address} ${port}`, service);
    else this.services.delete(`${address} ${port}`);
  }

  /** A port that nobody has; 0: there is none. */
  freePort(address: Address): number {
    const free = (port: number): boolean =>
      this.ports.holders(port).size === 0 && !this.services.has(`${address} ${port}`);
    return this.ports.choose(this.namespace.settings.localPorts, free);
  }

  /** The socket that a datagram from `remote` to `local` is for. */
  find(local: Endpoint, remote: Endpoint, by: number): UdpSocket | undefined {
    let best: UdpSocket[] = [];
    let most = 0;
    for (const socket of this.ports.holders(local.port)) {
      const score = this.score(socket, local, remote, by);
      if (score < 0 || (score < most && best.length > 0)) continue;
      if (score > most) best = [];
      // of several that are as good the newest has it, or with SO_REUSEPORT one by the sender
      if (!socket.reusePort) best.length = 0;
      best.push(socket);
      most = score;
    }
    return best.length > 1 ? best[(remote.port * 0x9e3779b1) % best.length] : best[0];
  }

  /** How well a socket fits; negative: not at all. */
  private score(socket: UdpSocket, { address }: Endpoint, remote: Endpoint, by: number): number {
    const own: Address = socket.local.address;
    if (!covers(own, socket.only6, address)) return -1;
    let score = typeof own === typeof address ? 1 : 0;
    if (own === address) score += 4;
    if (socket.remote) {
      if (socket.remote.address !== remote.address || socket.remote.port !== remote.port) return -1;
      score += 8;
    }
    if (socket.device !== 0) {
      if (socket.device !== by) return -1;
      score += 4;
    }
    return score;
  }

  /** Has any socket joined a group? */
  joined(group: Address, by: number): boolean {
    for (const socket of this.ports.all())
      if (socket.groups.some((one) => one.address === group && one.interface === by)) return true;
    return false;
  }

  failed({ source, destination, payload }: Lost, error: PathError): void {
    if (payload.length < 8) return;
    const local = { address: source, port: u16(payload, 0), scope: 0 };
    const remote = { address: destination, port: u16(payload, 2), scope: 0 };
    this.find(local, remote, 0)?.failed(error, remote, payload.subarray(8));
  }
}
