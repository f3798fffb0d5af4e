// What changes the tree of mounts: mount(2) in its forms, umount2(2), pivot_root(2). Linux fs/namespace.c.
// Who calls has checked CAP_SYS_ADMIN; here it is the tree that must allow it. Values are 0 or negated errno.
import { EAGAIN, EBUSY, EINVAL, ELOOP, ENOENT, ENOSPC, ENOTDIR, EPERM } from '../abi/errno.js';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_NOATIME,
  MS_PRIVATE,
  MS_RDONLY,
  MS_RELATIME,
  MS_SHARED,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_UNBINDABLE,
} from '../abi/mount.js';
import { NamespaceInode } from '../fs/nsfs.js';
import { MOUNT_MAX, MountNamespace } from '../ns/mount-namespace.js';
import type { UserNamespace } from '../ns/user-namespace.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { FsContext, Task } from '../task/task.js';
import type { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';
import { type Mount, MOUNT_FLAGS } from './mount.js';
import { Path } from './path.js';
import { receivedWith, receivers, type Relation, relate, setPropagation, shareTree } from './propagation.js';

/** Does `path` name a mount as a whole? */
export const isMountRoot = (path: Path): boolean => path.dentry === path.mount.root;

const isOurs = (task: Task, mount: Mount): boolean => task.namespaces.mount.has(mount);

/** Puts a tree of mounts on `place`, on top of what is there. */
function graft(task: Task, mount: Mount, place: Path, count: number): number {
  const at = place.covered;
  if (!isOurs(task, at.mount)) return -EINVAL;
  if (at.dentry.deleted) return -ENOENT;
  if (at.inode.isDirectory !== mount.root.inode!.isDirectory) return -ENOTDIR;
  if (task.namespaces.mount.count + count > MOUNT_MAX || task.kernel.mounts.room < 0) return -ENOSPC;
  return attach(task, mount, at);
}

/** Puts a tree on `at`, and copies of it wherever that propagates to: all, or -ENOSPC and none. */
function attach(task: Task, source: Mount, at: Path): number {
  if (!at.mount.peers) {
    at.mount.attach(source, at.dentry);
    return 0;
  }
  shareTree(source);
  const size = [...source.tree()].length;
  const all = receivers(at.mount, at.dentry);
  const copies: Mount[] = [];
  for (const { on, source: number, relation, shared } of all) {
    const { top } = on;
    const from = number === undefined ? source : copies[number]!;
    const room = Math.min(MOUNT_MAX - [...top.tree()].length, task.kernel.mounts.room) - size;
    const copy = room >= 0 ? copyTree(task, from, from.root, true, size, relation) : undefined;
    if (!copy) {
      for (const each of copies) each.discard();
      return -ENOSPC;
    }
    if (shared) shareTree(copy);
    copies.push(copy);
  }
  for (const [i, { on }] of all.entries()) {
    const copy = copies[i]!;
    on.attachBelow(copy, at.dentry);
    if (ownerOf(task, on) !== task.namespaces.mount.owner) lockTree(copy, true);
  }
  at.mount.attach(source, at.dentry);
  return 0;
}

/** The user namespace that a mount's namespace belongs to. */
function ownerOf(task: Task, { top }: Mount): UserNamespace | undefined {
  for (const { namespaces } of task.kernel.tasks) if (namespaces.mount.root === top) return namespaces.mount.owner;
  return undefined;
}

/** In a namespace of less rights a mount stays as it came: in its place, but for the first with `isFree`, and with its flags. */
function lockTree(tree: Mount, isFree: boolean): void {
  for (const mount of tree.tree()) {
    mount.locked = !(isFree && mount === tree);
    mount.lockedFlags = mount.flags & MOUNT_FLAGS;
  }
}

/** Unmounts a tree, and on all whom it had propagated to what nothing is mounted on any more. */
function unmountTree(tree: Mount): void {
  for (const mount of [...tree.tree()].reverse()) {
    const others = [...receivedWith(mount)];
    mount.discard();
    for (const other of others) if (other.parent && !other.hasMounts) other.discard();
  }
}

/** An empty directory hides nothing. */
function isEmpty(task: Task, { inode }: Dentry): boolean {
  if (!inode?.isDirectory) return false;
  let any = false;
  inode.entries(task, 0, () => {
    any = true;
    return false;
  });
  return !any;
}

/**
 * A filesystem that shows the system itself may be mounted by those of a user namespace only where they see one whole already: else what
 * hides a part of it would hide nothing. The flags that the new mount must keep; -EPERM. Linux mount_too_revealing().
 */
function keptFlags(task: Task, fs: FileSystem, flags: number): number {
  const { mount: namespace } = task.namespaces;
  if (!fs.showsSystem || namespace.owner.parent === undefined) return 0;
  for (const mount of namespace.mounts()) {
    if (mount.fs.type !== fs.type || mount.root.inode !== mount.fs.root) continue;
    const kept = (mount.lockedFlags | (mount.fs.readOnly ? MS_RDONLY : 0)) & MS_RDONLY;
    if ((kept & ~flags) !== 0) continue;
    if ([...mount.mounts].every((over) => !over.locked || isEmpty(task, over.mountpoint!))) return kept;
  }
  return -EPERM;
}

/** A mount of `fs` that is in no tree yet; a negated errno. */
export function newDetached(task: Task, fs: FileSystem, flags: number): Mount | number {
  const kept = keptFlags(task, fs, flags);
  if (kept < 0) return kept;
  if (task.kernel.mounts.room <= 0) return -ENOSPC;
  const mount = task.kernel.newMount(fs, fs.rootDentry, 0);
  mount.flags = flags & MOUNT_FLAGS;
  mount.lockedFlags = kept;
  return mount;
}

export function mountNew(task: Task, fs: FileSystem, place: Path, flags: number): number {
  const at = place.covered;
  // the same filesystem twice on one place is a mistake
  if (isMountRoot(at) && at.mount.fs === fs) return -EBUSY;
  const isSaid = (flags & (MS_NOATIME | MS_STRICTATIME)) !== 0;
  const mount = newDetached(task, fs, isSaid ? flags : flags | MS_RELATIME);
  if (typeof mount === 'number') return mount;
  const failed = graft(task, mount, place, 1);
  if (failed !== 0) mount.discard();
  return failed;
}

/** Is it a file of a namespace of mounts? Where such are mounted within one another, none would ever go. */
const namespaceOf = ({ inode }: Dentry): MountNamespace | undefined =>
  inode instanceof NamespaceInode && inode.namespace instanceof MountNamespace ? inode.namespace : undefined;

/** The copies that were made, by what they are copies of. */
type Copies = Map<Mount, Mount>;

/**
 * A copy of `source`'s tree below `dentry`; undefined: there would be too many. Unbindable mounts are left out, but not where it is a
 * whole namespace that is copied, into `copies`.
 */
function copyTree(
  task: Task,
  source: Mount,
  dentry: Dentry,
  recursive: boolean,
  most: number,
  relation: Relation = 'equal',
  copies?: Copies,
): Mount | undefined {
  const { kernel } = task;
  const top = kernel.newMount(source.fs, dentry, source.flags);
  relate(top, source, relation);
  top.lockedFlags = source.lockedFlags;
  copies?.set(source, top);
  let count = 1;
  const waiting: [Mount, Mount][] = recursive ? [[source, top]] : [];
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    const [from, to] = pair;
    for (const child of from.mounts) {
      if (copies ? namespaceOf(child.root) : child.unbindable) continue;
      if (from === source && !child.mountpoint!.within(dentry)) continue;
      if (++count > most) {
        top.discard();
        return undefined;
      }
      const copy = kernel.newMount(child.fs, child.root, child.flags);
      copy.unbindable = child.unbindable;
      copy.locked = child.locked;
      copy.lockedFlags = child.lockedFlags;
      relate(copy, child, relation);
      copies?.set(child, copy);
      to.attach(copy, child.mountpoint!);
      waiting.push([child, copy]);
    }
  }
  return top;
}

