// /proc/PID/stat, statm, status: what a process is and has used. man 5 proc; Linux fs/proc/array.c, fs/proc/task_mmu.c.
import { lockedBytes, usageOf } from '../../mm/space-usage.js';
import { CLOCK_BOOTTIME } from '../../abi/time.js';
import { makedev } from '../../abi/device-number.js';
import { MAP_GROWSDOWN } from '../../abi/mman.js';
import { PROT_EXEC, PROT_WRITE } from '../../abi/mman.js';
import { RLIMIT_RSS, RLIMIT_SIGPENDING } from '../../abi/sched.js';
import type { AddressSpace } from '../../mm/address-space.js';
import { pageCeil, pageFloor, PAGE_SIZE } from '../../mm/frames.js';
import type { PidNamespace } from '../../ns/pid-namespace.js';
import type { CapabilitySet } from '../../security/capability.js';
import { mayTrace } from '../../security/trace-access.js';
import { HANDLER_DEFAULT, HANDLER_IGNORE, SIGNAL_MAX } from '../../task/signals.js';
import { SignalSet } from '../../task/signal-set.js';
import { isRealTime, urgencyOf } from '../../task/scheduler.js';
import type { Task } from '../../task/task.js';
import type { Terminal } from '../../tty/terminal.js';
import { ofTask } from './subject.js';

const PTS_MAJOR = 136;
/** PF_* bits that mean something here. */
const PF_EXITING = 4;
const PF_FORKNOEXEC = 0x40;

/** Nanoseconds as the ticks of 1/100 s that programs are told. */
export const ticks = (nanoseconds: number): number => Math.floor(nanoseconds / 1e7);

const STATES = {
  R: 'R (running)',
  S: 'S (sleeping)',
  D: 'D (disk sleep)',
  T: 'T (stopped)',
  t: 't (tracing stop)',
  Z: 'Z (zombie)',
} as const;

export function stateOf(task: Task): keyof typeof STATES {
  if (task.state === 'dead') return 'Z';
  if (task.state === 'stopped') return task.tracing?.stop ? 't' : 'T';
  if (task.state === 'running') return 'R';
  return task.vforkChild || task.heldUntil > 0 ? 'D' : 'S';
}

/** A program's name may hold anything. In /proc/PID/stat it does. */
export const escaped = (comm: string): string => comm.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const deviceOf = (terminal: Terminal): number => makedev(PTS_MAJOR, terminal.index);

/** Signals that are ignored, and that have a handler. */
function dispositions(task: Task): { ignored: SignalSet; caught: SignalSet } {
  let ignored = SignalSet.NONE;
  let caught = SignalSet.NONE;
  for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
    const { handler } = task.process.actions.get(signal);
    if (handler === HANDLER_IGNORE) ignored = ignored.with(signal);
    else if (handler !== HANDLER_DEFAULT) caught = caught.with(signal);
  }
  return { ignored, caught };
}

/** What of a space Linux counts as code, libraries, data and stack; bytes. */
export function segmentsOf(space: AddressSpace): { text: number; library: number; data: number; stack: number } {
  const { codeStart, codeEnd } = space.program;
  const text = pageCeil(codeEnd) - pageFloor(codeStart);
  let code = 0;
  let data = 0;
  let stack = 0;
  for (const area of space.areas) {
    const size = area.end - area.start;
    if ((area.flags & MAP_GROWSDOWN) !== 0) stack += size;
    else if ((area.prot & PROT_EXEC) !== 0 && (area.prot & PROT_WRITE) === 0) code += size;
    else if ((area.prot & PROT_WRITE) !== 0 && !area.shared) data += size;
  }
  return { text, library: Math.max(0, code - text), data, stack };
}

/** Numbers of its parent, group and session as `namespace` has them. */
function relations(task: Task, namespace: PidNamespace): { parent: number; group: number; session: number } {
  const { process } = task;
  return {
    parent: process.parent?.pid.in(namespace) ?? 0,
    group: process.group.pid.in(namespace),
    session: process.group.session.pid.in(namespace),
  };
}

