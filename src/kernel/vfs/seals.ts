// Seals: what can't be done to a file in memory any more, whoever has it. man 2 fcntl, "File Sealing"; Linux mm/memfd.c, mm/shmem.c.
import { EBUSY, EINVAL, EPERM } from '../abi/errno.js';
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
} from '../abi/fcntl.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Inode } from './inode.js';
import type { OpenFile } from './open-file.js';

const KNOWN = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC;

/** fcntl(F_GET_SEALS). */
export function sealsOf({ inode }: OpenFile): number {
  return inode.seals ?? -EINVAL;
}

/** fcntl(F_ADD_SEALS). */
export function addSeals({ inode, writable }: OpenFile, seals: number): number {
  if (!writable) return -EPERM;
  if ((seals & ~KNOWN) !== 0 || inode.seals === undefined) return -EINVAL;
  if ((inode.seals & F_SEAL_SEAL) !== 0) return -EPERM;
  if ((seals & F_SEAL_WRITE) !== 0 && (inode.seals & F_SEAL_WRITE) === 0 && isMappedToWrite(inode)) return -EBUSY;
  // whoever may not execute it never will, and whoever may can't be given another program
  const executes = (seals & F_SEAL_EXEC) !== 0 && (inode.mode & 0o111) !== 0;
  inode.seals |= seals | (executes ? F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE : 0);
  return 0;
}

function isMappedToWrite({ cache }: Inode): boolean {
  for (const space of cache?.users ?? []) if (space.mapsOf(cache!, true) > 0) return true;
  return false;
}

/** May its data be changed? 0, or -EPERM. */
export function unsealedWrite({ seals = 0 }: Inode): number {
  return (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0 ? -EPERM : 0;
}

/** May it have that size? 0, or -EPERM. */
export function unsealedSize({ seals = 0, size: old }: Inode, size: number): number {
  return (size < old && (seals & F_SEAL_SHRINK) !== 0) || (size > old && (seals & F_SEAL_GROW) !== 0) ? -EPERM : 0;
}

/** How much of a write of `length` bytes at `offset` may be done: whole pages up to the end of what can't grow; -EPERM: nothing. */
export function unsealedLength(inode: Inode, offset: number, length: number): number {
  const { seals = 0, size } = inode;
  if (seals === 0) return length;
  if (unsealedWrite(inode) !== 0) return -EPERM;
  if ((seals & F_SEAL_GROW) === 0 || offset + length <= size) return length;
  const left = size - (size % PAGE_SIZE) - offset;
  return left > 0 ? left : -EPERM;
}
