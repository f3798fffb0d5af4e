// What i386 has that no other ABI has: its stat and statfs, its sigaction, its descriptors of thread-local storage.
// Linux arch/x86/include/uapi/asm/{stat,statfs,signal,ldt}.h.
import { type DataModel, Layout } from '../layout.js';

export const I386_MODEL: DataModel = { word: 4, align64: 4 };

/** struct stat64. */
export const STAT64 = new Layout(I386_MODEL, [
  ['dev', 'u64'],
  ['', 'u32'],
  ['ino32', 'u32'],
  ['mode', 'u32'],
  ['nlink', 'u32'],
  ['uid', 'u32'],
  ['gid', 'u32'],
  ['rdev', 'u64'],
  ['', 'u32'],
  ['size', 's64'],
  ['blksize', 'u32'],
  ['blocks', 'u64'],
  ['atime', 'u32'],
  ['atime_nsec', 'u32'],
  ['mtime', 'u32'],
  ['mtime_nsec', 'u32'],
  ['ctime', 'u32'],
  ['ctime_nsec', 'u32'],
  ['ino', 'u64'],
]);

/** The older struct stat, of calls 106 to 108. */
export const STAT = new Layout(I386_MODEL, [
  ['dev', 'u32'],
  ['ino', 'u32'],
  ['mode', 'u16'],
  ['nlink', 'u16'],
  ['uid', 'u16'],
  ['gid', 'u16'],
  ['rdev', 'u32'],
  ['size', 'u32'],
  ['blksize', 'u32'],
  ['blocks', 'u32'],
  ['atime', 'u32'],
  ['atime_nsec', 'u32'],
  ['mtime', 'u32'],
  ['mtime_nsec', 'u32'],
  ['ctime', 'u32'],
  ['ctime_nsec', 'u32'],
  ['', 'u32', 2],
]);

const statfs = (block: 'u32' | 'u64'): Layout =>
  new Layout(I386_MODEL, [
    ['type', 'u32'],
    ['bsize', 'u32'],
    ['blocks', block],
    ['bfree', block],
    ['bavail', block],
    ['files', block],
    ['ffree', block],
    ['fsid', 's32', 2],
    ['namelen', 'u32'],
    ['frsize', 'u32'],
    ['flags', 'u32'],
    ['', 'u32', 4],
  ]);
export const STATFS = statfs('u32');
export const STATFS64 = statfs('u64');

/** rt_sigaction's; the mask is 64 bits. */
export const SIGACTION = new Layout(I386_MODEL, [
  ['handler', 'u32'],
  ['flags', 'u32'],
  ['restorer', 'u32'],
  ['mask_low', 'u32'],
  ['mask_high', 'u32'],
]);
/** sigaction's, of call 67. */
export const OLD_SIGACTION = new Layout(I386_MODEL, [
  ['handler', 'u32'],
  ['mask', 'u32'],
  ['flags', 'u32'],
  ['restorer', 'u32'],
]);

/** struct user_desc of set_thread_area(2). */
export const USER_DESC = new Layout(I386_MODEL, [
  ['entry', 's32'],
  ['base', 'u32'],
  ['limit', 'u32'],
  ['flags', 'u32'],
]);
