// Questions about a selector that never fault: LAR, LSL, VERR, VERW; and ARPL.
// SDM vol. 2 LAR, LSL, VERR, ARPL; vol. 3A section 5.10.
import { CPL } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { getFlags, setArithmetic, ZF } from '../../cpu/flags';
import {
  CODE_DATA, descriptorLimit, dplOf, isConformingCode, isReadable, isWritableData, TYPE_CALL_GATE16, TYPE_CALL_GATE32, TYPE_LDT,
  TYPE_TASK_GATE, TYPE_TSS16, TYPE_TSS16_BUSY, TYPE_TSS32, TYPE_TSS32_BUSY,
} from '../../cpu/segment';
import { U_SEGMENT, UOP_SIZE } from '../../uop';
import { mayWrite } from '../../mmu/segmented';
import { attributes, find, high, isNull, low } from './descriptor';
import { ea, G16, isMem, next, readE16, setG16, setG32, writeE16 } from '../operand';

function setZf(set: bool): void { setArithmetic(set ? getFlags() | ZF : getFlags() & ~ZF); }

/** Whether the descriptor found last may be seen from CPL through `selector`. */
function visible(selector: u32): bool {
  if (isConformingCode(attributes)) return true;
  const dpl = dplOf(attributes);
  return dpl >= load<u32>(CPL) && dpl >= (selector & 3);
}

const HAS_LIMIT: u32 = (1 << TYPE_TSS16) | (1 << TYPE_LDT) | (1 << TYPE_TSS16_BUSY) | (1 << TYPE_TSS32) | (1 << TYPE_TSS32_BUSY);
const HAS_RIGHTS: u32 = HAS_LIMIT | (1 << TYPE_CALL_GATE16) | (1 << TYPE_TASK_GATE) | (1 << TYPE_CALL_GATE32);

/** Finds a descriptor that is visible and code, data, or of the system types in `types`. */
function look(selector: u32, types: u32): bool {
  if (isNull(selector) || !find(selector)) return false;
  if ((attributes & CODE_DATA) == 0 && ((types >>> (attributes & 15)) & 1) == 0) return false;
  return visible(selector);
}

function rights(u: usize, wide: bool): usize {
  const selector = readE16(u);
  if (faulted()) return fault(u);
  const seen = look(selector, HAS_RIGHTS);
  if (faulted()) return fault(u);
  if (seen) {
    if (wide) setG32(u, high & 0xffff00);
    else setG16(u, high & 0xff00);
  }
  setZf(seen);
  return u + UOP_SIZE;
}
export function lar16(u: usize): usize { return rights(u, false); }
export function lar32(u: usize): usize { return rights(u, true); }

function segmentLimit(u: usize, wide: bool): usize {
  const selector = readE16(u);
  if (faulted()) return fault(u);
  const seen = look(selector, HAS_LIMIT);
  if (faulted()) return fault(u);
  if (seen) {
    const limit = descriptorLimit(low, high);
    if (wide) setG32(u, limit);
    else setG16(u, limit);
  }
  setZf(seen);
  return u + UOP_SIZE;
}
export function lsl16(u: usize): usize { return segmentLimit(u, false); }
export function lsl32(u: usize): usize { return segmentLimit(u, true); }

function verify(u: usize, write: bool): usize {
  const selector = readE16(u);
  if (faulted()) return fault(u);
  let allowed = look(selector, 0);
  if (faulted()) return fault(u);
  if (allowed) allowed = write ? isWritableData(attributes) : isReadable(attributes);
  setZf(allowed);
  return u + UOP_SIZE;
}
export function verr(u: usize): usize { return verify(u, false); }
export function verw(u: usize): usize { return verify(u, true); }

/** Asks for write access when it has something to write alone. */
export function arpl(u: usize): usize {
  const selector = readE16(u);
  if (faulted()) return fault(u);
  const rpl = G16(u) & 3;
  const raised = (selector & 3) < rpl;
  if (raised) {
    if (isMem(u) && !mayWrite(load<u8>(u, U_SEGMENT), ea(u), 2)) return fault(u);
    if (!writeE16(u, (selector & ~3) | rpl)) return fault(u);
  }
  setZf(raised);
  return isMem(u) ? next(u) : u + UOP_SIZE;
}
