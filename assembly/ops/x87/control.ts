// Control of the x87: FWAIT FNINIT FNCLEX FLDCW FNSTCW FNSTSW FNOP FINCSTP FDECSTP FFREE FFREEP.
// SDM vol. 2; vol. 3A 2.5 table 2-2 (CR0.MP, TS, EM).
import {
  CR0, EAX, FPU_CONTROL, FPU_DP, FPU_DP_SELECTOR, FPU_IP, FPU_IP_SELECTOR, FPU_OPCODE, FPU_STATUS, FPU_TAG,
} from '../../abi';
import { fault, faulted, nm } from '../../cpu/fault';
import { errorGone, stopsAtError } from '../../cpu/numeric-error';
import { U_RM, UOP_SIZE } from '../../uop';
import { read16, write16 } from '../../mmu/access';
import { ea, next } from '../operand';
import { absent, ALL_EMPTY, blocked, clearC1, ES, ES_AND_BUSY, EXCEPTIONS, free, rotate, pop } from './stack';

const CR0_MP_TS: u32 = 0xa;
/** Bit 6 always reads as one. */
const CONTROL_DEFAULT: u32 = 0x37f;
const CONTROL_RESERVED_ONE: u32 = 0x40;
const CONTROL_WRITABLE: u32 = 0x1f3f;

/** The state after FNINIT. */
export function initialise(): void {
  store<u16>(FPU_CONTROL, CONTROL_DEFAULT);
  store<u16>(FPU_STATUS, 0);
  errorGone();
  store<u16>(FPU_TAG, ALL_EMPTY);
  store<u16>(FPU_OPCODE, 0);
  store<u64>(FPU_IP, 0);
  store<u16>(FPU_IP_SELECTOR, 0);
  store<u64>(FPU_DP, 0);
  store<u16>(FPU_DP_SELECTOR, 0);
}

/** Recomputes ES and B after control or status word changed. */
export function summarise(): void {
  const status = <u32>load<u16>(FPU_STATUS) & ~ES_AND_BUSY;
  const pending = (status & ~<u32>load<u16>(FPU_CONTROL) & EXCEPTIONS) != 0;
  store<u16>(FPU_STATUS, pending ? status | ES_AND_BUSY : status);
  if (!pending) errorGone();
}

export function setControl(v: u32): void {
  store<u16>(FPU_CONTROL, (v & CONTROL_WRITABLE) | CONTROL_RESERVED_ONE);
}

export function fwait(u: usize): usize {
  if ((load<u32>(CR0) & CR0_MP_TS) == CR0_MP_TS) return nm(u);
  return (<u32>load<u16>(FPU_STATUS) & ES) != 0 && stopsAtError() ? fault(u) : u + UOP_SIZE;
}

export function fninit(u: usize): usize {
  if (absent()) return fault(u);
  initialise();
  return u + UOP_SIZE;
}

export function fnclex(u: usize): usize {
  if (absent()) return fault(u);
  store<u16>(FPU_STATUS, <u32>load<u16>(FPU_STATUS) & 0x7f00);
  errorGone();
  return u + UOP_SIZE;
}

export function fldcw(u: usize): usize {
  if (blocked()) return fault(u);
  const v = read16(ea(u));
  if (faulted()) return fault(u);
  setControl(v);
  summarise();
  return u + UOP_SIZE;
}

export function fnstcw(u: usize): usize {
  if (absent() || !write16(ea(u), <u32>load<u16>(FPU_CONTROL))) return fault(u);
  return next(u);
}

export function fnstswM16(u: usize): usize {
  if (absent() || !write16(ea(u), <u32>load<u16>(FPU_STATUS))) return fault(u);
  return next(u);
}

export function fnstswAx(u: usize): usize {
  if (absent()) return fault(u);
  store<u16>(EAX, <u32>load<u16>(FPU_STATUS));
  return u + UOP_SIZE;
}

export function fnop(u: usize): usize {
  return blocked() ? fault(u) : u + UOP_SIZE;
}

export function fincstp(u: usize): usize {
  if (blocked()) return fault(u);
  clearC1();
  rotate(1);
  return u + UOP_SIZE;
}

export function fdecstp(u: usize): usize {
  if (blocked()) return fault(u);
  clearC1();
  rotate(7);
  return u + UOP_SIZE;
}

export function ffree(u: usize): usize {
  if (blocked()) return fault(u);
  clearC1();
  free(<u32>load<u16>(u, U_RM));
  return u + UOP_SIZE;
}

export function ffreep(u: usize): usize {
  if (blocked()) return fault(u);
  clearC1();
  free(<u32>load<u16>(u, U_RM));
  pop();
  return u + UOP_SIZE;
}
