// MOV to and from control registers, LMSW, SMSW, CLTS, INVLPG.
// SDM vol. 2 MOV CR; of a guest vol. 3C 25.1.3, 25.3; vol. 3A sections 2.5, 4.10.4.1 (what invalidates TLBs).
import { CR0, CR2, CR3, CR4, EAX } from '../../abi';
import {
  CR0_BITS, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, cr0, CR4_BITS, CR4_PAE, CR4_PGE, CR4_PSE, cr4,
  pagingPae,
} from '../../cpu/control';
import { fault, faulted, gp, ud } from '../../cpu/fault';
import { normalizeForRealMode } from '../../cpu/segment';
import { cpuBased, exitAt, exits, nonRoot, secondaryControls, visibleCr0, visibleCr4 } from '../../cpu/vmx';
import {
  CR0_GUEST_HOST_MASK, CR0_READ_SHADOW, CR3_TARGET_COUNT, CR3_TARGET_VALUE0, CR4_GUEST_HOST_MASK, CR4_READ_SHADOW,
} from '../../generated/vmcs';
import { U_REG, U_RM, UOP_SIZE } from '../../uop';
import { flushTlb, invalidatePage } from '../../mmu/tlb';
import {
  CPU_BASED_CR3_LOAD_EXITING, CPU_BASED_CR3_STORE_EXITING, CPU_BASED_INVLPG_EXITING, SECONDARY_EXEC_UNRESTRICTED_GUEST, VMX_CR0_FIXED0,
  VMX_CR4_FIXED0,
} from '../../vmcs/controls';
import { EXIT_REASON_INVLPG } from '../../vmcs/exit-reasons';
import { CR_CLTS, CR_MOV_FROM, CR_MOV_TO, exitControl, exitLmsw } from './intercept';
import { updateMode } from './mode';
import { ea, isMem, next, readE16, resumeAfter, writeE16, writeE32 } from '../operand';
import { loadDirectoryPointers } from './paging-control';

export function movFromControl(u: usize): usize {
  const n: u32 = load<u16>(u, U_REG);
  const to: usize = load<u16>(u, U_RM);
  if (n == 3 && exits(CPU_BASED_CR3_STORE_EXITING)) return exitControl(u, n, CR_MOV_FROM, to);
  if (n == 0) store<u32>(to, visibleCr0());
  else if (n == 2) store<u32>(to, load<u32>(CR2));
  else if (n == 3) store<u32>(to, load<u32>(CR3));
  else if (n == 4) store<u32>(to, visibleCr4());
  else return ud(u);
  return u + UOP_SIZE;
}

/** Bits of CR0 that must be 1 now. */
function fixedCr0(): u32 {
  if (!nonRoot()) return 0;
  const fixed = <u32>VMX_CR0_FIXED0;
  return secondaryControls() & SECONDARY_EXEC_UNRESTRICTED_GUEST ? fixed & ~(CR0_PE | CR0_PG) : fixed;
}

function loadCr0(u: usize, value: u32): usize {
  if ((value & CR0_PG) != 0 && (value & CR0_PE) == 0) return gp(u, 0);
  if ((value & CR0_NW) != 0 && (value & CR0_CD) == 0) return gp(u, 0);
  if (fixedCr0() & ~value) return gp(u, 0);
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
  const required: u32 = nonRoot() ? VMX_CR4_FIXED0 : 0;
  if ((value & ~(CR4_BITS | required)) != 0 || (value & required) != required) return gp(u, 0);
  const changed = cr4() ^ value;
  if ((changed & (CR4_PAE | CR4_PGE | CR4_PSE)) != 0 && (value & CR4_PAE) != 0 && (cr0() & CR0_PG) != 0) {
    if (!loadDirectoryPointers(load<u32>(CR3))) return fault(u);
  }
  store<u64>(CR4, value);
  if (changed & (CR4_PAE | CR4_PGE | CR4_PSE)) flushTlb(true);
  return resumeAfter(u);
}

