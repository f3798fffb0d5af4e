// inotify's calls. man 2 inotify_init, inotify_add_watch, inotify_rm_watch.
import { EBADF, EINVAL, ENOTDIR } from '../abi/errno.js';
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK } from '../abi/fcntl.js';
import { IN_DONT_FOLLOW, IN_KNOWN, IN_MASK_ADD, IN_MASK_CREATE, IN_ONLYDIR } from '../abi/inotify.js';
import { InotifyFile } from '../fs/inotify.js';
import type { Task } from '../task/task.js';
import { MAY_READ } from '../vfs/permission.js';
import { pathAt } from './path-argument.js';
import { install } from './sys-descriptor.js';

export function inotifyInit1(task: Task, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  const file = InotifyFile.make(task, flags & O_NONBLOCK);
  return typeof file === 'number' ? file : install(task, file, (flags & O_CLOEXEC) !== 0);
}
export function inotifyInit(task: Task): number {
  return inotifyInit1(task, 0);
}

export function inotifyAddWatch(task: Task, fd: number, name: number, mask: number): number {
  if ((mask & ~IN_KNOWN) !== 0 || mask === 0) return -EINVAL;
  const file = task.file(fd);
  if (!file) return -EBADF;
  if ((mask & IN_MASK_ADD) !== 0 && (mask & IN_MASK_CREATE) !== 0) return -EINVAL;
  if (!(file instanceof InotifyFile)) return -EINVAL;
  const path = pathAt(task, AT_FDCWD, name, (mask & IN_DONT_FOLLOW) === 0);
  if (typeof path === 'number') return path;
  if ((mask & IN_ONLYDIR) !== 0 && !path.inode.isDirectory) return -ENOTDIR;
  const denied = path.inode.allows(task, MAY_READ);
  return denied !== 0 ? denied : file.watch(path.inode, mask);
}

export function inotifyRmWatch(task: Task, fd: number, descriptor: number): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return file instanceof InotifyFile ? file.unwatch(descriptor) : -EINVAL;
}
