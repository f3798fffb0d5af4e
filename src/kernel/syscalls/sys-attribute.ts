// Attributes of files, their size among them. man 2 chmod, chown, utimensat, truncate, fallocate, umask.
import { EACCES, EBADF, EFAULT, EFBIG, EINVAL, EISDIR, ENODEV, EPERM, EROFS, ESPIPE, ETXTBSY } from '../abi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_PATH } from '../abi/fcntl.js';
import { IN_ACCESS, IN_ATTRIB, IN_MODIFY } from '../abi/inotify.js';
import { S_ISGID, S_ISUID, UTIME_NOW, UTIME_OMIT } from '../abi/stat.js';
import { CAP_CHOWN, CAP_FSETID } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { Attributes, Inode } from '../vfs/inode.js';
import type { Path } from '../vfs/path.js';
import { notifyFile, notifyPath } from '../vfs/notify.js';
import { MAY_WRITE, owns, permits } from '../vfs/permission.js';
import type { Timestamp } from '../vfs/timestamp.js';
import { pathAt, unnamed } from './path-argument.js';
import { readStruct } from './user-struct.js';

function change(task: Task, path: Path | number, decide: (inode: Inode) => Attributes | number): number {
  if (typeof path === 'number') return path;
  if (path.mount.readOnly) return -EROFS;
  const wanted = decide(path.inode);
  if (typeof wanted === 'number') return wanted;
  const failed = path.inode.setAttributes(task, wanted);
  if (failed === 0) notifyPath(path, eventOf(wanted));
  return failed;
}

/** What a change of attributes is to whoever watches: one time alone was set by reading or writing. */
function eventOf({ size, mode, uid, gid, atime, mtime }: Attributes): number {
  const times = atime && mtime ? IN_ATTRIB : atime ? IN_ACCESS : mtime ? IN_MODIFY : 0;
  return times | (size !== undefined ? IN_MODIFY : 0) | ((mode ?? uid ?? gid) !== undefined ? IN_ATTRIB : 0);
}

/** The place of a descriptor's file. */
function placeOf(task: Task, fd: number): Path | number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  return file.path ?? unnamed(task, file.inode);
}

function chmodOf(task: Task, path: Path | number, mode: number): number {
  return change(task, path, (inode) => {
    if (!owns(task.credentials, inode)) return -EPERM;
    let bits = mode & 0o7777;
    if ((bits & S_ISGID) !== 0 && !task.credentials.inGroup(inode.gid) && !task.credentials.hasFor(inode, CAP_FSETID))
      bits &= ~S_ISGID;
    return { mode: bits };
  });
}
export function fchmodat(task: Task, dirfd: number, name: number, mode: number): number {
  return chmodOf(task, pathAt(task, dirfd, name, true), mode);
}
export function chmod(task: Task, name: number, mode: number): number {
  return fchmodat(task, AT_FDCWD, name, mode);
}
export function fchmod(task: Task, fd: number, mode: number): number {
  return chmodOf(task, placeOf(task, fd), mode);
}

/** 0xffffffff leaves an owner as it is. */
const KEEP = 0xffffffff;

