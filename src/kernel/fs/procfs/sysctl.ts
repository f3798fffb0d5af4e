// /proc/sys: settings of the kernel, one a file. man 5 proc, sysctl(8); Linux kernel/sysctl.c. What can be changed here has an effect;
// what has none in this kernel can be read only.
import { uuid } from '../../../base/uuid.js';
import { EINVAL } from '../../abi/errno.js';
import { S_IFREG } from '../../abi/stat.js';
import { MAX_AREAS } from '../../mm/address-space.js';
import type { IpcNamespace } from '../../ns/ipc-namespace.js';
import { MOUNT_MAX } from '../../ns/mount-namespace.js';
import { PID_MAX } from '../../ns/pid-namespace.js';
import { RELEASE, VERSION } from '../../release.js';
import { CAP_LAST } from '../../security/capability.js';
import { REAL_TIME_MOST, REAL_TIME_PERIOD, RR_INTERVAL } from '../../task/scheduler.js';
import type { Task } from '../../task/task.js';
import { NR_OPEN } from '../../vfs/fd-table.js';
import type { Inode } from '../../vfs/inode.js';
import type { MqueueFs } from '../mqueuefs.js';
import { PIPE_SIZE_MAX } from '../pipe.js';
import { type Entry, table } from './inodes.js';
import { IpcSettingInode, SettingInode } from './setting-inode.js';
import { ofSystem, type SystemSubject } from './subject.js';
import { type TextSource, type WholeText, whole } from './text.js';

type Write = NonNullable<TextSource<SystemSubject>['write']>;

export function setting(
  name: string,
  value: WholeText<SystemSubject>,
  write?: Write,
  Kind: typeof SettingInode<SystemSubject> = SettingInode,
): Entry<SystemSubject> {
  const mode = S_IFREG | (write ? 0o644 : 0o444);
  const line: WholeText<SystemSubject> = (subject, reader) => {
    const text = value(subject, reader);
    return typeof text === 'number' ? text : `${text}\n`;
  };
  const source = { record: whole(line), write };
  return { name, mode, make: (place): Inode => new Kind(place, mode, source) };
}

const constant = (name: string, value: number | string): Entry<SystemSubject> => setting(name, () => String(value));

/** A number within [least, most], which `set` takes. */
function number(least: number, most: number, set: (writer: Task, value: number) => void): Write {
  return (_subject, writer, text) => {
    const value = Number(text.trim());
    if (!/^\s*-?\d+\s*$/.test(text) || value < least || value > most) return -EINVAL;
    set(writer, value);
    return 0;
  };
}

const HOSTNAME_MAX = 64;

/** A name of the writer's UTS namespace. */
function utsName(name: string, field: 'hostname' | 'domainname'): Entry<SystemSubject> {
  return setting(
    name,
    (_subject, reader) => reader.namespaces.uts[field],
    (_subject, writer, text) => {
      writer.namespaces.uts[field] = text.split(/[\0\n]/)[0]!.slice(0, HOSTNAME_MAX);
      return 0;
    },
  );
}

const random = [
  setting(
    'boot_id',
    ofSystem((kernel) => kernel.bootId),
  ),
  constant('entropy_avail', 256),
  constant('poolsize', 256),
  setting(
    'uuid',
    ofSystem((kernel) => uuid(kernel.randomBytes(16))),
  ),
];

/** A limit of System V IPC in the writer's namespace. */
function ipcLimit(
  name: string,
  most: number,
  get: (namespace: IpcNamespace) => number,
  set: (namespace: IpcNamespace, value: number) => void,
): Entry<SystemSubject> {
  return setting(
    name,
    (_subject, reader) => String(get(reader.namespaces.ipc)),
    number(0, most, (writer, value) => set(writer.namespaces.ipc, value)),
    IpcSettingInode,
  );
}

const INT_MAX = 0x7fffffff;
const ipc = [
  ipcLimit(
    'msgmax',
    INT_MAX,
    ({ msg }) => msg.maxMessage,
    ({ msg }, value) => {
      msg.maxMessage = value;
    },
  ),
  ipcLimit(
    'msgmnb',
    INT_MAX,
    ({ msg }) => msg.maxBytes,
    ({ msg }, value) => {
      msg.maxBytes = value;
    },
  ),
  ipcLimit(
    'msgmni',
    32768,
    ({ msg }) => msg.most,
    ({ msg }, value) => {
      msg.most = value;
    },
  ),
  setting('sem', (_subject, { namespaces: { ipc: own } }) =>
    [own.sem.maxOfSet, own.sem.maxOfAll, own.sem.maxOperations, own.sem.most].join('\t'),
  ),
  ipcLimit(
    'shmall',
    0xfeffffff,
    ({ shm }) => shm.maxPages,
    ({ shm }, value) => {
      shm.maxPages = value;
    },
  ),
  ipcLimit(
    'shmmax',
    0xfeffffff,
    ({ shm }) => shm.maxBytes,
    ({ shm }, value) => {
      shm.maxBytes = value;
    },
  ),
  ipcLimit(
    'shmmni',
    32768,
    ({ shm }) => shm.most,
    ({ shm }, value) => {
      shm.most = value;
    },
  ),
];

