// What a program reads of a connection: the stream, which a read leaves at the urgent byte, and that byte beside it.
// man 2 recv, man 7 tcp (SO_OOBINLINE, SIOCATMARK); Linux net/ipv4/tcp.c, tcp_recvmsg_locked, tcp_recv_urg.
import { distance } from '../../../net/tcp/segment.js';
import { EAGAIN, EFAULT, EINVAL } from '../../abi/errno.js';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC } from '../../abi/socket.js';
import type { Io } from '../../vfs/io.js';
import type { Received } from '../socket.js';
import type { TcpEndpoint } from './tcp-endpoint.js';

/** Bytes before the urgent one; undefined: there is none, or it was passed. */
function untilUrgent({ urgentAt, readAt }: TcpEndpoint): number | undefined {
  if (urgentAt === undefined) return undefined;
  const ahead = distance(urgentAt, readAt);
  return ahead >= 0 ? ahead : undefined;
}

export const isAtMark = (end: TcpEndpoint): boolean => untilUrgent(end) === 0;

/** Bytes that one read can have. */
export function readableOf(end: TcpEndpoint): number {
  return Math.min(untilUrgent(end) || Number.POSITIVE_INFINITY, end.unread.length);
}

/** The first urgent byte is not part of the stream, unless it is `inline`. */
export function passUrgent(end: TcpEndpoint, inline: boolean): void {
  if (end.urgentAt === undefined || end.unread.length === 0) return;
  const ahead = untilUrgent(end);
  if (ahead !== undefined && ahead > 0) return;
  if (ahead === 0 && !inline) end.take(1);
  end.urgentAt = undefined;
}

/** Of the stream, of which something is there. */
export function readStream(end: TcpEndpoint, io: Io, flags: number): Received | number {
  const { unread } = end;
  const wanted = io.left;
  const most = Math.min(wanted, readableOf(end));
  let length = 0;
  if ((flags & MSG_PEEK) !== 0) {
    const bytes = unread.slice(0, most);
    length = io.give(bytes, 0, bytes.length);
  } else if ((flags & MSG_TRUNC) !== 0) {
    length = most;
    end.take(most);
  } else {
    while (length < most) {
      const { front } = unread;
      const piece = Math.min(most - length, front.length);
      const moved = io.give(front, 0, piece);
      length += moved;
      unread.drop(moved);
      if (moved < piece) break;
    }
    if (length > 0) end.released(length);
  }
  if (length === 0 && wanted > 0) return -EFAULT;
  return { length, flags: 0 };
}

/** MSG_OOB. */
export function readUrgent(end: TcpEndpoint, inline: boolean, io: Io, flags: number): Received | number {
  if (inline || end.urgentRead) return -EINVAL;
  if (end.urgentByte === undefined) return -EAGAIN;
  if (io.left === 0) return { length: 0, flags: MSG_TRUNC };
  if (io.give(Uint8Array.of(end.urgentByte), 0, 1) !== 1) return -EFAULT;
  if ((flags & MSG_PEEK) === 0) end.urgentRead = true;
  return { length: 1, flags: MSG_OOB };
}
