// The frames that signals put on an i386 program's stack, and the way back. Linux arch/x86/kernel/signal_32.c, asm/sigframe.h;
// uapi/asm/sigcontext.h (struct sigcontext_32), asm-generic/siginfo.h.
import { EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP } from '../../../../assembly/abi.js';
import { ACCESS_READ } from '../../mm/address-space.js';
import { copyIn, copyOut, hostByte } from '../../mm/user-memory.js';
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
import { FSAVE_SIZE, FXSAVE_SIZE, loadFxsave, writeFsave, writeFxsave } from './fpu-image.js';
import { CS, DS, ES, FS, GS, selectorOf, SS, flatSegments, loadSegment } from './segments.js';
import { i386Descriptor } from './thread-area.js';

const SIGINFO_SIZE = 128;
/** Signals that tell an address. */
const FAULTS = [SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP];
const CONTEXT_SIZE = 88;
/** uc_flags, uc_link, uc_stack, then the registers, then the mask. */
const UCONTEXT_SIZE = 20 + CONTEXT_SIZE + 8;
const SIGCONTEXT_FIELDS = {
  gs: 0,
  fs: 4,
  es: 8,
  ds: 12,
  edi: 16,
  esi: 20,
  ebp: 24,
  esp: 28,
  ebx: 32,
  edx: 36,
  ecx: 40,
  eax: 44,
  trap: 48,
  error: 52,
  eip: 56,
  cs: 60,
  eflags: 64,
  espAtSignal: 68,
  ss: 72,
  fpstate: 76,
  mask: 80,
  cr2: 84,
} as const;
/** Registers as struct sigcontext has them, from `edi` on, one word each; then come `eax`, two words about a fault, and `eip`. */
const GENERAL = [EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX];
/** Segments, from `gs` on. */
const DATA_SEGMENTS = [GS, FS, ES, DS];

/** Frames are made here: signals come one at a time. */
const frameBytes = new Uint8Array(16 + SIGINFO_SIZE + UCONTEXT_SIZE + 8);
const frameView = new DataView(frameBytes.buffer);
const infoView = new DataView(frameBytes.buffer, 16, SIGINFO_SIZE);
/** The FPU's state: the FSAVE image, and behind it the FXSAVE one. */
const fpuBytes = new Uint8Array(FSAVE_SIZE + FXSAVE_SIZE);
const fsaveBytes = fpuBytes.subarray(0, FSAVE_SIZE);
const fsaveView = new DataView(fpuBytes.buffer, 0, FSAVE_SIZE);
const fxsaveBytes = fpuBytes.subarray(FSAVE_SIZE);
const fxsaveView = new DataView(fpuBytes.buffer, FSAVE_SIZE);
const contextBytes = new Uint8Array(CONTEXT_SIZE + 8);
const contextView = new DataView(contextBytes.buffer);
const CODE_RT_SIGRETURN = [0xb8, 0xad, 0, 0, 0, 0xcd, 0x80];
const CODE_SIGRETURN = [0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80];

/** struct siginfo: signal, errno, code, then what the code gives a meaning. */
export function siginfoBytes(info: SignalInfo): Uint8Array {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  writeSiginfo(info, new DataView(bytes.buffer));
  return bytes;
}