/** The first CR3-target values may be loaded freely. */
function isCr3Target(value: u32): bool {
  const count = min<u32>(load<u32>(CR3_TARGET_COUNT), 4);
  for (let i: u32 = 0; i < count; i++) if (load<u32>(CR3_TARGET_VALUE0 + (i << 3)) == value) return true;
  return false;
}

/** Bits that the monitor owns keep their value, and leave when the guest wants another than it has been shown. */
function movToControlAsGuest(u: usize, n: u32, value: u32): usize {
  const from: usize = load<u16>(u, U_RM);
  if (n == 0) {
    const mask = load<u32>(CR0_GUEST_HOST_MASK);
    if (((value ^ load<u32>(CR0_READ_SHADOW)) & mask) != 0) return exitControl(u, n, CR_MOV_TO, from);
    return loadCr0(u, (value & ~mask) | (cr0() & mask));
  }
  if (n == 4) {
    const mask = load<u32>(CR4_GUEST_HOST_MASK);
    if (((value ^ load<u32>(CR4_READ_SHADOW)) & mask) != 0) return exitControl(u, n, CR_MOV_TO, from);
    return loadCr4(u, (value & ~mask) | (cr4() & mask));
  }
  if (n == 3) {
    if (cpuBased(CPU_BASED_CR3_LOAD_EXITING) && !isCr3Target(value)) return exitControl(u, n, CR_MOV_TO, from);
    return loadCr3(u, value);
  }
  if (n != 2) return ud(u);
  store<u64>(CR2, value);
  return resumeAfter(u);
}

export function movToControl(u: usize): usize {
  const n: u32 = load<u16>(u, U_REG);
  const value = load<u32>(load<u16>(u, U_RM));
  if (nonRoot()) return movToControlAsGuest(u, n, value);
  if (n == 0) return loadCr0(u, value);
  if (n == 3) return loadCr3(u, value);
  if (n == 4) return loadCr4(u, value);
  if (n != 2) return ud(u);
  store<u64>(CR2, value);
  return resumeAfter(u);
}

/** CR0 for 32-bit registers, its low half for the others. Not privileged. */
export function smsw16(u: usize): usize {
  if (!writeE16(u, visibleCr0())) return fault(u);
  return next(u);
}
export function smsw32(u: usize): usize {
  writeE32(u, visibleCr0());
  return u + UOP_SIZE;
}

/** PE can be set but not cleared. */
export function lmsw(u: usize): usize {
  const value = readE16(u);
  if (faulted()) return fault(u);
  let changeable = CR0_MP | CR0_EM | CR0_TS;
  let setable = CR0_PE;
  if (nonRoot()) {
    const mask = load<u32>(CR0_GUEST_HOST_MASK);
    const shown = load<u32>(CR0_READ_SHADOW);
    const wanted = ((value ^ shown) & changeable) | (value & ~shown & CR0_PE);
    if ((wanted & mask) != 0) return exitLmsw(u, value & 0xffff, isMem(u), isMem(u) ? ea(u) : 0);
    changeable &= ~mask;
    setable &= ~mask;
  }
  store<u64>(CR0, (cr0() & ~changeable) | (value & (changeable | setable)));
  updateMode();
  return resumeAfter(u);
}

export function clts(u: usize): usize {
  if (nonRoot() && (load<u32>(CR0_GUEST_HOST_MASK) & CR0_TS) != 0) {
    if (load<u32>(CR0_READ_SHADOW) & CR0_TS) return exitControl(u, 0, CR_CLTS, EAX);
    return resumeAfter(u);
  }
  store<u64>(CR0, cr0() & ~CR0_TS);
  return u + UOP_SIZE;
}

export function invlpg(u: usize): usize {
  if (exits(CPU_BASED_INVLPG_EXITING)) return exitAt(u, EXIT_REASON_INVLPG, ea(u));
  invalidatePage(ea(u));
  return resumeAfter(u);
}
