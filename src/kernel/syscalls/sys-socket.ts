// Sockets. man 2 socket, bind, connect, accept, send, recv, getsockopt, shutdown.
import { EAFNOSUPPORT, EBADF, EFAULT, EINVAL, ENOTSOCK, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../abi/errno.js';
import { IPPROTO_IP } from '../abi/inet.js';
import { SOL_PACKET } from '../abi/packet.js';
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_RDWR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../abi/socket.js';
import { copyIn, copyOut, readBytes, readU32, writeU32 } from '../mm/user-memory.js';
import { createSocket, openFlags, TYPE_FLAGS } from '../net/families.js';
import { dropFiles, type Received, Socket } from '../net/socket.js';
import { UnixSocket } from '../net/unix-socket.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { type Io, UserIo } from '../vfs/io.js';
import { install } from './sys-descriptor.js';

const ADDRESS_MAX = 128;
const OPTION_MAX = 4096;

export function socketOf(task: Task, fd: number): Socket | number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return file instanceof Socket ? file : -ENOTSOCK;
}

// ---- making -----------------------------------------------------------------------------------------------------------------------

export function socket(task: Task, family: number, type: number, protocol: number): number {
  const made = createSocket(task, family, type, protocol);
  return typeof made === 'number' ? made : install(task, made, (type & SOCK_CLOEXEC) !== 0);
}

export function socketpair(
  task: Task,
  family: number,
  typeAndFlags: number,
  protocol: number,
  address: number,
): number {
  if (family !== AF_UNIX) return -EAFNOSUPPORT;
  if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
  const type = typeAndFlags & ~TYPE_FLAGS;
  if (type !== SOCK_STREAM && type !== SOCK_DGRAM && type !== SOCK_SEQPACKET) return -ESOCKTNOSUPPORT;
  const closes = (typeAndFlags & SOCK_CLOEXEC) !== 0;
  const [a, b] = UnixSocket.pair(task, type, openFlags(typeAndFlags));
  const first = install(task, a, closes);
  if (first < 0) {
    b.release();
    return first;
  }
  const second = install(task, b, closes);
  if (second < 0) {
    task.files.close(first);
    return second;
  }
  if (writeU32(task.space, address, first) === 0 && writeU32(task.space, address + 4, second) === 0) return 0;
  task.files.close(first);
  task.files.close(second);
  return -EFAULT;
}

// ---- addresses --------------------------------------------------------------------------------------------------------------------

export function readAddress(task: Task, address: number, length: number): Uint8Array | number {
  if (length < 0 || length > ADDRESS_MAX) return -EINVAL;
  return readBytes(task.space, address, length);
}

/** Writes an address, cut to the length at `lengthAddress`, which becomes its whole length. */
function writeAddress(task: Task, address: number, lengthAddress: number, bytes: Uint8Array): number {
  const room = readU32(task.space, lengthAddress);
  if (room === -EFAULT) return room;
  if ((room | 0) < 0) return -EINVAL;
  const length = Math.min(room, bytes.length);
  if (copyOut(task.space, address, bytes, 0, length) !== length) return -EFAULT;
  return writeU32(task.space, lengthAddress, bytes.length);
}

export function bind(task: Task, fd: number, address: number, length: number): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const bytes = readAddress(task, address, length);
  return typeof bytes === 'number' ? bytes : file.bind(task, bytes);
}
export function connect(task: Task, fd: number, address: number, length: number): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const bytes = readAddress(task, address, length);
  return typeof bytes === 'number' ? bytes : file.connect(task, bytes);
}
export function listen(task: Task, fd: number, backlog: number): number {
  const file = socketOf(task, fd);
  return typeof file === 'number' ? file : file.listen(task, backlog);
}
export function accept4(task: Task, fd: number, address: number, lengthAddress: number, flags: number): number {
  if ((flags & ~TYPE_FLAGS) !== 0) return -EINVAL;
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const accepted = file.accept(task, openFlags(flags));
  if (typeof accepted === 'number') return accepted;
  const failed = address === 0 ? 0 : writeAddress(task, address, lengthAddress, accepted.peer);
  if (failed !== 0) {
    accepted.socket.release();
    return failed;
  }
  return install(task, accepted.socket, (flags & SOCK_CLOEXEC) !== 0);
}
export function accept(task: Task, fd: number, address: number, lengthAddress: number): number {
  return accept4(task, fd, address, lengthAddress, 0);
}
export function getsockname(task: Task, fd: number, address: number, lengthAddress: number): number {
  const file = socketOf(task, fd);
  return typeof file === 'number' ? file : writeAddress(task, address, lengthAddress, file.localAddress());
}
export function getpeername(task: Task, fd: number, address: number, lengthAddress: number): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const peer = file.peerAddress();
  return typeof peer === 'number' ? peer : writeAddress(task, address, lengthAddress, peer);
}
export function shutdown(task: Task, fd: number, how: number): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  return how < 0 || how > SHUT_RDWR ? -EINVAL : file.shutdown(task, how);
}

