// sock_diag: sockets listed for ss(8). man 7 sock_diag; Linux net/ipv4/inet_diag.c, net/unix/diag.c.
import type { Address } from '../../../net/address.js';
import { put16 } from '../../../net/big-endian.js';
import { EINVAL, ENOENT, EOPNOTSUPP } from '../../abi/errno.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import { SOCK_DIAG_BY_FAMILY } from '../../abi/rtnetlink.js';
import { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX } from '../../abi/socket.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Task } from '../../task/task.js';
import { addressBytes, type Endpoint, mapped } from '../inet/endpoint.js';
import { type InetSocketState, inetSockets } from '../socket-list.js';
import { Body, type Request } from './message.js';
import type { Answer } from './route-requests.js';

const REQUEST_SIZE = 56;
const UNIX_REQUEST_SIZE = 24;
const INET_DIAG_MEMINFO = 1;
const INET_DIAG_INFO = 2;
const INET_DIAG_SHUTDOWN = 8;
const INET_DIAG_SKV6ONLY = 11;
const UNIX_DIAG_NAME = 0;
const UNIX_DIAG_PEER = 2;
const UNIX_DIAG_RQLEN = 4;
const UDIAG_SHOW_NAME = 1;
const UDIAG_SHOW_PEER = 4;
const UDIAG_SHOW_RQLEN = 16;

export function diagRequest(_task: Task, namespace: NetNamespace, request: Request): Answer {
  const { type, body } = request;
  if (type !== SOCK_DIAG_BY_FAMILY) return -EOPNOTSUPP;
  switch (body[0]) {
    case AF_INET:
    case AF_INET6:
      return body.length < REQUEST_SIZE ? -EINVAL : inet(namespace, request);
    case AF_UNIX:
      return body.length < UNIX_REQUEST_SIZE ? -EINVAL : unix(namespace, request);
    case AF_PACKET:
      return packets(namespace);
    case AF_NETLINK:
      return [];
    default:
      return -ENOENT;
  }
}

/** Attributes of packet sockets. */
const PACKET_DIAG_INFO = 0;
const PACKET_DIAG_MEMINFO = 4;

/** struct inet_diag_req_v2: family, protocol, wanted extensions, states. */
function inet(namespace: NetNamespace, { body, view }: Request): Answer {
  const [family, protocol, extensions] = [body[0]!, body[1]!, body[2]!];
  const states = view.getUint32(4, true);
  const kind = protocol === IPPROTO_TCP ? 'tcp' : protocol === IPPROTO_UDP ? 'udp' : 'raw';
  return inetSockets(namespace, kind)
    .filter((one) => one.family === family && (states & (1 << one.state)) !== 0)
    .map((one) => ({ type: SOCK_DIAG_BY_FAMILY, body: describe(one, extensions) }));
}

/** struct inet_diag_msg and what was asked for. */
function describe(one: InetSocketState, extensions: number): Uint8Array {
  const { family, local, remote } = one;
  const body = new Body().u8(family, one.state, one.timer.kind, 0);
  const ports = new Uint8Array(4);
  put16(ports, 0, local.port);
  put16(ports, 2, remote?.port ?? 0);
  body.raw(ports).raw(sixteen(family, local)).raw(sixteen(family, remote));
  body.u32(one.device, one.inode, 0).u32(one.timer.milliseconds, one.readable, one.unsent, one.uid, one.inode);
  if ((extensions & (1 << (INET_DIAG_MEMINFO - 1))) !== 0)
    body.attribute(INET_DIAG_MEMINFO, new Body().u32(one.readable, one.unsent, 0, 0).taken);
  if ((extensions & (1 << (INET_DIAG_INFO - 1))) !== 0 && one.information)
    body.attribute(INET_DIAG_INFO, one.information());
  if (family === AF_INET6) body.attribute8(INET_DIAG_SKV6ONLY, one.only6 ? 1 : 0);
  return body.attribute8(INET_DIAG_SHUTDOWN, 0).taken;
}

/** An address in 16 bytes, as the socket shows it. */
function sixteen(family: number, end: Endpoint | undefined): Uint8Array {
  const bytes = new Uint8Array(16);
  const address: Address = end?.address ?? 0;
  if (family === AF_INET) bytes.set(addressBytes(Number(address)));
  else bytes.set(addressBytes(address === 0 ? 0n : mapped(address)));
  return bytes;
}

/** struct packet_diag_msg, with the interface, the owner and what waits. Linux net/packet/diag.c. */
function packets({ packets: { sockets } }: NetNamespace): Answer {
  return [...sockets].map((socket) => {
    const body = new Body().u8(AF_PACKET, socket.type).u16(socket.ether).u32(socket.inode.ino, socket.inode.ino, 0);
    body.attribute(PACKET_DIAG_INFO, new Body().u32(Math.max(0, socket.index), 0, 0, 0, 0, 0).taken);
    body.attribute(
      PACKET_DIAG_MEMINFO,
      new Body().u32(socket.waiting, socket.receiveBuffer, 0, socket.sendBuffer, 0, 0, 0, 0, 0).taken,
    );
    return { type: SOCK_DIAG_BY_FAMILY, body: body.taken };
  });
}

/** struct unix_diag_req: family, states, inode, what to show. */
function unix(namespace: NetNamespace, { view }: Request): Answer {
  const states = view.getUint32(4, true);
  const show = view.getUint32(12, true);
  const messages: { type: number; body: Uint8Array }[] = [];
  for (const socket of namespace.unix.all) {
    const { state, name, peer, waiting } = socket.description;
    if ((states & (1 << state)) === 0) continue;
    const body = new Body().u8(AF_UNIX, socket.type, state, 0).u32(socket.inode.ino, socket.inode.ino, 0);
    if ((show & UDIAG_SHOW_NAME) !== 0 && name !== '')
      body.attribute(
        UNIX_DIAG_NAME,
        Uint8Array.from(name, (char) => char.charCodeAt(0)),
      );
    if ((show & UDIAG_SHOW_PEER) !== 0 && peer !== 0) body.attribute32(UNIX_DIAG_PEER, peer);
    if ((show & UDIAG_SHOW_RQLEN) !== 0)
      body.attribute(UNIX_DIAG_RQLEN, new Body().u32(waiting, socket.sendBuffer).taken);
    messages.push({ type: SOCK_DIAG_BY_FAMILY, body: body.taken });
  }
  return messages;
}
