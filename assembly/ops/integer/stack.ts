// PUSH and POP of general registers, memory and immediates; PUSHA, POPA, ENTER, LEAVE. SDM vol. 1 6.2, vol. 2.
// The flat 32-bit stack is the fast path; every other stack goes through pushCheck and segment checks.
import { EAX, EBP, EBX, ECX, EDI, EDX, ESI, ESP, SEG, SEG_ATTRIBUTES, SEG_SIZE } from '../../abi';
import { faulted, fault } from '../../cpu/fault';
import { U_ATTR, U_IMM, U_LINK, U_RM, U_SEGMENT, UA_ADDR16, UOP_SIZE } from '../../uop';
import {
  misses, probeWrite, read16, read32, readEntry, readSlow32, write16, write32, writeEntry, writeSlow32,
} from '../../mmu/access';
import { linearOf, SS } from '../../mmu/segmented';
import { ea, next, nextOrFault, readE16, readE32, stackFlat } from '../operand';

const BIG: u32 = 0x4000;

/** 0xFFFFFFFF for a stack addressed by ESP, 0xFFFF for one addressed by SP. */
// @ts-ignore: decorator
@inline export function stackMask(): u32 { return (load<u32>(SEG + SS * SEG_SIZE + SEG_ATTRIBUTES) & BIG) != 0 ? 0xffffffff : 0xffff; }

/** Sets ESP, or SP alone on a 16-bit stack. */
export function setStackPointer(value: u32): void {
  if (stackMask() == 0xffff) store<u16>(ESP, value);
  else store<u32>(ESP, value);
}

/** Pushes `size` (2, 4) bytes with all checks; ESP moves only when it worked. */
export function push(value: u32, size: u32): bool {
  const to = (load<u32>(ESP) - size) & stackMask();
  const lin = linearOf(SS, to, size, true);
  if (faulted()) return false;
  if (size == 4 ? !write32(lin, value) : !write16(lin, value)) return false;
  setStackPointer(to);
  return true;
}

/** The `size` bytes at `depth` bytes above the stack pointer, with all checks; ESP stays. */
export function peek(depth: u32, size: u32): u32 {
  const lin = linearOf(SS, (load<u32>(ESP) + depth) & stackMask(), size, false);
  if (faulted()) return 0;
  return size == 4 ? read32(lin) : read16(lin);
}

/** Drops `bytes` from the stack. */
export function drop(bytes: u32): void {
  setStackPointer(load<u32>(ESP) + bytes);
}

// ---- PUSH -------------------------------------------------------------------------------------------------------------------

/** PUSH of 32 bits, on any stack. */
// @ts-ignore: decorator
@inline export function pushFlat(u: usize, value: u32): usize {
  if (!stackFlat()) return nextOrFault(u, push(value, 4));
  const lin = load<u32>(ESP) - 4;
  const t = writeEntry(lin);
  if (misses(lin, t, 4)) {
    if (!writeSlow32(lin, value)) return fault(u);
    store<u32>(ESP, lin);
    return next(u);
  }
  store<u32>(t ^ lin, value);
  store<u32>(ESP, lin);
  return u + UOP_SIZE;
}

export function push32_r(u: usize): usize { return pushFlat(u, load<u32>(load<u16>(u, U_RM))); }
export function push32_m(u: usize): usize {
  const v = readE32(u);
  return faulted() ? fault(u) : pushFlat(u, v);
}
export function push32_i(u: usize): usize { return pushFlat(u, load<u32>(u, U_IMM)); }
export function push16_r(u: usize): usize { return nextOrFault(u, push(load<u16>(load<u16>(u, U_RM)), 2)); }
export function push16_m(u: usize): usize {
  const v = readE16(u);
  return faulted() ? fault(u) : nextOrFault(u, push(v, 2));
}
export function push16_i(u: usize): usize { return nextOrFault(u, push(load<u32>(u, U_IMM), 2)); }

// ---- POP --------------------------------------------------------------------------------------------------------------------

export function pop32_r(u: usize): usize {
  const lin = load<u32>(ESP);
  if (!stackFlat()) {
    const v = peek(0, 4);
    if (faulted()) return fault(u);
    drop(4);
    store<u32>(load<u16>(u, U_RM), v);
    return u + UOP_SIZE;
  }
  const t = readEntry(lin);
  let v: u32;
  if (misses(lin, t, 4)) {
    v = readSlow32(lin);
    if (faulted()) return fault(u);
  } else v = load<u32>(t ^ lin);
  store<u32>(ESP, lin + 4);
  store<u32>(load<u16>(u, U_RM), v);
  return u + UOP_SIZE;
}
export function pop16_r(u: usize): usize {
  const v = peek(0, 2);
  if (faulted()) return fault(u);
  drop(2);
  store<u16>(load<u16>(u, U_RM), v);
  return u + UOP_SIZE;
}
/** POP to memory: an ESP base is that after the pop (SDM vol. 2, POP); a fault undoes it. Row attribute `lea`. */
export function popMemory32(u: usize): usize {
  const v = peek(0, 4);
  if (faulted()) return fault(u);
  const esp = load<u32>(ESP);
  drop(4);
  if (popTo(u, 4) && write32(popTarget, v)) return next(u);
  store<u32>(ESP, esp);
  return fault(u);
}
export function popMemory16(u: usize): usize {
  const v = peek(0, 2);
  if (faulted()) return fault(u);
  const esp = load<u32>(ESP);
  drop(2);
  if (popTo(u, 2) && write16(popTarget, v)) return next(u);
  store<u32>(ESP, esp);
  return fault(u);
}
let popTarget: u32 = 0;
/** The operand's offset with the new ESP, then the segment check. */
function popTo(u: usize, size: u32): bool {
  popTarget = linearOf(load<u8>(u, U_SEGMENT), effectiveOffset(u), size, true);
  return !faulted();
}
// @ts-ignore: decorator
@inline function effectiveOffset(u: usize): u32 { return ea(u) & ((load<u8>(u, U_ATTR) & UA_ADDR16) != 0 ? 0xffff : 0xffffffff); }

