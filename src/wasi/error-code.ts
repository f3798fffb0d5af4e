// Error codes of wasi:filesystem for Linux's, and how generated code is told of an error: by what is thrown having it as its payload.
// WASI 0.2, wasi:filesystem/types, "error-code".
import * as E from '../kernel/abi/errno.js';
import { SystemError } from './system.js';

const CODES = new Map<number, string>([
  [E.EACCES, 'access'],
  [E.EAGAIN, 'would-block'],
  [E.EALREADY, 'already'],
  [E.EBADF, 'bad-descriptor'],
  [E.EBUSY, 'busy'],
  [E.EDEADLK, 'deadlock'],
  [E.EDQUOT, 'quota'],
  [E.EEXIST, 'exist'],
  [E.EFBIG, 'file-too-large'],
  [E.EILSEQ, 'illegal-byte-sequence'],
  [E.EINPROGRESS, 'in-progress'],
  [E.EINTR, 'interrupted'],
  [E.EINVAL, 'invalid'],
  [E.EIO, 'io'],
  [E.EISDIR, 'is-directory'],
  [E.ELOOP, 'loop'],
  [E.EMLINK, 'too-many-links'],
  [E.EMSGSIZE, 'message-size'],
  [E.ENAMETOOLONG, 'name-too-long'],
  [E.ENODEV, 'no-device'],
  [E.ENOENT, 'no-entry'],
  [E.ENOLCK, 'no-lock'],
  [E.ENOMEM, 'insufficient-memory'],
  [E.ENOSPC, 'insufficient-space'],
  [E.ENOTDIR, 'not-directory'],
  [E.ENOTEMPTY, 'not-empty'],
  [E.EOPNOTSUPP, 'unsupported'],
  [E.ENOSYS, 'unsupported'],
  [E.ENOTTY, 'no-tty'],
  [E.ENXIO, 'no-such-device'],
  [E.EOVERFLOW, 'overflow'],
  [E.EPERM, 'not-permitted'],
  [E.EPIPE, 'pipe'],
  [E.EROFS, 'read-only'],
  [E.ESPIPE, 'invalid-seek'],
  [E.ETXTBSY, 'text-file-busy'],
  [E.EXDEV, 'cross-device'],
]);

export const codeOf = (errno: number): string => CODES.get(errno) ?? 'io';

/** The `err` of a result. */
export class Refused extends Error {
  constructor(readonly payload: unknown) {
    super(typeof payload === 'string' ? payload : JSON.stringify(payload));
  }
}

/** What `action` does, whose system calls may fail. Throws Refused. */
export function orCode<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw error instanceof SystemError ? new Refused(codeOf(error.errno)) : error;
  }
}
