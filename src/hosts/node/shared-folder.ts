// A folder of the host as the tree behind virtio-9p. Nothing outside it can be reached, whatever links lie in it.
// Contract: src/base/file-tree.ts. Every call checks its whole way with lstat and opens with O_NOFOLLOW.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../base/errors.js';
import {
  type Attributes,
  type Changes,
  ERRNO,
  FileError,
  type FileSystemSize,
  type FileTree,
  type OpenFile,
  type OpenFlags,
  type Path,
} from '../../base/file-tree.js';
import { adviceToOpen } from './file-advice.js';
import { reason } from './files.js';

const CODES: Readonly<Record<string, number>> = {
  EPERM: ERRNO.PERM,
  ENOENT: ERRNO.NOENT,
  EACCES: ERRNO.ACCES,
  EEXIST: ERRNO.EXIST,
  EXDEV: ERRNO.XDEV,
  ENOTDIR: ERRNO.NOTDIR,
  EISDIR: ERRNO.ISDIR,
  EINVAL: ERRNO.INVAL,
  EMFILE: ERRNO.NFILE,
  ENFILE: ERRNO.NFILE,
  EFBIG: ERRNO.FBIG,
  ENOSPC: ERRNO.NOSPC,
  EROFS: ERRNO.ROFS,
  ENAMETOOLONG: ERRNO.NAMETOOLONG,
  ENOTEMPTY: ERRNO.NOTEMPTY,
  ELOOP: ERRNO.LOOP,
};
const NANOSECONDS = 1e9;

/** Runs `action`; what the host refuses becomes a FileError. */
function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(CODES[(error as NodeJS.ErrnoException).code ?? ''] ?? ERRNO.IO);
  }
}

/** Another process's view of the host's files: a link that realpath would take for our own root. man 5 proc_pid_root. */
const VIEW = /^\/proc\/\d+\/root(?=\/)/;

function realPath(path: string): string {
  const view = VIEW.exec(path)?.[0];
  if (view === undefined) return fs.realpathSync(path);
  const own = path.slice(view.length);
  // what is mounted in that view alone has no links of ours on its way
  return view + (fs.existsSync(own) ? fs.realpathSync(own) : own);
}

export class SharedFolder implements FileTree {
  private readonly root: string;

