// The signals that an open file sends to its owner: SIGIO or another one, and SIGURG. man 2 fcntl, "Managing signals"; Linux fs/fcntl.c.
import { FASYNC } from '../abi/fcntl.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../abi/poll.js';
import { POLL_ERR, POLL_HUP, POLL_IN, POLL_OUT, POLL_PRI, SI_KERNEL, SIGIO } from '../abi/signal.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { SignalInfo } from './signals.js';
import type { Waiter } from './wait-queue.js';

/** To the thread, the process or the group that owns `file`, if there is one. */
export function signalOwner(file: OpenFile, signal: number, more: Partial<SignalInfo> = {}): void {
  const { owner, ownerNamespace } = file;
  if (owner === 0 || !ownerNamespace) return;
  const pid = ownerNamespace.find(Math.abs(owner));
  const info = { signal, code: SI_KERNEL, ...more };
  if (owner < 0 && pid?.group) {
    const [first] = pid.group.processes;
    first?.leader.kernel.signals.toGroup(pid.group, info);
  } else if (owner > 0 && file.ownerIsThread) pid?.task?.kernel.signals.toTask(pid.task, info);
  else if (owner > 0 && pid?.process) pid.process.leader.kernel.signals.toProcess(pid.process, info);
}

/** What has happened, as si_code and si_band have it: the first that is true. */
const REASONS = [
  { events: POLLIN, code: POLL_IN, band: POLLIN | POLLRDNORM },
  { events: POLLPRI, code: POLL_PRI, band: POLLPRI | POLLRDBAND },
  { events: POLLERR, code: POLL_ERR, band: POLLERR },
  { events: POLLHUP, code: POLL_HUP, band: POLLHUP | POLLERR },
  { events: POLLOUT, code: POLL_OUT, band: POLLOUT | POLLWRNORM | POLLWRBAND },
];

/** Tells the owner whenever a file may have become ready: O_ASYNC. */
export class OwnerNotice implements Waiter {
  constructor(
    private readonly file: OpenFile,
    /** The descriptor by which it was asked for. */
    private readonly fd: number,
  ) {}

  wake(events: number): void {
    const { file, fd } = this;
    const { ownerSignal: signal } = file;
    if (signal === 0) {
      signalOwner(file, SIGIO);
      return;
    }
    // where it is not said what has happened there is most often something to read
    const reason = REASONS.find((one) => ((events || POLLIN) & one.events) !== 0);
    if (reason) signalOwner(file, signal, { code: reason.code, band: reason.band, fd });
  }
}

/** O_ASYNC on or off; files that never make anyone wait tell nobody. */
export function setAsync(file: OpenFile, fd: number, on: boolean): void {
  file.flags = on ? file.flags | FASYNC : file.flags & ~FASYNC;
  if (on && !file.notice && file.waits) {
    file.notice = new OwnerNotice(file, fd);
    file.waits.add(file.notice);
  } else if (!on && file.notice) {
    file.waits?.remove(file.notice);
    file.notice = undefined;
  }
}
