// GDTR, IDTR, LDTR and the task register.
// SDM vol. 2 LGDT, SGDT, LLDT, SLDT, LTR, STR; vol. 3A section 2.4.
import { GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT } from '../../abi';
import { fail, fault, faulted, gp, GP, NP } from '../../cpu/fault';
import { isPresent, LDTR, selectorOf, setNullSegment, TR, TYPE_LDT, TYPE_TSS16, TYPE_TSS32 } from '../../cpu/segment';
import { UOP_SIZE } from '../../uop';
import { probeWrite, read16, read32, write16, write32 } from '../../mmu/access';
import { attributes, commit, fetch, isNull, setBusy } from './descriptor';
import { exitTable, IS_LGDT, IS_LIDT, IS_LLDT, IS_LTR, IS_SGDT, IS_SIDT, IS_SLDT, IS_STR, tableExits } from '../system/intercept';
import { ea, next, readE16, writeE16, writeE32 } from '../operand';

function loadTable(u: usize, baseSlot: usize, limitSlot: usize, mask: u32): usize {
  if (tableExits()) return exitTable(u, baseSlot == GDTR_BASE ? IS_LGDT : IS_LIDT, false);
  const at = ea(u);
  const limit = read16(at);
  if (faulted()) return fault(u);
  const base = read32(at + 2);
  if (faulted()) return fault(u);
  store<u64>(baseSlot, base & mask);
  store<u32>(limitSlot, limit);
  return u + UOP_SIZE;
}
/** With 16-bit operands the base has 24 bits. */
export function lgdt16(u: usize): usize { return loadTable(u, GDTR_BASE, GDTR_LIMIT, 0xffffff); }
export function lgdt32(u: usize): usize { return loadTable(u, GDTR_BASE, GDTR_LIMIT, 0xffffffff); }
export function lidt16(u: usize): usize { return loadTable(u, IDTR_BASE, IDTR_LIMIT, 0xffffff); }
export function lidt32(u: usize): usize { return loadTable(u, IDTR_BASE, IDTR_LIMIT, 0xffffffff); }

/** All 32 bits of the base whatever the operand size: DEVIATION from the SDM's text, as processors do. */
function storeTable(u: usize, base: u32, limit: u32): usize {
  const at = ea(u);
  if (!probeWrite(at, 6) || !write16(at, limit) || !write32(at + 2, base)) return fault(u);
  return next(u);
}
export function sgdt(u: usize): usize { return tableExits() ? exitTable(u, IS_SGDT, false) : storeTable(u, load<u32>(GDTR_BASE), load<u32>(GDTR_LIMIT)); }
export function sidt(u: usize): usize { return tableExits() ? exitTable(u, IS_SIDT, false) : storeTable(u, load<u32>(IDTR_BASE), load<u32>(IDTR_LIMIT)); }

export function lldt(u: usize): usize {
  if (tableExits()) return exitTable(u, IS_LLDT, true);
  const selector = readE16(u);
  if (faulted()) return fault(u);
  if (isNull(selector)) {
    setNullSegment(LDTR, selector);
    return u + UOP_SIZE;
  }
  if (selector & 4) return gp(u, selector & 0xfffc);
  if (!fetch(selector, GP)) return fault(u);
  if ((attributes & 0x1f) != TYPE_LDT) return gp(u, selector & 0xfffc);
  if (!isPresent(attributes)) return fail(u, NP, selector & 0xfffc);
  commit(LDTR, selector);
  return u + UOP_SIZE;
}

export function ltr(u: usize): usize {
  if (tableExits()) return exitTable(u, IS_LTR, true);
  const selector = readE16(u);
  if (faulted()) return fault(u);
  if (isNull(selector)) return gp(u, 0);
  if (selector & 4) return gp(u, selector & 0xfffc);
  if (!fetch(selector, GP)) return fault(u);
  const type = attributes & 0x1f;
  if (type != TYPE_TSS16 && type != TYPE_TSS32) return gp(u, selector & 0xfffc);
  if (!isPresent(attributes)) return fail(u, NP, selector & 0xfffc);
  if (!setBusy(true)) return fault(u);
  commit(TR, selector);
  return next(u);
}

function storeSelector(u: usize, selector: u32): usize {
  if (!writeE16(u, selector)) return fault(u);
  return next(u);
}
/** 32 bits only in a register: memory rows name the 16-bit form. */
function storeWide(u: usize, selector: u32): usize {
  writeE32(u, selector);
  return u + UOP_SIZE;
}
export function sldt16(u: usize): usize { return tableExits() ? exitTable(u, IS_SLDT, true) : storeSelector(u, selectorOf(LDTR)); }
export function sldt32(u: usize): usize { return tableExits() ? exitTable(u, IS_SLDT, true) : storeWide(u, selectorOf(LDTR)); }
export function str16(u: usize): usize { return tableExits() ? exitTable(u, IS_STR, true) : storeSelector(u, selectorOf(TR)); }
export function str32(u: usize): usize { return tableExits() ? exitTable(u, IS_STR, true) : storeWide(u, selectorOf(TR)); }
