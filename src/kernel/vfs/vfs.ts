// What the system calls do with names: open, make, remove, rename. Linux fs/namei.c, fs/open.c.
// All rights are checked here; filesystems only do.
import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  ENXIO,
  EOVERFLOW,
  EPERM,
  EROFS,
  ETXTBSY,
  EXDEV,
} from '../abi/errno.js';
import {
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
} from '../abi/fcntl.js';
import { IN_MODIFY, IN_OPEN } from '../abi/inotify.js';
import { MS_NODEV, MS_NOEXEC } from '../abi/mount.js';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID, S_ISUID } from '../abi/stat.js';
import { DEVICE_MKNOD, permitsDevice } from '../cgroup/devices.js';
import { CAP_FSETID, CAP_MKNOD } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { Dentry } from './dentry.js';
import type { FileSystem } from './file-system.js';
import type { Inode, NewInode } from './inode.js';
import { notifyCreated, notifyFile, notifyLinked, notifyRenamed, notifyUnlinked } from './notify.js';
import { type OpenFile, PathFile } from './open-file.js';
import { Path } from './path.js';
import { groupOfNew, MAY_EXEC, MAY_READ, MAY_WRITE, mayRemove, owns, permits } from './permission.js';
import { childOf, type LastName, resolve, resolveForCreate, resolveLast } from './walk.js';

/** Names known not to be there that are kept at most, before all are forgotten. */
const NEGATIVE_MAX = 50_000;

/** What the VFS needs of the rest of the kernel to open what is no file of a filesystem. */
export interface SpecialFiles {
  openDevice(task: Task, inode: Inode, flags: number, path: Path): OpenFile | number;
  openFifo(task: Task, inode: Inode, flags: number, path: Path): OpenFile | number;
}

export class Vfs {
  private negatives = 0;
  /** Of the newest rename: ties the two events that tell of it. */
  private renames = 0;
  /** The trees that such names are in. */
  private readonly negativeTrees = new Map<FileSystem, Set<Dentry>>();

  constructor(private readonly special: SpecialFiles) {}

  /** A name in `directory` is known not to be there. Hostile programs can ask for names without end, so they are counted. */
  noteNegative(directory: Dentry): void {
    let root = directory;
    while (root.parent) root = root.parent;
    const { fs } = root.inode!;
    const trees = this.negativeTrees.get(fs);
    if (trees) trees.add(root);
    else this.negativeTrees.set(fs, new Set([root]));
    if (++this.negatives >= NEGATIVE_MAX) for (const each of [...this.negativeTrees.keys()]) this.forget(each);
  }

  /** Nobody asks for names of a filesystem any more, or too many are known not to be there. */
  forget(fs: FileSystem): void {
    for (const tree of this.negativeTrees.get(fs) ?? []) this.negatives -= tree.pruneNegative();
    this.negativeTrees.delete(fs);
    // some have come into being meanwhile, and were counted
    if (this.negativeTrees.size === 0) this.negatives = 0;
  }

  // ---- open -----------------------------------------------------------------------------------------------------------------

  /** open(2) and openat(2); `mode` counts where a file is made, and has passed the umask. */
  open(task: Task, start: Path, name: string, flags: number, mode: number): OpenFile | number {
    if ((flags & O_PATH) !== 0) return this.openPath(task, start, name, flags);
    if ((flags & O_TMPFILE) === O_TMPFILE) return this.openUnnamed(task, start, name, flags, mode);
    if ((flags & O_CREAT) === 0) {
      const path = resolve(task, start, name, (flags & O_NOFOLLOW) === 0);
      return typeof path === 'number' ? path : this.openAt(task, path, flags, false);
    }
    if ((flags & O_DIRECTORY) !== 0) return -EINVAL;
    const last = resolveForCreate(task, start, name, (flags & (O_NOFOLLOW | O_EXCL)) === 0);
    if (typeof last === 'number') return last;
    if (last instanceof Path) return this.openAt(task, last, flags, false);
    if (last.name === '' || last.name === '.' || last.name === '..') return (flags & O_EXCL) !== 0 ? -EEXIST : -EISDIR;
    const child = childOf(task, last.directory, last.name);
    if (typeof child === 'number') return child;
    if (child.inode) {
      if ((flags & O_EXCL) !== 0) return -EEXIST;
      const path = new Path(last.directory.mount, child).covered;
      if (last.slash) return path.inode.isDirectory ? -EISDIR : -ENOTDIR;
      return this.openAt(task, path, flags, false);
    }
    if (last.slash) return -EISDIR;
    const made = this.makeAt(task, last, child, { mode: S_IFREG | (mode & 0o7777) });
    if (typeof made === 'number') return made;
    return this.openAt(task, made, flags & ~O_TRUNC, true);
  }