/** A new namespace with a copy of each of the task's mounts; the places of `fs` become those of the copies. */
export function copyMountNamespace(task: Task, owner: UserNamespace, fs: FsContext): MountNamespace {
  const { root } = task.namespaces.mount;
  const copies: Copies = new Map();
  // who has less rights is told of mounts, and tells of none
  const lessRights = owner !== task.namespaces.mount.owner;
  const relation = lessRights ? 'slave' : 'equal';
  const top = copyTree(task, root, root.root, true, Number.POSITIVE_INFINITY, relation, copies)!;
  if (lessRights) lockTree(top, false);
  const moved = ({ mount, dentry }: Path): Path => new Path(copies.get(mount) ?? mount, dentry);
  fs.root = moved(fs.root);
  fs.cwd = moved(fs.cwd);
  return task.kernel.makeMountNamespace(top, owner);
}

/** Would a copy without what is mounted below show what that hides? */
export function hidesLocked({ mount, dentry }: Path): boolean {
  return [...mount.mounts].some((child) => child.locked && child.mountpoint!.within(dentry));
}

/** A copy of what is at `source`, in no tree; a negated errno. */
export function cloneTree(task: Task, source: Path, recursive: boolean): Mount | number {
  if (source.mount.unbindable) return -EINVAL;
  // what hangs in no tree can be bound when it is a namespace's file
  if (!isOurs(task, source.mount) && source.mount.fs.type !== 'nsfs') return -EINVAL;
  const shown = namespaceOf(source.dentry);
  if (shown && shown.serial <= task.namespaces.mount.serial) return -EINVAL;
  if (!recursive && hidesLocked(source)) return -EINVAL;
  const room = Math.min(MOUNT_MAX - task.namespaces.mount.count, task.kernel.mounts.room);
  return (room > 0 && copyTree(task, source.mount, source.dentry, recursive, room)) || -ENOSPC;
}

