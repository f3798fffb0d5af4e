// #DB: instruction breakpoints, data breakpoints, single step; MOV to and from debug registers.
// SDM vol. 3B sections 17.2, 17.3; vol. 2 MOV DR; 6.8.3 for the instruction after a load of SS.
import { CPL, DEBUG_CAUSE, DR0, EAX, DR6, DR7, FLAGS_SYSTEM, INTERRUPT_SHADOW, NO_ERROR_CODE, SHADOW_OF_SS } from '../../abi';
import { CR4_DE, cr4 } from '../../cpu/control';
import { DB, fault, gp, raise, ud } from '../../cpu/fault';
import { RF } from '../../cpu/flags';
import { exitAt, exits, intercepts, nonRoot } from '../../cpu/vmx';
import { U_REG, U_RM, UOP_SIZE } from '../../uop';
import { flushTlb } from '../../mmu/tlb';
import { CPU_BASED_MOV_DR_EXITING } from '../../vmcs/controls';
import { EXIT_REASON_DR_ACCESS } from '../../vmcs/exit-reasons';
import { updateMode } from './mode';
import { resumeAfter } from '../operand';

export const DR7_GD: u32 = 0x2000;
const DR6_ONES: u32 = 0xffff0ff0;
const DR6_BD: u32 = 0x2000;
const DR6_BS: u32 = 0x4000;
const DR6_BITS: u32 = 0xe00f;
const DR7_ONES: u32 = 0x400;
const DR7_BITS: u32 = 0xffff23ff;

/** RF was set when the instruction began: its end clears it. */
let resumed: bool = false;
/** SS was loaded: traps wait for the end of the next instruction. */
let held: bool = false;
/** A software interrupt was taken: its single-step trap is lost with TF. */
let cancelled: bool = false;
let heldHits: u32 = 0;

/** Raises #DB with what DR6 is to say of it. One that leaves to a monitor only tells the monitor: SDM vol. 3C 27.1. */
export function raiseDebug(cause: u32): void {
  store<u32>(DEBUG_CAUSE, cause);
  if (!nonRoot() || !intercepts(DB, NO_ERROR_CODE)) {
    const kept = cause & 15 ? load<u32>(DR6) & ~15 : load<u32>(DR6);
    store<u32>(DR6, kept | DR6_ONES | cause);
  }
  raise(DB, NO_ERROR_CODE);
}

export function holdTraps(): void { held = true; }
export function cancelTrap(): void { cancelled = true; }
/** Another program is in the processor now. */
export function forgetTraps(): void {
  resumed = false;
  held = false;
  cancelled = false;
  heldHits = 0;
}

/** Before an instruction at `linear` runs: does an instruction breakpoint hit? Then #DB (a fault) is raised. */
export function beforeInstruction(linear: u32): bool {
  held = false;
  cancelled = false;
  resumed = (load<u32>(FLAGS_SYSTEM) & RF) != 0;
  // behind a load of SS Intel's processors meet none
  if (resumed || (load<u32>(INTERRUPT_SHADOW) != 0 && load<u32>(SHADOW_OF_SS) != 0)) return false;
  const dr7 = load<u32>(DR7);
  let hits: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    const enabled = ((dr7 >>> (i << 1)) & 3) != 0;
    if (enabled && ((dr7 >>> (16 + (i << 2))) & 15) == 0 && load<u32>(DR0 + (i << 3)) == linear) hits |= 1 << i;
  }
  if (hits == 0) return false;
  raiseDebug(hits);
  return true;
}

/** After an instruction: raises the trap that single step and the data breakpoints it hit (bits as in DR6) ask for. */
export function afterInstruction(traced: bool, hits: u32): void {
  if (resumed) store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) & ~RF);
  resumed = false;
  if (held) {
    held = false;
    heldHits |= hits;
    return;
  }
  const all = hits | heldHits;
  heldHits = 0;
  const step = traced && !cancelled;
  if (!step && all == 0) return;
  raiseDebug(step ? all | DR6_BS : all);
}

/** Number of the debug register that a MOV names: 4 and 5 are 6 and 7 unless CR4.DE; 0xFF = #UD. */
function debugRegister(u: usize): u32 {
  const n: u32 = load<u16>(u, U_REG);
  if (n != 4 && n != 5) return n;
  return cr4() & CR4_DE ? 0xff : n + 2;
}

function guarded(u: usize): usize {
  raiseDebug(DR6_BD);
  return fault(u);
}

const FROM_REGISTER: u32 = 0x10;
/** Such a VM exit comes before #GP for privilege and #UD for CR4.DE: SDM vol. 3C 25.1.3. */
function leave(u: usize, direction: u32): usize {
  const general = <u32>(load<u16>(u, U_RM) - EAX) >>> 3;
  return exitAt(u, EXIT_REASON_DR_ACCESS, load<u16>(u, U_REG) | direction | (general << 8));
}

// @ts-ignore: decorator
@inline function slotOf(n: u32): usize { return n < 4 ? DR0 + (n << 3) : n == 6 ? DR6 : DR7; }

export function movFromDebug(u: usize): usize {
  if (exits(CPU_BASED_MOV_DR_EXITING)) return leave(u, FROM_REGISTER);
  if (load<u32>(CPL) != 0) return gp(u, 0);
  const n = debugRegister(u);
  if (n == 0xff) return ud(u);
  if (load<u32>(DR7) & DR7_GD) return guarded(u);
  let value = load<u32>(slotOf(n));
  if (n == 6) value |= DR6_ONES;
  else if (n == 7) value |= DR7_ONES;
  store<u32>(load<u16>(u, U_RM), value);
  return u + UOP_SIZE;
}

export function movToDebug(u: usize): usize {
  if (exits(CPU_BASED_MOV_DR_EXITING)) return leave(u, 0);
  if (load<u32>(CPL) != 0) return gp(u, 0);
  const n = debugRegister(u);
  if (n == 0xff) return ud(u);
  if (load<u32>(DR7) & DR7_GD) return guarded(u);
  let value = load<u32>(load<u16>(u, U_RM));
  if (n == 6) value = (value & DR6_BITS) | DR6_ONES;
  else if (n == 7) value = (value & DR7_BITS) | DR7_ONES;
  store<u64>(slotOf(n), value);
  // watched pages must not be in the TLB
  if (n != 6) flushTlb(true);
  updateMode();
  return resumeAfter(u);
}
