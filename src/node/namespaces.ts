// The namespaces of a container: new ones, those of a process that is there, or the node's own.
// OCI runtime-spec, config-linux.md, "Namespaces", "User namespace mappings"; man 7 user_namespaces.
import type { IdMapping, IdMappings, LinuxSpec, NamespaceType } from '../base/runtime-spec.js';
import { Refusal, checked } from './refusal.js';
import type { CgroupNamespace } from '../kernel/cgroup/cgroup-namespace.js';
import type { Kernel } from '../kernel/kernel.js';
import { createProgramNamespaces } from '../kernel/ns/create-namespaces.js';
import { type Extent, parseExtents } from '../kernel/ns/id-map.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import type { NamespaceSet } from '../kernel/ns/namespace-set.js';
import { UserNamespace } from '../kernel/ns/user-namespace.js';
import type { UtsNamespace } from '../kernel/ns/uts-namespace.js';
import { Credentials } from '../kernel/security/credentials.js';
import type { Task } from '../kernel/task/task.js';

const TYPES: readonly NamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];

/** The process that /proc/PID/ns/NAME names, in the node's own numbers. */
function processAt(kernel: Kernel, path: string): Task {
  const pid = /^\/proc\/(\d{1,10})\/ns\/[a-z]+$/.exec(path)?.[1];
  const task = pid === undefined ? undefined : kernel.pidNamespace.find(Number(pid))?.process?.leader;
  if (!task || task.process.isZombie) throw new Refusal('invalid', `namespaces: ${path}: there is no such process`);
  return task;
}

/** What is asked for: without a path a new one. */
type Asked = ReadonlyMap<NamespaceType, string | undefined>;

function askedOf({ namespaces = [] }: LinuxSpec): Asked {
  const asked = new Map<NamespaceType, string | undefined>();
  for (const { type, path } of namespaces) {
    if (!TYPES.includes(type)) throw new Refusal('invalid', `namespaces: '${type}' is none that there is`);
    if (asked.has(type)) throw new Refusal('invalid', `namespaces: '${type}' is asked for twice`);
    asked.set(type, path || undefined);
  }
  return asked;
}

/** Whose ids and capabilities count in a container, and what else of its is new belongs to. Throws Refusal. */
export function userNamespaceOf(kernel: Kernel, linux: LinuxSpec): UserNamespace {
  const asked = askedOf(linux);
  const isMapped = (linux.uidMappings?.length ?? 0) > 0 || (linux.gidMappings?.length ?? 0) > 0;
  if (!asked.has('user')) {
    if (isMapped) throw new Refusal('invalid', 'uidMappings, gidMappings: there is no user namespace in namespaces');
    return kernel.userNamespace;
  }
  const path = asked.get('user');
  if (path !== undefined) return processAt(kernel, path).credentials.userNamespace;
  return mappedNamespace(kernel, linux);
}

/** One whose ids stand for those of the node that the mappings say. Throws Refusal. */
export function mappedNamespace(kernel: Kernel, { uidMappings, gidMappings }: IdMappings): UserNamespace {
  const made = new UserNamespace(kernel.userNamespace, 0);
  map(made, 'uids', uidMappings);
  map(made, 'gids', gidMappings);
  return made;
}

function map(owner: UserNamespace, kind: 'uids' | 'gids', mappings: readonly IdMapping[] = []): void {
  const name = kind === 'uids' ? 'uidMappings' : 'gidMappings';
  const extents = parseExtents(
    mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join(''),
  );
  if (typeof extents === 'number')
    throw new Refusal('invalid', `${name}: are needed with a user namespace, in ranges that do not overlap`);
  const given = extents as Extent[];
  if (!given.some(({ first }) => first === 0)) throw new Refusal('invalid', `${name}: there is no id 0 in them`);
  checked(name, owner[kind].give(given, owner.parent![kind]));
}

/** Who sets up a container: root of its user namespace, who has all capabilities there. */
export const rootOf = (owner: UserNamespace): Credentials => {
  const { uid, gid } = owner.rootIds;
  return Credentials.user(owner, uid, gid, []);
};

/** `mount` and `cgroup` are the container's own, made already, and what is new is their owner's. Throws Refusal. */
export function namespacesOf(
  kernel: Kernel,
  linux: LinuxSpec,
  mount: MountNamespace,
  cgroup: CgroupNamespace,
): NamespaceSet {
  const asked = askedOf(linux);
  /** The node's own, that of a process, or undefined: a new one. */
  const choose = <T>(type: NamespaceType, own: T, of: (task: Task) => T): T | undefined => {
    const path = asked.get(type);
    return !asked.has(type) ? own : path === undefined ? undefined : of(processAt(kernel, path));
  };
  const offsets = linux.timeOffsets ?? {};
  const changes = (['monotonic', 'boottime'] as const).flatMap((clock) => {
    const { secs: seconds = 0, nanosecs: nanoseconds = 0 } = offsets[clock] ?? {};
    return offsets[clock] ? [{ clock, offset: { seconds, nanoseconds } }] : [];
  });
  const given = {
    uts: choose('uts', kernel.utsNamespace, ({ namespaces }) => namespaces.uts as UtsNamespace),
    ipc: choose('ipc', kernel.ipcNamespace, ({ namespaces }) => namespaces.ipc),
    net: choose('network', kernel.netNamespace, ({ namespaces }) => namespaces.net),
    pidForChildren: choose('pid', kernel.pidNamespace, ({ pidNamespace }) => pidNamespace),
    time: choose('time', kernel.timeNamespace, ({ namespaces }) => namespaces.time),
  };
  return {
    ...checked('timeOffsets', createProgramNamespaces(kernel, cgroup.owner, given, changes)),
    mount,
    cgroup: choose('cgroup', kernel.cgroups.namespace, ({ namespaces }) => namespaces.cgroup) ?? cgroup,
  };
}
