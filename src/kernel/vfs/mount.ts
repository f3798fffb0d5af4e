// Mounts and the tree that they make. Linux fs/mount.h; man 7 mount_namespaces.
import {
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_RELATIME,
} from '../abi/mount.js';
import type { ChangeNotice } from '../task/change-notice.js';
import type { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';
import type { MountTable } from './mount-table.js';
import { type PeerGroup, setPropagation } from './propagation.js';

/** Options of a mount: the MS_* bit, its name in /proc/mounts, and the ST_* bit that statfs(2) shows. */
const OPTIONS: readonly (readonly [flag: number, name: string, statfs: number])[] = [
  [MS_NOSUID, 'nosuid', 2],
  [MS_NODEV, 'nodev', 4],
  [MS_NOEXEC, 'noexec', 8],
  [MS_NOATIME, 'noatime', 0x400],
  [MS_NODIRATIME, 'nodiratime', 0x800],
  [MS_RELATIME, 'relatime', 0x1000],
  [MS_NOSYMFOLLOW, 'nosymfollow', 0x2000],
];
/** All of them, and read-only. */
export const MOUNT_FLAGS = OPTIONS.reduce((all, [flag]) => all | flag, MS_RDONLY);
const ST_RDONLY = 1;
export const ST_VALID = 0x20;

/** As /proc/mounts has them, without ro and rw. */
export function mountOptions(flags: number): string {
  return OPTIONS.filter(([flag]) => (flags & flag) !== 0)
    .map(([, name]) => name)
    .join(',');
}

export class Mount {
  parent?: Mount;
  mountpoint?: Dentry;
  private readonly children = new Map<Dentry, Mount>();
  /** Open files that were reached through it, and those of them that can write. */
  opens = 0;
  writers = 0;
  /** Who is mounted and unmounted on with it, both ways: it is shared. And who tells it so: it is a slave. */
  peers?: PeerGroup;
  master?: PeerGroup;
  /** It hides what lies below from a user namespace that may not look: it stays where it is. */
  locked = false;
  /** MS_* flags that stay as they are. */
  lockedFlags = 0;
  /** No part of it may be mounted elsewhere. */
  unbindable = false;
  /** umount2(MNT_EXPIRE) has been here since it was used last. */
  expiring = false;
  /** It is the root of a tree in no namespace, which an open file holds. */
  detached = false;
  /** It is the root of a namespace's tree: where changes are told. */
  notice?: ChangeNotice;
  /** It is in no tree any more, and goes with its last user. */
  left = false;

  constructor(
    readonly table: MountTable,
    readonly id: number,
    readonly fs: FileSystem,
    /** What shows at the mount point: the filesystem's root, or with a bind mount any part of it. */
    readonly root: Dentry,
    public flags: number,
  ) {}

  get readOnly(): boolean {
    return this.flagReadOnly || this.fs.readOnly;
  }
  /** Is it the mount itself, and not its filesystem? */
  get flagReadOnly(): boolean {
    return (this.flags & MS_RDONLY) !== 0;
  }

  /** f_flags of statfs(2). */
  get statfsFlags(): number {
    const own = OPTIONS.reduce((all, [flag, , bit]) => ((this.flags & flag) !== 0 ? all | bit : all), 0);
    return own | ST_VALID | (this.readOnly ? ST_RDONLY : 0);
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
    this.treeChanged();
  }

  /** As attach(); what lies on `dentry` already comes to lie on `mount`: it was mounted later. */
  attachBelow(mount: Mount, dentry: Dentry): void {
    const above = this.children.get(dentry);
    above?.detach();
    this.attach(mount, dentry);
    if (above) mount.attach(above, mount.root);
  }

  detach(): void {
    if (!this.parent || !this.mountpoint) return;
    this.treeChanged();
    this.parent.children.delete(this.mountpoint);
    this.mountpoint.mounts--;
    this.mountpoint.unpin();
    this.parent = undefined;
    this.mountpoint = undefined;
  }

  /** It leaves its tree for good, with all on it. */
  discard(): void {
    for (const each of [...this.tree()].reverse()) {
      each.detach();
      setPropagation(each, MS_PRIVATE);
      each.table.leave(each);
    }
  }

  get mounts(): Iterable<Mount> {
    return this.children.values();
  }

  /** Does any mount lie on it? */
  get hasMounts(): boolean {
    return this.children.size > 0;
  }

  /** The root of the tree that it is in. */
  get top(): Mount {
    let at: Mount = this;
    while (at.parent) at = at.parent;
    return at;
  }

  /** The tree has other mounts, or they other flags: whoever watches mountinfo is told. */
  treeChanged(): void {
    this.top.notice?.changed();
  }

  /** Is it `other`, or does it lie on it? */
  within(other: Mount): boolean {
    for (let at: Mount | undefined = this; at; at = at.parent) if (at === other) return true;
    return false;
  }

  /** This mount and all on it, parents before children. */
  *tree(): Generator<Mount> {
    const waiting: Mount[] = [this];
    for (let mount = waiting.pop(); mount; mount = waiting.pop()) {
      yield mount;
      waiting.push(...[...mount.children.values()].reverse());
    }
  }
}
