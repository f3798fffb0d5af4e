// Ping sockets: echo requests of whoever may, without the right to raw sockets. man 7 icmp (net.ipv4.ping_group_range); Linux net/ipv4/ping.c.
import { put16 } from '../../../net/big-endian.js';
import { EADDRINUSE, EAGAIN, EINVAL } from '../../abi/errno.js';
import { IPPROTO_ICMP } from '../../abi/inet.js';
import { AF_INET, SOCK_DGRAM } from '../../abi/socket.js';
import type { Task } from '../../task/task.js';
import { ECHO, ECHO_6, type PathError } from '../icmp.js';
import type { Way } from '../internet.js';
import { type Packet, payloadOf } from '../packet.js';
import { DatagramSocket } from './datagram-socket.js';
import { checksum, pseudoHeader } from '../../../net/checksum.js';
import { type Endpoint, isAny } from './endpoint.js';
import type { SendControl } from './inet-socket.js';

const HEADER = 8;
/** Identifiers that are given to those who do not ask for one. */
const IDENTIFIERS = { first: 1, last: 0xffff };

/** The port of its address is the identifier of its requests. */
export class PingSocket extends DatagramSocket {
  protected readonly messageMax = 65535;

  constructor(task: Task, family: number, protocol: number, flags: number) {
    super(task, family, SOCK_DGRAM, protocol, flags);
  }

  /** May the task make one? */
  static allowed(task: Task): boolean {
    const { first, last } = task.namespaces.net.settings.pingGroups;
    const { credentials } = task;
    return [credentials.egid, ...credentials.groups].some((gid) => gid >= first && gid <= last);
  }

  protected override get hasPorts(): boolean {
    return false;
  }
  protected override get wantsPort(): boolean {
    return false;
  }

  protected claim(place: Endpoint): number {
    const { pings } = this.namespace.raw;
    const before = this.local;
    this.local = { ...place };
    const free = (port: number): boolean => {
      this.local.port = port;
      return pings.conflict(this) === undefined;
    };
    const port = place.port !== 0 ? (free(place.port) ? place.port : 0) : pings.choose(IDENTIFIERS, free);
    this.local.port = port;
    if (port === 0) {
      this.local = before;
      return place.port !== 0 ? -EADDRINUSE : -EAGAIN;
    }
    pings.add(this);
    return 0;
  }
  protected unclaim(): void {
    this.namespace.raw.pings.remove(this);
  }

  wants(packet: Packet): boolean {
    const { local, remote, device } = this;
    if (!isAny(local.address) && local.address !== packet.destination) return false;
    if (remote && remote.address !== packet.source) return false;
    return device === 0 || device === packet.interface;
  }

  arrived(packet: Packet): void {
    this.enqueue(packet, payloadOf(packet).slice(), { address: packet.source, port: 0, scope: packet.interface });
  }

  failed(error: PathError, to: Endpoint, payload: Uint8Array): void {
    this.pathError(error, to, payload);
  }

  protected transmit(_task: Task, data: Uint8Array, to: Endpoint, way: Way, said: SendControl): number {
    const request = this.family === AF_INET ? ECHO : ECHO_6;
    if (data.length < HEADER || data[0] !== request || data[1] !== 0) return -EINVAL;
    put16(data, 4, this.local.port);
    put16(data, 2, 0);
    const pseudo =
      this.protocol === IPPROTO_ICMP ? 0 : pseudoHeader(way.source, to.address, this.protocol, data.length);
    put16(data, 2, checksum(data, 0, data.length, pseudo));
    const failed = this.namespace.internet.send({ ...this.packetTo(to, way, said), payload: data }, way);
    return failed === 0 ? data.length : failed;
  }
}
