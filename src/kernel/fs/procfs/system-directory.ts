// The files of /proc that are about the system. man 5 proc; Linux fs/proc/*.c, one a file.
import { ENOENT } from '../../abi/errno.js';
import { CLOCK_BOOTTIME } from '../../abi/time.js';
import type { Kernel } from '../../kernel.js';
import { RELEASE, VERSION } from '../../release.js';
import type { Task } from '../../task/task.js';
import { CONTROLLER_NAMES } from '../../cgroup/controllers.js';
import { FILE_SYSTEM_TYPES } from '../file-system-types.js';
import { cpuinfo } from './cpuinfo.js';
import { diskstats, partitions } from './disks.js';
import { type Entry, link, table } from './inodes.js';
import { locks } from './locks.js';
import { stateOf, ticks } from './process-status.js';
import { PRESSURE } from './pressure.js';
import { ofSystem, type SystemSubject } from './subject.js';
import { SYSCTLS } from './sysctl.js';
import { NET_SETTINGS } from './sysctl-net.js';
import { USER_LIMITS } from './sysctl-user.js';
import { meminfo, vmstat } from './system-memory.js';
import { SYSVIPC } from './sysvipc.js';
import { text } from './text.js';

/** The numbers that the reader has in the namespace of this procfs. */
const self = link<SystemSubject>('self', {
  text: ({ namespace }, reader) => {
    const number = reader.process.pid.in(namespace);
    return number === 0 ? -ENOENT : String(number);
  },
});
const threadSelf = link<SystemSubject>('thread-self', {
  text: ({ namespace }, reader) => {
    const number = reader.process.pid.in(namespace);
    return number === 0 ? -ENOENT : `${number}/task/${reader.pid.in(namespace)}`;
  },
});

/** Seconds with two places. */
const seconds = (nanoseconds: number): string => (Math.floor(Math.max(0, nanoseconds) / 1e7) / 100).toFixed(2);

/** Nanoseconds that no task had the processor. */
function idleTime({ clock, statistics }: Kernel): number {
  const { userTime, niceTime, systemTime, stolenTime } = statistics;
  return Math.max(0, clock.monotonic() - userTime - niceTime - systemTime - stolenTime);
}

/** Nanoseconds since the start, as the reader's clock has it. */
const sinceStart = ({ kernel: { clock }, namespaces }: Task): number =>
  clock.monotonic() + namespaces.time.ahead(CLOCK_BOOTTIME);

const uptime = ofSystem((kernel, _, reader) => `${seconds(sinceStart(reader))} ${seconds(idleTime(kernel))}\n`);

/** Tasks that run or want to, and those that wait for nothing that a signal ends. */
function counted(kernel: Kernel): { running: number; blocked: number } {
  let [running, blocked] = [0, 0];
  for (const task of kernel.tasks) {
    const state = stateOf(task);
    if (state === 'R') running++;
    else if (state === 'D') blocked++;
  }
  return { running, blocked };
}

const loadavg = ofSystem((kernel, { namespace }) => {
  // rounded as the kernel rounds its fixed-point numbers
  const loads = kernel.statistics.load.values.map((value) => (Math.floor(value * 100 + 0.5) / 100).toFixed(2));
  return `${loads.join(' ')} ${counted(kernel).running}/${kernel.tasks.size} ${namespace.newest}\n`;
});

const stat = ofSystem((kernel, _, reader) => {
  const { statistics, clock } = kernel;
  const { running, blocked } = counted(kernel);
  kernel.settleTime();
  const { userTime, niceTime, systemTime, stolenTime } = statistics;
  const times = [userTime, niceTime, systemTime, idleTime(kernel), 0, 0, 0, stolenTime, 0, 0].map(ticks);
  const boot = clock.date().seconds - Math.floor(sinceStart(reader) / 1e9);
  return (
    `cpu  ${times.join(' ')}\ncpu0 ${times.join(' ')}\nintr ${statistics.turns}\nctxt ${statistics.switches}\n` +
    `btime ${boot}\nprocesses ${statistics.forks}\nprocs_running ${running}\nprocs_blocked ${blocked}\n` +
    'softirq 0 0 0 0 0 0 0 0 0 0 0\n'
  );
});

const interrupts = ofSystem(
  ({ statistics }) =>
    `           CPU0       \nLOC: ${String(statistics.turns).padStart(10)}   Local timer interrupts\nERR: ${'0'.padStart(10)}\n`,
);

const DEVICES = `Character devices:
  1 mem
  5 /dev/tty
  5 /dev/console
  5 /dev/ptmx
136 pts

Block devices:
254 virtblk
`;

const TTY_DRIVERS = `/dev/tty             /dev/tty        5       0 system:/dev/tty
/dev/console         /dev/console    5       1 system:console
/dev/ptmx            /dev/ptmx       5       2 system
pty_slave            /dev/pts      136 0-1048575 pty:slave
pty_master           /dev/ptm      128 0-1048575 pty:master
`;

/** Asked for when it is read: the types' own file leads here. */
const filesystems = (): string => FILE_SYSTEM_TYPES.map((type) => `nodev\t${type}\n`).join('');

const fixed = (content: string) => (): string => content;

/** Controllers by the names that they had first; hierarchy 0 is the one of cgroup2. The time that is used is counted without any. */
const cgroups = ofSystem(({ cgroups: { count } }) => {
  const names: string[] = [...CONTROLLER_NAMES];
  names.splice(names.indexOf('cpu') + 1, 0, 'cpuacct');
  names[names.indexOf('io')] = 'blkio';
  return `#subsys_name\thierarchy\tnum_cgroups\tenabled\n${names.map((name) => `${name}\t0\t${count}\t1\n`).join('')}`;
});

export const SYSTEM: readonly Entry<SystemSubject>[] = [
  text('cgroups', 0o444, cgroups),
  text('cmdline', 0o444, fixed('\n')),
  text(
    'consoles',
    0o444,
    ofSystem((kernel) => (kernel.console ? 'tty0                 -W- (EC  p  )    5:1\n' : '')),
  ),
  text('cpuinfo', 0o444, cpuinfo),
  text('devices', 0o444, fixed(DEVICES)),
  text('diskstats', 0o444, diskstats),
  text('filesystems', 0o444, filesystems),
  text('interrupts', 0o444, interrupts),
  text('loadavg', 0o444, loadavg),
  text('locks', 0o444, locks),
  text('meminfo', 0o444, meminfo),
  text('misc', 0o444, fixed('')),
  text('modules', 0o444, fixed('')),
  link('mounts', { text: () => 'self/mounts' }),
  link('net', { text: () => 'self/net' }),
  text('partitions', 0o444, partitions),
  PRESSURE,
  self,
  text('stat', 0o444, stat),
  text('swaps', 0o444, fixed('Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n')),
  table('sys', 0o555, [...SYSCTLS, NET_SETTINGS, USER_LIMITS]),
  table('sysvipc', 0o555, SYSVIPC),
  threadSelf,
  table('tty', 0o555, [text('drivers', 0o444, fixed(TTY_DRIVERS))]),
  text('uptime', 0o444, uptime),
  text('version', 0o444, fixed(`Linux version ${RELEASE} (tabvisor) (TypeScript) ${VERSION}\n`)),
  text('vmstat', 0o444, vmstat),
];
