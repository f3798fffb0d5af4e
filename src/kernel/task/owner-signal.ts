// The signal that an open file sends to its owner: SIGIO, SIGURG. man 2 fcntl (F_SETOWN).
import { FASYNC } from '../abi/fcntl.js';
import { SIGIO } from '../abi/signal.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { Waiter } from './wait-queue.js';

/** To the process or group that owns `file`, if there is one. */
export function signalOwner(file: OpenFile, signal: number): void {
  const { owner, ownerNamespace } = file;
  if (owner === 0 || !ownerNamespace) return;
  const pid = ownerNamespace.find(Math.abs(owner));
  const info = { signal, code: 0x80 };
  if (owner < 0 && pid?.group) {
    const [first] = pid.group.processes;
    first?.leader.kernel.signals.toGroup(pid.group, info);
  } else if (owner > 0 && pid?.process) pid.process.leader.kernel.signals.toProcess(pid.process, info);
}

/** Tells the owner whenever a file may have become ready: O_ASYNC. */
export class OwnerNotice implements Waiter {
  constructor(private readonly file: OpenFile) {}
  wake(): void {
    signalOwner(this.file, SIGIO);
  }
}

/** O_ASYNC on or off; files that never make anyone wait tell nobody. */
export function setAsync(file: OpenFile, on: boolean): void {
  file.flags = on ? file.flags | FASYNC : file.flags & ~FASYNC;
  if (on && !file.notice && file.waits) {
    file.notice = new OwnerNotice(file);
    file.waits.add(file.notice);
  } else if (!on && file.notice) {
    file.waits?.remove(file.notice);
    file.notice = undefined;
  }
}
