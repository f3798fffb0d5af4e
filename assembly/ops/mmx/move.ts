// Moves of MM registers, and EMMS.
// SDM vol. 2: MOVD, MOVQ, MOVNTQ, MASKMOVQ, MOVDQ2Q, MOVQ2DQ, EMMS; MASKMOVDQU keeps its twin company.
import { EDI, FPU_TAG } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { UA_ADDR16, U_ATTR, U_SEGMENT, UOP_SIZE } from '../../uop';
import { probeWrite, write64, write8 } from '../../mmu/access';
import { linearOf } from '../../mmu/segmented';
import { ea, next, readE32, writeE32 } from '../operand';
import { enterMmx, low, mmxReady, mmxSource64, putMmx, setMmx, slot, sseReady, target } from '../sse/operand';

export function movdToMmx(u: usize): usize {
  if (!mmxReady()) return fault(u);
  const value = readE32(u);
  if (faulted()) return fault(u);
  setMmx(target(u), value);
  enterMmx();
  return u + UOP_SIZE;
}

export function movdFromMmx(u: usize): usize {
  if (!mmxReady() || !writeE32(u, load<u32>(target(u)))) return fault(u);
  enterMmx();
  return next(u);
}

export function movqLoad64(u: usize): usize {
  const s = mmxSource64(u);
  return s ? putMmx(u, low(s)) : fault(u);
}

export function movqStore64(u: usize): usize {
  if (!mmxReady()) return fault(u);
  const value = load<u64>(target(u));
  if (slot(u)) setMmx(slot(u), value);
  else if (!write64(ea(u), value)) return fault(u);
  enterMmx();
  return next(u);
}

export function movdq2q(u: usize): usize {
  return sseReady() && mmxReady() ? putMmx(u, low(slot(u))) : fault(u);
}

export function movq2dq(u: usize): usize {
  if (!sseReady() || !mmxReady()) return fault(u);
  v128.store(target(u), low(slot(u)));
  enterMmx();
  return u + UOP_SIZE;
}

export function emms(u: usize): usize {
  if (!mmxReady()) return fault(u);
  enterMmx();
  store<u16>(FPU_TAG, 0xffff);
  return u + UOP_SIZE;
}

/**
 * Writes the bytes of the target register that `mask` chooses to DS:(E)DI: all of them or, on a fault, none. The whole operand must
 * be writable when any byte is chosen, as on the recorded processor.
 */
function maskedStore(u: usize, mask: u32, size: u32): bool {
  if (mask == 0) return true;
  const offset: u32 = load<u8>(u, U_ATTR) & UA_ADDR16 ? load<u16>(EDI) : load<u32>(EDI);
  const lin = linearOf(load<u8>(u, U_SEGMENT), offset, size, true);
  if (faulted() || !probeWrite(lin, size)) return false;
  for (let i: u32 = 0; i < size; i++) if ((mask >>> i) & 1) write8(lin + i, load<u8>(target(u) + i));
  return true;
}

export function maskmovq(u: usize): usize {
  if (!mmxReady() || !maskedStore(u, i8x16.bitmask(low(slot(u))), 8)) return fault(u);
  enterMmx();
  return next(u);
}

export function maskmovdqu(u: usize): usize {
  return sseReady() && maskedStore(u, i8x16.bitmask(v128.load(slot(u))), 16) ? next(u) : fault(u);
}
