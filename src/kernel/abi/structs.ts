// The structs of the system-call interface, each described once. Linux uapi headers; man 2 of the calls.
// Where the ABIs differ by more than the size of a word, an ABI's own file says so (abi/i386/structs.ts).
import { type DataModel, type Field, Layout } from './layout.js';

const timespec: Field[] = [
  ['sec', 'long'],
  ['nsec', 'long'],
];
/** __kernel_timespec: 64 bits of seconds on every ABI, for the *_time64 calls. */
const timespec64: Field[] = [
  ['sec', 's64'],
  ['nsec', 's64'],
];
const timeval: Field[] = [
  ['sec', 'long'],
  ['usec', 'long'],
];

const twice = (fields: Field[], first: string, second: string): Field[] =>
  [first, second].flatMap((prefix) => fields.map(([name, type]): Field => [`${prefix}_${name}`, type]));

const statxTime = (name: string): Field[] => [
  [`${name}_sec`, 's64'],
  [`${name}_nsec`, 'u32'],
  ['', 's32'],
];

/** A time of System V's structs: on a 32-bit ABI its upper half is a field of its own. */
const ipcTime = (name: string): Field[] => [
  [name, 'ulong'],
  [`${name}_high`, 'high'],
];
/** struct ipc64_perm. */
const ipcPermissions: Field[] = [
  ['key', 's32'],
  ['uid', 'u32'],
  ['gid', 'u32'],
  ['cuid', 'u32'],
  ['cgid', 'u32'],
  ['mode', 'u32'],
  ['seq', 'u16'],
  ['', 'u16'],
  ['', 'ulong', 2],
];

