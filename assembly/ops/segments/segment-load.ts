// MOV, PUSH and POP of segment registers; LDS LES LSS LFS LGS.
// SDM vol. 2 MOV, PUSH, POP, LDS; vol. 3A section 6.8.3 (interrupts after a stack switch).
import { ESP, INTERRUPT_SHADOW, MODE_KEY, SHADOW_OF_SS } from '../../abi';
import { fault, faulted, ud } from '../../cpu/fault';
import { attributesOf, baseOf, CS, DS, ES, FS, GS, limitOf, selectorOf, SS } from '../../cpu/segment';
import { U_REG, UOP_SIZE } from '../../uop';
import { read16, read32 } from '../../mmu/access';
import { loadSegment } from './descriptor';
import { holdTraps } from '../system/debug';
import { commitPointer, openStack, pop, push, room } from '../control-flow/far-stack';
import { updateMode } from '../system/mode';
import { ea, next, readE16, resumeAfter, setG16, setG32, stackFlat, writeE16, writeE32 } from '../operand';
import { pushFlat } from '../integer/stack';

/** Loads `seg` and works the mode out again when that may have changed it; false = faulted. */
function change(seg: u32, selector: u32): bool {
  // FS and GS say nothing about the mode
  if (seg >= FS) return loadSegment(seg, selector);
  const base = baseOf(seg);
  const limit = limitOf(seg);
  const attributes = attributesOf(seg);
  if (!loadSegment(seg, selector)) return false;
  if (base != baseOf(seg) || limit != limitOf(seg) || attributes != attributesOf(seg)) updateMode();
  return true;
}

/** After a load. SS holds off interrupts and traps for one instruction, so that ESP can follow. */
function loaded(u: usize, seg: u32, key: u32): usize {
  if (seg != SS && key == load<u32>(MODE_KEY)) return next(u);
  const end = resumeAfter(u);
  if (seg == SS) {
    store<u32>(INTERRUPT_SHADOW, 1);
    store<u32>(SHADOW_OF_SS, 1);
    holdTraps();
  }
  return end;
}

export function movToSegment(u: usize): usize {
  const seg = load<u16>(u, U_REG);
  if (seg == CS || seg > GS) return ud(u);
  const selector = readE16(u);
  const key = load<u32>(MODE_KEY);
  if (faulted() || !change(seg, selector)) return fault(u);
  return loaded(u, seg, key);
}

export function movFromSegment16(u: usize): usize {
  const seg = load<u16>(u, U_REG);
  if (seg > GS) return ud(u);
  if (!writeE16(u, selectorOf(seg))) return fault(u);
  return next(u);
}
/** Register form with 32-bit operands: zero-extended. Memory is always 16 bits: the row says so. */
export function movFromSegment32(u: usize): usize {
  const seg = load<u16>(u, U_REG);
  if (seg > GS) return ud(u);
  writeE32(u, selectorOf(seg));
  return u + UOP_SIZE;
}

function pushSegment(u: usize, seg: u32, size: u32): usize {
  if (size == 4 && stackFlat()) return pushFlat(u, selectorOf(seg));
  openStack();
  if (!room(1, size) || !push(selectorOf(seg), size)) return fault(u);
  commitPointer();
  return next(u);
}
function popSegment(u: usize, seg: u32, size: u32): usize {
  const key = load<u32>(MODE_KEY);
  if (size == 4 && stackFlat()) {
    const lin = load<u32>(ESP);
    const selector = read32(lin) & 0xffff;
    if (faulted() || !change(seg, selector)) return fault(u);
    store<u32>(ESP, lin + 4);
    return loaded(u, seg, key);
  }
  openStack();
  const selector = pop(size) & 0xffff;
  if (faulted() || !change(seg, selector)) return fault(u);
  // the pointer moves by the stack size in force before the load
  commitPointer();
  return loaded(u, seg, key);
}

export function pushEs16(u: usize): usize { return pushSegment(u, ES, 2); }
export function pushEs32(u: usize): usize { return pushSegment(u, ES, 4); }
export function pushCs16(u: usize): usize { return pushSegment(u, CS, 2); }
export function pushCs32(u: usize): usize { return pushSegment(u, CS, 4); }
export function pushSs16(u: usize): usize { return pushSegment(u, SS, 2); }
export function pushSs32(u: usize): usize { return pushSegment(u, SS, 4); }
export function pushDs16(u: usize): usize { return pushSegment(u, DS, 2); }
export function pushDs32(u: usize): usize { return pushSegment(u, DS, 4); }
export function pushFs16(u: usize): usize { return pushSegment(u, FS, 2); }
export function pushFs32(u: usize): usize { return pushSegment(u, FS, 4); }
export function pushGs16(u: usize): usize { return pushSegment(u, GS, 2); }
export function pushGs32(u: usize): usize { return pushSegment(u, GS, 4); }
export function popEs16(u: usize): usize { return popSegment(u, ES, 2); }
export function popEs32(u: usize): usize { return popSegment(u, ES, 4); }
export function popSs16(u: usize): usize { return popSegment(u, SS, 2); }
export function popSs32(u: usize): usize { return popSegment(u, SS, 4); }
export function popDs16(u: usize): usize { return popSegment(u, DS, 2); }
export function popDs32(u: usize): usize { return popSegment(u, DS, 4); }
export function popFs16(u: usize): usize { return popSegment(u, FS, 2); }
export function popFs32(u: usize): usize { return popSegment(u, FS, 4); }
export function popGs16(u: usize): usize { return popSegment(u, GS, 2); }
export function popGs32(u: usize): usize { return popSegment(u, GS, 4); }

function loadPointer(u: usize, seg: u32, size: u32): usize {
  const at = ea(u);
  const offset = size == 4 ? read32(at) : read16(at);
  if (faulted()) return fault(u);
  const selector = read16(at + size);
  if (faulted() || !loadSegment(seg, selector)) return fault(u);
  if (size == 4) setG32(u, offset);
  else setG16(u, offset);
  updateMode();
  return resumeAfter(u);
}
export function les16(u: usize): usize { return loadPointer(u, ES, 2); }
export function les32(u: usize): usize { return loadPointer(u, ES, 4); }
export function lds16(u: usize): usize { return loadPointer(u, DS, 2); }
export function lds32(u: usize): usize { return loadPointer(u, DS, 4); }
export function lss16(u: usize): usize { return loadPointer(u, SS, 2); }
export function lss32(u: usize): usize { return loadPointer(u, SS, 4); }
export function lfs16(u: usize): usize { return loadPointer(u, FS, 2); }
export function lfs32(u: usize): usize { return loadPointer(u, FS, 4); }
export function lgs16(u: usize): usize { return loadPointer(u, GS, 2); }
export function lgs32(u: usize): usize { return loadPointer(u, GS, 4); }
