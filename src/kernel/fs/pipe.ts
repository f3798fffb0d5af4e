// Pipes and FIFOs. man 7 pipe, fifo; Linux fs/pipe.c. Writes of up to PIPE_BUF bytes are whole.
import { EAGAIN, EBUSY, EINVAL, ENOMEM, ENOTTY, ENXIO, EPIPE, EFAULT } from '../abi/errno.js';
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '../abi/fcntl.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import { S_IFIFO } from '../abi/stat.js';
import { FIONREAD } from '../abi/termios.js';
import { SIGPIPE } from '../abi/signal.js';
import { FRAME_KERNEL, type FrameAccount } from '../mm/frame-account.js';
import { HeldMemory } from '../mm/held-memory.js';
import { writeU32 } from '../mm/user-memory.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Inode } from '../vfs/inode.js';
import { type Io, transferred } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import type { Reopenable } from './anonymous.js';

export const PIPE_BUF = 4096;
const DEFAULT_SIZE = 65536;
const SMALLEST = 4096;
/** What F_SETPIPE_SZ gives at most. */
export const PIPE_SIZE_MAX = 1 << 20;

/** The bytes between writers and readers: a ring. */
export class Pipe implements Reopenable {
  private ring = new Uint8Array(SMALLEST);
  private charged = false;
  private start = 0;
  private count = 0;
  /** Bytes that it holds at most. */
  capacity = DEFAULT_SIZE;
  readers = 0;
  writers = 0;
  /** Openings of each end that there were, so that who waits for one sees it come and go. */
  readerOpens = 0;
  writerOpens = 0;
  readonly waits = new WaitQueue();
  /** What the ring takes is charged to who fills it, until the pipe is closed. */
  private readonly memory = new HeldMemory(undefined, FRAME_KERNEL);

  get length(): number {
    return this.count;
  }
  get room(): number {
    return Math.max(0, this.capacity - this.count);
  }

  read(io: Io): number {
    let done = 0;
    while (this.count > 0 && io.left > 0) {
      const piece = Math.min(this.count, io.left, this.ring.length - this.start);
      const moved = io.give(this.ring, this.start, piece);
      this.start = (this.start + moved) % this.ring.length;
      this.count -= moved;
      done += moved;
      if (moved < piece) break;
    }
    if (this.count === 0) this.start = 0;
    return done;
  }

  /** A copy of its first bytes, up to `length`. */
  peek(length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.count));
    const first = this.ring.subarray(this.start, this.start + bytes.length);
    bytes.set(first);
    bytes.set(this.ring.subarray(0, bytes.length - first.length), first.length);
    return bytes;
  }

  /** Its first bytes go. */
  skip(length: number): void {
    this.start = (this.start + length) % this.ring.length;
    this.count -= length;
  }

  /** Takes what there is room for; -ENOMEM: `payer` may have no more memory. */
  write(io: Io, payer: FrameAccount | undefined): number {
    if (!this.reserve(Math.min(this.capacity, this.count + io.left), payer)) return -ENOMEM;
    let done = 0;
    while (this.room > 0 && io.left > 0) {
      const at = (this.start + this.count) % this.ring.length;
      const piece = Math.min(this.room, io.left, at < this.start ? this.start - at : this.ring.length - at);
      const moved = io.take(this.ring, at, piece);
      this.count += moved;
      done += moved;
      if (moved < piece) break;
    }
    return done;
  }

  private reserve(bytes: number, payer: FrameAccount | undefined): boolean {
    if (bytes <= this.ring.length && this.charged) return true;
    let size = this.ring.length;
    while (size < bytes) size *= 2;
    this.memory.moveTo(payer);
    if (!this.memory.hold(size, true)) return false;
    this.charged = true;
    if (size === this.ring.length) return true;
    const ring = new Uint8Array(size);
    for (let i = 0; i < this.count; ) {
      const at = (this.start + i) % this.ring.length;
      const piece = Math.min(this.count - i, this.ring.length - at);
      ring.set(this.ring.subarray(at, at + piece), i);
      i += piece;
    }
    this.ring = ring;
    this.start = 0;
    return true;
  }

  /** Nobody has an end of it any more: what was not read is lost. */
  clear(): void {
    this.ring = new Uint8Array(SMALLEST);
    this.start = this.count = 0;
    this.charged = false;
    this.memory.hold(0);
  }

  /** A pipe without a name is opened at once, whoever is at its other end. */
  reopen(task: Task, inode: Inode, flags: number): OpenFile {
    return new PipeFile(task, inode, this, flags);
  }

  /** fcntl(F_SETPIPE_SZ): the new capacity. */
  resize(bytes: number): number {
    if (bytes > PIPE_SIZE_MAX || bytes < 0) return -EINVAL;
    let size = PIPE_BUF;
    while (size < bytes) size *= 2;
    if (size < this.count) return -EBUSY;
    this.capacity = size;
    this.waits.wake();
    return size;
  }
}

