// The namespaces of a container: new ones, those of a process that is there, or the node's own.
// OCI runtime-spec, config-linux.md, "Namespaces".
import type { LinuxSpec, NamespaceType } from '../base/runtime-spec.js';
import type { CgroupNamespace } from '../kernel/cgroup/cgroup-namespace.js';
import type { Kernel } from '../kernel/kernel.js';
import { IpcNamespace } from '../kernel/ns/ipc-namespace.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import type { NamespaceSet } from '../kernel/ns/namespace-set.js';
import { NetNamespace } from '../kernel/ns/net-namespace.js';
import { PidNamespace } from '../kernel/ns/pid-namespace.js';
import { TimeNamespace } from '../kernel/ns/time-namespace.js';
import type { UtsNamespace } from '../kernel/ns/uts-namespace.js';
import { Credentials } from '../kernel/security/credentials.js';
import type { Task } from '../kernel/task/task.js';
import { checked, Refusal } from './refusal.js';

const TYPES: readonly NamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'time'];

/** The process that /proc/PID/ns/NAME names, in the node's own numbers. */
function processAt(kernel: Kernel, path: string): Task {
  const pid = /^\/proc\/(\d{1,10})\/ns\/[a-z]+$/.exec(path)?.[1];
  const task = pid === undefined ? undefined : kernel.pidNamespace.find(Number(pid))?.process?.leader;
  if (!task || task.process.isZombie) throw new Refusal('invalid', `namespaces: ${path}: there is no such process`);
  return task;
}

/** `mount` and `cgroup` are the container's own, made already. Throws Refusal. */
export function namespacesOf(
  kernel: Kernel,
  linux: LinuxSpec,
  mount: MountNamespace,
  cgroup: CgroupNamespace,
): NamespaceSet {
  const asked = new Map<string, string | undefined>();
  for (const { type, path } of linux.namespaces ?? []) {
    if (!TYPES.includes(type))
      throw new Refusal('invalid', `namespaces: '${type}' is none that a container here can have`);
    if (asked.has(type)) throw new Refusal('invalid', `namespaces: '${type}' is asked for twice`);
    asked.set(type, path || undefined);
  }
  const owner = kernel.userNamespace;
  const choose = <T>(type: NamespaceType, make: () => T, own: T, of: (task: Task) => T): T => {
    if (!asked.has(type)) return own;
    const path = asked.get(type);
    return path === undefined ? make() : of(processAt(kernel, path));
  };
  const others = {
    mount,
    cgroup,
    uts: choose(
      'uts',
      () => kernel.utsNamespace.copy(owner),
      kernel.utsNamespace,
      (task) => task.namespaces.uts as UtsNamespace,
    ),
    ipc: choose(
      'ipc',
      () => new IpcNamespace(owner, kernel),
      kernel.ipcNamespace,
      (task) => task.namespaces.ipc,
    ),
    net: choose(
      'network',
      () => newNetwork(kernel),
      kernel.netNamespace,
      (task) => task.namespaces.net,
    ),
    pidForChildren: choose(
      'pid',
      () => new PidNamespace(kernel.pidNamespace, owner),
      kernel.pidNamespace,
      (task) => task.pidNamespace,
    ),
  };
  // the last, as it has memory that has to be given back
  const time = choose(
    'time',
    () => newTime(kernel, linux.timeOffsets ?? {}),
    kernel.timeNamespace,
    (task) => task.namespaces.time,
  );
  return { ...others, time, timeForChildren: time };
}

/** With its clocks ahead as the config says, from the first process on. */
function newTime(kernel: Kernel, offsets: NonNullable<LinuxSpec['timeOffsets']>): TimeNamespace {
  const owner = kernel.userNamespace;
  const made = checked('the time namespace', TimeNamespace.create(owner, kernel));
  const changes = (['monotonic', 'boottime'] as const).flatMap((clock) => {
    const { secs: seconds = 0, nanosecs: nanoseconds = 0 } = offsets[clock] ?? {};
    return offsets[clock] ? [{ clock, offset: { seconds, nanoseconds } }] : [];
  });
  const failed = made.set(changes, Credentials.root(owner));
  if (failed !== 0) made.free();
  checked('timeOffsets', failed);
  made.enter();
  return made;
}

/** With its loopback up, as runc leaves it. */
function newNetwork(kernel: Kernel): NetNamespace {
  const made = new NetNamespace(kernel, kernel.userNamespace);
  made.addressing.setUp(made.loopback, true);
  return made;
}
