// The signal that an open file sends to its owner: SIGIO, SIGURG. man 2 fcntl (F_SETOWN).
import type { OpenFile } from '../vfs/open-file.js';

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
