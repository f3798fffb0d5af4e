// signalfd: signals that are read. man 2 signalfd; Linux fs/signalfd.c, uapi/linux/signalfd.h.
import { EFAULT, EINVAL } from '../abi/errno.js';
import { O_RDWR } from '../abi/fcntl.js';
import { Layout } from '../abi/layout.js';
import { POLLIN } from '../abi/poll.js';
import { SIGSET_ALL, type SignalSet } from '../task/signal-set.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import type { Io } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';

/** The same on every ABI. */
const INFO = new Layout({ word: 4, align64: 8 }, [
  ['signal', 'u32'],
  ['errno', 's32'],
  ['code', 's32'],
  ['pid', 'u32'],
  ['uid', 'u32'],
  ['fd', 's32'],
  ['timer', 'u32'],
  ['band', 'u32'],
  ['overrun', 'u32'],
  ['trapno', 'u32'],
  ['status', 's32'],
  ['value', 's32'],
  ['pointer', 'u64'],
  ['utime', 'u64'],
  ['stime', 'u64'],
  ['address', 'u64'],
  ['', 'u8', 48],
]);

export class SignalFile extends OpenFile {
  constructor(
    task: Task,
    public set: SignalSet,
    flags: number,
  ) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR | flags);
    this.arrivals = task.kernel.signals.arrivals;
  }

  private readonly arrivals: WaitQueue;

  override get label(): string {
    return 'anon_inode:[signalfd]';
  }

  override read(task: Task, io: Io): number {
    if (io.left < INFO.size) return -EINVAL;
    const others = SIGSET_ALL.minus(this.set);
    let done = 0;
    while (io.left >= INFO.size) {
      const info = task.pending.take(others) ?? task.process.pending.take(others);
      if (!info) break;
      task.recheckSignals();
      const bytes = INFO.bytes({ ...info, pointer: info.value ?? 0 } as Record<string, number>);
      if (io.give(bytes, 0, bytes.length) !== bytes.length) return done > 0 ? done : -EFAULT;
      done += bytes.length;
    }
    return done > 0 ? done : task.blockUnless(this.nonblocking, this.arrivals);
  }

  override poll(task: Task): number {
    const pending = task.pending.set.or(task.process.pending.set).and(this.set);
    return pending.empty ? 0 : POLLIN;
  }

  override get waits(): WaitQueue {
    return this.arrivals;
  }

  override details(): string {
    const { low, high } = this.set;
    return `sigmask:\t${(high >>> 0).toString(16).padStart(8, '0')}${(low >>> 0).toString(16).padStart(8, '0')}\n`;
  }
}
