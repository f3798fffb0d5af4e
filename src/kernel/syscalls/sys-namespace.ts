// Leaving and joining namespaces. man 2 unshare, setns; Linux kernel/nsproxy.c.
import { EBADF, EINVAL, ENOMEM, EPERM, ESRCH } from '../abi/errno.js';
import {
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWIPC,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
} from '../abi/sched.js';
import { NamespaceFile } from '../fs/nsfs.js';
import { PidFile } from '../fs/pidfd.js';
import { createNamespaces, createUserNamespace, NEW_IN_SET } from '../ns/create-namespaces.js';
import { type Joining, NAMESPACE_KINDS } from '../ns/namespace-kinds.js';
import { mayTrace } from '../security/trace-access.js';
import type { Task } from '../task/task.js';

/** What is shared between threads alone: leaving it takes that there are no others. */
const OF_THREADS = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
const KNOWN = OF_THREADS | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | NEW_IN_SET | CLONE_NEWUSER;

export function unshare(task: Task, asked: number): number {
  if ((asked & ~KNOWN) !== 0) return -EINVAL;
  // other mounts are other places, and other users' capabilities could change them
  let flags = (asked & (CLONE_NEWNS | CLONE_NEWUSER)) !== 0 ? asked | CLONE_FS : asked;
  if ((asked & CLONE_NEWUSER) !== 0) flags |= CLONE_THREAD;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(OF_THREADS) && task.process.threads.size > 1) return -EINVAL;
  if (has(CLONE_VM) && task.space.users > 1) return -EINVAL;
  const fs = has(CLONE_FS) && task.fs.users > 1 ? { ...task.fs, users: 1 } : task.fs;
  const credentials = has(CLONE_NEWUSER) ? createUserNamespace(task) : task.credentials;
  if (typeof credentials === 'number') return credentials;
  const files = has(CLONE_FILES) && task.files.users > 1 ? task.files.fork(task.kernel.frames.payer) : task.files;
  if (!files) return -ENOMEM;
  const namespaces = createNamespaces(task, flags, credentials, fs);
  if (typeof namespaces === 'number') {
    if (files !== task.files) files.closeAll();
    return namespaces;
  }
  // semaphores of a namespace that it leaves are undone there
  if (has(CLONE_NEWIPC | CLONE_SYSVSEM)) task.namespaces.ipc.sem.processEnded(task.process);
  if (fs !== task.fs) {
    task.fs.users--;
    task.fs = fs;
  }
  if (files !== task.files) {
    task.files.users--;
    task.files = files;
  }
  task.enterNamespaces(namespaces, credentials);
  return 0;
}

/** All that was asked for is allowed, and done. */
function commit({ task, set, credentials, place }: Joining): number {
  if (set.ipc !== task.namespaces.ipc) task.namespaces.ipc.sem.processEnded(task.process);
  task.enterNamespaces(set, credentials);
  if (place) {
    task.fs.root = place;
    task.fs.cwd = place;
  }
  return 0;
}

export function setns(task: Task, fd: number, flags: number): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  const next: Joining = { task, set: task.namespaces, credentials: task.credentials };
  if (file instanceof NamespaceFile) {
    const { kind, namespace } = file;
    if (flags !== 0 && flags !== kind.flag) return -EINVAL;
    return kind.join(next, namespace) || commit(next);
  }
  return file instanceof PidFile ? joinProcess(next, file, flags) : -EINVAL;
}

/** By a pidfd: several of a process's namespaces at once, or none. */
function joinProcess(next: Joining, { process }: PidFile, flags: number): number {
  const known = NAMESPACE_KINDS.reduce((all, { flag }) => all | flag, 0);
  if (flags === 0 || (flags & ~known) !== 0) return -EINVAL;
  if (process.isZombie) return -ESRCH;
  const target = process.leader;
  if (!mayTrace(next.task, target)) return -EPERM;
  for (const kind of NAMESPACE_KINDS) {
    if ((flags & kind.flag) === 0 || kind.name.endsWith('_for_children')) continue;
    const failed = kind.join(next, kind.of(target)!);
    if (failed !== 0) return failed;
  }
  return commit(next);
}
