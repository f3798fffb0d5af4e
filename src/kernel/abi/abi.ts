// An ABI: everything by which programs of one kind differ from those of another, as data and small functions.
// i386 is the first; amd64 will be the second. System calls see arguments, results and structs, never a register or an offset.
import type { SpaceLayout } from '../mm/address-space.js';
import type { Registers } from '../task/registers.js';
import type { SignalAction, SignalInfo } from '../task/signals.js';
import type { SignalSet } from '../task/signal-set.js';
import type { Task } from '../task/task.js';
import type { Inode } from '../vfs/inode.js';
import type { FileSystemStatistics } from '../vfs/file-system.js';
import type { Structs } from './structs.js';

export interface Abi {
  /** 'i386'. */
  readonly name: string;
  /** What uname(2) says the machine is. */
  readonly machine: string;
  readonly wordSize: 4 | 8;
  /** ELF e_ident class and e_machine of its programs. */
  readonly elfClass: 1 | 2;
  readonly elfMachine: number;
  /** AT_PLATFORM. */
  readonly platform: string;
  readonly spaceLayout: SpaceLayout;
  /** First address behind the stack. */
  readonly stackTop: number;
  /** Where programs that can lie anywhere are put (PIE). */
  readonly programBase: number;
  /** AUDIT_ARCH_*, for seccomp. */
  readonly auditArch: number;
  /** What seccomp's strict mode lets through: read, write, exit, sigreturn. */
  readonly strictCalls: readonly number[];
  readonly structs: Structs;
  /** Largest value of an unsigned long. */
  readonly wordMax: number;

  // ---- registers of a task at a system call ---------------------------------------------------------------------------------
  callNumber(registers: Registers): number;
  /** Argument 0 to 5 as an unsigned word. */
  argument(registers: Registers, index: number): number;
  /** A count, an address, or a negated errno. */
  result(registers: Registers): number;
  setResult(registers: Registers, value: number): void;
  /** The call starts again, as call `number`, when the task runs on. */
  restart(registers: Registers, number: number): void;
  instructionPointer(registers: Registers): number;
  setInstructionPointer(registers: Registers, address: number): void;
  stackPointer(registers: Registers): number;
  setStackPointer(registers: Registers, address: number): void;

  // ---- what ptrace sees -----------------------------------------------------------------------------------------------------
  readonly userRegistersSize: number;
  /** struct user_regs_struct. */
  userRegisters(task: Task): Uint8Array;
  /** Takes as many words as there are: 0, or a negated errno. */
  setUserRegisters(task: Task, bytes: Uint8Array): number;
  /** A word of struct user, or -EIO. */
  peekUser(task: Task, offset: number): number;
  pokeUser(task: Task, offset: number, value: number): number;
  /** A set of registers by its ELF note type, NT_PRSTATUS aside; undefined: there is none of that type. */
  registerSet(task: Task, type: number): Uint8Array | undefined;
  setRegisterSet(task: Task, type: number, bytes: Uint8Array): number;
  /** struct user_desc of entry `entry` of a task's own descriptors; undefined: the ABI has none, or not that one. */
  threadArea(task: Task, entry: number): Uint8Array | undefined;
  /** Breakpoints in debug registers go. */
  forgetBreakpoints(registers: Registers): void;

  /** Registers as a program finds them at its start. */
  start(registers: Registers, entry: number, stack: number): void;
  /** Thread-local storage of a new thread, from clone's `tls` argument: 0, or a negated errno. */
  setThreadArea(task: Task, tls: number): number;

  // ---- signals ----------------------------------------------------------------------------------------------------------------
  /**
   * Puts a frame on the program's stack and lets the task go on in its handler. `mask` is what the frame's end restores. False: the
   * stack can't be written.
   */
  pushSignalFrame(
    task: Task,
    info: SignalInfo,
    action: SignalAction,
    mask: SignalSet,
    fault?: { vector: number; error: number },
  ): boolean;
  /** sigreturn: registers and mask as the frame has them. False: it can't be read, or is none. */
  popSignalFrame(task: Task, realTime: boolean): boolean;
  /** struct siginfo. */
  siginfo(info: SignalInfo): Uint8Array;
  /** Of a siginfo that a program has made (rt_sigqueueinfo): its code and value. */
  readSiginfo(bytes: Uint8Array): { code: number; pid: number; uid: number; value: number };

  // ---- structs with an order of their own -------------------------------------------------------------------------------------
  stat(inode: Inode): Uint8Array;
  /** Undefined: a number does not fit. `wide`: statfs64's, where that is another struct. */
  statfs(
    statistics: FileSystemStatistics,
    flags: number,
    device: number,
    nameMax: number,
    wide: boolean,
  ): Uint8Array | undefined;
  /** One struct of getdents64, without padding to the next. */
  readonly vdso: VdsoImage;
}

/** The page that the kernel maps into every program: its ELF image and the symbols that the kernel itself needs. */
export interface VdsoImage {
  readonly bytes: Uint8Array;
  /** Offsets: of __kernel_vsyscall (0: none), of the returns from signal handlers. */
  readonly vsyscall: number;
  readonly sigreturn: number;
  readonly rtSigreturn: number;
}
