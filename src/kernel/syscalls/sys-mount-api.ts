// Mounts by descriptors. man 2 fsopen, fsconfig, fsmount, fspick, open_tree, move_mount, mount_setattr; Linux fs/fsopen.c, fs/namespace.c.
import { E2BIG, EBADF, EFAULT, EINVAL, ENODEV, EOPNOTSUPP, EPERM } from '../abi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH } from '../abi/fcntl.js';
import {
  AT_RECURSIVE,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_CMD_RECONFIGURE,
  FSCONFIG_SET_BINARY,
  FSCONFIG_SET_FD,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_PATH,
  FSCONFIG_SET_PATH_EMPTY,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  FSPICK_CLOEXEC,
  FSPICK_EMPTY_PATH,
  FSPICK_NO_AUTOMOUNT,
  FSPICK_SYMLINK_NOFOLLOW,
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_IDMAP,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_RELATIME,
  MOUNT_ATTR_SIZE_VER0,
  MOUNT_ATTR_STRICTATIME,
  MOVE_MOUNT_F_AUTOMOUNTS,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_F_SYMLINKS,
  MOVE_MOUNT_SET_GROUP,
  MOVE_MOUNT_T_AUTOMOUNTS,
  MOVE_MOUNT_T_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_RELATIME,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  OPEN_TREE_CLONE,
} from '../abi/mount.js';
import { FILE_SYSTEM_TYPES } from '../fs/file-system-types.js';
import { FsContextFile } from '../fs/fscontext.js';
import { NamespaceFile } from '../fs/nsfs.js';
import { copyIn, readString } from '../mm/user-memory.js';
import { UserNamespace } from '../ns/user-namespace.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { type AttributeChange, changeAttributes, openClone, setGroup, TreeFile } from '../vfs/detached-tree.js';
import { isMountRoot, mountMove } from '../vfs/mounting.js';
import { type OpenFile, PathFile } from '../vfs/open-file.js';
import { pathAt } from './path-argument.js';
import { mayMount } from './sys-mount.js';

function install(task: Task, file: OpenFile, closeOnExec: boolean): number {
  const fd = task.files.add(file, closeOnExec, task.fileLimit);
  if (fd < 0) file.release();
  return fd;
}

// ---- filesystems ------------------------------------------------------------------------------------------------------------------

export function fsopen(task: Task, nameAddress: number, flags: number): number {
  if (!mayMount(task)) return -EPERM;
  if ((flags & ~FSOPEN_CLOEXEC) !== 0) return -EINVAL;
  const name = readString(task.space, nameAddress);
  if (typeof name === 'number') return name;
  if (!FILE_SYSTEM_TYPES.includes(name)) return -ENODEV;
  return install(task, new FsContextFile(task, name), (flags & FSOPEN_CLOEXEC) !== 0);
}

export function fspick(task: Task, dirfd: number, name: number, flags: number): number {
  if (!mayMount(task)) return -EPERM;
  const known = FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | FSPICK_EMPTY_PATH;
  if ((flags & ~known) !== 0) return -EINVAL;
  const place = pathAt(task, dirfd, name, (flags & FSPICK_SYMLINK_NOFOLLOW) === 0, (flags & FSPICK_EMPTY_PATH) !== 0);
  if (typeof place === 'number') return place;
  if (!isMountRoot(place)) return -EINVAL;
  return install(task, FsContextFile.of(task, place), (flags & FSPICK_CLOEXEC) !== 0);
}

function contextAt(task: Task, fd: number): FsContextFile | number {
  const file = task.file(fd);
  if (!file) return -EBADF;
  return file instanceof FsContextFile ? file : -EINVAL;
}

/** Bytes of a key or a value, with its end. */
const STRING_MAX = 256;
const BINARY_MAX = 1 << 20;

function shortString(task: Task, address: number): string | number {
  const text = readString(task.space, address);
  return typeof text === 'string' && text.length >= STRING_MAX ? -EINVAL : text;
}

/** Do the arguments fit the command? Linux fsconfig(): 0, or a negated errno. */
function checkArguments(command: number, key: number, value: number, aux: number): number {
  const may = (fits: boolean): number => (fits ? 0 : -EINVAL);
  switch (command) {
    case FSCONFIG_SET_FLAG:
      return may(key !== 0 && value === 0 && aux === 0);
    case FSCONFIG_SET_STRING:
      return may(key !== 0 && value !== 0 && aux === 0);
    case FSCONFIG_SET_BINARY:
      return may(key !== 0 && value !== 0 && aux > 0 && aux <= BINARY_MAX);
    case FSCONFIG_SET_PATH:
    case FSCONFIG_SET_PATH_EMPTY:
      return may(key !== 0 && value !== 0 && (aux === AT_FDCWD || aux >= 0));
    case FSCONFIG_SET_FD:
      return may(key !== 0 && value === 0 && aux >= 0);
    case FSCONFIG_CMD_CREATE:
    case FSCONFIG_CMD_RECONFIGURE:
      return may(key === 0 && value === 0 && aux === 0);
    default:
      return -EOPNOTSUPP;
  }
}

