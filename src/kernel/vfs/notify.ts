// Who is told of what happens to files: the watches on a file, and on the directory that its name is in. Linux fs/notify/fsnotify.c,
// include/linux/fsnotify.h. The VFS and the system calls tell; filesystems need not know.
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_EXCL_UNLINK,
  IN_ISDIR,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_UNMOUNT,
} from '../abi/inotify.js';
import type { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';
import type { Inode } from './inode.js';
import type { OpenFile } from './open-file.js';
import type { Path } from './path.js';

/** Whoever watches files. */
export interface Watcher {
  /** `name`: of a file in the watched directory; '' says the watched file itself. */
  happened(watch: Watch, mask: number, name: string, cookie: number): void;
  /** The file, or its filesystem, is gone. */
  ended(watch: Watch): void;
}

export class Watch {
  constructor(
    readonly watcher: Watcher,
    readonly inode: Inode,
    readonly descriptor: number,
    /** IN_* bits. */
    public mask: number,
  ) {}

  /** Is told from now on. */
  attach(): void {
    const { inode } = this;
    inode.watches ??= [];
    inode.watches.push(this);
    inode.fs.watched.add(inode);
  }

  detach(): void {
    const { inode } = this;
    const left = inode.watches?.filter((watch) => watch !== this) ?? [];
    inode.watches = left.length > 0 ? left : undefined;
    if (left.length === 0) inode.fs.watched.delete(inode);
  }
}

function tell(inode: Inode, mask: number, name = '', cookie = 0, unlinked = false): void {
  if (!inode.watches) return;
  for (const watch of [...inode.watches]) {
    if ((watch.mask & mask) === 0 || (unlinked && (watch.mask & IN_EXCL_UNLINK) !== 0)) continue;
    watch.watcher.happened(watch, mask, name, cookie);
  }
}

const directoryBit = (inode: Inode): number => (inode.isDirectory ? IN_ISDIR : 0);

function tellPlace(dentry: Dentry, mask: number, unlinked: boolean): void {
  const { inode } = dentry;
  const parent = dentry.parent?.inode;
  if (!inode || (!inode.watches && !parent?.watches)) return;
  const all = mask | directoryBit(inode);
  if (parent) tell(parent, all, dentry.name, 0, unlinked);
  tell(inode, all, '', 0, unlinked);
}

/** A file was used by an open file: IN_ACCESS, IN_MODIFY, IN_OPEN, IN_CLOSE_*. Hot: mostly nobody watches. */
export function notifyFile({ path }: OpenFile, mask: number): void {
  if (path) tellPlace(path.dentry, mask, path.dentry.deleted);
}

/** A file was changed by its name: IN_ATTRIB and the like. */
export function notifyPath({ dentry }: Path, mask: number): void {
  tellPlace(dentry, mask, false);
}

export function notifyCreated(directory: Inode, name: string, inode: Inode): void {
  tell(directory, IN_CREATE | directoryBit(inode), name);
}

/** `inode` has another name, in `directory`. */
export function notifyLinked(directory: Inode, name: string, inode: Inode): void {
  tell(inode, IN_ATTRIB);
  tell(directory, IN_CREATE, name);
}

/** A name is gone; the file may live on. */
export function notifyUnlinked(directory: Inode, name: string, inode: Inode): void {
  if (!inode.isDirectory) tell(inode, IN_ATTRIB);
  tell(directory, IN_DELETE | directoryBit(inode), name);
}

export function notifyRenamed(
  from: Inode,
  name: string,
  to: Inode,
  toName: string,
  inode: Inode,
  replaced: Inode | undefined,
  cookie: number,
): void {
  const bit = directoryBit(inode);
  tell(from, IN_MOVED_FROM | bit, name, cookie);
  tell(to, IN_MOVED_TO | bit, toName, cookie);
  if (replaced && !replaced.isDirectory) tell(replaced, IN_ATTRIB);
  tell(inode, IN_MOVE_SELF);
}

/** Nobody can reach the file any more. */
export function notifyGone(inode: Inode): void {
  end(inode, IN_DELETE_SELF);
}

/** The filesystem is mounted nowhere any more. */
export function notifyUnmounted(fs: FileSystem): void {
  for (const inode of [...fs.watched]) end(inode, IN_UNMOUNT);
}

function end(inode: Inode, mask: number): void {
  for (const watch of [...(inode.watches ?? [])]) {
    // that a filesystem is gone is told to all
    if (mask === IN_UNMOUNT || (watch.mask & mask) !== 0) watch.watcher.happened(watch, mask, '', 0);
    if (inode.watches?.includes(watch)) watch.watcher.ended(watch);
  }
}
