// Names of files: made, moved, removed, read. man 2 mkdir, mknod, unlink, rmdir, rename, link, symlink, readlink.
import { latin1 } from '../../base/bytes.js';
import { EFAULT, EINVAL, ENOENT, EPERM } from '../abi/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
} from '../abi/fcntl.js';
import { S_IFCHR, S_IFBLK, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK } from '../abi/stat.js';
import { copyOut, readString } from '../mm/user-memory.js';
import { CAP_DAC_READ_SEARCH } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { nameAt, pathAt } from './path-argument.js';

export function mkdirat(task: Task, dirfd: number, name: number, mode: number): number {
  const place = nameAt(task, dirfd, name);
  if (typeof place === 'number') return place;
  const made = task.kernel.vfs.make(task, place.start, place.name, S_IFDIR | (mode & ~task.fs.umask & 0o1777));
  return typeof made === 'number' ? made : 0;
}
export function mkdir(task: Task, name: number, mode: number): number {
  return mkdirat(task, AT_FDCWD, name, mode);
}

export function mknodat(task: Task, dirfd: number, name: number, mode: number, device: number): number {
  const type = (mode & S_IFMT) === 0 ? S_IFREG : mode & S_IFMT;
  if (type === S_IFDIR) return -EPERM;
  if (![S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK].includes(type)) return -EINVAL;
  const place = nameAt(task, dirfd, name);
  if (typeof place === 'number') return place;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  const made = task.kernel.vfs.make(
    task,
    place.start,
    place.name,
    type | (mode & ~task.fs.umask & 0o7777),
    isDevice ? device : 0,
  );
  return typeof made === 'number' ? made : 0;
}
export function mknod(task: Task, name: number, mode: number, device: number): number {
  return mknodat(task, AT_FDCWD, name, mode, device);
}

export function unlinkat(task: Task, dirfd: number, name: number, flags: number): number {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  const place = nameAt(task, dirfd, name);
  if (typeof place === 'number') return place;
  const { vfs } = task.kernel;
  return (flags & AT_REMOVEDIR) !== 0
    ? vfs.rmdir(task, place.start, place.name)
    : vfs.unlink(task, place.start, place.name);
}
export function unlink(task: Task, name: number): number {
  return unlinkat(task, AT_FDCWD, name, 0);
}
export function rmdir(task: Task, name: number): number {
  return unlinkat(task, AT_FDCWD, name, AT_REMOVEDIR);
}

export function renameat2(task: Task, fromFd: number, from: number, toFd: number, to: number, flags: number): number {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0 || flags === (RENAME_NOREPLACE | RENAME_EXCHANGE))
    return -EINVAL;
  const source = nameAt(task, fromFd, from);
  if (typeof source === 'number') return source;
  const target = nameAt(task, toFd, to);
  if (typeof target === 'number') return target;
  return task.kernel.vfs.rename(
    task,
    source.start,
    source.name,
    target.start,
    target.name,
    (flags & RENAME_NOREPLACE) !== 0,
    (flags & RENAME_EXCHANGE) !== 0,
  );
}
export function renameat(task: Task, fromFd: number, from: number, toFd: number, to: number): number {
  return renameat2(task, fromFd, from, toFd, to, 0);
}
export function rename(task: Task, from: number, to: number): number {
  return renameat2(task, AT_FDCWD, from, AT_FDCWD, to, 0);
}

export function linkat(task: Task, fromFd: number, from: number, toFd: number, to: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const emptyPath = (flags & AT_EMPTY_PATH) !== 0;
  if (emptyPath && !task.credentials.has(CAP_DAC_READ_SEARCH)) return -ENOENT;
  const source = pathAt(task, fromFd, from, (flags & AT_SYMLINK_FOLLOW) !== 0, emptyPath);
  if (typeof source === 'number') return source;
  const target = nameAt(task, toFd, to);
  if (typeof target === 'number') return target;
  return task.kernel.vfs.link(task, source, target.start, target.name);
}
export function link(task: Task, from: number, to: number): number {
  return linkat(task, AT_FDCWD, from, AT_FDCWD, to, 0);
}

export function symlinkat(task: Task, target: number, dirfd: number, name: number): number {
  const text = readString(task.space, target);
  if (typeof text === 'number') return text;
  const place = nameAt(task, dirfd, name);
  return typeof place === 'number' ? place : task.kernel.vfs.symlink(task, text, place.start, place.name);
}
export function symlink(task: Task, target: number, name: number): number {
  return symlinkat(task, target, AT_FDCWD, name);
}

export function readlinkat(task: Task, dirfd: number, name: number, address: number, size: number): number {
  if (size <= 0) return -EINVAL;
  const path = pathAt(task, dirfd, name, false, true);
  if (typeof path === 'number') return path;
  if (!path.inode.isSymlink) return -EINVAL;
  const text = path.inode.readlink(task);
  if (typeof text === 'number') return text;
  const bytes = latin1(text).subarray(0, size);
  return copyOut(task.space, address, bytes, 0, bytes.length) === bytes.length ? bytes.length : -EFAULT;
}
export function readlink(task: Task, name: number, address: number, size: number): number {
  return readlinkat(task, AT_FDCWD, name, address, size);
}
