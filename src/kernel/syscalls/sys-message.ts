// Messages of sockets: data with addresses, descriptors and what protocols tell. man 2 sendmsg, recvmsg, sendmmsg, recvmmsg; man 3 cmsg.
import { EBADF, EFAULT, EINVAL, EMSGSIZE, EPERM } from '../abi/errno.js';
import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SO_TIMESTAMP,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
  SOL_SOCKET,
} from '../abi/socket.js';
import { copyOut, readBytes, writeU32 } from '../mm/user-memory.js';
import type { Ancillary, Received, Socket } from '../net/socket.js';
import { OVERFLOW_ID } from '../ns/id-map.js';
import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { Timestamp } from '../vfs/timestamp.js';
import { vector } from './sys-io.js';
import { readAddress, receive, socketOf } from './sys-socket.js';
import { readStruct } from './user-struct.js';

/** Descriptors in one message: SCM_MAX_FD. */
const FILES_MAX = 253;
const CONTROL_MAX = 20480;
const MESSAGES_MAX = 1024;

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
    } else {
      ancillary.control ??= [];
      ancillary.control.push({ level, type, data: bytes.slice(at + header, at + length) });
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
  const own = task.credentials;
  const pid = view.getInt32(at, true);
  const uid = own.userNamespace.uids.inKernel(view.getUint32(at + 4, true));
  const gid = own.userNamespace.gids.inKernel(view.getUint32(at + 8, true));
  if (uid === undefined || gid === undefined) return -EINVAL;
  const process = task.pidNamespace.find(pid)?.process;
  if (process !== task.process && !own.capable(task.pidNamespace.owner, CAP_SYS_ADMIN)) return -EPERM;
  if (![own.uid, own.euid, own.suid].includes(uid) && !own.hasHere(CAP_SETUID)) return -EPERM;
  if (![own.gid, own.egid, own.sgid].includes(gid) && !own.hasHere(CAP_SETGID)) return -EPERM;
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

const TIMESTAMPS = [SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW];

/** When a message came, as the option that asked for it has it. */
function timestampBytes(task: Task, name: number, { seconds, nanoseconds }: Timestamp): Uint8Array {
  const { structs } = task.abi;
  const micro = Math.floor(nanoseconds / 1000);
  if (name === SO_TIMESTAMP) return structs.timeval.bytes({ sec: seconds, usec: micro });
  if (name === SO_TIMESTAMPNS) return structs.timespec.bytes({ sec: seconds, nsec: nanoseconds });
  return structs.timespec64.bytes({ sec: seconds, nsec: name === SO_TIMESTAMP_NEW ? micro : nanoseconds });
}

/** Puts what came with a message into the program's control buffer. Flags of the result. */
function writeControl(
  task: Task,
  file: Socket,
  message: MessageHeader,
  { ancillary, control, time }: Received,
  flags: number,
): { length: number; flags: number } {
  const { header, align } = controlLayout(task);
  let at = 0;
  let result = 0;
  const put = (level: number, type: number, data: Uint8Array): boolean => {
    const length = header + data.length;
    if (at + length > message.controllen) return false;
    const bytes = new Uint8Array(Math.min(align(length), message.controllen - at));
    const view = new DataView(bytes.buffer);
    view.setUint32(0, length, true);
    view.setInt32(header - 8, level, true);
    view.setInt32(header - 4, type, true);
    bytes.set(data, header);
    copyOut(task.space, message.control + at, bytes, 0, bytes.length);
    at += bytes.length;
    return true;
  };
  if (time)
    for (const name of TIMESTAMPS)
      if (file.flag(name) && !put(SOL_SOCKET, name, timestampBytes(task, name, time))) result |= MSG_CTRUNC;
  for (const { level, type, data } of control ?? []) if (!put(level, type, data)) result |= MSG_CTRUNC;
  if (file.passCredentials && ancillary) {
    const data = new Uint8Array(12);
    const view = new DataView(data.buffer);
    view.setInt32(0, ancillary.sender?.process.pid.in(task.pidNamespace) ?? 0, true);
    const { uids, gids } = task.credentials.userNamespace;
    const { sender } = ancillary;
    view.setUint32(4, sender ? uids.shown(sender.uid) : OVERFLOW_ID, true);
    view.setUint32(8, sender ? gids.shown(sender.gid) : OVERFLOW_ID, true);
    if (!put(SOL_SOCKET, SCM_CREDENTIALS, data)) result |= MSG_CTRUNC;
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
  if (fds.length > 0) put(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(Int32Array.from(fds).buffer));
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
