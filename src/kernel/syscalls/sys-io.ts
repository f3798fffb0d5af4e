// Reading and writing descriptors. man 2 read, write, readv, pread, preadv2, lseek, sendfile, copy_file_range, splice.
import { EBADF, EFAULT, EINVAL, EISDIR, EOPNOTSUPP } from '../abi/errno.js';
import { O_APPEND, O_NONBLOCK, SEEK_HOLE } from '../abi/fcntl.js';
import { IN_ACCESS, IN_MODIFY } from '../abi/inotify.js';
import { copyIn, writeU32, writeU64 } from '../mm/user-memory.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { KernelIo, UserIo } from '../vfs/io.js';
import { notifyFile } from '../vfs/notify.js';
import type { OpenFile } from '../vfs/open-file.js';
import { readStruct } from './user-struct.js';

/** Largest transfer of one call: MAX_RW_COUNT. */
const COUNT_MAX = 0x7ffff000;
const IOV_MAX = 1024;

function readable(task: Task, fd: number): OpenFile | number {
  const file = task.file(fd);
  return file?.readable ? file : -EBADF;
}
function writable(task: Task, fd: number): OpenFile | number {
  const file = task.file(fd);
  return file?.writable ? file : -EBADF;
}

/** What a read or write has moved is counted, for /proc/PID/io. */
function noteRead(task: Task, file: OpenFile, done: number): number {
  if (done === BLOCK) return done;
  task.usage.readCalls++;
  if (done > 0) {
    task.usage.readBytes += done;
    notifyFile(file, IN_ACCESS);
  }
  return done;
}
function noteWrite(task: Task, file: OpenFile, done: number): number {
  if (done === BLOCK) return done;
  task.usage.writeCalls++;
  if (done > 0) {
    task.usage.writtenBytes += done;
    notifyFile(file, IN_MODIFY);
  }
  return done;
}

/** Is the buffer one that a program can have? -EFAULT before any byte is moved. */
function buffer(task: Task, address: number, length: number): UserIo | number {
  const count = Math.min(length, COUNT_MAX);
  if (address + count > task.space.layout.userEnd && count > 0) return -EFAULT;
  return new UserIo(task.space, address, count);
}

export function read(task: Task, fd: number, address: number, length: number): number {
  const file = readable(task, fd);
  if (typeof file === 'number') return file;
  const io = buffer(task, address, length);
  return typeof io === 'number' ? io : noteRead(task, file, file.read(task, io));
}

export function write(task: Task, fd: number, address: number, length: number): number {
  const file = writable(task, fd);
  if (typeof file === 'number') return file;
  const io = buffer(task, address, length);
  return typeof io === 'number' ? io : noteWrite(task, file, file.write(task, io));
}

export function pread(task: Task, fd: number, address: number, length: number, offset: number): number {
  if (offset < 0) return -EINVAL;
  const file = readable(task, fd);
  if (typeof file === 'number') return file;
  const io = buffer(task, address, length);
  return typeof io === 'number' ? io : noteRead(task, file, file.readAt(task, io, offset));
}

export function pwrite(task: Task, fd: number, address: number, length: number, offset: number): number {
  if (offset < 0) return -EINVAL;
  const file = writable(task, fd);
  if (typeof file === 'number') return file;
  const io = buffer(task, address, length);
  return typeof io === 'number' ? io : noteWrite(task, file, file.writeAt(task, io, offset));
}

