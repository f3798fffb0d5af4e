// The frames that signals put on an i386 program's stack, and the way back. Linux arch/x86/kernel/signal_32.c, asm/sigframe.h;
// uapi/asm/sigcontext.h (struct sigcontext_32), asm-generic/siginfo.h.
import { EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP } from '../../../../assembly/abi.js';
import { ACCESS_READ } from '../../mm/page-faults.js';
import { copyInWords, copyOutWords, hostByte } from '../../mm/user-memory.js';
import { readFlags, writeFlags } from '../../task/registers.js';
import type { SignalAction, SignalInfo } from '../../task/signals.js';
import { SignalSet } from '../../task/signal-set.js';
import type { Task } from '../../task/task.js';
import {
  SA_ONSTACK,
  SA_RESTORER,
  SA_SIGINFO,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGBUS,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
  SI_TIMER,
  SI_USER,
  SS_DISABLE,
  SS_ONSTACK,
} from '../signal.js';
import { FSAVE_SIZE, FXSAVE_SIZE, FXSAVE_USED, loadFxsave, writeFsave, writeFxsave } from './fpu-image.js';
import { CS, DS, ES, FS, GS, selectorOf, SS, flatSegments, loadSegment } from './segments.js';
import { i386Descriptor } from './thread-area.js';

/** Sizes in words, as all that follows. */
const SIGINFO = 32;
const CONTEXT = 22;
/** uc_flags, uc_link, uc_stack, then the registers, then the mask. */
const UCONTEXT = 5 + CONTEXT + 2;
/** Where in a real-time frame siginfo and ucontext are: behind the return address, the signal, and their addresses. */
const INFO_AT = 4;
const UCONTEXT_AT = INFO_AT + SIGINFO;
/** Signals that tell an address. */
const FAULTS = [SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP];
/** struct sigcontext_32. */
const SIGCONTEXT_FIELDS = {
  gs: 0,
  edi: 4,
  trap: 12,
  error: 13,
  eip: 14,
  cs: 15,
  eflags: 16,
  espAtSignal: 17,
  ss: 18,
  fpstate: 19,
  mask: 20,
  cr2: 21,
} as const;
/** Registers as struct sigcontext has them, from `edi` on, one word each; then come two words about a fault, and `eip`. */
const GENERAL = [EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX];
/** Segments, from `gs` on. */
const DATA_SEGMENTS = [GS, FS, ES, DS];

// Frames are made here: signals come one at a time. What no signal has a value for is zeros and stays so; the code at a frame's end is what
// debuggers look for, and nobody runs it.
const realTimeFrame = new Uint32Array(UCONTEXT_AT + UCONTEXT + 2);
/** mov eax, 173; int 0x80. */
realTimeFrame.set([0x0000adb8, 0x0080cd00], UCONTEXT_AT + UCONTEXT);
/** Return address, signal, registers, the mask's upper half, code. */
const oldFrame = new Uint32Array(2 + CONTEXT + 1 + 2);
/** pop eax; mov eax, 119; int 0x80. */
oldFrame.set([0x0077b858, 0x80cd0000], 2 + CONTEXT + 1);
/** The FPU's state: the FSAVE image, and behind it the FXSAVE one. */
const fpuFrame = new Uint32Array((FSAVE_SIZE + FXSAVE_SIZE) / 4);
const fpuHalves = new Uint16Array(fpuFrame.buffer);
/** What a frame is read back to: registers with the mask behind them, and the FXSAVE image. */
const contextRead = new Uint32Array(CONTEXT + 2);
const fxsaveRead = new Uint32Array(FXSAVE_USED / 4);

/** struct siginfo: signal, errno, code, then what the code gives a meaning. */
export function siginfoBytes(info: SignalInfo): Uint8Array {
  const words = new Uint32Array(SIGINFO);
  writeSiginfo(info, words, 0);
  return new Uint8Array(words.buffer);
}

