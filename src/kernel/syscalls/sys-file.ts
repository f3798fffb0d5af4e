// Files by name: what they are, making and removing them, their attributes. man 2 stat, statx, mkdir, unlink, rename, chmod, chown,
// utimensat, access, truncate, readlink, getdents64, chdir, getcwd, statfs.
import {
  EACCES,
  EBADF,
  EFAULT,
  EFBIG,
  EINVAL,
  EISDIR,
  ENAMETOOLONG,
  ENODEV,
  ENOENT,
  ENOTDIR,
  EOVERFLOW,
  EPERM,
  ERANGE,
  EROFS,
  ESPIPE,
  ETXTBSY,
} from '../abi/errno.js';
import { majorOf, minorOf } from '../abi/device-number.js';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  O_PATH,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
} from '../abi/fcntl.js';
import { IN_ACCESS, IN_ATTRIB, IN_MODIFY } from '../abi/inotify.js';
import {
  S_IFCHR,
  S_IFBLK,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
  STATX_BASIC_STATS,
  UTIME_NOW,
  UTIME_OMIT,
} from '../abi/stat.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { copyOut, readString, writeBytes } from '../mm/user-memory.js';
import { CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_FSETID, CAP_SYS_CHROOT, CapabilitySet } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { Attributes, Inode } from '../vfs/inode.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { ST_VALID } from '../vfs/mount.js';
import { notifyFile, notifyPath } from '../vfs/notify.js';
import { MAY_EXEC, MAY_WRITE, owns, permits } from '../vfs/permission.js';
import type { Timestamp } from '../vfs/timestamp.js';
import { nameAt, pathAt, unnamed } from './path-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

// ---- stat -------------------------------------------------------------------------------------------------------------------------

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
    uid: inode.uid,
    gid: inode.gid,
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
    const effective = own.uid === 0 ? own.permitted : CapabilitySet.NONE;
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

// ---- names ------------------------------------------------------------------------------------------------------------------------

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

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export function readlinkat(task: Task, dirfd: number, name: number, address: number, size: number): number {
  if (size <= 0) return -EINVAL;
  const path = pathAt(task, dirfd, name, false, true);
  if (typeof path === 'number') return path;
  if (!path.inode.isSymlink) return -EINVAL;
  const text = path.inode.readlink(task);
  if (typeof text === 'number') return text;
  const bytes = bytesOf(text).subarray(0, size);
  return copyOut(task.space, address, bytes, 0, bytes.length) === bytes.length ? bytes.length : -EFAULT;
}
export function readlink(task: Task, name: number, address: number, size: number): number {
  return readlinkat(task, AT_FDCWD, name, address, size);
}

// ---- directories ------------------------------------------------------------------------------------------------------------------

/** Fills a buffer with entries as `pack` makes them of name, number, type and next position. */
function readDirectory(
  task: Task,
  fd: number,
  address: number,
  size: number,
  pack: (name: string, ino: number, type: number, next: number) => Uint8Array,
): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  let done = 0;
  let failed = 0;
  const result = file.entries(task, (entry, next) => {
    const record = pack(entry.name, entry.ino, (entry.mode & S_IFMT) >> 12, next);
    if (done + record.length > size) {
      if (done === 0) failed = -EINVAL;
      return false;
    }
    if (copyOut(task.space, address + done, record, 0, record.length) !== record.length) {
      failed = -EFAULT;
      return false;
    }
    done += record.length;
    return true;
  });
  if (result < 0) return result;
  notifyFile(file, IN_ACCESS);
  return done > 0 ? done : failed;
}

/** struct linux_dirent64. */
export function getdents64(task: Task, fd: number, address: number, size: number): number {
  return readDirectory(task, fd, address, size, (name, ino, type, next) => {
    const record = new Uint8Array(Math.ceil((20 + name.length) / 8) * 8);
    const view = new DataView(record.buffer);
    view.setUint32(0, ino, true);
    view.setUint32(4, Math.floor(ino / 2 ** 32), true);
    view.setUint32(8, next, true);
    view.setUint32(12, Math.floor(next / 2 ** 32), true);
    view.setUint16(16, record.length, true);
    record[18] = type;
    record.set(bytesOf(name), 19);
    return record;
  });
}