/** An array of iovecs. */
export function buffers(task: Task, address: number, count: number): { base: number; length: number }[] | number {
  if (count < 0 || count > IOV_MAX) return -EINVAL;
  const layout = task.abi.structs.iovec;
  const bytes = new Uint8Array(layout.size * count);
  if (copyIn(task.space, address, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  const view = new DataView(bytes.buffer);
  const list: { base: number; length: number }[] = [];
  for (let i = 0; i < count; i++) {
    const buffer = layout.read(view, i * layout.size) as Record<'base' | 'length', number>;
    if (buffer.length > task.abi.wordMax / 2) return -EINVAL;
    list.push(buffer);
  }
  return list;
}

/** The buffers of an iovec array. */
export function vector(task: Task, address: number, count: number): UserIo | number {
  const list = buffers(task, address, count);
  if (typeof list === 'number') return list;
  const io = new UserIo(task.space);
  for (const { base, length } of list) {
    if (length > 0 && base + length > task.space.layout.userEnd) return -EFAULT;
    const room = COUNT_MAX - io.left;
    io.add(base, Math.min(length, room));
  }
  return io;
}

export function readv(task: Task, fd: number, address: number, count: number): number {
  const file = readable(task, fd);
  if (typeof file === 'number') return file;
  const io = vector(task, address, count);
  return typeof io === 'number' ? io : noteRead(task, file, file.read(task, io));
}

export function writev(task: Task, fd: number, address: number, count: number): number {
  const file = writable(task, fd);
  if (typeof file === 'number') return file;
  const io = vector(task, address, count);
  return typeof io === 'number' ? io : noteWrite(task, file, file.write(task, io));
}

/** The offset of preadv and pwritev comes as two words on every ABI; on i386 both count. */
function offsetOf(task: Task, low: number, high: number): number {
  return task.abi.wordSize === 4 ? (high | 0) * 2 ** 32 + low : low;
}

export function preadv(task: Task, fd: number, address: number, count: number, low: number, high: number): number {
  const offset = offsetOf(task, low, high);
  if (offset < 0) return -EINVAL;
  const file = readable(task, fd);
  if (typeof file === 'number') return file;
  const io = vector(task, address, count);
  return typeof io === 'number' ? io : noteRead(task, file, file.readAt(task, io, offset));
}

export function pwritev(task: Task, fd: number, address: number, count: number, low: number, high: number): number {
  const offset = offsetOf(task, low, high);
  if (offset < 0) return -EINVAL;
  const file = writable(task, fd);
  if (typeof file === 'number') return file;
  const io = vector(task, address, count);
  return typeof io === 'number' ? io : noteWrite(task, file, file.writeAt(task, io, offset));
}

/** Flags of preadv2 and pwritev2. Data are not behind the disk, and polling for them is a hint. */
const RWF_NOWAIT = 8;
const RWF_APPEND = 16;
const RWF_SUPPORTED = 0x1f;

/** `move`s data by an open file that has, for this call, the O_* flags that RWF_* bits stand for. */
function withFlags(task: Task, fd: number, flags: number, move: () => number): number {
  if ((flags & ~RWF_SUPPORTED) !== 0) return -EOPNOTSUPP;
  const file = task.file(fd);
  if (!file) return -EBADF;
  const { flags: own } = file;
  if ((flags & RWF_NOWAIT) !== 0) file.flags |= O_NONBLOCK;
  if ((flags & RWF_APPEND) !== 0) file.flags |= O_APPEND;
  const result = move();
  file.flags = own;
  return result;
}

/** An offset of -1 is the position. */
const atPosition = (task: Task, low: number, high: number): boolean =>
  offsetOf(task, low, high) === -1 || (low === 0xffffffff && (high | 0) === -1);

export function preadv2(
  task: Task,
  fd: number,
  address: number,
  count: number,
  low: number,
  high: number,
  flags: number,
): number {
  return withFlags(task, fd, flags, () =>
    atPosition(task, low, high) ? readv(task, fd, address, count) : preadv(task, fd, address, count, low, high),
  );
}
export function pwritev2(
  task: Task,
  fd: number,
  address: number,
  count: number,
  low: number,
  high: number,
  flags: number,
): number {
  return withFlags(task, fd, flags, () =>
    atPosition(task, low, high) ? writev(task, fd, address, count) : pwritev(task, fd, address, count, low, high),
  );
}

function seek(task: Task, fd: number, offset: number, whence: number): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return whence < 0 || whence > SEEK_HOLE ? -EINVAL : file.seek(task, offset, whence);
}

export function lseek(task: Task, fd: number, offset: number, whence: number): number {
  return seek(task, fd, offset, whence);
}

/** _llseek(2): the result goes to memory. */
export function llseek(task: Task, fd: number, high: number, low: number, result: number, whence: number): number {
  const position = seek(task, fd, (high | 0) * 2 ** 32 + low, whence);
  return position < 0 ? position : writeU64(task.space, result, position);
}

// ---- between two files ----------------------------------------------------------------------------------------------------------

const PIECE = 65536;

/**
 * Moves up to `length` bytes from one file to another through the kernel: from `from` (or its position when undefined) on. What was
 * moved before a wait counts; the offset that was passed by address moves with it.
 */
function transfer(
  task: Task,
  input: OpenFile,
  output: OpenFile,
  offset: number | undefined,
  outOffset: number | undefined,
  length: number,
): number {
  const { callState } = task;
  let at = offset === undefined ? undefined : offset + callState.done;
  let to = outOffset === undefined ? undefined : outOffset + callState.done;
  while (callState.done < length) {
    const piece = new Uint8Array(Math.min(PIECE, length - callState.done));
    // a file without a position can't take back what the other side does not want
    const before = input.position;
    const got = at === undefined ? input.read(task, new KernelIo(piece)) : input.readAt(task, new KernelIo(piece), at);
    if (got === BLOCK) return callState.done > 0 ? callState.done : got;
    if (got <= 0) return callState.done > 0 ? callState.done : got;
    // the writer's own progress is not this call's
    const done = callState.done;
    callState.done = 0;
    const put =
      to === undefined
        ? output.write(task, new KernelIo(piece.subarray(0, got)))
        : output.writeAt(task, new KernelIo(piece.subarray(0, got)), to);
    // one that waits has taken a part already
    const moved = put === BLOCK ? callState.done : Math.max(0, put);
    callState.done = done + moved;
    if (moved > 0) {
      notifyFile(input, IN_ACCESS);
      notifyFile(output, IN_MODIFY);
    }
    if (at === undefined && moved < got && input.position !== before) input.position = before + moved;
    if (put === BLOCK) return BLOCK;
    if (put < 0) return callState.done > 0 ? callState.done : put;
    if (at !== undefined) at += moved;
    if (to !== undefined) to += moved;
    if (moved < got) break;
  }
  return callState.done;
}

/** The offset that a program passes by address; -EFAULT, -EINVAL when it is negative. `wide`: 64 bits on every ABI. */
export function offsetAt(task: Task, address: number, wide: boolean): number {
  const given = readStruct(task, wide ? task.abi.structs.loff : task.abi.structs.slong, address);
  if (typeof given === 'number') return given;
  return given.value! < 0 ? -EINVAL : given.value!;
}

function sendfileOf(task: Task, outFd: number, inFd: number, address: number, length: number, wide: boolean): number {
  const input = readable(task, inFd);
  if (typeof input === 'number') return input;
  const output = writable(task, outFd);
  if (typeof output === 'number') return output;
  if (!input.inode.isRegular && !input.inode.isDevice) return -EINVAL;
  if (output.appends) return -EINVAL;
  let offset: number | undefined;
  if (address !== 0) {
    offset = offsetAt(task, address, wide);
    if (offset < 0) return offset;
  }
  const moved = transfer(task, input, output, offset, undefined, Math.min(length, COUNT_MAX));
  if (moved > 0 && offset !== undefined) {
    const failed = wide ? writeU64(task.space, address, offset + moved) : writeU32(task.space, address, offset + moved);
    if (failed !== 0) return failed;
  }
  return moved;
}

export function sendfile(task: Task, outFd: number, inFd: number, address: number, length: number): number {
  return sendfileOf(task, outFd, inFd, address, length, task.abi.wordSize === 8);
}
export function sendfile64(task: Task, outFd: number, inFd: number, address: number, length: number): number {
  return sendfileOf(task, outFd, inFd, address, length, true);
}

/** copy_file_range(2). */
export function copyFileRange(
  task: Task,
  inFd: number,
  inAddress: number,
  outFd: number,
  outAddress: number,
  length: number,
  flags: number,
): number {
  if (flags !== 0) return -EINVAL;
  const input = readable(task, inFd);
  if (typeof input === 'number') return input;
  const output = writable(task, outFd);
  if (typeof output === 'number') return output;
  if (input.inode.isDirectory || output.inode.isDirectory) return -EISDIR;
  if (!input.inode.isRegular || !output.inode.isRegular) return -EINVAL;
  if (output.appends) return -EBADF;
  const from = inAddress === 0 ? input.position : offsetAt(task, inAddress, true);
  const to = outAddress === 0 ? output.position : offsetAt(task, outAddress, true);
  if (from < 0) return from;
  if (to < 0) return to;
  const count = Math.min(length, COUNT_MAX);
  if (input.inode === output.inode && from < to + count && to < from + count) return -EINVAL;
  const moved = transfer(task, input, output, from, to, count);
  if (moved <= 0) return moved;
  const inFailed = inAddress === 0 ? 0 : writeU64(task.space, inAddress, from + moved);
  const outFailed = outAddress === 0 ? 0 : writeU64(task.space, outAddress, to + moved);
  if (inFailed !== 0 || outFailed !== 0) return -EFAULT;
  if (inAddress === 0) input.position = from + moved;
  if (outAddress === 0) output.position = to + moved;
  return moved;
}