/** Writes struct siginfo from word `at` on. */
function writeSiginfo(info: SignalInfo, words: Uint32Array, at: number): void {
  const { signal, code } = info;
  words[at] = signal;
  words[at + 1] = info.errno ?? 0;
  words[at + 2] = code;
  const own = at + 3;
  for (let i = 0; i < 5; i++) words[own + i] = 0;
  if (code === SI_TIMER) {
    words[own] = info.timer ?? 0;
    words[own + 1] = info.overrun ?? 0;
    words[own + 2] = info.value ?? 0;
  } else if (signal === SIGCHLD && code > SI_USER) {
    words[own] = info.pid ?? 0;
    words[own + 1] = info.uid ?? 0;
    words[own + 2] = info.status ?? 0;
    words[own + 3] = info.utime ?? 0;
    words[own + 4] = info.stime ?? 0;
  } else if (signal === SIGSYS && code > SI_USER) {
    words[own] = info.address ?? 0;
    words[own + 1] = info.call ?? 0;
    words[own + 2] = info.arch ?? 0;
  } else if (code > SI_USER && FAULTS.includes(signal)) words[own] = info.address ?? 0;
  else if (info.band !== undefined) {
    words[own] = info.band;
    words[own + 1] = info.fd ?? 0;
  } else {
    words[own] = info.pid ?? 0;
    words[own + 1] = info.uid ?? 0;
    words[own + 2] = info.value ?? 0;
  }
}

/** What a program that sends a signal with rt_sigqueueinfo has put into its siginfo. */
export function readSiginfoBytes(bytes: Uint8Array): { code: number; pid: number; uid: number; value: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    code: view.getInt32(8, true),
    pid: view.getInt32(12, true),
    uid: view.getInt32(16, true),
    value: view.getUint32(20, true),
  };
}

interface Fault {
  vector: number;
  error: number;
}

/** Where the frame goes: the alternate stack when that is wanted and not in use, else below what the program uses. */
function frameBase(task: Task, action: SignalAction): number {
  const esp = task.registers.get32(ESP);
  const { address, size, flags } = task.alternateStack;
  const onAlternate = size > 0 && esp > address && esp <= address + size;
  if ((action.flags & SA_ONSTACK) !== 0 && (flags & SS_DISABLE) === 0 && !onAlternate) return address + size;
  return esp;
}

export function pushFrame(task: Task, info: SignalInfo, action: SignalAction, mask: SignalSet, fault?: Fault): boolean {
  const { registers, space } = task;
  const realTime = (action.flags & SA_SIGINFO) !== 0;
  const frame = realTime ? realTimeFrame : oldFrame;
  let sp = frameBase(task, action);
  if (sp < 4 * UCONTEXT + 2048) return false;
  // the FPU image, the FXSAVE part of it aligned
  sp = Math.floor((sp - FXSAVE_SIZE) / 64) * 64 - FSAVE_SIZE;
  const fpstate = sp;
  // as after a call: the argument that follows the return address is aligned to 16
  sp = Math.floor((sp - 4 * frame.length + 4) / 16) * 16 - 4;

  frame[0] =
    (action.flags & SA_RESTORER) !== 0
      ? action.restorer
      : task.kernel.vdsoAddress(task) + (realTime ? task.abi.vdso.rtSigreturn : task.abi.vdso.sigreturn);
  frame[1] = info.signal;
  if (realTime) {
    frame[2] = sp + 4 * INFO_AT;
    frame[3] = sp + 4 * UCONTEXT_AT;
    writeSiginfo(info, frame, INFO_AT);
    const { address, size } = task.alternateStack;
    frame[UCONTEXT_AT + 2] = address;
    frame[UCONTEXT_AT + 3] = stackState(task);
    frame[UCONTEXT_AT + 4] = size;
    const context = UCONTEXT_AT + 5;
    writeContext(task, frame, context, fpstate, mask, fault);
    frame[context + CONTEXT] = mask.low;
    frame[context + CONTEXT + 1] = mask.high;
  } else {
    writeContext(task, frame, 2, fpstate, mask, fault);
    frame[2 + CONTEXT] = mask.high;
  }
  writeFsave(registers, fpuFrame, fpuHalves);
  writeFxsave(registers, fpuFrame, FSAVE_SIZE / 4);
  if (!copyOutWords(space, fpstate, fpuFrame) || !copyOutWords(space, sp, frame)) return false;

  registers.set32(ESP, sp);
  registers.set32(EIP, action.handler);
  registers.set32(EAX, info.signal);
  registers.set32(EDX, realTime ? sp + 4 * INFO_AT : 0);
  registers.set32(ECX, realTime ? sp + 4 * UCONTEXT_AT : 0);
  // DF, RF and TF are off in a handler
  writeFlags(registers, readFlags(registers) & ~0x10500);
  flatSegments(registers);
  reload(task, FS);
  reload(task, GS);
  return true;
}

