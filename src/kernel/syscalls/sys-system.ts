// The system and the task's place in it: uname, sysinfo, getrandom, limits, priorities, prctl. man 2 of each.
import { CLOCK_BOOTTIME } from '../abi/time.js';
import { EFAULT, EINVAL, ENAMETOOLONG, EPERM, ESRCH } from '../abi/errno.js';
import { SECCOMP_MODE_FILTER, SECCOMP_MODE_STRICT } from '../abi/seccomp.js';
import {
  PR_CAP_AMBIENT,
  PR_CAPBSET_DROP,
  PR_CAPBSET_READ,
  PR_GET_CHILD_SUBREAPER,
  PR_GET_DUMPABLE,
  PR_GET_KEEPCAPS,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_PDEATHSIG,
  PR_GET_SECCOMP,
  PR_GET_SECUREBITS,
  PR_GET_THP_DISABLE,
  PR_GET_TID_ADDRESS,
  PR_GET_TIMERSLACK,
  PR_GET_TIMING,
  PR_GET_TSC,
  PR_MCE_KILL_DEFAULT,
  PR_MCE_KILL_GET,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_SECCOMP,
  PR_SET_PDEATHSIG,
  PR_SET_SECUREBITS,
  PR_SET_THP_DISABLE,
  PR_SET_TIMERSLACK,
  PR_SET_TIMING,
  PR_SET_TSC,
  PR_TIMING_STATISTICAL,
  PR_TSC_ENABLE,
  RLIMIT_NOFILE,
} from '../abi/sched.js';
import { READ_IMPLIES_EXEC } from '../abi/personality.js';
import { RELEASE, VERSION } from '../release.js';
import { copyOut, readBytes, readString, writeBytes, writeU32 } from '../mm/user-memory.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { CAP_LAST, CAP_SETPCAP, CAP_SYS_ADMIN, CAP_SYS_RESOURCE, CapabilitySet } from '../security/capability.js';
import { LIMIT_COUNT, UNLIMITED } from '../task/limits.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import { NR_OPEN } from '../vfs/fd-table.js';
import { setFilter, setStrict } from './sys-seccomp.js';
import { readStruct, writeStruct } from './user-struct.js';

const FIELD = 65;

export function uname(task: Task, address: number): number {
  const { hostname, domainname } = task.namespaces.uts;
  const bytes = new Uint8Array(6 * FIELD);
  for (const [i, text] of ['Linux', hostname, RELEASE, VERSION, task.abi.machine, domainname].entries())
    for (let k = 0; k < Math.min(text.length, FIELD - 1); k++) bytes[i * FIELD + k] = text.charCodeAt(k);
  return writeBytes(task.space, address, bytes);
}

function setName(task: Task, address: number, length: number, set: (name: string) => void): number {
  if (!task.credentials.capable(task.namespaces.uts.owner, CAP_SYS_ADMIN)) return -EPERM;
  if (length < 0 || length >= FIELD) return -EINVAL;
  const bytes = readBytes(task.space, address, length);
  if (typeof bytes === 'number') return bytes;
  set(String.fromCharCode(...bytes));
  return 0;
}
export function sethostname(task: Task, address: number, length: number): number {
  return setName(task, address, length, (name) => {
    task.namespaces.uts.hostname = name;
  });
}
export function setdomainname(task: Task, address: number, length: number): number {
  return setName(task, address, length, (name) => {
    task.namespaces.uts.domainname = name;
  });
}

export function sysinfo(task: Task, address: number): number {
  const { frames, clock, tasks } = task.kernel;
  // in units of a page, so that a 32-bit word holds it
  return writeStruct(task, task.abi.structs.sysinfo, address, {
    uptime: Math.floor((clock.monotonic() + task.namespaces.time.ahead(CLOCK_BOOTTIME)) / 1e9),
    totalram: frames.count,
    freeram: frames.free,
    procs: tasks.size,
    unit: PAGE_SIZE,
  });
}

const GRND_NONBLOCK = 1;
const GRND_RANDOM = 2;
const GRND_INSECURE = 4;

export function getrandom(task: Task, address: number, length: number, flags: number): number {
  if (
    (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) !== 0 ||
    (flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)
  )
    return -EINVAL;
  const count = Math.min(length, 0x1ffffff);
  for (let done = 0; done < count; ) {
    const bytes = task.kernel.randomBytes(Math.min(4096, count - done));
    const moved = copyOut(task.space, address + done, bytes, 0, bytes.length);
    done += moved;
    if (moved < bytes.length) return done > 0 ? done : -EFAULT;
  }
  return count;
}

// ---- limits -----------------------------------------------------------------------------------------------------------------------

function setLimit(task: Task, process: Process, resource: number, soft: number, hard: number): number {
  if (soft > hard) return -EINVAL;
  if (resource === RLIMIT_NOFILE && hard > NR_OPEN) return -EPERM;
  if (hard > process.limits.hard(resource) && !task.credentials.has(CAP_SYS_RESOURCE)) return -EPERM;
  process.limits.set(resource, soft, hard);
  return 0;
}

