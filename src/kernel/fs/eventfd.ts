// eventfd: a counter that is waited for. man 2 eventfd.
import { EINVAL, EFAULT } from '../abi/errno.js';
import { O_RDWR } from '../abi/fcntl.js';
import { POLLIN, POLLOUT } from '../abi/poll.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Io } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';

const MAX = 0xffff_ffff_ffff_fffen;
const SIZE = 8;

export class EventFile extends OpenFile {
  private readonly waiters = new WaitQueue();
  private counter: bigint;

  constructor(
    task: Task,
    initial: number,
    private readonly semaphore: boolean,
    flags: number,
  ) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR | flags);
    this.counter = BigInt(initial);
  }

  override get label(): string {
    return 'anon_inode:[eventfd]';
  }

  override read(task: Task, io: Io): number {
    if (io.left < SIZE) return -EINVAL;
    if (this.counter === 0n) return task.blockUnless(this.nonblocking, this.waiters);
    const value = this.semaphore ? 1n : this.counter;
    const bytes = new Uint8Array(SIZE);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    if (io.give(bytes, 0, SIZE) !== SIZE) return -EFAULT;
    this.counter -= value;
    this.waiters.wake(POLLOUT);
    return SIZE;
  }

  override write(task: Task, io: Io): number {
    if (io.left < SIZE) return -EINVAL;
    const bytes = new Uint8Array(SIZE);
    if (io.take(bytes, 0, SIZE) !== SIZE) return -EFAULT;
    const value = new DataView(bytes.buffer).getBigUint64(0, true);
    if (value > MAX) return -EINVAL;
    if (this.counter + value > MAX) return task.blockUnless(this.nonblocking, this.waiters);
    this.counter += value;
    if (this.counter > 0n) this.waiters.wake(POLLIN);
    return SIZE;
  }

  override poll(): number {
    return (this.counter > 0n ? POLLIN : 0) | (this.counter < MAX ? POLLOUT : 0);
  }

  override get waits(): WaitQueue {
    return this.waiters;
  }

  override details(): string {
    return `eventfd-count: ${this.counter.toString(16).padStart(16)}\n`;
  }
}
