// Looking into and steering other programs: ptrace, process_vm_readv, process_vm_writev. man 2 of each; Linux kernel/ptrace.c.
import { EFAULT, EINVAL, EIO, EPERM, ESRCH } from '../abi/errno.js';
import * as P from '../abi/ptrace.js';
import { SI_USER, SIGKILL, SIGSTOP } from '../abi/signal.js';
import { peek, poke } from '../mm/foreign-memory.js';
import { copyIn, copyOut, readBytes, writeBytes, writeU32 } from '../mm/user-memory.js';
import { mayTrace } from '../security/trace-access.js';
import { ATTEND_STOP, type Task } from '../task/task.js';
import { SIGNAL_MAX } from '../task/signals.js';
import { askToStop, attach, detach, resumeTracee, type Tracing } from '../task/tracing.js';
import { buffers } from './sys-io.js';
import { readSet, writeSet } from './sys-signal.js';

export function ptrace(task: Task, request: number, pid: number, address: number, data: number): number {
  if (request === P.PTRACE_TRACEME) return traceMe(task);
  const target = pid > 0 ? task.pidNamespace.find(pid)?.task : undefined;
  if (!target || target.state === 'dead') return -ESRCH;
  if (request === P.PTRACE_ATTACH) return begin(task, target, false, 0);
  if (request === P.PTRACE_SEIZE)
    return address !== 0 || (data & ~P.PTRACE_O_MASK) !== 0 ? -EIO : begin(task, target, true, data);
  const { tracing } = target;
  if (tracing?.tracer !== task) return -ESRCH;
  if (request === P.PTRACE_INTERRUPT) return interrupt(target, tracing);
  if (request === P.PTRACE_KILL) {
    // what is not stopped is not killed: man 2 ptrace calls this request broken
    if (tracing.stop) resumeTracee(target, 'free', false, SIGKILL);
    return 0;
  }
  if (!tracing.stop) return -ESRCH;
  const resumption = RESUMPTIONS.get(request);
  if (resumption) {
    if (data > SIGNAL_MAX) return -EIO;
    resumeTracee(target, resumption.to, resumption.steps, data);
    return 0;
  }
  return STOPPED.get(request)?.(task, target, address, data) ?? -EIO;
}

const RESUMPTIONS = new Map<number, { to: Tracing['resumption']; steps: boolean }>([
  [P.PTRACE_CONT, { to: 'free', steps: false }],
  [P.PTRACE_SYSCALL, { to: 'calls', steps: false }],
  [P.PTRACE_SINGLESTEP, { to: 'free', steps: true }],
  [P.PTRACE_SYSEMU, { to: 'emulated', steps: false }],
  [P.PTRACE_SYSEMU_SINGLESTEP, { to: 'emulated', steps: true }],
]);

// ---- who traces whom --------------------------------------------------------------------------------------------------------------

function traceMe(task: Task): number {
  const tracer = task.process.parent?.leader;
  if (task.tracing || !tracer || tracer.state === 'dead') return -EPERM;
  attach(task, tracer, false, 0);
  return 0;
}

function begin(task: Task, target: Task, seized: boolean, options: number): number {
  if (target.process === task.process || target.tracing || !mayTrace(task, target, true)) return -EPERM;
  if (target.process.groupExit !== undefined) return -EPERM;
  attach(target, task, seized, options);
  if (!seized) task.kernel.signals.toTask(target, { signal: SIGSTOP, code: SI_USER });
  // one that its group's stop holds stops for its tracer now
  if (target.process.stoppedBy !== 0) {
    target.attention |= ATTEND_STOP;
    askToStop(target);
  }
  return 0;
}

function interrupt(target: Task, tracing: Tracing): number {
  if (!tracing.seized) return -EIO;
  askToStop(target);
  return 0;
}

// ---- requests to a stopped tracee -------------------------------------------------------------------------------------------------

type Request = (task: Task, target: Task, address: number, data: number) => number;

function peekWord(task: Task, target: Task, address: number, data: number): number {
  const word = new Uint8Array(task.abi.wordSize);
  return peek(target.space, address, word) === word.length ? writeBytes(task.space, data, word) : -EIO;
}

function pokeWord(task: Task, target: Task, address: number, data: number): number {
  const word = new Uint8Array(task.abi.wordSize);
  const view = new DataView(word.buffer);
  view.setUint32(0, data, true);
  if (word.length === 8) view.setUint32(4, Math.floor(data / 2 ** 32), true);
  return poke(target.space, address, word) === word.length ? 0 : -EIO;
}

function setOptions(_task: Task, target: Task, _address: number, data: number): number {
  if ((data & ~P.PTRACE_O_MASK) !== 0) return -EINVAL;
  target.tracing!.options = data;
  return 0;
}

function registerSet(target: Task, type: number): Uint8Array | undefined {
  return type === P.NT_PRSTATUS ? target.abi.userRegisters(target) : target.abi.registerSet(target, type);
}

