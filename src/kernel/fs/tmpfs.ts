// tmpfs: files that live in the node's memory alone. man 5 tmpfs; Linux mm/shmem.c.
// The pages of a file are its data. A limit on pages and one on files, so that no program fills the node.
import { EINVAL } from '../abi/errno.js';
import { EXT4_SUPER_MAGIC, S_IFDIR, TMPFS_MAGIC } from '../abi/stat.js';
import { type Frames, PAGE_SIZE } from '../mm/frames.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import type { NewInode } from '../vfs/inode.js';
import { parseOptions } from './mount-options.js';
import { TmpfsInode } from './tmpfs-inode.js';
import type { FileRecord, TmpfsKeeper } from './tmpfs-keeper.js';

export interface TmpfsOptions {
  /** Bytes that data may take. Default: half of the node's memory. */
  size?: number;
  /** Files that there may be. Default: one for each page of `size`. */
  files?: number;
  mode?: number;
  uid?: number;
  gid?: number;
  /** What /proc/mounts calls it. */
  type?: string;
}

/** Options as mount(2) has them, man 5 tmpfs; -EINVAL. `whole`: bytes of the node. */
export const TMPFS_OPTIONS = {
  size: 'size',
  nr_blocks: 'size',
  nr_inodes: 'size',
  mode: 'octal',
  uid: 'number',
  gid: 'number',
  huge: 'word',
  mpol: 'word',
  inode32: 'flag',
  inode64: 'flag',
  noswap: 'flag',
} as const;

export function tmpfsOptions(text: string, whole: number): TmpfsOptions | number {
  const given = parseOptions(text, TMPFS_OPTIONS, whole);
  if (typeof given === 'number') return given;
  const options: TmpfsOptions = {};
  // no limit at all is what there is
  const limit = (value: number | string): number => (value === 0 ? whole : Math.min(Number(value), whole));
  if (given.size !== undefined) options.size = Math.ceil(limit(given.size) / PAGE_SIZE) * PAGE_SIZE;
  if (given.nr_blocks !== undefined) options.size = limit(Number(given.nr_blocks) * PAGE_SIZE);
  if (given.nr_inodes !== undefined) options.files = limit(given.nr_inodes);
  if (given.mode !== undefined) options.mode = Number(given.mode) & 0o7777;
  if (given.uid !== undefined) options.uid = Number(given.uid);
  if (given.gid !== undefined) options.gid = Number(given.gid);
  return options;
}

/** What a file takes besides its data, in bytes, as whoever makes it is charged: Linux's inode and dentry of about that. */
const INODE_COST = 1024;

export class Tmpfs extends FileSystem {
  readonly type: string;
  readonly root: TmpfsInode;
  private maxBytes: number;
  private maxFiles: number;
  private files = 0;
  private nextIno = 1;
  /** All of them, where their memory can be had back. */
  private readonly inodes?: Set<TmpfsInode>;
  /** Bytes of names, link targets and attributes. */
  private extra = 0;

  constructor(
    device: number,
    readonly frames: Frames,
    private limits: TmpfsOptions,
    now: { date(): { seconds: number; nanoseconds: number } },
    readonly keeper?: TmpfsKeeper,
  ) {
    super(device);
    this.type = limits.type ?? 'tmpfs';
    this.maxBytes = limits.size ?? Math.floor(frames.count / 2) * PAGE_SIZE;
    this.maxFiles = limits.files ?? Math.max(64, Math.floor(this.maxBytes / PAGE_SIZE));
    this.clock = now;
    if (keeper) this.inodes = new Set();
    this.root = this.newInode({
      mode: S_IFDIR | (limits.mode ?? 0o1777),
      uid: limits.uid ?? 0,
      gid: limits.gid ?? 0,
    }) as TmpfsInode;
    this.root.nlink = 2;
    this.root.parent = this.root;
  }

  private readonly clock: { date(): { seconds: number; nanoseconds: number } };
  /** Pages of data that there are. */
  pages = 0;

  get now(): { seconds: number; nanoseconds: number } {
    return this.clock.date();
  }

