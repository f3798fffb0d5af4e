// wasi:filesystem: descriptors are open files of the process; what a name leads to is found by a walk that can't leave its directory.
// WASI 0.2, wasi:filesystem/types and preopens.
import { EBADF, EISDIR, EPERM, EROFS } from '../kernel/abi/errno.js';
import * as F from '../kernel/abi/fcntl.js';
import * as S from '../kernel/abi/stat.js';
import { codeOf, orCode, Refused } from './error-code.js';
import { DATA_MAX } from './mailbox.js';
import { DISPOSE, type Waits } from './poll.js';
import { fileSink, fileSource, InputStream, OutputStream, type Sink, type Source } from './streams.js';
import { type FileStatus, type System, SystemError, type Timestamp } from './system.js';
import { at, type Place, type Start } from './walk.js';

type DescriptorType = string;

const TYPES = new Map<number, DescriptorType>([
  [S.S_IFREG, 'regular-file'],
  [S.S_IFDIR, 'directory'],
  [S.S_IFLNK, 'symbolic-link'],
  [S.S_IFCHR, 'character-device'],
  [S.S_IFBLK, 'block-device'],
  [S.S_IFIFO, 'fifo'],
  [S.S_IFSOCK, 'socket'],
]);

interface DescriptorFlags {
  read?: boolean;
  write?: boolean;
  fileIntegritySync?: boolean;
  dataIntegritySync?: boolean;
  mutateDirectory?: boolean;
}
interface PathFlags {
  symlinkFollow?: boolean;
}
interface OpenFlags {
  create?: boolean;
  directory?: boolean;
  exclusive?: boolean;
  truncate?: boolean;
}
type NewTimestamp = { tag: 'no-change' | 'now' } | { tag: 'timestamp'; val: { seconds: bigint; nanoseconds: number } };

const typeOf = (mode: number): DescriptorType => TYPES.get(mode & S.S_IFMT) ?? 'unknown';
const dateOf = (seconds: number, nanoseconds: number) => ({ seconds: BigInt(Math.max(0, seconds)), nanoseconds });

function statOf(status: FileStatus) {
  return {
    type: typeOf(status.mode),
    linkCount: BigInt(status.nlink),
    size: BigInt(status.size),
    dataAccessTimestamp: dateOf(status.atime_sec, status.atime_nsec),
    dataModificationTimestamp: dateOf(status.mtime_sec, status.mtime_nsec),
    statusChangeTimestamp: dateOf(status.ctime_sec, status.ctime_nsec),
  };
}

function timestampOf(time: NewTimestamp): Timestamp {
  if (time.tag === 'timestamp') return { seconds: Number(time.val.seconds), nanoseconds: time.val.nanoseconds };
  return { seconds: 0, nanoseconds: time.tag === 'now' ? S.UTIME_NOW : S.UTIME_OMIT };
}

const identityOf = ({ dev_major, dev_minor, ino }: FileStatus) => ({
  lower: BigInt.asUintN(64, BigInt(ino)),
  upper: BigInt.asUintN(64, (BigInt(dev_major) << 32n) | BigInt(dev_minor)),
});

/** Offsets that files have. */
function offsetOf(offset: bigint): number {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refused('invalid');
  return Number(offset);
}

export class DirectoryEntryStream {
  private ready: { name: string; type: number }[] = [];

  constructor(
    private readonly system: System,
    private readonly fd: number,
  ) {}

  readDirectoryEntry(): { type: DescriptorType; name: string } | undefined {
    return orCode(() => {
      for (;;) {
        if (this.ready.length === 0) this.ready = this.system.entries(this.fd);
        const entry = this.ready.shift();
        if (!entry) return undefined;
        // d_type is the type's bits of the mode
        if (entry.name !== '.' && entry.name !== '..') return { type: typeOf(entry.type << 12), name: entry.name };
      }
    });
  }
  [DISPOSE](): void {
    this.system.close(this.fd);
  }
}

export class Descriptor {
  private readonly system: System;

  constructor(
    private readonly waits: Waits,
    private readonly fd: number,
    private readonly type: DescriptorType,
    private readonly given: DescriptorFlags,
    private readonly isRoot = false,
  ) {
    this.system = waits.system;
  }

