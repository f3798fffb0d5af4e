// From a path's text to a place in the tree: man 7 path_resolution; Linux fs/namei.c.
// Bounded: a name has at most NAME_MAX bytes, a path PATH_MAX, and 40 symbolic links are followed in all.
import { EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from '../abi/errno.js';
import { S_ISVTX } from '../abi/stat.js';
import type { Task } from '../task/task.js';
import { Dentry } from './dentry.js';
import { Path } from './path.js';
import { MAY_EXEC } from './permission.js';

export const MAX_LINKS = 40;

/** The last name of a path, not looked up: what create, unlink and rename work on. */
export interface LastName {
  directory: Path;
  /** May be '.', '..' or (for '/') ''. */
  name: string;
  /** The path ended with a slash: only a directory will do. */
  slash: boolean;
}

/** State of one resolution, so that links within links share its bounds. */
interface Walk {
  at: Path;
  links: number;
}

/** A path's place. `follow`: also through a link at its end. Errors are negated errno. */
export function resolve(task: Task, start: Path, name: string, follow = true): Path | number {
  if (name === '') return -ENOENT;
  const walk: Walk = { at: start, links: 0 };
  const last = walkToLast(task, walk, name);
  if (typeof last === 'number') return last;
  return finish(task, walk, last.name, follow || last.slash, last.slash);
}

/** As resolve(), but the last name is given back and need not be there. */
export function resolveLast(task: Task, start: Path, name: string): LastName | number {
  if (name === '') return -ENOENT;
  const walk: Walk = { at: start, links: 0 };
  return walkToLast(task, walk, name);
}

/**
 * As resolveLast(), for O_CREAT: a symbolic link at the end leads on, to where the file will be; one that leads to a file itself (those
 * of /proc/PID/fd) gives its place.
 */
export function resolveForCreate(task: Task, start: Path, name: string, follow: boolean): LastName | Path | number {
  if (name === '') return -ENOENT;
  const walk: Walk = { at: start, links: 0 };
  let rest = name;
  for (;;) {
    const last = walkToLast(task, walk, rest);
    if (typeof last === 'number' || !follow) return last;
    if (last.name === '' || last.name === '.' || last.name === '..') return last;
    const child = childOf(task, walk.at, last.name);
    if (typeof child === 'number') return child;
    if (!child.inode?.isSymlink) return last;
    const target = linkTarget(task, walk, child);
    if (typeof target === 'number') return target;
    if (typeof target !== 'string') return target;
    if (target.startsWith('/')) walk.at = task.fs.root;
    rest = target;
  }
}

/** The dentry of `name` in a directory, whose search right has been checked. A name that is not there has one without an inode. */
export function childOf(task: Task, directory: Path, name: string): Dentry | number {
  const { dentry } = directory;
  const known = dentry.child(name);
  if (known && (dentry.inode!.fs.remembersNames || known.pinned)) return known;
  if (name.length > dentry.inode!.fs.nameMax) return -ENAMETOOLONG;
  const inode = dentry.inode!.lookup(task, name);
  if (typeof inode === 'number' && inode !== -ENOENT) return inode;
  const child = new Dentry(name, dentry, typeof inode === 'number' ? undefined : inode);
  if (dentry.inode!.fs.remembersNames && !dentry.deleted) {
    dentry.add(child);
    if (!child.inode) task.kernel.vfs.noteNegative(dentry);
  }
  return child;
}

/** Walks all but the last name. */
function walkToLast(task: Task, walk: Walk, name: string): LastName | number {
  let rest = name;
  if (rest.startsWith('/')) walk.at = task.fs.root;
  for (;;) {
    let from = 0;
    while (rest.charCodeAt(from) === 0x2f) from++;
    let end = rest.indexOf('/', from);
    if (end < 0) end = rest.length;
    const part = rest.slice(from, end);
    let next = end;
    while (rest.charCodeAt(next) === 0x2f) next++;
    const denied = searchable(task, walk.at);
    if (denied !== 0) return denied;
    if (next === rest.length) return { directory: walk.at, name: part, slash: end < rest.length };
    const remaining = rest.slice(next);
    const stepped = step(task, walk, part);
    if (typeof stepped === 'number') return stepped;
    // a link's text goes in front of what is left
    rest = stepped === '' ? remaining : `${stepped}/${remaining}`;
    if (!walk.at.dentry.inode) return -ENOENT;
  }
}

function searchable(task: Task, at: Path): number {
  const { inode } = at.dentry;
  if (!inode?.isDirectory) return -ENOTDIR;
  return inode.allows(task, MAY_EXEC);
}

/** Goes to `name`; the text of a symbolic link that is to be walked next, or ''. */
function step(task: Task, walk: Walk, name: string): string | number {
  if (name === '.' || name === '') return '';
  if (name === '..') {
    return goUp(task, walk);
  }
  const child = childOf(task, walk.at, name);
  if (typeof child === 'number') return child;
  if (!child.inode) return -ENOENT;
  if (child.inode.isSymlink) {
    const target = linkTarget(task, walk, child);
    if (typeof target === 'number') return target;
    if (typeof target === 'string') {
      if (target.startsWith('/')) walk.at = task.fs.root;
      return target;
    }
    walk.at = target;
    return '';
  }
  walk.at = child.mounts > 0 ? new Path(walk.at.mount, child).covered : new Path(walk.at.mount, child);
  return '';
}

function goUp(task: Task, walk: Walk): '' | number {
  // the root is its own parent; what was mounted on it later is seen from here
  const { parent } = walk.at.same(task.fs.root) ? { parent: walk.at } : walk.at;
  if (!parent) return '';
  const { mount, dentry } = parent;
  // a directory that was moved out of the part of its filesystem that is mounted: nothing that is not mounted is above it
  if (mount.root.parent && !dentry.within(mount.root)) return -ENOENT;
  walk.at = parent.covered;
  return '';
}

/** Where a link in `walk.at` leads: text, or a place. */
function linkTarget(task: Task, walk: Walk, link: Dentry): string | Path | number {
  if (++walk.links > MAX_LINKS) return -ELOOP;
  const inode = link.inode!;
  const directory = walk.at.dentry.inode!;
  const { fsuid } = task.credentials;
  // fs.protected_symlinks: in /tmp nobody is led by a link of somebody else's
  const worldSticky = S_ISVTX | 0o002;
  if ((directory.mode & worldSticky) === worldSticky && inode.uid !== fsuid && inode.uid !== directory.uid)
    return -EACCES;
  const magic = inode.followMagic(task);
  if (magic !== undefined) return magic;
  const text = inode.readlink(task);
  if (text === '') return -ENOENT;
  return text;
}

/** The last name of a path. */
function finish(task: Task, walk: Walk, name: string, follow: boolean, directory: boolean): Path | number {
  let rest = name;
  let must = directory;
  for (;;) {
    if (rest === '' || rest === '.' || rest === '..') {
      const stepped = step(task, walk, rest);
      return typeof stepped === 'number' ? stepped : walk.at;
    }
    const child = childOf(task, walk.at, rest);
    if (typeof child === 'number') return child;
    if (!child.inode) return -ENOENT;
    if (!child.inode.isSymlink || !follow) {
      if (must && !child.inode.isDirectory) return -ENOTDIR;
      const place = new Path(walk.at.mount, child);
      return child.mounts > 0 ? place.covered : place;
    }
    const target = linkTarget(task, walk, child);
    if (typeof target === 'number') return target;
    if (typeof target !== 'string') {
      if (must && !target.dentry.inode?.isDirectory) return -ENOTDIR;
      return target;
    }
    const last = walkToLast(task, walk, target);
    if (typeof last === 'number') return last;
    rest = last.name;
    must ||= last.slash;
  }
}