const isResource = (resource: number): boolean => resource >= 0 && resource < LIMIT_COUNT;

/** In words of the ABI: what does not fit, or has no end, is all ones. */
export function getrlimit(task: Task, resource: number, address: number): number {
  if (!isResource(resource)) return -EINVAL;
  const word = (value: number): number => Math.min(value, task.abi.wordMax);
  const { limits } = task.process;
  return writeStruct(task, task.abi.structs.rlimit, address, {
    soft: word(limits.soft(resource)),
    hard: word(limits.hard(resource)),
  });
}
export function setrlimit(task: Task, resource: number, address: number): number {
  if (!isResource(resource)) return -EINVAL;
  const given = readStruct(task, task.abi.structs.rlimit, address) as Record<'soft' | 'hard', number> | number;
  if (typeof given === 'number') return given;
  const free = (value: number): number => (value >= task.abi.wordMax ? UNLIMITED : value);
  return setLimit(task, task.process, resource, free(given.soft), free(given.hard));
}

const TWO_64 = 2 ** 64;

export function prlimit64(task: Task, pid: number, resource: number, newAddress: number, oldAddress: number): number {
  if (!isResource(resource)) return -EINVAL;
  const process = pid === 0 ? task.process : task.pidNamespace.find(pid)?.process;
  if (!process) return -ESRCH;
  if (process !== task.process && !mayLimit(task, process)) return -EPERM;
  const old = { soft: process.limits.soft(resource), hard: process.limits.hard(resource) };
  if (newAddress !== 0) {
    const given = readStruct(task, task.abi.structs.rlimit64, newAddress) as Record<'soft' | 'hard', number> | number;
    if (typeof given === 'number') return given;
    const free = (value: number): number => (value >= TWO_64 - 4096 ? UNLIMITED : value);
    const failed = setLimit(task, process, resource, free(given.soft), free(given.hard));
    if (failed !== 0) return failed;
  }
  if (oldAddress === 0) return 0;
  // all ones is written as -1: a number does not hold 2^64 - 1
  const word = (value: number): number => (value === UNLIMITED ? -1 : value);
  return writeStruct(task, task.abi.structs.rlimit64, oldAddress, { soft: word(old.soft), hard: word(old.hard) });
}
function mayLimit(task: Task, process: Process): boolean {
  const own = task.credentials;
  const other = process.leader.credentials;
  const same =
    [other.uid, other.euid, other.suid].every((uid) => uid === own.uid) &&
    [other.gid, other.egid, other.sgid].every((gid) => gid === own.gid);
  return same || own.capable(other.userNamespace, CAP_SYS_RESOURCE);
}

// ---- memory barriers --------------------------------------------------------------------------------------------------------------

// ---- prctl ------------------------------------------------------------------------------------------------------------------------

/** Each bit of man 7 capabilities, "The securebits flags", with its lock above it. */
const SECBIT_KEEP_CAPS = 0x10;
const SECBIT_KEEP_CAPS_LOCKED = 0x20;
const SECURE_ALL = 0xff;
const SECURE_LOCKS = 0xaa;

/** What is locked stays, and so do locks. */
function setSecurebits(task: Task, bits: number): number {
  const old = task.credentials.securebits | (task.keepCapabilities ? SECBIT_KEEP_CAPS : 0);
  const locked = (old & SECURE_LOCKS) >> 1;
  const changed = old ^ bits;
  if ((changed & locked) !== 0 || (old & SECURE_LOCKS & ~bits) !== 0 || (bits & ~SECURE_ALL) !== 0) return -EPERM;
  if (!task.credentials.hasHere(CAP_SETPCAP)) return -EPERM;
  task.keepCapabilities = (bits & SECBIT_KEEP_CAPS) !== 0;
  task.credentials = task.credentials.with({ securebits: bits & ~SECBIT_KEEP_CAPS });
  return 0;
}

