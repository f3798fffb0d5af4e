// Keeps the files of a tmpfs in a file of the host: a journal that changes are appended to, and that is read again at the next start.
// Ours; what it says is in journal-records.ts. A transaction counts when its last chunk is whole, so a crash at any point leaves the
// state of the last commit. Pages are read back from the journal when they are needed; memory holds what is in use, and what is new.
// DEVIATION: a file without a name that is open at a crash is gone, as a machine's is; it is not kept until then either.
import { assert } from '../../base/assert.js';
import { InputError } from '../../base/errors.js';
import { latin1 } from '../../base/bytes.js';
import { EIO, ENOSPC } from '../abi/errno.js';
import { S_IFDIR, S_IFMT } from '../abi/stat.js';
import type { Disk } from '../block/disk.js';
import { PAGE_SIZE } from '../mm/frames.js';
import {
  CHUNK_HEADER,
  chunkLength,
  ChunkWriter,
  type FileRecord,
  type JournalRecord,
  parseChunk,
} from './journal-records.js';
import type { KeptPages, Tmpfs, TmpfsInode, TmpfsKeeper } from './tmpfs.js';

const MAGIC = latin1('tabvisor changes, version 1\n');
export const ROOT_INO = 1;
/** Bytes that nothing needs any more before the file is written anew; and no less than are needed. */
const GARBAGE_MAX = 64 << 20;

/** The file of the host. Failures are thrown. */
export interface JournalStore {
  readonly name: string;
  readonly size: number;
  read(offset: number, into: Uint8Array): void;
  write(offset: number, bytes: Uint8Array): void;
  truncate(size: number): void;
  /** What has been written is on the storage. */
  sync(): void;
  /** A new file that takes the place of this one when `write` has written it, or never. */
  replace(write: (append: (bytes: Uint8Array) => void) => void): void;
  crc32(bytes: Uint8Array): number;
}

/** A file as the journal tells it. */
interface Kept {
  file?: FileRecord;
  names: Map<string, number>;
  /** Where the bytes of its pages are in the store; 0: they are zeros. */
  pages: Map<number, number>;
}

export class Journal implements TmpfsKeeper {
  private readonly files = new Map<number, Kept>();
  private end: number;
  private sequence = 1;
  private pagesKept = 0;

  // since the last commit
  private readonly changed_ = new Set<TmpfsInode>();
  private readonly named_ = new Map<TmpfsInode, Map<string, number>>();
  private readonly dropped = new Map<number, [first: number, end: number][]>();
  private readonly gone = new Set<number>();
  /** Pages that the present commit has written. */
  private written: { inode: TmpfsInode; index: number; at: number }[] = [];
  private writer: ChunkWriter;
  private restoring = true;

  /** Reads what there is. Throws InputError when the file is something else. */
  constructor(private readonly store: JournalStore) {
    this.writer = new ChunkWriter((bytes) => store.crc32(bytes));
    const { size, name } = store;
    if (size === 0) {
      store.write(0, MAGIC);
      this.end = MAGIC.length;
      return;
    }
    const magic = new Uint8Array(Math.min(size, MAGIC.length));
    store.read(0, magic);
    if (!magic.every((byte, i) => byte === MAGIC[i]))
      throw new InputError(`${name}: holds no changes of a root`, 'Give another file, or one that is not there yet.');
    this.end = this.replay();
    // what a crash has left of a transaction
    if (this.end < size || size < MAGIC.length) {
      store.write(0, MAGIC);
      store.truncate(this.end);
    }
  }

  private replay(): number {
    const { store } = this;
    let committed = MAGIC.length;
    let next = this.sequence;
    let waiting: { record: JournalRecord; base: number }[] = [];
    for (let at = MAGIC.length; at + CHUNK_HEADER <= store.size; ) {
      const header = new Uint8Array(CHUNK_HEADER);
      store.read(at, header);
      const length = chunkLength(header);
      if (length === undefined || at + length > store.size) break;
      const bytes = new Uint8Array(length);
      store.read(at, bytes);
      const chunk = parseChunk(bytes, (piece) => store.crc32(piece));
      if (!chunk || chunk.sequence !== this.sequence) break;
      for (const record of chunk.records) waiting.push({ record, base: at });
      at += length;
      this.sequence++;
      if (!chunk.last) continue;
      for (const { record, base } of waiting) this.apply(record, base);
      waiting = [];
      committed = at;
      next = this.sequence;
    }
    // chunks of a transaction that never ended are cut off, and their numbers come again
    this.sequence = next;
    return committed;
  }

  private kept(ino: number): Kept {
    let kept = this.files.get(ino);
    if (!kept) {
      kept = { names: new Map(), pages: new Map() };
      this.files.set(ino, kept);
    }
    return kept;
  }

