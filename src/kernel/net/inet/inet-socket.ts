// What all internet sockets have in common: where they are bound, whom they speak to, the options of IP and IPv6, errors that packets have
// met on their way. man 7 ip, ipv6, socket; Linux net/ipv4/af_inet.c, ip_sockglue.c.
import type { Address } from '../../../net/address.js';
import { put32, put128, u32, u128 } from '../../../net/big-endian.js';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EAGAIN,
  EFAULT,
  EINVAL,
  ENETUNREACH,
  ENOBUFS,
  ENODEV,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
} from '../../abi/errno.js';
import {
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_FREEBIND,
  IP_MTU,
  IP_MULTICAST_IF,
  IP_OPTIONS,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TRANSPARENT,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_FREEBIND,
  IPV6_HOPLIMIT,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MTU,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
} from '../../abi/inet.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  MSG_ERRQUEUE,
  SO_BINDTODEVICE,
  SO_PRIORITY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
} from '../../abi/socket.js';
import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW } from '../../security/capability.js';
import type { Task } from '../../task/task.js';
import type { Io } from '../../vfs/io.js';
import type { PathError } from '../icmp.js';
import type { Packet } from '../packet.js';
import { type ControlItem, type OptionValue, type Received, Socket } from '../socket.js';
import {
  ANY_4,
  ANY_6,
  type Endpoint,
  familyIn,
  isAny,
  isMulticast,
  mapped,
  readEndpoint,
  writeEndpoint,
} from './endpoint.js';
import { priorityOfService } from './service-priority.js';
import { IpOptions } from './ip-options.js';
import type { PortHolder } from './port-table.js';

/** Errors that wait to be read; groups that one socket may be in. */
const ERRORS_MAX = 64;
const GROUPS_MAX = 20;
/** INET_ECN_MASK. */
const CONGESTION = 3;

interface QueuedError {
  error: PathError;
  to: Endpoint;
  payload: Uint8Array;
}

export abstract class InetSocket extends Socket implements PortHolder {
  readonly ip: IpOptions;
  local: Endpoint;
  remote?: Endpoint;
  /** bind(2) has named an address, or a port. */
  protected boundAddress = false;
  protected boundPort = false;
  device = 0;
  /** Groups that it has joined, by the interface. */
  readonly groups: { address: Address; interface: number }[] = [];
  protected multicastInterface = 0;
  private readonly errors: QueuedError[] = [];
  readonly uid: number;

  constructor(task: Task, family: number, type: number, protocol: number, flags: number, from?: InetSocket) {
    super(task, family, type, protocol, flags, from?.namespace);
    this.ip = new IpOptions();
    if (this.namespace.settings.bindV6Only) this.ip.set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    this.local = { address: this.anyAddress, port: 0, scope: 0 };
    this.uid = task.credentials.fsuid;
  }

  get anyAddress(): Address {
    return this.family === AF_INET ? ANY_4 : ANY_6;
  }
  get only6(): boolean {
    return this.family === AF_INET6 && this.ip.ip6(IPV6_V6ONLY) !== 0;
  }
  get reuseAddress(): boolean {
    return this.flag(SO_REUSEADDR);
  }
  get reusePort(): boolean {
    return this.flag(SO_REUSEPORT);
  }

  // ---- addresses --------------------------------------------------------------------------------------------------------------

  /** An address of a call that names a peer, as this socket can use it. */
  protected endpointOf(bytes: Uint8Array): Endpoint | number {
    const to = readEndpoint(this.family, bytes);
    if (typeof to === 'number') return to;
    if (typeof to.address === 'number' && this.only6) return -ENETUNREACH;
    // nowhere is oneself, in the family that it, or the socket's own address, is of
    const four = typeof to.address === 'number' || typeof this.local.address === 'number';
    if (isAny(to.address)) to.address = four ? 0x7f000001 : 1n;
    return to;
  }

  /** Where bind(2) is to put the socket: the address, checked. */
  protected bindable(task: Task, bytes: Uint8Array): Endpoint | number {
    const family = familyIn(bytes);
    if (family < 0) return family;
    let place = readEndpoint(this.family, bytes);
    // the old way to say INADDR_ANY
    if (place === -EAFNOSUPPORT && this.family === AF_INET && family === AF_UNSPEC && u32(bytes, 4) === ANY_4)
      place = { address: ANY_4, port: bytes[2]! * 256 + bytes[3]!, scope: 0 };
    if (typeof place === 'number') return place;
    if (this.family === AF_INET6 && family === AF_INET) return -EAFNOSUPPORT;
    const { address, port, scope } = place;
    const anywhere =
      this.namespace.settings.bindAnywhere ||
      [IP_FREEBIND, IP_TRANSPARENT].some((name) => this.ip.ip(name) !== 0) ||
      this.ip.ip6(IPV6_FREEBIND) !== 0;
    if (typeof address === 'number' && this.only6) return -EINVAL;
    if (typeof address === 'bigint' && address >> 118n === 0x3fan && scope === 0 && this.device === 0) return -EINVAL;
    if (!isAny(address) && !anywhere && !this.namespace.isBindable(address)) return -EADDRNOTAVAIL;
    const privileged = port !== 0 && port < this.namespace.settings.unprivilegedFrom && this.hasPorts;
    if (privileged && !task.credentials.capable(this.namespace.owner, CAP_NET_BIND_SERVICE)) return -EACCES;
    return place;
  }

