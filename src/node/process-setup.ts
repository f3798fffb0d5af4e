// A container's process before it has its program: who it is, what it may do, and its limits.
// OCI runtime-spec, config.md, "Process", "Linux Process", "User".
import { InputError } from '../base/errors.js';
import type { LinuxSpec, ProcessSpec } from '../base/runtime-spec.js';
import { ENOENT } from '../kernel/abi/errno.js';
import * as R from '../kernel/abi/sched.js';
import { SECCOMP_MODE_FILTER } from '../kernel/abi/seccomp.js';
import type { Kernel } from '../kernel/kernel.js';
import type { IdMap } from '../kernel/ns/id-map.js';
import type { UserNamespace } from '../kernel/ns/user-namespace.js';
import * as C from '../kernel/security/capability.js';
import { Credentials } from '../kernel/security/credentials.js';
import { UNLIMITED } from '../kernel/task/limits.js';
import type { Task } from '../kernel/task/task.js';
import type { Path } from '../kernel/vfs/path.js';
import { resolve } from '../kernel/vfs/walk.js';
import { directoryAt } from './place.js';
import { checked, Refusal } from './refusal.js';
import { scheduleProcess } from './scheduling.js';
import { filterOf } from './seccomp-profile.js';
import { groupOf, userOf } from './user-name.js';

const { CapabilitySet } = C;
/** Numbers of capabilities by their names. */
export const CAPABILITIES = new Map<string, number>(
  Object.entries(C).flatMap(([name, value]) =>
    name.startsWith('CAP_') && name !== 'CAP_LAST' && typeof value === 'number' ? [[name, value]] : [],
  ),
);
const RLIMITS = new Map(Object.entries(R).filter(([name]) => name.startsWith('RLIMIT_'))) as Map<string, number>;
/** From here on a number is RLIM_INFINITY. */
const INFINITY = 2 ** 63;

function capabilities(names: readonly string[] | undefined): C.CapabilitySet {
  const numbers: number[] = [];
  for (const name of names ?? []) {
    // names of newer kernels are passed over, as the spec has it
    const number = CAPABILITIES.get(name);
    if (number !== undefined) numbers.push(number);
  }
  return CapabilitySet.of(...numbers);
}

export interface Identity {
  credentials: Credentials;
  /** By the root's /etc/passwd. */
  home?: string;
}

/** Who the process is in `owner`, whose ids the config has. Throws Refusal. */
export function identityOf(kernel: Kernel, owner: UserNamespace, root: Path, spec: ProcessSpec): Identity {
  const { username, uid = 0, gid = 0, additionalGids = [], additionalGroups = [] } = spec.user ?? {};
  let user: { uid: number; gid: number; groups: readonly number[]; home?: string };
  try {
    const named = userOf(kernel, root, username || `${uid}:${gid}`);
    const others = [...additionalGids, ...additionalGroups.map((group) => groupOf(kernel, root, group))];
    user = username
      ? { ...named, groups: [...new Set([named.gid, ...named.groups, ...others])] }
      : { ...named, groups: others };
  } catch (error) {
    if (error instanceof InputError) throw new Refusal('invalid', error.message);
    throw error;
  }
  const given = spec.capabilities ?? {};
  const set = (name: 'bounding' | 'permitted' | 'inheritable' | 'ambient') => capabilities(given[name]);
  const effective = capabilities(given.effective);
  const known = (id: number, map: IdMap): number => {
    const found = map.inKernel(id);
    if (found === undefined) throw new Refusal('invalid', `user: ${id} is none of the ids of the user namespace`);
    return found;
  };
  const { uids, gids } = owner;
  // as setgroups keeps them
  const groups = user.groups.map((gid) => known(gid, gids)).sort((a, b) => a - b);
  const plain = Credentials.user(owner, known(user.uid, uids), known(user.gid, gids), groups);
  const credentials = plain.with({
    bounding: set('bounding'),
    permitted: user.uid === 0 ? set('permitted') : set('ambient'),
    effective: user.uid === 0 ? effective : set('ambient'),
    inheritable: set('inheritable'),
    ambient: set('ambient'),
  });
  return { credentials, home: user.home };
}

/** Limits and rights that its program begins with. Throws Refusal. */
export function limitProcess(task: Task, spec: ProcessSpec, linux: LinuxSpec | undefined): void {
  const { process } = task;
  for (const { type, soft, hard } of spec.rlimits ?? []) {
    const resource = RLIMITS.get(type);
    if (resource === undefined) throw new Refusal('invalid', `rlimits: there is no '${type}'`);
    if (soft > hard) throw new Refusal('invalid', `rlimits: ${type}: ${soft} is above its hard limit ${hard}`);
    const value = (limit: number): number => (limit >= INFINITY ? UNLIMITED : limit);
    process.limits.set(resource, value(soft), value(hard));
  }
  process.oomScoreAdj = spec.oomScoreAdj ?? 0;
  task.noNewPrivileges = spec.noNewPrivileges ?? false;
  task.fs.umask = spec.user?.umask ?? 0o022;
  scheduleProcess(task, spec, linux);
  if (linux?.seccomp) task.seccomp = { mode: SECCOMP_MODE_FILTER, filter: filterOf(linux.seccomp, task.abi) };
}

/** Goes to the directory that the config names, which is made where it is not there; then the process is who it is to be. */
export function becomeUser(task: Task, spec: ProcessSpec, credentials: Credentials, makes: boolean): void {
  const cwd = spec.cwd ?? '/';
  const there = resolve(task, task.fs.root, cwd);
  const failed = `chdir to cwd ("${cwd}") set in config.json failed`;
  if (there === -ENOENT && !makes) throw new Refusal('not-found', `${failed}: no such file or directory`);
  const place = typeof there === 'number' ? directoryAt(task, cwd, 'cwd') : there;
  if (!place.inode.isDirectory) throw new Refusal('invalid', `${failed}: not a directory`);
  task.fs.cwd = checked('cwd', place);
  task.credentials = credentials;
}
