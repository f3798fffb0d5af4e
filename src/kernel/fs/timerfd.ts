// timerfd: a timer that is read. man 2 timerfd_create.
import { EFAULT, EINVAL } from '../abi/errno.js';
import { O_RDWR } from '../abi/fcntl.js';
import { POLLIN } from '../abi/poll.js';
import { type ExpiryListener, IntervalTimer } from '../task/interval-timer.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Io } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';

const SIZE = 8;

export class TimerFile extends OpenFile implements ExpiryListener {
  private readonly waiters = new WaitQueue();
  readonly timer: IntervalTimer;

  constructor(
    task: Task,
    readonly clock: number,
    flags: number,
  ) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR | flags);
    this.timer = new IntervalTimer(task.kernel, this);
  }

  expired(): void {
    this.waiters.wake(POLLIN);
  }

  override get label(): string {
    return 'anon_inode:[timerfd]';
  }

  override read(task: Task, io: Io): number {
    if (io.left < SIZE) return -EINVAL;
    const count = this.timer.expirations;
    if (count === 0) return task.blockUnless(this.nonblocking, this.waiters);
    const bytes = new Uint8Array(SIZE);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, count, true);
    view.setUint32(4, Math.floor(count / 2 ** 32), true);
    if (io.give(bytes, 0, SIZE) !== SIZE) return -EFAULT;
    this.timer.take();
    return SIZE;
  }

  override poll(): number {
    return this.timer.expirations > 0 ? POLLIN : 0;
  }

  override get waits(): WaitQueue {
    return this.waiters;
  }

  protected override close(): void {
    this.timer.stop();
  }
}
