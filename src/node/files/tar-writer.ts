// A tar that comes piece by piece becomes files below a directory. What docker cp and PUT /containers/X/archive do; POSIX pax(1).
// Hostile: names are walked in the container's own tree, so no link leads out of it; a name above the directory is refused.
import { EEXIST, ENOENT, ENOSPC, errnoName } from '../../kernel/abi/errno.js';
import { O_CREAT, O_EXCL, O_LARGEFILE, O_WRONLY } from '../../kernel/abi/fcntl.js';
import { makedev } from '../../kernel/abi/device-number.js';
import { Hostfs } from '../../kernel/fs/hostfs.js';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO } from '../../kernel/abi/stat.js';
import type { Task } from '../../kernel/task/task.js';
import type { Inode } from '../../kernel/vfs/inode.js';
import { KernelIo } from '../../kernel/vfs/io.js';
import type { OpenFile } from '../../kernel/vfs/open-file.js';
import type { Path } from '../../kernel/vfs/path.js';
import { resolve } from '../../kernel/vfs/walk.js';
import { type TarEntry, TarStream } from '../../oci/tar/entries.js';
import { Refusal } from '../refusal.js';
import { fromBytes } from './view.js';
import { namesIn } from './tar-reader.js';

const DEVICES: Readonly<Record<string, number>> = { 3: S_IFCHR, 4: S_IFBLK, 6: S_IFIFO };
const FILES = '07S';
const ID_MAX = 0xffff_fffe;

export interface Unpacking {
  /** A directory stays one, and what is none stays none. */
  noOverwriteDirNonDir?: boolean;
  /** Whose everything is, whatever the archive says. */
  owner?: { uid: number; gid: number };
}

interface Begun {
  entry: TarEntry;
  file: OpenFile;
}

export class TarWriter {
  private readonly stream = new TarStream((entry) => this.seen.push(entry));
  /** Entries that have come with the newest piece. */
  private seen: TarEntry[] = [];
  private file?: Begun;
  /** Bytes that came before the newest piece. */
  private size = 0;
  /** Directories, whose times are set once everything is in them. */
  private readonly directories: { inode: Inode; entry: TarEntry }[] = [];

  constructor(
    private readonly task: Task,
    private readonly into: Path,
    private readonly how: Unpacking = {},
  ) {}

  /** Throws Refusal, InputError. */
  push(bytes: Uint8Array): void {
    this.stream.push(bytes);
    this.write(bytes);
    for (const entry of this.seen) {
      this.finishFile();
      this.place(entry);
      this.write(bytes);
    }
    this.seen = [];
    this.size += bytes.length;
  }

  /** What has come lasts from here on, where its filesystem does. Throws Refusal, InputError. */
  end(): void {
    this.stream.end();
    this.finishFile();
    for (const { inode, entry } of this.directories.reverse()) this.setTime(inode, entry);
    const failed = this.into.mount.fs.sync();
    if (failed < 0) throw new Refusal('invalid', `what was unpacked is not kept: ${errnoName(-failed)}`);
  }

  /** Nothing more comes: what there is stays. */
  abandon(): void {
    this.file?.file.release();
    this.file = undefined;
  }

  private check(entry: TarEntry, result: number): void {
    if (result < 0) throw failed(entry, result);
  }

  // ---- contents -----------------------------------------------------------------------------------------------------------------

  /** What the newest piece has of the file at hand. */
  private write(bytes: Uint8Array): void {
    if (!this.file) return;
    const { entry, file } = this.file;
    const end = this.size + bytes.length;
    for (const { offset, at, length } of entry.pieces) {
      const from = Math.max(at, this.size);
      const to = Math.min(at + length, end);
      if (from >= to) continue;
      const part = bytes.subarray(from - this.size, to - this.size);
      for (let done = 0; done < part.length; ) {
        const written = file.writeAt(this.task, new KernelIo(part.subarray(done)), offset + from - at + done);
        if (written <= 0) throw failed(entry, written === 0 ? -ENOSPC : written);
        done += written;
      }
    }
  }

  private finishFile(): void {
    if (!this.file) return;
    const { entry, file } = this.file;
    this.file = undefined;
    try {
      if (entry.size > file.inode.size) this.check(entry, file.truncate(this.task, entry.size));
      this.describe(file.inode, entry);
      this.setTime(file.inode, entry);
    } finally {
      file.release();
    }
  }

  // ---- names --------------------------------------------------------------------------------------------------------------------

  private place(entry: TarEntry): void {
    const names = this.namesOf(entry, entry.name);
    const name = names.pop();
    // the directory itself stays as it is
    if (name === undefined) return;
    const { vfs } = this.task.kernel;
    const parent = this.directory(names, entry);
    const isDirectory = entry.type === '5';
    const there = resolve(this.task, parent, name, false);
    if (typeof there !== 'number') {
      if (isDirectory && there.inode.isDirectory) {
        this.setDirectory(there, entry);
        return;
      }
      this.mayReplace(there, entry, isDirectory);
      removeAll(this.task, parent, name, there, entry);
    } else if (there !== -ENOENT) throw failed(entry, there);
    if (isDirectory) {
      const made = vfs.make(this.task, parent, name, S_IFDIR | (entry.mode & 0o7777));
      if (typeof made === 'number') throw failed(entry, made);
      this.setDirectory(made, entry);
    } else if (FILES.includes(entry.type)) {
      const flags = O_CREAT | O_EXCL | O_WRONLY | O_LARGEFILE;
      const file = vfs.open(this.task, parent, name, flags, 0o600);
      if (typeof file === 'number') throw failed(entry, file);
      this.file = { entry, file };
    } else if (entry.type === '2') {
      this.check(entry, vfs.symlink(this.task, entry.link, parent, name));
      const link = resolve(this.task, parent, name, false);
      if (typeof link === 'number') return;
      this.setOwner(link.inode, entry);
      this.setTime(link.inode, entry);
    } else if (entry.type === '1') this.link(parent, name, entry);
    else if (Object.hasOwn(DEVICES, entry.type)) {
      const mode = DEVICES[entry.type]! | (entry.mode & 0o7777);
      const made = vfs.make(this.task, parent, name, mode, makedev(entry.major, entry.minor));
      if (typeof made === 'number') throw failed(entry, made);
      this.describe(made.inode, entry);
      this.setTime(made.inode, entry);
    }
  }