  private get start(): Start {
    if (this.type !== 'directory') throw new Refused('not-directory');
    return { fd: this.fd, isRoot: this.isRoot };
  }
  /** To change what is in it. */
  private get mutable(): Start {
    if (!this.given.mutateDirectory) throw new Refused(codeOf(EROFS));
    return this.start;
  }

  /** Something at a path below it. */
  private at<Result>(start: Start, path: string, follow: boolean, use: (place: Place) => Result): Result {
    return orCode(() => at(this.system, start, path, follow, use));
  }

  private require(right: 'read' | 'write'): void {
    if (!this.given[right]) throw new Refused(codeOf(EBADF));
    if (this.type === 'directory') throw new Refused(codeOf(EISDIR));
  }

  readViaStream(offset: bigint): InputStream {
    this.require('read');
    let position = offsetOf(offset);
    const { fd, system } = this;
    const source: Source = {
      read(length) {
        const bytes = system.readAt(fd, length, position);
        position += bytes.length;
        return bytes;
      },
      awaited: { always: true },
    };
    return new InputStream(this.waits, this.type === 'regular-file' ? source : fileSource(system, fd));
  }

  writeViaStream(offset: bigint): OutputStream {
    this.require('write');
    let position = offsetOf(offset);
    const { fd, system } = this;
    const sink: Sink = {
      write(bytes) {
        const done = system.writeAt(fd, bytes, position);
        position += done;
        return done;
      },
      awaited: { always: true },
    };
    return new OutputStream(this.waits, this.type === 'regular-file' ? sink : fileSink(system, fd));
  }

  appendViaStream(): OutputStream {
    this.require('write');
    const { fd, system } = this;
    const sink: Sink = { write: (bytes) => system.append(fd, bytes), awaited: { always: true } };
    return new OutputStream(this.waits, this.type === 'regular-file' ? sink : fileSink(system, fd));
  }

