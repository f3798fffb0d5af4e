// /proc/locks. man 5 proc; Linux fs/locks.c lock_get_status.
import { majorOf, minorOf } from '../../abi/device-number.js';
import { F_WRLCK } from '../../abi/fcntl.js';
import type { PidNamespace } from '../../ns/pid-namespace.js';
import { type FileLocks, LockWait, type RangeLock, type WholeLock } from '../../vfs/file-locks.js';
import { ofSystem } from './subject.js';

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** Undefined: its process can't be seen from `namespace`. */
function line({ inode }: FileLocks, lock: RangeLock | WholeLock, namespace: PidNamespace): string | undefined {
  const pid = lock.pid ? lock.pid.in(namespace) : -1;
  if (pid === 0) return undefined;
  const ranged = 'start' in lock;
  const kind = !ranged ? 'FLOCK ' : lock.pid ? 'POSIX ' : 'OFDLCK';
  const access = lock.type === F_WRLCK ? 'WRITE' : 'READ ';
  const { device } = inode.fs;
  const place = `${hex(majorOf(device))}:${hex(minorOf(device))}:${inode.ino}`;
  const range = !ranged ? '0 EOF' : `${lock.start} ${lock.end === Number.POSITIVE_INFINITY ? 'EOF' : lock.end - 1}`;
  return `${kind} ${ranged && lock.pid ? ' ' : ranged ? '' : ' '}ADVISORY  ${access} ${pid} ${place} ${range}\n`;
}

export const locks = ofSystem((kernel, { namespace }) => {
  const waits = [...kernel.tasks]
    .filter((task) => task.state === 'blocked')
    .map((task) => task.call?.state.note)
    .filter((note) => note instanceof LockWait);
  let text = '';
  let id = 0;
  for (const file of kernel.lockedFiles.files)
    for (const lock of [...file.ranges, ...file.wholes]) {
      const shown = line(file, lock, namespace);
      id++;
      if (shown === undefined) continue;
      text += `${id}: ${shown}`;
      for (const wait of waits)
        if (wait.locks === file && file.conflict(wait.wanted) === lock)
          text += `${id}: -> ${line(file, wait.wanted, namespace) ?? ''}`;
    }
  return text;
});
