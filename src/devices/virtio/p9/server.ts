// The 9P2000.L server: fids, and what each message does to the file tree.
// Source: 9P2000.L as diod's protocol.md and Linux's include/net/9p/9p.h have it.
import { SnapshotError, section } from '../../snapshot-fields.js';
import {
  type Attributes,
  type Changes,
  ERRNO,
  FileError,
  type FileTree,
  type OpenFlags,
  type Path,
} from '../../../base/file-tree.js';
import { child, type Fid, Fids } from './fids.js';
import { type Qid, Reader, Writer } from './message.js';

const HEADER = 7;
/** Header and count in front of the data of a read. */
export const READ_OVERHEAD = 11;
export const MSIZE_MAX = 512 * 1024;
const MSIZE_MIN = 4096;
const WALK_MAX = 16;
const NAME_MAX = 255;
/** Of a directory: qid, offset, type, and a name whose characters take up to 4 bytes. */
const ENTRY_MAX = 13 + 8 + 1 + 2 + 4 * NAME_MAX;
const VERSION = '9P2000.L';
const FILE_SYSTEM_MAGIC = 0x01021997;
const BASIC_ATTRIBUTES = 0x7ffn;

const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
const S_IFLNK = 0xa000;
const QID = { DIRECTORY: 0x80, SYMLINK: 0x02 };
const O = { ACCESS: 3, WRITE: 1, BOTH: 2, EXCLUSIVE: 0o200, TRUNCATE: 0o1000, APPEND: 0o2000, DIRECTORY: 0o200000 };
const REMOVE_DIRECTORY = 0x200;
const SET = { MODE: 1, UID: 2, GID: 4, SIZE: 8, ATIME: 0x10, MTIME: 0x20, ATIME_SET: 0x80, MTIME_SET: 0x100 };
const LOCK_SUCCESS = 0;
const UNLOCKED = 2;
const SECOND = 1_000_000_000n;

const T = {
  LERROR: 6,
  STATFS: 8,
  LOPEN: 12,
  LCREATE: 14,
  SYMLINK: 16,
  RENAME: 20,
  READLINK: 22,
  GETATTR: 24,
  SETATTR: 26,
  READDIR: 40,
  FSYNC: 50,
  LOCK: 52,
  GETLOCK: 54,
  LINK: 70,
  MKDIR: 72,
  RENAMEAT: 74,
  UNLINKAT: 76,
  VERSION: 100,
  ATTACH: 104,
  FLUSH: 108,
  WALK: 110,
  READ: 116,
  WRITE: 118,
  CLUNK: 120,
  REMOVE: 122,
} as const;

type Handler = (message: Reader, reply: Writer) => void;

export class P9Server {
  private msize = MSIZE_MIN;
  private readonly fids: Fids;
  private readonly handlers: Readonly<Record<number, Handler>>;

  constructor(private readonly tree: FileTree) {
    this.fids = new Fids(tree);
    this.handlers = this.table();
  }

  /** Closes everything, as a new session does. */
  reset(): void {
    this.fids.clear();
    this.msize = MSIZE_MIN;
  }

  /** Throws SnapshotError when something that is open could not be opened again. */
  save(): unknown {
    return { msize: this.msize, fids: this.fids.save() };
  }

  /** Throws SnapshotError. */
  restore(state: unknown): void {
    const { msize, fids } = section(state);
    if (!Number.isInteger(msize) || (msize as number) < MSIZE_MIN || (msize as number) > MSIZE_MAX)
      throw new SnapshotError(`snapshot: messages of ${msize} bytes`);
    this.msize = msize as number;
    this.fids.restore(fids);
  }