  private apply(record: JournalRecord, base: number): void {
    const { ino } = record;
    const kept = this.kept(ino);
    switch (record.kind) {
      case 'file':
        kept.file = record.file;
        break;
      case 'xattr':
        kept.file?.xattrs.push([record.name, record.value]);
        break;
      case 'name':
        if (record.target === 0) kept.names.delete(record.name);
        else kept.names.set(record.name, record.target);
        break;
      case 'page':
        this.place(kept, record.index, base + record.at);
        break;
      case 'zeros':
        this.place(kept, record.index, 0);
        break;
      case 'drop':
        this.forgetPages(kept, record.first, record.end);
        break;
      case 'gone':
        this.forgetPages(kept, 0, Number.POSITIVE_INFINITY);
        this.files.delete(ino);
    }
  }

  private place(kept: Kept, index: number, at: number): void {
    if (!kept.pages.has(index)) this.pagesKept++;
    kept.pages.set(index, at);
  }

  private forgetPages({ pages }: Kept, first: number, end: number): void {
    const before = pages.size;
    if (end - first < pages.size) for (let index = first; index < end; index++) pages.delete(index);
    else for (const index of [...pages.keys()]) if (index >= first && index < end) pages.delete(index);
    this.pagesKept -= before - pages.size;
  }

  /** Gives a new filesystem the files that were kept. Throws InputError when they make no tree. */
  restore(fs: Tmpfs): void {
    const inodes = new Map<number, TmpfsInode>([[ROOT_INO, fs.root]]);
    for (const [ino, { file }] of this.files) {
      if (!file || (ino === ROOT_INO && (file.attributes.mode & S_IFMT) !== S_IFDIR))
        throw new InputError(`${this.store.name}: file ${ino} has no attributes`, 'The file is damaged.');
      if (ino === ROOT_INO) fs.root.restore(file);
      else inodes.set(ino, fs.restore(ino, file));
    }
    const placed = new Set<number>([ROOT_INO]);
    for (const [ino, { names }] of this.files)
      for (const [name, target] of names) {
        const [directory, inode] = [inodes.get(ino), inodes.get(target)];
        // a tree: of a directory there is one name, and none of the root
        const twice = inode?.isDirectory && placed.has(target);
        if (!directory?.isDirectory || !inode || twice || !/^[^/\0]{1,255}$/.test(name) || /^\.\.?$/.test(name))
          throw new InputError(`${this.store.name}: '${name}' is in no place of a tree`, 'The file is damaged.');
        placed.add(target);
        directory.restoreName(name, inode);
      }
    this.restoring = false;
    if (this.files.size > 0) this.changed_.clear();
  }

  // ---- what the filesystem tells ------------------------------------------------------------------------------------------------

  pagesOf(inode: TmpfsInode): KeptPages {
    return new JournalPages(this, inode);
  }

  changed(inode: TmpfsInode): void {
    if (!this.restoring || inode.ino === ROOT_INO) this.changed_.add(inode);
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
    this.dropped.delete(inode.ino);
    if (this.files.has(inode.ino)) this.gone.add(inode.ino);
  }

  // ---- pages --------------------------------------------------------------------------------------------------------------------

  locations(ino: number): Map<number, number> | undefined {
    return this.files.get(ino)?.pages;
  }

  readPage(at: number, into: Uint8Array): number {
    if (at === 0) return 0;
    try {
      this.store.read(at, into);
      return 0;
    } catch {
      return EIO;
    }
  }

  writePage(inode: TmpfsInode, index: number, from: Uint8Array): void {
    if (from.every((byte) => byte === 0)) {
      this.writer.zeros(inode.ino, index);
      this.written.push({ inode, index, at: 0 });
    } else this.written.push({ inode, index, at: this.end + this.writer.page(inode.ino, index, from) });
    this.passOn();
  }

  dropPages(inode: TmpfsInode, first: number, end: number): void {
    const kept = this.files.get(inode.ino);
    if (!kept || kept.pages.size === 0) return;
    this.forgetPages(kept, first, end);
    const ranges = this.dropped.get(inode.ino);
    if (ranges) ranges.push([first, end]);
    else this.dropped.set(inode.ino, [[first, end]]);
    this.changed(inode);
  }

  // ---- commits ------------------------------------------------------------------------------------------------------------------

  private passOn(): void {
    if (this.writer.isFull) this.append(false);
  }

  private append(last: boolean): void {
    const bytes = this.writer.finish(this.sequence, last);
    this.store.write(this.end, bytes);
    this.end += bytes.length;
    this.sequence++;
  }

  /** All that has changed is in the file, and with `durable` on the host's storage. An errno, or 0: then nothing has been committed. */
  commit(durable: boolean): number {
    if (this.changed_.size === 0 && this.named_.size === 0 && this.gone.size === 0) {
      if (durable) return this.attempt(() => this.store.sync());
      return 0;
    }
    const { end, sequence } = this;
    const failed = this.attempt(() => {
      this.writeChanges();
      this.append(true);
      if (durable) this.store.sync();
    });
    const { written } = this;
    this.written = [];
    if (failed !== 0) {
      this.end = end;
      this.sequence = sequence;
      this.writer = new ChunkWriter((bytes) => this.store.crc32(bytes));
      for (const { inode, index } of written) inode.cache.markDirty(index);
      this.attempt(() => this.store.truncate(end));
      return failed;
    }
    this.noteCommitted(written);
    this.compact();
    return 0;
  }

