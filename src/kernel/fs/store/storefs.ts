// A filesystem that lasts: a tmpfs whose files are in a store (base/block-store.ts) too, from which a later kernel has them again.
// Ours, ordered as ext4's data=ordered: data are on the storage before the log points to them, blocks are another file's when the log says so.
// A commit is one transaction of the log, so a crash at any point leaves the names and attributes of a commit. A page that has a block is
// written in place, as on a disk. DEVIATION: a file without a name is gone with a crash, as is atime alone.
import { EIO, ENOSPC } from '../../abi/errno.js';
import type { BlockStore } from '../../../base/block-store.js';
import { InputError } from '../../../base/errors.js';
import type { Clock } from '../../clock.js';
import type { Frames } from '../../mm/frames.js';
import type { Timers } from '../../task/timers.js';
import { Tmpfs } from '../tmpfs.js';
import type { TmpfsInode } from '../tmpfs-inode.js';
import type { FileRecord, KeptPages, TmpfsKeeper } from '../tmpfs-keeper.js';
import { BlockData } from './block-data.js';
import type { ChunkWriter } from './log-records.js';
import { errnoOf, type PageWriter, StoredPages } from './stored-pages.js';
import { StoredTree } from './stored-tree.js';
import { StoreLog } from './store-log.js';

const ROOT_INO = 1;
/** Files that a store can have, and bytes of their names, targets and attributes: they are in the host's memory. */
const FILES_MAX = 2 ** 18;
const NAMES_MAX = 2 ** 26;
/** Nanoseconds from a change to when it is written by itself. Linux's dirty_writeback_centisecs. */
const WRITE_EVERY = 5e9;

/** What a filesystem needs of its kernel. */
export interface StorefsKernel {
  readonly frames: Frames;
  readonly clock: Clock;
  readonly timers: Timers;
}

export class Storefs implements TmpfsKeeper, PageWriter {
  readonly fs: Tmpfs;
  private readonly log: StoreLog;
  private readonly data: BlockData;
  /** The root as it was when it was new. */
  private readonly newRoot: FileRecord;
  // since the last commit
  private readonly changed_ = new Set<TmpfsInode>();
  private readonly named_ = new Map<TmpfsInode, Map<string, number>>();
  private readonly gone = new Set<number>();
  /** Pages that are on their way to the data file; with the first that fails none goes on. */
  private onTheWay: { pages: StoredPages; index: number }[] = [];
  private failed = 0;
  private closed = false;

  /** Opens what there is, or makes a new one with a root as `root` says. Throws InputError when the store is something else, and closes it. */
  constructor(
    device: number,
    private readonly kernel: StorefsKernel,
    private readonly store: BlockStore,
    root: { mode: number; uid?: number; gid?: number },
  ) {
    this.log = new StoreLog(store);
    this.data = new BlockData(store, this.log);
    const limits = { size: NAMES_MAX, files: FILES_MAX, type: 'storefs', ...root };
    try {
      const tree = new StoredTree(store.name);
      this.log.replay(tree);
      this.fs = new Tmpfs(device, kernel.frames, limits, kernel.clock, this);
      this.newRoot = this.fs.root.record;
      if (this.log.exists) {
        this.kernel.timers.cancel(this);
        this.changed_.clear();
        tree.restore(this.fs, this.data.allocator);
      }
      this.data.trim();
    } catch (error) {
      this.abandon();
      throw asInputError(store.name, error);
    }
  }

  // ---- what the filesystem tells ----------------------------------------------------------------------------------------------------------------

  pagesOf(inode: TmpfsInode): KeptPages {
    return new StoredPages(this, this.data, inode);
  }

  get pages(): number {
    return this.data.allocator.used;
  }

  get roomLeft(): number {
    return this.data.room;
  }

  claimPage(): boolean {
    if (this.data.claim()) return true;
    // what is claimed may have been written and removed since
    if (this.commit(true) !== 0) return false;
    return this.data.claim();
  }

  changed(inode: TmpfsInode): void {
    if (this.closed) return;
    if (this.isClean) this.writeLater();
    this.changed_.add(inode);
  }

  named(directory: TmpfsInode, name: string, inode: TmpfsInode | undefined): void {
    let names = this.named_.get(directory);
    if (!names) {
      names = new Map();
      this.named_.set(directory, names);
    }
    // a name that was taken away and given again is the last of its directory
    names.delete(name);
    names.set(name, inode?.ino ?? 0);
  }

  forgotten(inode: TmpfsInode): void {
    this.changed_.delete(inode);
    this.named_.delete(inode);
    if (this.closed || !pagesIn(inode).logged) return;
    if (this.isClean) this.writeLater();
    this.gone.add(inode.ino);
  }

  /** Timed: what has changed has waited long enough. */
  expire(): void {
    if (this.commit(false) !== 0) this.writeLater();
  }

  private writeLater(): void {
    const { timers, clock } = this.kernel;
    timers.set(this, clock.monotonic() + WRITE_EVERY);
  }

