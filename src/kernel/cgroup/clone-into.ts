// CLONE_INTO_CGROUP: a child begins in another group than its parent's. man 2 clone; Linux kernel/cgroup/cgroup.c, cgroup_css_set_fork.
import { EBADF, EINVAL, ENOENT, EOPNOTSUPP } from '../abi/errno.js';
import { cgroupOf } from '../fs/cgroupfs.js';
import type { Task } from '../task/task.js';
import { MAY_WRITE, permits } from '../vfs/permission.js';
import type { Cgroup } from './cgroup.js';
import { mayMove } from './core-files.js';
import { mayHoldTasks } from './threads.js';

/** The group of descriptor `fd`, when the task may have a child there, or a thread (not `whole`); else a negated errno. */
export function cgroupForChild(task: Task, fd: number, whole: boolean): Cgroup | number {
  if (fd > 0x7fffffff) return -EINVAL;
  const file = task.file(fd);
  const cgroup = file && cgroupOf(file.inode);
  if (!cgroup) return -EBADF;
  if (cgroup.removed) return -ENOENT;
  const { kernel, credentials } = task;
  const denied = permits(credentials, kernel.cgroups.attributesOf(cgroup, 'cgroup.procs'), MAY_WRITE);
  if (denied !== 0) return denied;
  const refused =
    mayMove(task.cgroup, cgroup, { task, credentials, namespace: task.namespaces.cgroup }) || mayHoldTasks(cgroup);
  if (refused !== 0) return refused;
  return whole || task.cgroup.domain === cgroup.domain ? cgroup : -EOPNOTSUPP;
}