/** GETREGS and the like: one whole set at `data`. */
const getSet =
  (type: number): Request =>
  (task, target, _address, data) => {
    const bytes = registerSet(target, type);
    return bytes ? writeBytes(task.space, data, bytes) : -EIO;
  };

const setSet =
  (type: number): Request =>
  (task, target, _address, data) => {
    const size = registerSet(target, type)?.length;
    if (size === undefined) return -EIO;
    const bytes = readBytes(task.space, data, size);
    return typeof bytes === 'number' ? bytes : storeSet(target, type, bytes);
  };

function storeSet(target: Task, type: number, bytes: Uint8Array): number {
  return type === P.NT_PRSTATUS
    ? target.abi.setUserRegisters(target, bytes)
    : target.abi.setRegisterSet(target, type, bytes);
}

/** PTRACE_GETREGSET, PTRACE_SETREGSET: `address` is the type, `data` an iovec, whose length becomes what was moved. */
function moveSet(task: Task, target: Task, type: number, data: number, store: boolean): number {
  const { iovec } = task.abi.structs;
  const head = readBytes(task.space, data, iovec.size);
  if (typeof head === 'number') return head;
  const { base, length: room } = iovec.read(new DataView(head.buffer), 0) as Record<'base' | 'length', number>;
  const bytes = registerSet(target, type);
  if (!bytes) return -EINVAL;
  if (room % 4 !== 0) return -EINVAL;
  const length = Math.min(room, bytes.length);
  if (store) {
    const from = readBytes(task.space, base, length);
    if (typeof from === 'number') return from;
    bytes.set(from);
    const failed = storeSet(target, type, type === P.NT_PRSTATUS ? from : bytes);
    if (failed !== 0) return failed;
  } else if (copyOut(task.space, base, bytes, 0, length) !== length) return -EFAULT;
  return writeBytes(task.space, data, iovec.bytes({ base, length }));
}

function getSiginfo(task: Task, target: Task, _address: number, data: number): number {
  const { info } = target.tracing!.stop!;
  return info ? writeBytes(task.space, data, task.abi.siginfo(info)) : -EINVAL;
}

function setSiginfo(task: Task, target: Task, _address: number, data: number): number {
  const { stop } = target.tracing!;
  if (!stop!.info) return -EINVAL;
  const bytes = readBytes(task.space, data, task.abi.siginfo({ signal: 0, code: 0 }).length);
  if (typeof bytes === 'number') return bytes;
  const signal = new DataView(bytes.buffer).getInt32(0, true);
  if (signal < 1 || signal > SIGNAL_MAX) return -EINVAL;
  stop!.info = { ...task.abi.readSiginfo(bytes), signal };
  return 0;
}

function signalMask(task: Task, target: Task, size: number, data: number, store: boolean): number {
  if (size !== 8) return -EINVAL;
  if (!store) return writeSet(task, data, target.savedMask ?? target.blockedSignals);
  const set = readSet(task, data);
  if (typeof set === 'number') return set;
  task.kernel.signals.setMask(target, set);
  return 0;
}

/** The tracee waits for its group to go on, and for nobody else. */
function listen(_task: Task, target: Task): number {
  const tracing = target.tracing!;
  if (!tracing.seized || tracing.stop!.code >> 8 !== P.PTRACE_EVENT_STOP) return -EIO;
  tracing.listening = true;
  return 0;
}

/** PTRACE_GET_SYSCALL_INFO: what there is to say is as long as the stop's kind makes it; `size` bytes of it are written. */
function syscallInfo(task: Task, target: Task, size: number, data: number): number {
  const { stop, message } = target.tracing!;
  const { abi, registers } = target;
  const seccomp = stop!.code >> 8 === P.PTRACE_EVENT_SECCOMP;
  const bytes = new Uint8Array(96);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number): void => {
    view.setUint32(at, value, true);
    view.setUint32(at + 4, value < 0 ? 0xffffffff : Math.floor(value / 2 ** 32), true);
  };
  view.setUint32(4, abi.auditArch, true);
  put(8, abi.instructionPointer(registers));
  put(16, abi.stackPointer(registers));
  let length = 24;
  if (stop!.kind === 'entry' || seccomp) {
    bytes[0] = seccomp ? P.PTRACE_SYSCALL_INFO_SECCOMP : P.PTRACE_SYSCALL_INFO_ENTRY;
    put(24, target.callNumber >>> 0);
    for (let i = 0; i < 6; i++) put(32 + 8 * i, abi.argument(registers, i));
    length = 80;
    if (seccomp) {
      view.setUint32(80, message, true);
      length = 84;
    }
  } else if (stop!.kind === 'exit') {
    const result = abi.result(registers);
    const failed = result < 0 && result >= -4095;
    bytes[0] = P.PTRACE_SYSCALL_INFO_EXIT;
    put(24, result);
    bytes[32] = failed ? 1 : 0;
    length = 33;
  }
  const written = Math.min(size, length);
  return copyOut(task.space, data, bytes, 0, written) === written ? length : -EFAULT;
}

