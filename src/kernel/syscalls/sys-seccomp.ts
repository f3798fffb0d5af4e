// seccomp(2), and prctl(2) PR_SET_SECCOMP. Linux kernel/seccomp.c.
import { EACCES, EINVAL, ENOMEM, EOPNOTSUPP, ESRCH } from '../abi/errno.js';
import * as S from '../abi/seccomp.js';
import { readU32 } from '../mm/user-memory.js';
import { BPF_MAXINSNS, type Instruction, isValidFilter } from '../security/bpf.js';
import { readInstructions, type SockFprog } from '../security/bpf-program.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import { type Filter, MAX_INSNS_PER_PATH } from '../security/seccomp.js';
import type { Task } from '../task/task.js';
import { readStruct } from './user-struct.js';

const { SECCOMP_FILTER_FLAG_TSYNC: TSYNC, SECCOMP_FILTER_FLAG_TSYNC_ESRCH: TSYNC_ESRCH } = S;
const FLAGS = TSYNC | TSYNC_ESRCH | S.SECCOMP_FILTER_FLAG_LOG | S.SECCOMP_FILTER_FLAG_SPEC_ALLOW;

/** Answers that do what they say. SECCOMP_RET_USER_NOTIF has no listeners here. */
const AVAILABLE: readonly number[] = [
  S.SECCOMP_RET_KILL_PROCESS,
  S.SECCOMP_RET_KILL_THREAD,
  S.SECCOMP_RET_TRAP,
  S.SECCOMP_RET_ERRNO,
  S.SECCOMP_RET_TRACE,
  S.SECCOMP_RET_LOG,
  S.SECCOMP_RET_ALLOW,
];

export function seccomp(task: Task, operation: number, flags: number, address: number): number {
  switch (operation) {
    case S.SECCOMP_SET_MODE_STRICT:
      return flags !== 0 || address !== 0 ? -EINVAL : setStrict(task);
    case S.SECCOMP_SET_MODE_FILTER:
      return setFilter(task, flags, address);
    case S.SECCOMP_GET_ACTION_AVAIL: {
      if (flags !== 0) return -EINVAL;
      const action = readU32(task.space, address);
      return action < 0 ? action : AVAILABLE.includes(action) ? 0 : -EOPNOTSUPP;
    }
    default:
      return -EINVAL;
  }
}

export function setStrict(task: Task): number {
  if (task.seccomp && task.seccomp.mode !== S.SECCOMP_MODE_STRICT) return -EINVAL;
  task.seccomp = { mode: S.SECCOMP_MODE_STRICT };
  return 0;
}

export function setFilter(task: Task, flags: number, address: number): number {
  if ((flags & ~FLAGS) !== 0) return -EINVAL;
  if ((flags & TSYNC_ESRCH) !== 0 && (flags & TSYNC) === 0) return -EINVAL;
  const program = readProgram(task, address);
  if (typeof program === 'number') return program;
  if (task.seccomp && task.seccomp.mode !== S.SECCOMP_MODE_FILTER) return -EINVAL;
  const previous = task.seccomp?.filter;
  const length = (previous?.length ?? 0) + program.length + 4;
  if (length > MAX_INSNS_PER_PATH) return -ENOMEM;
  if ((flags & TSYNC) !== 0) {
    const other = [...task.process.threads].find((thread) => !descends(previous, thread));
    if (other) return (flags & TSYNC_ESRCH) !== 0 ? -ESRCH : other.pid.in(task.pidNamespace);
  }
  const set = {
    mode: S.SECCOMP_MODE_FILTER,
    filter: { program, previous, length, count: (previous?.count ?? 0) + 1 },
  };
  for (const thread of (flags & TSYNC) !== 0 ? task.process.threads : [task]) {
    thread.seccomp = set;
    thread.noNewPrivileges ||= task.noNewPrivileges;
  }
  return 0;
}

/** Can the thread be given the caller's filters: has it none, or some of those? */
function descends(filter: Filter | undefined, { seccomp: own }: Task): boolean {
  if (!own) return true;
  if (own.mode !== S.SECCOMP_MODE_FILTER) return false;
  for (let at = filter; at; at = at.previous) if (at === own.filter) return true;
  return false;
}

/** struct sock_fprog. */
function readProgram(task: Task, address: number): Instruction[] | number {
  const head = readStruct(task, task.abi.structs.sockFprog, address) as SockFprog | number;
  if (typeof head === 'number') return head;
  if (head.len === 0 || head.len > BPF_MAXINSNS) return -EINVAL;
  // else a program that gains rights would be misled by who started it
  if (!task.noNewPrivileges && !task.credentials.hasHere(CAP_SYS_ADMIN)) return -EACCES;
  const program = readInstructions(task, head);
  if (typeof program === 'number') return program;
  return isValidFilter(program) ? program : -EINVAL;
}