  /** The answer to a message, of at most `room` bytes. Never throws. */
  answer(message: Uint8Array, room: number): Uint8Array {
    let tag = 0xffff;
    try {
      const reader = new Reader(message);
      const size = reader.u32();
      const type = reader.u8();
      tag = reader.u16();
      if (size !== message.length || (size > this.msize && type !== T.VERSION)) throw new FileError(ERRNO.PROTO);
      const handler = this.handlers[type];
      if (!handler) throw new FileError(ERRNO.OPNOTSUPP);
      const reply = begin(type + 1, tag, Math.min(room, Math.max(this.msize, MSIZE_MIN)));
      handler(reader, reply);
      return reply.finish();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return begin(T.LERROR + 1, tag, HEADER + 4)
        .u32(error.errno)
        .finish();
    }
  }

  private table(): Record<number, Handler> {
    return {
      [T.VERSION]: (m, r) => this.version(m, r),
      [T.ATTACH]: (m, r) => this.attach(m, r),
      [T.FLUSH]: (m) => void m.u16(),
      [T.WALK]: (m, r) => this.walk(m, r),
      [T.CLUNK]: (m) => this.fids.drop(m.u32()),
      [T.REMOVE]: (m) => this.removeFid(m.u32()),
      [T.STATFS]: (m, r) => this.statfs(m, r),
      [T.LOPEN]: (m, r) => this.open(m, r),
      [T.LCREATE]: (m, r) => this.create(m, r),
      [T.READ]: (m, r) => this.read(m, r),
      [T.WRITE]: (m, r) => this.write(m, r),
      [T.READDIR]: (m, r) => this.readDirectory(m, r),
      [T.FSYNC]: (m) => this.fid(m.u32()).file?.sync(),
      [T.GETATTR]: (m, r) => this.getAttributes(m, r),
      [T.SETATTR]: (m) => this.setAttributes(m),
      [T.SYMLINK]: (m, r) => this.symlink(m, r),
      [T.READLINK]: (m, r) => void r.string(this.tree.readLink(this.fid(m.u32()).path)),
      [T.LINK]: (m) => this.link(m),
      [T.MKDIR]: (m, r) => this.makeDirectory(m, r),
      [T.RENAME]: (m) => this.rename(m),
      [T.RENAMEAT]: (m) => this.renameAt(m),
      [T.UNLINKAT]: (m) => this.unlink(m),
      // one guest has the folder: its own kernel keeps locks apart
      [T.LOCK]: (m, r) => void (this.fid(m.u32()) && r.u8(LOCK_SUCCESS)),
      [T.GETLOCK]: (m, r) => this.getLock(m, r),
    };
  }

  private fid(number: number): Fid {
    return this.fids.at(number);
  }

  private version(message: Reader, reply: Writer): void {
    const msize = message.u32();
    const version = message.string();
    if (msize < MSIZE_MIN) throw new FileError(ERRNO.INVAL);
    this.reset();
    this.msize = Math.min(msize, MSIZE_MAX);
    reply.u32(this.msize).string(version === VERSION ? VERSION : 'unknown');
  }

  private attach(message: Reader, reply: Writer): void {
    const number = message.u32();
    this.tree.stat([]);
    this.fids.add(number, { path: [] });
    reply.qid(qidOf(this.tree.stat([])));
  }

  private walk(message: Reader, reply: Writer): void {
    const number = message.u32();
    const from = this.fid(number);
    const to = message.u32();
    const count = message.u16();
    if (count > WALK_MAX) throw new FileError(ERRNO.INVAL);
    if (from.file || from.names) throw new FileError(ERRNO.BADF);
    const names = Array.from({ length: count }, () => message.string());
    let { path } = from;
    const qids: Qid[] = [];
    for (const name of names) {
      try {
        path = name === '..' ? path.slice(0, -1) : child(path, name);
        qids.push(qidOf(this.tree.stat(path)));
      } catch (error) {
        // the first name must be there; how far the others went is told by their number
        if (!(error instanceof FileError) || qids.length === 0) throw error;
        break;
      }
    }
    if (qids.length === count) {
      if (to === number) from.path = path;
      else this.fids.add(to, { path });
    }
    reply.u16(qids.length);
    for (const qid of qids) reply.qid(qid);
  }

