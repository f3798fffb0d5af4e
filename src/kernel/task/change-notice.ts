// That a file's contents have changed since they were read: cgroup.events, /proc/self/mountinfo and the like answer POLLPRI
// then. Linux fs/kernfs/file.c, fs/proc_namespace.c.
import { WaitQueue } from './wait-queue.js';
import { POLLERR, POLLPRI } from '../abi/poll.js';

export class ChangeNotice {
  version = 0;
  readonly waits = new WaitQueue();

  changed(): void {
    this.version++;
    this.waits.wake(POLLPRI | POLLERR);
  }
}