export function mountBind(task: Task, source: Path, place: Path, recursive: boolean): number {
  const copy = cloneTree(task, source, recursive);
  if (typeof copy === 'number') return copy;
  const failed = graft(task, copy, place, 0);
  if (failed !== 0) copy.discard();
  return failed;
}

export function mountMove(task: Task, source: Path, place: Path): number {
  const { mount } = source;
  const { parent, mountpoint, detached } = mount;
  const at = place.covered;
  if (!isMountRoot(source) || !isOurs(task, at.mount)) return -EINVAL;
  // a tree of nobody's, or a part of one's own
  if (!detached && !(parent && isOurs(task, mount))) return -EINVAL;
  if (mount.locked || parent?.peers) return -EINVAL;
  if (at.mount.peers && [...mount.tree()].some(({ unbindable }) => unbindable)) return -EINVAL;
  if (at.inode.isDirectory !== source.inode.isDirectory) return -EINVAL;
  if (at.mount.within(mount)) return -ELOOP;
  if (at.dentry.deleted) return -ENOENT;
  if (detached && task.namespaces.mount.count + [...mount.tree()].length > MOUNT_MAX) return -ENOSPC;
  mount.detach();
  const failed = attach(task, mount, at);
  if (failed === 0) mount.detached = false;
  else parent?.attach(mount, mountpoint!);
  return failed;
}

/** Other options for a filesystem, and whether it can be written: 0, or a negated errno. */
export function reconfigure(fs: FileSystem, options: string, readOnly: boolean): number {
  if (readOnly && !fs.readOnly && fs.writers > 0) return -EBUSY;
  const failed = fs.reconfigure(options);
  if (failed !== 0) return failed;
  if (readOnly) fs.sync();
  fs.readOnly = readOnly || fs.fixedReadOnly;
  return 0;
}