export const stat = ofTask((task, reader, subject) => {
  const { process } = task;
  const { namespace, single, space } = subject;
  const shown = mayTrace(reader, task);
  const { parent, group, session } = relations(task, namespace);
  const { terminal } = process.group.session;
  const usage = single ? task.usageNow : process.totalUsage;
  const children = process.childUsage;
  const { ignored, caught } = dispositions(task);
  const word = (set: SignalSet): number => set.low & 0x7fffffff;
  const rss = process.limits.soft(RLIMIT_RSS);
  const address = (value: number | undefined): number => (shown ? (value ?? 0) : 0);
  // the program's own addresses are shown as 1 to those who may not know them
  const code = (value: number | undefined): number => (space ? (shown ? value! : 1) : 0);
  const waits = shown && task.state === 'blocked' ? 1 : 0;
  const fields: (string | number)[] = [
    subject.pid.in(namespace),
    `(${task.comm})`,
    stateOf(task),
    parent,
    group,
    session,
    terminal ? deviceOf(terminal) : 0,
    terminal ? (terminal.foreground?.pid.in(namespace) ?? 0) : -1,
    (process.hasExecuted ? 0 : PF_FORKNOEXEC) | (process.isZombie ? PF_EXITING : 0),
    usage.minorFaults,
    children.minorFaults,
    usage.majorFaults,
    children.majorFaults,
    ticks(usage.userTime),
    ticks(usage.systemTime),
    ticks(children.userTime),
    ticks(children.systemTime),
    isRealTime(task) ? -1 - urgencyOf(task) : 20 + task.nice,
    task.nice,
    Math.max(1, process.threads.size),
    0,
    ticks((single ? task.startTime : process.startTime) + reader.namespaces.time.ahead(CLOCK_BOOTTIME)),
    space?.areas.bytes ?? 0,
    space ? usageOf(space).resident / PAGE_SIZE : 0,
    rss === Number.POSITIVE_INFINITY ? (task.abi.wordSize === 4 ? task.abi.wordMax : '18446744073709551615') : rss,
    code(space?.program.codeStart),
    code(space?.program.codeEnd),
    address(space?.program.stackStart),
    0,
    0,
    word(single ? task.pending.set : task.pending.set.or(process.pending.set)),
    word(task.blockedSignals),
    word(ignored),
    word(caught),
    waits,
    0,
    0,
    single && task !== process.leader ? -1 : process.exitSignal,
    0,
    task.realTimePriority,
    task.policy,
    0,
    0,
    0,
    address(space?.program.dataStart),
    address(space?.program.dataEnd),
    address(space?.brkStart),
    address(space?.argStart),
    address(space?.argEnd),
    address(space?.envStart),
    address(space?.envEnd),
    shown ? (process.exitStatus ?? 0) : 0,
  ];
  return `${fields.join(' ')}\n`;
});

export const statm = ofTask((_task, _reader, { space }) => {
  if (!space) return '0 0 0 0 0 0 0\n';
  const { resident, file, shared, mapped } = usageOf(space);
  const { text, data, stack } = segmentsOf(space);
  const pages = [mapped, resident, file + shared, text, 0, data + stack, 0].map((bytes) => bytes / PAGE_SIZE);
  return `${pages.join(' ')}\n`;
});

const mask = (set: { low: number; high: number }): string =>
  set.high.toString(16).padStart(8, '0') + set.low.toString(16).padStart(8, '0');

const kilobytes = (bytes: number): string => `${String(Math.floor(bytes / 1024)).padStart(8)} kB`;

