// POSIX message queues' calls. man 3 mq_open, mq_send, mq_receive, mq_notify, mq_getattr; man 2 mq_getsetattr.
import {
  EACCES,
  EAGAIN,
  EBADF,
  EBUSY,
  EEXIST,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENAMETOOLONG,
  ENOENT,
  ETIMEDOUT,
} from '../abi/errno.js';
import { O_ACCMODE, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../abi/fcntl.js';
import { SIGNAL_MAX } from '../task/signals.js';
import { S_IFREG } from '../abi/stat.js';
import { QueueFile, type QueueLimits, QueueWait } from '../fs/mqueuefs.js';
import { readBytes, readString, writeBytes, writeU32 } from '../mm/user-memory.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { notifyCreated, notifyFile, notifyUnlinked } from '../vfs/notify.js';
import { IN_OPEN } from '../abi/inotify.js';
import { MAY_READ, MAY_WRITE, mayRemove, permits } from '../vfs/permission.js';
import { install } from './sys-descriptor.js';
import { nanosecondsOf, timestampAt } from './time-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

const SIGEV_SIGNAL = 0;
const SIGEV_NONE = 1;
const PRIORITY_MAX = 32768;

function nameAt(task: Task, address: number): string | number {
  const name = readString(task.space, address);
  if (typeof name === 'number') return name;
  if (name.length > 255) return -ENAMETOOLONG;
  if (name === '') return -ENOENT;
  return name.includes('/') || name === '.' || name === '..' ? -EACCES : name;
}

export function mqOpen(task: Task, nameAddress: number, flags: number, mode: number, attributes: number): number {
  let limits: QueueLimits | undefined;
  if (attributes !== 0) {
    const given = readStruct(task, task.abi.structs.mqAttr, attributes);
    if (typeof given === 'number') return given;
    limits = { messages: given.maxmsg!, bytes: given.msgsize! };
  }
  const name = nameAt(task, nameAddress);
  if (typeof name === 'number') return name;
  const { root } = task.namespaces.ipc.queues;
  const access = flags & O_ACCMODE;
  let inode = root.lookup(task, name);
  if (typeof inode === 'number') {
    if ((flags & O_CREAT) === 0) return inode;
    const denied = permits(task.credentials, root, MAY_WRITE);
    if (denied !== 0) return denied;
    const { fsuid, fsgid } = task.credentials;
    const made = { mode: S_IFREG | (mode & ~task.fs.umask & 0o7777), uid: fsuid, gid: fsgid };
    inode = root.createQueue(task, name, made, limits);
    if (typeof inode === 'number') return inode;
    notifyCreated(root, name, inode);
  } else {
    if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) return -EEXIST;
    if (access === O_ACCMODE) return -EINVAL;
    const wanted = access === O_RDONLY ? MAY_READ : access === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
    const denied = permits(task.credentials, inode, wanted);
    if (denied !== 0) return denied;
  }
  const file = new QueueFile(task, inode, flags & (O_ACCMODE | O_NONBLOCK));
  notifyFile(file, IN_OPEN);
  return install(task, file, true);
}

export function mqUnlink(task: Task, nameAddress: number): number {
  const name = nameAt(task, nameAddress);
  if (typeof name === 'number') return name;
  const { root } = task.namespaces.ipc.queues;
  const inode = root.lookup(task, name);
  if (typeof inode === 'number') return inode;
  const denied = mayRemove(task.credentials, root, inode);
  if (denied !== 0) return denied;
  root.unlink(task, name, inode);
  notifyUnlinked(root, name, inode);
  inode.forgetIfUnused();
  return 0;
}

/** The absolute time at `address` becomes the call's deadline: 0, or a negated errno. */
function deadline(task: Task, address: number, wide: boolean): number {
  if (address === 0 || task.callState.timed) return 0;
  const time = timestampAt(task, address, wide);
  if (typeof time === 'number') return time;
  const { clock } = task.kernel;
  task.timeOut(Math.max(0, nanosecondsOf(time) - nanosecondsOf(clock.date())));
  return 0;
}

function waitFor(task: Task, file: QueueFile, receives: boolean): number {
  if (file.nonblocking) return -EAGAIN;
  if (task.timedOut) return -ETIMEDOUT;
  const waiting = task.block(file.inode.waits);
  task.callState.note = waiting === BLOCK ? new QueueWait(file.inode, receives) : undefined;
  return waiting;
}

