// The internet sockets of a namespace as ss(8) and /proc/net show them: one row each. Linux net/ipv4/tcp_ipv4.c get_tcp4_sock, udp4_format_sock.

import type { NetNamespace } from '../ns/net-namespace.js';
import type { DatagramSocket } from './inet/datagram-socket.js';
import type { Endpoint } from './inet/endpoint.js';
import { TcpEndpoint } from './inet/tcp-endpoint.js';
import { information, STATE_NUMBERS } from './inet/tcp-options.js';
import type { TcpSocket } from './inet/tcp-socket.js';

const CLOSE = STATE_NUMBERS.closed;
const ESTABLISHED = STATE_NUMBERS.established;
export const LISTEN = STATE_NUMBERS.listen;
/** Timers of struct inet_diag_msg: sending again, keep-alive, TIME-WAIT. */
const TIMER_RESEND = 1;
const TIMER_KEEPALIVE = 2;
const TIMER_TIME_WAIT = 3;

export interface InetSocketState {
  family: number;
  local: Endpoint;
  remote?: Endpoint;
  /** TCP_ESTABLISHED and so on. */
  state: number;
  readable: number;
  unsent: number;
  uid: number;
  inode: number;
  device: number;
  only6: boolean;
  drops: number;
  timer: { kind: number; milliseconds: number };
  /** struct tcp_info. */
  information?: () => Uint8Array;
}

const NO_TIMER = { kind: 0, milliseconds: 0 };

export function inetSockets(namespace: NetNamespace, kind: 'tcp' | 'udp' | 'raw' | 'icmp'): InetSocketState[] {
  if (kind === 'tcp') return tcpSockets(namespace);
  const sockets: Iterable<DatagramSocket> =
    kind === 'udp' ? namespace.udp.ports.all() : kind === 'raw' ? namespace.raw.sockets : namespace.raw.pings.all();
  return [...sockets].map((socket) => ({
    ...{ family: socket.family, local: socket.local, remote: socket.remote },
    state: socket.remote ? ESTABLISHED : CLOSE,
    ...{ readable: socket.waiting, unsent: 0, uid: socket.uid, inode: socket.inode.ino, device: socket.device },
    ...{ only6: socket.only6, drops: socket.drops, timer: NO_TIMER },
  }));
}

function tcpSockets(namespace: NetNamespace): InetSocketState[] {
  const rows: InetSocketState[] = [];
  for (const holder of namespace.tcp.ports.all()) {
    if (holder instanceof TcpEndpoint || !holder.listening) continue;
    const socket: TcpSocket = holder;
    const { count, most } = socket.pending;
    rows.push({
      ...{ family: socket.family, local: socket.local, state: LISTEN, readable: count, unsent: most, uid: socket.uid },
      ...{ inode: socket.inode.ino, device: socket.device, only6: socket.only6, drops: 0, timer: NO_TIMER },
      information: () => information(undefined, true),
    });
  }
  for (const end of namespace.tcp.connections) {
    const { state, sender } = end.connection;
    rows.push({
      ...{ family: end.family, local: end.local, remote: end.remote, state: STATE_NUMBERS[state] },
      ...{ readable: end.unread.length, unsent: sender.buffer.length, uid: end.socket ? end.uid : 0 },
      ...{ inode: end.socket?.inode.ino ?? 0, device: end.device, only6: end.only6, drops: 0 },
      timer: timerOf(end),
      information: () => information(end, false),
    });
  }
  return rows;
}

function timerOf(end: TcpEndpoint): { kind: number; milliseconds: number } {
  const { connection, namespace } = end;
  const { deadline, state, sender } = connection;
  if (deadline === Number.POSITIVE_INFINITY) return NO_TIMER;
  const kind = state === 'time-wait' ? TIMER_TIME_WAIT : sender.deadline <= deadline ? TIMER_RESEND : TIMER_KEEPALIVE;
  return { kind, milliseconds: Math.max(0, Math.floor((deadline - namespace.now()) / 1e6)) };
}
