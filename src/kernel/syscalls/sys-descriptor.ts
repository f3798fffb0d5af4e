// Descriptors and open files: open, close, dup, fcntl, ioctl. man 2 open, close, dup, fcntl, ioctl, pipe.
import { EBADF, EFAULT, EINVAL, ENOMEM, ENOTTY, EPERM } from '../abi/errno.js';
import {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_GETLEASE,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETPIPE_SZ,
  F_UNLCK,
  FASYNC,
  FD_CLOEXEC,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_EXCL,
  O_NOATIME,
  O_NOCTTY,
  O_NONBLOCK,
  O_PATH,
  O_TRUNC,
  O_WRONLY,
  AT_FDCWD,
} from '../abi/fcntl.js';
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX } from '../abi/termios.js';
import { makePipe, PipeFile } from '../fs/pipe.js';
import { readU32, writeU32 } from '../mm/user-memory.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { setAsync } from '../task/owner-signal.js';
import type { Farewell, OpenFile } from '../vfs/open-file.js';
import { owns } from '../vfs/permission.js';
import { addSeals, sealsOf } from '../vfs/seals.js';
import { OWNER_COMMANDS, ownerCommand } from './file-owner.js';
import { nameAt } from './path-argument.js';
import { LOCK_COMMANDS, recordLock, WIDE_LOCK_COMMANDS } from './sys-lock.js';

/** Flags that say how to open, and are not kept. */
const OPENING = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;

/** Gives an open file the lowest descriptor; the file goes when there is none. */
export function install(task: Task, file: OpenFile, closeOnExec: boolean): number {
  const fd = task.files.add(file, closeOnExec, task.fileLimit);
  if (fd < 0) file.release();
  return fd;
}

export function openat(task: Task, dirfd: number, address: number, flags: number, mode: number): number {
  const place = nameAt(task, dirfd, address);
  if (typeof place === 'number') return place;
  // without O_PATH the flags that nobody knows are ignored, as ever
  const file = task.kernel.vfs.open(task, place.start, place.name, flags, mode & ~task.fs.umask & 0o7777);
  if (typeof file === 'number') return file;
  file.flags = flags & ~OPENING;
  return install(task, file, (flags & O_CLOEXEC) !== 0);
}

export function open(task: Task, address: number, flags: number, mode: number): number {
  return openat(task, AT_FDCWD, address, flags, mode);
}

export function creat(task: Task, address: number, mode: number): number {
  return openat(task, AT_FDCWD, address, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

export function close(task: Task, fd: number): number {
  if (lingers(task)) return linger(task, 0);
  const farewell = task.file(fd)?.farewell;
  const failed = task.files.close(fd);
  return failed === 0 && farewell ? linger(task, 0, [farewell]) : failed;
}

/** Has the call closed already what it is to close, and waits? */
const lingers = (task: Task): boolean => task.callState.note !== undefined;

/**
 * Descriptors are gone; what was sent by them may still be on its way: SO_LINGER, of one after the other. A signal ends the wait, and is no
 * error. `result` is the call's.
 */
function linger(task: Task, result: number, farewells: Farewell[] = []): number {
  const { callState } = task;
  callState.note ??= farewells;
  const left = callState.note as Farewell[];
  for (let next = left[0]; next; next = left[0]) {
    task.timeOut(next.nanoseconds);
    if (next.what.leaving && !task.timedOut && task.block(next.what.waiters) === BLOCK) return BLOCK;
    left.shift();
    callState.timed = false;
    callState.deadline = Number.POSITIVE_INFINITY;
  }
  return result;
}

const CLOSE_RANGE_UNSHARE = 2;
const CLOSE_RANGE_CLOEXEC = 4;

export function closeRange(task: Task, first: number, last: number, flags: number): number {
  if (lingers(task)) return linger(task, 0);
  if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first > last) return -EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0 && task.files.users > 1) {
    const files = task.files.fork(task.kernel.frames.payer);
    if (!files) return -ENOMEM;
    task.files.users--;
    task.files = files;
  }
  const farewells: Farewell[] = [];
  for (const [fd, file] of [...task.files.entries()]) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) task.files.setCloseOnExec(fd, true);
    else {
      const { farewell } = file;
      if (farewell) farewells.push(farewell);
      task.files.close(fd);
    }
  }
  return linger(task, 0, farewells);
}

export function dup(task: Task, fd: number): number {
  const file = task.file(fd);
  return file ? install(task, file.hold(), false) : -EBADF;
}

