// Data between pipes and other files without a program's buffer. man 2 splice, tee, vmsplice; Linux fs/splice.c.
// DEVIATION: bytes are copied where Linux passes pages on; nobody can tell but by the time it takes.
import { EAGAIN, EBADF, EINVAL, EPIPE, ESPIPE } from '../abi/errno.js';
import { IN_ACCESS, IN_MODIFY } from '../abi/inotify.js';
import { POLLIN, POLLOUT } from '../abi/poll.js';
import { SIGPIPE } from '../abi/signal.js';
import { type Pipe, PipeFile } from '../fs/pipe.js';
import { writeU64 } from '../mm/user-memory.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { KernelIo } from '../vfs/io.js';
import { notifyFile } from '../vfs/notify.js';
import type { OpenFile } from '../vfs/open-file.js';
import { offsetAt, vector } from './sys-io.js';

const SPLICE_F_NONBLOCK = 2;
const SPLICE_F_ALL = 15;
const PIECE = 65536;

/** Waits until the pipe has bytes. 1: it has; 0: it has none, and nobody who could write. */
function untilFilled(task: Task, { pipe, nonblocking }: PipeFile, flags: number): number {
  if (pipe.length > 0) return 1;
  if (pipe.writers === 0) return 0;
  return nonblocking || (flags & SPLICE_F_NONBLOCK) !== 0 ? -EAGAIN : task.block(pipe.waits);
}

/** Waits until the pipe has room: 1. */
function untilRoom(task: Task, { pipe, nonblocking }: PipeFile, flags: number): number {
  if (pipe.readers === 0) {
    task.raise(SIGPIPE, { code: 0 });
    return -EPIPE;
  }
  if (pipe.room > 0) return 1;
  return nonblocking || (flags & SPLICE_F_NONBLOCK) !== 0 ? -EAGAIN : task.block(pipe.waits);
}

function put(task: Task, pipe: Pipe, bytes: Uint8Array): number {
  const moved = pipe.write(new KernelIo(bytes), task.kernel.frames.payer);
  if (moved > 0) pipe.waits.wake(POLLIN);
  return moved;
}

function drop(pipe: Pipe, count: number): void {
  if (count === 0) return;
  pipe.skip(count);
  pipe.waits.wake(POLLOUT);
}

/** From one pipe to another; `keep`: the bytes stay in the first. */
function betweenPipes(
  task: Task,
  input: PipeFile,
  output: PipeFile,
  length: number,
  flags: number,
  keep: boolean,
): number {
  if (input.pipe === output.pipe) return -EINVAL;
  const filled = untilFilled(task, input, flags);
  if (filled !== 1) return filled;
  const room = untilRoom(task, output, flags);
  if (room !== 1) return room;
  const moved = put(task, output.pipe, input.pipe.peek(Math.min(length, output.pipe.room)));
  if (!keep) drop(input.pipe, moved);
  return moved;
}

/** Files whose data can be passed on, and can come from a pipe. */
function passes({ inode }: OpenFile): boolean {
  return inode.isRegular || inode.isDevice || inode.isSocket;
}

/** One read of what the pipe has room for. */
function intoPipe(
  task: Task,
  input: OpenFile,
  output: PipeFile,
  offset: number | undefined,
  length: number,
  flags: number,
): number {
  if (!passes(input)) return -EINVAL;
  const room = untilRoom(task, output, flags);
  if (room !== 1) return room;
  const bytes = new Uint8Array(Math.min(length, output.pipe.room));
  const io = new KernelIo(bytes);
  const got = offset === undefined ? input.read(task, io) : input.readAt(task, io, offset);
  if (got <= 0) return got;
  notifyFile(input, IN_ACCESS);
  return put(task, output.pipe, bytes.subarray(0, got));
}

/** What the pipe has, as far as the other side takes it. */
function fromPipe(
  task: Task,
  input: PipeFile,
  output: OpenFile,
  offset: number | undefined,
  length: number,
  flags: number,
): number {
  if (!passes(output)) return -EINVAL;
  const { pipe } = input;
  const { callState } = task;
  while (callState.done < length && pipe.length > 0) {
    const bytes = pipe.peek(Math.min(PIECE, length - callState.done));
    const io = new KernelIo(bytes);
    // the writer's own progress is not this call's
    const { done } = callState;
    callState.done = 0;
    const written = offset === undefined ? output.write(task, io) : output.writeAt(task, io, offset + done);
    const moved = written === BLOCK ? callState.done : Math.max(0, written);
    callState.done = done + moved;
    drop(pipe, moved);
    if (moved > 0) notifyFile(output, IN_MODIFY);
    if (written === BLOCK) return BLOCK;
    if (written < 0) return callState.done > 0 ? callState.done : written;
    if (moved < bytes.length) break;
  }
  if (callState.done > 0) return callState.done;
  const filled = untilFilled(task, input, flags);
  // bytes are there: none could be moved
  return filled === 1 ? 0 : filled;
}

/** splice(2). */
export function splice(
  task: Task,
  inFd: number,
  inAddress: number,
  outFd: number,
  outAddress: number,
  length: number,
  flags: number,
): number {
  if (length === 0) return 0;
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const input = task.file(inFd);
  const output = task.file(outFd);
  if (!input?.readable || !output?.writable) return -EBADF;
  const fromAPipe = input instanceof PipeFile;
  const toAPipe = output instanceof PipeFile;
  if (!fromAPipe && !toAPipe) return -EINVAL;
  if ((fromAPipe && inAddress !== 0) || (toAPipe && outAddress !== 0)) return -ESPIPE;
  const count = Math.min(length, 0x7ffff000);
  if (fromAPipe && toAPipe) return betweenPipes(task, input, output, count, flags, false);
  const address = fromAPipe ? outAddress : inAddress;
  const offset = address === 0 ? undefined : offsetAt(task, address, true);
  if (offset !== undefined && offset < 0) return offset;
  if (offset !== undefined && !(fromAPipe ? output : input).inode.isRegular) return -EINVAL;
  if (fromAPipe && output.appends) return -EINVAL;
  const moved = fromAPipe
    ? fromPipe(task, input, output, offset, count, flags)
    : intoPipe(task, input, output as PipeFile, offset, count, flags);
  if (moved <= 0 || offset === undefined) return moved;
  const failed = writeU64(task.space, address, offset + moved);
  return failed !== 0 ? failed : moved;
}

/** tee(2). */
export function tee(task: Task, inFd: number, outFd: number, length: number, flags: number): number {
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  if (length === 0) return 0;
  const input = task.file(inFd);
  const output = task.file(outFd);
  if (!input?.readable || !output?.writable) return -EBADF;
  if (!(input instanceof PipeFile) || !(output instanceof PipeFile)) return -EINVAL;
  return betweenPipes(task, input, output, length, flags, true);
}

/** vmsplice(2): into a pipe, or out of one. */
export function vmsplice(task: Task, fd: number, address: number, count: number, flags: number): number {
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const file = task.file(fd);
  if (!(file instanceof PipeFile)) return -EBADF;
  const io = vector(task, address, count);
  if (typeof io === 'number') return io;
  if (io.left === 0) return 0;
  if (!file.writable) {
    const filled = untilFilled(task, file, flags);
    return filled === 1 ? file.read(task, io) : filled;
  }
  const room = untilRoom(task, file, flags);
  if (room !== 1) return room;
  const moved = file.pipe.write(io, task.kernel.frames.payer);
  if (moved > 0) file.pipe.waits.wake(POLLIN);
  return moved;
}