/** Writes struct siginfo to `view`, which is zeros. */
function writeSiginfo(info: SignalInfo, view: DataView): void {
  view.setInt32(0, info.signal, true);
  view.setInt32(4, info.errno ?? 0, true);
  view.setInt32(8, info.code, true);
  const { signal, code } = info;
  if (code === SI_TIMER) {
    view.setInt32(12, info.timer ?? 0, true);
    view.setInt32(16, info.overrun ?? 0, true);
    view.setUint32(20, info.value ?? 0, true);
  } else if (signal === SIGCHLD && code > SI_USER) {
    view.setInt32(12, info.pid ?? 0, true);
    view.setInt32(16, info.uid ?? 0, true);
    view.setInt32(20, info.status ?? 0, true);
    view.setUint32(24, info.utime ?? 0, true);
    view.setUint32(28, info.stime ?? 0, true);
  } else if (signal === SIGSYS && code > SI_USER) {
    view.setUint32(12, info.address ?? 0, true);
    view.setInt32(16, info.call ?? 0, true);
    view.setUint32(20, info.arch ?? 0, true);
  } else if (code > SI_USER && FAULTS.includes(signal)) view.setUint32(12, info.address ?? 0, true);
  else if (info.band !== undefined) {
    view.setInt32(12, info.band, true);
    view.setInt32(16, info.fd ?? 0, true);
  } else {
    view.setInt32(12, info.pid ?? 0, true);
    view.setInt32(16, info.uid ?? 0, true);
    view.setUint32(20, info.value ?? 0, true);
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
  let sp = frameBase(task, action);
  if (sp < UCONTEXT_SIZE + 2048) return false;
  // the FPU image, the FXSAVE part of it aligned
  sp = Math.floor((sp - FXSAVE_SIZE) / 64) * 64 - FSAVE_SIZE;
  const fpstate = sp;
  const size = realTime ? 16 + SIGINFO_SIZE + UCONTEXT_SIZE + 8 : 8 + CONTEXT_SIZE + 4 + 8;
  sp -= size;
  // as after a call: the argument that follows the return address is aligned to 16
  sp = Math.floor((sp + 4) / 16) * 16 - 4;

  const frame = frameBytes.fill(0);
  const view = frameView;
  const restorer =
    (action.flags & SA_RESTORER) !== 0
      ? action.restorer
      : task.kernel.vdsoAddress(task) + (realTime ? task.abi.vdso.rtSigreturn : task.abi.vdso.sigreturn);
  view.setUint32(0, restorer, true);
  view.setUint32(4, info.signal, true);
  if (realTime) {
    const infoAt = 16;
    const contextAt = infoAt + SIGINFO_SIZE;
    view.setUint32(8, sp + infoAt, true);
    view.setUint32(12, sp + contextAt, true);
    writeSiginfo(info, infoView);
    const { address, size: stackSize } = task.alternateStack;
    view.setUint32(contextAt + 8, address, true);
    view.setInt32(contextAt + 12, stackState(task), true);
    view.setUint32(contextAt + 16, stackSize, true);
    writeContext(task, view, contextAt + 20, fpstate, mask, fault);
    view.setUint32(contextAt + 20 + CONTEXT_SIZE, mask.low, true);
    view.setUint32(contextAt + 24 + CONTEXT_SIZE, mask.high, true);
    frame.set(CODE_RT_SIGRETURN, contextAt + UCONTEXT_SIZE);
  } else {
    writeContext(task, view, 8, fpstate, mask, fault);
    view.setUint32(8 + CONTEXT_SIZE, mask.high, true);
    // pop eax; mov eax, 119; int 0x80: nobody runs it, debuggers look for it
    frame.set(CODE_SIGRETURN, 12 + CONTEXT_SIZE);
  }
  writeFxsave(registers, fxsaveBytes, fxsaveView);
  writeFsave(registers, fsaveBytes, fsaveView);
  const written =
    copyOut(space, fpstate, fpuBytes, 0, fpuBytes.length) === fpuBytes.length &&
    copyOut(space, sp, frame, 0, size) === size;
  if (!written) return false;

  registers.set32(ESP, sp);
  registers.set32(EIP, action.handler);
  registers.set32(EAX, info.signal);
  registers.set32(EDX, realTime ? sp + 16 : 0);
  registers.set32(ECX, realTime ? sp + 16 + SIGINFO_SIZE : 0);
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

function writeContext(task: Task, view: DataView, at: number, fpstate: number, mask: SignalSet, fault?: Fault): void {
  const { registers } = task;
  const { trap, error, eflags, espAtSignal, fpstate: fpstateAt, mask: maskAt, cr2 } = SIGCONTEXT_FIELDS;
  for (let i = 0; i < GENERAL.length; i++)
    view.setUint32(at + SIGCONTEXT_FIELDS.edi + 4 * i, registers.get32(GENERAL[i]!), true);
  view.setUint32(at + SIGCONTEXT_FIELDS.eip, registers.get32(EIP), true);
  for (let i = 0; i < DATA_SEGMENTS.length; i++)
    view.setUint32(at + SIGCONTEXT_FIELDS.gs + 4 * i, selectorOf(registers, DATA_SEGMENTS[i]!), true);
  view.setUint32(at + SIGCONTEXT_FIELDS.cs, selectorOf(registers, CS), true);
  view.setUint32(at + SIGCONTEXT_FIELDS.ss, selectorOf(registers, SS), true);
  view.setUint32(at + trap, fault?.vector ?? 0, true);
  view.setUint32(at + error, fault?.error ?? 0, true);
  view.setUint32(at + eflags, readFlags(registers), true);
  view.setUint32(at + espAtSignal, registers.get32(ESP), true);
  view.setUint32(at + fpstateAt, fpstate, true);
  view.setUint32(at + maskAt, mask.low, true);
  view.setUint32(at + cr2, fault ? task.kernel.cpu.faultAddress : 0, true);
}

export function popFrame(task: Task, realTime: boolean): boolean {
  const { registers, space } = task;
  // the handler's return has popped the return address; sigreturn's frame has the signal number popped too
  const frame = registers.get32(ESP) - (realTime ? 4 : 8);
  const contextAt = realTime ? frame + 16 + SIGINFO_SIZE + 20 : frame + 8;
  const length = CONTEXT_SIZE + 8;
  if (copyIn(space, contextAt, contextBytes, 0, length) !== length) return false;
  const view = contextView;
  const fpstate = view.getUint32(SIGCONTEXT_FIELDS.fpstate, true);
  if (fpstate !== 0) {
    if (hostByte(space, fpstate, ACCESS_READ) === 0) return false;
    if (copyIn(space, fpstate + FSAVE_SIZE, fxsaveBytes, 0, FXSAVE_SIZE) !== FXSAVE_SIZE) return false;
    const good = loadFxsave(registers, fxsaveBytes, fxsaveView);
    // what is behind the state is the program's own, and is zeros in the next frame
    fxsaveBytes.fill(0);
    if (!good) return false;
  }
  for (let i = 0; i < GENERAL.length; i++)
    registers.set32(GENERAL[i]!, view.getUint32(SIGCONTEXT_FIELDS.edi + 4 * i, true));
  registers.set32(EIP, view.getUint32(SIGCONTEXT_FIELDS.eip, true));
  writeFlags(registers, view.getUint32(SIGCONTEXT_FIELDS.eflags, true));
  for (let i = 0; i < DATA_SEGMENTS.length; i++) {
    const selector = view.getUint16(SIGCONTEXT_FIELDS.gs + 4 * i, true);
    loadSegment(registers, DATA_SEGMENTS[i]!, selector === 0 ? 0 : selector | 3, i386Descriptor(task, selector));
  }
  // real-time: the whole mask behind the context; else its upper half
  const mask = realTime
    ? new SignalSet(view.getUint32(CONTEXT_SIZE, true), view.getUint32(CONTEXT_SIZE + 4, true))
    : new SignalSet(view.getUint32(SIGCONTEXT_FIELDS.mask, true), view.getUint32(CONTEXT_SIZE, true));
  task.kernel.signals.setMask(task, mask);
  return true;
}