/** struct linux_dirent: the type is the record's last byte. */
export function getdents(task: Task, fd: number, address: number, size: number): number {
  const word = task.abi.wordSize;
  return readDirectory(task, fd, address, size, (name, ino, type, next) => {
    const record = new Uint8Array(Math.ceil((2 * word + 4 + name.length) / word) * word);
    const view = new DataView(record.buffer);
    view.setUint32(0, ino, true);
    view.setUint32(word, next, true);
    view.setUint16(2 * word, record.length, true);
    record.set(bytesOf(name), 2 * word + 2);
    record[record.length - 1] = type;
    return record;
  });
}

export function chdir(task: Task, name: number): number {
  const path = pathAt(task, AT_FDCWD, name, true);
  return typeof path === 'number' ? path : enter(task, path);
}
export function fchdir(task: Task, fd: number): number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return file.path ? enter(task, file.path) : -ENOTDIR;
}
function enter(task: Task, path: Path): number {
  if (!path.inode.isDirectory) return -ENOTDIR;
  const denied = path.inode.allows(task, MAY_EXEC);
  if (denied === 0) task.fs.cwd = path;
  return denied;
}
export function chroot(task: Task, name: number): number {
  const path = pathAt(task, AT_FDCWD, name, true);
  if (typeof path === 'number') return path;
  if (!path.inode.isDirectory) return -ENOTDIR;
  const denied = path.inode.allows(task, MAY_EXEC);
  if (denied !== 0) return denied;
  if (!task.credentials.has(CAP_SYS_CHROOT)) return -EPERM;
  task.fs.root = path;
  return 0;
}
export function getcwd(task: Task, address: number, size: number): number {
  const { cwd, root } = task.fs;
  if (cwd.dentry.deleted) return -ENOENT;
  const text = cwd.textFrom(root);
  if (text.length + 1 > 4096) return -ENAMETOOLONG;
  if (text.length + 1 > size) return -ERANGE;
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(bytesOf(text));
  return copyOut(task.space, address, bytes, 0, bytes.length) === bytes.length ? bytes.length : -EFAULT;
}

// ---- attributes -------------------------------------------------------------------------------------------------------------------

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
    if ((bits & S_ISGID) !== 0 && !task.credentials.inGroup(inode.gid) && !task.credentials.has(CAP_FSETID))
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

function chownOf(task: Task, path: Path | number, uid: number, gid: number): number {
  return change(task, path, (inode) => {
    const who = task.credentials;
    const privileged = who.has(CAP_CHOWN);
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

// ---- to storage -------------------------------------------------------------------------------------------------------------------

export function fsync(task: Task, fd: number): number {
  return task.file(fd)?.sync() ?? -EBADF;
}
export function sync(task: Task): number {
  for (const fs of task.kernel.mounted) fs.sync();
  return 0;
}
export function syncfs(task: Task, fd: number): number {
  const file = task.file(fd);
  return file ? -file.inode.fs.sync() || 0 : -EBADF;
}
/** Pages that one piece of advice brings in. */
const READ_AHEAD_MAX = 512;
const FADV_WILLNEED = 3;
const FADV_NOREUSE = 5;
const SYNC_FILE_RANGE_ALL = 7;

/** The file's pages come in before they are asked for. */
function bringIn({ inode }: OpenFile, offset: number, length: number): void {
  const { cache, size } = inode;
  if (!cache?.source) return;
  const first = Math.floor(offset / PAGE_SIZE);
  const end = Math.min(Math.ceil(Math.min(size, offset + length) / PAGE_SIZE), first + READ_AHEAD_MAX);
  for (let index = first; index < end; index++) if (cache.get(index) < 0) return;
}

export function readahead(task: Task, fd: number, offset: number, length: number): number {
  const file = task.file(fd);
  if (!file?.readable) return -EBADF;
  if (!file.inode.isRegular || offset < 0) return -EINVAL;
  bringIn(file, offset, length);
  return 0;
}

/** posix_fadvise(2): a length of 0 is to the end. */
export function fadvise(task: Task, fd: number, offset: number, length: number, advice: number): number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  if (file.inode.isFifo) return -ESPIPE;
  if (advice < 0 || advice > FADV_NOREUSE || length < 0) return -EINVAL;
  if (advice === FADV_WILLNEED && file.inode.isRegular && offset >= 0)
    bringIn(file, offset, length === 0 ? Number.POSITIVE_INFINITY : length);
  return 0;
}

export function syncFileRange(task: Task, fd: number, offset: number, length: number, flags: number): number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  if ((flags & ~SYNC_FILE_RANGE_ALL) !== 0 || offset < 0 || length < 0) return -EINVAL;
  const { inode } = file;
  if (!inode.isRegular && !inode.isDirectory) return -ESPIPE;
  return inode.isRegular && flags !== 0 ? file.sync() : 0;
}
