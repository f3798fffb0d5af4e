// Extended attributes: who may read and change which. man 7 xattr; Linux fs/xattr.c, security/commoncap.c.
import { IN_ATTRIB } from '../abi/inotify.js';
import { notifyPath } from './notify.js';
import { E2BIG, EINVAL, ENODATA, EOPNOTSUPP, EPERM, ERANGE, EROFS } from '../abi/errno.js';
import { S_ISVTX } from '../abi/stat.js';
import { XATTR_LIST_MAX } from '../abi/xattr.js';
import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../security/capability.js';
import { keptCapabilities, shownCapabilities } from '../security/file-capabilities.js';
import type { Task } from '../task/task.js';
import type { Path } from './path.js';
import { MAY_READ, MAY_WRITE, owns } from './permission.js';

/** Namespaces of names. `system.` is for access control lists, which no filesystem here has. */
const PREFIXES = ['user.', 'trusted.', 'security.', 'system.'];
export const SECURITY_CAPABILITY = 'security.capability';

/** Is the name one that a filesystem can have? 0, or what it is not. */
function checkName(name: string): number {
  const prefix = PREFIXES.find((each) => name.startsWith(each));
  if (prefix === undefined) return -EOPNOTSUPP;
  return name.length === prefix.length ? -EINVAL : 0;
}

/** May the task do `wanted` (MAY_READ or MAY_WRITE) to the attribute? 0 or a negated errno. */
function allows(task: Task, { inode }: Path, name: string, wanted: number): number {
  const writes = wanted === MAY_WRITE;
  const who = task.credentials;
  if (name.startsWith('system.')) return 0;
  if (name.startsWith('security.')) {
    if (!writes) return 0;
    // what is set is looked at first
    if (name === SECURITY_CAPABILITY) return 0;
    return who.has(CAP_SYS_ADMIN) ? 0 : -EPERM;
  }
  if (name.startsWith('trusted.')) return who.has(CAP_SYS_ADMIN) ? 0 : writes ? -EPERM : -ENODATA;
  if (name.startsWith('user.')) {
    if (!inode.isRegular && !inode.isDirectory) return writes ? -EPERM : -ENODATA;
    // in a directory that all may write to, only its owner
    if (writes && inode.isDirectory && (inode.mode & S_ISVTX) !== 0 && !owns(who, inode)) return -EPERM;
  }
  return inode.allows(task, wanted);
}

export function getXattr(task: Task, path: Path, name: string): Uint8Array | number {
  const denied = allows(task, path, name, MAY_READ) || checkName(name);
  const value = denied !== 0 ? denied : path.inode.getXattr(name);
  if (name !== SECURITY_CAPABILITY || typeof value === 'number') return value;
  return shownCapabilities(task.credentials, path.inode, value);
}

function noted(path: Path, failed: number): number {
  if (failed === 0) notifyPath(path, IN_ATTRIB);
  return failed;
}

/** `flags`: XATTR_*. */
export function setXattr(task: Task, path: Path, name: string, value: Uint8Array, flags: number): number {
  if (path.mount.readOnly) return -EROFS;
  const denied = allows(task, path, name, MAY_WRITE) || checkName(name);
  if (denied !== 0) return denied;
  const kept = name === SECURITY_CAPABILITY ? keptCapabilities(task.credentials, path.inode, value) : value;
  return typeof kept === 'number' ? kept : noted(path, path.inode.setXattr(name, kept, flags));
}

export function removeXattr(task: Task, path: Path, name: string): number {
  if (path.mount.readOnly) return -EROFS;
  const denied = allows(task, path, name, MAY_WRITE) || checkName(name);
  if (denied !== 0) return denied;
  if (name === SECURITY_CAPABILITY && !task.credentials.hasFor(path.inode, CAP_SETFCAP)) return -EPERM;
  return noted(path, path.inode.removeXattr(name));
}

/** Names, each with a NUL behind it, in at most `room` bytes; without room (0) only how many bytes there are. */
export function listXattr(task: Task, path: Path, room: number): string | number {
  const trusted = task.credentials.has(CAP_SYS_ADMIN);
  const names = path.inode.listXattr().filter((name) => trusted || !name.startsWith('trusted.'));
  const text = names.map((name) => `${name}\0`).join('');
  if (room === 0) return text.length;
  if (text.length <= room) return text;
  return room >= XATTR_LIST_MAX ? -E2BIG : -ERANGE;
}
