// That a file's contents have changed since they were read: cgroup.events and the like answer POLLPRI then. Linux fs/kernfs/file.c.
import { WaitQueue } from '../task/wait-queue.js';
import { POLLERR, POLLPRI } from '../abi/poll.js';

export class ChangeNotice {
  version = 0;
  readonly waits = new WaitQueue();

  changed(): void {
    this.version++;
    this.waits.wake(POLLPRI | POLLERR);
  }
}
