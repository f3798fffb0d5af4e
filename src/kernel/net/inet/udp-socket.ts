// UDP sockets. man 7 udp; RFC 768; Linux net/ipv4/udp.c.
import type { Datagram } from '../../../net/udp.js';
import { EADDRINUSE, EAGAIN, ENOPROTOOPT } from '../../abi/errno.js';
import { IP_MULTICAST_LOOP, IPPROTO_UDP, IPV6_MULTICAST_LOOP, SIOCOUTQ, UDP_CORK } from '../../abi/inet.js';
import { AF_INET, SOCK_DGRAM } from '../../abi/socket.js';
import { writeU32 } from '../../mm/user-memory.js';
import type { Task } from '../../task/task.js';
import type { Counts } from '../counters.js';
import type { PathError } from '../icmp.js';
import type { Way } from '../internet.js';
import type { Packet } from '../packet.js';
import type { OptionValue } from '../socket.js';
import { DatagramSocket } from './datagram-socket.js';
import type { Endpoint } from './endpoint.js';
import { isMulticast } from './endpoint.js';
import type { SendControl } from './inet-socket.js';

const UDP_HEADER = 8;

export class UdpSocket extends DatagramSocket {
  protected readonly messageMax = 65507;

  constructor(task: Task, family: number, flags: number) {
    super(task, family, SOCK_DGRAM, IPPROTO_UDP, flags);
  }

  protected claim(place: Endpoint): number {
    const { ports } = this.namespace.udp;
    const before = this.local;
    this.local = { ...place };
    const free = (port: number): boolean => {
      this.local.port = port;
      return ports.conflict(this) === undefined;
    };
    const range = this.namespace.settings.localPorts;
    const port = place.port !== 0 ? (free(place.port) ? place.port : 0) : ports.choose(range, free);
    this.local.port = port;
    if (port === 0) {
      this.local = before;
      return place.port !== 0 ? -EADDRINUSE : -EAGAIN;
    }
    ports.add(this);
    return 0;
  }

  protected unclaim(): void {
    this.namespace.udp.ports.remove(this);
  }

  protected transmit(_task: Task, data: Uint8Array, to: Endpoint, way: Way, said: SendControl): number {
    const packet = this.packetTo(to, way, said);
    packet.datagram = { sourcePort: this.local.port, destinationPort: to.port, data };
    if (isMulticast(to.address)) {
      const loops = typeof to.address === 'number' ? this.ip.ip(IP_MULTICAST_LOOP) : this.ip.ip6(IPV6_MULTICAST_LOOP);
      packet.unheard = loops === 0;
    }
    const failed = this.namespace.internet.send(packet, way);
    if (failed === 0) this.counts.OutDatagrams++;
    return failed === 0 ? data.length : failed;
  }

  protected override get hiddenHeader(): number {
    return UDP_HEADER;
  }

  private get counts(): Counts<'InDatagrams' | 'OutDatagrams' | 'InErrors' | 'RcvbufErrors'> {
    const { four, six } = this.namespace.counters;
    return (this.family === AF_INET ? four : six).udp;
  }
  protected override taken(): void {
    this.counts.InDatagrams++;
  }
  protected override lost(): void {
    super.lost();
    this.counts.InErrors++;
    this.counts.RcvbufErrors++;
  }

  /** A datagram for this socket. */
  arrived(packet: Packet, datagram: Datagram, from: Endpoint): void {
    this.enqueue(packet, datagram.data, from);
  }

  /** One that it sent did not arrive. */
  failed(error: PathError, to: Endpoint, data: Uint8Array): void {
    this.pathError(error, to, data);
  }

  override ioctl(task: Task, command: number, argument: number): number {
    return command === SIOCOUTQ ? writeU32(task.space, argument, 0) : super.ioctl(task, command, argument);
  }

  protected override getProtocolOption(level: number, name: number): OptionValue {
    if (level !== IPPROTO_UDP) return super.getProtocolOption(level, name);
    return name === UDP_CORK ? { value: 0 } : -ENOPROTOOPT;
  }
}