export function fsconfig(task: Task, fd: number, command: number, key: number, value: number, aux: number): number {
  if (fd < 0) return -EINVAL;
  const wrong = checkArguments(command, key, value, aux);
  if (wrong !== 0) return wrong;
  const context = contextAt(task, fd);
  if (typeof context === 'number') return context;
  if (command === FSCONFIG_CMD_CREATE) return context.create(task);
  if (command === FSCONFIG_CMD_RECONFIGURE) return context.reconfigure(task);
  const name = shortString(task, key);
  if (typeof name === 'number') return name;
  if (command === FSCONFIG_SET_FLAG) return context.set(name, undefined);
  if (command !== FSCONFIG_SET_STRING) return context.refuseKind(name);
  const text = shortString(task, value);
  return typeof text === 'number' ? text : context.set(name, text);
}

// ---- attributes -------------------------------------------------------------------------------------------------------------------

const ATTRIBUTES = [
  [MOUNT_ATTR_RDONLY, MS_RDONLY],
  [MOUNT_ATTR_NOSUID, MS_NOSUID],
  [MOUNT_ATTR_NODEV, MS_NODEV],
  [MOUNT_ATTR_NOEXEC, MS_NOEXEC],
  [MOUNT_ATTR_NODIRATIME, MS_NODIRATIME],
  [MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW],
] as const;
const KNOWN_ATTRIBUTES = ATTRIBUTES.reduce((all, [attribute]) => all | attribute, MOUNT_ATTR__ATIME);

/** MS_* flags of MOUNT_ATTR_*, but for those of access times. */
const flagsOf = (attributes: number): number =>
  ATTRIBUTES.reduce((all, [attribute, flag]) => ((attributes & attribute) !== 0 ? all | flag : all), 0);

/** The MS_* flag of a way of access times; undefined: there is no such way. */
function accessTimes(attributes: number): number | undefined {
  switch (attributes & MOUNT_ATTR__ATIME) {
    case MOUNT_ATTR_RELATIME:
      return MS_RELATIME;
    case MOUNT_ATTR_NOATIME:
      return MS_NOATIME;
    case MOUNT_ATTR_STRICTATIME:
      return 0;
    default:
      return undefined;
  }
}

export function fsmount(task: Task, fd: number, flags: number, attributes: number): number {
  if (!mayMount(task)) return -EPERM;
  if ((flags & ~FSMOUNT_CLOEXEC) !== 0 || (attributes & ~KNOWN_ATTRIBUTES) !== 0) return -EINVAL;
  const times = accessTimes(attributes);
  if (times === undefined) return -EINVAL;
  const context = contextAt(task, fd);
  if (typeof context === 'number') return context;
  const mount = context.mount(task, flagsOf(attributes) | times);
  if (typeof mount === 'number') return mount;
  return install(task, new TreeFile(task, mount), (flags & FSMOUNT_CLOEXEC) !== 0);
}

interface GivenAttributes {
  set: number;
  clear: number;
  propagation: number;
  userns: number;
}

const PROPAGATION = [0, MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE];

/** What mount_setattr(2) was asked to do; -EINVAL. */
function changeOf({ set, clear, propagation }: GivenAttributes): AttributeChange | number {
  if (!PROPAGATION.includes(propagation)) return -EINVAL;
  const known = KNOWN_ATTRIBUTES | MOUNT_ATTR_IDMAP;
  if ([set, clear].some((attributes) => attributes > 0xffffffff || (attributes & ~known) !== 0)) return -EINVAL;
  const change = { set: flagsOf(set), clear: flagsOf(clear), propagation };
  const cleared = clear & MOUNT_ATTR__ATIME;
  // the ways exclude one another: whoever says one has cleared all
  if (cleared !== MOUNT_ATTR__ATIME) return cleared !== 0 || (set & MOUNT_ATTR__ATIME) !== 0 ? -EINVAL : change;
  const times = accessTimes(set);
  if (times === undefined) return -EINVAL;
  return { ...change, set: change.set | times, clear: change.clear | MS_RELATIME | MS_NOATIME };
}