export function prctl(task: Task, option: number, a: number, b: number, c: number, d: number): number {
  const { process } = task;
  switch (option) {
    case PR_SET_NAME: {
      const name = readString(task.space, a, 16, ENAMETOOLONG);
      if (name === -EFAULT) return name as number;
      const bytes =
        typeof name === 'string' ? name : String.fromCharCode(...(readBytes(task.space, a, 15) as Uint8Array));
      task.comm = bytes.slice(0, 15);
      return 0;
    }
    case PR_GET_NAME: {
      const bytes = new Uint8Array(16);
      for (let i = 0; i < task.comm.length; i++) bytes[i] = task.comm.charCodeAt(i);
      return writeBytes(task.space, a, bytes);
    }
    case PR_SET_PDEATHSIG:
      if (a > 64) return -EINVAL;
      task.parentDeathSignal = a;
      return 0;
    case PR_GET_PDEATHSIG:
      return writeU32(task.space, a, task.parentDeathSignal);
    case PR_SET_DUMPABLE:
      if (a > 1) return -EINVAL;
      process.dumpable = a;
      return 0;
    case PR_GET_DUMPABLE:
      return process.dumpable;
    case PR_SET_KEEPCAPS:
      if (a > 1) return -EINVAL;
      if ((task.credentials.securebits & SECBIT_KEEP_CAPS_LOCKED) !== 0) return -EPERM;
      task.keepCapabilities = a === 1;
      return 0;
    case PR_GET_KEEPCAPS:
      return task.keepCapabilities ? 1 : 0;
    case PR_SET_NO_NEW_PRIVS:
      if (a !== 1 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      task.noNewPrivileges = true;
      return 0;
    case PR_GET_NO_NEW_PRIVS:
      if (a !== 0 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      return task.noNewPrivileges ? 1 : 0;
    case PR_GET_SECCOMP:
      return task.seccomp?.mode ?? 0;
    case PR_SET_SECCOMP:
      if (a === SECCOMP_MODE_STRICT) return setStrict(task);
      return a === SECCOMP_MODE_FILTER ? setFilter(task, 0, b) : -EINVAL;
    case PR_SET_CHILD_SUBREAPER:
      process.subreaper = a !== 0;
      return 0;
    case PR_GET_CHILD_SUBREAPER:
      return writeU32(task.space, a, process.subreaper ? 1 : 0);
    case PR_SET_TIMERSLACK:
      task.timerSlack = a === 0 ? 50_000 : a;
      return 0;
    case PR_GET_TIMERSLACK:
      return task.timerSlack;
    case PR_CAPBSET_READ:
      return a > CAP_LAST ? -EINVAL : task.credentials.bounding.has(a) ? 1 : 0;
    case PR_CAPBSET_DROP:
      if (!task.credentials.hasHere(CAP_SETPCAP)) return -EPERM;
      if (a > CAP_LAST) return -EINVAL;
      task.credentials = task.credentials.with({ bounding: task.credentials.bounding.without(CapabilitySet.of(a)) });
      return 0;
    case PR_GET_SECUREBITS:
      return task.credentials.securebits | (task.keepCapabilities ? SECBIT_KEEP_CAPS : 0);
    case PR_SET_SECUREBITS:
      return setSecurebits(task, a);
    case PR_CAP_AMBIENT:
      return ambient(task, a, b);
    case PR_GET_TID_ADDRESS:
      return writeU32(task.space, a, task.clearTidAddress);
    case PR_SET_THP_DISABLE:
      if (b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      task.space.noHugePages = a !== 0;
      return 0;
    case PR_GET_THP_DISABLE:
      if (a !== 0 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      return task.space.noHugePages ? 1 : 0;
    case PR_GET_TIMING:
      return PR_TIMING_STATISTICAL;
    case PR_SET_TIMING:
      return a === PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_TSC:
      return writeU32(task.space, a, PR_TSC_ENABLE);
    case PR_SET_TSC:
      // programs read the time stamp counter without asking: it can't be taken from them
      return a === PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR_MCE_KILL_GET:
      return (a | b | c | d) !== 0 ? -EINVAL : PR_MCE_KILL_DEFAULT;
    default:
      return -EINVAL;
  }
}

const AMBIENT_IS_SET = 1;
const AMBIENT_RAISE = 2;
const AMBIENT_LOWER = 3;
const AMBIENT_CLEAR_ALL = 4;

function ambient(task: Task, operation: number, capability: number): number {
  const own = task.credentials;
  if (operation === AMBIENT_CLEAR_ALL) {
    task.credentials = own.with({ ambient: CapabilitySet.NONE });
    return capability === 0 ? 0 : -EINVAL;
  }
  if (capability > CAP_LAST) return -EINVAL;
  const one = CapabilitySet.of(capability);
  if (operation === AMBIENT_IS_SET) return own.ambient.has(capability) ? 1 : 0;
  if (operation === AMBIENT_LOWER) task.credentials = own.with({ ambient: own.ambient.without(one) });
  else if (operation === AMBIENT_RAISE) {
    if (!own.permitted.has(capability) || !own.inheritable.has(capability)) return -EPERM;
    task.credentials = own.with({ ambient: own.ambient.or(one) });
  } else return -EINVAL;
  return 0;
}

const ASK_PERSONALITY = 0xffffffff;

/** What was before. Addresses are never random here, so ADDR_NO_RANDOMIZE has nothing to change. */
export function personality(task: Task, wanted: number): number {
  const before = task.personality;
  if (wanted === ASK_PERSONALITY) return before;
  task.personality = wanted;
  task.space.readImpliesExecute = (wanted & READ_IMPLIES_EXEC) !== 0;
  return before;
}