  private removeFid(number: number): void {
    const { path } = this.fid(number);
    this.fids.drop(number);
    this.tree.remove(path, isDirectory(this.tree.stat(path)));
  }

  private statfs(message: Reader, reply: Writer): void {
    this.fid(message.u32());
    const { blockSize, blocks, free, available, files, filesFree } = this.tree.size();
    reply.u32(FILE_SYSTEM_MAGIC).u32(blockSize).u64(blocks).u64(free).u64(available);
    reply.u64(files).u64(filesFree).u64(0n).u32(NAME_MAX);
  }

  private open(message: Reader, reply: Writer): void {
    const fid = this.fid(message.u32());
    const flags = message.u32();
    if (fid.file || fid.directory) throw new FileError(ERRNO.BADF);
    const attributes = this.tree.stat(fid.path);
    if (isDirectory(attributes)) {
      if (flags & O.ACCESS) throw new FileError(ERRNO.ISDIR);
      fid.directory = true;
    } else {
      if (flags & O.DIRECTORY) throw new FileError(ERRNO.NOTDIR);
      this.fids.open(fid, openFlags(flags), attributes);
    }
    reply.qid(qidOf(attributes)).u32(this.msize - READ_OVERHEAD * 2);
  }

  private create(message: Reader, reply: Writer): void {
    const fid = this.fid(message.u32());
    const path = child(fid.path, message.string());
    const flags = message.u32();
    const mode = message.u32();
    if (fid.file || fid.directory) throw new FileError(ERRNO.BADF);
    const file = this.tree.create(path, openFlags(flags), permissions(mode));
    Object.assign(fid, { path, file, access: openFlags(flags).access });
    reply.qid(qidOf(file.stat())).u32(this.msize - READ_OVERHEAD * 2);
  }

  private read(message: Reader, reply: Writer): void {
    const { file } = this.fid(message.u32());
    const offset = message.u64();
    const count = message.u32();
    if (!file) throw new FileError(ERRNO.BADF);
    reply.counted(count, (into) => file.read(offset, into));
  }

  private write(message: Reader, reply: Writer): void {
    const { file } = this.fid(message.u32());
    const offset = message.u64();
    const bytes = message.data(message.u32());
    if (!file) throw new FileError(ERRNO.BADF);
    reply.u32(file.write(offset, bytes));
  }

  /** The offset of an entry is its number among the names that were there when the directory was first read. */
  private readDirectory(message: Reader, reply: Writer): void {
    const fid = this.fid(message.u32());
    const offset = message.u64();
    const count = message.u32();
    if (!fid.directory) throw new FileError(ERRNO.BADF);
    if (offset === 0n || !fid.names) fid.names = ['.', '..', ...this.tree.list(fid.path)];
    const { names, path } = fid;
    reply.counted(count, (into) => {
      let done = 0;
      for (let i = Number(BigInt.asUintN(32, offset)); i < names.length; i++) {
        const entry = this.entry(path, names[i], i + 1);
        if (!entry) continue;
        if (done + entry.length > into.length) break;
        into.set(entry, done);
        done += entry.length;
      }
      return done;
    });
  }

  /** Undefined when the file has gone since. */
  private entry(path: Path, name: string, next: number): Uint8Array | undefined {
    const where = name === '.' ? path : name === '..' ? path.slice(0, -1) : [...path, name];
    try {
      const attributes = this.tree.stat(where);
      const kind = (attributes.mode & S_IFMT) >> 12;
      return new Writer(ENTRY_MAX).qid(qidOf(attributes)).u64(BigInt(next)).u8(kind).string(name).written;
    } catch (error) {
      if (error instanceof FileError) return undefined;
      throw error;
    }
  }

  private getAttributes(message: Reader, reply: Writer): void {
    const { file, path } = this.fid(message.u32());
    const a = file ? file.stat() : this.tree.stat(path);
    reply.u64(BASIC_ATTRIBUTES).qid(qidOf(a)).u32(a.mode).u32(a.uid).u32(a.gid).u64(a.links).u64(0n);
    reply.u64(a.size).u64(BigInt(a.blockSize)).u64(a.blocks);
    for (const time of [a.accessed, a.modified, a.changed, 0n]) reply.u64(time / SECOND).u64(time % SECOND);
    reply.u64(0n).u64(0n);
  }

