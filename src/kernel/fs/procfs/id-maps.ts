// /proc/PID/uid_map, gid_map and setgroups: what the ids of a user namespace stand for. man 7 user_namespaces; Linux
// kernel/user_namespace.c proc_uid_map_write, new_idmap_permitted, proc_setgroups_write.
import { EINVAL, EPERM, ESRCH } from '../../abi/errno.js';
import { parseExtents } from '../../ns/id-map.js';
import type { UserNamespace } from '../../ns/user-namespace.js';
import { CAP_SETFCAP, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../security/capability.js';
import type { Credentials } from '../../security/credentials.js';
import type { Task } from '../../task/task.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import { ofTask, type ProcessSubject } from './subject.js';
import { text } from './text.js';

type Ids = 'uids' | 'gids';

/** The parent's ids, or to those outside their own. */
function shown(ids: Ids) {
  return ofTask(({ credentials: { userNamespace: own } }, reader) => {
    const theirs = reader.credentials.userNamespace;
    return own[ids].textFor((theirs === own && own.parent ? own.parent : theirs)[ids]);
  });
}

/** May ids of the parent be taken so: one's own, or any by who may become any? */
function permitted(
  ids: Ids,
  namespace: UserNamespace,
  parent: UserNamespace,
  extents: { lower: number; count: number }[],
  writer: Credentials,
  opener: Credentials,
): boolean {
  // whoever has the parent's root can give files the capabilities of it
  if (ids === 'uids' && extents.some(({ lower }) => lower === 0) && opener.userNamespace !== namespace)
    if (!opener.capable(parent, CAP_SETFCAP)) return false;
  const [only] = extents;
  if (extents.length === 1 && only!.count === 1 && namespace.ownerUid === opener.euid) {
    const id = parent[ids].inKernel(only!.lower);
    if (ids === 'uids' && id === opener.euid) return true;
    if (ids === 'gids' && !namespace.setGroupsAllowed && id === opener.egid) return true;
  }
  const capability = ids === 'uids' ? CAP_SETUID : CAP_SETGID;
  return writer.capable(parent, capability) && opener.capable(parent, capability);
}

function given(ids: Ids) {
  return ({ task }: ProcessSubject, writer: Task, said: string, opener: Credentials): number => {
    if (!task) return -ESRCH;
    const { userNamespace: namespace } = task.credentials;
    const { parent } = namespace;
    if (!parent || (opener.userNamespace !== namespace && opener.userNamespace !== parent)) return -EPERM;
    if (said.length >= PAGE_SIZE) return -EINVAL;
    if (namespace[ids].given || !opener.capable(namespace, CAP_SYS_ADMIN)) return -EPERM;
    const extents = parseExtents(said);
    if (typeof extents === 'number') return extents;
    if (!permitted(ids, namespace, parent, extents, writer.credentials, opener)) return -EPERM;
    return namespace[ids].give(extents, parent[ids]);
  };
}

function giveSetGroups({ task }: ProcessSubject, writer: Task, said: string): number {
  if (!task) return -ESRCH;
  const { userNamespace: namespace } = task.credentials;
  if (!writer.credentials.capable(namespace, CAP_SYS_ADMIN)) return -EPERM;
  const word = said.trimEnd();
  if (said.length >= 8 || (word !== 'allow' && word !== 'deny')) return -EINVAL;
  // groups that were allowed with a map may have been set
  if (word === 'allow' ? !namespace.setGroupsAllowed : namespace.gids.given) return -EPERM;
  namespace.setGroupsAllowed = word === 'allow';
  return 0;
}

export const ID_MAPS = [
  text('uid_map', 0o644, shown('uids'), { write: given('uids') }),
  text('gid_map', 0o644, shown('gids'), { write: given('gids') }),
  text(
    'setgroups',
    0o644,
    ofTask(({ credentials: { userNamespace } }) => (userNamespace.setGroupsAllowed ? 'allow\n' : 'deny\n')),
    { write: giveSetGroups },
  ),
];
