// Leaving and joining namespaces. man 2 unshare, setns. Of namespaces those of cgroups can be made so far; those that have no second one
// answer as a Linux without them.
import { EBADF, EINVAL, EPERM } from '../abi/errno.js';
import {
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
} from '../abi/sched.js';
import { CgroupNamespace } from '../cgroup/cgroup-namespace.js';
import { NamespaceFile } from '../fs/nsfs.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';

/** What is shared between threads alone: leaving it takes that there are no others. */
const OF_THREADS = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
const KNOWN = OF_THREADS | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_NEWCGROUP;

export function unshare(task: Task, flags: number): number {
  if ((flags & ~KNOWN) !== 0) return -EINVAL;
  if ((flags & OF_THREADS) !== 0 && task.process.threads.size > 1) return -EINVAL;
  if ((flags & CLONE_VM) !== 0 && task.space.users > 1) return -EINVAL;
  if ((flags & CLONE_NEWCGROUP) !== 0) {
    if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
    const cgroup = new CgroupNamespace(task.cgroup, task.credentials.userNamespace);
    task.namespaces = { ...task.namespaces, cgroup };
  }
  if ((flags & CLONE_FS) !== 0 && task.fs.users > 1) {
    task.fs.users--;
    task.fs = { ...task.fs, users: 1 };
  }
  if ((flags & CLONE_FILES) !== 0 && task.files.users > 1) {
    task.files.users--;
    task.files = task.files.fork();
  }
  return 0;
}

export function setns(task: Task, fd: number, type: number): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  if (!(file instanceof NamespaceFile)) return -EINVAL;
  const { kind, namespace } = file;
  if ((type !== 0 && type !== kind.flag) || !kind.enter) return -EINVAL;
  if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
  task.namespaces = kind.enter(task.namespaces, namespace);
  return 0;
}
