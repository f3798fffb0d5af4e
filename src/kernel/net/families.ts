// Which sockets there are: by family, type and protocol. man 2 socket; Linux net/ipv4/af_inet.c, net/ipv6/af_inet6.c.
import { EACCES, EAFNOSUPPORT, EINVAL, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../abi/errno.js';
import { O_NONBLOCK } from '../abi/fcntl.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../abi/inet.js';
import { NETLINK_ROUTE, NETLINK_SOCK_DIAG } from '../abi/rtnetlink.js';
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../abi/socket.js';
import { CAP_NET_RAW } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { PingSocket } from './inet/ping-socket.js';
import { RawSocket } from './inet/raw-socket.js';
import { TcpSocket } from './inet/tcp-socket.js';
import { UdpSocket } from './inet/udp-socket.js';
import { NetlinkSocket } from './netlink/netlink-socket.js';
import { PacketSocket } from './packet/packet-socket.js';
import type { Socket } from './socket.js';
import { UnixSocket } from './unix-socket.js';

/** Flags in the type of socket(2). */
export const TYPE_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;
const PROTOCOL_MAX = 256;

export const openFlags = (flags: number): number => ((flags & SOCK_NONBLOCK) !== 0 ? O_NONBLOCK : 0);

/** A socket of a family and type, or a negated errno. */
export function createSocket(task: Task, family: number, typeAndFlags: number, protocol: number): Socket | number {
  const type = typeAndFlags & ~TYPE_FLAGS;
  if (type < 0 || type > 10) return -EINVAL;
  const flags = openFlags(typeAndFlags);
  switch (family) {
    case AF_UNIX:
      if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
      // raw is a datagram socket, as ever
      if (type === SOCK_RAW) return new UnixSocket(task, SOCK_DGRAM, flags);
      if (type !== SOCK_STREAM && type !== SOCK_DGRAM && type !== SOCK_SEQPACKET) return -ESOCKTNOSUPPORT;
      return new UnixSocket(task, type, flags);
    case AF_INET:
    case AF_INET6:
      return internetSocket(task, family, type, protocol, flags);
    case AF_PACKET:
      if (!task.credentials.capable(task.namespaces.net.owner, CAP_NET_RAW)) return -EPERM;
      if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
      return new PacketSocket(task, type, protocol & 0xffff, flags);
    case AF_NETLINK:
      if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
      if (protocol !== NETLINK_ROUTE && protocol !== NETLINK_SOCK_DIAG) return -EPROTONOSUPPORT;
      return new NetlinkSocket(task, type, protocol, flags);
    default:
      return -EAFNOSUPPORT;
  }
}

function internetSocket(task: Task, family: number, type: number, protocol: number, flags: number): Socket | number {
  if (protocol < 0 || protocol >= PROTOCOL_MAX) return -EINVAL;
  const icmp = family === AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  switch (type) {
    case SOCK_STREAM:
      return protocol === 0 || protocol === IPPROTO_TCP ? new TcpSocket(task, family, flags) : -EPROTONOSUPPORT;
    case SOCK_DGRAM:
      if (protocol === 0 || protocol === IPPROTO_UDP) return new UdpSocket(task, family, flags);
      if (protocol !== icmp) return -EPROTONOSUPPORT;
      return PingSocket.allowed(task) ? new PingSocket(task, family, protocol, flags) : -EACCES;
    case SOCK_RAW:
      if (protocol === 0) return -EPROTONOSUPPORT;
      if (!task.credentials.capable(task.namespaces.net.owner, CAP_NET_RAW)) return -EPERM;
      return new RawSocket(task, family, protocol, flags);
    default:
      return -ESOCKTNOSUPPORT;
  }
}