  /** Are its ports those of a protocol that has them? */
  protected get hasPorts(): boolean {
    return true;
  }

  override localAddress(): Uint8Array {
    return writeEndpoint(this.family, this.local);
  }

  override peerAddress(): Uint8Array | number {
    return this.remote ? writeEndpoint(this.family, this.remote) : -ENOTCONN;
  }

  /** Index of the interface that packets to `address` leave by, 0: what the routes say. */
  protected interfaceFor({ address, scope }: Endpoint): number {
    if (scope !== 0) return scope;
    if (this.device !== 0) return this.device;
    return isMulticast(address) ? this.multicastInterface : 0;
  }

  /** There is no way to where it speaks to: why, which is counted. */
  protected wayless(error: number): number {
    const { four, six } = this.namespace.counters;
    if (error === -ENETUNREACH) (this.family === AF_INET ? four : six).ip.OutNoRoutes++;
    return error;
  }

  // ---- errors on the way ------------------------------------------------------------------------------------------------------

  /** A packet to `to` did not arrive. */
  protected pathError(error: PathError, to: Endpoint, payload: Uint8Array): void {
    const asked = this.ip.ip(IP_RECVERR) !== 0 || this.ip.ip6(IPV6_RECVERR) !== 0;
    if (asked && this.errors.length < ERRORS_MAX) this.errors.push({ error, to, payload: payload.slice() });
    if (asked || (error.hard && this.remote)) this.pendingError = error.errno;
    this.waiters.wake();
  }

  protected get hasErrors(): boolean {
    return this.errors.length > 0;
  }

  /** recvmsg with MSG_ERRQUEUE: the packet and what is known of its end. */
  protected receiveError(io: Io): Received | number {
    const queued = this.errors.shift();
    if (!queued) return -EAGAIN;
    const { error, to, payload } = queued;
    const room = Math.min(io.left, payload.length);
    if (io.give(payload, 0, room) < room) return -EFAULT;
    const four = this.family === AF_INET;
    const offender = writeEndpoint(this.family, { address: error.offender, port: 0, scope: 0 });
    const data = new Uint8Array(16 + offender.length);
    const view = new DataView(data.buffer);
    view.setUint32(0, error.errno, true);
    data.set([error.origin, error.type, error.code], 4);
    view.setUint32(8, error.info, true);
    data.set(offender, 16);
    const control = [
      four ? { level: IPPROTO_IP, type: IP_RECVERR, data } : { level: IPPROTO_IPV6, type: IPV6_RECVERR, data },
    ];
    const truncated = room < payload.length ? 0x20 : 0;
    return { length: room, from: writeEndpoint(this.family, to), control, flags: MSG_ERRQUEUE | truncated };
  }

  // ---- options ----------------------------------------------------------------------------------------------------------------

  protected override getProtocolOption(level: number, name: number): OptionValue {
    const known = level === IPPROTO_IP || (level === IPPROTO_IPV6 && this.family === AF_INET6);
    if (!known) return this.family === AF_INET ? -EOPNOTSUPP : -ENOPROTOOPT;
    const value = this.ip.get(level, name);
    if (value !== undefined) return { value };
    if (level === IPPROTO_IP && name === IP_OPTIONS) return new Uint8Array(0);
    if (level === IPPROTO_IP && name === IP_MULTICAST_IF) return this.multicastAddress();
    if (name === (level === IPPROTO_IP ? IP_MTU : IPV6_MTU)) {
      if (!this.remote) return -ENOTCONN;
      const way = this.namespace.internet.way(this.remote.address, this.interfaceFor(this.remote));
      return typeof way === 'number' ? way : { value: way.mtu };
    }
    return -ENOPROTOOPT;
  }

  /** The bits of the type of service that tell of congestion are TCP's own. */
  private allowed(level: number, name: number, given: number): number {
    if (level !== IPPROTO_IP || name !== IP_TOS || this.type !== SOCK_STREAM) return given;
    return (given & ~CONGESTION) | (this.ip.ip(IP_TOS) & CONGESTION);
  }