/** A segment register is loaded again, from what its selector selects now. */
function reload(task: Task, segment: number): void {
  const selector = selectorOf(task.registers, segment);
  loadSegment(task.registers, segment, selector, i386Descriptor(task, selector));
}

/** ss_flags of the alternate stack as the frame and sigaltstack tell it. */
export function stackState(task: Task): number {
  const { address, size, flags } = task.alternateStack;
  if (size === 0) return SS_DISABLE;
  const esp = task.registers.get32(ESP);
  return (esp > address && esp <= address + size ? SS_ONSTACK : 0) | (flags & ~(SS_DISABLE | SS_ONSTACK));
}

function writeContext(
  task: Task,
  frame: Uint32Array,
  at: number,
  fpstate: number,
  mask: SignalSet,
  fault?: Fault,
): void {
  const { registers } = task;
  const esp = registers.get32(ESP);
  for (let i = 0; i < GENERAL.length; i++) frame[at + SIGCONTEXT_FIELDS.edi + i] = registers.get32(GENERAL[i]!);
  for (let i = 0; i < DATA_SEGMENTS.length; i++)
    frame[at + SIGCONTEXT_FIELDS.gs + i] = selectorOf(registers, DATA_SEGMENTS[i]!);
  frame[at + SIGCONTEXT_FIELDS.trap] = fault ? fault.vector : 0;
  frame[at + SIGCONTEXT_FIELDS.error] = fault ? fault.error : 0;
  frame[at + SIGCONTEXT_FIELDS.eip] = registers.get32(EIP);
  frame[at + SIGCONTEXT_FIELDS.cs] = selectorOf(registers, CS);
  frame[at + SIGCONTEXT_FIELDS.eflags] = readFlags(registers);
  frame[at + SIGCONTEXT_FIELDS.espAtSignal] = esp;
  frame[at + SIGCONTEXT_FIELDS.ss] = selectorOf(registers, SS);
  frame[at + SIGCONTEXT_FIELDS.fpstate] = fpstate;
  frame[at + SIGCONTEXT_FIELDS.mask] = mask.low;
  frame[at + SIGCONTEXT_FIELDS.cr2] = fault ? task.kernel.cpu.faultAddress : 0;
}

export function popFrame(task: Task, realTime: boolean): boolean {
  const { registers, space } = task;
  // the handler's return has popped the return address; sigreturn's frame has the signal number popped too
  const frame = registers.get32(ESP) - (realTime ? 4 : 8);
  const contextAt = frame + 4 * (realTime ? UCONTEXT_AT + 5 : 2);
  if (!copyInWords(space, contextAt, contextRead)) return false;
  const context = contextRead;
  const fpstate = context[SIGCONTEXT_FIELDS.fpstate]!;
  if (fpstate !== 0) {
    // all of it must be there, though not all of it counts
    const last = fpstate + FSAVE_SIZE + FXSAVE_SIZE - 1;
    if (hostByte(space, fpstate, ACCESS_READ) === 0 || hostByte(space, last, ACCESS_READ) === 0) return false;
    if (!copyInWords(space, fpstate + FSAVE_SIZE, fxsaveRead) || !loadFxsave(registers, fxsaveRead)) return false;
  }
  for (let i = 0; i < GENERAL.length; i++) registers.set32(GENERAL[i]!, context[SIGCONTEXT_FIELDS.edi + i]!);
  registers.set32(EIP, context[SIGCONTEXT_FIELDS.eip]!);
  writeFlags(registers, context[SIGCONTEXT_FIELDS.eflags]!);
  for (let i = 0; i < DATA_SEGMENTS.length; i++) {
    const selector = context[SIGCONTEXT_FIELDS.gs + i]! & 0xffff;
    loadSegment(registers, DATA_SEGMENTS[i]!, selector === 0 ? 0 : selector | 3, i386Descriptor(task, selector));
  }
  // real-time: the whole mask behind the context; else its upper half
  const mask = realTime
    ? new SignalSet(context[CONTEXT]!, context[CONTEXT + 1]!)
    : new SignalSet(context[SIGCONTEXT_FIELDS.mask]!, context[CONTEXT]!);
  task.kernel.signals.setMask(task, mask);
  return true;
}