function memoryLines(space: AddressSpace): [string, string][] {
  const { resident, anonymous, file, shared, mapped } = usageOf(space);
  const { text, library, data, stack } = segmentsOf(space);
  return [
    ['VmPeak', kilobytes(Math.max(mapped, space.areas.peakBytes))],
    ['VmSize', kilobytes(mapped)],
    ['VmLck', kilobytes(lockedBytes(space))],
    ['VmPin', kilobytes(0)],
    ['VmHWM', kilobytes(space.peakResident)],
    ['VmRSS', kilobytes(resident)],
    ['RssAnon', kilobytes(anonymous)],
    ['RssFile', kilobytes(file)],
    ['RssShmem', kilobytes(shared)],
    ['VmData', kilobytes(data)],
    ['VmStk', kilobytes(stack)],
    ['VmExe', kilobytes(text)],
    ['VmLib', kilobytes(library)],
    ['VmPTE', kilobytes(space.table.frameCount * PAGE_SIZE)],
    ['VmSwap', kilobytes(0)],
    ['HugetlbPages', kilobytes(0)],
    ['CoreDumping', '0'],
    ['THP_enabled', '0'],
  ];
}

export const status = ofTask((task, reader, { namespace, pid, space }) => {
  const { process, credentials: who } = task;
  const { uids, gids } = reader.credentials.userNamespace;
  const { parent } = relations(task, namespace);
  const { ignored, caught } = dispositions(task);
  /** The numbers of an identity in this namespace and in those below it that it is in. */
  const numbers = (identity: typeof pid): string => identity.numbersFrom(namespace).join('\t');
  const caps = (set: CapabilitySet): string => mask(set);
  const lines: [string, string | number][] = [
    ['Name', escaped(task.comm)],
    ['Umask', `0${task.fs.umask.toString(8).padStart(3, '0')}`],
    ['State', STATES[stateOf(task)]],
    ['Tgid', process.pid.in(namespace)],
    ['Ngid', 0],
    ['Pid', pid.in(namespace)],
    ['PPid', parent],
    ['TracerPid', task.tracing?.tracer.pid.in(namespace) ?? 0],
    ['Uid', [who.uid, who.euid, who.suid, who.fsuid].map((id) => uids.shown(id)).join('\t')],
    ['Gid', [who.gid, who.egid, who.sgid, who.fsgid].map((id) => gids.shown(id)).join('\t')],
    ['FDSize', task.state === 'dead' ? 0 : Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, task.files.end))))],
    ['Groups', `${who.groups.map((id) => gids.shown(id)).join(' ')} `],
    ['NStgid', numbers(process.pid)],
    ['NSpid', numbers(pid)],
    ['NSpgid', numbers(process.group.pid)],
    ['NSsid', numbers(process.group.session.pid)],
    ...(space ? memoryLines(space) : []),
    ['Threads', Math.max(1, process.threads.size)],
    ['SigQ', `${task.pending.length + process.pending.length}/${process.limits.soft(RLIMIT_SIGPENDING)}`],
    ['SigPnd', mask(task.pending.set)],
    ['ShdPnd', mask(process.pending.set)],
    ['SigBlk', mask(task.blockedSignals)],
    ['SigIgn', mask(ignored)],
    ['SigCgt', mask(caught)],
    ['CapInh', caps(who.inheritable)],
    ['CapPrm', caps(who.permitted)],
    ['CapEff', caps(who.effective)],
    ['CapBnd', caps(who.bounding)],
    ['CapAmb', caps(who.ambient)],
    ['NoNewPrivs', task.noNewPrivileges ? 1 : 0],
    ['Seccomp', task.seccomp?.mode ?? 0],
    ['Seccomp_filters', task.seccomp?.filter?.count ?? 0],
    ['Speculation_Store_Bypass', 'not vulnerable'],
    ['SpeculationIndirectBranch', 'not affected'],
    ['Cpus_allowed', '1'],
    ['Cpus_allowed_list', '0'],
    ['Mems_allowed', '1'],
    ['Mems_allowed_list', '0'],
    ['voluntary_ctxt_switches', task.usage.voluntarySwitches],
    ['nonvoluntary_ctxt_switches', task.usage.involuntarySwitches],
  ];
  return lines.map(([name, value]) => `${name}:\t${value}\n`).join('');
});