function send(
  task: Task,
  fd: number,
  address: number,
  length: number,
  priority: number,
  timeout: number,
  wide: boolean,
): number {
  if (priority >= PRIORITY_MAX) return -EINVAL;
  const failed = deadline(task, timeout, wide);
  if (failed !== 0) return failed;
  const file = task.file(fd);
  if (!(file instanceof QueueFile) || !file.writable) return -EBADF;
  const { inode } = file;
  if (length > inode.limits.bytes) return -EMSGSIZE;
  const bytes = readBytes(task.space, address, length);
  if (typeof bytes === 'number') return bytes;
  if (inode.isFull) return waitFor(task, file, false);
  inode.add(task, priority, bytes);
  return 0;
}

function receive(
  task: Task,
  fd: number,
  address: number,
  length: number,
  priorityAddress: number,
  timeout: number,
  wide: boolean,
): number {
  const failed = deadline(task, timeout, wide);
  if (failed !== 0) return failed;
  const file = task.file(fd);
  if (!(file instanceof QueueFile) || !file.readable) return -EBADF;
  const { inode } = file;
  if (length < inode.limits.bytes) return -EMSGSIZE;
  if (inode.count === 0) return waitFor(task, file, true);
  const { bytes, priority } = inode.take();
  if (priorityAddress !== 0 && writeU32(task.space, priorityAddress, priority) !== 0) return -EFAULT;
  return writeBytes(task.space, address, bytes) === 0 ? bytes.length : -EFAULT;
}

export function mqTimedsend(
  task: Task,
  fd: number,
  address: number,
  length: number,
  prio: number,
  time: number,
): number {
  return send(task, fd, address, length, prio, time, false);
}
export function mqTimedsend64(
  task: Task,
  fd: number,
  address: number,
  length: number,
  prio: number,
  time: number,
): number {
  return send(task, fd, address, length, prio, time, true);
}
export function mqTimedreceive(
  task: Task,
  fd: number,
  address: number,
  length: number,
  prio: number,
  time: number,
): number {
  return receive(task, fd, address, length, prio, time, false);
}
export function mqTimedreceive64(
  task: Task,
  fd: number,
  address: number,
  length: number,
  prio: number,
  time: number,
): number {
  return receive(task, fd, address, length, prio, time, true);
}

export function mqNotify(task: Task, fd: number, address: number): number {
  let event: Record<string, number> | undefined;
  if (address !== 0) {
    const given = readStruct(task, task.abi.structs.sigevent, address);
    if (typeof given === 'number') return given;
    event = given;
    if (event.notify !== SIGEV_NONE && event.notify !== SIGEV_SIGNAL) return -EINVAL;
    if (event.notify === SIGEV_SIGNAL && (event.signal! < 1 || event.signal! > SIGNAL_MAX)) return -EINVAL;
  }
  const file = task.file(fd);
  if (!(file instanceof QueueFile)) return -EBADF;
  const { inode } = file;
  if (!event) {
    if (inode.notice?.process === task.process) inode.notice = undefined;
    return 0;
  }
  if (inode.notice) return -EBUSY;
  const signal = event.notify === SIGEV_NONE ? 0 : event.signal!;
  inode.notice = { process: task.process, table: task.files, signal, value: event.value! };
  return 0;
}

export function mqGetsetattr(task: Task, fd: number, newAddress: number, oldAddress: number): number {
  const { mqAttr } = task.abi.structs;
  let flags: number | undefined;
  if (newAddress !== 0) {
    const given = readStruct(task, mqAttr, newAddress);
    if (typeof given === 'number') return given;
    flags = given.flags!;
    if ((flags & ~O_NONBLOCK) !== 0) return -EINVAL;
  }
  const file = task.file(fd);
  if (!(file instanceof QueueFile)) return -EBADF;
  const { limits, count } = file.inode;
  const old = { flags: file.flags & O_NONBLOCK, maxmsg: limits.messages, msgsize: limits.bytes, curmsgs: count };
  if (flags !== undefined) file.flags = (file.flags & ~O_NONBLOCK) | flags;
  return oldAddress === 0 ? 0 : writeStruct(task, mqAttr, oldAddress, old);
}
