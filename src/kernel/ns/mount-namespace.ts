// Mount namespaces: a tree of mounts. man 7 mount_namespaces.
import type { Mount } from '../vfs/mount.js';
import { Path } from '../vfs/path.js';
import type { UserNamespace } from './user-namespace.js';

export class MountNamespace {
  constructor(
    readonly root: Mount,
    readonly owner: UserNamespace,
  ) {}

  get rootPath(): Path {
    return new Path(this.root, this.root.root);
  }

  /** All mounts, parents before children. */
  *mounts(): Generator<Mount> {
    yield* this.root.tree();
  }
}
