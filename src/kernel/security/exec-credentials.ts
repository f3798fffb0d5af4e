// Who a task is after exec: set-user-ID programs and the capabilities' rules. man 7 capabilities, "Transformation of capabilities
// during execve()"; Linux security/commoncap.c. File capabilities (security.capability) are not read yet.
import type { Task } from '../task/task.js';
import type { Path } from '../vfs/path.js';
import { CapabilitySet } from './capability.js';
import type { Credentials } from './credentials.js';

export interface ExecCredentials {
  credentials: Credentials;
  /** AT_SECURE: the program has rights that who started it has not. */
  secure: boolean;
}

const SECBIT_NOROOT = 1;

/** `setid`: the mount lets set-id bits count. */
export function credentialsOfExec(
  task: Task,
  path: Path,
  setid: boolean,
  suidBit: number,
  sgidBit: number,
): ExecCredentials {
  const old = task.credentials;
  const { inode } = path;
  let { euid, egid } = old;
  const { uids, gids, root } = old.userNamespace;
  // who is nobody here makes nobody somebody
  const known = uids.from(inode.uid) !== undefined && gids.from(inode.gid) !== undefined;
  if (setid && known && !task.noNewPrivileges) {
    if ((inode.mode & suidBit) !== 0) euid = inode.uid;
    if ((inode.mode & (sgidBit | 0o010)) === (sgidBit | 0o010)) egid = inode.gid;
  }
  const changed = euid !== old.euid || egid !== old.egid;
  const ambient = changed ? CapabilitySet.NONE : old.ambient;
  let permitted = ambient;
  let effective = ambient;
  if ((old.securebits & SECBIT_NOROOT) === 0 && (euid === root || old.uid === root)) {
    permitted = old.inheritable.or(old.bounding);
    effective = euid === root ? permitted : CapabilitySet.NONE;
  }
  const credentials = old.with({
    euid,
    egid,
    suid: euid,
    sgid: egid,
    fsuid: euid,
    fsgid: egid,
    ambient,
    permitted,
    effective,
  });
  return { credentials, secure: euid !== old.uid || egid !== old.gid };
}
