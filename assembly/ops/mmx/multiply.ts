// Integer multiplication and sums of neighbours, on MM and XMM registers.
// SDM vol. 2: PMULx, PMADDx, PSADBW, PHADDx, PHSUBx.
import { fault } from '../../cpu/fault';
import { low, mmx, mmxSource64, pair, putMmx, putXmm, source128, target, xmm } from '../sse/operand';

// @ts-ignore: decorator
@inline function high16s(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b), 1, 3, 5, 7, 9, 11, 13, 15);
}
// @ts-ignore: decorator
@inline function high16u(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b), 1, 3, 5, 7, 9, 11, 13, 15);
}
// @ts-ignore: decorator
@inline function even32(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(v128.shuffle<i32>(a, a, 0, 2, 0, 2), v128.shuffle<i32>(b, b, 0, 2, 0, 2));
}
/** The wasm operation saturates -1 * -1, PMULHRSW wraps. */
// @ts-ignore: decorator
@inline function rounded(a: v128, b: v128): v128 {
  const least = i16x8.splat(-0x8000);
  return v128.xor(i16x8.q15mulr_sat_s(a, b), v128.and(i16x8.eq(a, least), i16x8.eq(b, least)));
}
/** Sum of absolute differences of 8 bytes, twice. */
// @ts-ignore: decorator
@inline function differences(a: v128, b: v128): v128 {
  const d = v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(d));
  return i64x2.add(v128.and(sums, i64x2.splat(0xffffffff)), i64x2.shr_u(sums, 32));
}
/** Unsigned bytes of `a` times signed bytes of `b`, neighbours added with saturation. */
// @ts-ignore: decorator
@inline function mixed(a: v128, b: v128): v128 {
  const x = i16x8.mul(i16x8.extend_low_i8x16_u(a), i16x8.extend_low_i8x16_s(b));
  const y = i16x8.mul(i16x8.extend_high_i8x16_u(a), i16x8.extend_high_i8x16_s(b));
  return i16x8.add_sat_s(even16(x, y), odd16(x, y));
}
// @ts-ignore: decorator
@inline function even16(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }
// @ts-ignore: decorator
@inline function odd16(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15); }
// @ts-ignore: decorator
@inline function evens32(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 0, 2, 4, 6); }
// @ts-ignore: decorator
@inline function odds32(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 1, 3, 5, 7); }

export function pmullw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.mul(mmx(u), low(s))) : fault(u); }
export function pmullw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.mul(xmm(u), v128.load(s))) : fault(u); }
export function pmulhw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, high16s(mmx(u), low(s))) : fault(u); }
export function pmulhw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, high16s(xmm(u), v128.load(s))) : fault(u); }
export function pmulhuw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, high16u(mmx(u), low(s))) : fault(u); }
export function pmulhuw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, high16u(xmm(u), v128.load(s))) : fault(u); }
export function pmulhrsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, rounded(mmx(u), low(s))) : fault(u); }
export function pmulhrsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, rounded(xmm(u), v128.load(s))) : fault(u); }
export function pmuludq64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, even32(mmx(u), low(s))) : fault(u); }
export function pmuludq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, even32(xmm(u), v128.load(s))) : fault(u); }
export function pmaddwd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i32x4.dot_i16x8_s(mmx(u), low(s))) : fault(u); }
export function pmaddwd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i32x4.dot_i16x8_s(xmm(u), v128.load(s))) : fault(u); }
export function pmaddubsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, mixed(mmx(u), low(s))) : fault(u); }
export function pmaddubsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, mixed(xmm(u), v128.load(s))) : fault(u); }
export function psadbw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, differences(mmx(u), low(s))) : fault(u); }
export function psadbw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, differences(xmm(u), v128.load(s))) : fault(u); }

// the neighbours of both operands, target first: an MMX pair fits in one vector
export function phaddw64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i16x8.add(even16(p, p), odd16(p, p)));
}
export function phaddw128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return putXmm(u, i16x8.add(even16(a, b), odd16(a, b)));
}
export function phaddsw64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i16x8.add_sat_s(even16(p, p), odd16(p, p)));
}
export function phaddsw128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return putXmm(u, i16x8.add_sat_s(even16(a, b), odd16(a, b)));
}
export function phsubw64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i16x8.sub(even16(p, p), odd16(p, p)));
}
export function phsubw128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return putXmm(u, i16x8.sub(even16(a, b), odd16(a, b)));
}
export function phsubsw64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i16x8.sub_sat_s(even16(p, p), odd16(p, p)));
}
export function phsubsw128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return putXmm(u, i16x8.sub_sat_s(even16(a, b), odd16(a, b)));
}
export function phaddd64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i32x4.add(evens32(p, p), odds32(p, p)));
}
export function phaddd128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return putXmm(u, i32x4.add(evens32(a, b), odds32(a, b)));
}
export function phsubd64(u: usize): usize {
  const s = mmxSource64(u);
  if (!s) return fault(u);
  const p = pair(target(u), s);
  return putMmx(u, i32x4.sub(evens32(p, p), odds32(p, p)));
}
export function phsubd128(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return putXmm(u, i32x4.sub(evens32(a, b), odds32(a, b)));
}