export class PipeFile extends OpenFile {
  constructor(
    task: Task,
    inode: Inode,
    readonly pipe: Pipe,
    flags: number,
    path?: Path,
  ) {
    super(task, inode, flags, path);
    if (this.readable) {
      pipe.readers++;
      pipe.readerOpens++;
    }
    if (this.writable) {
      pipe.writers++;
      pipe.writerOpens++;
    }
    pipe.waits.wake();
  }

  override get label(): string {
    return `pipe:[${this.inode.ino}]`;
  }

  override read(task: Task, io: Io): number {
    const { pipe } = this;
    if (io.left === 0) return 0;
    if (pipe.length === 0) {
      if (pipe.writers === 0) return 0;
      return task.blockUnless(this.nonblocking, pipe.waits);
    }
    const done = pipe.read(io);
    pipe.waits.wake(POLLOUT);
    return done === 0 ? -EFAULT : done;
  }

  override write(task: Task, io: Io): number {
    const { pipe } = this;
    const { callState } = task;
    // bytes of the earlier tries of this call are in the pipe already
    const total = io.left;
    if (total === 0) return 0;
    io.skip(callState.done);
    for (;;) {
      if (pipe.readers === 0) {
        if (callState.done > 0) return callState.done;
        task.raise(SIGPIPE, { code: 0 });
        return -EPIPE;
      }
      const whole = total <= PIPE_BUF;
      if (pipe.room >= (whole ? total : 1)) {
        const moved = pipe.write(io, task.kernel.frames.payer);
        if (moved < 0) return callState.done > 0 ? callState.done : moved;
        callState.done += moved;
        if (moved > 0) pipe.waits.wake(POLLIN);
        // all of it, or a fault of the program's memory
        if (io.left === 0 || pipe.room > 0) return transferred(callState.done, total);
        continue;
      }
      if (this.nonblocking) return callState.done > 0 ? callState.done : -EAGAIN;
      const waiting = task.block(pipe.waits);
      return waiting !== BLOCK && callState.done > 0 ? callState.done : waiting;
    }
  }

  override poll(): number {
    const { pipe } = this;
    let events = 0;
    if (this.readable) {
      if (pipe.length > 0) events |= POLLIN | POLLRDNORM;
      if (pipe.writers === 0 && pipe.writerOpens > 0) events |= POLLHUP;
    }
    if (this.writable) {
      if (pipe.room >= PIPE_BUF || pipe.length === 0) events |= POLLOUT | POLLWRNORM;
      if (pipe.readers === 0) events |= POLLERR;
    }
    return events;
  }

  override get waits(): WaitQueue {
    return this.pipe.waits;
  }

  override ioctl(task: Task, command: number, argument: number): number {
    if (command !== FIONREAD) return -ENOTTY;
    return writeU32(task.space, argument, this.pipe.length);
  }

  protected override close(): void {
    const { pipe } = this;
    if (this.readable) pipe.readers--;
    if (this.writable) pipe.writers--;
    if (pipe.readers + pipe.writers === 0) pipe.clear();
    pipe.waits.wake(POLLHUP);
  }
}

/** pipe2(2): the two ends. */
export function makePipe(task: Task, flags: number): [PipeFile, PipeFile] {
  const pipe = new Pipe();
  const inode = task.kernel.pipes.make(task, S_IFIFO | 0o600, pipe);
  return [new PipeFile(task, inode, pipe, O_RDONLY | flags), new PipeFile(task, inode, pipe, O_WRONLY | flags)];
}

/** Opens a FIFO: waits for the other end, unless O_NONBLOCK or both ends are opened at once. man 7 fifo. */
export function openFifo(task: Task, inode: Inode, flags: number, path: Path): OpenFile | number {
  inode.pipe ??= new Pipe();
  const { pipe } = inode;
  const access = flags & O_ACCMODE;
  const { callState } = task;
  if (access === O_RDWR) return new PipeFile(task, inode, pipe, flags, path);
  if (access === O_RDONLY) {
    const file = callState.note instanceof PipeFile ? callState.note : new PipeFile(task, inode, pipe, flags, path);
    if ((flags & O_NONBLOCK) !== 0 || pipe.writers > 0 || (callState.note && pipe.writerOpens !== callState.done))
      return file;
    return waitForOther(task, file, pipe.writerOpens);
  }
  if (callState.note === undefined && (flags & O_NONBLOCK) !== 0 && pipe.readers === 0) return -ENXIO;
  const file = callState.note instanceof PipeFile ? callState.note : new PipeFile(task, inode, pipe, flags, path);
  if (pipe.readers > 0 || (callState.note && pipe.readerOpens !== callState.done)) return file;
  return waitForOther(task, file, pipe.readerOpens);
}

/** The end is open, so that the other side sees it; the call waits. */
function waitForOther(task: Task, file: PipeFile, opens: number): number {
  const { callState } = task;
  if (callState.note === undefined) {
    callState.note = file;
    callState.done = opens;
  }
  const waiting = task.block(file.pipe.waits);
  if (waiting !== BLOCK) file.release();
  return waiting;
}
