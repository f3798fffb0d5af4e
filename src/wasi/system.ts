// Linux as a WASI program's imports ask for it: system calls of i386 by their names. Errors are thrown, as errno.
// man 2 of each call; numbers: Linux arch/x86/entry/syscalls/syscall_32.tbl.
import { joined } from '../base/bytes.js';
import { decodeText, encodeText } from '../base/text.js';
import { EINTR, EINVAL } from '../kernel/abi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, F_GETFL, O_CLOEXEC, O_LARGEFILE } from '../kernel/abi/fcntl.js';
import { I386_MODEL } from '../kernel/abi/i386/structs.js';
import { STATX_BASIC_STATS } from '../kernel/abi/stat.js';
import { structsOf } from '../kernel/abi/structs.js';
import { TCGETS } from '../kernel/abi/termios.js';
import { type Caller, DATA_ADDRESS, DATA_MAX } from './mailbox.js';

/** Of the calls that are made. */
export const CALLS = {
  read: 3,
  write: 4,
  close: 6,
  ftruncate64: 194,
  fsync: 118,
  fdatasync: 148,
  fcntl64: 221,
  ioctl: 54,
  pread64: 180,
  pwrite64: 181,
  pwritev2: 379,
  getdents64: 220,
  openat: 295,
  mkdirat: 296,
  unlinkat: 301,
  renameat: 302,
  linkat: 303,
  symlinkat: 304,
  readlinkat: 305,
  statx: 383,
  utimensat_time64: 412,
  ppoll_time64: 414,
  exit_group: 252,
} as const;

const STRUCTS = structsOf(I386_MODEL);
const RWF_APPEND = 16;
const PATH_MAX = 4096;
const TERMIOS_SIZE = 60;
const GETDENTS_SIZE = 32768;
/** struct linux_dirent64: ino, off, reclen, type, name. */
const DIRENT_NAME = 19;
/** pollfd structs that fit beside the time. */
const POLL_MAX = 1024;

export class SystemError extends Error {
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

export interface FileStatus {
  mode: number;
  nlink: number;
  size: number;
  ino: number;
  dev_major: number;
  dev_minor: number;
  atime_sec: number;
  atime_nsec: number;
  mtime_sec: number;
  mtime_nsec: number;
  ctime_sec: number;
  ctime_nsec: number;
}

export interface Timestamp {
  seconds: number;
  nanoseconds: number;
}

/** A path's bytes, with its end. Throws SystemError. */
function pathBytes(path: string): Uint8Array {
  const bytes = encodeText(path);
  if (bytes.length >= PATH_MAX || bytes.includes(0)) throw new SystemError(EINVAL);
  const ended = new Uint8Array(bytes.length + 1);
  ended.set(bytes);
  return ended;
}

const low = (value: number): number => value | 0;
const high = (value: number): number => Math.floor(value / 2 ** 32) | 0;

export class System {
  constructor(private readonly caller: Caller) {}

  private call(name: keyof typeof CALLS, args: readonly number[], data?: Uint8Array, back = 0): number {
    for (;;) {
      const result = this.caller.call(CALLS[name], args, data, back);
      if (result >= 0 || result < -4095) return result;
      if (result !== -EINTR) throw new SystemError(-result);
    }
  }

  openAt(directory: number, name: string, flags: number, mode = 0o666): number {
    return this.call('openat', [directory, DATA_ADDRESS, flags | O_CLOEXEC | O_LARGEFILE, mode], pathBytes(name));
  }

  /** What the container itself names: not bounded by any directory. */
  openPath(path: string, flags: number): number {
    return this.openAt(AT_FDCWD, path, flags);
  }

  close(fd: number): void {
    this.call('close', [fd]);
  }

  read(fd: number, length: number): Uint8Array {
    const wanted = Math.min(length, DATA_MAX);
    return this.caller.data(this.call('read', [fd, DATA_ADDRESS, wanted], undefined, wanted));
  }

  readAt(fd: number, length: number, offset: number): Uint8Array {
    const wanted = Math.min(length, DATA_MAX);
    const args = [fd, DATA_ADDRESS, wanted, low(offset), high(offset)];
    return this.caller.data(this.call('pread64', args, undefined, wanted));
  }

  /** How many bytes it took: no more than DATA_MAX. */
  write(fd: number, bytes: Uint8Array): number {
    const piece = bytes.subarray(0, DATA_MAX);
    return this.call('write', [fd, DATA_ADDRESS, piece.length], piece);
  }

  writeAt(fd: number, bytes: Uint8Array, offset: number): number {
    const piece = bytes.subarray(0, DATA_MAX);
    return this.call('pwrite64', [fd, DATA_ADDRESS, piece.length, low(offset), high(offset)], piece);
  }

  /** At the file's end, wherever that is by then. */
  append(fd: number, bytes: Uint8Array): number {
    const vector = STRUCTS.iovec.size;
    const piece = bytes.subarray(0, DATA_MAX - vector);
    const data = joined([STRUCTS.iovec.bytes({ base: DATA_ADDRESS + vector, length: piece.length }), piece]);
    return this.call('pwritev2', [fd, DATA_ADDRESS, 1, 0, 0, RWF_APPEND], data);
  }

  truncate(fd: number, size: number): void {
    this.call('ftruncate64', [fd, low(size), high(size)]);
  }

  sync(fd: number, dataOnly: boolean): void {
    this.call(dataOnly ? 'fdatasync' : 'fsync', [fd]);
  }

