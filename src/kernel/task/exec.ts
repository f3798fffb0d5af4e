// execve: a program takes the place of the one that runs. man 2 execve; Linux fs/exec.c, fs/binfmt_elf.c.
import { IN_ACCESS, IN_OPEN } from '../abi/inotify.js';
import { notifyFile } from '../vfs/notify.js';
import { E2BIG, EACCES, EIO, ELIBBAD, ELOOP, ENOEXEC, ENOMEM, ETXTBSY } from '../abi/errno.js';
import { O_RDONLY } from '../abi/fcntl.js';
import { MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.js';
import { PER_CLEAR_ON_SETID, READ_IMPLIES_EXEC } from '../abi/personality.js';
import { RLIMIT_STACK } from '../abi/sched.js';
import { SI_KERNEL, SIGCHLD, SIGKILL } from '../abi/signal.js';
import { type ElfProgram, ET_DYN, isElf, parseElf, PF_R, PF_W, PF_X } from '../loader/elf.js';
import { isScript, parseScript, SCRIPT_HEAD } from '../loader/script.js';
import {
  AT_BASE,
  AT_CLKTCK,
  AT_EGID,
  AT_ENTRY,
  AT_EUID,
  AT_FLAGS,
  AT_GID,
  AT_HWCAP,
  AT_HWCAP2,
  AT_PAGESZ,
  AT_PHDR,
  AT_PHENT,
  AT_PHNUM,
  AT_SECURE,
  AT_SYSINFO,
  AT_SYSINFO_EHDR,
  AT_UID,
  buildStack,
} from '../loader/stack.js';
import { AddressSpace, type ProgramPlace } from '../mm/address-space.js';
import { pageCeil, pageFloor, PAGE_SIZE } from '../mm/frames.js';
import { PaeTable } from '../mm/page-table.js';
import { copyOut } from '../mm/user-memory.js';
import { VmArea } from '../mm/vm-areas.js';
import { credentialsOfExec } from '../security/exec-credentials.js';
import { KernelIo } from '../vfs/io.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { MAY_READ } from '../vfs/permission.js';
import { FdTable } from '../vfs/fd-table.js';
import { resolve } from '../vfs/walk.js';
import { endOtherThreads, leaveSpace } from './exit.js';
import type { Task } from './task.js';

/** Scripts that run scripts. */
const DEPTH_MAX = 5;
/** Arguments and environment together: a quarter of the stack's limit, at least 128 KiB, at most 6 MiB. man 2 execve. */
const ARGUMENTS_MAX = 6 << 20;
const CLOCK_TICKS = 100;
/** x87, TSC, CX8, CMOV, MMX, FXSR, SSE, SSE2 as CPUID leaf 1 has them in EDX. */
const HWCAP = 0x0f8bfbff;

export function argumentsMax(task: Task): number {
  return Math.max(131072, Math.min(ARGUMENTS_MAX, task.process.limits.soft(RLIMIT_STACK) / 4));
}

interface Program {
  file: OpenFile;
  elf: ElfProgram;
  args: readonly string[];
}

/** 0: the new program runs when the task goes on. Else a negated errno, and the old one does. */
export function exec(task: Task, path: Path, name: string, args: readonly string[], env: readonly string[]): number {
  const program = open(task, path, name, args.length > 0 ? args : [''], 0);
  if (typeof program === 'number') return program;
  const { file, elf } = program;
  const length = [...program.args, ...env].reduce((sum, text) => sum + text.length + 1 + task.abi.wordSize, 0);
  let interpreter: { file: OpenFile; elf: ElfProgram } | undefined;
  let failed = length > argumentsMax(task) ? -E2BIG : 0;
  if (failed === 0 && elf.interpreter !== undefined) {
    const opened = openInterpreter(task, elf.interpreter);
    if (typeof opened === 'number') failed = opened;
    else interpreter = opened;
  }
  if (failed === 0) failed = replace(task, program, interpreter, name, env);
  interpreter?.file.release();
  if (failed !== 0) file.release();
  return failed;
}

function openFile(task: Task, path: Path): OpenFile | number {
  const denied = task.kernel.vfs.mayExecute(task, path);
  if (denied !== 0) return denied;
  if (task.kernel.isBeingWritten(path.inode)) return -ETXTBSY;
  const file = path.inode.open(task, O_RDONLY, path);
  if (typeof file !== 'number') {
    notifyFile(file, IN_OPEN);
    notifyFile(file, IN_ACCESS);
  }
  return file;
}

/** The ELF file to run: what a script names stands for the script. */
function open(task: Task, path: Path, name: string, args: readonly string[], depth: number): Program | number {
  const file = openFile(task, path);
  if (typeof file === 'number') return file;
  const read = reader(task, file);
  const head = read(0, SCRIPT_HEAD);
  if (isElf(head)) {
    const elf = parseElf(task.abi, read);
    if (typeof elf !== 'number') return { file, elf, args };
    file.release();
    return elf;
  }
  file.release();
  if (!isScript(head)) return -ENOEXEC;
  if (depth === DEPTH_MAX) return -ELOOP;
  const script = parseScript(head);
  if (typeof script === 'number') return script;
  const found = resolve(task, task.fs.cwd, script.interpreter);
  if (typeof found === 'number') return found;
  const own = script.argument === undefined ? [] : [script.argument];
  return open(task, found, script.interpreter, [script.interpreter, ...own, name, ...args.slice(1)], depth + 1);
}

function openInterpreter(task: Task, name: string): { file: OpenFile; elf: ElfProgram } | number {
  const path = resolve(task, task.fs.cwd, name);
  if (typeof path === 'number') return path;
  const file = openFile(task, path);
  if (typeof file === 'number') return file;
  const elf = parseElf(task.abi, reader(task, file));
  if (typeof elf !== 'number') return { file, elf };
  file.release();
  return elf === -ENOEXEC ? -ELIBBAD : elf;
}

function reader(task: Task, file: OpenFile): (offset: number, length: number) => Uint8Array {
  return (offset, length) => {
    const bytes = new Uint8Array(length);
    const done = file.readAt(task, new KernelIo(bytes), offset);
    return bytes.subarray(0, Math.max(0, done));
  };
}

function replace(
  task: Task,
  program: Program,
  interpreter: { file: OpenFile; elf: ElfProgram } | undefined,
  name: string,
  env: readonly string[],
): number {
  const { kernel, abi } = task;
  const { file, elf } = program;
  const set = credentialsOfExec(task, file.path!);
  if (typeof set === 'number') return set;
  const table = PaeTable.create(kernel.frames, kernel.cpu.kernelDirectory);
  if (!table) return -ENOMEM;
  const space = new AddressSpace(kernel.frames, table, kernel.cpu, abi.spaceLayout);
  space.readImpliesExecute = elf.readImpliesExecute || (task.personality & READ_IMPLIES_EXEC) !== 0;
  const loaded = load(space, file, elf, abi.programBase);
  const linker =
    typeof loaded === 'number' || !interpreter ? undefined : load(space, interpreter.file, interpreter.elf, undefined);
  const failed = typeof loaded === 'number' ? loaded : typeof linker === 'number' ? linker : 0;
  if (failed !== 0) {
    space.free();
    kernel.cpu.leave(space);
    return failed;
  }
  const at = loaded as Loaded;
  const vdso = kernel.mapVdso(space, abi, task.namespaces.timeForChildren);
  const { credentials } = set;
  const image = buildStack(abi, abi.stackTop, {
    args: program.args,
    env,
    execName: name,
    random: kernel.randomBytes(16),
    auxiliary: [
      [AT_SYSINFO, vdso + abi.vdso.vsyscall],
      [AT_SYSINFO_EHDR, vdso],
      [AT_HWCAP, HWCAP],
      [AT_PAGESZ, PAGE_SIZE],
      [AT_CLKTCK, CLOCK_TICKS],
      [AT_PHDR, at.base + elf.headersAddress],
      [AT_PHENT, elf.headerSize],
      [AT_PHNUM, elf.headerCount],
      [AT_BASE, (linker as Loaded | undefined)?.base ?? 0],
      [AT_FLAGS, 0],
      [AT_ENTRY, at.base + elf.entry],
      [AT_UID, credentials.userNamespace.uids.shown(credentials.uid)],
      [AT_EUID, credentials.userNamespace.uids.shown(credentials.euid)],
      [AT_GID, credentials.userNamespace.gids.shown(credentials.gid)],
      [AT_EGID, credentials.userNamespace.gids.shown(credentials.egid)],
      [AT_SECURE, set.secure ? 1 : 0],
      [AT_HWCAP2, 0],
    ],
  });
  if (!putStack(task, space, image.pointer, image.bytes, elf.executableStack)) {
    space.free();
    kernel.cpu.leave(space);
    return -ENOMEM;
  }
  space.argStart = image.argStart;
  space.argEnd = image.argEnd;
  space.envStart = image.envStart;
  space.envEnd = image.envEnd;
  space.auxv = image.auxv;
  space.brkStart = at.end;
  space.brk = at.end;
  space.program = placeOf(elf, at.base, image.pointer);

  // from here on there is no way back
  endOtherThreads(task);
  leaveSpace(task);
  task.space = space;
  const { namespaces } = task;
  if (namespaces.time !== namespaces.timeForChildren)
    task.enterNamespaces({ ...namespaces, time: namespaces.timeForChildren });
  task.credentials = credentials;
  if (set.secure) task.personality &= ~PER_CLEAR_ON_SETID;
  if (elf.readImpliesExecute) task.personality |= READ_IMPLIES_EXEC;
  becomeProgram(task, file, name, set.secure);
  const entry = linker ? (linker as Loaded).base + interpreter!.elf.entry : at.base + elf.entry;
  abi.start(task.registers, entry, image.pointer);
  kernel.cpu.spaceChanged(task);
  kernel.cpu.threadAreasChanged(task);
  kernel.cpu.registersChanged(task);
  return 0;
}

/** What of the task is the old program's. */
function becomeProgram(task: Task, file: OpenFile, name: string, secure: boolean): void {
  const { process } = task;
  if (task.files.users > 1) {
    const { kernel } = task;
    const files = task.files.fork(kernel.frames.payer);
    // there is no way back
    if (!files) kernel.signals.toProcess(process, { signal: SIGKILL, code: SI_KERNEL });
    task.files.users--;
    task.files = files ?? new FdTable(kernel.statistics, undefined);
  }
  task.files.closeForExec();
  if (process.actions.users > 1) {
    process.actions.users--;
    process.actions = process.actions.copy();
  }
  process.actions.resetHandlers();
  process.timers.clear(false);
  process.executable?.release();
  process.executable = file;
  file.becomeProgram();
  process.hasExecuted = true;
  process.unprotected = false;
  // who has more rights than who started it, or may not read its own program, shows nothing of itself
  process.dumpable = secure || file.inode.allows(task, MAY_READ) !== 0 ? 0 : 1;
  process.exitSignal = process.exitSignal === 0 ? 0 : SIGCHLD;
  task.alternateStack = { address: 0, size: 0, flags: 2 };
  task.threadAreas.length = 0;
  task.rseq = undefined;
  task.parentDeathSignal = 0;
  task.keepCapabilities = false;
  task.comm = name.slice(name.lastIndexOf('/') + 1).slice(0, 15);
}

interface Loaded {
  /** What is added to the file's addresses. */
  base: number;
  /** First page behind the program. */
  end: number;
}

/** Maps a file's segments. `base`: where those of a file that can lie anywhere go; undefined: wherever there is room. */
function load(space: AddressSpace, file: OpenFile, elf: ElfProgram, base: number | undefined): Loaded | number {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { address, memorySize } of elf.segments) {
    low = Math.min(low, pageFloor(address));
    high = Math.max(high, pageCeil(address + memorySize));
  }
  let offset = 0;
  if (elf.type === ET_DYN) {
    const align = Math.max(
      PAGE_SIZE,
      ...elf.segments.map((segment) => (segment.align <= 1 << 24 ? segment.align : PAGE_SIZE)),
    );
    let place = base;
    if (place === undefined) {
      place = space.areas.highestHole(high - low + align, space.layout.lowest, space.layout.mmapTop);
      if (place < 0) return -ENOMEM;
      place = Math.ceil(place / align) * align;
    }
    offset = place - low;
  }
  if (low + offset < space.layout.lowest || high + offset > space.layout.userEnd) return -ENOMEM;
  const cache = file.mappable(PROT_READ, MAP_PRIVATE);
  if (typeof cache === 'number') return -EACCES;
  for (const segment of elf.segments) {
    const prot =
      ((segment.flags & PF_R) !== 0 ? PROT_READ : 0) |
      ((segment.flags & PF_W) !== 0 ? PROT_WRITE : 0) |
      ((segment.flags & PF_X) !== 0 ? PROT_EXEC : 0);
    const start = pageFloor(segment.address) + offset;
    const fileEnd = segment.address + segment.fileSize + offset;
    const end = pageCeil(segment.address + segment.memorySize + offset);
    const mappedEnd = segment.fileSize === 0 ? start : pageCeil(fileEnd);
    if (mappedEnd > start) {
      const mapped = space.map(start, mappedEnd - start, prot, MAP_PRIVATE | MAP_FIXED, {
        cache,
        offset: pageFloor(segment.offset),
        file,
      });
      if (mapped < 0) return mapped;
    }
    if (end > mappedEnd) {
      const zeros = space.map(mappedEnd, end - mappedEnd, prot, MAP_PRIVATE | MAP_FIXED);
      if (zeros < 0) return zeros;
    }
    // the rest of the last page of a writable segment is zeros
    if (
      segment.memorySize > segment.fileSize &&
      (prot & PROT_WRITE) !== 0 &&
      fileEnd % PAGE_SIZE !== 0 &&
      mappedEnd > start
    ) {
      const rest = mappedEnd - fileEnd;
      if (copyOut(space, fileEnd, new Uint8Array(rest), 0, rest) !== rest) return -EIO;
    }
  }
  return { base: offset, end: high + offset };
}