// ---- data -------------------------------------------------------------------------------------------------------------------------

export function sendto(
  task: Task,
  fd: number,
  address: number,
  length: number,
  flags: number,
  to: number,
  toLength: number,
): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const target = to === 0 ? undefined : readAddress(task, to, toLength);
  if (typeof target === 'number') return target;
  return file.send(task, new UserIo(task.space, address, length), flags, target, undefined);
}
export function send(task: Task, fd: number, address: number, length: number, flags: number): number {
  return sendto(task, fd, address, length, flags, 0, 0);
}

/** Receives; with MSG_WAITALL, of a stream, until all is there or nothing more comes. */
export function receive(task: Task, file: Socket, io: Io, flags: number): Received | number {
  const { callState } = task;
  const all =
    (flags & MSG_WAITALL) !== 0 &&
    file.type === SOCK_STREAM &&
    (flags & (MSG_DONTWAIT | MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) === 0;
  if (!all) return file.receive(task, io, flags, 0);
  // what earlier tries have received lies at the buffer's begin
  io.skip(callState.done);
  for (;;) {
    const got = file.receive(task, io, flags, callState.done);
    if (typeof got === 'number') {
      if (got === BLOCK || callState.done === 0) return got;
      return { length: callState.done, flags: 0 };
    }
    callState.done += got.length;
    if (io.left === 0 || got.length === 0 || got.ancillary?.files) return { ...got, length: callState.done };
  }
}

export function recvfrom(
  task: Task,
  fd: number,
  address: number,
  length: number,
  flags: number,
  from: number,
  lengthAddress: number,
): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const got = receive(task, file, new UserIo(task.space, address, length), flags);
  if (typeof got === 'number') return got;
  dropFiles(got.ancillary);
  if (from !== 0) {
    const failed = writeAddress(task, from, lengthAddress, got.from ?? new Uint8Array(0));
    if (failed !== 0) return failed;
  }
  return got.length;
}
export function recv(task: Task, fd: number, address: number, length: number, flags: number): number {
  return recvfrom(task, fd, address, length, flags, 0, 0);
}

// ---- options ----------------------------------------------------------------------------------------------------------------------

export function getsockopt(
  task: Task,
  fd: number,
  level: number,
  name: number,
  address: number,
  lengthAddress: number,
): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const room = readU32(task.space, lengthAddress);
  if (room === -EFAULT) return room;
  if ((room | 0) < 0) return -EINVAL;
  const option = file.getOption(task, level, name, level === SOL_PACKET ? readU32(task.space, address) : 0);
  if (typeof option === 'number') return option;
  const bytes = option instanceof Uint8Array ? option : new Uint8Array(Int32Array.of(option.value).buffer);
  const length = Math.min(room, bytes.length);
  if (copyOut(task.space, address, bytes, 0, length) !== length) return -EFAULT;
  return writeU32(task.space, lengthAddress, length);
}

export function setsockopt(
  task: Task,
  fd: number,
  level: number,
  name: number,
  address: number,
  length: number,
): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  if (length < 0) return -EINVAL;
  const bytes = new Uint8Array(Math.max(4, Math.min(length, OPTION_MAX)));
  const given = Math.min(length, OPTION_MAX);
  if (copyIn(task.space, address, bytes, 0, given) !== given) return -EFAULT;
  // those of IPv4 may be a byte alone
  if (length < 4 && level !== IPPROTO_IP) return -EINVAL;
  return file.setOption(task, level, name, new DataView(bytes.buffer).getInt32(0, true), bytes.subarray(0, given));
}
