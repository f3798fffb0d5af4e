// The x87 register stack: TOP and tags, stack faults, and how the signals of an operation reach the status word.
// SDM vol. 1 sections 8.1.2 (stack), 8.1.3 (status), 8.1.7 (tags), 8.5 (exceptions), 8.7 (#MF); vol. 3A 6.15 #NM, #MF.
//
// FPU_TAG: 3 for an empty register, anything else (0 as written here) for one in use; x87-environment.ts works the tags that
// FNSTENV shows out of the registers.
// FPU_IP and FPU_DP follow every instruction that is not a control one; FPU_OPCODE only one that raises an unmasked
// exception, as processors since the Pentium 4 do (SDM vol. 1 section 8.1.9.1).
import {
  CODE_LINEAR_PAGE, CR0, FAULT_KIND, FPR, FPU_CONTROL, FPU_DP, FPU_DP_SELECTOR, FPU_IP, FPU_IP_SELECTOR, FPU_OPCODE,
  FPU_STATUS, FPU_TAG, NO_ERROR_CODE, SEG, SEG_BASE, SEG_SELECTOR, SEG_SIZE,
} from '../../abi';
import { faulted, NM, raise } from '../../cpu/fault';
import { stopsAtError } from '../../cpu/numeric-error';
import { U_OFFSET, U_SEGMENT } from '../../uop';
import { read8 } from '../../mmu/access';
import { CS, segmentBase } from '../../mmu/segmented';
import { C1, DE, IE, INDEFINITE, INDEFINITE_WORD, OE, SF, signals, UE, ZE } from './float80-round';
import { ea } from '../operand';

const CR0_EM: u32 = 4;
const CR0_TS: u32 = 8;
/** Exception summary and busy: an unmasked exception waits. */
export const ES: u32 = 0x80;
export const ES_AND_BUSY: u32 = 0x8080;
/** The six exceptions, in status and (as masks) in control word. */
export const EXCEPTIONS: u32 = 0x3f;
export const ALL_EMPTY: u32 = 0xffff;

// ---- may it run -------------------------------------------------------------------------------------------------------

function refuse(): bool {
  if ((load<u32>(CR0) & (CR0_EM | CR0_TS)) == 0) return stopsAtError();
  raise(NM, NO_ERROR_CODE);
  return true;
}

/** Control instructions that do not wait: #NM alone. */
// @ts-ignore: decorator
@inline export function absent(): bool {
  return (load<u32>(CR0) & (CR0_EM | CR0_TS)) != 0 && refuse();
}

/** Control instructions that wait: #NM, #MF. */
// @ts-ignore: decorator
@inline export function blocked(): bool {
  return ((load<u32>(CR0) & (CR0_EM | CR0_TS)) | (<u32>load<u16>(FPU_STATUS) & ES)) != 0 && refuse();
}

/** All others: #NM, #MF; when it may run, its address is noted. */
// @ts-ignore: decorator
@inline export function unavailable(u: usize): bool {
  if (blocked()) return true;
  store<u32>(FPU_IP, load<u32>(CODE_LINEAR_PAGE) + <u32>load<u16>(u, U_OFFSET) - segmentBase(CS));
  store<u16>(FPU_IP_SELECTOR, <u32>load<u16>(SEG + CS * SEG_SIZE + SEG_SELECTOR));
  return false;
}

/** `unavailable` of an instruction with a memory operand. */
// @ts-ignore: decorator
@inline export function unavailableMemory(u: usize): bool {
  if (unavailable(u)) return true;
  const segment = SEG + <u32>load<u8>(u, U_SEGMENT) * SEG_SIZE;
  store<u32>(FPU_DP, ea(u) - load<u32>(segment + SEG_BASE));
  store<u16>(FPU_DP_SELECTOR, <u32>load<u16>(segment + SEG_SELECTOR));
  return false;
}

/** Notes the last 11 bits of the opcode of the instruction at FPU_IP: an unmasked exception is being raised. */
function noteOpcode(): void {
  let at = load<u32>(FPU_IP) + segmentBase(CS);
  let byte: u32 = 0;
  // prefixes: an instruction has at most 15 bytes
  for (let i = 0; i < 14; i++) {
    byte = read8(at++);
    if ((byte & 0xf8) == 0xd8) break;
  }
  const modrm = read8(at);
  // the page can be run, so only a read breakpoint or the like stands in the way
  if (faulted()) store<u32>(FAULT_KIND, 0);
  store<u16>(FPU_OPCODE, ((byte & 7) << 8) | modrm);
}

// ---- registers --------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function physical(i: u32): u32 { return ((<u32>load<u16>(FPU_STATUS) >> 11) + i) & 7; }

