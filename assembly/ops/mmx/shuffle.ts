// Packing, interleaving and shuffling of integer lanes, on MM and XMM registers.
// SDM vol. 2: PACKx, PUNPCKx, PSHUFx, PALIGNR, PINSRW, PEXTRW, PMOVMSKB.
import { faulted, fault } from '../../cpu/fault';
import { U_IMM, U_REG, U_RM, UOP_SIZE } from '../../uop';
import { readE16 } from '../operand';
import {
  enterMmx, low, mmx, mmxReady, mmxSource32, mmxSource64, pair, putMmx, putXmm, source128, sseReady, target, xmm,
} from '../sse/operand';

// ---- pack: both operands, target first ----------------------------------------------------------------------------------
export function packsswb64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i8x16.narrow_i16x8_s(p, p));
}
export function packsswb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.narrow_i16x8_s(xmm(u), v128.load(s))) : fault(u); }
export function packuswb64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i8x16.narrow_i16x8_u(p, p));
}
export function packuswb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.narrow_i16x8_u(xmm(u), v128.load(s))) : fault(u); }
export function packssdw64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i16x8.narrow_i32x4_s(p, p));
}
export function packssdw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.narrow_i32x4_s(xmm(u), v128.load(s))) : fault(u); }

// ---- interleave ---------------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline function lower8(a: v128, b: v128): v128 { return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23); }
// @ts-ignore: decorator
@inline function upper8(a: v128, b: v128): v128 { return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31); }
// @ts-ignore: decorator
@inline function lower16(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
// @ts-ignore: decorator
@inline function upper16(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
// @ts-ignore: decorator
@inline function lower32(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 0, 4, 1, 5); }
// @ts-ignore: decorator
@inline function upper32(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 2, 6, 3, 7); }
/** The upper half of an interleaved MMX pair is the upper half of the vector. */
// @ts-ignore: decorator
@inline function upperHalf(a: v128): v128 { return v128.shuffle<i64>(a, a, 1, 1); }

export function punpcklbw64(u: usize): usize { const s = mmxSource32(u); return s ? putMmx(u, lower8(mmx(u), v128.load_zero<u32>(s))) : fault(u); }
export function punpckhbw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, upperHalf(lower8(mmx(u), low(s)))) : fault(u); }
export function punpcklbw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, lower8(xmm(u), v128.load(s))) : fault(u); }
export function punpckhbw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, upper8(xmm(u), v128.load(s))) : fault(u); }
export function punpcklwd64(u: usize): usize { const s = mmxSource32(u); return s ? putMmx(u, lower16(mmx(u), v128.load_zero<u32>(s))) : fault(u); }
export function punpckhwd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, upperHalf(lower16(mmx(u), low(s)))) : fault(u); }
export function punpcklwd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, lower16(xmm(u), v128.load(s))) : fault(u); }
export function punpckhwd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, upper16(xmm(u), v128.load(s))) : fault(u); }
export function punpckldq64(u: usize): usize { const s = mmxSource32(u); return s ? putMmx(u, lower32(mmx(u), v128.load_zero<u32>(s))) : fault(u); }
export function punpckhdq64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, upperHalf(lower32(mmx(u), low(s)))) : fault(u); }
export function punpckldq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, lower32(xmm(u), v128.load(s))) : fault(u); }
export function punpckhdq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, upper32(xmm(u), v128.load(s))) : fault(u); }
export function punpcklqdq(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, pair(target(u), s)) : fault(u);
}
export function punpckhqdq(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, v128.shuffle<i64>(xmm(u), v128.load(s), 1, 3)) : fault(u);
}

// ---- shuffle ------------------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline function order(u: usize): u32 { return load<u8>(u, U_IMM); }
/** Field `i` of the two-bit fields of `o`, as an offset of items of `1 << shift` bytes. */
// @ts-ignore: decorator
@inline function pick(o: u32, i: u32, shift: u32): usize { return ((o >>> (i << 1)) & 3) << shift; }

/** Four words at `s` in order `o`. */
// @ts-ignore: decorator
@inline function words(s: usize, o: u32): u64 {
  return <u64>load<u16>(s + pick(o, 0, 1)) | (<u64>load<u16>(s + pick(o, 1, 1)) << 16) |
    (<u64>load<u16>(s + pick(o, 2, 1)) << 32) | (<u64>load<u16>(s + pick(o, 3, 1)) << 48);
}
/** Two doublewords at `s` in the order of fields `i` and `i + 1` of `o`. */
// @ts-ignore: decorator
@inline function doublewords(s: usize, o: u32, i: u32): u64 {
  return <u64>load<u32>(s + pick(o, i, 2)) | (<u64>load<u32>(s + pick(o, i + 1, 2)) << 32);
}

