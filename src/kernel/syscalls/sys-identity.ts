// Users, groups, capabilities. man 2 setuid, setreuid, setresuid, setfsuid, setgroups, capget; Linux kernel/sys.c.
import { EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.js';
import { readU32, writeU32 } from '../mm/user-memory.js';
import type { IdMap } from '../ns/id-map.js';
import { CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CapabilitySet, FILE_CAPABILITIES } from '../security/capability.js';
import type { Credentials } from '../security/credentials.js';
import type { Task } from '../task/task.js';

const KEEP = 0xffffffff;
const NGROUPS_MAX = 65536;
const SECBIT_NO_SETUID_FIXUP = 4;

const shownUid = ({ credentials }: Task, id: number): number => credentials.userNamespace.uids.shown(id);
const shownGid = ({ credentials }: Task, id: number): number => credentials.userNamespace.gids.shown(id);

/** The kernel's ids for those that a program gives; undefined: one of them stands for nobody. */
function inKernel(map: IdMap, ids: readonly number[]): number[] | undefined {
  const found = ids.map((id) => (id === KEEP ? KEEP : map.inKernel(id)));
  return found.includes(undefined) ? undefined : (found as number[]);
}
const uidsOf = ({ credentials }: Task, ...ids: number[]) => inKernel(credentials.userNamespace.uids, ids);
const gidsOf = ({ credentials }: Task, ...ids: number[]) => inKernel(credentials.userNamespace.gids, ids);

export const getuid = (task: Task): number => shownUid(task, task.credentials.uid);
export const geteuid = (task: Task): number => shownUid(task, task.credentials.euid);
export const getgid = (task: Task): number => shownGid(task, task.credentials.gid);
export const getegid = (task: Task): number => shownGid(task, task.credentials.egid);

/** Capabilities follow the user ids: man 7 capabilities, "Effect of user ID changes on capabilities". */
function follow(task: Task, old: Credentials, changed: Credentials): Credentials {
  if ((old.securebits & SECBIT_NO_SETUID_FIXUP) !== 0) return changed;
  const { root } = old.userNamespace;
  const hadRoot = old.uid === root || old.euid === root || old.suid === root;
  const hasRoot = changed.uid === root || changed.euid === root || changed.suid === root;
  let { permitted, effective, ambient } = changed;
  if (hadRoot && !hasRoot) {
    if (!task.keepCapabilities) {
      permitted = CapabilitySet.NONE;
      effective = CapabilitySet.NONE;
    }
    ambient = CapabilitySet.NONE;
  }
  if (old.euid === root && changed.euid !== root) effective = CapabilitySet.NONE;
  else if (old.euid !== root && changed.euid === root) effective = permitted;
  return changed.with({ permitted, effective, ambient });
}

function become(task: Task, change: Partial<Credentials>): number {
  const old = task.credentials;
  task.credentials = follow(task, old, old.with(change));
  if (task.credentials.euid !== old.euid || task.credentials.egid !== old.egid) task.process.dumpable = 0;
  return 0;
}

export function setuid(task: Task, ...given: [number]): number {
  const ids = uidsOf(task, ...given);
  if (!ids) return -EINVAL;
  const [uid] = ids as [number];
  const own = task.credentials;
  if (own.hasHere(CAP_SETUID)) return become(task, { uid, euid: uid, suid: uid, fsuid: uid });
  return uid === own.uid || uid === own.suid ? become(task, { euid: uid, fsuid: uid }) : -EPERM;
}
export function setgid(task: Task, ...given: [number]): number {
  const ids = gidsOf(task, ...given);
  if (!ids) return -EINVAL;
  const [gid] = ids as [number];
  const own = task.credentials;
  if (own.hasHere(CAP_SETGID)) return become(task, { gid, egid: gid, sgid: gid, fsgid: gid });
  return gid === own.gid || gid === own.sgid ? become(task, { egid: gid, fsgid: gid }) : -EPERM;
}

export function setreuid(task: Task, ...given: [number, number]): number {
  const ids = uidsOf(task, ...given);
  if (!ids) return -EINVAL;
  const [real, effective] = ids as [number, number];
  const own = task.credentials;
  const uid = real === KEEP ? own.uid : real;
  const euid = effective === KEEP ? own.euid : effective;
  const free = own.hasHere(CAP_SETUID);
  if (!free && real !== KEEP && uid !== own.uid && uid !== own.euid) return -EPERM;
  if (!free && effective !== KEEP && ![own.uid, own.euid, own.suid].includes(euid)) return -EPERM;
  const suid = real !== KEEP || (effective !== KEEP && euid !== own.uid) ? euid : own.suid;
  return become(task, { uid, euid, suid, fsuid: euid });
}
export function setregid(task: Task, ...given: [number, number]): number {
  const ids = gidsOf(task, ...given);
  if (!ids) return -EINVAL;
  const [real, effective] = ids as [number, number];
  const own = task.credentials;
  const gid = real === KEEP ? own.gid : real;
  const egid = effective === KEEP ? own.egid : effective;
  const free = own.hasHere(CAP_SETGID);
  if (!free && real !== KEEP && gid !== own.gid && gid !== own.egid) return -EPERM;
  if (!free && effective !== KEEP && ![own.gid, own.egid, own.sgid].includes(egid)) return -EPERM;
  const sgid = real !== KEEP || (effective !== KEEP && egid !== own.gid) ? egid : own.sgid;
  return become(task, { gid, egid, sgid, fsgid: egid });
}

export function setresuid(task: Task, ...given: [number, number, number]): number {
  const ids = uidsOf(task, ...given);
  if (!ids) return -EINVAL;
  const [real, effective, saved] = ids as [number, number, number];
  const own = task.credentials;
  const mine = [own.uid, own.euid, own.suid];
  if (!own.hasHere(CAP_SETUID) && [real, effective, saved].some((id) => id !== KEEP && !mine.includes(id)))
    return -EPERM;
  const euid = effective === KEEP ? own.euid : effective;
  return become(task, {
    uid: real === KEEP ? own.uid : real,
    euid,
    suid: saved === KEEP ? own.suid : saved,
    fsuid: euid,
  });
}
export function setresgid(task: Task, ...given: [number, number, number]): number {
  const ids = gidsOf(task, ...given);
  if (!ids) return -EINVAL;
  const [real, effective, saved] = ids as [number, number, number];
  const own = task.credentials;
  const mine = [own.gid, own.egid, own.sgid];
  if (!own.hasHere(CAP_SETGID) && [real, effective, saved].some((id) => id !== KEEP && !mine.includes(id)))
    return -EPERM;
  const egid = effective === KEEP ? own.egid : effective;
  return become(task, {
    gid: real === KEEP ? own.gid : real,
    egid,
    sgid: saved === KEEP ? own.sgid : saved,
    fsgid: egid,
  });
}
function writeIds({ space }: Task, addresses: number[], ids: number[], map: IdMap): number {
  let failed = 0;
  for (const [i, id] of ids.entries()) failed ||= writeU32(space, addresses[i]!, map.shown(id));
  return failed;
}
export function getresuid(task: Task, real: number, effective: number, saved: number): number {
  const { uid, euid, suid } = task.credentials;
  return writeIds(task, [real, effective, saved], [uid, euid, suid], task.credentials.userNamespace.uids);
}
export function getresgid(task: Task, real: number, effective: number, saved: number): number {
  const { gid, egid, sgid } = task.credentials;
  return writeIds(task, [real, effective, saved], [gid, egid, sgid], task.credentials.userNamespace.gids);
}

/** setfsuid(2) answers with the old one, whatever came of it. */
export function setfsuid(task: Task, given: number): number {
  const own = task.credentials;
  const { uids, root } = own.userNamespace;
  const uid = uids.inKernel(given);
  const old = uids.shown(own.fsuid);
  if (uid === undefined) return old;
  if (![own.uid, own.euid, own.suid, own.fsuid].includes(uid) && !own.hasHere(CAP_SETUID)) return old;
  let { effective } = own;
  if (own.fsuid === root && uid !== root) effective = effective.without(FILE_CAPABILITIES);
  else if (own.fsuid !== root && uid === root) effective = effective.or(own.permitted.and(FILE_CAPABILITIES));
  task.credentials = own.with({ fsuid: uid, effective });
  return old;
}
export function setfsgid(task: Task, given: number): number {
  const own = task.credentials;
  const { gids } = own.userNamespace;
  const gid = gids.inKernel(given);
  if (gid !== undefined && ([own.gid, own.egid, own.sgid, own.fsgid].includes(gid) || own.hasHere(CAP_SETGID)))
    task.credentials = own.with({ fsgid: gid });
  return gids.shown(own.fsgid);
}

export function getgroups(task: Task, size: number, address: number): number {
  const { groups } = task.credentials;
  if (size < 0 || (size > 0 && size < groups.length)) return -EINVAL;
  if (size > 0)
    for (const [i, gid] of groups.entries())
      if (writeU32(task.space, address + 4 * i, shownGid(task, gid)) !== 0) return -EFAULT;
  return groups.length;
}
export function setgroups(task: Task, size: number, address: number): number {
  const { userNamespace } = task.credentials;
  const may = userNamespace.gids.given && userNamespace.setGroupsAllowed;
  if (!may || !task.credentials.hasHere(CAP_SETGID)) return -EPERM;
  if (size < 0 || size > NGROUPS_MAX) return -EINVAL;
  const groups: number[] = [];
  for (let i = 0; i < size; i++) {
    const gid = readU32(task.space, address + 4 * i);
    if (gid < 0) return gid;
    const known = userNamespace.gids.inKernel(gid);
    if (known === undefined) return -EINVAL;
    groups.push(known);
  }
  task.credentials = task.credentials.with({ groups: groups.sort((a, b) => a - b) });
  return 0;
}

// ---- capabilities -----------------------------------------------------------------------------------------------------------------

const VERSION_1 = 0x19980330;
const VERSION_2 = 0x20071026;
const VERSION_3 = 0x20080522;

/** Words of each set that a version of the interface has; 0: it is none, and the kernel tells its own. */
function wordsOf(version: number): number {
  return version === VERSION_1 ? 1 : version === VERSION_2 || version === VERSION_3 ? 2 : 0;
}

export function capget(task: Task, header: number, data: number): number {
  const version = readU32(task.space, header);
  const pid = readU32(task.space, header + 4);
  if (version < 0 || pid < 0) return -EFAULT;
  const words = wordsOf(version);
  if (words === 0) {
    const failed = writeU32(task.space, header, VERSION_3);
    return failed !== 0 ? failed : data === 0 ? 0 : -EINVAL;
  }
  if ((pid | 0) < 0) return -EINVAL;
  const target = pid === 0 ? task : task.pidNamespace.find(pid)?.task;
  if (!target) return -ESRCH;
  if (data === 0) return 0;
  const { effective, permitted, inheritable } = target.credentials;
  for (let i = 0; i < words; i++)
    for (const [k, set] of [effective, permitted, inheritable].entries())
      if (writeU32(task.space, data + 12 * i + 4 * k, i === 0 ? set.low : set.high) !== 0) return -EFAULT;
  return 0;
}

export function capset(task: Task, header: number, data: number): number {
  const version = readU32(task.space, header);
  const pid = readU32(task.space, header + 4);
  if (version < 0 || pid < 0) return -EFAULT;
  const words = wordsOf(version);
  if (words === 0) {
    writeU32(task.space, header, VERSION_3);
    return -EINVAL;
  }
  if (pid !== 0 && pid !== task.pid.in(task.pidNamespace)) return -EPERM;
  const sets = [0, 1, 2].map((k) => {
    const low = readU32(task.space, data + 4 * k);
    const high = words === 2 ? readU32(task.space, data + 12 + 4 * k) : 0;
    return low < 0 || high < 0 ? undefined : new CapabilitySet(low, high & 0x1ff);
  });
  const [effective, permitted, inheritable] = sets;
  if (!effective || !permitted || !inheritable) return -EFAULT;
  const own = task.credentials;
  if (!permitted.within(own.permitted) || !effective.within(permitted)) return -EPERM;
  if (!own.hasHere(CAP_SETPCAP) && !inheritable.within(own.inheritable.or(own.permitted))) return -EPERM;
  if (!inheritable.within(own.inheritable.or(own.bounding))) return -EPERM;
  task.credentials = own.with({
    effective,
    permitted,
    inheritable,
    ambient: own.ambient.and(permitted).and(inheritable),
  });
  return 0;
}
