// Who may do what to a file. man 7 inode, path_resolution, capabilities; Linux fs/namei.c generic_permission, fs/attr.c.
import { EACCES, EPERM } from '../abi/errno.js';
import { S_IFDIR, S_IFMT, S_ISGID, S_ISVTX } from '../abi/stat.js';
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER } from '../security/capability.js';
import type { Credentials } from '../security/credentials.js';
import type { Inode } from './inode.js';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** May `who` do `wanted` (MAY_*) to the file? 0 or -EACCES. */
export function permits(who: Credentials, inode: Pick<Inode, 'mode' | 'uid' | 'gid'>, wanted: number): number {
  const { mode } = inode;
  const rights = inode.uid === who.fsuid ? mode >> 6 : who.inGroup(inode.gid) ? mode >> 3 : mode;
  if ((wanted & ~rights & 7) === 0) return 0;
  if ((mode & S_IFMT) === S_IFDIR) {
    if (who.hasFor(inode, CAP_DAC_OVERRIDE)) return 0;
    return (wanted & MAY_WRITE) === 0 && who.hasFor(inode, CAP_DAC_READ_SEARCH) ? 0 : -EACCES;
  }
  // whoever overrides still can't execute what nobody may
  if (who.hasFor(inode, CAP_DAC_OVERRIDE) && ((wanted & MAY_EXEC) === 0 || (mode & 0o111) !== 0)) return 0;
  return wanted === MAY_READ && who.hasFor(inode, CAP_DAC_READ_SEARCH) ? 0 : -EACCES;
}

/** Is the file `who`'s own, or does a capability make up for it? */
export function owns(who: Credentials, inode: Inode): boolean {
  return inode.uid === who.fsuid || who.hasFor(inode, CAP_FOWNER);
}

/** May `who` take the name of `inode` away from `directory`? The sticky bit leaves that to owners. */
export function mayRemove(who: Credentials, directory: Inode, inode: Inode): number {
  const denied = permits(who, directory, MAY_WRITE | MAY_EXEC);
  if (denied !== 0) return denied;
  if ((directory.mode & S_ISVTX) === 0 || directory.uid === who.fsuid || owns(who, inode)) return 0;
  return -EPERM;
}

/** Group of a file that `who` makes in `directory`: the directory's where that is set-group-id. */
export function groupOfNew(who: Credentials, directory: Inode): number {
  return (directory.mode & S_ISGID) !== 0 ? directory.gid : who.fsgid;
}
