// Mounts that are in no namespace: a descriptor holds them until they are moved into a tree, or goes and takes them along. man 2 open_tree,
// move_mount, mount_setattr; Linux fs/namespace.c open_detached_copy, do_move_mount, do_set_group, do_mount_setattr.
import { EBUSY, EINVAL, EPERM } from '../abi/errno.js';
import { O_PATH } from '../abi/fcntl.js';
import { MS_RDONLY } from '../abi/mount.js';
import type { Task } from '../task/task.js';
import { type Mount, MOUNT_FLAGS } from './mount.js';
import { cloneTree, hidesLocked, isMountRoot } from './mounting.js';
import { PathFile } from './open-file.js';
import { Path } from './path.js';
import { relate, setPropagation } from './propagation.js';

/** A place in a tree of mounts that goes with it, should it still be nowhere then. */
export class TreeFile extends PathFile {
  constructor(task: Task, mount: Mount) {
    const path = new Path(mount, mount.root);
    super(task, path.inode, O_PATH, path);
    mount.detached = true;
  }

  protected override close(): void {
    const { mount } = this.path!;
    if (!mount.detached) return;
    mount.detached = false;
    mount.discard();
  }
}

/** open_tree(2) with OPEN_TREE_CLONE: a copy of what is at `source`. */
export function openClone(task: Task, source: Path, recursive: boolean): TreeFile | number {
  const copy = cloneTree(task, source, recursive);
  return typeof copy === 'number' ? copy : new TreeFile(task, copy);
}

/** May attributes of the mount be changed, be it in the caller's namespace or in none? */
const isReached = (task: Task, mount: Mount): boolean => mount.detached || task.namespaces.mount.has(mount);

/** MOVE_MOUNT_SET_GROUP: the mount at `to`, which is private, becomes what the one at `from` is to its peers and its master. */
export function setGroup(task: Task, from: Path, to: Path): number {
  if (![from, to].every(({ mount }) => isReached(task, mount))) return -EPERM;
  if (!isMountRoot(from) || !isMountRoot(to) || from.mount.fs !== to.mount.fs) return -EINVAL;
  const wider = to.dentry === from.dentry || to.dentry.within(from.dentry);
  if (!wider || hidesLocked(new Path(from.mount, to.dentry))) return -EINVAL;
  if (to.mount.peers || to.mount.master || !(from.mount.peers || from.mount.master)) return -EINVAL;
  relate(to.mount, from.mount, 'equal');
  return 0;
}

/** MS_* flags of mounts that are to change. */
export interface AttributeChange {
  set: number;
  clear: number;
  /** MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE or MS_SHARED; 0: as it is. */
  propagation: number;
}

/** mount_setattr(2): all mounts of the tree change, or none. */
export function changeAttributes(task: Task, place: Path, change: AttributeChange, recursive: boolean): number {
  const { mount } = place;
  if (!isMountRoot(place) || !isReached(task, mount)) return -EINVAL;
  const { set, clear, propagation } = change;
  const changed = (one: Mount): number => ((one.flags & ~clear) | set) & MOUNT_FLAGS;
  const all = recursive ? [...mount.tree()] : [mount];
  for (const one of all) {
    const flags = changed(one);
    if ((one.lockedFlags & ~flags & MOUNT_FLAGS) !== 0) return -EPERM;
    if ((flags & MS_RDONLY) !== 0 && !one.flagReadOnly && one.writers > 0) return -EBUSY;
  }
  for (const one of all) {
    one.flags = changed(one);
    if (propagation !== 0) setPropagation(one, propagation);
  }
  mount.treeChanged();
  return 0;
}
