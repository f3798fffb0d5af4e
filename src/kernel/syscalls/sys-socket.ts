// Sockets. man 2 socket, bind, connect, accept, send, recv, sendmsg, recvmsg, getsockopt, shutdown; socketcall for old i386 programs.
import {
  EAFNOSUPPORT,
  EBADF,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOTSOCK,
  EPERM,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../abi/errno.js';
import { O_NONBLOCK } from '../abi/fcntl.js';
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_WAITALL,
  MSG_WAITFORONE,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SHUT_RDWR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../abi/socket.js';
import { copyIn, copyOut, readBytes, readU32, writeU32 } from '../mm/user-memory.js';
import { type Ancillary, dropFiles, type Received, type Socket, Socket as SocketFile } from '../net/socket.js';
import { UnixSocket } from '../net/unix-socket.js';
import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../security/capability.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { type Io, UserIo } from '../vfs/io.js';
import type { OpenFile } from '../vfs/open-file.js';
import { install } from './sys-descriptor.js';
import { vector } from './sys-io.js';
import { readStruct } from './user-struct.js';

const ADDRESS_MAX = 128;
const FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;
/** Descriptors in one message: SCM_MAX_FD. */
const FILES_MAX = 253;
const CONTROL_MAX = 20480;
const OPTION_MAX = 4096;
const MESSAGES_MAX = 1024;

const openFlags = (flags: number): number => ((flags & SOCK_NONBLOCK) !== 0 ? O_NONBLOCK : 0);

function socketOf(task: Task, fd: number): Socket | number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return file instanceof SocketFile ? file : -ENOTSOCK;
}

// ---- making -----------------------------------------------------------------------------------------------------------------------

/** A socket of a family and type; a negated errno. */
function create(task: Task, family: number, typeAndFlags: number, protocol: number): Socket | number {
  const type = typeAndFlags & ~FLAGS;
  if (type < 1 || type > 10) return -EINVAL;
  const flags = openFlags(typeAndFlags);
  if (family === AF_UNIX) {
    if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
    // raw is a datagram socket, as ever
    if (type === SOCK_RAW) return new UnixSocket(task, SOCK_DGRAM, flags);
    if (type !== SOCK_STREAM && type !== SOCK_DGRAM && type !== SOCK_SEQPACKET) return -ESOCKTNOSUPPORT;
    return new UnixSocket(task, type, flags);
  }
  return -EAFNOSUPPORT;
}

