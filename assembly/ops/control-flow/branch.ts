// Near transfers: JMP, CALL, RET, LOOPcc, JCXZ. SDM vol. 2. Far ones are in far.ts.
import { CODE_AREA, ECX, EIP, ESP, SEG, SEG_ATTRIBUTES, SEG_LIMIT, SEG_SIZE } from '../../abi';
import { faulted, fault, gp, needsAttention, RESUME_UOP } from '../../cpu/fault';
import { zf } from '../../cpu/flags';
import { U_ATTR, U_IMM, U_SCALE, UA_ADDR16, UC_TARGET, UOP_SIZE } from '../../uop';
import { misses, readEntry, readSlow32, writeEntry, writeSlow32 } from '../../mmu/access';
import { CS } from '../../mmu/segmented';
import { jumpTo, nextEip, readE16, readE32, retire, stackFlat, take, take16 } from '../operand';
import { drop, peek, push } from '../integer/stack';

export function jmp32(u: usize): usize { return take(u); }
export function jmp16(u: usize): usize { return take16(u); }

/** Is `eip` beyond the code segment? Then a near transfer faults before anything changes. */
// @ts-ignore: decorator
@inline function beyond(eip: u32): bool { return eip > load<u32>(SEG + CS * SEG_SIZE + SEG_LIMIT); }

export function jmpIndirect32(u: usize): usize {
  const to = readE32(u);
  if (faulted()) return fault(u);
  if (beyond(to)) return gp(u, 0);
  const target = jumpTo(u, to);
  // the translator wants to know where such jumps go
  if (target >= <usize>CODE_AREA) store<u8>(target, load<u8>(target, U_SCALE) | UC_TARGET, U_SCALE);
  return target;
}
export function jmpIndirect16(u: usize): usize {
  const to = readE16(u);
  if (faulted()) return fault(u);
  return beyond(to) ? gp(u, 0) : jumpTo(u, to);
}

/** Ends a call whose push may have hit code or a device. */
function jumpAfterWrite(u: usize, eip: u32): usize {
  store<u32>(EIP, eip);
  retire(u);
  return RESUME_UOP;
}

// @ts-ignore: decorator
@inline function callTo32(u: usize, to: u32): i32 {
  const back = nextEip(u);
  if (!stackFlat()) return push(back, 4) ? (needsAttention() ? 1 : 0) : -1;
  const lin = load<u32>(ESP) - 4;
  const t = writeEntry(lin);
  if (misses(lin, t, 4)) {
    if (!writeSlow32(lin, back)) return -1;
    store<u32>(ESP, lin);
    return needsAttention() ? 1 : 0;
  }
  store<u32>(t ^ lin, back);
  store<u32>(ESP, lin);
  return 0;
}

export function call32(u: usize): usize {
  const to = nextEip(u) + load<u32>(u, U_IMM);
  if (beyond(to)) return gp(u, 0);
  const outcome = callTo32(u, to);
  if (outcome < 0) return fault(u);
  return outcome == 0 ? take(u) : jumpAfterWrite(u, to);
}
export function callIndirect32(u: usize): usize {
  const to = readE32(u);
  if (faulted()) return fault(u);
  if (beyond(to)) return gp(u, 0);
  const outcome = callTo32(u, to);
  if (outcome < 0) return fault(u);
  return outcome == 0 ? jumpTo(u, to) : jumpAfterWrite(u, to);
}
function callTo16(u: usize, to: u32): usize {
  if (beyond(to)) return gp(u, 0);
  if (!push(nextEip(u), 2)) return fault(u);
  return needsAttention() ? jumpAfterWrite(u, to) : jumpTo(u, to);
}
export function call16(u: usize): usize { return callTo16(u, (nextEip(u) + load<u32>(u, U_IMM)) & 0xffff); }
export function callIndirect16(u: usize): usize {
  const to = readE16(u);
  return faulted() ? fault(u) : callTo16(u, to);
}

// @ts-ignore: decorator
@inline function return32(u: usize, extra: u32): usize {
  if (stackFlat()) {
    const lin = load<u32>(ESP);
    const t = readEntry(lin);
    let to: u32;
    if (misses(lin, t, 4)) {
      to = readSlow32(lin);
      if (faulted()) return fault(u);
    } else to = load<u32>(t ^ lin);
    if (beyond(to)) return gp(u, 0);
    store<u32>(ESP, lin + 4 + extra);
    return jumpTo(u, to);
  }
  const to = peek(0, 4);
  if (faulted()) return fault(u);
  if (beyond(to)) return gp(u, 0);
  drop(4 + extra);
  return jumpTo(u, to);
}
export function ret32(u: usize): usize { return return32(u, 0); }
export function retImm32(u: usize): usize { return return32(u, load<u16>(u, U_IMM)); }
function return16(u: usize, extra: u32): usize {
  const to = peek(0, 2);
  if (faulted()) return fault(u);
  if (beyond(to)) return gp(u, 0);
  drop(2 + extra);
  return jumpTo(u, to);
}
export function ret16(u: usize): usize { return return16(u, 0); }
export function retImm16(u: usize): usize { return return16(u, load<u16>(u, U_IMM)); }

// ---- LOOPcc, JCXZ: the counter has the address size, the target the operand size --------------------------------------------

// @ts-ignore: decorator
@inline function count(u: usize): u32 { return (load<u8>(u, U_ATTR) & UA_ADDR16) != 0 ? <u32>load<u16>(ECX) : load<u32>(ECX); }
// @ts-ignore: decorator
@inline function countDown(u: usize): u32 {
  if ((load<u8>(u, U_ATTR) & UA_ADDR16) != 0) {
    const n: u32 = <u32>load<u16>(ECX) - 1;
    store<u16>(ECX, n);
    return n & 0xffff;
  }
  const n = load<u32>(ECX) - 1;
  store<u32>(ECX, n);
  return n;
}
export function loop32(u: usize): usize { return countDown(u) != 0 ? take(u) : u + UOP_SIZE; }
export function loop16(u: usize): usize { return countDown(u) != 0 ? take16(u) : u + UOP_SIZE; }
export function loope32(u: usize): usize { return countDown(u) != 0 && zf() ? take(u) : u + UOP_SIZE; }
export function loope16(u: usize): usize { return countDown(u) != 0 && zf() ? take16(u) : u + UOP_SIZE; }
export function loopne32(u: usize): usize { return countDown(u) != 0 && !zf() ? take(u) : u + UOP_SIZE; }
export function loopne16(u: usize): usize { return countDown(u) != 0 && !zf() ? take16(u) : u + UOP_SIZE; }
export function jcxz32(u: usize): usize { return count(u) == 0 ? take(u) : u + UOP_SIZE; }
export function jcxz16(u: usize): usize { return count(u) == 0 ? take16(u) : u + UOP_SIZE; }
