// The registers of a stopped task as ptrace and core files have them on i386. Linux arch/x86/include/asm/user_32.h, kernel/ptrace.c.
import { DR0, DR6, DR7, EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP } from '../../../../assembly/abi.js';
import { type Registers, readFlags, TRAP_FLAG, writeFlags } from '../../task/registers.js';
import type { Task } from '../../task/task.js';
import { EINVAL, EIO } from '../errno.js';
import { CS, DS, ES, FS, GS, loadSegment, NULL_DESCRIPTOR, SS, selectorOf, USER_CS } from './segments.js';
import { i386Descriptor } from './thread-area.js';

interface Word {
  field?: number;
  segment?: number;
  call?: true;
  flags?: true;
}

/** struct user_regs_struct, word by word: a field of the processor, a segment, or what is neither. */
const WORDS: readonly Word[] = [
  { field: EBX },
  { field: ECX },
  { field: EDX },
  { field: ESI },
  { field: EDI },
  { field: EBP },
  { field: EAX },
  { segment: DS },
  { segment: ES },
  { segment: FS },
  { segment: GS },
  { call: true },
  { field: EIP },
  { segment: CS },
  { flags: true },
  { field: ESP },
  { segment: SS },
];

export const USER_REGISTERS_SIZE = 4 * WORDS.length;
/** struct user: registers, and at its end the debug registers. */
const USER_SIZE = 284;
const DEBUG_REGISTERS = 252;
/** Of DR7: which breakpoints are on, and of what kind; no general detection. SDM vol. 3B 17.2.4. */
const DR7_ALLOWED = 0xffff0355;
const DR7_FIXED = 0x400;

function readWord(task: Task, index: number): number {
  const { registers } = task;
  const word = WORDS[index]!;
  if (word.field !== undefined) return registers.get32(word.field);
  if (word.segment !== undefined) return selectorOf(registers, word.segment);
  if (word.call) return task.callNumber >>> 0;
  // a step is the tracer's, not the program's
  return task.tracing?.stepping ? readFlags(registers) & ~TRAP_FLAG : readFlags(registers);
}

/** 0, or -EIO: a program can't be given more rights by its segments. */
function writeWord(task: Task, index: number, value: number): number {
  const { registers } = task;
  const word = WORDS[index]!;
  if (word.field !== undefined) registers.set32(word.field, value);
  else if (word.segment !== undefined) {
    const selector = value & 0xffff;
    if (selector === selectorOf(registers, word.segment)) return 0;
    if (selector !== 0 && (selector & 3) !== 3) return -EIO;
    if (word.segment === CS && selector !== USER_CS) return -EIO;
    const descriptor = i386Descriptor(task, selector);
    if (word.segment === SS && descriptor === NULL_DESCRIPTOR) return -EIO;
    loadSegment(registers, word.segment, selector, descriptor);
  } else if (word.call) task.callNumber = value | 0;
  else {
    writeFlags(registers, value);
    if (task.tracing?.stepping) registers.setFlag(TRAP_FLAG, true);
  }
  return 0;
}

/** struct user_regs_struct. */
export function userRegisters(task: Task): Uint8Array {
  const bytes = new Uint8Array(USER_REGISTERS_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < WORDS.length; i++) view.setUint32(4 * i, readWord(task, i), true);
  return bytes;
}

export function setUserRegisters(task: Task, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; 4 * i + 4 <= Math.min(bytes.length, USER_REGISTERS_SIZE); i++) {
    const failed = writeWord(task, i, view.getUint32(4 * i, true));
    if (failed !== 0) return failed;
  }
  task.kernel.cpu.registersChanged(task);
  return 0;
}

/** PTRACE_PEEKUSER: a word of struct user, or -EIO. */
export function peekUser(task: Task, offset: number): number {
  if (offset % 4 !== 0 || offset < 0 || offset >= USER_SIZE) return -EIO;
  if (offset < USER_REGISTERS_SIZE) return readWord(task, offset / 4);
  if (offset < DEBUG_REGISTERS) return 0;
  const number = (offset - DEBUG_REGISTERS) / 4;
  if (number === 6) return debugCause(task.registers);
  const value = task.registers.get32(debugField(number));
  return number === 7 ? value & ~DR7_FIXED : value;
}

export function pokeUser(task: Task, offset: number, value: number): number {
  if (offset % 4 !== 0 || offset < 0 || offset >= USER_SIZE) return -EIO;
  if (offset < USER_REGISTERS_SIZE) {
    const failed = writeWord(task, offset / 4, value);
    task.kernel.cpu.registersChanged(task);
    return failed;
  }
  return offset < DEBUG_REGISTERS ? -EIO : setDebugRegister(task, (offset - DEBUG_REGISTERS) / 4, value);
}

/** What the newest #DB was about: the bits of DR6 that say something. SDM vol. 3B 17.2.3. */
export function debugCause(registers: Registers): number {
  return registers.get32(DR6) & (DR6_STEP | DR6_BREAKPOINTS);
}
export const DR6_STEP = 0x4000;
export const DR6_BREAKPOINTS = 15;

/** Breakpoints are of the task that they were set for: not of its children, nor of another program. */
export function forgetBreakpoints(registers: Registers): void {
  for (let i = 0; i < 4; i++) registers.set32(debugField(i), 0);
  registers.set32(DR6, 0);
  registers.set32(DR7, DR7_FIXED);
}

function debugField(number: number): number {
  return number < 4 ? DR0 + 8 * number : number === 7 ? DR7 : DR6;
}

/** DR0 to DR3 are addresses of the program's, DR7 says what they stop at: execution, writes, accesses of 1, 2 or 4 bytes. */
function setDebugRegister(task: Task, number: number, value: number): number {
  const { registers } = task;
  if (number === 4 || number === 5) return -EIO;
  if (number < 4 && value >= task.space.layout.userEnd) return -EINVAL;
  if (number === 7) {
    for (let i = 0; i < 4; i++) {
      const kind = (value >>> (16 + 4 * i)) & 3;
      const length = (value >>> (18 + 4 * i)) & 3;
      const on = ((value >>> (2 * i)) & 3) !== 0;
      // no I/O breakpoints, none of eight bytes, and one of execution has one
      if (on && (kind === 2 || length === 2 || (kind === 0 && length !== 0))) return -EINVAL;
    }
    registers.set32(DR7, (value & DR7_ALLOWED) | DR7_FIXED);
  } else registers.set32(debugField(number), value);
  task.kernel.cpu.registersChanged(task);
  return 0;
}
