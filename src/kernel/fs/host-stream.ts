// Standard input and output of a program that the host has started without a terminal: bytes from the host, bytes to it.
// Ours. To the program they are pipes.
import { EAGAIN, EPIPE } from '../abi/errno.js';
import { O_RDONLY, O_WRONLY } from '../abi/fcntl.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import { SIGPIPE } from '../abi/signal.js';
import { S_IFIFO } from '../abi/stat.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Inode } from '../vfs/inode.js';
import { type Io, transferred } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Reopenable } from './anonymous.js';

/** Bytes that the host has for the program and the program has not read, or the other way. */
export class HostStream implements Reopenable {
  private readonly chunks: Uint8Array[] = [];
  private offset = 0;
  length = 0;
  /** Nothing more comes. */
  ended = false;
  /** Nobody takes any more. */
  broken = false;
  readonly waits = new WaitQueue();
  /** Told when there is more, or more room. */
  onChange: () => void = () => {};

  constructor(readonly capacity = 65536) {}

  get room(): number {
    return Math.max(0, this.capacity - this.length);
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.length += bytes.length;
    this.waits.wake(POLLIN);
  }

  end(): void {
    this.ended = true;
    this.waits.wake(POLLIN | POLLHUP);
  }

  /** Takes at most `most` bytes out. */
  shift(most: number): Uint8Array {
    const first = this.chunks[0];
    if (!first) return new Uint8Array(0);
    const piece = first.subarray(this.offset, this.offset + most);
    this.offset += piece.length;
    this.length -= piece.length;
    if (this.offset === first.length) {
      this.chunks.shift();
      this.offset = 0;
    }
    return piece;
  }

  reopen(task: Task, inode: Inode, flags: number): OpenFile {
    return new HostStreamFile(task, inode, this, flags);
  }

  /** The host has taken some: programs that wait for room go on. */
  drained(): void {
    this.waits.wake(POLLOUT);
  }
}

/** A stream as a program has it open. */
export class HostStreamFile extends OpenFile {
  constructor(
    task: Task,
    inode: Inode,
    private readonly stream: HostStream,
    flags: number,
  ) {
    super(task, inode, flags);
  }

  override get label(): string {
    return `pipe:[${this.inode.ino}]`;
  }

  override read(task: Task, io: Io): number {
    const { stream } = this;
    if (stream.length === 0)
      return stream.ended || io.left === 0 ? 0 : task.blockUnless(this.nonblocking, stream.waits);
    let done = 0;
    while (io.left > 0 && stream.length > 0) {
      const piece = stream.shift(io.left);
      const moved = io.give(piece, 0, piece.length);
      done += moved;
      if (moved < piece.length) break;
    }
    stream.onChange();
    return transferred(done, 1);
  }

  override write(task: Task, io: Io): number {
    const { stream } = this;
    const { callState } = task;
    const wanted = io.left;
    if (wanted === 0) return 0;
    io.skip(callState.done);
    while (io.left > 0) {
      if (stream.broken) {
        if (callState.done > 0) return callState.done;
        task.raise(SIGPIPE, { code: 0 });
        return -EPIPE;
      }
      if (stream.room === 0) {
        if (this.nonblocking) return callState.done > 0 ? callState.done : -EAGAIN;
        const waiting = task.block(stream.waits);
        return waiting !== BLOCK && callState.done > 0 ? callState.done : waiting;
      }
      const bytes = new Uint8Array(Math.min(io.left, stream.room));
      const moved = io.take(bytes, 0, bytes.length);
      if (moved === 0) break;
      stream.push(bytes.subarray(0, moved));
      stream.onChange();
      callState.done += moved;
    }
    return transferred(callState.done, wanted);
  }

  override poll(): number {
    const { stream } = this;
    let events = 0;
    if (this.readable) events |= (stream.length > 0 ? POLLIN | POLLRDNORM : 0) | (stream.ended ? POLLHUP : 0);
    if (this.writable) events |= (stream.room > 0 ? POLLOUT | POLLWRNORM : 0) | (stream.broken ? POLLERR : 0);
    return events;
  }

  override get waits(): WaitQueue {
    return this.stream.waits;
  }
}

/** The end that the program reads. */
export class HostInput extends HostStreamFile {
  constructor(task: Task, stream: HostStream) {
    super(task, task.kernel.pipes.make(task, S_IFIFO | 0o600, stream), stream, O_RDONLY);
  }
}

/** The end that it writes. */
export class HostOutput extends HostStreamFile {
  constructor(task: Task, stream: HostStream) {
    super(task, task.kernel.pipes.make(task, S_IFIFO | 0o600, stream), stream, O_WRONLY);
  }
}