/** MOUNT_ATTR_IDMAP: no filesystem here can show other owners than it has. Linux build_mount_idmapped(), can_idmap_mount(). */
function idmapRefused(task: Task, { clear, userns }: GivenAttributes): number {
  if ((clear & MOUNT_ATTR_IDMAP) !== 0 || userns > 0x7fffffff) return -EINVAL;
  const file = task.file(userns);
  if (!file) return -EBADF;
  if (!(file instanceof NamespaceFile) || !(file.namespace instanceof UserNamespace)) return -EINVAL;
  const first = file.namespace.parent === undefined;
  return first || !task.credentials.capable(file.namespace, CAP_SYS_ADMIN) ? -EPERM : -EINVAL;
}

/** Bytes of the struct, at most: newer ones are longer. */
const ATTR_SIZE_MAX = 4096;

function readAttributes(task: Task, address: number, size: number): GivenAttributes | number {
  if (size > ATTR_SIZE_MAX) return -E2BIG;
  if (size < MOUNT_ATTR_SIZE_VER0) return -EINVAL;
  if (!mayMount(task)) return -EPERM;
  const bytes = new Uint8Array(size);
  if (copyIn(task.space, address, bytes, 0, size) !== size) return -EFAULT;
  const layout = task.abi.structs.mountAttr;
  if (bytes.subarray(layout.size).some((byte) => byte !== 0)) return -E2BIG;
  return layout.read(new DataView(bytes.buffer), 0) as unknown as GivenAttributes;
}

export function mountSetattr(
  task: Task,
  dirfd: number,
  name: number,
  flags: number,
  address: number,
  size: number,
): number {
  if ((flags & ~(AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) !== 0) return -EINVAL;
  const given = readAttributes(task, address, size);
  if (typeof given === 'number') return given;
  const { set, clear, propagation } = given;
  if (set === 0 && clear === 0 && propagation === 0) return 0;
  const change = changeOf(given);
  if (typeof change === 'number') return change;
  if (((set | clear) & MOUNT_ATTR_IDMAP) !== 0) return idmapRefused(task, given);
  const place = pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0);
  if (typeof place === 'number') return place;
  return changeAttributes(task, place, change, (flags & AT_RECURSIVE) !== 0);
}

// ---- trees ------------------------------------------------------------------------------------------------------------------------

export function openTree(task: Task, dirfd: number, name: number, flags: number): number {
  const known = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | OPEN_TREE_CLONE | O_CLOEXEC;
  if ((flags & ~known) !== 0) return -EINVAL;
  const clones = (flags & OPEN_TREE_CLONE) !== 0;
  const recursive = (flags & AT_RECURSIVE) !== 0;
  if (recursive && !clones) return -EINVAL;
  if (clones && !mayMount(task)) return -EPERM;
  const place = pathAt(task, dirfd, name, (flags & AT_SYMLINK_NOFOLLOW) === 0, (flags & AT_EMPTY_PATH) !== 0);
  if (typeof place === 'number') return place;
  const file = clones ? openClone(task, place, recursive) : new PathFile(task, place.inode, O_PATH, place);
  return typeof file === 'number' ? file : install(task, file, (flags & O_CLOEXEC) !== 0);
}

const MOVE_FLAGS =
  MOVE_MOUNT_F_SYMLINKS |
  MOVE_MOUNT_F_AUTOMOUNTS |
  MOVE_MOUNT_F_EMPTY_PATH |
  MOVE_MOUNT_T_SYMLINKS |
  MOVE_MOUNT_T_AUTOMOUNTS |
  MOVE_MOUNT_T_EMPTY_PATH |
  MOVE_MOUNT_SET_GROUP;

export function moveMount(
  task: Task,
  fromFd: number,
  fromName: number,
  toFd: number,
  toName: number,
  flags: number,
): number {
  if (!mayMount(task)) return -EPERM;
  if ((flags & ~MOVE_FLAGS) !== 0) return -EINVAL;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const from = pathAt(task, fromFd, fromName, has(MOVE_MOUNT_F_SYMLINKS), has(MOVE_MOUNT_F_EMPTY_PATH));
  if (typeof from === 'number') return from;
  const to = pathAt(task, toFd, toName, has(MOVE_MOUNT_T_SYMLINKS), has(MOVE_MOUNT_T_EMPTY_PATH));
  if (typeof to === 'number') return to;
  return has(MOVE_MOUNT_SET_GROUP) ? setGroup(task, from, to) : mountMove(task, from, to);
}
