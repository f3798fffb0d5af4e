// What procfs is made of: directories that are tables of entries, and links. Each inode is made when its name is looked up.
// Linux fs/proc/generic.c, fs/proc/base.c.
import { EACCES, ENOENT, EPERM } from '../../abi/errno.js';
import { S_IFDIR, S_IFLNK, S_IFMT } from '../../abi/stat.js';
import type { Task } from '../../task/task.js';
import type { Actor } from '../../vfs/actor.js';
import { type Attributes, type DirectoryEntry, Inode } from '../../vfs/inode.js';
import { DirectoryFile, type OpenFile } from '../../vfs/open-file.js';
import type { Path } from '../../vfs/path.js';
import type { Procfs } from './procfs.js';

/** What the files of a directory are about: a process, or the system. */
export interface Subject {
  /** Who owns a file about it; `mode` has the type. */
  owner(mode: number): { uid: number; gid: number };
  /** May `reader` see what only the process itself and its tracers may? */
  shows(reader: Task): boolean;
  /** What `shows` was asked about: a file that was opened for one program shows nothing of the next. */
  readonly program: object | undefined;
}

/** Where an entry's inode is made. */
export interface Place<S extends Subject> {
  fs: Procfs;
  ino: number;
  subject: S;
}

/** A name of a directory and what is made when it is looked up. */
export interface Entry<S extends Subject> {
  readonly name: string;
  /** With its type. */
  readonly mode: number;
  make(place: Place<S>): Inode;
}

/** The number of entry `index` of the directory that has number `ino`: the same whenever it is asked for. */
export function inoBelow(ino: number, index: number): number {
  return (Math.imul(ino, 0x9e3779b1) + index + 1) >>> 0 || 1;
}

export abstract class ProcInode extends Inode {
  declare readonly fs: Procfs;

  constructor(fs: Procfs, ino: number, mode: number, owner: { uid: number; gid: number }) {
    const { now } = fs;
    const nlink = (mode & S_IFMT) === S_IFDIR ? 2 : 1;
    super(fs, ino, {
      mode,
      uid: owner.uid,
      gid: owner.gid,
      rdev: 0,
      nlink,
      size: 0,
      atime: now,
      mtime: now,
      ctime: now,
    });
  }

  override get blocks(): number {
    return 0;
  }

  override setAttributes(_actor: Actor, change: Attributes): number {
    return change.mode === undefined ? 0 : -EPERM;
  }
}

/** Nothing can be made here: a name that is not there is not there, whatever is asked. */
export abstract class ProcDirectory extends ProcInode {
  override create(): Inode | number {
    return -ENOENT;
  }
  override symlink(): Inode | number {
    return -ENOENT;
  }
  override link(): number {
    return -ENOENT;
  }
  override rename(
    _actor: Actor,
    _name: string,
    _inode: Inode,
    _to: Inode,
    _toName: string,
    replaced: Inode | undefined,
  ): number {
    return replaced ? -EPERM : -ENOENT;
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    return new DirectoryFile(task, this, flags, path);
  }
}

/** A directory whose entries are a table. */
export class TableDirectory<S extends Subject> extends ProcDirectory {
  constructor(
    place: Place<S>,
    rights: number,
    private readonly table: readonly Entry<S>[],
  ) {
    super(place.fs, place.ino, S_IFDIR | rights, place.subject.owner(S_IFDIR | rights));
    this.subject = place.subject;
  }
  protected readonly subject: S;

  override lookup(_actor: Actor, name: string): Inode | number {
    const index = this.table.findIndex((entry) => entry.name === name);
    if (index < 0) return -ENOENT;
    return this.table[index]!.make({ fs: this.fs, ino: inoBelow(this.ino, index), subject: this.subject });
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    for (let i = position; i < this.table.length; i++) {
      const { name, mode } = this.table[i]!;
      if (!see({ name, ino: inoBelow(this.ino, i), mode }, i + 1)) break;
    }
    return 0;
  }
}

/** Where a link leads: text, and for those that lead to a file itself its place. Errors are negated errno. */
export interface LinkTarget<S extends Subject> {
  text(subject: S, reader: Task): string | number;
  follow?(subject: S, reader: Task): Path | number;
}

export class LinkInode<S extends Subject> extends ProcInode {
  constructor(
    { fs, ino, subject }: Place<S>,
    mode: number,
    private readonly target: LinkTarget<S>,
    size: number,
  ) {
    super(fs, ino, mode, subject.owner(mode));
    this.subject = subject;
    this.size = size;
  }
  private readonly subject: S;

  override readlink(task: Task): string | number {
    if (this.target.follow && !this.subject.shows(task)) return -EACCES;
    return this.target.text(this.subject, task);
  }

  override followMagic(task: Task): Path | number | undefined {
    if (!this.target.follow) return undefined;
    return this.subject.shows(task) ? this.target.follow(this.subject, task) : -EACCES;
  }
}

/** A link that `rights` says how it may be used (those of descriptors), or anybody. */
export function makeLink<S extends Subject>(place: Place<S>, target: LinkTarget<S>, rights = 0o777, size = 0): Inode {
  return new LinkInode(place, S_IFLNK | rights, target, size);
}

export function link<S extends Subject>(name: string, target: LinkTarget<S>): Entry<S> {
  return { name, mode: S_IFLNK | 0o777, make: (place) => makeLink(place, target) };
}

export function directory<S extends Subject>(
  name: string,
  rights: number,
  make: (place: Place<S>) => ProcDirectory,
): Entry<S> {
  return { name, mode: S_IFDIR | rights, make };
}

export function table<S extends Subject>(name: string, rights: number, entries: readonly Entry<S>[]): Entry<S> {
  return directory(name, rights, (place) => new TableDirectory(place, rights, entries));
}
