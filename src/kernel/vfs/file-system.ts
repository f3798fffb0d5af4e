// A mounted filesystem: its root and what statfs tells. Linux struct super_block.
import { EINVAL } from '../abi/errno.js';
import type { Disk } from '../block/disk.js';
import type { UserNamespace } from '../ns/user-namespace.js';
import { Dentry } from './dentry.js';
import type { Inode } from './inode.js';

export interface FileSystemStatistics {
  /** f_type of statfs(2): a magic number. */
  magic: number;
  blockSize: number;
  blocks: number;
  free: number;
  files: number;
  filesFree: number;
}

export abstract class FileSystem {
  /** As in /proc/filesystems. */
  abstract readonly type: string;
  abstract readonly root: Inode;
  /** May the kernel remember names, and that a name is not there? Not where they come and go by themselves. */
  readonly remembersNames: boolean = true;
  /** Longest name of a directory entry. */
  readonly nameMax: number = 255;
  /** Changes are refused with EROFS. */
  readOnly = false;
  /** Does it show processes or devices that programs do not make? */
  readonly showsSystem: boolean = false;
  /** The user namespace that it was mounted in; undefined: the first. */
  owner?: UserNamespace;
  /** Open files that can write, of all its mounts. */
  writers = 0;
  /** It is so for good: nothing could take a change. */
  readonly fixedReadOnly: boolean = false;
  /** Files of it that somebody watches. */
  readonly watched = new Set<Inode>();
  /** What its data lie on; undefined: on nothing that programs see. */
  disk?: Disk;
  /** What /proc/mounts shows in the first column. */
  source = 'none';

  /** `device` is st_dev of its files: makedev of abi/device-number.ts. */
  constructor(readonly device: number) {}

  private top?: Dentry;

  /** The name of its root, the same for all its mounts: so whoever has it mounted sees what others make. Linux s_root. */
  get rootDentry(): Dentry {
    this.top ??= new Dentry('', undefined, this.root);
    return this.top;
  }

  abstract statistics(): FileSystemStatistics;
  /** What /proc/mounts shows behind the mount's own options. */
  options(): string {
    return '';
  }
  /** Takes other options while it is mounted: 0, or -EINVAL. */
  reconfigure(options: string): number {
    return options === '' ? 0 : -EINVAL;
  }
  /** Writes back what is dirty. An errno, or 0. */
  sync(): number {
    return 0;
  }
  /** As sync(), for what lasts alone, and without waiting for its storage. */
  writeBack(): number {
    return 0;
  }
  /** Gives back clean pages that nobody uses, or with `mapped` that are only mapped, of those that `may` says. How many. */
  reclaim(_may: (frame: number) => boolean, _mapped = false): number {
    return 0;
  }
  /** A mount that has `root` as its root is made, or has gone. */
  shown(_root: Dentry): void {}
  hidden(_root: Dentry): void {}
  /** The last mount is gone. */
  unmounted(): void {}
}
