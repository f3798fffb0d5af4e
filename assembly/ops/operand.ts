// What every op handler uses: its operands, and how an instruction ends.
import { ATTENTION, CODE_LINEAR_PAGE, CODE_PAGE, EIP, MODE_KEY, STACK_FLAT } from '../abi';
import { budget, spend, spent } from '../cpu/budget';
import { fault, needsAttention, RESUME_UOP } from '../cpu/fault';
import {
  U_BASE, U_COST, U_DISP, U_IMM, U_INDEX, U_LENGTH, U_LINK, U_OFFSET, U_ORDINAL, U_REG, U_RM, U_SCALE, UOP_SIZE,
} from '../uop';
import { probeWrite, read16, read32, read64, read8, write16, write32, write64, write8 } from '../mmu/access';
import { CS, segmentBase } from '../mmu/segmented';
import { codeTlb } from '../mmu/tlb';

const KEY_FLAT: u32 = 4;

/** Linear address of the memory operand. */
// @ts-ignore: decorator
@inline export function ea(u: usize): u32 {
  return load<u32>(load<u16>(u, U_BASE)) + (load<u32>(load<u16>(u, U_INDEX)) << load<u8>(u, U_SCALE)) + load<u32>(u, U_DISP);
}
// @ts-ignore: decorator
@inline export function isMem(u: usize): bool { return load<u16>(u, U_RM) == 0; }
// @ts-ignore: decorator
@inline export function imm(u: usize): u32 { return load<u32>(u, U_IMM); }

// ---- the r/m operand ------------------------------------------------------------------------------------------------------

export function readE8(u: usize): u32 { const r = load<u16>(u, U_RM); return r ? load<u8>(r) : read8(ea(u)); }
export function readE16(u: usize): u32 { const r = load<u16>(u, U_RM); return r ? load<u16>(r) : read16(ea(u)); }
export function readE32(u: usize): u32 { const r = load<u16>(u, U_RM); return r ? load<u32>(r) : read32(ea(u)); }
export function readE64(u: usize): u64 { return read64(ea(u)); }

export function writeE8(u: usize, v: u32): bool {
  const r = load<u16>(u, U_RM);
  if (!r) return write8(ea(u), v);
  store<u8>(r, v);
  return true;
}
export function writeE16(u: usize, v: u32): bool {
  const r = load<u16>(u, U_RM);
  if (!r) return write16(ea(u), v);
  store<u16>(r, v);
  return true;
}
export function writeE32(u: usize, v: u32): bool {
  const r = load<u16>(u, U_RM);
  if (!r) return write32(ea(u), v);
  store<u32>(r, v);
  return true;
}
export function writeE64(u: usize, v: u64): bool { return write64(ea(u), v); }

/** Reads an operand that will be written: raises now what the write would raise. */
export function modifyE8(u: usize): u32 {
  const r = load<u16>(u, U_RM);
  if (r) return load<u8>(r);
  const lin = ea(u);
  return probeWrite(lin, 1) ? read8(lin) : 0;
}
export function modifyE16(u: usize): u32 {
  const r = load<u16>(u, U_RM);
  if (r) return load<u16>(r);
  const lin = ea(u);
  return probeWrite(lin, 2) ? read16(lin) : 0;
}
export function modifyE32(u: usize): u32 {
  const r = load<u16>(u, U_RM);
  if (r) return load<u32>(r);
  const lin = ea(u);
  return probeWrite(lin, 4) ? read32(lin) : 0;
}

// @ts-ignore: decorator
@inline export function G16(u: usize): u32 { return load<u16>(load<u16>(u, U_REG)); }
// @ts-ignore: decorator
@inline export function G32(u: usize): u32 { return load<u32>(load<u16>(u, U_REG)); }
// @ts-ignore: decorator
@inline export function setG16(u: usize, v: u32): void { store<u16>(load<u16>(u, U_REG), v); }
// @ts-ignore: decorator
@inline export function setG32(u: usize, v: u32): void { store<u32>(load<u16>(u, U_REG), v); }

// ---- the end of an instruction --------------------------------------------------------------------------------------------

/** EIP of the instruction, and of the one behind it. */
// @ts-ignore: decorator
@inline export function eipOf(u: usize): u32 { return load<u32>(CODE_LINEAR_PAGE) + load<u16>(u, U_OFFSET) - segmentBase(CS); }
// @ts-ignore: decorator
@inline export function nextEip(u: usize): u32 {
  return load<u32>(CODE_LINEAR_PAGE) + load<u16>(u, U_OFFSET) + load<u8>(u, U_LENGTH) - segmentBase(CS);
}

