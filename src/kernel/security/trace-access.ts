// Who may look into another process: most of /proc/PID, ptrace, process_vm_readv. man 2 ptrace, "Ptrace access mode checking";
// Linux kernel/ptrace.c __ptrace_may_access, security/commoncap.c cap_ptrace_access_check.
import type { Task } from '../task/task.js';
import { CAP_SYS_PTRACE } from './capability.js';

/** May `task` look into `target`? `real`: by its real ids and permitted capabilities, as ptrace does; else by those for files. */
export function mayTrace(task: Task, target: Task, real = false): boolean {
  if (task.process === target.process) return true;
  const own = task.credentials;
  const other = target.credentials;
  const privileged = own.capable(other.userNamespace, CAP_SYS_PTRACE);
  const uid = real ? own.uid : own.fsuid;
  const gid = real ? own.gid : own.fsgid;
  const same =
    [other.uid, other.euid, other.suid].every((id) => id === uid) &&
    [other.gid, other.egid, other.sgid].every((id) => id === gid);
  if (!same && !privileged) return false;
  if (target.process.dumpable !== 1 && !privileged) return false;
  const rights = real ? own.permitted : own.effective;
  return privileged || (own.userNamespace === other.userNamespace && other.permitted.within(rights));
}
