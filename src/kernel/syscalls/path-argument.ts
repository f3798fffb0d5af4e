// Names that programs pass: a string, and the directory that it starts at. man 2 openat.
import { EBADF, ENOENT, ENOTDIR } from '../abi/errno.js';
import { AT_FDCWD } from '../abi/fcntl.js';
import { readString } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { Dentry } from '../vfs/dentry.js';
import type { Inode } from '../vfs/inode.js';
import { Path } from '../vfs/path.js';
import { resolve } from '../vfs/walk.js';

/** Where the names of a *at() call start. */
export function startOf(task: Task, dirfd: number, name: string): Path | number {
  if (dirfd === AT_FDCWD || name.startsWith('/')) return task.fs.cwd;
  const file = task.file(dirfd);
  if (!file) return -EBADF;
  if (!file.path || !file.inode.isDirectory) return -ENOTDIR;
  return file.path;
}

/** A name and its start; errors are negated errno. */
export function nameAt(task: Task, dirfd: number, address: number): { start: Path; name: string } | number {
  const name = readString(task.space, address);
  if (typeof name === 'number') return name;
  const start = startOf(task, dirfd, name);
  return typeof start === 'number' ? start : { start, name };
}

/** The file that a name leads to. `emptyPath`: an empty name is the descriptor itself (AT_EMPTY_PATH). */
export function pathAt(task: Task, dirfd: number, address: number, follow: boolean, emptyPath = false): Path | number {
  const name = readString(task.space, address);
  if (typeof name === 'number') return name;
  if (name === '') {
    if (!emptyPath) return -ENOENT;
    if (dirfd === AT_FDCWD) return task.fs.cwd;
    const file = task.file(dirfd);
    if (!file) return -EBADF;
    return file.path ?? unnamed(task, file.inode);
  }
  const start = startOf(task, dirfd, name);
  return typeof start === 'number' ? start : resolve(task, start, name, follow);
}

/** A place for an inode that has none: of a pipe or socket. */
export function unnamed(task: Task, inode: Inode): Path {
  return new Path(task.fs.root.mount, new Dentry('', undefined, inode));
}
