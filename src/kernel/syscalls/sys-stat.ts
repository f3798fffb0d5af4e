// What a file is, and who may do what with it. man 2 stat, statx, statfs, access.
import { EBADF, EINVAL, EOVERFLOW, EROFS } from '../abi/errno.js';
import { majorOf, minorOf } from '../abi/device-number.js';
import { AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW } from '../abi/fcntl.js';
import { STATX_BASIC_STATS } from '../abi/stat.js';
import { writeBytes } from '../mm/user-memory.js';
import { CapabilitySet } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { Inode } from '../vfs/inode.js';
import type { Path } from '../vfs/path.js';
import { ST_VALID } from '../vfs/mount.js';
import { MAY_WRITE } from '../vfs/permission.js';
import { pathAt } from './path-argument.js';
import { writeStruct } from './user-struct.js';

function statOf(task: Task, path: Path | number, address: number): number {
  return typeof path === 'number' ? path : writeBytes(task.space, address, task.abi.stat(path.inode));
}

export function stat(task: Task, name: number, address: number): number {
  return statOf(task, pathAt(task, AT_FDCWD, name, true), address);
}
export function lstat(task: Task, name: number, address: number): number {
  return statOf(task, pathAt(task, AT_FDCWD, name, false), address);
}
export function fstat(task: Task, fd: number, address: number): number {
  const file = task.file(fd);
  return file ? writeBytes(task.space, address, task.abi.stat(file.inode)) : -EBADF;
}
export function fstatat(task: Task, dirfd: number, name: number, address: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  return statOf(
    task,
    pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0),
    address,
  );
}

const STATX_SYNC = 0x6000;

export function statx(task: Task, dirfd: number, name: number, flags: number, mask: number, address: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | STATX_SYNC)) !== 0 || mask < 0) return -EINVAL;
  const path = pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0);
  if (typeof path === 'number') return path;
  const { inode } = path;
  const { atime, mtime, ctime } = inode;
  return writeStruct(task, task.abi.structs.statx, address, {
    mask: STATX_BASIC_STATS,
    blksize: 4096,
    nlink: inode.nlink,
    uid: task.credentials.userNamespace.uids.shown(inode.uid),
    gid: task.credentials.userNamespace.gids.shown(inode.gid),
    mode: inode.mode,
    ino: inode.ino,
    size: inode.size,
    blocks: inode.blocks,
    atime_sec: atime.seconds,
    atime_nsec: atime.nanoseconds,
    ctime_sec: ctime.seconds,
    ctime_nsec: ctime.nanoseconds,
    mtime_sec: mtime.seconds,
    mtime_nsec: mtime.nanoseconds,
    rdev_major: majorOf(inode.rdev),
    rdev_minor: minorOf(inode.rdev),
    dev_major: majorOf(inode.fs.device),
    dev_minor: minorOf(inode.fs.device),
    mnt_id: path.mount.id,
  });
}

function statfsOf(task: Task, { fs }: Inode, flags: number, address: number, wide: boolean): number {
  const bytes = task.abi.statfs(fs.statistics(), flags, fs.device, fs.nameMax, wide);
  return bytes ? writeBytes(task.space, address, bytes) : -EOVERFLOW;
}
function statfsAt(task: Task, name: number, address: number, wide: boolean): number {
  const path = pathAt(task, AT_FDCWD, name, true);
  return typeof path === 'number' ? path : statfsOf(task, path.inode, path.mount.statfsFlags, address, wide);
}
function fstatfsAt(task: Task, fd: number, address: number, wide: boolean): number {
  const file = task.file(fd);
  return file ? statfsOf(task, file.inode, file.path?.mount.statfsFlags ?? ST_VALID, address, wide) : -EBADF;
}
export function statfs(task: Task, name: number, address: number): number {
  return statfsAt(task, name, address, false);
}
export function fstatfs(task: Task, fd: number, address: number): number {
  return fstatfsAt(task, fd, address, false);
}
/** statfs64(2) has the size of its struct as an argument. */
export function statfs64(task: Task, name: number, size: number, address: number): number {
  return size === 84 || size === 88 ? statfsAt(task, name, address, true) : -EINVAL;
}
export function fstatfs64(task: Task, fd: number, size: number, address: number): number {
  return size === 84 || size === 88 ? fstatfsAt(task, fd, address, true) : -EINVAL;
}

// ---- access -----------------------------------------------------------------------------------------------------------------------

export function faccessat2(task: Task, dirfd: number, name: number, mode: number, flags: number): number {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const own = task.credentials;
  if ((flags & AT_EACCESS) === 0) {
    // asks for the real user, with the capabilities that user would have
    const effective = own.uid === own.userNamespace.root ? own.permitted : CapabilitySet.NONE;
    task.credentials = own.with({ fsuid: own.uid, fsgid: own.gid, effective });
  }
  const result = check(
    task,
    pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0),
    mode,
  );
  task.credentials = own;
  return result;
}
function check(task: Task, path: Path | number, mode: number): number {
  if (typeof path === 'number') return path;
  if (mode === 0) return 0;
  if (
    (mode & MAY_WRITE) !== 0 &&
    path.mount.readOnly &&
    !path.inode.isDevice &&
    !path.inode.isFifo &&
    !path.inode.isSocket
  )
    return -EROFS;
  return path.inode.allows(task, mode);
}
export function faccessat(task: Task, dirfd: number, name: number, mode: number): number {
  return faccessat2(task, dirfd, name, mode, 0);
}
export function access(task: Task, name: number, mode: number): number {
  return faccessat2(task, AT_FDCWD, name, mode, 0);
}
