// Mount namespaces: a tree of mounts. man 7 mount_namespaces.
import { ChangeNotice } from '../task/change-notice.js';
import type { Mount } from '../vfs/mount.js';
import { Path } from '../vfs/path.js';
import { Namespace } from './namespace.js';
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

/** Mounts that one namespace may have: fs.mount-max. Programs can double what there is with every call. */
export const MOUNT_MAX = 4096;

export class MountNamespace extends Namespace {
  /** That its mounts have changed. */
  readonly notice = new ChangeNotice();

  constructor(
    private top: Mount,
    readonly owner: UserNamespace,
    /** Those made later have higher numbers: a mount of its file can only be in an older one. */
    readonly serial: number,
  ) {
    super();
    top.notice = this.notice;
  }

  /** The mount that has no parent; pivot_root(2) puts another in its place. */
  get root(): Mount {
    return this.top;
  }
  set root(mount: Mount) {
    this.top.notice = undefined;
    mount.notice = this.notice;
    this.top = mount;
  }

  get limitedBy(): LimitedKind {
    return 'mnt';
  }

  override free(): void {
    this.root.discard();
  }

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