  private setAttributes(message: Reader): void {
    const { path } = this.fid(message.u32());
    const valid = message.u32();
    const mode = message.u32();
    const uid = message.u32();
    const gid = message.u32();
    const size = message.u64();
    const accessed = message.u64() * SECOND + message.u64();
    const modified = message.u64() * SECOND + message.u64();
    const changes: Changes = {};
    if (valid & SET.MODE) changes.mode = permissions(mode);
    if (valid & SET.UID) changes.uid = uid;
    if (valid & SET.GID) changes.gid = gid;
    if (valid & SET.SIZE) changes.size = size;
    if (valid & SET.ATIME) changes.accessed = valid & SET.ATIME_SET ? accessed : 'now';
    if (valid & SET.MTIME) changes.modified = valid & SET.MTIME_SET ? modified : 'now';
    this.tree.change(path, changes);
  }

  private symlink(message: Reader, reply: Writer): void {
    const path = child(this.fid(message.u32()).path, message.string());
    this.tree.makeSymlink(path, message.string());
    reply.qid(qidOf(this.tree.stat(path)));
  }

  private link(message: Reader): void {
    const directory = this.fid(message.u32()).path;
    const from = this.fid(message.u32()).path;
    this.tree.link(from, child(directory, message.string()));
  }

  private makeDirectory(message: Reader, reply: Writer): void {
    const path = child(this.fid(message.u32()).path, message.string());
    this.tree.makeDirectory(path, permissions(message.u32()));
    reply.qid(qidOf(this.tree.stat(path)));
  }

  private rename(message: Reader): void {
    const from = this.fid(message.u32()).path;
    const to = child(this.fid(message.u32()).path, message.string());
    this.move(from, to);
  }

  private renameAt(message: Reader): void {
    const from = child(this.fid(message.u32()).path, message.string());
    const to = child(this.fid(message.u32()).path, message.string());
    this.move(from, to);
  }

  /** Fids of what was moved, and of what lies in it, go with it. */
  private move(from: Path, to: Path): void {
    if (from.length === 0) throw new FileError(ERRNO.INVAL);
    this.tree.rename(from, to);
    this.fids.move(from, to);
  }

  private unlink(message: Reader): void {
    const path = child(this.fid(message.u32()).path, message.string());
    this.tree.remove(path, (message.u32() & REMOVE_DIRECTORY) !== 0);
  }

  private getLock(message: Reader, reply: Writer): void {
    this.fid(message.u32());
    message.u8();
    reply.u8(UNLOCKED).u64(message.u64()).u64(message.u64()).u32(message.u32()).string(message.string());
  }
}

function begin(type: number, tag: number, room: number): Writer {
  return new Writer(Math.max(room, HEADER + 4)).u32(0).u8(type).u16(tag);
}

function isDirectory({ mode }: Attributes): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** The version changes with the file, so that a client's cache notices. */
function qidOf({ mode, inode, modified, size }: Attributes): Qid {
  const kind = mode & S_IFMT;
  const type = kind === S_IFDIR ? QID.DIRECTORY : kind === S_IFLNK ? QID.SYMLINK : 0;
  return { type, version: Number(BigInt.asUintN(32, modified ^ (size << 8n))), path: inode };
}

function openFlags(flags: number): OpenFlags {
  const access = flags & O.ACCESS;
  return {
    access: access === O.WRITE ? 'write' : access === O.BOTH ? 'both' : 'read',
    truncate: (flags & O.TRUNCATE) !== 0,
    append: (flags & O.APPEND) !== 0,
    exclusive: (flags & O.EXCLUSIVE) !== 0,
  };
}

/** Never set-user-id or set-group-id: the host's files keep the host's rules. */
function permissions(mode: number): number {
  return mode & 0o1777;
}