  private attempt(action: () => void): number {
    try {
      action();
      return 0;
    } catch (error) {
      return (error as { code?: string }).code === 'ENOSPC' ? ENOSPC : EIO;
    }
  }

  private writeChanges(): void {
    const { writer } = this;
    for (const ino of this.gone) {
      writer.gone(ino);
      this.passOn();
    }
    for (const inode of this.changed_) {
      if (isNameless(inode)) {
        if (this.files.has(inode.ino)) writer.gone(inode.ino);
        continue;
      }
      const { record } = inode;
      writer.file(inode.ino, record);
      for (const [name, value] of record.xattrs) {
        writer.xattr(inode.ino, name, value);
        this.passOn();
      }
      for (const [first, last] of this.dropped.get(inode.ino) ?? [])
        writer.drop(inode.ino, first, Number.isFinite(last) ? last : Number.MAX_SAFE_INTEGER);
      this.passOn();
      inode.cache.flush();
    }
    for (const [directory, names] of this.named_)
      for (const [name, target] of isNameless(directory) ? [] : names) {
        // first it goes, so that it comes last when it is read again
        if (target !== 0 && this.files.get(directory.ino)?.names.has(name)) writer.name(directory.ino, name, 0);
        writer.name(directory.ino, name, target);
        this.passOn();
      }
  }

  /** What was written is what is kept. */
  private noteCommitted(written: readonly { inode: TmpfsInode; index: number; at: number }[]): void {
    for (const ino of this.gone) this.apply({ kind: 'gone', ino }, 0);
    for (const inode of this.changed_)
      if (isNameless(inode)) {
        // its pages stay readable where they are, for whoever has it open
        const kept = this.files.get(inode.ino);
        if (kept) kept.file = undefined;
      } else this.kept(inode.ino).file = inode.record;
    for (const [directory, names] of this.named_)
      if (!isNameless(directory))
        for (const [name, target] of names) {
          this.apply({ kind: 'name', ino: directory.ino, name, target: 0 }, 0);
          this.apply({ kind: 'name', ino: directory.ino, name, target }, 0);
        }
    for (const { inode, index, at } of written) this.place(this.kept(inode.ino), index, at);
    this.changed_.clear();
    this.named_.clear();
    this.dropped.clear();
    this.gone.clear();
  }

  get isWorthCompacting(): boolean {
    const needed = this.pagesKept * PAGE_SIZE;
    return this.end - needed > Math.max(GARBAGE_MAX, needed);
  }

  /** Writes the file anew when much of it is of no use any more. A failure leaves the old one. */
  compact(force = false): void {
    if (!force && !this.isWorthCompacting) return;
    // a nameless file's pages would have no place in the new one
    for (const { file } of this.files.values()) if (!file) return;
    const moved: { pages: Map<number, number>; index: number; at: number }[] = [];
    let end = MAGIC.length;
    let sequence = 1;
    const failed = this.attempt(() =>
      this.store.replace((append) => {
        const writer = new ChunkWriter((bytes) => this.store.crc32(bytes));
        const page = new Uint8Array(PAGE_SIZE);
        const passOn = (last: boolean): void => {
          if (!last && !writer.isFull) return;
          const bytes = writer.finish(sequence++, last);
          append(bytes);
          end += bytes.length;
        };
        append(MAGIC);
        for (const [ino, { file, pages }] of this.files) {
          writer.file(ino, file!);
          for (const [name, value] of file!.xattrs) {
            writer.xattr(ino, name, value);
            passOn(false);
          }
          for (const [index, at] of pages) {
            if (at === 0) writer.zeros(ino, index);
            else {
              this.store.read(at, page);
              moved.push({ pages, index, at: end + writer.page(ino, index, page) });
            }
            passOn(false);
          }
        }
        for (const [ino, { names }] of this.files)
          for (const [name, target] of names) {
            writer.name(ino, name, target);
            passOn(false);
          }
        passOn(true);
      }),
    );
    if (failed !== 0) return;
    for (const { pages, index, at } of moved) pages.set(index, at);
    this.end = end;
    this.sequence = sequence;
  }
}

/** No name leads to it (any more): it goes when it is closed. */
const isNameless = (inode: TmpfsInode): boolean => inode.nlink === 0;

/** The pages of one file. */
export class JournalPages implements KeptPages {
  constructor(
    private readonly journal: Journal,
    private readonly inode: TmpfsInode,
  ) {}

  get disk(): Disk | undefined {
    return this.inode.fs.disk;
  }

  private get locations(): Map<number, number> | undefined {
    return this.journal.locations(this.inode.ino);
  }

  readPage(index: number, into: Uint8Array): number {
    return this.journal.readPage(this.locations?.get(index) ?? 0, into);
  }

  writePage(index: number, from: Uint8Array): number {
    assert(from.length === PAGE_SIZE, 'pages are written whole');
    this.journal.writePage(this.inode, index, from);
    return 0;
  }

  holds(index: number): boolean {
    return this.locations?.has(index) ?? false;
  }

  *held(): Iterable<number> {
    yield* this.locations?.keys() ?? [];
  }

  drop(first: number, end: number): void {
    this.journal.dropPages(this.inode, first, end);
  }
}
