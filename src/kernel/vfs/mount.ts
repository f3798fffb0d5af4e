// Mounts and the tree that they make. Linux fs/mount.h; man 7 mount_namespaces.
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from '../abi/mount.js';
import type { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';

/** The options of a mount, as MS_* bits that statfs and /proc/mounts show. */
export const MOUNT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

export class Mount {
  parent?: Mount;
  mountpoint?: Dentry;
  private readonly children = new Map<Dentry, Mount>();

  constructor(
    readonly id: number,
    readonly fs: FileSystem,
    /** What shows at the mount point: the filesystem's root, or with a bind mount any part of it. */
    readonly root: Dentry,
    public flags: number,
  ) {}

  get readOnly(): boolean {
    return (this.flags & MS_RDONLY) !== 0 || this.fs.readOnly;
  }

  /** The mount that lies on `dentry` of this one. */
  mountOn(dentry: Dentry): Mount | undefined {
    return this.children.get(dentry);
  }

  /** Puts `mount` on `dentry`, which nothing lies on in this mount. */
  attach(mount: Mount, dentry: Dentry): void {
    mount.parent = this;
    mount.mountpoint = dentry;
    this.children.set(dentry, mount);
    dentry.mounts++;
    dentry.pin();
  }

  detach(): void {
    if (!this.parent || !this.mountpoint) return;
    this.parent.children.delete(this.mountpoint);
    this.mountpoint.mounts--;
    this.parent = undefined;
    this.mountpoint = undefined;
  }

  get mounts(): Iterable<Mount> {
    return this.children.values();
  }

  /** This mount and all on it, parents before children. */
  *tree(): Generator<Mount> {
    yield this;
    for (const child of this.children.values()) yield* child.tree();
  }
}
