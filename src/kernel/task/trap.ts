// Exceptions of a program: page faults are answered, all others become signals. Linux arch/x86/kernel/traps.c, mm/fault.c.
import {
  BUS_ADRALN,
  BUS_ADRERR,
  FPE_FLTDIV,
  FPE_FLTINV,
  FPE_FLTOVF,
  FPE_FLTRES,
  FPE_FLTUND,
  FPE_INTDIV,
  ILL_ILLOPN,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_KERNEL,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_BRKPT,
  TRAP_HWBKPT,
  TRAP_TRACE,
} from '../abi/signal.js';
import { DR6_BREAKPOINTS, DR6_STEP, debugCause } from '../abi/i386/user-registers.js';
import { FPU_CONTROL, FPU_STATUS, MXCSR } from '../../../assembly/abi.js';
import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  FAULT_DENIED,
  FAULT_DONE,
  FAULT_NO_MEMORY,
  FAULT_NO_PAGE,
  fault,
} from '../mm/page-faults.js';
import { ATTEND_YIELD, type Task } from './task.js';

const DE = 0;
const DB = 1;
const BP = 3;
const UD = 6;
const NM = 7;
const PF = 14;
const MF = 16;
const AC = 17;
const XM = 19;

/** Bits of a page fault's error code. */
const PF_WRITE = 2;
const PF_FETCH = 16;

export function trap(task: Task, vector: number, error: number): void {
  if (vector === PF) {
    pageFault(task, error);
    return;
  }
  const { kernel } = task;
  kernel.noteFault(task, vector, error);
  const at = task.abi.instructionPointer(task.registers);
  const { signal, code, address } = meaning(task, vector, at);
  kernel.signals.force(task, { signal, code, address });
}

/** The signal of an exception at `at`. */
function meaning(task: Task, vector: number, at: number): { signal: number; code: number; address?: number } {
  const { registers } = task;
  switch (vector) {
    case DE:
      return { signal: SIGFPE, code: FPE_INTDIV, address: at };
    case DB:
      return { signal: SIGTRAP, code: debugCode(task), address: at };
    case BP:
      return { signal: SIGTRAP, code: SI_KERNEL };
    case UD:
      return { signal: SIGILL, code: ILL_ILLOPN, address: at };
    case NM:
      return { signal: SIGFPE, code: SI_KERNEL };
    case MF:
      return {
        signal: SIGFPE,
        code: floatCode(registers.get32(FPU_STATUS) & ~registers.get32(FPU_CONTROL)),
        address: at,
      };
    case XM: {
      const mxcsr = registers.get32(MXCSR);
      return { signal: SIGFPE, code: floatCode(mxcsr & ~(mxcsr >>> 7)), address: at };
    }
    case AC:
      return { signal: SIGBUS, code: BUS_ADRALN, address: 0 };
    default:
      // general protection, stack and segment faults, overflow and bounds say nothing of an address
      return { signal: SIGSEGV, code: SI_KERNEL };
  }
}

/** Linux arch/x86/include/asm/debugreg.h, get_si_code. */
function debugCode(task: Task): number {
  const cause = debugCause(task.registers);
  if ((cause & DR6_STEP) !== 0) return TRAP_TRACE;
  return (cause & DR6_BREAKPOINTS) !== 0 ? TRAP_HWBKPT : TRAP_BRKPT;
}

/** x87's and SSE's exception bits are in the same order: invalid, denormal, zero divide, overflow, underflow, precision. */
function floatCode(raised: number): number {
  if ((raised & 1) !== 0) return FPE_FLTINV;
  if ((raised & 4) !== 0) return FPE_FLTDIV;
  if ((raised & 8) !== 0) return FPE_FLTOVF;
  if ((raised & 0x12) !== 0) return FPE_FLTUND;
  return FPE_FLTRES;
}

function pageFault(task: Task, error: number): void {
  const { kernel } = task;
  const address = kernel.cpu.faultAddress;
  const access = (error & PF_WRITE) !== 0 ? ACCESS_WRITE : (error & PF_FETCH) !== 0 ? ACCESS_EXECUTE : ACCESS_READ;
  const { frames } = kernel;
  const { readIn } = frames;
  frames.mayRefuse = true;
  const outcome = fault(task.space, address, access);
  frames.mayRefuse = false;
  noteFault(task, frames.readIn !== readIn);
  if (outcome === FAULT_DONE) return;
  if (outcome === FAULT_NO_MEMORY && frames.refused) {
    // its group is at its limit, and somebody of the group is ending: the access comes again behind that
    task.attention |= ATTEND_YIELD;
    return;
  }
  kernel.noteFault(task, PF, error);
  if (outcome === FAULT_NO_MEMORY) kernel.outOfMemory(task);
  else if (outcome === FAULT_NO_PAGE) kernel.signals.force(task, { signal: SIGBUS, code: BUS_ADRERR, address });
  else
    kernel.signals.force(task, {
      signal: SIGSEGV,
      code: outcome === FAULT_DENIED ? SEGV_ACCERR : SEGV_MAPERR,
      address,
    });
}

/** A page fault is major when something was read for it. */
function noteFault({ kernel: { statistics }, usage, cgroup }: Task, major: boolean): void {
  statistics.faults++;
  if (major) {
    statistics.majorFaults++;
    usage.majorFaults++;
  } else usage.minorFaults++;
  cgroup.memory?.noteFault(major);
}

/** No frame is left: somebody must go. */
export function killForMemory(task: Task): void {
  task.kernel.signals.endProcess(task.process, SIGKILL);
}
