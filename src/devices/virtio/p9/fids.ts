// The fids of a 9P session: what each stands for and has open; as plain data they outlive the process.
// Source: Plan 9 manual, section 5, intro(5) ("Fids"); the Snapshottable contract in device.ts.
import { SnapshotError, section } from '../../snapshot-fields.js';
import { ERRNO, FileError, type FileTree, type OpenFile, type OpenFlags, type Path } from '../../../base/file-tree.js';

const FIDS_MAX = 65536;
const NO_FID = 0xffffffff;
const NAME_MAX = 255;
const DEPTH_MAX = 256;
const S_IFMT = 0xf000;
const S_IFREG = 0x8000;
type Access = OpenFlags['access'];
const ACCESS: readonly Access[] = ['read', 'write', 'both'];

export interface Fid {
  path: Path;
  /** Of an open file, with what it was opened for. */
  file?: OpenFile;
  access?: Access;
  /** Of an open directory: its names at the time of the first read. */
  names?: readonly string[];
  directory?: boolean;
}

export class Fids {
  private readonly fids = new Map<number, Fid>();

  constructor(private readonly tree: FileTree) {}

  /** Throws FileError when there is none. */
  at(number: number): Fid {
    const fid = this.fids.get(number);
    if (!fid) throw new FileError(ERRNO.BADF);
    return fid;
  }

  /** Throws FileError when the number is taken, or there are too many. */
  add(number: number, fid: Fid): void {
    if (number === NO_FID || this.fids.has(number)) throw new FileError(ERRNO.BADF);
    if (this.fids.size >= FIDS_MAX) throw new FileError(ERRNO.NFILE);
    this.fids.set(number, fid);
  }

  /** Opens the file at the fid's path, whose attributes are these. Throws FileError. */
  open(fid: Fid, flags: OpenFlags, { mode } = this.tree.stat(fid.path)): void {
    // a device, a socket or a pipe of the host is no business of a guest's
    if ((mode & S_IFMT) !== S_IFREG) throw new FileError(ERRNO.ACCES);
    fid.file = this.tree.open(fid.path, flags);
    fid.access = flags.access;
  }

  /** Throws FileError when there is none. */
  drop(number: number): void {
    const { file } = this.at(number);
    this.fids.delete(number);
    file?.close();
  }

  clear(): void {
    for (const { file } of this.fids.values()) file?.close();
    this.fids.clear();
  }

  /** What stood for `from`, or for something in it, does so for `to`. */
  move(from: Path, to: Path): void {
    for (const fid of this.fids.values()) {
      if (from.every((name, i) => fid.path[i] === name)) fid.path = [...to, ...fid.path.slice(from.length)];
    }
  }

  /** Throws SnapshotError when something is open that whoever restores could not open again. */
  save(): unknown {
    return [...this.fids].map(([number, { path, file, access, names, directory }]) => {
      if (file && file !== STALE && !this.canReopen(path, file, access))
        throw new SnapshotError(
          `the guest has ${path.join('/')} open, which was removed or replaced since; close it in the guest first`,
        );
      return { number, path, access, names, directory };
    });
  }

  /** Opens again what was open. A file that is not there any more stays open, and answers ESTALE. Throws SnapshotError. */
  restore(state: unknown): void {
    this.clear();
    if (!Array.isArray(state) || state.length > FIDS_MAX) throw new SnapshotError('snapshot: the fids are no list');
    for (const one of state) {
      const fid = fidOf(section(one));
      const { number } = section(one);
      if (!fid || !Number.isInteger(number) || this.fids.has(number as number))
        throw new SnapshotError('snapshot: a fid that is none');
      if (fid.access !== undefined) this.reopen(fid, fid.access);
      this.fids.set(number as number, fid);
    }
  }

  private reopen(fid: Fid, access: Access): void {
    try {
      this.open(fid, again(access));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      fid.file = STALE;
    }
  }

  private canReopen(path: Path, file: OpenFile, access: Access = 'read'): boolean {
    const fid: Fid = { path };
    try {
      this.open(fid, again(access));
      const [then, now] = [file.stat(), fid.file!.stat()];
      return then.inode === now.inode && then.device === now.device;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    } finally {
      fid.file?.close();
    }
  }
}

function again(access: Access): OpenFlags {
  return { access, truncate: false, append: false, exclusive: false };
}

/** Undefined: it is none. */
function fidOf({ path, access, names, directory }: Record<string, unknown>): Fid | undefined {
  const isText = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((one) => typeof one === 'string');
  if (!isText(path) || !path.every(isChildName)) return undefined;
  if (names !== undefined && !isText(names)) return undefined;
  if (access !== undefined && !ACCESS.includes(access as Access)) return undefined;
  return { path, access: access as Access | undefined, names, directory: directory === true };
}

const stale = (): never => {
  throw new FileError(ERRNO.STALE);
};
/** Was open, and could not be opened again. */
const STALE: OpenFile = { stat: stale, read: stale, write: stale, sync: stale, close() {} };

function isChildName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
}

/** The path of `name` in the directory at `path`. Throws FileError when no file can have that name. */
export function child(path: Path, name: string): Path {
  if (!isChildName(name)) throw new FileError(ERRNO.INVAL);
  if (name.length > NAME_MAX || path.length >= DEPTH_MAX) throw new FileError(ERRNO.NAMETOOLONG);
  return [...path, name];
}