const FIELDS = {
  word: [['value', 'ulong']],
  timespec,
  timespec64,
  timeval,
  itimerval: twice(timeval, 'interval', 'value'),
  itimerspec: twice(timespec, 'interval', 'value'),
  itimerspec64: twice(timespec64, 'interval', 'value'),
  timezone: [
    ['minuteswest', 's32'],
    ['dsttime', 's32'],
  ],
  iovec: [
    ['base', 'pointer'],
    ['length', 'ulong'],
  ],
  rseq: [
    ['cpu_id_start', 'u32'],
    ['cpu_id', 'u32'],
    ['rseq_cs', 'u64'],
    ['flags', 'u32'],
    ['node_id', 'u32'],
    ['mm_cid', 'u32'],
  ],
  rseqCs: [
    ['version', 'u32'],
    ['flags', 'u32'],
    ['start_ip', 'u64'],
    ['post_commit_offset', 'u64'],
    ['abort_ip', 'u64'],
  ],
  sockFprog: [
    ['len', 'u16'],
    ['filter', 'pointer'],
  ],
  sockFilter: [
    ['code', 'u16'],
    ['jt', 'u8'],
    ['jf', 'u8'],
    ['k', 'u32'],
  ],
  pollfd: [
    ['fd', 's32'],
    ['events', 's16'],
    ['revents', 's16'],
  ],
  rlimit: [
    ['soft', 'ulong'],
    ['hard', 'ulong'],
  ],
  rlimit64: [
    ['soft', 'u64'],
    ['hard', 'u64'],
  ],
  rusage: [
    ...twice(timeval, 'utime', 'stime'),
    ['maxrss', 'long'],
    ['ixrss', 'long'],
    ['idrss', 'long'],
    ['isrss', 'long'],
    ['minflt', 'long'],
    ['majflt', 'long'],
    ['nswap', 'long'],
    ['inblock', 'long'],
    ['oublock', 'long'],
    ['msgsnd', 'long'],
    ['msgrcv', 'long'],
    ['nsignals', 'long'],
    ['nvcsw', 'long'],
    ['nivcsw', 'long'],
  ],
  tms: [
    ['utime', 'long'],
    ['stime', 'long'],
    ['cutime', 'long'],
    ['cstime', 'long'],
  ],
  sysinfo: [
    ['uptime', 'long'],
    ['loads', 'ulong', 3],
    ['totalram', 'ulong'],
    ['freeram', 'ulong'],
    ['sharedram', 'ulong'],
    ['bufferram', 'ulong'],
    ['totalswap', 'ulong'],
    ['freeswap', 'ulong'],
    ['procs', 'u16'],
    ['', 'u16'],
    ['totalhigh', 'ulong'],
    ['freehigh', 'ulong'],
    ['unit', 'u32'],
  ],
  statx: [
    ['mask', 'u32'],
    ['blksize', 'u32'],
    ['attributes', 'u64'],
    ['nlink', 'u32'],
    ['uid', 'u32'],
    ['gid', 'u32'],
    ['mode', 'u16'],
    ['', 'u16'],
    ['ino', 'u64'],
    ['size', 'u64'],
    ['blocks', 'u64'],
    ['attributes_mask', 'u64'],
    ...statxTime('atime'),
    ...statxTime('btime'),
    ...statxTime('ctime'),
    ...statxTime('mtime'),
    ['rdev_major', 'u32'],
    ['rdev_minor', 'u32'],
    ['dev_major', 'u32'],
    ['dev_minor', 'u32'],
    ['mnt_id', 'u64'],
    ['dio_mem_align', 'u32'],
    ['dio_offset_align', 'u32'],
    ['', 'u64', 12],
  ],
  /** flock(2)-style locks of fcntl: whence, start, length. */
  flock: [
    ['type', 's16'],
    ['whence', 's16'],
    ['start', 'long'],
    ['length', 'long'],
    ['pid', 's32'],
  ],
  flock64: [
    ['type', 's16'],
    ['whence', 's16'],
    ['start', 's64'],
    ['length', 's64'],
    ['pid', 's32'],
  ],
  sigaltstack: [
    ['address', 'pointer'],
    ['flags', 's32'],
    ['size', 'ulong'],
  ],
  winsize: [
    ['rows', 'u16'],
    ['columns', 'u16'],
    ['xpixel', 'u16'],
    ['ypixel', 'u16'],
  ],
  termios: [
    ['iflag', 'u32'],
    ['oflag', 'u32'],
    ['cflag', 'u32'],
    ['lflag', 'u32'],
    ['line', 'u8'],
    ['cc', 'u8', 19],
  ],
  mountAttr: [
    ['set', 'u64'],
    ['clear', 'u64'],
    ['propagation', 'u64'],
    ['userns', 'u64'],
  ],
  cloneArgs: [
    ['flags', 'u64'],
    ['pidfd', 'u64'],
    ['child_tid', 'u64'],
    ['parent_tid', 'u64'],
    ['exit_signal', 'u64'],
    ['stack', 'u64'],
    ['stack_size', 'u64'],
    ['tls', 'u64'],
    ['set_tid', 'u64'],
    ['set_tid_size', 'u64'],
    ['cgroup', 'u64'],
  ],
  robustListHead: [
    ['next', 'pointer'],
    ['offset', 'long'],
    ['pending', 'pointer'],
  ],
  epollEvent: [
    ['events', 'u32'],
    ['low', 'u32'],
    ['high', 'u32'],
  ],
  sigevent: [
    ['value', 'pointer'],
    ['signal', 's32'],
    ['notify', 's32'],
    ['tid', 's32'],
  ],
  msghdr: [
    ['name', 'pointer'],
    ['namelen', 's32'],
    ['iov', 'pointer'],
    ['iovlen', 'ulong'],
    ['control', 'pointer'],
    ['controllen', 'ulong'],
    ['flags', 'u32'],
  ],
  /** route(8)'s; each sockaddr is 16 bytes. */
  rtentry: [
    ['', 'ulong'],
    ['destination', 'u8', 16],
    ['gateway', 'u8', 16],
    ['mask', 'u8', 16],
    ['flags', 'u16'],
    ['', 's16'],
    ['', 'ulong'],
    ['', 'u8'],
    ['', 'u8'],
    ['', 's16'],
    ['metric', 's16'],
    ['device', 'pointer'],
    ['mtu', 'ulong'],
    ['window', 'ulong'],
    ['irtt', 'u16'],
  ],
  schedParam: [['priority', 's32']],
  schedAttr: [
    ['size', 'u32'],
    ['policy', 'u32'],
    ['flags', 'u64'],
    ['nice', 's32'],
    ['priority', 'u32'],
    ['runtime', 'u64'],
    ['deadline', 'u64'],
    ['period', 'u64'],
    ['min', 'u32'],
    ['max', 'u32'],
  ],
  slong: [['value', 'long']],
  loff: [['value', 's64']],
  mqAttr: [
    ['flags', 'long'],
    ['maxmsg', 'long'],
    ['msgsize', 'long'],
    ['curmsgs', 'long'],
    ['', 'long', 4],
  ],
  sembuf: [
    ['number', 'u16'],
    ['operation', 's16'],
    ['flags', 's16'],
  ],
  semidDs: [
    ...ipcPermissions,
    ['otime', 'ulong'],
    ['', 'ulong'],
    ['ctime', 'ulong'],
    ['', 'ulong'],
    ['nsems', 'ulong'],
    ['', 'ulong', 2],
  ],
  seminfo: ['map', 'mni', 'mns', 'mnu', 'msl', 'opm', 'ume', 'usz', 'vmx', 'aem'].map(
    (name): Field => [`sem${name}`, 's32'],
  ),
  shmidDs: [
    ...ipcPermissions,
    ['segsz', 'ulong'],
    ...ipcTime('atime'),
    ...ipcTime('dtime'),
    ...ipcTime('ctime'),
    ['cpid', 's32'],
    ['lpid', 's32'],
    ['nattch', 'ulong'],
    ['', 'ulong', 2],
  ],
  shminfo: [
    ['shmmax', 'ulong'],
    ['shmmin', 'ulong'],
    ['shmmni', 'ulong'],
    ['shmseg', 'ulong'],
    ['shmall', 'ulong'],
    ['', 'ulong', 4],
  ],
  shmInfo: [
    ['used_ids', 's32'],
    ['shm_tot', 'ulong'],
    ['shm_rss', 'ulong'],
    ['shm_swp', 'ulong'],
    ['swap_attempts', 'ulong'],
    ['swap_successes', 'ulong'],
  ],
  msqidDs: [
    ...ipcPermissions,
    ...ipcTime('stime'),
    ...ipcTime('rtime'),
    ...ipcTime('ctime'),
    ['cbytes', 'ulong'],
    ['qnum', 'ulong'],
    ['qbytes', 'ulong'],
    ['lspid', 's32'],
    ['lrpid', 's32'],
    ['', 'ulong', 2],
  ],
  msginfo: [
    ['msgpool', 's32'],
    ['msgmap', 's32'],
    ['msgmax', 's32'],
    ['msgmnb', 's32'],
    ['msgmni', 's32'],
    ['msgssz', 's32'],
    ['msgtql', 's32'],
    ['msgseg', 'u16'],
  ],
  /** What ipc(2) passes to the older msgrcv. */
  ipcKludge: [
    ['message', 'pointer'],
    ['type', 'long'],
  ],
} as const satisfies Record<string, readonly Field[]>;

export type StructName = keyof typeof FIELDS;
export type Structs = Record<StructName, Layout>;

/** All structs, laid out for a data model. */
export function structsOf(model: DataModel): Structs {
  return Object.fromEntries(
    Object.entries(FIELDS).map(([name, fields]) => [name, new Layout(model, fields)]),
  ) as Structs;
}
