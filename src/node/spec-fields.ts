// Every field that a config.json for Linux may have, and what becomes of it: as the spec wants, or refused with the reason, or passed over and
// said so. Fields that the spec does not know are none of ours, as it wants. docs/oci-runtime.md has the table.
// OCI runtime-spec 1.2: config.md, config-linux.md, and of 1.3 what it adds to them.
import { Refusal } from './refusal.js';

/** `holds`: nothing that it could limit or change is here. `said`: it has no effect, and the log says so. */
export type Support = 'honoured' | 'holds' | 'said' | 'refused';

export interface Field {
  support: Support;
  note: string;
  /** Of what is not refused as a whole: may this value not be? */
  refuses?(value: unknown): boolean;
}

const honoured = (note = '', refuses?: Field['refuses']): Field => ({ support: 'honoured', note, refuses });
const holds = (note: string): Field => ({ support: 'holds', note });
const said = (note: string): Field => ({ support: 'said', note });
const refused = (note: string): Field => ({ support: 'refused', note });
/** The same of several. */
const each = (prefix: string, names: string, field: Field): Record<string, Field> =>
  Object.fromEntries(names.split(' ').map((name) => [`${prefix}${name}`, field]));
const noneOf =
  (...known: string[]): Field['refuses'] =>
  (value) =>
    !known.includes(String(value));

const LABEL = said('a label is for a security module of the host’s, and our kernel has none');
const MAPPED_MOUNT = refused('a mount has no ids of its own here');
const OTHER_PLATFORM = refused('this is a runtime for containers of Linux');
const REAL_TIME = refused('there is no real-time class with a budget');
const NO_LEAVES = refused('only cgroup v1 weighs what is in a group against the groups below it');
const NO_RDT = refused('caches and memory bandwidth of the host are not shared out');
const NO_NET_CLASSES = refused('only cgroup v1 has classes of packets');
const NO_SWAP = holds('there is no swap');
const NO_NOTIFY = refused('there is nobody outside who could answer a call');
const DEADLINE = refused('there is no SCHED_DEADLINE');
const hook = (where: string): Field => honoured(where);

