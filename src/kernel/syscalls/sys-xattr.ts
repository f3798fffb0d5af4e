// Extended attributes by path, by a link itself, by descriptor. man 2 getxattr, setxattr, listxattr, removexattr.
import { E2BIG, EBADF, EFAULT, EINVAL, ERANGE } from '../abi/errno.js';
import { AT_FDCWD, O_PATH } from '../abi/fcntl.js';
import { XATTR_CREATE, XATTR_LIST_MAX, XATTR_NAME_MAX, XATTR_REPLACE, XATTR_SIZE_MAX } from '../abi/xattr.js';
import { readBytes, readString, writeBytes } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import type { Path } from '../vfs/path.js';
import { getXattr, listXattr, removeXattr, setXattr } from '../vfs/xattr.js';
import { pathAt, unnamed } from './path-argument.js';

const byPath = (task: Task, name: number): Path | number => pathAt(task, AT_FDCWD, name, true);
const byLink = (task: Task, name: number): Path | number => pathAt(task, AT_FDCWD, name, false);
function byDescriptor(task: Task, fd: number): Path | number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  return file.path ?? unnamed(task, file.inode);
}

/** Of the file that the first argument means. */
type Place = (task: Task, file: number) => Path | number;

function nameOf(task: Task, address: number): string | number {
  const name = readString(task.space, address, XATTR_NAME_MAX + 1, ERANGE);
  return name === '' ? -ERANGE : name;
}

function get(place: Place) {
  return (task: Task, file: number, nameAddress: number, address: number, size: number): number => {
    const path = place(task, file);
    if (typeof path === 'number') return path;
    const name = nameOf(task, nameAddress);
    if (typeof name === 'number') return name;
    const value = getXattr(task, path, name);
    if (typeof value === 'number') return value;
    if (size === 0) return value.length;
    if (value.length > size) return -ERANGE;
    return writeBytes(task.space, address, value) === 0 ? value.length : -EFAULT;
  };
}

function set(place: Place) {
  return (task: Task, file: number, nameAddress: number, address: number, size: number, flags: number): number => {
    if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
    const name = nameOf(task, nameAddress);
    if (typeof name === 'number') return name;
    if (size > XATTR_SIZE_MAX) return -E2BIG;
    const value = readBytes(task.space, address, size);
    if (typeof value === 'number') return value;
    const path = place(task, file);
    return typeof path === 'number' ? path : setXattr(task, path, name, value, flags);
  };
}

function list(place: Place) {
  return (task: Task, file: number, address: number, size: number): number => {
    const path = place(task, file);
    if (typeof path === 'number') return path;
    const names = listXattr(task, path, Math.min(size, XATTR_LIST_MAX));
    if (typeof names === 'number') return names;
    const bytes = Uint8Array.from(names, (character) => character.charCodeAt(0));
    return writeBytes(task.space, address, bytes) === 0 ? bytes.length : -EFAULT;
  };
}

function remove(place: Place) {
  return (task: Task, file: number, nameAddress: number): number => {
    const name = nameOf(task, nameAddress);
    if (typeof name === 'number') return name;
    const path = place(task, file);
    return typeof path === 'number' ? path : removeXattr(task, path, name);
  };
}

export const getxattr = get(byPath);
export const lgetxattr = get(byLink);
export const fgetxattr = get(byDescriptor);
export const setxattr = set(byPath);
export const lsetxattr = set(byLink);
export const fsetxattr = set(byDescriptor);
export const listxattr = list(byPath);
export const llistxattr = list(byLink);
export const flistxattr = list(byDescriptor);
export const removexattr = remove(byPath);
export const lremovexattr = remove(byLink);
export const fremovexattr = remove(byDescriptor);