function getThreadArea(task: Task, target: Task, entry: number, data: number): number {
  const area = target.abi.threadArea(target, entry);
  return area ? writeBytes(task.space, data, area) : -EINVAL;
}

const STOPPED = new Map<number, Request>([
  [P.PTRACE_PEEKTEXT, peekWord],
  [P.PTRACE_PEEKDATA, peekWord],
  [P.PTRACE_POKETEXT, pokeWord],
  [P.PTRACE_POKEDATA, pokeWord],
  [
    P.PTRACE_PEEKUSER,
    (task, target, address, data) => {
      const value = target.abi.peekUser(target, address);
      return value < 0 ? value : writeU32(task.space, data, value);
    },
  ],
  [P.PTRACE_POKEUSER, (_task, target, address, data) => target.abi.pokeUser(target, address, data)],
  [P.PTRACE_GETREGS, getSet(P.NT_PRSTATUS)],
  [P.PTRACE_SETREGS, setSet(P.NT_PRSTATUS)],
  [P.PTRACE_GETFPREGS, getSet(P.NT_PRFPREG)],
  [P.PTRACE_SETFPREGS, setSet(P.NT_PRFPREG)],
  [P.PTRACE_GETFPXREGS, getSet(P.NT_PRXFPREG)],
  [P.PTRACE_SETFPXREGS, setSet(P.NT_PRXFPREG)],
  [P.PTRACE_GETREGSET, (task, target, address, data) => moveSet(task, target, address, data, false)],
  [P.PTRACE_SETREGSET, (task, target, address, data) => moveSet(task, target, address, data, true)],
  [P.PTRACE_SETOPTIONS, setOptions],
  [P.PTRACE_OLDSETOPTIONS, setOptions],
  [P.PTRACE_GETEVENTMSG, (task, target, _address, data) => writeU32(task.space, data, target.tracing!.message)],
  [P.PTRACE_GETSIGINFO, getSiginfo],
  [P.PTRACE_SETSIGINFO, setSiginfo],
  [P.PTRACE_GETSIGMASK, (task, target, address, data) => signalMask(task, target, address, data, false)],
  [P.PTRACE_SETSIGMASK, (task, target, address, data) => signalMask(task, target, address, data, true)],
  [P.PTRACE_LISTEN, listen],
  [P.PTRACE_GET_SYSCALL_INFO, syscallInfo],
  [P.PTRACE_GET_THREAD_AREA, (task, target, address, data) => getThreadArea(task, target, address, data)],
  [
    P.PTRACE_DETACH,
    (_task, target, _address, data) => {
      if (data > SIGNAL_MAX) return -EIO;
      detach(target, data);
      return 0;
    },
  ],
]);

// ---- memory of another process ----------------------------------------------------------------------------------------------------

/** Bytes that are moved in one piece. */
const PIECE = 65536;

/** process_vm_readv and process_vm_writev: as much as can be, up to the first address that can't. */
function moveMemory(
  task: Task,
  pid: number,
  local: readonly [address: number, localCount: number],
  remote: readonly [address: number, remoteCount: number],
  flags: number,
  write: boolean,
): number {
  if (flags !== 0) return -EINVAL;
  const here = buffers(task, local[0], local[1]);
  if (typeof here === 'number') return here;
  const there = buffers(task, remote[0], remote[1]);
  if (typeof there === 'number') return there;
  const target = task.pidNamespace.find(pid)?.task;
  if (!target || target.state === 'dead') return -ESRCH;
  if (!mayTrace(task, target, true)) return -EPERM;
  const bytes = new Uint8Array(PIECE);
  let done = 0;
  let at = 0;
  let offset = 0;
  for (const { base, length } of there) {
    for (let gone = 0; gone < length; ) {
      while (at < here.length && offset === here[at]!.length) {
        at++;
        offset = 0;
      }
      if (at === here.length) return done;
      const piece = Math.min(length - gone, here[at]!.length - offset, PIECE);
      const [from, to] = write ? [task, target] : [target, task];
      const [source, sink] = write ? [here[at]!.base + offset, base + gone] : [base + gone, here[at]!.base + offset];
      const read = copyIn(from.space, source, bytes, 0, piece);
      const moved = copyOut(to.space, sink, bytes, 0, read);
      done += moved;
      if (moved < piece) return done > 0 ? done : -EFAULT;
      gone += piece;
      offset += piece;
    }
  }
  return done;
}

export function processVmReadv(
  task: Task,
  pid: number,
  local: number,
  localCount: number,
  remote: number,
  remoteCount: number,
  flags: number,
): number {
  return moveMemory(task, pid, [local, localCount], [remote, remoteCount], flags, false);
}
export function processVmWritev(
  task: Task,
  pid: number,
  local: number,
  localCount: number,
  remote: number,
  remoteCount: number,
  flags: number,
): number {
  return moveMemory(task, pid, [local, localCount], [remote, remoteCount], flags, true);
}