  /** Throws InputError when `path` is no folder. */
  constructor(
    path: string,
    private readonly readOnly: boolean,
    /** The option that it was given by, for messages. */
    what = 'share',
  ) {
    try {
      this.root = realPath(path);
      if (!fs.statSync(this.root).isDirectory()) throw new InputError(`--${what} ${path}: not a folder`);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`--${what} ${path}: ${reason(error)}`, adviceToOpen(what, path, error), { cause: error });
    }
  }

  stat(path: Path): Attributes {
    return guarded(() => attributes(fs.lstatSync(this.at(path), { bigint: true })));
  }

  list(path: Path): string[] {
    return guarded(() => fs.readdirSync(this.folder(path)));
  }

  statIn(path: Path): (name: string) => Attributes {
    const folder = guarded(() => this.folder(path));
    return (name) => guarded(() => attributes(fs.lstatSync(join(folder, name), { bigint: true })));
  }

  open(path: Path, flags: OpenFlags): OpenFile {
    if (flags.access !== 'read' || flags.truncate) this.writable();
    return guarded(() => new HostFile(fs.openSync(this.at(path), numeric(flags) | fs.constants.O_NOFOLLOW)));
  }

  create(path: Path, flags: OpenFlags, mode: number): OpenFile {
    this.writable();
    const more = fs.constants.O_CREAT | fs.constants.O_NOFOLLOW | (flags.exclusive ? fs.constants.O_EXCL : 0);
    return guarded(() => new HostFile(fs.openSync(this.at(path), numeric(flags) | more, mode)));
  }

  makeDirectory(path: Path, mode: number): void {
    this.writable();
    guarded(() => void fs.mkdirSync(this.at(path), { mode }));
  }

  makeSymlink(path: Path, target: string): void {
    this.writable();
    guarded(() => fs.symlinkSync(target, this.at(path)));
  }

  readLink(path: Path): string {
    return guarded(() => fs.readlinkSync(this.at(path)));
  }

  link(from: Path, to: Path): void {
    this.writable();
    guarded(() => {
      const at = this.at(from);
      // a hard link to a symbolic one would be to what it points at on some hosts
      if (fs.lstatSync(at).isSymbolicLink()) throw new FileError(ERRNO.PERM);
      fs.linkSync(at, this.at(to));
    });
  }

  rename(from: Path, to: Path): void {
    this.writable();
    guarded(() => fs.renameSync(this.at(from), this.at(to)));
  }

  remove(path: Path, directory: boolean): void {
    this.writable();
    if (path.length === 0) throw new FileError(ERRNO.PERM);
    guarded(() => (directory ? fs.rmdirSync(this.at(path)) : fs.unlinkSync(this.at(path))));
  }

  change(path: Path, { mode, uid, gid, size, accessed, modified }: Changes): void {
    this.writable();
    guarded(() => {
      const at = this.at(path);
      const now = fs.lstatSync(at, { bigint: true });
      if (size !== undefined) this.truncate(at, size);
      if (mode !== undefined && !now.isSymbolicLink()) fs.chmodSync(at, mode);
      if (uid !== undefined || gid !== undefined) this.own(at, uid ?? Number(now.uid), gid ?? Number(now.gid));
      if (accessed !== undefined || modified !== undefined) {
        fs.lutimesSync(at, seconds(accessed, now.atimeNs), seconds(modified, now.mtimeNs));
      }
    });
  }

  size(): FileSystemSize {
    return guarded(() => {
      const { bsize, blocks, bfree, bavail, files, ffree } = fs.statfsSync(this.root, { bigint: true });
      return { blockSize: Number(bsize), blocks, free: bfree, available: bavail, files, filesFree: ffree };
    });
  }

  /** The host's path; every part but the last is a real folder, so nothing on the way leads out. */
  private at(path: Path): string {
    let way = this.root;
    for (const [i, name] of path.entries()) {
      way = join(way, name);
      if (i < path.length - 1 && !fs.lstatSync(way).isDirectory()) throw new FileError(ERRNO.NOTDIR);
    }
    return way;
  }

  private folder(path: Path): string {
    const at = this.at(path);
    if (!fs.lstatSync(at).isDirectory()) throw new FileError(ERRNO.NOTDIR);
    return at;
  }

  private writable(): void {
    if (this.readOnly) throw new FileError(ERRNO.ROFS);
  }

  private truncate(at: string, size: bigint): void {
    const fd = fs.openSync(at, fs.constants.O_WRONLY | fs.constants.O_NOFOLLOW);
    try {
      fs.ftruncateSync(fd, Number(size));
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Without the right to give files away, they stay ours. */
  private own(at: string, uid: number, gid: number): void {
    try {
      fs.lchownSync(at, uid, gid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    }
  }
}

class HostFile implements OpenFile {
  constructor(private readonly fd: number) {}

  stat(): Attributes {
    return guarded(() => attributes(fs.fstatSync(this.fd, { bigint: true })));
  }

  read(offset: bigint, into: Uint8Array): number {
    return guarded(() => fs.readSync(this.fd, into, 0, into.length, offset));
  }

  write(offset: bigint, bytes: Uint8Array): number {
    return guarded(() => fs.writeSync(this.fd, bytes, 0, bytes.length, Number(offset)));
  }

  sync(): void {
    guarded(() => fs.fsyncSync(this.fd));
  }

  close(): void {
    guarded(() => fs.closeSync(this.fd));
  }
}

function numeric({ access, truncate }: OpenFlags): number {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_TRUNC } = fs.constants;
  // positions come with every write, so the host's append mode would be in the way
  const mode = access === 'read' ? O_RDONLY : access === 'write' ? O_WRONLY : O_RDWR;
  // a pipe that somebody has put there since must not hold us up
  return mode | (truncate ? O_TRUNC : 0) | fs.constants.O_NONBLOCK;
}

function seconds(wanted: bigint | 'now' | undefined, old: bigint): number {
  if (wanted === 'now') return Date.now() / 1000;
  return Number(wanted ?? old) / NANOSECONDS;
}

function attributes(stats: fs.BigIntStats): Attributes {
  return {
    mode: Number(stats.mode),
    inode: stats.ino,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: stats.nlink,
    device: stats.dev,
    special: stats.rdev,
    size: stats.size,
    blockSize: Number(stats.blksize),
    blocks: stats.blocks,
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  };
}