  flags(fd: number): number {
    return this.call('fcntl64', [fd, F_GETFL]);
  }

  isTerminal(fd: number): boolean {
    try {
      this.call('ioctl', [fd, TCGETS, DATA_ADDRESS], undefined, TERMIOS_SIZE);
      return true;
    } catch {
      return false;
    }
  }

  private statx(directory: number, name: string, flags: number): FileStatus {
    const path = pathBytes(name);
    const at = (path.length + 7) & ~7;
    const back = at + STRUCTS.statx.size;
    this.call('statx', [directory, DATA_ADDRESS, flags, STATX_BASIC_STATS, DATA_ADDRESS + at], path, back);
    const bytes = this.caller.data(back);
    return STRUCTS.statx.read(new DataView(bytes.buffer), at) as unknown as FileStatus;
  }

  status(fd: number): FileStatus {
    return this.statx(fd, '', AT_EMPTY_PATH);
  }

  /** Of the name itself, if it is a link. */
  statusAt(directory: number, name: string): FileStatus {
    return this.statx(directory, name, AT_SYMLINK_NOFOLLOW);
  }

  readLink(directory: number, name: string): string {
    const path = pathBytes(name);
    const args = [directory, DATA_ADDRESS, DATA_ADDRESS + path.length, PATH_MAX];
    const length = this.call('readlinkat', args, path, path.length + PATH_MAX);
    return textOf(this.caller.data(path.length + length).subarray(path.length));
  }

  makeDirectory(directory: number, name: string): void {
    this.call('mkdirat', [directory, DATA_ADDRESS, 0o777], pathBytes(name));
  }

  unlink(directory: number, name: string, flags: number): void {
    this.call('unlinkat', [directory, DATA_ADDRESS, flags], pathBytes(name));
  }

  private two(call: 'renameat' | 'linkat', from: number, name: string, to: number, newName: string): void {
    const first = pathBytes(name);
    const second = DATA_ADDRESS + first.length;
    this.call(call, [from, DATA_ADDRESS, to, second, 0], joined([first, pathBytes(newName)]));
  }

  rename(from: number, name: string, to: number, newName: string): void {
    this.two('renameat', from, name, to, newName);
  }

  link(from: number, name: string, to: number, newName: string): void {
    this.two('linkat', from, name, to, newName);
  }

  symbolicLink(target: string, directory: number, name: string): void {
    const first = pathBytes(target);
    this.call('symlinkat', [DATA_ADDRESS, directory, DATA_ADDRESS + first.length], joined([first, pathBytes(name)]));
  }

  /** Nanoseconds may be UTIME_NOW or UTIME_OMIT. Without a name it is the open file. */
  setTimes(directory: number, name: string | undefined, access: Timestamp, modification: Timestamp): void {
    const times = [access, modification].map(({ seconds, nanoseconds }) =>
      STRUCTS.timespec64.bytes({ sec: seconds, nsec: nanoseconds }),
    );
    const path = name === undefined ? new Uint8Array(0) : pathBytes(name);
    const at = name === undefined ? 0 : DATA_ADDRESS + 2 * STRUCTS.timespec64.size;
    const flags = name === undefined ? 0 : AT_SYMLINK_NOFOLLOW;
    this.call('utimensat_time64', [directory, at, DATA_ADDRESS, flags], joined([...times, path]));
  }

  /** The next entries of an open directory; none: that were all. */
  entries(fd: number): { name: string; type: number }[] {
    const length = this.call('getdents64', [fd, DATA_ADDRESS, GETDENTS_SIZE], undefined, GETDENTS_SIZE);
    const bytes = this.caller.data(length);
    const view = new DataView(bytes.buffer);
    const found: { name: string; type: number }[] = [];
    for (let at = 0; at + DIRENT_NAME < length; ) {
      const size = view.getUint16(at + 16, true);
      if (size <= DIRENT_NAME) break;
      const name = bytes.subarray(at + DIRENT_NAME, at + size);
      found.push({ name: textOf(name.subarray(0, name.indexOf(0))), type: bytes[at + DIRENT_NAME - 1]! });
      at += size;
    }
    return found;
  }

  /** Waits until one of the files has an event, at most so many nanoseconds; the events of each. */
  poll(files: readonly { fd: number; events: number }[], nanoseconds: number): number[] {
    const { pollfd, timespec64 } = STRUCTS;
    const few = files.slice(0, POLL_MAX);
    const list = few.map(({ fd, events }) => pollfd.bytes({ fd, events }));
    const finite = nanoseconds !== Number.POSITIVE_INFINITY;
    const time = timespec64.bytes({ sec: Math.floor(nanoseconds / 1e9), nsec: nanoseconds % 1e9 });
    const data = joined([finite ? time : new Uint8Array(timespec64.size), ...list]);
    const args = [DATA_ADDRESS + timespec64.size, few.length, finite ? DATA_ADDRESS : 0, 0, 0];
    this.call('ppoll_time64', args, data, data.length);
    const answer = this.caller.data(data.length);
    const view = new DataView(answer.buffer);
    return few.map((_, i) => pollfd.read(view, timespec64.size + i * pollfd.size).revents!);
  }

  exit(status: number): never {
    this.caller.call(CALLS.exit_group, [status & 0xff], undefined, 0);
    throw new Error('a process that has ended goes on');
  }
}

/** Names that are no UTF-8 show what they have of it. */
function textOf(bytes: Uint8Array): string {
  return decodeText(bytes) ?? String.fromCharCode(...bytes);
}