  writePage(pages: StoredPages, index: number, from: Uint8Array): number {
    this.onTheWay.push({ pages, index });
    if (this.failed !== 0) return this.failed;
    const block = pages.blockFor(index);
    if (block === 0) this.failed = ENOSPC;
    else this.attempt(() => this.data.write(block, from));
    return this.failed;
  }

  private attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.failed = errnoOf(error);
    }
  }

  // ---- commits ----------------------------------------------------------------------------------------------------------------------------------

  private get isClean(): boolean {
    return this.changed_.size === 0 && this.named_.size === 0 && this.gone.size === 0;
  }

  /** All that has changed is in the store, and with `durable` on the storage. An errno, or 0; with an errno nothing has been committed. */
  commit(durable: boolean): number {
    if (this.closed) return EIO;
    this.failed = 0;
    if (!this.isClean) this.writePages();
    if (this.failed === 0) this.attempt(() => this.writeLog(durable || this.data.isLeft));
    if (this.failed !== 0) {
      for (const { pages, index } of this.onTheWay) pages.inode.cache.markDirty(index);
      this.onTheWay = [];
      this.data.settle();
      return this.failed;
    }
    this.onTheWay = [];
    this.kernel.timers.cancel(this);
    if (this.log.isLong) this.begin();
    return 0;
  }

  private writePages(): void {
    // nothing points to data that have no log
    if (!this.log.exists) this.attempt(() => this.log.begin((writer) => writer.file(ROOT_INO, this.newRoot)));
    if (this.failed !== 0) return;
    for (const inode of [...this.changed_]) inode.cache.flush();
    if (this.failed === 0) this.attempt(() => this.data.writeRow());
  }

  private writeLog(durable: boolean): void {
    if (this.isClean) {
      if (!durable) return;
      this.data.flush(false);
      this.log.flush();
      this.data.release();
      return;
    }
    this.data.flush(!durable);
    this.log.append((writer, passOn) => this.writeChanges(writer, passOn), durable);
    this.noteCommitted();
    if (durable) this.data.release();
  }

  private writeChanges(writer: ChunkWriter, passOn: () => void): void {
    for (const ino of this.gone) {
      writer.gone(ino);
      passOn();
    }
    for (const inode of this.changed_)
      if (!isNameless(inode)) writeFile(inode, writer, passOn);
      else if (pagesIn(inode).logged) {
        writer.gone(inode.ino);
        passOn();
      }
    for (const [directory, names] of this.named_)
      for (const [name, target] of isNameless(directory) ? [] : names) {
        writer.name(directory.ino, name, target);
        passOn();
      }
  }

  private noteCommitted(): void {
    for (const inode of this.changed_) {
      const pages = pagesIn(inode);
      // its blocks stay its own for whoever has it open, and are said anew should it have a name again
      if (isNameless(inode)) pages.forgetLog();
      else pages.told();
    }
    this.changed_.clear();
    this.named_.clear();
    this.gone.clear();
    this.data.settle();
  }

  /** The log is long: it begins anew with what there is. That this fails costs nothing but its length. */
  private begin(): void {
    this.attempt(() => {
      this.data.flush(false);
      this.log.begin((writer, passOn) => {
        for (const inode of this.fs.all) {
          if (isNameless(inode)) continue;
          pagesIn(inode).anew = true;
          pagesIn(inode).logged = false;
          writeFile(inode, writer, passOn);
        }
        for (const inode of this.fs.all)
          for (const [name, { ino }] of inode.named()) {
            writer.name(inode.ino, name, ino);
            passOn();
          }
      });
      for (const inode of this.fs.all) if (!isNameless(inode)) pagesIn(inode).told();
      this.data.release();
    });
  }

  /** All that has changed is kept, and the store is closed. An errno, or 0. */
  close(): number {
    const failed = this.commit(true);
    this.abandon();
    return failed;
  }

  /** The store is closed as it is: it is to be removed. */
  abandon(): void {
    this.closed = true;
    this.kernel.timers.cancel(this);
    this.store.close();
  }
}

/** What a host has failed to read is said as what a store can't be. */
const asInputError = (name: string, error: unknown): unknown =>
  error instanceof Error && 'code' in error
    ? new InputError(`${name}: ${error.message}`, undefined, { cause: error })
    : error;

const pagesIn = (inode: TmpfsInode): StoredPages => inode.cache.kept as StoredPages;

/** No name leads to it (any more): it goes when it is closed. */
const isNameless = (inode: TmpfsInode): boolean => inode.nlink === 0;

function writeFile(inode: TmpfsInode, writer: ChunkWriter, passOn: () => void): void {
  const { record } = inode;
  writer.file(inode.ino, record);
  for (const [name, value] of record.xattrs) {
    writer.xattr(inode.ino, name, value);
    passOn();
  }
  pagesIn(inode).writeTo(writer, passOn);
  passOn();
}
