// Descriptors that stand for processes. man 2 pidfd_open.
import { POLLIN, POLLRDNORM } from '../abi/poll.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import { OpenFile } from '../vfs/open-file.js';
import { O_RDWR } from '../abi/fcntl.js';

export class PidFile extends OpenFile {
  constructor(
    task: Task,
    readonly process: Process,
    flags: number,
  ) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR | flags);
  }

  override get label(): string {
    return 'anon_inode:[pidfd]';
  }

  /** Readable once the process has ended. */
  override poll(): number {
    return this.process.isZombie ? POLLIN | POLLRDNORM : 0;
  }

  override get waits(): WaitQueue {
    return this.process.ended;
  }

  override details(): string {
    return `Pid:\t${this.process.isZombie ? -1 : this.process.pid.number}\n`;
  }
}

/** A descriptor for `process`, closed on exec; a negated errno. */
export function openPidfd(task: Task, process: Process, flags: number): number {
  const file = new PidFile(task, process, flags);
  const fd = task.files.add(file, true, task.fileLimit);
  if (fd < 0) file.release();
  return fd;
}
