// Files and what they are stored on. man 2 fsync, sync, readahead, sync_file_range, posix_fadvise.
import { EBADF, EINVAL, ESPIPE } from '../abi/errno.js';
import { O_PATH } from '../abi/fcntl.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Task } from '../task/task.js';
import type { OpenFile } from '../vfs/open-file.js';

export function fsync(task: Task, fd: number): number {
  return task.file(fd)?.sync() ?? -EBADF;
}
export function sync(task: Task): number {
  for (const fs of task.kernel.mounted) fs.sync();
  return 0;
}
export function syncfs(task: Task, fd: number): number {
  const file = task.file(fd);
  return file ? -file.inode.fs.sync() || 0 : -EBADF;
}
/** Pages that one piece of advice brings in. */
const READ_AHEAD_MAX = 512;
const FADV_WILLNEED = 3;
const FADV_DONTNEED = 4;
const FADV_NOREUSE = 5;
const SYNC_FILE_RANGE_ALL = 7;

/** The file's pages come in before they are asked for. */
function bringIn({ inode }: OpenFile, offset: number, length: number): void {
  const { cache, size } = inode;
  if (!cache?.source) return;
  const first = Math.floor(offset / PAGE_SIZE);
  const end = Math.min(Math.ceil(Math.min(size, offset + length) / PAGE_SIZE), first + READ_AHEAD_MAX);
  for (let index = first; index < end; index++) if (cache.get(index) < 0) return;
}

export function readahead(task: Task, fd: number, offset: number, length: number): number {
  const file = task.file(fd);
  if (!file?.readable) return -EBADF;
  if (!file.inode.isRegular || offset < 0) return -EINVAL;
  bringIn(file, offset, length);
  return 0;
}

/** posix_fadvise(2): a length of 0 is to the end. */
export function fadvise(task: Task, fd: number, offset: number, length: number, advice: number): number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  if (file.inode.isFifo) return -ESPIPE;
  if (advice < 0 || advice > FADV_NOREUSE || length < 0) return -EINVAL;
  if (advice === FADV_DONTNEED && file.inode.isRegular) {
    const end = length === 0 ? Number.POSITIVE_INFINITY : Math.floor((offset + length) / PAGE_SIZE);
    file.inode.cache?.forget(Math.ceil(offset / PAGE_SIZE), end);
  }
  if (advice === FADV_WILLNEED && file.inode.isRegular && offset >= 0)
    bringIn(file, offset, length === 0 ? Number.POSITIVE_INFINITY : length);
  return 0;
}

export function syncFileRange(task: Task, fd: number, offset: number, length: number, flags: number): number {
  const file = task.file(fd);
  if (!file || (file.flags & O_PATH) !== 0) return -EBADF;
  if ((flags & ~SYNC_FILE_RANGE_ALL) !== 0 || offset < 0 || length < 0) return -EINVAL;
  const { inode } = file;
  if (!inode.isRegular && !inode.isDirectory) return -ESPIPE;
  return inode.isRegular && flags !== 0 ? file.sync() : 0;
}
