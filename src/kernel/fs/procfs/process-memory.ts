// /proc/PID/cmdline, environ, auxv, mem: bytes of a program's memory. man 5 proc; Linux fs/proc/base.c.
import { EFAULT, EIO, ESRCH } from '../../abi/errno.js';
import type { AddressSpace } from '../../mm/address-space.js';
import { peek, poke } from '../../mm/foreign-memory.js';
import { copyIn } from '../../mm/user-memory.js';
import type { ProcessSubject } from './subject.js';
import { bytes } from './text.js';

/** Bytes of a command line that are looked through for its end. */
const COMMAND_MAX = 131072 * 2;

/** What can be read of [start, end), from `offset` on. */
function part(space: AddressSpace, start: number, end: number, offset: number, length: number): Uint8Array {
  const from = start + offset;
  const into = new Uint8Array(Math.max(0, Math.min(length, end - from)));
  return into.subarray(0, copyIn(space, from, into, 0, into.length));
}

/** First address behind what the program calls itself: arguments that it has overwritten may go on in the environment. */
function commandEnd(space: AddressSpace): number {
  const { argStart, argEnd, envStart, envEnd } = space;
  if (argEnd <= argStart) return argStart;
  const last = part(space, argEnd - 1, argEnd, 0, 1);
  if (last[0] === 0 || envStart !== argEnd) return argEnd;
  const all = part(space, argStart, envEnd, 0, COMMAND_MAX);
  const nul = all.subarray(argEnd - argStart).indexOf(0);
  if (nul >= 0) return argEnd + nul + 1;
  return argStart + all.length;
}

export const cmdline = bytes<ProcessSubject>('cmdline', 0o444, {
  read({ task, space }, _reader, offset, length) {
    if (!task) return -ESRCH;
    return space ? part(space, space.argStart, commandEnd(space), offset, length) : new Uint8Array(0);
  },
});

export const environ = bytes<ProcessSubject>('environ', 0o400, {
  guarded: true,
  read({ task, space }, _reader, offset, length) {
    if (!task) return -ESRCH;
    return space ? part(space, space.envStart, space.envEnd, offset, length) : new Uint8Array(0);
  },
});

export const auxv = bytes<ProcessSubject>('auxv', 0o400, {
  guarded: true,
  read({ task, space }, _reader, offset, length) {
    if (!task) return -ESRCH;
    return space ? space.auxv.slice(offset, offset + length) : new Uint8Array(0);
  },
});

/** Offsets are addresses. Who may trace a process may read and write its memory. */
export const mem = bytes<ProcessSubject>('mem', 0o600, {
  guarded: true,
  read({ space }, _reader, offset, length) {
    if (!space) return new Uint8Array(0);
    const into = new Uint8Array(length);
    const done = peek(space, offset, into);
    return done === 0 && length > 0 ? -EIO : into.subarray(0, done);
  },
  write({ space }, _writer, offset, from) {
    if (!space) return 0;
    const done = poke(space, offset, from);
    return done === 0 && from.length > 0 ? -EFAULT : done;
  },
});