/** New flags for a mount (with MS_BIND), or for its whole filesystem too; `options` are the filesystem's own. */
export function remount(task: Task, place: Path, flags: number, options: string, whole: boolean): number {
  const { mount } = place;
  if (!isMountRoot(place) || !isOurs(task, mount)) return -EINVAL;
  const readOnly = (flags & MS_RDONLY) !== 0;
  const { fs, lockedFlags } = mount;
  if ((lockedFlags & ~flags & MOUNT_FLAGS) !== 0) return -EPERM;
  if (whole && !task.credentials.capable(fs.owner ?? task.kernel.userNamespace, CAP_SYS_ADMIN)) return -EPERM;
  if (readOnly && !mount.flagReadOnly && mount.writers > 0) return -EBUSY;
  const failed = whole ? reconfigure(fs, options, readOnly) : 0;
  if (failed !== 0) return failed;
  mount.flags = flags & MOUNT_FLAGS;
  mount.treeChanged();
  return 0;
}

/** mount(2) with MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE or MS_SHARED: how the mount shares with its copies. */
export function changePropagation(task: Task, place: Path, type: number, recursive: boolean): number {
  if (!isMountRoot(place) || !isOurs(task, place.mount)) return -EINVAL;
  if (![MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE].includes(type)) return -EINVAL;
  for (const mount of recursive ? place.mount.tree() : [place.mount]) setPropagation(mount, type);
  return 0;
}

export function unmount(task: Task, place: Path, flags: number): number {
  const { mount } = place;
  if (!isMountRoot(place) || !isOurs(task, mount)) return -EINVAL;
  const { table } = mount;
  if ((flags & MNT_EXPIRE) !== 0) {
    if (mount === task.fs.root.mount || (flags & (MNT_FORCE | MNT_DETACH)) !== 0) return -EINVAL;
    if (mount.hasMounts || table.isBusy(mount)) return -EBUSY;
    if (!mount.expiring) {
      mount.expiring = true;
      return -EAGAIN;
    }
  }
  if (mount.locked) return -EINVAL;
  // the root of all stays where it is
  if (!mount.parent) return (flags & MNT_DETACH) !== 0 ? -EINVAL : -EBUSY;
  if ((flags & MNT_DETACH) === 0) {
    const busy = (one: Mount): boolean => table.isBusy(one);
    if (mount.hasMounts || busy(mount)) return -EBUSY;
    if ([...receivedWith(mount)].some((other) => !other.hasMounts && busy(other))) return -EBUSY;
  }
  unmountTree(mount);
  return 0;
}

/** pivot_root(2): `place` becomes the root of all mounts, the old root goes to `old` in it. */
export function pivotRoot(task: Task, place: Path, old: Path): number {
  const namespace = task.namespaces.mount;
  const { root } = task.fs;
  const target = old.covered;
  if (![root.mount, place.mount, target.mount].every((mount) => namespace.has(mount))) return -EINVAL;
  if (target.mount.peers || place.mount.parent?.peers || root.mount.parent?.peers) return -EINVAL;
  if (place.mount.locked) return -EINVAL;
  if (place.dentry.deleted || target.dentry.deleted) return -ENOENT;
  if (place.mount === root.mount || target.mount === root.mount) return -EBUSY;
  if (!isMountRoot(root) || !isMountRoot(place) || !place.mount.parent) return -EINVAL;
  if (target.reachedFrom(place) === undefined || place.reachedFrom(root) === undefined) return -EINVAL;
  const { mount: oldRoot } = root;
  const { parent, mountpoint } = oldRoot;
  place.mount.detach();
  oldRoot.detach();
  if (parent && mountpoint) parent.attach(place.mount, mountpoint);
  else namespace.root = place.mount;
  place.mount.locked = oldRoot.locked;
  oldRoot.locked = false;
  target.mount.attach(oldRoot, target.dentry);
  // everybody who was at the old root is at the new one
  for (const { fs } of task.kernel.tasks) {
    if (fs.root.same(root)) fs.root = place;
    if (fs.cwd.same(root)) fs.cwd = place;
  }
  return 0;
}
