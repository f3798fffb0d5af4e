// Raw and ping sockets of a namespace: who sees which packet. man 7 raw, icmp; Linux net/ipv4/raw.c, ping.c.
import type { NetNamespace } from '../../ns/net-namespace.js';
import { u16 } from '../../../net/big-endian.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from '../../abi/inet.js';
import { ECHO, ECHO_6, type Lost, type PathError } from '../icmp.js';
import type { Packet } from '../packet.js';
import { PortTable } from './port-table.js';
import type { PingSocket } from './ping-socket.js';
import type { RawSocket } from './raw-socket.js';

export class RawTable {
  readonly sockets = new Set<RawSocket>();
  /** By the identifier of their echo requests. */
  readonly pings: PortTable<PingSocket>;
  /** No raw socket looks at TCP. */
  quiet = true;

  constructor(namespace: NetNamespace) {
    this.pings = new PortTable(namespace);
  }

  add(socket: RawSocket): void {
    this.sockets.add(socket);
    this.listen();
  }
  remove(socket: RawSocket): void {
    this.sockets.delete(socket);
    this.listen();
  }
  private listen(): void {
    this.quiet = ![...this.sockets].some(({ protocol }) => protocol === IPPROTO_TCP);
  }

  /** Shows a packet to all who want it. Was there anybody? */
  receive(packet: Packet): boolean {
    if (this.sockets.size === 0) return false;
    let taken = false;
    for (const socket of [...this.sockets]) {
      if (!socket.wants(packet)) continue;
      taken = true;
      socket.arrived(packet);
    }
    return taken;
  }

  /** An answer to an echo request. */
  echoReply(packet: Packet, identifier: number): void {
    const protocol = typeof packet.source === 'number' ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    for (const socket of [...this.pings.holders(identifier)])
      if (socket.protocol === protocol && socket.wants(packet)) {
        socket.arrived(packet);
        return;
      }
  }

  failed(lost: Lost, error: PathError): void {
    const { protocol, destination, payload } = lost;
    for (const socket of [...this.sockets]) if (socket.protocol === protocol) socket.failed(lost, error);
    const echo = protocol === IPPROTO_ICMP ? ECHO : protocol === IPPROTO_ICMPV6 ? ECHO_6 : -1;
    if (payload[0] !== echo) return;
    for (const socket of [...this.pings.holders(u16(payload, 4))])
      if (socket.protocol === protocol) socket.failed(error, { address: destination, port: 0, scope: 0 }, payload);
  }
}
