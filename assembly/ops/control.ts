// MOV to and from control registers, LMSW, SMSW, CLTS, INVLPG.
// SDM vol. 2 MOV CR; vol. 3A sections 2.5, 4.10.4.1 (what invalidates TLBs).
import { CR0, CR2, CR3, CR4 } from '../abi';
import {
  CR0_BITS, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, cr0, CR4_BITS, CR4_PAE, CR4_PGE, CR4_PSE, cr4,
  pagingPae,
} from '../cpu/control';
import { fault, faulted, gp, ud } from '../cpu/fault';
import { normalizeForRealMode } from '../cpu/segment';
import { U_REG, U_RM, UOP_SIZE } from '../isa/uop';
import { flushTlb, invalidatePage } from '../mmu/tlb';
import { updateMode } from './mode';
import { ea, next, readE16, resumeAfter, writeE16, writeE32 } from './operand';
import { loadDirectoryPointers } from './paging-control';

export function movFromControl(u: usize): usize {
  const n: u32 = load<u16>(u, U_REG);
  let from: usize = CR0;
  if (n == 2) from = CR2;
  else if (n == 3) from = CR3;
  else if (n == 4) from = CR4;
  else if (n != 0) return ud(u);
  store<u32>(load<u16>(u, U_RM), load<u32>(from));
  return u + UOP_SIZE;
}

function loadCr0(u: usize, value: u32): usize {
  if ((value & CR0_PG) != 0 && (value & CR0_PE) == 0) return gp(u, 0);
  if ((value & CR0_NW) != 0 && (value & CR0_CD) == 0) return gp(u, 0);
  const old = cr0();
  const fresh = (value & CR0_BITS) | CR0_ET;
  const changed = old ^ fresh;
  if ((fresh & CR0_PG) != 0 && (changed & (CR0_PG | CR0_CD | CR0_NW)) != 0 && (cr4() & CR4_PAE) != 0) {
    if (!loadDirectoryPointers(load<u32>(CR3))) return fault(u);
  }
  const end = resumeAfter(u);
  store<u64>(CR0, fresh);
  if ((changed & CR0_PE) != 0 && (fresh & CR0_PE) == 0) normalizeForRealMode();
  if (changed & (CR0_PG | CR0_WP | CR0_PE)) flushTlb(true);
  updateMode();
  return end;
}

function loadCr3(u: usize, value: u32): usize {
  if (pagingPae() && !loadDirectoryPointers(value)) return fault(u);
  store<u64>(CR3, value);
  flushTlb((cr4() & CR4_PGE) == 0);
  return resumeAfter(u);
}

function loadCr4(u: usize, value: u32): usize {
  if (value & ~CR4_BITS) return gp(u, 0);
  const changed = cr4() ^ value;
  if ((changed & (CR4_PAE | CR4_PGE | CR4_PSE)) != 0 && (value & CR4_PAE) != 0 && (cr0() & CR0_PG) != 0) {
    if (!loadDirectoryPointers(load<u32>(CR3))) return fault(u);
  }
  store<u64>(CR4, value);
  if (changed & (CR4_PAE | CR4_PGE | CR4_PSE)) flushTlb(true);
  return resumeAfter(u);
}

export function movToControl(u: usize): usize {
  const n: u32 = load<u16>(u, U_REG);
  const value = load<u32>(load<u16>(u, U_RM));
  if (n == 0) return loadCr0(u, value);
  if (n == 3) return loadCr3(u, value);
  if (n == 4) return loadCr4(u, value);
  if (n != 2) return ud(u);
  store<u64>(CR2, value);
  return resumeAfter(u);
}

/** CR0 for 32-bit registers, its low half for the others. Not privileged. */
export function smsw16(u: usize): usize {
  if (!writeE16(u, cr0())) return fault(u);
  return next(u);
}
export function smsw32(u: usize): usize {
  writeE32(u, cr0());
  return u + UOP_SIZE;
}

/** PE can be set but not cleared. */
export function lmsw(u: usize): usize {
  const value = readE16(u);
  if (faulted()) return fault(u);
  const changeable = CR0_MP | CR0_EM | CR0_TS;
  store<u64>(CR0, (cr0() & ~changeable) | (value & (changeable | CR0_PE)));
  updateMode();
  return resumeAfter(u);
}

export function clts(u: usize): usize {
  store<u64>(CR0, cr0() & ~CR0_TS);
  return u + UOP_SIZE;
}

export function invlpg(u: usize): usize {
  invalidatePage(ea(u));
  return resumeAfter(u);
}
