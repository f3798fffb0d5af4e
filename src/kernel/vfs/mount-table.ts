// All mounts of a kernel: their numbers, which are in use, and when a filesystem goes because none of it is mounted any more.
// Linux fs/namespace.c mntput_no_expire, may_umount; fs/super.c.
import type { Kernel } from '../kernel.js';
import type { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';
import { Mount } from './mount.js';
import { PeerGroup } from './propagation.js';
import { notifyUnmounted } from './notify.js';

/** Mounts of all namespaces together: each new one copies those of another. */
const MOUNTS_MAX = 65536;

export class MountTable {
  private nextId = 1;
  /** How often each filesystem is mounted. */
  private readonly counts = new Map<FileSystem, number>();
  private living = 0;
  /** Unmounted while somebody used them. */
  private readonly leaving = new Set<Mount>();

  /** Numbers of groups of peers: the lowest that is free. */
  private readonly groups = new Set<number>();

  private firstGroup = 1;

  newPeerGroup(): PeerGroup {
    while (this.groups.has(this.firstGroup)) this.firstGroup++;
    this.groups.add(this.firstGroup);
    return new PeerGroup(this.firstGroup);
  }
  forgetPeerGroup({ id }: PeerGroup): void {
    this.groups.delete(id);
    this.firstGroup = Math.min(this.firstGroup, id);
  }

  /** How many more there may be. */
  get room(): number {
    return MOUNTS_MAX - this.living;
  }

  constructor(private readonly kernel: Kernel) {}

  make(fs: FileSystem, root: Dentry, flags: number): Mount {
    this.counts.set(fs, (this.counts.get(fs) ?? 0) + 1);
    this.living++;
    fs.shown(root);
    return new Mount(this, this.nextId++, fs, root, flags);
  }

  /** Filesystems that are mounted somewhere. */
  get fileSystems(): Iterable<FileSystem> {
    return this.counts.keys();
  }

  /** Has a task its root or working directory in it, or has anybody a file of it open or mapped? Mounts on it do not count. */
  isBusy(mount: Mount): boolean {
    if (mount.opens > 0) return true;
    for (const { fs, space } of this.kernel.tasks) {
      if (fs.root.mount === mount || fs.cwd.mount === mount) return true;
      for (const area of space.areas) if (area.file?.path?.mount === mount) return true;
    }
    return false;
  }

  /** A mount has left its tree. */
  leave(mount: Mount): void {
    mount.left = true;
    this.leaving.add(mount);
    this.settle();
  }

  /** Whoever used one that has left may have let it go. */
  settle(): void {
    for (const mount of this.leaving) {
      if (this.isBusy(mount)) continue;
      this.leaving.delete(mount);
      this.living--;
      const { fs } = mount;
      fs.hidden(mount.root);
      const count = this.counts.get(fs)! - 1;
      if (count > 0) {
        this.counts.set(fs, count);
        continue;
      }
      this.counts.delete(fs);
      fs.sync();
      notifyUnmounted(fs);
      this.kernel.vfs.forget(fs);
      fs.unmounted();
    }
  }
}