export function pshufw(u: usize): usize {
  const s = mmxSource64(u);
  return s ? putMmx(u, i64x2.replace_lane(i64x2.splat(0), 0, words(s, order(u)))) : fault(u);
}
export function pshufd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = doublewords(s, order(u), 0);
  const b = doublewords(s, order(u), 2);
  store<u64>(target(u), a);
  store<u64>(target(u), b, 8);
  return u + UOP_SIZE;
}
export function pshuflw(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, i64x2.replace_lane(v128.load(s), 0, words(s, order(u)))) : fault(u);
}
export function pshufhw(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, i64x2.replace_lane(v128.load(s), 1, words(s + 8, order(u)))) : fault(u);
}
export function shufps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = doublewords(target(u), order(u), 0);
  const b = doublewords(s, order(u), 2);
  store<u64>(target(u), a);
  store<u64>(target(u), b, 8);
  return u + UOP_SIZE;
}
export function shufpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = load<u64>(target(u) + ((order(u) & 1) << 3));
  const b = load<u64>(s + ((order(u) & 2) << 2));
  store<u64>(target(u), a);
  store<u64>(target(u), b, 8);
  return u + UOP_SIZE;
}

/** Only bit 7 (zero) and the lane number of an index count; a swizzle index of 16 or more gives zero. */
export function pshufb64(u: usize): usize {
  const s = mmxSource64(u);
  return s ? putMmx(u, v128.swizzle(mmx(u), v128.and(low(s), i8x16.splat(-0x79)))) : fault(u);
}
export function pshufb128(u: usize): usize {
  const s = source128(u);
  return s ? putXmm(u, v128.swizzle(xmm(u), v128.and(v128.load(s), i8x16.splat(-0x71)))) : fault(u);
}

/** Byte numbers from `n` up, as a swizzle takes them. */
// @ts-ignore: decorator
@inline function from(n: i32): v128 {
  return i8x16.add(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(<i8>n));
}
export function palignr64(u: usize): usize {
  const s = mmxSource64(u);
  return s ? putMmx(u, v128.swizzle(pair(s, target(u)), from(min<u32>(order(u), 16)))) : fault(u);
}
export function palignr128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const n: i32 = min<u32>(order(u), 32);
  return putXmm(u, v128.or(v128.swizzle(v128.load(s), from(n)), v128.swizzle(xmm(u), from(n - 16))));
}

// ---- words to and from general registers --------------------------------------------------------------------------------
export function pinsrw64(u: usize): usize {
  if (!mmxReady()) return fault(u);
  const word = readE16(u);
  if (faulted()) return fault(u);
  store<u16>(target(u) + ((order(u) & 3) << 1), word);
  return putMmx(u, mmx(u));
}
export function pinsrw128(u: usize): usize {
  if (!sseReady()) return fault(u);
  const word = readE16(u);
  if (faulted()) return fault(u);
  store<u16>(target(u) + ((order(u) & 7) << 1), word);
  return u + UOP_SIZE;
}
export function pextrw64(u: usize): usize {
  if (!mmxReady()) return fault(u);
  store<u32>(load<u16>(u, U_REG), load<u16>(load<u16>(u, U_RM) + ((order(u) & 3) << 1)));
  enterMmx();
  return u + UOP_SIZE;
}
export function pextrw128(u: usize): usize {
  if (!sseReady()) return fault(u);
  store<u32>(load<u16>(u, U_REG), load<u16>(load<u16>(u, U_RM) + ((order(u) & 7) << 1)));
  return u + UOP_SIZE;
}
export function pmovmskb64(u: usize): usize {
  if (!mmxReady()) return fault(u);
  store<u32>(load<u16>(u, U_REG), i8x16.bitmask(low(load<u16>(u, U_RM))));
  enterMmx();
  return u + UOP_SIZE;
}
export function pmovmskb128(u: usize): usize {
  if (!sseReady()) return fault(u);
  store<u32>(load<u16>(u, U_REG), i8x16.bitmask(v128.load(load<u16>(u, U_RM))));
  return u + UOP_SIZE;
}