  advise(): void {}
  syncData(): void {
    orCode(() => this.system.sync(this.fd, true));
  }
  sync(): void {
    orCode(() => this.system.sync(this.fd, false));
  }
  getFlags(): DescriptorFlags {
    return { ...this.given };
  }
  getType(): DescriptorType {
    return this.type;
  }
  setSize(size: bigint): void {
    this.require('write');
    orCode(() => this.system.truncate(this.fd, offsetOf(size)));
  }
  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    orCode(() => this.system.setTimes(this.fd, undefined, timestampOf(access), timestampOf(modification)));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    this.require('read');
    const wanted = length > DATA_MAX ? DATA_MAX : Number(length);
    const bytes = orCode(() => this.system.readAt(this.fd, wanted, offsetOf(offset)));
    return [bytes, bytes.length === 0 && wanted > 0];
  }
  write(bytes: Uint8Array, offset: bigint): bigint {
    this.require('write');
    return BigInt(orCode(() => this.system.writeAt(this.fd, bytes, offsetOf(offset))));
  }

  readDirectory(): DirectoryEntryStream {
    const { fd } = this.start;
    if (!this.given.read) throw new Refused(codeOf(EBADF));
    return new DirectoryEntryStream(
      this.system,
      orCode(() => this.system.openAt(fd, '.', F.O_RDONLY | F.O_DIRECTORY)),
    );
  }
  createDirectoryAt(path: string): void {
    this.at(this.mutable, path.replace(/(?<=[^/])\/+$/, ''), false, ({ fd, name }) =>
      this.system.makeDirectory(fd, name),
    );
  }
  stat() {
    return statOf(orCode(() => this.system.status(this.fd)));
  }
  statAt({ symlinkFollow }: PathFlags, path: string) {
    return statOf(this.statusAt(path, symlinkFollow));
  }
  private statusAt(path: string, follow = false): FileStatus {
    return this.at(this.start, path, follow, ({ fd, name, slash }) =>
      this.system.statusAt(fd, slash && name !== '.' ? `${name}/` : name),
    );
  }
  setTimesAt(flags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.at(this.mutable, path, flags.symlinkFollow ?? false, ({ fd, name }) =>
      this.system.setTimes(fd, name, timestampOf(access), timestampOf(modification)),
    );
  }

  linkAt(flags: PathFlags, oldPath: string, into: Descriptor, newPath: string): void {
    this.at(this.mutable, oldPath, flags.symlinkFollow ?? false, (from) =>
      this.at(into.mutable, newPath, false, (to) => this.system.link(from.fd, from.name, to.fd, to.name)),
    );
  }
  renameAt(oldPath: string, into: Descriptor, newPath: string): void {
    this.at(this.mutable, oldPath, false, (from) =>
      this.at(into.mutable, newPath, false, (to) => this.system.rename(from.fd, from.name, to.fd, to.name)),
    );
  }
  symlinkAt(target: string, path: string): void {
    if (target.startsWith('/')) throw new Refused(codeOf(EPERM));
    this.at(this.mutable, path, false, ({ fd, name }) => this.system.symbolicLink(target, fd, name));
  }
  readlinkAt(path: string): string {
    const target = this.at(this.start, path, false, ({ fd, name }) => this.system.readLink(fd, name));
    if (target.startsWith('/')) throw new Refused(codeOf(EPERM));
    return target;
  }
  unlinkFileAt(path: string): void {
    this.at(this.mutable, path, false, ({ fd, name, slash }) => this.system.unlink(fd, slash ? `${name}/` : name, 0));
  }
  removeDirectoryAt(path: string): void {
    this.at(this.mutable, path, false, ({ fd, name }) => this.system.unlink(fd, name, F.AT_REMOVEDIR));
  }

  openAt({ symlinkFollow }: PathFlags, path: string, open: OpenFlags, flags: DescriptorFlags): Descriptor {
    const changes = open.create || open.truncate || flags.write || flags.mutateDirectory;
    const start = changes ? this.mutable : this.start;
    return this.at(start, path, symlinkFollow ?? false, ({ fd, name, slash }) => {
      const wanted =
        (open.create ? F.O_CREAT : 0) |
        (open.directory || slash ? F.O_DIRECTORY : 0) |
        (open.exclusive ? F.O_EXCL : 0) |
        (open.truncate ? F.O_TRUNC : 0) |
        (flags.fileIntegritySync ? F.O_SYNC : 0) |
        (flags.dataIntegritySync ? F.O_DSYNC : 0) |
        F.O_NOFOLLOW |
        F.O_NOCTTY;
      const opened = openWith(this.system, fd, name, wanted, flags);
      const type = typeOf(this.system.status(opened).mode);
      return new Descriptor(this.waits, opened, type, flags, this.isRoot && name === '.' && fd === this.fd);
    });
  }

  isSameObject(other: Descriptor): boolean {
    const [one, two] = [this, other].map(({ fd }) => identityOf(this.system.status(fd)));
    return one!.lower === two!.lower && one!.upper === two!.upper;
  }
  metadataHash() {
    return identityOf(orCode(() => this.system.status(this.fd)));
  }
  metadataHashAt({ symlinkFollow }: PathFlags, path: string) {
    return identityOf(this.statusAt(path, symlinkFollow));
  }
  [DISPOSE](): void {
    this.system.close(this.fd);
  }
}

function openWith(system: System, fd: number, name: string, flags: number, { read, write }: DescriptorFlags): number {
  const access = write ? (read ? F.O_RDWR : F.O_WRONLY) : F.O_RDONLY;
  try {
    return system.openAt(fd, name, flags | access);
  } catch (error) {
    // who may change what is in a directory asks for it as for a file
    const isDirectory = error instanceof SystemError && error.errno === EISDIR && (flags & F.O_DIRECTORY) !== 0;
    if (!isDirectory) throw error;
    return system.openAt(fd, name, flags | F.O_RDONLY);
  }
}

/** `preopens`: directories of the container, by the names that the program knows them by. A mount that is none is none to be given. */
export function directoriesOf(waits: Waits, preopens: readonly string[]): [Descriptor, string][] {
  const found: [Descriptor, string][] = [];
  for (const path of preopens) {
    try {
      const fd = waits.system.openPath(path, F.O_RDONLY | F.O_DIRECTORY);
      found.push([new Descriptor(waits, fd, 'directory', { read: true, mutateDirectory: true }, path === '/'), path]);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }
  return found;
}
