// Mount namespaces: a tree of mounts. man 7 mount_namespaces.
import type { Mount } from '../vfs/mount.js';
import { Path } from '../vfs/path.js';
import type { UserNamespace } from './user-namespace.js';

/** Mounts that one namespace may have: fs.mount-max. Programs can double what there is with every call. */
export const MOUNT_MAX = 4096;

export class MountNamespace {
  constructor(
    /** The mount that has no parent; pivot_root(2) puts another in its place. */
    public root: Mount,
    readonly owner: UserNamespace,
  ) {}

  get rootPath(): Path {
    return new Path(this.root, this.root.root);
  }

  has(mount: Mount): boolean {
    return mount.top === this.root;
  }

  /** All mounts, parents before children. */
  *mounts(): Generator<Mount> {
    yield* this.root.tree();
  }

  get count(): number {
    let count = 0;
    for (const _ of this.mounts()) count++;
    return count;
  }
}
