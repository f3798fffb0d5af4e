// Mounts. man 2 mount, umount2, pivot_root.
import { EFAULT, EINVAL, ENODEV, ENOTDIR, EPERM } from '../abi/errno.js';
import { AT_FDCWD } from '../abi/fcntl.js';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MGC_MSK,
  MS_MGC_VAL,
  MS_MOVE,
  MS_NOATIME,
  MS_NODIRATIME,
  MS_NOUSER,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_UNBINDABLE,
  UMOUNT_NOFOLLOW,
} from '../abi/mount.js';
import { makeFileSystem } from '../fs/file-system-types.js';
import { copyIn, latin1, readString } from '../mm/user-memory.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { changePropagation, mountBind, mountMove, mountNew, pivotRoot, remount, unmount } from '../vfs/mounting.js';
import type { Path } from '../vfs/path.js';
import { resolve } from '../vfs/walk.js';
import { pathAt } from './path-argument.js';

/** Bytes of options, at most: the kernel copies a page. */
const OPTIONS_MAX = 4096;

/** Whoever administers the mounts of his namespace. */
export const mayMount = (task: Task): boolean => task.credentials.capable(task.namespaces.mount.owner, CAP_SYS_ADMIN);

/** A string that may be absent. */
function optionalString(task: Task, address: number): string | undefined | number {
  return address === 0 ? undefined : readString(task.space, address);
}

/** Options are a page, of which as much counts as can be read. */
function optionsAt(task: Task, address: number): string | number {
  if (address === 0) return '';
  const bytes = new Uint8Array(OPTIONS_MAX);
  const length = copyIn(task.space, address, bytes, 0, OPTIONS_MAX);
  if (length === 0) return -EFAULT;
  const nul = bytes.subarray(0, length).indexOf(0);
  return latin1(bytes, 0, nul < 0 ? Math.min(length, OPTIONS_MAX - 1) : nul);
}

/** The flags that a mount keeps: access times are relative where nothing else is asked for. */
function kept(flags: number, place: Path): number {
  const times = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
  let own = flags & ~MS_RELATIME;
  // a remount that says nothing of them leaves them
  if ((flags & MS_REMOUNT) !== 0 && (flags & times) === 0)
    return own | (place.mount.flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME));
  if ((own & MS_STRICTATIME) !== 0) own &= ~MS_NOATIME;
  else if ((own & MS_NOATIME) === 0) own |= MS_RELATIME;
  return own;
}

function sourceOf(task: Task, source: string | undefined): Path | number {
  if (source === undefined || source === '') return -EINVAL;
  return resolve(task, task.fs.cwd, source);
}

const PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

export function mount(
  task: Task,
  sourceAddress: number,
  target: number,
  typeAddress: number,
  givenFlags: number,
  data: number,
): number {
  const type = optionalString(task, typeAddress);
  if (typeof type === 'number') return type;
  const source = optionalString(task, sourceAddress);
  if (typeof source === 'number') return source;
  const options = optionsAt(task, data);
  if (typeof options === 'number') return options;
  const place = pathAt(task, AT_FDCWD, target, true);
  if (typeof place === 'number') return place;
  const magic = (givenFlags & MS_MGC_MSK) >>> 0;
  const flags = magic === MS_MGC_VAL ? givenFlags & ~MS_MGC_MSK : givenFlags;
  if (!mayMount(task)) return -EPERM;
  if ((flags & MS_NOUSER) !== 0) return -EINVAL;
  const own = kept(flags, place);
  if ((flags & MS_REMOUNT) !== 0) return remount(task, place, own, options, (flags & MS_BIND) === 0);
  if ((flags & MS_BIND) !== 0) {
    const from = sourceOf(task, source);
    return typeof from === 'number' ? from : mountBind(task, from, place, (flags & MS_REC) !== 0);
  }
  if ((flags & PROPAGATION) !== 0) {
    if ((flags & ~(PROPAGATION | MS_REC | MS_SILENT)) !== 0) return -EINVAL;
    return changePropagation(task, place, flags & PROPAGATION, (flags & MS_REC) !== 0);
  }
  if ((flags & MS_MOVE) !== 0) {
    const from = sourceOf(task, source);
    return typeof from === 'number' ? from : mountMove(task, from, place);
  }
  if (type === undefined) return -EINVAL;
  const fs = makeFileSystem(task, type, options);
  if (fs === undefined) return -ENODEV;
  if (typeof fs === 'number') return fs;
  fs.source = source === undefined || source === '' ? 'none' : source;
  fs.readOnly ||= (flags & MS_RDONLY) !== 0;
  return mountNew(task, fs, place, own);
}

export function umount2(task: Task, name: number, flags: number): number {
  if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) !== 0) return -EINVAL;
  const place = pathAt(task, AT_FDCWD, name, (flags & UMOUNT_NOFOLLOW) === 0);
  if (typeof place === 'number') return place;
  return mayMount(task) ? unmount(task, place, flags) : -EPERM;
}
export function umount(task: Task, name: number): number {
  return umount2(task, name, 0);
}

export function pivot(task: Task, newRoot: number, putOld: number): number {
  if (!mayMount(task)) return -EPERM;
  const root = pathAt(task, AT_FDCWD, newRoot, true);
  if (typeof root === 'number') return root;
  if (!root.inode.isDirectory) return -ENOTDIR;
  const old = pathAt(task, AT_FDCWD, putOld, true);
  if (typeof old === 'number') return old;
  if (!old.inode.isDirectory) return -ENOTDIR;
  return pivotRoot(task, root, old);
}
