// Who a task is after exec: set-user-ID programs, capabilities of files, and the capabilities' rules. man 7 capabilities, "Transformation of
// capabilities during execve()"; Linux security/commoncap.c cap_bprm_creds_from_file.
import { EPERM } from '../abi/errno.js';
import { MS_NOSUID } from '../abi/mount.js';
import { S_ISGID, S_ISUID } from '../abi/stat.js';
import type { Task } from '../task/task.js';
import type { Path } from '../vfs/path.js';
import { SECURITY_CAPABILITY } from '../vfs/xattr.js';
import { CAP_SETUID, CAP_SYS_PTRACE, CapabilitySet } from './capability.js';
import type { Credentials } from './credentials.js';
import { capabilitiesOf, type FileCapabilities } from './file-capabilities.js';

export interface ExecCredentials {
  credentials: Credentials;
  /** AT_SECURE: the program has rights that who started it has not. */
  secure: boolean;
}

const SECBIT_NOROOT = 1;
const SECBIT_KEEP_CAPS = 16;

/** Whether what the file says of rights counts: not where the mount says so, nor a filesystem of a namespace that the task is outside of. */
function mayRaise({ credentials }: Task, { mount, inode }: Path): boolean {
  const { owner } = inode.fs;
  return (mount.flags & MS_NOSUID) === 0 && (!owner || credentials.userNamespace.isWithin(owner));
}

function fileCapabilities({ credentials }: Task, { inode }: Path): FileCapabilities | number | undefined {
  const kept = inode.getXattr(SECURITY_CAPABILITY);
  return typeof kept === 'number' ? undefined : capabilitiesOf(inode, kept, credentials.userNamespace);
}

/** Could somebody with fewer rights steer the program: its tracer, who shares its working directory, who wanted no new rights? */
function isUnsafe(task: Task): boolean {
  const { credentials, fs, noNewPrivileges, process, tracing } = task;
  const sharers = [...process.threads].filter((thread) => thread.fs === fs).length;
  if (noNewPrivileges || fs.users > sharers) return true;
  return tracing !== undefined && !tracing.tracer.credentials.capable(credentials.userNamespace, CAP_SYS_PTRACE);
}

/** Or a negated errno: the program is not to run. */
export function credentialsOfExec(task: Task, path: Path): ExecCredentials | number {
  const old = task.credentials;
  const { inode } = path;
  const { uids, gids, root } = old.userNamespace;
  const raising = mayRaise(task, path);
  let { euid, egid } = old;
  // who is nobody here makes nobody somebody
  const known = uids.from(inode.uid) !== undefined && gids.from(inode.gid) !== undefined;
  if (raising && known && !task.noNewPrivileges) {
    if ((inode.mode & S_ISUID) !== 0) euid = inode.uid;
    if ((inode.mode & (S_ISGID | 0o010)) === (S_ISGID | 0o010)) egid = inode.gid;
  }
  const file = raising ? fileCapabilities(task, path) : undefined;
  if (typeof file === 'number') return file;
  let permitted = file
    ? old.bounding.and(file.permitted).or(old.inheritable.and(file.inheritable))
    : CapabilitySet.NONE;
  let raised = file?.effective ?? false;
  // a program that does not know of capabilities would not notice what it lacks
  if (file?.effective && !file.permitted.within(permitted)) return -EPERM;
  const isRoot = root !== undefined && (old.securebits & SECBIT_NOROOT) === 0;
  // of a program with both it is the capabilities that say what root may
  if (isRoot && !(file && old.uid !== root && euid === root)) {
    if (euid === root || old.uid === root) permitted = old.inheritable.or(old.bounding);
    if (euid === root) raised = true;
  }
  const changed = euid !== old.euid || egid !== old.egid;
  if ((changed || !permitted.within(old.permitted)) && isUnsafe(task)) {
    if (task.noNewPrivileges || !old.hasHere(CAP_SETUID)) {
      euid = old.uid;
      egid = old.gid;
    }
    permitted = permitted.and(old.permitted);
  }
  const ambient = changed || file ? CapabilitySet.NONE : old.ambient;
  permitted = permitted.or(ambient);
  const credentials = old.with({
    euid,
    egid,
    suid: euid,
    sgid: egid,
    fsuid: euid,
    fsgid: egid,
    ambient,
    permitted,
    effective: raised ? permitted : ambient,
    securebits: old.securebits & ~SECBIT_KEEP_CAPS,
  });
  const grown = raised || !permitted.within(ambient);
  return { credentials, secure: euid !== old.uid || egid !== old.gid || (old.uid !== root && grown) };
}