function chownOf(task: Task, path: Path | number, givenUid: number, givenGid: number): number {
  const { uids, gids } = task.credentials.userNamespace;
  const uid = givenUid === KEEP ? KEEP : uids.inKernel(givenUid);
  const gid = givenGid === KEEP ? KEEP : gids.inKernel(givenGid);
  if (uid === undefined || gid === undefined) return -EINVAL;
  return change(task, path, (inode) => {
    const who = task.credentials;
    const privileged = who.hasFor(inode, CAP_CHOWN);
    if (uid !== KEEP && !privileged && (inode.uid !== who.fsuid || uid !== inode.uid)) return -EPERM;
    if (gid !== KEEP && !privileged && (inode.uid !== who.fsuid || (gid !== inode.gid && !who.inGroup(gid))))
      return -EPERM;
    const wanted: Attributes = {};
    if (uid !== KEEP) wanted.uid = uid;
    if (gid !== KEEP) wanted.gid = gid;
    // a file that changes hands is set-user-ID for nobody
    if (!inode.isDirectory && (inode.mode & (S_ISUID | S_ISGID)) !== 0) {
      const lost = S_ISUID | ((inode.mode & 0o010) !== 0 ? S_ISGID : 0);
      wanted.mode = inode.mode & 0o7777 & ~lost;
    }
    return wanted;
  });
}
export function fchownat(task: Task, dirfd: number, name: number, uid: number, gid: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  return chownOf(
    task,
    pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0),
    uid,
    gid,
  );
}
export function chown(task: Task, name: number, uid: number, gid: number): number {
  return fchownat(task, AT_FDCWD, name, uid, gid, 0);
}
export function lchown(task: Task, name: number, uid: number, gid: number): number {
  return fchownat(task, AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}
export function fchown(task: Task, fd: number, uid: number, gid: number): number {
  return chownOf(task, placeOf(task, fd), uid, gid);
}

interface Times {
  atime: Timestamp | 'now' | undefined;
  mtime: Timestamp | 'now' | undefined;
}

function utimesOf(task: Task, path: Path | number, times: Times): number {
  return change(task, path, (inode) => {
    const { atime, mtime } = times;
    if (atime === undefined && mtime === undefined) return {};
    const bothNow = atime === 'now' && mtime === 'now';
    if (!owns(task.credentials, inode)) {
      if (!bothNow) return -EPERM;
      if (permits(task.credentials, inode, MAY_WRITE) !== 0) return -EACCES;
    }
    const now = task.kernel.clock.date();
    const pick = (time: Timestamp | 'now' | undefined): Timestamp | undefined => (time === 'now' ? now : time);
    return { atime: pick(atime), mtime: pick(mtime) };
  });
}

function readTimes(task: Task, address: number, wide: boolean): Times | number {
  if (address === 0) return { atime: 'now', mtime: 'now' };
  const layout = wide ? task.abi.structs.timespec64 : task.abi.structs.timespec;
  const list: (Timestamp | 'now' | undefined)[] = [];
  for (let i = 0; i < 2; i++) {
    const time = readStruct(task, layout, address + i * layout.size) as Record<'sec' | 'nsec', number> | number;
    if (typeof time === 'number') return time;
    const nanoseconds = wide && task.abi.wordSize === 4 ? time.nsec % 2 ** 32 : time.nsec;
    if (nanoseconds === UTIME_NOW) list.push('now');
    else if (nanoseconds === UTIME_OMIT) list.push(undefined);
    else if (nanoseconds < 0 || nanoseconds > 999_999_999) return -EINVAL;
    else list.push({ seconds: time.sec, nanoseconds });
  }
  return { atime: list[0], mtime: list[1] };
}

function utimensatOf(task: Task, dirfd: number, name: number, address: number, flags: number, wide: boolean): number {
  const times = readTimes(task, address, wide);
  if (typeof times === 'number') return times;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  // a null name is the descriptor itself: futimens(3)
  if (name === 0) return utimesOf(task, dirfd === AT_FDCWD ? -EFAULT : placeOf(task, dirfd), times);
  return utimesOf(
    task,
    pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0),
    times,
  );
}
export function utimensat(task: Task, dirfd: number, name: number, address: number, flags: number): number {
  return utimensatOf(task, dirfd, name, address, flags, false);
}
export function utimensatTime64(task: Task, dirfd: number, name: number, address: number, flags: number): number {
  return utimensatOf(task, dirfd, name, address, flags, true);
}
export function utimes(task: Task, name: number, address: number): number {
  return futimesat(task, AT_FDCWD, name, address);
}
export function futimesat(task: Task, dirfd: number, name: number, address: number): number {
  let times: Times = { atime: 'now', mtime: 'now' };
  if (address !== 0) {
    const layout = task.abi.structs.timeval;
    const pair: Timestamp[] = [];
    for (let i = 0; i < 2; i++) {
      const time = readStruct(task, layout, address + i * layout.size) as Record<'sec' | 'usec', number> | number;
      if (typeof time === 'number') return time;
      if (time.usec < 0 || time.usec > 999_999) return -EINVAL;
      pair.push({ seconds: time.sec, nanoseconds: time.usec * 1000 });
    }
    times = { atime: pair[0], mtime: pair[1] };
  }
  return utimesOf(task, pathAt(task, dirfd, name, true), times);
}

function truncateOf(task: Task, path: Path | number, size: number): number {
  if (size < 0) return -EINVAL;
  if (typeof path === 'number') return path;
  const { inode } = path;
  if (inode.isDirectory) return -EISDIR;
  if (!inode.isRegular) return -EINVAL;
  const denied = inode.allows(task, MAY_WRITE);
  if (denied !== 0) return denied;
  if (path.mount.readOnly) return -EROFS;
  if (inode.programs > 0) return -ETXTBSY;
  const failed = inode.setAttributes(task, { size });
  if (failed === 0) notifyPath(path, IN_MODIFY);
  return failed;
}
export function truncate(task: Task, name: number, size: number): number {
  return truncateOf(task, pathAt(task, AT_FDCWD, name, true), size);
}
export function ftruncate(task: Task, fd: number, size: number): number {
  if (size < 0) return -EINVAL;
  const file = task.file(fd);
  if (!file) return -EBADF;
  if (!file.writable || !file.inode.isRegular) return -EINVAL;
  const failed = file.truncate(task, size);
  if (failed === 0) notifyFile(file, IN_MODIFY);
  return failed;
}
export function fallocate(task: Task, fd: number, mode: number, offset: number, length: number): number {
  const file = task.file(fd);
  if (!file?.writable) return -EBADF;
  if (offset < 0 || length <= 0) return -EINVAL;
  if (file.inode.isFifo) return -ESPIPE;
  if (!file.inode.isRegular) return -ENODEV;
  if (offset + length > Number.MAX_SAFE_INTEGER) return -EFBIG;
  const failed = file.allocate(task, mode, offset, length);
  if (failed === 0) notifyFile(file, IN_MODIFY);
  return failed;
}

export function umask(task: Task, mask: number): number {
  const old = task.fs.umask;
  task.fs.umask = mask & 0o777;
  return old;
}