// ---- PUSHA, POPA --------------------------------------------------------------------------------------------------------------

function pushAll(u: usize, size: u32): usize {
  const mask = stackMask();
  const esp = load<u32>(ESP);
  // every element must be writable before the first is written
  for (let i: u32 = 1; i <= 8; i++) {
    const lin = linearOf(SS, (esp - i * size) & mask, size, true);
    if (faulted() || !probeWrite(lin, size)) return fault(u);
  }
  for (let i: u32 = 1; i <= 8; i++) {
    const lin = linearOf(SS, (esp - i * size) & mask, size, true);
    const value = load<u32>(EAX + ((i - 1) << 3));
    if (size == 4) write32(lin, value);
    else write16(lin, value);
  }
  setStackPointer(esp - 8 * size);
  return next(u);
}
export function pusha32(u: usize): usize { return pushAll(u, 4); }
export function pusha16(u: usize): usize { return pushAll(u, 2); }

/** One register of POPA. What was popped before a fault stays, as on current CPUs; ESP does not move. */
// @ts-ignore: decorator
@inline function unstack32(slot: usize, offset: u32): bool {
  const v = peek(offset, 4);
  if (faulted()) return false;
  store<u32>(slot, v);
  return true;
}
// @ts-ignore: decorator
@inline function unstack16(slot: usize, offset: u32): bool {
  const v = peek(offset, 2);
  if (faulted()) return false;
  store<u16>(slot, v);
  return true;
}

export function popa32(u: usize): usize {
  if (!unstack32(EDI, 0) || !unstack32(ESI, 4) || !unstack32(EBP, 8)) return fault(u);
  // the image of ESP is read and dropped
  peek(12, 4);
  if (faulted() || !unstack32(EBX, 16) || !unstack32(EDX, 20) || !unstack32(ECX, 24) || !unstack32(EAX, 28)) return fault(u);
  drop(32);
  return u + UOP_SIZE;
}
export function popa16(u: usize): usize {
  if (!unstack16(EDI, 0) || !unstack16(ESI, 2) || !unstack16(EBP, 4)) return fault(u);
  peek(6, 2);
  if (faulted() || !unstack16(EBX, 8) || !unstack16(EDX, 10) || !unstack16(ECX, 12) || !unstack16(EAX, 14)) return fault(u);
  drop(16);
  return u + UOP_SIZE;
}

// ---- ENTER, LEAVE -------------------------------------------------------------------------------------------------------------

export function leave32(u: usize): usize {
  const esp = load<u32>(ESP);
  setStackPointer(load<u32>(EBP));
  const v = peek(0, 4);
  if (faulted()) {
    store<u32>(ESP, esp);
    return fault(u);
  }
  drop(4);
  store<u32>(EBP, v);
  return u + UOP_SIZE;
}
export function leave16(u: usize): usize {
  const esp = load<u32>(ESP);
  setStackPointer(load<u32>(EBP));
  const v = peek(0, 2);
  if (faulted()) {
    store<u32>(ESP, esp);
    return fault(u);
  }
  drop(2);
  store<u16>(EBP, v);
  return u + UOP_SIZE;
}

/** ENTER imm16, imm8: U_IMM the size, U_LINK the nesting level. */
function enter(u: usize, size: u32): usize {
  const level = load<u32>(u, U_LINK) & 31;
  const mask = stackMask();
  const esp = load<u32>(ESP);
  const ebp = load<u32>(EBP);
  if (!push(ebp, size)) return fault(u);
  const frame = load<u32>(ESP);
  if (level > 0) {
    for (let i: u32 = 1; i < level; i++) {
      const lin = linearOf(SS, (ebp - i * size) & mask, size, false);
      let v: u32 = 0;
      if (!faulted()) v = size == 4 ? read32(lin) : read16(lin);
      if (faulted() || !push(v, size)) {
        store<u32>(ESP, esp);
        return fault(u);
      }
    }
    if (!push(frame, size)) {
      store<u32>(ESP, esp);
      return fault(u);
    }
  }
  setStackPointer(load<u32>(ESP) - load<u16>(u, U_IMM));
  // the new top of the stack must be writable (SDM vol. 2, ENTER)
  const top = linearOf(SS, load<u32>(ESP) & mask, size, true);
  if (faulted() || !probeWrite(top, size)) {
    store<u32>(ESP, esp);
    return fault(u);
  }
  if (size == 4) store<u32>(EBP, mask == 0xffff ? (ebp & 0xffff0000) | (frame & 0xffff) : frame);
  else store<u16>(EBP, frame);
  return next(u);
}
export function enter32(u: usize): usize { return enter(u, 4); }
export function enter16(u: usize): usize { return enter(u, 2); }