  private openPath(task: Task, start: Path, name: string, flags: number): OpenFile | number {
    const path = resolve(task, start, name, (flags & O_NOFOLLOW) === 0);
    if (typeof path === 'number') return path;
    if ((flags & O_DIRECTORY) !== 0 && !path.inode.isDirectory) return -ENOTDIR;
    return new PathFile(task, path.inode, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), path);
  }

  private openUnnamed(task: Task, start: Path, name: string, flags: number, mode: number): OpenFile | number {
    const directory = resolve(task, start, name);
    if (typeof directory === 'number') return directory;
    if ((flags & O_ACCMODE) === O_RDONLY) return -EINVAL;
    const denied = this.mayMake(task, directory);
    if (denied !== 0) return denied;
    const inode = directory.inode.createUnnamed(
      task,
      this.owned(task, directory.inode, { mode: S_IFREG | (mode & 0o7777) }),
    );
    if (typeof inode === 'number') return inode;
    inode.linkable = (flags & O_EXCL) === 0;
    const dentry = new Dentry(`#${inode.ino}`, directory.dentry, inode);
    dentry.deleted = true;
    return inode.open(task, flags & ~(O_TMPFILE | O_CREAT), new Path(directory.mount, dentry));
  }

  /** Opens what is at `path`. `made`: the caller has just made it, so any access will do. */
  openAt(task: Task, path: Path, flags: number, made: boolean): OpenFile | number {
    const { inode, mount } = path;
    const access = flags & O_ACCMODE;
    const writes = access !== O_RDONLY || (flags & O_TRUNC) !== 0;
    if (inode.isSymlink) return -ELOOP;
    if (inode.isDirectory) {
      if (writes || (flags & O_CREAT) !== 0) return -EISDIR;
    } else if ((flags & O_DIRECTORY) !== 0) return -ENOTDIR;
    if (inode.isSocket) return -ENXIO;
    if (!made) {
      const wanted = (access === O_WRONLY ? 0 : MAY_READ) | (writes ? MAY_WRITE : 0);
      const denied = inode.allows(task, wanted);
      if (denied !== 0) return denied;
      if ((flags & O_NOATIME) !== 0 && !owns(task.credentials, inode)) return -EPERM;
      if (writes && mount.readOnly && !inode.isDevice && !inode.isFifo) return -EROFS;
    }
    const file = this.openInode(task, path, flags);
    if (typeof file === 'number') return file;
    notifyFile(file, IN_OPEN);
    if ((flags & O_TRUNC) === 0 || !inode.isRegular) return file;
    const failed = inode.size === 0 ? 0 : inode.setAttributes(task, { size: 0 });
    if (failed === 0) {
      notifyFile(file, IN_MODIFY);
      return file;
    }
    file.release();
    return failed;
  }

  private openInode(task: Task, path: Path, flags: number): OpenFile | number {
    const { inode, mount } = path;
    if (inode.opensByType) {
      if (inode.isFifo) return this.special.openFifo(task, inode, flags, path);
      if ((mount.flags & MS_NODEV) !== 0 || mount.fs.owner?.parent) return -EACCES;
      return this.special.openDevice(task, inode, flags, path);
    }
    if (inode.isRegular && inode.size > 0x7fffffff && task.abi.wordSize === 4 && (flags & O_LARGEFILE) === 0)
      return -EOVERFLOW;
    if (inode.programs > 0 && ((flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0)) return -ETXTBSY;
    return inode.open(task, flags, path);
  }

  /** Is the file one that exec may start? 0, or the errno. */
  mayExecute(task: Task, path: Path): number {
    if (!path.inode.isRegular || (path.mount.flags & MS_NOEXEC) !== 0) return -EACCES;
    return permits(task.credentials, path.inode, MAY_EXEC);
  }

  // ---- making ---------------------------------------------------------------------------------------------------------------

  /** May entries of the directory change? */
  private mayChange(task: Task, directory: Path): number {
    if (directory.mount.readOnly) return -EROFS;
    if (directory.dentry.deleted) return -ENOENT;
    return permits(task.credentials, directory.inode, MAY_WRITE | MAY_EXEC);
  }

  private owned(task: Task, directory: Inode, made: { mode: number; rdev?: number }): NewInode {
    const who = task.credentials;
    const gid = groupOfNew(who, directory);
    let { mode } = made;
    if ((directory.mode & S_ISGID) !== 0) {
      if ((mode & S_IFMT) === S_IFDIR) mode |= S_ISGID;
      else if (
        (mode & S_ISGID) !== 0 &&
        (mode & 0o010) !== 0 &&
        !who.inGroup(gid) &&
        !who.hasFor(directory, CAP_FSETID)
      )
        mode &= ~S_ISGID;
    }
    return { ...made, mode, uid: who.fsuid, gid };
  }

  /** May a file be made there? Nobody whom the filesystem's own user namespace does not know makes any. */
  private mayMake(task: Task, directory: Path): number {
    const denied = this.mayChange(task, directory);
    const { fsuid, fsgid } = task.credentials;
    const { owner } = directory.mount.fs;
    const known = !owner || (owner.uids.from(fsuid) !== undefined && owner.gids.from(fsgid) !== undefined);
    return denied !== 0 || known ? denied : -EOVERFLOW;
  }

  private makeAt(task: Task, last: LastName, child: Dentry, made: { mode: number; rdev?: number }): Path | number {
    const { directory } = last;
    const denied = this.mayMake(task, directory);
    if (denied !== 0) return denied;
    const inode = directory.inode.create(task, last.name, this.owned(task, directory.inode, made));
    if (typeof inode === 'number') return inode;
    const path = this.named(directory, child, inode);
    notifyCreated(directory.inode, last.name, inode);
    return path;
  }

  /** `child`, a name that was not there, is that of `inode` now. */
  private named(directory: Path, child: Dentry, inode: Inode): Path {
    child.inode = inode;
    child.deleted = false;
    if (inode.fs.remembersNames) directory.dentry.add(child);
    return new Path(directory.mount, child);
  }

  /** The last name of a path where nothing must be; `slash` says whether a slash may end it. */
  private vacant(task: Task, start: Path, name: string, slash: boolean): { last: LastName; child: Dentry } | number {
    const last = resolveLast(task, start, name);
    if (typeof last === 'number') return last;
    if (last.name === '' || last.name === '.' || last.name === '..') return -EEXIST;
    const child = childOf(task, last.directory, last.name);
    if (typeof child === 'number') return child;
    if (child.inode) return -EEXIST;
    if (last.slash && !slash) return -ENOENT;
    return { last, child };
  }

  /** mkdir(2) and mknod(2): the mode has the type, and has passed the umask. */
  make(task: Task, start: Path, name: string, mode: number, rdev = 0): Path | number {
    const place = this.vacant(task, start, name, (mode & S_IFMT) === S_IFDIR);
    if (typeof place === 'number') return place;
    const type = mode & S_IFMT;
    const device = type === 0o020000 || type === 0o060000;
    // the device 0:0 of overlayfs's whiteouts can be made by everybody
    if (device && !(type === 0o020000 && rdev === 0) && !task.credentials.has(CAP_MKNOD)) return -EPERM;
    if (device && permitsDevice(task.cgroup, mode, rdev, DEVICE_MKNOD) !== 0) return -EPERM;
    return this.makeAt(task, place.last, place.child, { mode, rdev });
  }

  symlink(task: Task, target: string, start: Path, name: string): number {
    if (target === '') return -ENOENT;
    const place = this.vacant(task, start, name, false);
    if (typeof place === 'number') return place;
    const { directory } = place.last;
    const denied = this.mayMake(task, directory);
    if (denied !== 0) return denied;
    const made = this.owned(task, directory.inode, { mode: S_IFLNK | 0o777 });
    const inode = directory.inode.symlink(task, place.last.name, target, made);
    if (typeof inode === 'number') return inode;
    this.named(directory, place.child, inode);
    notifyCreated(directory.inode, place.last.name, inode);
    return 0;
  }

  link(task: Task, from: Path, start: Path, name: string): number {
    const place = this.vacant(task, start, name, false);
    if (typeof place === 'number') return place;
    const { directory } = place.last;
    if (from.mount !== directory.mount) return -EXDEV;
    const denied = this.mayChange(task, directory);
    if (denied !== 0) return denied;
    const { inode } = from;
    if (inode.isDirectory) return -EPERM;
    if (inode.nlink === 0 && !inode.linkable) return -ENOENT;
    if (!this.mayLink(task, inode)) return -EPERM;
    const failed = directory.inode.link(task, place.last.name, inode);
    if (failed !== 0) return failed;
    this.named(directory, place.child, inode);
    notifyLinked(directory.inode, place.last.name, inode);
    return 0;
  }

  /** fs.protected_hardlinks: who could not read and write a file, or would get its rights, can't give it a name. */
  private mayLink(task: Task, inode: Inode): boolean {
    const who = task.credentials;
    if (owns(who, inode)) return true;
    if (!inode.isRegular || (inode.mode & S_ISUID) !== 0) return false;
    if ((inode.mode & (S_ISGID | 0o010)) === (S_ISGID | 0o010)) return false;
    return permits(who, inode, MAY_READ | MAY_WRITE) === 0;
  }

  // ---- removing -------------------------------------------------------------------------------------------------------------

  unlink(task: Task, start: Path, name: string): number {
    const last = resolveLast(task, start, name);
    if (typeof last === 'number') return last;
    if (last.name === '' || last.name === '.' || last.name === '..') return -EISDIR;
    const child = this.removable(task, last);
    if (typeof child === 'number') return child;
    const inode = child.inode!;
    if (inode.isDirectory) return -EISDIR;
    if (last.slash) return -ENOTDIR;
    if (child.mounts > 0) return -EBUSY;
    const failed = last.directory.inode.unlink(task, last.name, inode);
    if (failed !== 0) return failed;
    child.unlink();
    notifyUnlinked(last.directory.inode, last.name, inode);
    inode.forgetIfUnused();
    return 0;
  }

  rmdir(task: Task, start: Path, name: string): number {
    const last = resolveLast(task, start, name);
    if (typeof last === 'number') return last;
    if (last.name === '.') return -EINVAL;
    if (last.name === '..') return -ENOTEMPTY;
    if (last.name === '') return -EBUSY;
    const child = this.removable(task, last);
    if (typeof child === 'number') return child;
    const inode = child.inode!;
    if (!inode.isDirectory) return -ENOTDIR;
    if (child.mounts > 0) return -EBUSY;
    const failed = last.directory.inode.rmdir(task, last.name, inode);
    if (failed !== 0) return failed;
    child.unlink();
    notifyUnlinked(last.directory.inode, last.name, inode);
    inode.forgetIfUnused();
    return 0;
  }

  /** The dentry of a name that may be taken away. */
  private removable(task: Task, last: LastName): Dentry | number {
    const child = childOf(task, last.directory, last.name);
    if (typeof child === 'number') return child;
    if (!child.inode) return -ENOENT;
    if (last.directory.mount.readOnly) return -EROFS;
    const denied = mayRemove(task.credentials, last.directory.inode, child.inode);
    return denied !== 0 ? denied : child;
  }

  /** renameat2(2). */
  rename(
    task: Task,
    start: Path,
    name: string,
    toStart: Path,
    toName: string,
    noReplace: boolean,
    exchange: boolean,
  ): number {
    const from = resolveLast(task, start, name);
    if (typeof from === 'number') return from;
    const to = resolveLast(task, toStart, toName);
    if (typeof to === 'number') return to;
    if (from.directory.mount !== to.directory.mount) return -EXDEV;
    const dots = ['', '.', '..'];
    if (dots.includes(from.name) || dots.includes(to.name))
      return noReplace && dots.includes(to.name) ? -EEXIST : -EBUSY;
    const child = childOf(task, from.directory, from.name);
    if (typeof child === 'number') return child;
    if (!child.inode) return -ENOENT;
    const target = childOf(task, to.directory, to.name);
    if (typeof target === 'number') return target;
    if (target.inode && noReplace) return -EEXIST;
    if (!target.inode && exchange) return -ENOENT;
    const moved = child.inode;
    if (!moved.isDirectory && (from.slash || (to.slash && !exchange))) return -ENOTDIR;
    if (to.directory.dentry.within(child)) return -EINVAL;
    if (target.inode && from.directory.dentry.within(target)) return exchange ? -EINVAL : -ENOTEMPTY;
    if (from.directory.mount.readOnly) return -EROFS;
    const denied = this.mayRename(task, from, child, to, target, exchange);
    if (denied !== 0) return denied;
    if (moved === target.inode) return 0;
    if (child.mounts > 0 || target.mounts > 0) return -EBUSY;
    const replaced = target.inode;
    const failed = from.directory.inode.rename(task, from.name, moved, to.directory.inode, to.name, replaced, exchange);
    if (failed !== 0) return failed;
    const told = [from.directory.inode, from.name, to.directory.inode, to.name] as const;
    notifyRenamed(...told, moved, exchange ? undefined : replaced, ++this.renames);
    if (exchange) {
      notifyRenamed(to.directory.inode, to.name, from.directory.inode, from.name, replaced!, undefined, ++this.renames);
      const { dentry } = from.directory;
      child.move(to.directory.dentry, to.name);
      target.move(dentry, from.name);
      to.directory.dentry.add(child);
      return 0;
    }
    target.unlink();
    child.move(to.directory.dentry, to.name);
    replaced?.forgetIfUnused();
    return 0;
  }

  private mayRename(
    task: Task,
    from: LastName,
    child: Dentry,
    to: LastName,
    target: Dentry,
    exchange: boolean,
  ): number {
    const who = task.credentials;
    const moved = child.inode!;
    const replaced = target.inode;
    const leaving = mayRemove(who, from.directory.inode, moved);
    if (leaving !== 0) return leaving;
    if (!replaced) {
      const entering = this.mayChange(task, to.directory);
      if (entering !== 0) return entering;
    } else {
      const going = mayRemove(who, to.directory.inode, replaced);
      if (going !== 0) return going;
      if (!exchange && moved.isDirectory !== replaced.isDirectory) return moved.isDirectory ? -ENOTDIR : -EISDIR;
    }
    // a directory that changes its parent has its `..` written
    if (from.directory.dentry === to.directory.dentry) return 0;
    if (moved.isDirectory && permits(who, moved, MAY_WRITE) !== 0) return -EACCES;
    return exchange && replaced?.isDirectory && permits(who, replaced, MAY_WRITE) !== 0 ? -EACCES : 0;
  }
}