/** Counts the instruction and those before it in its run. */
// @ts-ignore: decorator
@inline export function retire(u: usize): void { spend(<i32>load<u16>(u, U_ORDINAL) + 1); }
/** Counts `n` units of work beyond the instruction itself (string chunks). */
// @ts-ignore: decorator
@inline export function charge(n: i32): void { spend(n); }
// @ts-ignore: decorator
@inline export function budgetLeft(): i32 { return budget; }
/** Instructions retired since entry, before the one of `u`. */
export function instructionsSinceEntry(u: usize): i32 { return spent() + load<u16>(u, U_ORDINAL); }

/** Ends the instruction at `u`; execution is looked up afresh at the next one. */
export function resumeAfter(u: usize): usize {
  store<u32>(EIP, nextEip(u));
  retire(u);
  return RESUME_UOP;
}

/** The end of an instruction that may have written memory. */
// @ts-ignore: decorator
@inline export function next(u: usize): usize { return needsAttention() ? resumeAfter(u) : u + UOP_SIZE; }
/** The same for a write whose outcome is at hand. */
// @ts-ignore: decorator
@inline export function nextOrFault(u: usize, written: bool): usize { return written ? next(u) : fault(u); }

// @ts-ignore: decorator
@inline export function codePage(): usize { return load<u32>(CODE_PAGE); }
/** Execution goes on in the page at `lin`, decoded in `table`. */
// @ts-ignore: decorator
@inline export function enterPage(lin: u32, table: usize): void {
  store<u32>(CODE_LINEAR_PAGE, lin);
  store<u32>(CODE_PAGE, <u32>table);
}

// @ts-ignore: decorator
@inline function resumeAt(eip: u32): usize {
  store<u32>(EIP, eip);
  return RESUME_UOP;
}

/** Ends the instruction with a near jump to `eip`. */
export function jumpTo(u: usize, eip: u32): usize {
  retire(u);
  if (budget <= 0 || load<u32>(ATTENTION) != 0 || (load<u32>(MODE_KEY) & KEY_FLAT) == 0) return resumeAt(eip);
  const table = load<u32>(codeTlb + ((eip >>> 12) << 2));
  if (table == 0) return resumeAt(eip);
  const target = load<u32>(table + ((eip & 0xfff) << 2));
  if (target == 0) return resumeAt(eip);
  enterPage(eip & 0xfffff000, table);
  spend(-<i32>load<u16>(target, U_ORDINAL));
  return target;
}

/**
 * A taken direct branch by U_IMM. In-page targets are linked: within a page that lies whole in its segment the target is the
 * same micro-op under every mapping. The other half of U_COST: see link().
 */
// @ts-ignore: decorator
@inline export function take(u: usize): usize {
  const target = load<u32>(u, U_LINK);
  if (target == 0) return link(u);
  spend(load<i16>(u, U_COST));
  return budget > 0 ? target : takeLate(u, target);
}

/** The budget ran out on a linked branch: the target is entered through the host. */
function takeLate(u: usize, target: usize): usize {
  spend(load<u16>(target, U_ORDINAL));
  return resumeAt(nextEip(u) + imm(u));
}

function link(u: usize): usize {
  const eip = nextEip(u) + imm(u);
  const offset = <i32>load<u16>(u, U_OFFSET) + <i32>load<u8>(u, U_LENGTH) + <i32>imm(u);
  if (<u32>offset >= 0x1000) return jumpTo(u, eip);
  const table = codePage();
  const target: u32 = table ? load<u32>(table + (offset << 2)) : 0;
  retire(u);
  if (target == 0 || budget <= 0) return resumeAt(eip);
  store<u32>(u, target, U_LINK);
  const before = <i32>load<u16>(target, U_ORDINAL);
  store<i16>(u, <i16>(<i32>load<u16>(u, U_ORDINAL) + 1 - before), U_COST);
  spend(-before);
  return target;
}

/** A taken direct branch with 16-bit operand size: EIP wraps at 64 KiB. */
export function take16(u: usize): usize {
  const to = nextEip(u) + imm(u);
  if ((to & 0xffff) == to && (load<u32>(MODE_KEY) & 1) == 0) return take(u);
  return jumpTo(u, to & 0xffff);
}

// @ts-ignore: decorator
@inline export function stackFlat(): bool { return load<u32>(STACK_FLAT) != 0; }