export const FIELDS: Readonly<Record<string, Field>> = {
  ociVersion: honoured('another major version than 1 is refused', (value) => !/^1\./.test(String(value))),
  ...each('root.', 'path readonly', honoured()),
  'mounts[].destination': honoured('a path that is not absolute is refused'),
  ...each('mounts[].', 'type source options', honoured()),
  ...each('mounts[].', 'uidMappings gidMappings', MAPPED_MOUNT),
  hostname: honoured(),
  domainname: honoured(),
  annotations: honoured('kept, for `state` and hooks'),

  ...each('process.', 'terminal consoleSize cwd env args capabilities rlimits noNewPrivileges oomScoreAdj', honoured()),
  ...each('process.user.', 'uid gid umask additionalGids', honoured()),
  ...each('process.', 'apparmorProfile selinuxLabel', LABEL),
  'process.scheduler.policy': honoured(
    'SCHED_OTHER, FIFO, RR, BATCH, IDLE; another is refused: there is none',
    noneOf('SCHED_OTHER', 'SCHED_FIFO', 'SCHED_RR', 'SCHED_BATCH', 'SCHED_IDLE'),
  ),
  ...each('process.scheduler.', 'nice priority', honoured()),
  'process.scheduler.flags[]': honoured(
    'SCHED_FLAG_RESET_ON_FORK; another is refused: it asks for what the kernel has not',
    noneOf('SCHED_FLAG_RESET_ON_FORK'),
  ),
  ...each('process.scheduler.', 'runtime deadline period', DEADLINE),
  'process.ioPriority.class': honoured(
    'another than those of ioprio_set(2) is refused',
    noneOf('IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'),
  ),
  'process.ioPriority.priority': honoured(),
  ...each(
    'process.execCPUAffinity.',
    'initial final',
    honoured('there is one processor, 0: a list without it is refused', (value) => !/^0\b/.test(String(value))),
  ),
  'process.commandLine': OTHER_PLATFORM,

  ...each('hooks.', 'prestart createRuntime poststart poststop', hook('on the host')),
  'hooks.createContainer': hook('on the host, in the sandbox’s namespaces'),
  'hooks.startContainer': hook('a program of the container’s'),

  'linux.namespaces[].type': honoured('all eight'),
  'linux.namespaces[].path': honoured('of a container of ours, or a network of the host’s; another is refused'),
  ...each('linux.', 'uidMappings gidMappings timeOffsets cgroupsPath sysctl maskedPaths readonlyPaths', honoured()),
  ...each('linux.devices[].', 'type path major minor fileMode uid gid', honoured()),
  'linux.rootfsPropagation': honoured(
    'shared, slave, private, unbindable, with r before them or not; another is refused: there is none',
    (value) => !/^r?(shared|slave|private|unbindable)$/.test(String(value)),
  ),
  'linux.mountLabel': LABEL,
  'linux.personality.domain': honoured('LINUX, LINUX32; another is refused: there is none', noneOf('LINUX', 'LINUX32')),
  'linux.personality.flags[]': refused('none are known to the spec'),
  ...each('linux.intelRdt.', 'closID schemata l3CacheSchema memBwSchema enableCMT enableMBM enableMonitoring', NO_RDT),
  'linux.netDevices': refused('a device of the host’s can not be moved into our kernel'),
  'linux.memoryPolicy': refused('there is one node of memory'),

  ...each('linux.seccomp.', 'defaultAction defaultErrnoRet', honoured()),
  ...each('linux.seccomp.syscalls[].', 'names errnoRet args', honoured()),
  'linux.seccomp.syscalls[].action': honoured('all but SCMP_ACT_NOTIFY, which is refused'),
  'linux.seccomp.architectures': holds('programs are i386 ones, and calls go by their names'),
  'linux.seccomp.flags[]': {
    ...holds('of those known; another is refused: there is none'),
    refuses: noneOf('SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'),
  },
  ...each('linux.seccomp.', 'listenerPath listenerMetadata', NO_NOTIFY),

  ...each('linux.resources.devices[].', 'allow type major minor access', honoured()),
  ...each('linux.resources.memory.', 'limit reservation checkBeforeUpdate', honoured()),
  ...each('linux.resources.memory.', 'swap swappiness', NO_SWAP),
  ...each('linux.resources.memory.', 'kernel kernelTCP', said('the kernel’s memory is limited with the rest')),
  'linux.resources.memory.disableOOMKiller': refused('a group without memory ends, as with cgroup v2'),
  'linux.resources.memory.useHierarchy': holds('groups are below each other always'),
  ...each('linux.resources.cpu.', 'shares quota period burst idle cpus mems', honoured()),
  ...each('linux.resources.cpu.', 'realtimeRuntime realtimePeriod', REAL_TIME),
  'linux.resources.pids.limit': honoured(),
  ...each(
    'linux.resources.blockIO.',
    'weight throttleReadBpsDevice throttleWriteBpsDevice throttleReadIOPSDevice throttleWriteIOPSDevice',
    honoured('a disk that the sandbox has not is refused'),
  ),
  ...each('linux.resources.blockIO.weightDevice[].', 'major minor weight', honoured()),
  'linux.resources.blockIO.leafWeight': NO_LEAVES,
  'linux.resources.blockIO.weightDevice[].leafWeight': NO_LEAVES,
  'linux.resources.hugepageLimits': holds('there are no huge pages'),
  'linux.resources.rdma': holds('there is no such device'),
  ...each('linux.resources.network.', 'classID priorities', NO_NET_CLASSES),
  'linux.resources.unified': honoured('a file that is not there is refused'),

  ...each('', 'solaris windows vm zos freebsd', OTHER_PLATFORM),
};

/** Nothings ask for nothing: engines give what nobody has asked for so. */
function asks(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== 0 && value !== '' && value !== false;
}

/** What is at a path; `[]` is each of a list. */
function valuesAt(value: unknown, names: readonly string[]): unknown[] {
  let found = [value];
  for (const name of names) {
    const [member, ...lists] = name.split('[]');
    found = found.map((one) =>
      one !== null && typeof one === 'object' ? (one as Record<string, unknown>)[member!] : undefined,
    );
    if (lists.length > 0) found = found.flatMap((one) => (Array.isArray(one) ? one : []));
  }
  return found.filter(asks);
}

/** Fields below `place` with a value that asks for something. */
function* given(value: unknown, place: string): Generator<[path: string, field: Field, value: unknown]> {
  for (const [path, field] of Object.entries(FIELDS)) {
    if (!path.startsWith(place)) continue;
    for (const one of valuesAt(value, path.slice(place.length).split('.'))) yield [path, field, one];
  }
}

/** Throws Refusal: what is asked for is not to be had. `place`: where in a config it is, as `process.`. */
export function refuseFields(value: unknown, place = ''): void {
  for (const [path, { support, note, refuses }, one] of given(value, place))
    if (support === 'refused' || refuses?.(one)) {
      const shown = typeof one === 'object' ? '' : ` ${String(one).slice(0, 80)}`;
      throw new Refusal('invalid', `config.json: ${path}${shown}: ${note}`);
    }
}

/** What is passed over, in words. */
export const passedOver = (config: unknown): string[] =>
  [...given(config, '')]
    .filter(([, { support }]) => support === 'said')
    .map(([path, { note }, one]) => `config.json: ${path} ${String(one).slice(0, 80)}: is passed over: ${note}`);

/** The table of the page. */
export const fieldTable = (): string =>
  [
    '| Field | | |',
    '|---|---|---|',
    ...Object.entries(FIELDS).map(([path, { support, note }]) => `| \`${path}\` | ${support} | ${note} |`),
  ].join('\n');
