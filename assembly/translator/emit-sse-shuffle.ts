// SSE shuffles in line: every one is a choice of 16 bytes out of target and source. ops/mmx/shuffle.ts; SDM vol. 2.
import { U_IMM, U_REG, U_RM } from '../uop';
import { runKnownHandler } from './emit-known';
import { beginFast, endFast, pushSource } from './vector-memory';
import { checkUsable, getXmm, reload, setXmm, simd, V_LOAD, vectorMemory, zeroVector } from './vector';
import { op } from './wasm';

// in the order of scripts/gen-forms-float.mjs: 0-3 and 4-7 interleave the low and high halves by 1, 2, 4, 8 bytes
const PSHUFD: u32 = 8;
const PSHUFLW: u32 = 9;
const PSHUFHW: u32 = 10;
const SHUFPS: u32 = 11;
const SHUFPD: u32 = 12;
const MOVHLPS: u32 = 13;
const MOVLHPS: u32 = 14;
const MOVSLDUP: u32 = 15;
const MOVSHDUP: u32 = 16;
const PALIGNR: u32 = 17;
const PSLLDQ: u32 = 18;
const PSRLDQ: u32 = 19;

const SHUFFLE: u32 = 0x0d;
/** The source begins here; the target, or zeros for the shifts, is below. */
const SOURCE: u32 = 16;

/** Which byte becomes byte `i` of the result. */
function chosen(kind: u32, n: u32, i: u32): u32 {
  if (kind < PSHUFD) {
    const shift = kind & 3;
    const element = i >>> shift;
    return ((element & 1) << 4) + ((element >>> 1) << shift) + (i & ((1 << shift) - 1)) + (kind < 4 ? 0 : 8);
  }
  switch (kind) {
    case PSHUFD: return SOURCE + field(n, i >>> 2) * 4 + (i & 3);
    case PSHUFLW: return SOURCE + (i < 8 ? field(n, i >>> 1) * 2 + (i & 1) : i);
    case PSHUFHW: return SOURCE + (i < 8 ? i : 8 + field(n, (i >>> 1) & 3) * 2 + (i & 1));
    case SHUFPS: return (i < 8 ? 0 : SOURCE) + field(n, i >>> 2) * 4 + (i & 3);
    case SHUFPD: return i < 8 ? (n & 1) * 8 + i : SOURCE + ((n >>> 1) & 1) * 8 + (i & 7);
    case MOVHLPS: return i < 8 ? SOURCE + 8 + i : i;
    case MOVLHPS: return i < 8 ? i : SOURCE + i - 8;
    case MOVSLDUP: return SOURCE + (i & 11);
    case MOVSHDUP: return SOURCE + (i | 4);
    case PALIGNR: return (i + n) ^ SOURCE;
    case PSLLDQ: return i < n ? 0 : SOURCE + i - n;
    default: return i + n < 16 ? SOURCE + i + n : 0;
  }
}
// @ts-ignore: decorator
@inline function field(n: u32, i: u32): u32 { return (n >>> (i << 1)) & 3; }

export function emitShuffle(u: usize, kind: u32): void {
  const target: u32 = load<u16>(u, U_REG);
  const source: u32 = load<u16>(u, U_RM);
  const n: u32 = load<u8>(u, U_IMM);
  if (kind == PALIGNR && n > 16) {
    runKnownHandler(u, 0);
    reload(target);
    return;
  }
  const shifts = kind == PSLLDQ || kind == PSRLDQ;
  if (source != 0) checkUsable(u);
  else beginFast(u);
  if (shifts) zeroVector();
  else getXmm(target);
  if (source != 0) getXmm(source);
  else {
    pushSource(u, 16, true);
    vectorMemory(V_LOAD, 0);
  }
  simd(SHUFFLE);
  for (let i: u32 = 0; i < 16; i++) op(chosen(kind, n, i));
  setXmm(shifts ? source : target);
  if (source == 0) endFast(u, 0, target);
}
