// /proc/sys/user: how many namespaces may be made in the reader's user namespace. man 7 namespaces; Linux kernel/ucount.c.
import { EACCES, EINVAL } from '../../abi/errno.js';
import { S_IFREG } from '../../abi/stat.js';
import { LIMIT_MAX, LIMITED_KINDS } from '../../ns/namespace-limits.js';
import { CAP_SYS_RESOURCE } from '../../security/capability.js';
import type { Task } from '../../task/task.js';
import { type Entry, table } from './inodes.js';
import type { SystemSubject } from './subject.js';
import { type TextSource, TextInode, whole } from './text.js';

const MODE = S_IFREG | 0o644;

/** Written by who administers the resources of his user namespace, whoever that is. */
export class UserLimitInode extends TextInode<SystemSubject> {
  override allows({ credentials }: Task, wanted: number): number {
    const rights = credentials.hasHere(CAP_SYS_RESOURCE) ? this.mode >> 6 : this.mode;
    return (wanted & ~rights & 7) === 0 ? 0 : -EACCES;
  }
}

const limits = LIMITED_KINDS.map((kind): Entry<SystemSubject> => {
  const source: TextSource<SystemSubject> = {
    record: whole((_subject, { credentials }) => `${credentials.userNamespace.limits.of(kind)}\n`),
    write: (_subject, { credentials }, text) => {
      const value = Number(text);
      if (!/^\s*\d{1,10}\s*$/.test(text) || value > LIMIT_MAX) return -EINVAL;
      credentials.userNamespace.limits.set(kind, value);
      return 0;
    },
  };
  return { name: `max_${kind}_namespaces`, mode: MODE, make: (place) => new UserLimitInode(place, MODE, source) };
});

export const USER_LIMITS = table<SystemSubject>('user', 0o555, limits);