export function dup2(task: Task, from: number, to: number): number {
  if (lingers(task)) return linger(task, to);
  const file = task.file(from);
  if (!file) return -EBADF;
  return from === to ? to : dup3(task, from, to, 0);
}

export function dup3(task: Task, from: number, to: number, flags: number): number {
  if (lingers(task)) return linger(task, to);
  if ((flags & ~O_CLOEXEC) !== 0 || from === to) return -EINVAL;
  const file = task.file(from);
  if (!file || to < 0 || to >= task.fileLimit) return -EBADF;
  const farewell = task.file(to)?.farewell;
  const failed = task.files.replace(to, file.hold(), (flags & O_CLOEXEC) !== 0);
  if (failed !== 0) {
    file.release();
    return failed;
  }
  return farewell ? linger(task, to, [farewell]) : to;
}

export function pipe2(task: Task, address: number, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -EINVAL;
  const [reader, writer] = makePipe(task, flags & (O_NONBLOCK | O_DIRECT));
  const closes = (flags & O_CLOEXEC) !== 0;
  const read = install(task, reader, closes);
  if (read < 0) {
    writer.release();
    return read;
  }
  const write = install(task, writer, closes);
  if (write < 0) {
    task.files.close(read);
    return write;
  }
  if (writeU32(task.space, address, read) === 0 && writeU32(task.space, address + 4, write) === 0) return 0;
  task.files.close(read);
  task.files.close(write);
  return -EFAULT;
}

export function pipe(task: Task, address: number): number {
  return pipe2(task, address, 0);
}

/** What F_SETFL may change. */
const SETTABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC;

export function fcntl(task: Task, fd: number, command: number, argument: number): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  if ((file.flags & O_PATH) !== 0 && ![F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL].includes(command))
    return -EBADF;
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      const from = argument | 0;
      if (from < 0 || from >= task.fileLimit) return -EINVAL;
      const copy = task.files.add(file.hold(), command === F_DUPFD_CLOEXEC, task.fileLimit, from);
      if (copy < 0) file.release();
      return copy;
    }
    case F_GETFD:
      return task.files.closeOnExec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
      task.files.setCloseOnExec(fd, (argument & FD_CLOEXEC) !== 0);
      return 0;
    case F_GETFL:
      return file.flags;
    case F_SETFL:
      if ((argument & O_NOATIME) !== 0 && (file.flags & O_NOATIME) === 0 && !owns(task.credentials, file.inode))
        return -EPERM;
      file.flags = (file.flags & ~SETTABLE) | (argument & SETTABLE);
      setAsync(file, fd, (argument & FASYNC) !== 0);
      return 0;
    case F_GETLEASE:
      // nobody has one: none can be taken
      return F_UNLCK;
    case F_ADD_SEALS:
      return addSeals(file, argument);
    case F_GET_SEALS:
      return sealsOf(file);
    case F_SETPIPE_SZ:
      return file instanceof PipeFile ? file.pipe.resize(argument) : -EBADF;
    case F_GETPIPE_SZ:
      return file instanceof PipeFile ? file.pipe.capacity : -EBADF;
    default:
      if (OWNER_COMMANDS.has(command)) return ownerCommand(task, file, command, argument);
      return LOCK_COMMANDS.has(command) ? recordLock(task, file, command, argument) : -EINVAL;
  }
}

/** fcntl(2) of an ABI that has fcntl64 too, which alone knows locks beyond 2 GiB. */
export function narrowFcntl(task: Task, fd: number, command: number, argument: number): number {
  return task.abi.wordSize === 4 && WIDE_LOCK_COMMANDS.has(command) ? -EINVAL : fcntl(task, fd, command, argument);
}

export function ioctl(task: Task, fd: number, command: number, argument: number): number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  switch (command) {
    case FIOCLEX:
    case FIONCLEX:
      task.files.setCloseOnExec(fd, command === FIOCLEX);
      return 0;
    case FIONBIO: {
      const on = readU32(task.space, argument);
      if (on < 0) return on;
      file.flags = on !== 0 ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK;
      return 0;
    }
    case FIOASYNC: {
      const on = readU32(task.space, argument);
      if (on < 0) return on;
      if (!file.waits) return -ENOTTY;
      setAsync(file, fd, on !== 0);
      return 0;
    }
    default:
      return file.ioctl(task, command, argument);
  }
}