  /** From the root of what is unpacked on; lexically, as it can't be above that. */
  private namesOf(entry: TarEntry, path: string): string[] {
    const names: string[] = [];
    for (const name of path.split('/')) {
      if (name === '' || name === '.') continue;
      if (name !== '..') names.push(name);
      else if (names.pop() === undefined)
        throw new Refusal(
          'invalid',
          `"${shown(path)}" is outside of the directory that "${shown(entry.name)}" is unpacked in`,
        );
    }
    return names;
  }

  private directory(names: readonly string[], entry: TarEntry): Path {
    let at = this.into;
    for (const name of names) {
      let next = resolve(this.task, at, name);
      if (next === -ENOENT) next = this.task.kernel.vfs.make(this.task, at, name, S_IFDIR | 0o755);
      if (typeof next === 'number') throw failed(entry, next);
      at = next.covered;
    }
    return at;
  }

  private mayReplace(there: Path, entry: TarEntry, isDirectory: boolean): void {
    if (!this.how.noOverwriteDirNonDir || there.inode.isDirectory === isDirectory) return;
    const name = shown(entry.name);
    const [old, made] = isDirectory ? ['non-directory', 'directory'] : ['directory', 'non-directory'];
    throw new Refusal(
      'invalid',
      `cannot overwrite ${old} "${name}" with ${made} "${shown(this.into.textFrom(this.task.fs.root))}"`,
    );
  }

  private link(parent: Path, name: string, entry: TarEntry): void {
    const names = this.namesOf(entry, entry.link);
    const last = names.pop();
    const target = last === undefined ? -EEXIST : resolve(this.task, this.directory(names, entry), last, false);
    if (typeof target === 'number') throw failed(entry, target);
    this.check(entry, this.task.kernel.vfs.link(this.task, target, parent, name));
  }

  // ---- attributes ---------------------------------------------------------------------------------------------------------------

  private setDirectory({ inode }: Path, entry: TarEntry): void {
    this.describe(inode, entry);
    this.directories.push({ inode, entry });
  }

  private setOwner(inode: Inode, entry: TarEntry): void {
    const { uid, gid } = this.how.owner ?? entry;
    if (!(uid >= 0 && uid <= ID_MAX && gid >= 0 && gid <= ID_MAX))
      throw new Refusal('invalid', `unpacking "${shown(entry.name)}": no owner has the number ${uid}:${gid}`);
    const result = inode.setAttributes(this.task, { uid, gid });
    // a folder of the host keeps the owners that its user may give
    if (!(inode.fs instanceof Hostfs)) this.check(entry, result);
  }

  /** The mode last: to change the owner takes away what would be his rights. */
  private describe(inode: Inode, entry: TarEntry): void {
    this.setOwner(inode, entry);
    this.check(entry, inode.setAttributes(this.task, { mode: entry.mode & 0o7777 }));
    // not every filesystem has attributes
    for (const [name, value] of entry.xattrs ?? []) if (/^(user|security)\./.test(name)) inode.setXattr(name, value, 0);
  }

  private setTime(inode: Inode, { mtime, nanoseconds }: TarEntry): void {
    const time = { seconds: mtime, nanoseconds };
    inode.setAttributes(this.task, { atime: time, mtime: time });
  }
}

const shown = (name: string): string => fromBytes(name.slice(0, 200));

const WORDS: Readonly<Record<string, string>> = {
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EBUSY: 'device or resource busy',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ENAMETOOLONG: 'file name too long',
};

function failed(entry: TarEntry, result: number): Refusal {
  const name = errnoName(-result);
  return new Refusal('invalid', `unpacking "${shown(entry.name)}": ${WORDS[name] ?? name}`);
}

/** Takes a name away, with everything below it. */
function removeAll(task: Task, parent: Path, name: string, place: Path, entry: TarEntry): void {
  const { vfs } = task.kernel;
  const check = (result: number): void => {
    if (result < 0) throw failed(entry, result);
  };
  if (!place.inode.isDirectory) {
    check(vfs.unlink(task, parent, name));
    return;
  }
  const open = [{ parent, name, path: place, names: namesIn(task, place.inode) }];
  for (let folder = open.at(-1); folder; folder = open.at(-1)) {
    const child = folder.names.pop();
    if (child === undefined) {
      check(vfs.rmdir(task, folder.parent, folder.name));
      open.pop();
      continue;
    }
    const below = resolve(task, folder.path, child, false);
    if (typeof below === 'number') check(below);
    else if (below.inode.isDirectory)
      open.push({ parent: folder.path, name: child, path: below, names: namesIn(task, below.inode) });
    else check(vfs.unlink(task, folder.path, child));
  }
}