/** Code and data of a program that was loaded at `base`, as Linux counts them. */
function placeOf(elf: ElfProgram, base: number, stackStart: number): ProgramPlace {
  const place = { codeStart: Number.POSITIVE_INFINITY, codeEnd: 0, dataStart: 0, dataEnd: 0, stackStart };
  for (const { address, fileSize, flags } of elf.segments) {
    const start = address + base;
    const end = start + fileSize;
    if ((flags & PF_X) !== 0) {
      place.codeStart = Math.min(place.codeStart, start);
      place.codeEnd = Math.max(place.codeEnd, end);
    }
    place.dataStart = Math.max(place.dataStart, start);
    place.dataEnd = Math.max(place.dataEnd, end);
  }
  if (place.codeEnd === 0) place.codeStart = 0;
  return place;
}

function putStack(task: Task, space: AddressSpace, pointer: number, bytes: Uint8Array, executable: boolean): boolean {
  const top = task.abi.stackTop;
  const start = pageFloor(pointer) - 32 * PAGE_SIZE;
  space.stackLimit = Math.min(task.process.limits.soft(RLIMIT_STACK), top / 2);
  const prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  space.addArea(new VmArea(start, top, prot, MAP_PRIVATE | MAP_GROWSDOWN, undefined, 0, undefined, '[stack]'));
  return copyOut(space, pointer, bytes, 0, bytes.length) === bytes.length;
}
