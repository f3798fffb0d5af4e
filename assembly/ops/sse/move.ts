// Moves of XMM registers; MXCSR; cache control, fences and hints.
// SDM vol. 2: MOVAPS, MOVUPS, MOVSS, MOVSD, MOVQ, MOVD, MOVLPS, MOVHPS, MOVxDUP, MOVMSKx, MOVNTx, LDMXCSR, CLFLUSH, xFENCE, PREFETCHh.
import { MXCSR } from '../../abi';
import { fault, faulted, gp } from '../../cpu/fault';
import { U_REG, UOP_SIZE } from '../../uop';
import { probeRead, read32, write32, write64 } from '../../mmu/access';
import { ea, next, readE32, writeE32 } from '../operand';
import { low, putXmm, slot, source128, source32, source64, sseReady, store128, target, unaligned128, xmm } from './operand';

/** MXCSR_MASK: DAZ is there. */
const MXCSR_BITS: u32 = 0xffff;

// ---- whole registers ------------------------------------------------------------------------------------------------------
export function movaLoad(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, v128.load(s)) : fault(u);
}

export function movuLoad(u: usize): usize {
  const s = unaligned128(u);
  return s ? putXmm(u, v128.load(s)) : fault(u);
}

export function movaStore(u: usize): usize {
  if (!sseReady()) return fault(u);
  if (slot(u)) {
    v128.store(slot(u), xmm(u));
    return u + UOP_SIZE;
  }
  const lin = ea(u);
  if (lin & 15) return gp(u, 0);
  return store128(lin, target(u)) ? next(u) : fault(u);
}

export function movuStore(u: usize): usize {
  if (!sseReady()) return fault(u);
  if (slot(u)) {
    v128.store(slot(u), xmm(u));
    return u + UOP_SIZE;
  }
  return store128(ea(u), target(u)) ? next(u) : fault(u);
}

// ---- scalars: a load from memory clears the rest of the register, a move between registers does not --------------------------
export function movssLoad(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  if (slot(u)) store<u32>(target(u), load<u32>(s));
  else v128.store(target(u), v128.load_zero<u32>(s));
  return u + UOP_SIZE;
}

export function movsdLoad(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  if (slot(u)) store<u64>(target(u), load<u64>(s));
  else v128.store(target(u), low(s));
  return u + UOP_SIZE;
}

export function movssStore(u: usize): usize {
  if (!sseReady()) return fault(u);
  const value = load<u32>(target(u));
  if (slot(u)) {
    store<u32>(slot(u), value);
    return u + UOP_SIZE;
  }
  return write32(ea(u), value) ? next(u) : fault(u);
}

export function movsdStore(u: usize): usize {
  if (!sseReady()) return fault(u);
  const value = load<u64>(target(u));
  if (slot(u)) {
    store<u64>(slot(u), value);
    return u + UOP_SIZE;
  }
  return write64(ea(u), value) ? next(u) : fault(u);
}

/** MOVQ clears the rest in both forms. */
export function movqLoad128(u: usize): usize {
  const s = source64(u);
  return s ? putXmm(u, low(s)) : fault(u);
}

export function movqStore128(u: usize): usize {
  if (!sseReady()) return fault(u);
  if (slot(u)) {
    v128.store(slot(u), low(target(u)));
    return u + UOP_SIZE;
  }
  return write64(ea(u), load<u64>(target(u))) ? next(u) : fault(u);
}

export function movdToXmm(u: usize): usize {
  if (!sseReady()) return fault(u);
  const value = readE32(u);
  return faulted() ? fault(u) : putXmm(u, i32x4.replace_lane(i32x4.splat(0), 0, value));
}

export function movdFromXmm(u: usize): usize {
  return sseReady() && writeE32(u, load<u32>(target(u))) ? next(u) : fault(u);
}

// ---- halves and copies of lanes -------------------------------------------------------------------------------------------
export function movlps(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  store<u64>(target(u), load<u64>(s));
  return u + UOP_SIZE;
}

export function movhps(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  store<u64>(target(u), load<u64>(s), 8);
  return u + UOP_SIZE;
}

export function movlpsStore(u: usize): usize {
  return sseReady() && write64(ea(u), load<u64>(target(u))) ? next(u) : fault(u);
}

export function movhpsStore(u: usize): usize {
  return sseReady() && write64(ea(u), load<u64>(target(u), 8)) ? next(u) : fault(u);
}

export function movhlps(u: usize): usize {
  if (!sseReady()) return fault(u);
  store<u64>(target(u), load<u64>(slot(u), 8));
  return u + UOP_SIZE;
}

export function movlhps(u: usize): usize {
  if (!sseReady()) return fault(u);
  store<u64>(target(u), load<u64>(slot(u)), 8);
  return u + UOP_SIZE;
}

export function movddup(u: usize): usize {
  const s = source64(u);
  return s ? putXmm(u, v128.load_splat<u64>(s)) : fault(u);
}

export function movsldup(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, v128.shuffle<i32>(v128.load(s), v128.load(s), 0, 0, 2, 2)) : fault(u);
}

export function movshdup(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, v128.shuffle<i32>(v128.load(s), v128.load(s), 1, 1, 3, 3)) : fault(u);
}

export function movmskps(u: usize): usize {
  if (!sseReady()) return fault(u);
  store<u32>(load<u16>(u, U_REG), i32x4.bitmask(v128.load(slot(u))));
  return u + UOP_SIZE;
}

export function movmskpd(u: usize): usize {
  if (!sseReady()) return fault(u);
  store<u32>(load<u16>(u, U_REG), i64x2.bitmask(v128.load(slot(u))));
  return u + UOP_SIZE;
}

// ---- control, cache, hints ------------------------------------------------------------------------------------------------
export function ldmxcsr(u: usize): usize {
  if (!sseReady()) return fault(u);
  const value = read32(ea(u));
  if (faulted()) return fault(u);
  if (value & ~MXCSR_BITS) return gp(u, 0);
  store<u32>(MXCSR, value);
  return u + UOP_SIZE;
}

export function stmxcsr(u: usize): usize {
  return sseReady() && write32(ea(u), load<u32>(MXCSR)) ? next(u) : fault(u);
}

export function movnti(u: usize): usize {
  return write32(ea(u), load<u32>(load<u16>(u, U_REG))) ? next(u) : fault(u);
}

/** Checked like a load of one byte; there is no cache. */
export function clflush(u: usize): usize {
  return probeRead(ea(u), 1) ? u + UOP_SIZE : fault(u);
}

/** Memory is always in order. */
export function fence(u: usize): usize {
  return u + UOP_SIZE;
}

/** PREFETCHh and the hint NOPs never touch memory. */
export function hint(u: usize): usize {
  return u + UOP_SIZE;
}