  private multicastAddress(): Uint8Array {
    const bytes = new Uint8Array(4);
    const by = this.namespace.interfaces.get(this.multicastInterface);
    const own = by?.addresses.find(({ address }) => typeof address === 'number');
    if (own) put32(bytes, 0, own.address as number);
    return bytes;
  }

  protected override setProtocolOption(level: number, name: number, value: number, bytes: Uint8Array): number {
    if (level !== IPPROTO_IP && level !== IPPROTO_IPV6) return -ENOPROTOOPT;
    if (level === IPPROTO_IPV6 && this.family !== AF_INET6) return -ENOPROTOOPT;
    // IPv4's may be a byte alone
    if (bytes.length < 4 && (level === IPPROTO_IPV6 || bytes.length === 0)) return -EINVAL;
    const given = bytes.length < 4 ? bytes[0]! : value;
    if (level === IPPROTO_IPV6 && name === IPV6_V6ONLY && this.local.port !== 0) return -EINVAL;
    const before = this.ip.ip(IP_TOS);
    const set = this.ip.set(level, name, this.allowed(level, name, given));
    if (level === IPPROTO_IP && name === IP_TOS && this.ip.ip(IP_TOS) !== before) {
      this.flagsOf.set(SO_PRIORITY, priorityOfService(this.ip.ip(IP_TOS)));
      this.flagChanged(SO_PRIORITY);
    }
    if (set !== undefined) return set ? 0 : -EINVAL;
    if (level === IPPROTO_IP) {
      if (name === IP_ADD_MEMBERSHIP || name === IP_DROP_MEMBERSHIP || name === IP_MULTICAST_IF)
        return this.setGroup4(name, bytes);
      return name === IP_OPTIONS && bytes.length === 0 ? 0 : -ENOPROTOOPT;
    }
    if (name !== IPV6_JOIN_GROUP && name !== IPV6_LEAVE_GROUP) return -ENOPROTOOPT;
    if (bytes.length < 20) return -EINVAL;
    const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(16, true);
    const address = u128(bytes, 0);
    if (!isMulticast(address)) return -EINVAL;
    return this.setGroup(address, index, name === IPV6_JOIN_GROUP);
  }

  /** struct in_addr, ip_mreq or ip_mreqn: the group, an address of the interface, its index. */
  private setGroup4(name: number, bytes: Uint8Array): number {
    const { interfaces } = this.namespace;
    if (bytes.length < 4 || (bytes.length < 8 && name !== IP_MULTICAST_IF)) return -EINVAL;
    const own = bytes.length < 8 ? u32(bytes, 0) : u32(bytes, 4);
    let index = bytes.length < 12 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getInt32(8, true);
    if (index === 0 && own !== ANY_4) {
      for (const one of interfaces.values()) if (one.has(own)) index = one.index;
      if (index === 0) return name === IP_MULTICAST_IF ? -EADDRNOTAVAIL : -ENODEV;
    }
    if (index !== 0 && !interfaces.has(index)) return -ENODEV;
    if (name === IP_MULTICAST_IF) {
      this.multicastInterface = index;
      return 0;
    }
    const group = u32(bytes, 0);
    if (!isMulticast(group)) return -EINVAL;
    return this.setGroup(group, index, name === IP_ADD_MEMBERSHIP);
  }

  private setGroup(address: Address, given: number, join: boolean): number {
    let index = given;
    if (index === 0) {
      const route = this.namespace.routes.lookup(address);
      if (typeof route === 'number' && typeof address === 'number') return join ? -ENODEV : -EADDRNOTAVAIL;
      index = typeof route === 'number' ? this.namespace.loopback.index : (route.interface?.index ?? 0);
    }
    if (!this.namespace.interfaces.has(index)) return -ENODEV;
    const at = this.groups.findIndex((one) => one.address === address && one.interface === index);
    if (!join) {
      if (at < 0) return -EADDRNOTAVAIL;
      this.groups.splice(at, 1);
      return 0;
    }
    if (at >= 0) return -EADDRINUSE;
    if (this.groups.length >= GROUPS_MAX) return -ENOBUFS;
    this.groups.push({ address, interface: index });
    return 0;
  }

  protected override getFamilyOption(task: Task, name: number): OptionValue {
    if (name !== SO_BINDTODEVICE) return super.getFamilyOption(task, name);
    const by = this.namespace.interfaces.get(this.device);
    return by ? Uint8Array.from([...by.name, '\0'].map((char) => char.charCodeAt(0))) : new Uint8Array(0);
  }