const kernel = [
  ...ipc,
  constant('cap_last_cap', CAP_LAST),
  utsName('domainname', 'domainname'),
  utsName('hostname', 'hostname'),
  constant('ngroups_max', 65536),
  constant('osrelease', RELEASE),
  constant('ostype', 'Linux'),
  constant('overflowgid', 65534),
  constant('overflowuid', 65534),
  constant('pid_max', PID_MAX),
  table<SystemSubject>('pty', 0o555, [
    constant('max', 4096),
    setting(
      'nr',
      ofSystem((own) => String(own.terminalCount)),
    ),
  ]),
  table<SystemSubject>('random', 0o555, random),
  constant('randomize_va_space', 0),
  constant('sched_rr_timeslice_ms', RR_INTERVAL / 1e6),
  constant('sched_rt_period_us', REAL_TIME_PERIOD / 1e3),
  constant('sched_rt_runtime_us', REAL_TIME_MOST / 1e3),
  setting(
    'threads-max',
    ofSystem((own) => String(own.maxTasks)),
  ),
  constant('version', VERSION),
];

const vm = [
  constant('max_map_count', MAX_AREAS),
  constant('mmap_min_addr', 65536),
  // memory is given when it is touched; strict accounting (2) is not there
  setting(
    'overcommit_memory',
    ofSystem((own) => String(own.overcommitMemory)),
    number(0, 1, (writer, value) => {
      writer.kernel.overcommitMemory = value;
    }),
  ),
  constant('overcommit_ratio', 50),
  constant('swappiness', 0),
];

/** A limit of inotify's, which takes any number. */
function inotifyLimit(name: string, field: 'maxQueuedEvents' | 'maxUserInstances' | 'maxUserWatches') {
  return setting(
    name,
    ofSystem((own) => String(own.inotify[field])),
    number(0, 0x7fffffff, (writer, value) => {
      writer.kernel.inotify[field] = value;
    }),
  );
}

/** A limit of POSIX message queues in the writer's namespace. */
function queueLimit(name: string, field: keyof MqueueFs['limits'], most: number): Entry<SystemSubject> {
  return ipcLimit(
    name,
    most,
    ({ queues }) => queues.limits[field],
    ({ queues }, value) => {
      queues.limits[field] = value;
    },
  );
}

const fs = [
  setting(
    'file-max',
    ofSystem((own) => String(own.statistics.openFilesMax)),
  ),
  setting(
    'file-nr',
    ofSystem((own) => `${own.statistics.openFiles}\t0\t${own.statistics.openFilesMax}`),
  ),
  table<SystemSubject>('inotify', 0o555, [
    inotifyLimit('max_queued_events', 'maxQueuedEvents'),
    inotifyLimit('max_user_instances', 'maxUserInstances'),
    inotifyLimit('max_user_watches', 'maxUserWatches'),
  ]),
  constant('mount-max', MOUNT_MAX),
  table<SystemSubject>('mqueue', 0o555, [
    queueLimit('msg_default', 'defaultMessages', 65536),
    queueLimit('msg_max', 'messages', 65536),
    queueLimit('msgsize_default', 'defaultBytes', 16 << 20),
    queueLimit('msgsize_max', 'bytes', 16 << 20),
    queueLimit('queues_max', 'queues', 65536),
  ]),
  constant('nr_open', NR_OPEN),
  constant('overflowgid', 65534),
  constant('overflowuid', 65534),
  constant('pipe-max-size', PIPE_SIZE_MAX),
  constant('protected_hardlinks', 1),
  constant('protected_symlinks', 1),
  constant('suid_dumpable', 0),
];

export const SYSCTLS: readonly Entry<SystemSubject>[] = [
  table('crypto', 0o555, [constant('fips_enabled', 0)]),
  table('fs', 0o555, fs),
  table('kernel', 0o555, kernel),
  table('vm', 0o555, vm),
];
