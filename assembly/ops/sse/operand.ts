// Operands of MMX and SSE instructions: may the unit be used at all, and at which host address does an operand stand.
// SDM vol. 3A 2.5 and 9.5 (CR0.EM, CR0.TS, CR4.OSFXSR), 13.1; vol. 1 9.5 (MM registers alias the x87 registers).
// A source is an address: of the register slot, of guest RAM where the TLB maps all of it, or of a buffer with a copy.
// 0 means that something was raised.
import { CR0, CR4, FPU_STATUS, FPU_TAG, NO_ERROR_CODE } from '../../abi';
import { NM, UD, GP, raise, faulted } from '../../cpu/fault';
import { stopsAtError } from '../../cpu/numeric-error';
import { U_REG, U_RM, UOP_SIZE } from '../../uop';
import { misses, probeWrite, read32, read64, readEntry, write64, writeEntry } from '../../mmu/access';
import { ea } from '../operand';

const CR0_EM: u32 = 4;
const CR0_TS: u32 = 8;
const CR4_OSFXSR: u32 = 0x200;
const STATUS_ES: u32 = 0x80;
const STATUS_TOP: u32 = 0x3800;

/** A memory operand that is not all in one mapped page, or not in memory at all, is gathered here. */
const GATHERED: usize = memory.data(16, 16);

function refuse(): bool {
  raise((load<u32>(CR0) & CR0_EM) != 0 || (load<u32>(CR4) & CR4_OSFXSR) == 0 ? UD : NM, NO_ERROR_CODE);
  return false;
}

function refuseMmx(): bool {
  const cr0 = load<u32>(CR0);
  if ((cr0 & (CR0_EM | CR0_TS)) == 0) return !stopsAtError();
  raise(cr0 & CR0_EM ? UD : NM, NO_ERROR_CODE);
  return false;
}

/** May an SSE instruction run? Raises #UD or #NM when not. */
// @ts-ignore: decorator
@inline export function sseReady(): bool {
  return ((load<u32>(CR0) & (CR0_EM | CR0_TS)) | (~load<u32>(CR4) & CR4_OSFXSR)) == 0 || refuse();
}

/** May an MMX instruction run? Raises #UD, #NM or #MF when not. */
// @ts-ignore: decorator
@inline export function mmxReady(): bool {
  return ((load<u32>(CR0) & (CR0_EM | CR0_TS)) | (load<u16>(FPU_STATUS) & STATUS_ES)) == 0 || refuseMmx();
}

function memory128(u: usize): usize { return at128(ea(u)); }

function at128(lin: u32): usize {
  const entry = readEntry(lin);
  return misses(lin, entry, 16) ? gather128(lin) : entry ^ lin;
}

function gather128(lin: u32): usize {
  store<u64>(GATHERED, read64(lin));
  store<u64>(GATHERED, read64(lin + 8), 8);
  return faulted() ? 0 : GATHERED;
}

function aligned128(u: usize): usize {
  const lin = ea(u);
  if ((lin & 15) == 0) return at128(lin);
  raise(GP, 0);
  return 0;
}

function memory64(u: usize): usize {
  const lin = ea(u);
  const entry = readEntry(lin);
  if (!misses(lin, entry, 8)) return entry ^ lin;
  store<u64>(GATHERED, read64(lin));
  return faulted() ? 0 : GATHERED;
}

function memory32(u: usize): usize {
  const lin = ea(u);
  const entry = readEntry(lin);
  if (!misses(lin, entry, 4)) return entry ^ lin;
  store<u32>(GATHERED, read32(lin));
  return faulted() ? 0 : GATHERED;
}

/** Address of the register that modrm.rm names; 0 = memory operand. */
// @ts-ignore: decorator
@inline export function slot(u: usize): usize { return load<u16>(u, U_RM); }
/** Address of the register that modrm.reg names. */
// @ts-ignore: decorator
@inline export function target(u: usize): usize { return load<u16>(u, U_REG); }

// ---- sources: address of the r/m operand, 0 when refused --------------------------------------------------------------
/** 16 bytes, #GP(0) when in memory and not aligned. */
// @ts-ignore: decorator
@inline export function source128(u: usize): usize { return sseReady() ? (slot(u) ? slot(u) : aligned128(u)) : 0; }
/** 16 bytes at any address. */
// @ts-ignore: decorator
@inline export function unaligned128(u: usize): usize { return sseReady() ? (slot(u) ? slot(u) : memory128(u)) : 0; }
/** XMM register or 8 bytes. */
// @ts-ignore: decorator
@inline export function source64(u: usize): usize { return sseReady() ? (slot(u) ? slot(u) : memory64(u)) : 0; }
/** XMM register or 4 bytes. */
// @ts-ignore: decorator
@inline export function source32(u: usize): usize { return sseReady() ? (slot(u) ? slot(u) : memory32(u)) : 0; }
/** MM register or 8 bytes. */
// @ts-ignore: decorator
@inline export function mmxSource64(u: usize): usize { return mmxReady() ? (slot(u) ? slot(u) : memory64(u)) : 0; }
/** MM register or 4 bytes. */
// @ts-ignore: decorator
@inline export function mmxSource32(u: usize): usize { return mmxReady() ? (slot(u) ? slot(u) : memory32(u)) : 0; }

// ---- values -----------------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline export function xmm(u: usize): v128 { return v128.load(target(u)); }
// @ts-ignore: decorator
@inline export function mmx(u: usize): v128 { return v128.load_zero<u64>(target(u)); }
/** 8 bytes as the low half of a vector. */
// @ts-ignore: decorator
@inline export function low(at: usize): v128 { return v128.load_zero<u64>(at); }
/** Two groups of 8 bytes as one vector. */
// @ts-ignore: decorator
@inline export function pair(at: usize, above: usize): v128 { return v128.load_lane<u64>(above, v128.load_zero<u64>(at), 1); }

/** Ends an SSE instruction: `value` to the target register. */
// @ts-ignore: decorator
@inline export function putXmm(u: usize, value: v128): usize {
  v128.store(target(u), value);
  return u + UOP_SIZE;
}

/** What every MMX instruction does to the x87 state: TOP = 0, all registers valid (EMMS: then all empty). */
// @ts-ignore: decorator
@inline export function enterMmx(): void {
  store<u16>(FPU_STATUS, load<u16>(FPU_STATUS) & ~STATUS_TOP);
  store<u16>(FPU_TAG, 0);
}

/** Writes an MM register: the sign and exponent of the x87 register become ones. */
// @ts-ignore: decorator
@inline export function setMmx(at: usize, value: u64): void {
  store<u64>(at, value);
  store<u16>(at, 0xffff, 8);
}

/** Ends an MMX instruction: the low 8 bytes of `value` to the target register. */
// @ts-ignore: decorator
@inline export function putMmx(u: usize, value: v128): usize {
  setMmx(target(u), i64x2.extract_lane(value, 0));
  enterMmx();
  return u + UOP_SIZE;
}

/** Writes the 16 bytes at `from` to `lin`; false = faulted, nothing written. */
export function store128(lin: u32, from: usize): bool {
  const entry = writeEntry(lin);
  if (misses(lin, entry, 16)) return probeWrite(lin, 16) && write64(lin, load<u64>(from)) && write64(lin + 8, load<u64>(from, 8));
  v128.store(entry ^ lin, v128.load(from));
  return true;
}