/** Address of ST(i). */
// @ts-ignore: decorator
@inline export function st(i: u32): usize { return FPR + (physical(i) << 4); }

// @ts-ignore: decorator
@inline export function isEmpty(i: u32): bool { return ((<u32>load<u16>(FPU_TAG) >> (physical(i) << 1)) & 3) == 3; }

// @ts-ignore: decorator
@inline export function wordAt(at: usize): u32 { return <u32>load<u16>(at, 8); }
// @ts-ignore: decorator
@inline export function significandAt(at: usize): u64 { return load<u64>(at); }

/** Writes ST(i) and marks it as not empty. */
// @ts-ignore: decorator
@inline export function setSt(i: u32, w: u32, sig: u64): void {
  const p = physical(i);
  store<u64>(FPR + (p << 4), sig);
  store<u16>(FPR + (p << 4), w, 8);
  store<u16>(FPU_TAG, <u32>load<u16>(FPU_TAG) & ~(3 << (p << 1)));
}

export function setStIndefinite(i: u32): void { setSt(i, INDEFINITE_WORD, INDEFINITE); }

/** Marks ST(i) as empty. */
// @ts-ignore: decorator
@inline export function free(i: u32): void {
  store<u16>(FPU_TAG, <u32>load<u16>(FPU_TAG) | (3 << (physical(i) << 1)));
}

/** Adds to TOP. */
// @ts-ignore: decorator
@inline export function rotate(by: u32): void {
  const status = <u32>load<u16>(FPU_STATUS);
  store<u16>(FPU_STATUS, (status & ~0x3800) | ((status + (by << 11)) & 0x3800));
}

// @ts-ignore: decorator
@inline export function pop(): void {
  free(0);
  rotate(1);
}

// @ts-ignore: decorator
@inline export function push(w: u32, sig: u64): void {
  rotate(7);
  setSt(0, w, sig);
}

// ---- exceptions -------------------------------------------------------------------------------------------------------

/** Replaces C0, C2 and C3. */
// @ts-ignore: decorator
@inline export function setConditions(bits: u32): void {
  store<u16>(FPU_STATUS, (<u32>load<u16>(FPU_STATUS) & ~0x4500) | bits);
}

// @ts-ignore: decorator
@inline export function clearC1(): void { store<u16>(FPU_STATUS, <u32>load<u16>(FPU_STATUS) & ~C1); }

/** Enters the signals of an operation in the status word. False = unmasked before the operation: no result. */
// @ts-ignore: decorator
@inline export function settle(): bool {
  const flags = signals();
  const status = <u32>load<u16>(FPU_STATUS) & ~C1;
  store<u16>(FPU_STATUS, status | flags);
  return (flags & EXCEPTIONS & ~<u32>load<u16>(FPU_CONTROL)) == 0 || settleUnmasked(status, flags);
}

/** As `settle`, for the instructions that report in EFLAGS. */
export function settleKeepingC1(): bool {
  const c1 = <u32>load<u16>(FPU_STATUS) & C1;
  const done = settle();
  store<u16>(FPU_STATUS, <u32>load<u16>(FPU_STATUS) | c1);
  return done;
}

function settleUnmasked(status: u32, flags: u32): bool {
  const unmasked = flags & ~<u32>load<u16>(FPU_CONTROL) & EXCEPTIONS;
  noteOpcode();
  if ((unmasked & (IE | DE | ZE)) == 0) {
    store<u16>(FPU_STATUS, status | flags | ES_AND_BUSY);
    return true;
  }
  // the operation has not been done: nothing overflowed or was rounded
  store<u16>(FPU_STATUS, status | (flags & (IE | DE | ZE)) | ES_AND_BUSY);
  return false;
}

/** As `settle`, for a result that goes to memory: an unmasked overflow or underflow leaves no result either. */
export function settleStore(): bool {
  const unmasked = signals() & ~<u32>load<u16>(FPU_CONTROL);
  return settle() && (unmasked & (OE | UE)) == 0;
}

function stackFault(flags: u32): bool {
  store<u16>(FPU_STATUS, (<u32>load<u16>(FPU_STATUS) & ~C1) | flags);
  if (<u32>load<u16>(FPU_CONTROL) & IE) return true;
  noteOpcode();
  store<u16>(FPU_STATUS, <u32>load<u16>(FPU_STATUS) | ES_AND_BUSY);
  return false;
}

/** An empty register was read. True = masked: the default NaN stands in. */
export function stackUnderflow(): bool { return stackFault(IE | SF); }
/** A full register was pushed on. True = masked: the default NaN is pushed. */
export function stackOverflow(): bool { return stackFault(IE | SF | C1); }