  get maxPages(): number {
    return Math.floor(this.maxBytes / PAGE_SIZE);
  }

  /** Takes or gives back room for `bytes` of names and the like. */
  claim(bytes: number): boolean {
    if (bytes > 0 && this.extra + bytes > this.maxBytes) return false;
    this.extra += bytes;
    return true;
  }

  newInode(made: NewInode): TmpfsInode | undefined {
    if (this.files >= this.maxFiles) return undefined;
    const { payer } = this.frames;
    if (payer && !payer.keep(INODE_COST)) return undefined;
    this.files++;
    const inode = new TmpfsInode(this, this.nextIno++, made);
    inode.paidBy(payer, INODE_COST);
    this.inodes?.add(inode);
    this.keeper?.changed(inode);
    return inode;
  }

  /** All files of one that is kept elsewhere. */
  get all(): Iterable<TmpfsInode> {
    return this.inodes ?? [];
  }

  forget(inode: TmpfsInode): void {
    this.files--;
    this.claim(-inode.extra);
    inode.settle();
    this.inodes?.delete(inode);
    this.keeper?.forgotten(inode);
  }

  /** A file that was kept, as it was. */
  restore(ino: number, record: FileRecord): TmpfsInode {
    this.files++;
    this.nextIno = Math.max(this.nextIno, ino + 1);
    const inode = new TmpfsInode(this, ino, record.attributes);
    inode.restore(record);
    this.inodes?.add(inode);
    return inode;
  }

  override sync(): number {
    return this.keeper?.commit(true) ?? 0;
  }

  override writeBack(): number {
    return this.keeper?.commit(false) ?? 0;
  }

  /** What is kept elsewhere can be read again, once it is there. */
  override reclaim(may: (frame: number) => boolean, mapped = false): number {
    if (this.keeper?.commit(false) !== 0) return 0;
    let given = 0;
    for (const inode of this.inodes!) given += inode.cache.reclaim(may, mapped);
    return given;
  }

  statistics(): FileSystemStatistics {
    const { maxPages, keeper } = this;
    const { pages, roomLeft } = keeper ?? { pages: this.pages, roomLeft: Math.max(0, maxPages - this.pages) };
    return {
      magic: keeper ? EXT4_SUPER_MAGIC : TMPFS_MAGIC,
      blockSize: PAGE_SIZE,
      blocks: keeper ? pages + roomLeft : maxPages,
      free: roomLeft,
      files: this.maxFiles,
      filesFree: this.maxFiles - this.files,
    };
  }

  override options(): string {
    // its store's bounds are no options
    if (this.keeper) return '';
    const { size, files, mode, uid, gid } = this.limits;
    return [
      size !== undefined && `size=${Math.floor(size / 1024)}k`,
      files !== undefined && `nr_inodes=${files}`,
      mode !== undefined && mode !== 0o1777 && `mode=${mode.toString(8).padStart(3, '0')}`,
      uid && `uid=${uid}`,
      gid && `gid=${gid}`,
    ]
      .filter(Boolean)
      .join(',');
  }

  /** Another size or number of files, not below what there is; the rest was for the root when it was made. */
  override reconfigure(text: string): number {
    if (this.keeper) return super.reconfigure(text);
    const given = tmpfsOptions(text, this.frames.count * PAGE_SIZE);
    if (typeof given === 'number') return given;
    const { size = this.maxBytes, files = this.maxFiles } = given;
    if (size < this.pages * PAGE_SIZE || files < this.files) return -EINVAL;
    this.maxBytes = size;
    this.maxFiles = files;
    this.limits = { ...this.limits, ...(given.size && { size }), ...(given.files && { files }) };
    return 0;
  }

  /** Nobody can reach a file any more. */
  override unmounted(): void {
    const waiting: TmpfsInode[] = [this.root];
    for (let inode = waiting.pop(); inode; inode = waiting.pop()) {
      inode.cache.leave();
      inode.settle();
      // there may be more than a call takes arguments
      for (const child of inode.childInodes()) waiting.push(child);
    }
  }
}
