// The tree of files that a log tells, while it is read; then a new filesystem has it.
// Ours. What makes no tree, or gives a block to two files, is said and not mounted.
import { InputError } from '../../../base/errors.js';
import { S_IFDIR, S_IFMT } from '../../abi/stat.js';
import type { Tmpfs } from '../tmpfs.js';
import type { TmpfsInode } from '../tmpfs-inode.js';
import type { FileRecord } from '../tmpfs-keeper.js';
import { type BlockAllocator, BLOCKS_MAX } from './block-allocator.js';
import { BlockMap, PAGES_MAX } from './block-map.js';
import type { LogRecord } from './log-records.js';
import type { StoredPages } from './stored-pages.js';

const ROOT_INO = 1;
const NAME = /^[^/\0]{1,255}$/;

interface StoredFile {
  file?: FileRecord;
  names: Map<string, number>;
  blocks: BlockMap;
}

export class StoredTree {
  private readonly files = new Map<number, StoredFile>();

  constructor(private readonly name: string) {}

  /** What the log says next. Throws InputError. */
  apply(record: LogRecord): void {
    const stored = this.stored(record.ino);
    switch (record.kind) {
      case 'file':
        stored.file = record.file;
        break;
      case 'xattr':
        stored.file?.xattrs.push([record.name, record.value]);
        break;
      case 'name':
        stored.names.delete(record.name);
        if (record.target !== 0) stored.names.set(record.name, record.target);
        break;
      case 'extent':
        this.place(stored, record);
        break;
      case 'drop':
        stored.blocks.remove(record.first, Math.min(record.end, PAGES_MAX), () => {});
        break;
      case 'gone':
        this.files.delete(record.ino);
    }
  }

  private stored(ino: number): StoredFile {
    let stored = this.files.get(ino);
    if (!stored) {
      stored = { names: new Map(), blocks: new BlockMap() };
      this.files.set(ino, stored);
    }
    return stored;
  }

  private place({ blocks }: StoredFile, extent: LogRecord & { kind: 'extent' }): void {
    const { ino, index, block, count } = extent;
    if (index < 0 || count < 1 || index + count > PAGES_MAX || block < 1 || block + count - 1 > BLOCKS_MAX)
      throw this.damaged(`file ${ino} has blocks that can't be`);
    for (let at = 0; at < count; at++) blocks.set(index + at, block + at);
  }

  /** Gives a new filesystem the files. Throws InputError. */
  restore(fs: Tmpfs, allocator: BlockAllocator): void {
    const inodes = new Map<number, TmpfsInode>();
    for (const [ino, { file, blocks }] of this.files) {
      if (!file || (ino === ROOT_INO && (file.attributes.mode & S_IFMT) !== S_IFDIR))
        throw this.damaged(`file ${ino} has no attributes`);
      const inode = ino === ROOT_INO ? fs.root : fs.restore(ino, file);
      if (ino === ROOT_INO) inode.restore(file);
      inodes.set(ino, inode);
      const pages = inode.cache.kept as StoredPages;
      pages.map = blocks;
      for (const { block, count } of blocks.runs())
        for (let at = 0; at < count; at++)
          if (!allocator.reserve(block + at)) throw this.damaged(`block ${block + at} is in two files`);
      pages.told();
    }
    const placed = new Set<number>([ROOT_INO]);
    for (const [ino, { names }] of this.files)
      for (const [name, target] of names) {
        const [directory, inode] = [inodes.get(ino), inodes.get(target)];
        // a tree: of a directory there is one name, and none of the root
        const twice = inode?.isDirectory && placed.has(target);
        if (!directory?.isDirectory || !inode || twice || !NAME.test(name) || /^\.\.?$/.test(name))
          throw this.damaged(`'${name}' is in no place of a tree`);
        placed.add(target);
        directory.restoreName(name, inode);
      }
  }

  private damaged(what: string): InputError {
    return new InputError(`${this.name}: ${what}`, 'It is damaged: remove it, what is in it is lost.');
  }
}
