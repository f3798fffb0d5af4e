// What a tmpfs asks of whoever keeps its files elsewhere too: in a store that lasts (fs/store).
// Ours.
import type { PageSource } from '../mm/page-cache.js';
import type { InodeAttributes } from '../vfs/inode.js';
import type { TmpfsInode } from './tmpfs-inode.js';

/** What a file is besides its pages and its names. */
export interface FileRecord {
  attributes: InodeAttributes;
  /** A symbolic link's. */
  target: string;
  xattrs: [name: string, value: Uint8Array][];
}

/** The pages of a file as they are kept elsewhere: what is not in memory is read from there, or is a hole. */
export interface KeptPages extends PageSource {
  holds(index: number): boolean;
  nextHeld(index: number): number;
  readonly heldCount: number;
  /** Pages [first, end) are a hole now. */
  drop(first: number, end: number): void;
}

export interface TmpfsKeeper {
  pagesOf(inode: TmpfsInode): KeptPages;
  /** Pages of data that there are, and how many more there is room for. */
  readonly pages: number;
  readonly roomLeft: number;
  /** A page more will have to be kept: false when there is no room for it. */
  claimPage(): boolean;
  /** Its attributes or pages are others. */
  changed(inode: TmpfsInode): void;
  /** A name of a directory leads to `inode`, or to nothing. */
  named(directory: TmpfsInode, name: string, inode: TmpfsInode | undefined): void;
  /** It is gone: no name, and nobody has it open. */
  forgotten(inode: TmpfsInode): void;
  /** Keeps what has changed; `durable`: so that it outlives the host. An errno, or 0. */
  commit(durable: boolean): number;
}