  protected override setFamilyOption(task: Task, name: number, value: number, bytes: Uint8Array): number {
    if (name !== SO_BINDTODEVICE) return super.setFamilyOption(task, name, value, bytes);
    if (this.device !== 0 && !task.credentials.capable(this.namespace.owner, CAP_NET_RAW)) return -EPERM;
    const end = bytes.indexOf(0);
    const text = String.fromCharCode(...bytes.subarray(0, Math.min(15, end < 0 ? bytes.length : end)));
    const by = this.namespace.interfaceNamed(text);
    if (text !== '' && !by) return -ENODEV;
    this.device = by?.index ?? 0;
    return 0;
  }

  /** SO_MARK and the like. */
  protected isAdmin(task: Task): boolean {
    return task.credentials.capable(this.namespace.owner, CAP_NET_ADMIN);
  }

  // ---- what goes with a packet --------------------------------------------------------------------------------------------------

  /** Control data that the socket has asked for, about a packet that it has received. */
  protected controlOf(packet: Packet): ControlItem[] | undefined {
    const { ip } = this;
    const control: ControlItem[] = [];
    const int = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
    const { destination } = packet;
    if (typeof destination === 'number') {
      if (ip.ip(IP_PKTINFO) !== 0) {
        const data = new Uint8Array(12);
        new DataView(data.buffer).setInt32(0, packet.interface, true);
        const own = this.namespace.interfaces.get(packet.interface);
        const local = this.namespace.isOwn(destination) ? destination : own?.sourceFor(packet.source);
        put32(data, 4, Number(local ?? 0));
        put32(data, 8, destination);
        control.push({ level: IPPROTO_IP, type: IP_PKTINFO, data });
      }
      if (ip.ip(IP_RECVTTL) !== 0) control.push({ level: IPPROTO_IP, type: IP_TTL, data: int(packet.timeToLive) });
      if (ip.ip(IP_RECVTOS) !== 0)
        control.push({ level: IPPROTO_IP, type: IP_TOS, data: Uint8Array.of(packet.service) });
    }
    if (this.family === AF_INET6) {
      if (ip.ip6(IPV6_RECVPKTINFO) !== 0) {
        const data = new Uint8Array(20);
        put128(data, 0, mapped(destination));
        new DataView(data.buffer).setUint32(16, packet.interface, true);
        control.push({ level: IPPROTO_IPV6, type: IPV6_PKTINFO, data });
      }
      if (typeof destination === 'bigint') {
        if (ip.ip6(IPV6_RECVHOPLIMIT) !== 0)
          control.push({ level: IPPROTO_IPV6, type: IPV6_HOPLIMIT, data: int(packet.timeToLive) });
        if (ip.ip6(IPV6_RECVTCLASS) !== 0)
          control.push({ level: IPPROTO_IPV6, type: IPV6_TCLASS, data: int(packet.service) });
      }
    }
    return control.length > 0 ? control : undefined;
  }

  /** What control data say of one packet to send. */
  protected sendControl(control: readonly ControlItem[] | undefined): SendControl | number {
    const said: SendControl = { interface: 0 };
    for (const { level, type, data } of control ?? []) {
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      if (level === IPPROTO_IP && type === IP_PKTINFO && data.length >= 12) {
        said.interface = view.getInt32(0, true);
        if (u32(data, 4) !== ANY_4) said.source = u32(data, 4);
      } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && data.length >= 20) {
        said.interface = view.getUint32(16, true);
        if (u128(data, 0) !== ANY_6) said.source = u128(data, 0);
      } else if ((level === IPPROTO_IP && type === IP_TTL) || (level === IPPROTO_IPV6 && type === IPV6_HOPLIMIT)) {
        if (data.length < 4) return -EINVAL;
        const hops = view.getInt32(0, true);
        if (hops < 0 || hops > 255 || (hops === 0 && level === IPPROTO_IP)) return -EINVAL;
        said.timeToLive = hops;
      } else if ((level === IPPROTO_IP && type === IP_TOS) || (level === IPPROTO_IPV6 && type === IPV6_TCLASS)) {
        if (data.length < 1) return -EINVAL;
        said.service = data[0]!;
        if (level === IPPROTO_IP) said.priority = priorityOfService(data[0]!);
      } else return -EINVAL;
    }
    return said;
  }

  /** Time to live or hop limit of packets to `to`, and their class. */
  protected hopsTo(to: Address, multicast4: number, multicast6: number): number {
    if (typeof to === 'number') return this.ip.ip(isMulticast(to) ? multicast4 : IP_TTL);
    return this.ip.ip6(isMulticast(to) ? multicast6 : IPV6_UNICAST_HOPS);
  }
  protected serviceTo(to: Address): number {
    return typeof to === 'number' ? this.ip.ip(IP_TOS) : this.ip.ip6(IPV6_TCLASS);
  }
}

export interface SendControl {
  source?: Address;
  interface: number;
  timeToLive?: number;
  service?: number;
  priority?: number;
}
