// Directories: what is in them, and which a process is in. man 2 getdents, getdents64, chdir, chroot; man 3 getcwd.
import { latin1 } from '../../base/bytes.js';
import { EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, ERANGE } from '../abi/errno.js';
import { AT_FDCWD } from '../abi/fcntl.js';
import { IN_ACCESS } from '../abi/inotify.js';
import { S_IFMT } from '../abi/stat.js';
import { copyOut } from '../mm/user-memory.js';
import { CAP_SYS_CHROOT } from '../security/capability.js';
import type { Task } from '../task/task.js';
import type { Path } from '../vfs/path.js';
import { notifyFile } from '../vfs/notify.js';
import { MAY_EXEC } from '../vfs/permission.js';
import { pathAt } from './path-argument.js';

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
    record.set(latin1(name), 19);
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
    record.set(latin1(name), 2 * word + 2);
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
  if (!task.credentials.hasHere(CAP_SYS_CHROOT)) return -EPERM;
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
  bytes.set(latin1(text));
  return copyOut(task.space, address, bytes, 0, bytes.length) === bytes.length ? bytes.length : -EFAULT;
}