export function socket(task: Task, family: number, type: number, protocol: number): number {
  const made = create(task, family, type, protocol);
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
  const type = typeAndFlags & ~FLAGS;
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

function readAddress(task: Task, address: number, length: number): Uint8Array | number {
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
  if ((flags & ~FLAGS) !== 0) return -EINVAL;
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
  return file.send(task, UserIo.of(task.space, address, length), flags, target, undefined);
}
export function send(task: Task, fd: number, address: number, length: number, flags: number): number {
  return sendto(task, fd, address, length, flags, 0, 0);
}

/** Receives; with MSG_WAITALL, of a stream, until all is there or nothing more comes. */
function receive(task: Task, file: Socket, io: Io, flags: number): Received | number {
  const { callState } = task;
  const all = (flags & MSG_WAITALL) !== 0 && file.type === SOCK_STREAM && (flags & MSG_DONTWAIT) === 0;
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
  const got = receive(task, file, UserIo.of(task.space, address, length), flags);
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

// ---- messages ---------------------------------------------------------------------------------------------------------------------

type MessageHeader = Record<'name' | 'namelen' | 'iov' | 'iovlen' | 'control' | 'controllen' | 'flags', number>;

function readHeader(task: Task, address: number): MessageHeader | number {
  return readStruct(task, task.abi.structs.msghdr, address) as MessageHeader | number;
}

/** struct cmsghdr: its length with the header (an unsigned word), level, type; data follow, aligned to words. */
function controlLayout(task: Task): { header: number; align: (length: number) => number } {
  const word = task.abi.wordSize;
  return { header: word + 8, align: (length) => Math.ceil(length / word) * word };
}

/** What the control data of a message to send ask for. */
function readControl(task: Task, { control, controllen }: MessageHeader): Ancillary | number | undefined {
  if (controllen === 0 || control === 0) return undefined;
  if (controllen > CONTROL_MAX) return -EINVAL;
  const bytes = readBytes(task.space, control, controllen);
  if (typeof bytes === 'number') return bytes;
  const view = new DataView(bytes.buffer);
  const { header, align } = controlLayout(task);
  const ancillary: Ancillary = {};
  for (let at = 0; at + header <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < header || at + length > bytes.length) return -EINVAL;
    const level = view.getInt32(at + header - 8, true);
    const type = view.getInt32(at + header - 4, true);
    if (level === SOL_SOCKET) {
      const failed = readControlItem(task, ancillary, type, view, at + header, length - header);
      if (failed !== 0) return failed;
    }
    at += align(length);
  }
  return ancillary;
}

function readControlItem(
  task: Task,
  ancillary: Ancillary,
  type: number,
  view: DataView,
  at: number,
  length: number,
): number {
  if (type === SCM_RIGHTS) {
    const files: OpenFile[] = ancillary.files ?? [];
    if (length % 4 !== 0 || files.length + length / 4 > FILES_MAX) return -EINVAL;
    for (let i = 0; i < length; i += 4) {
      const file = task.file(view.getInt32(at + i, true));
      if (!file) return -EBADF;
      files.push(file);
    }
    ancillary.files = files;
    return 0;
  }
  if (type !== SCM_CREDENTIALS || length !== 12) return -EINVAL;
  const [pid, uid, gid] = [view.getInt32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
  const own = task.credentials;
  const process = task.pidNamespace.find(pid)?.process;
  if (process !== task.process && !own.has(CAP_SYS_ADMIN)) return -EPERM;
  if (![own.uid, own.euid, own.suid].includes(uid) && !own.has(CAP_SETUID)) return -EPERM;
  if (![own.gid, own.egid, own.sgid].includes(gid) && !own.has(CAP_SETGID)) return -EPERM;
  if (process) ancillary.sender = { process, uid, gid };
  return 0;
}

function sendMessage(task: Task, file: Socket, address: number, flags: number): number {
  const message = readHeader(task, address);
  if (typeof message === 'number') return message;
  const to = message.name === 0 || message.namelen === 0 ? undefined : readAddress(task, message.name, message.namelen);
  if (typeof to === 'number') return to;
  if (message.iovlen > 1024) return -EMSGSIZE;
  const io = vector(task, message.iov, message.iovlen);
  if (typeof io === 'number') return io;
  const ancillary = readControl(task, message);
  if (typeof ancillary === 'number') return ancillary;
  return file.send(task, io, flags, to, ancillary);
}

export function sendmsg(task: Task, fd: number, address: number, flags: number): number {
  const file = socketOf(task, fd);
  return typeof file === 'number' ? file : sendMessage(task, file, address, flags);
}

/** Puts what came with a message into the program's control buffer. Flags of the result. */
function writeControl(
  task: Task,
  file: Socket,
  message: MessageHeader,
  { ancillary }: Received,
  flags: number,
): { length: number; flags: number } {
  const { header, align } = controlLayout(task);
  let at = 0;
  let result = 0;
  const put = (type: number, data: Uint8Array): boolean => {
    const length = header + data.length;
    if (at + length > message.controllen) return false;
    const bytes = new Uint8Array(Math.min(align(length), message.controllen - at));
    const view = new DataView(bytes.buffer);
    view.setUint32(0, length, true);
    view.setInt32(header - 8, SOL_SOCKET, true);
    view.setInt32(header - 4, type, true);
    bytes.set(data, header);
    copyOut(task.space, message.control + at, bytes, 0, bytes.length);
    at += bytes.length;
    return true;
  };
  if (file.passCredentials && ancillary) {
    const data = new Uint8Array(12);
    const view = new DataView(data.buffer);
    view.setInt32(0, ancillary.sender?.process.pid.in(task.pidNamespace) ?? 0, true);
    view.setUint32(4, ancillary.sender?.uid ?? 65534, true);
    view.setUint32(8, ancillary.sender?.gid ?? 65534, true);
    if (!put(SCM_CREDENTIALS, data)) result |= MSG_CTRUNC;
  }
  const files = ancillary?.files ?? [];
  if (files.length === 0) return { length: at, flags: result };
  const room = Math.max(0, Math.floor((message.controllen - at - header) / 4));
  const fds: number[] = [];
  for (const received of files) {
    const fd = fds.length < room ? task.files.add(received, (flags & MSG_CMSG_CLOEXEC) !== 0, task.fileLimit) : -1;
    if (fd < 0) {
      received.release();
      result |= MSG_CTRUNC;
    } else fds.push(fd);
  }
  if (fds.length > 0) put(SCM_RIGHTS, new Uint8Array(Int32Array.from(fds).buffer));
  return { length: at, flags: result };
}

function receiveMessage(task: Task, file: Socket, address: number, flags: number): number {
  const message = readHeader(task, address);
  if (typeof message === 'number') return message;
  if (message.iovlen > 1024) return -EMSGSIZE;
  const io = vector(task, message.iov, message.iovlen);
  if (typeof io === 'number') return io;
  const got = receive(task, file, io, flags);
  if (typeof got === 'number') return got;
  const control = writeControl(task, file, message, got, flags);
  const { msghdr } = task.abi.structs;
  const from = got.from ?? new Uint8Array(0);
  if (message.name !== 0) {
    const length = Math.min(from.length, message.namelen);
    if (copyOut(task.space, message.name, from, 0, length) !== length) return -EFAULT;
  }
  const fields: [string, number][] = [
    ['controllen', control.length],
    ['flags', got.flags | control.flags | (flags & MSG_CMSG_CLOEXEC)],
  ];
  if (message.name !== 0) fields.push(['namelen', from.length]);
  for (const [name, value] of fields)
    if (writeU32(task.space, address + msghdr.offsetOf(name), value) !== 0) return -EFAULT;
  return got.length;
}

export function recvmsg(task: Task, fd: number, address: number, flags: number): number {
  const file = socketOf(task, fd);
  return typeof file === 'number' ? file : receiveMessage(task, file, address, flags);
}

/** sendmmsg(2): how many messages went; each message's length is written behind its header. */
export function sendmmsg(task: Task, fd: number, address: number, count: number, flags: number): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const { msghdr } = task.abi.structs;
  const stride = msghdr.size + task.abi.wordSize;
  let sent = 0;
  for (; sent < Math.min(count, MESSAGES_MAX); sent++) {
    const at = address + sent * stride;
    const result = sendMessage(task, file, at, sent === 0 ? flags : flags | MSG_DONTWAIT);
    if (result < 0) return sent > 0 ? sent : result;
    if (writeU32(task.space, at + msghdr.size, result) !== 0) return -EFAULT;
  }
  return sent;
}
export function recvmmsg(task: Task, fd: number, address: number, count: number, flags: number): number {
  const file = socketOf(task, fd);
  if (typeof file === 'number') return file;
  const { msghdr } = task.abi.structs;
  const stride = msghdr.size + task.abi.wordSize;
  let received = 0;
  for (; received < Math.min(count, MESSAGES_MAX); received++) {
    const at = address + received * stride;
    const result = receiveMessage(
      task,
      file,
      at,
      received === 0 ? flags & ~MSG_WAITFORONE : (flags & ~MSG_WAITFORONE) | MSG_DONTWAIT,
    );
    if (result < 0) return received > 0 ? received : result;
    if (writeU32(task.space, at + msghdr.size, result) !== 0) return -EFAULT;
  }
  return received;
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
  const option = file.getOption(task, level, name);
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
  if (length < 4) return -EINVAL;
  return file.setOption(task, level, name, new DataView(bytes.buffer).getInt32(0, true), bytes.subarray(0, given));
}

// ---- socketcall -------------------------------------------------------------------------------------------------------------------

/** By the number of the call: its arguments. */
const CALLS: readonly (readonly [count: number, call: (task: Task, ...args: number[]) => number] | undefined)[] = [
  undefined,
  [3, (task, a, b, c) => socket(task, a!, b!, c!)],
  [3, (task, a, b, c) => bind(task, a!, b! >>> 0, c!)],
  [3, (task, a, b, c) => connect(task, a!, b! >>> 0, c!)],
  [2, (task, a, b) => listen(task, a!, b!)],
  [3, (task, a, b, c) => accept(task, a!, b! >>> 0, c! >>> 0)],
  [3, (task, a, b, c) => getsockname(task, a!, b! >>> 0, c! >>> 0)],
  [3, (task, a, b, c) => getpeername(task, a!, b! >>> 0, c! >>> 0)],
  [4, (task, a, b, c, d) => socketpair(task, a!, b!, c!, d! >>> 0)],
  [4, (task, a, b, c, d) => send(task, a!, b! >>> 0, c! >>> 0, d!)],
  [4, (task, a, b, c, d) => recv(task, a!, b! >>> 0, c! >>> 0, d!)],
  [6, (task, a, b, c, d, e, f) => sendto(task, a!, b! >>> 0, c! >>> 0, d!, e! >>> 0, f!)],
  [6, (task, a, b, c, d, e, f) => recvfrom(task, a!, b! >>> 0, c! >>> 0, d!, e! >>> 0, f! >>> 0)],
  [2, (task, a, b) => shutdown(task, a!, b!)],
  [5, (task, a, b, c, d, e) => setsockopt(task, a!, b!, c!, d! >>> 0, e!)],
  [5, (task, a, b, c, d, e) => getsockopt(task, a!, b!, c!, d! >>> 0, e! >>> 0)],
  [3, (task, a, b, c) => sendmsg(task, a!, b! >>> 0, c!)],
  [3, (task, a, b, c) => recvmsg(task, a!, b! >>> 0, c!)],
  [4, (task, a, b, c, d) => accept4(task, a!, b! >>> 0, c! >>> 0, d!)],
  [4, (task, a, b, c, d) => recvmmsg(task, a!, b! >>> 0, c!, d!)],
  [4, (task, a, b, c, d) => sendmmsg(task, a!, b! >>> 0, c!, d!)],
];

/** socketcall(2): i386's one call for all of these; its arguments are in memory. */
export function socketcall(task: Task, number: number, address: number): number {
  const entry = CALLS[number];
  if (!entry) return -EINVAL;
  const [count, call] = entry;
  const args: number[] = [];
  for (let i = 0; i < count; i++) {
    const value = readU32(task.space, address + 4 * i);
    if (value < 0) return value;
    args.push(value | 0);
  }
  return call(task, ...args);
}
