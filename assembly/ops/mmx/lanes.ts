// Integer operations lane by lane, on MM and XMM registers: add, subtract, average, minimum, maximum, compare, bitwise.
// SDM vol. 2: PADDx, PSUBx, PAVGx, PMINx, PMAXx, PCMPx, PAND, PANDN, POR, PXOR, PABSx, PSIGNx.
import { fault } from '../../cpu/fault';
import { low, mmx, mmxSource64, putMmx, putXmm, source128, xmm } from '../sse/operand';

export function paddb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.add(mmx(u), low(s))) : fault(u); }
export function paddb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.add(xmm(u), v128.load(s))) : fault(u); }
export function psubb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.sub(mmx(u), low(s))) : fault(u); }
export function psubb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.sub(xmm(u), v128.load(s))) : fault(u); }
export function paddw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.add(mmx(u), low(s))) : fault(u); }
export function paddw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.add(xmm(u), v128.load(s))) : fault(u); }
export function psubw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.sub(mmx(u), low(s))) : fault(u); }
export function psubw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.sub(xmm(u), v128.load(s))) : fault(u); }
export function paddd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i32x4.add(mmx(u), low(s))) : fault(u); }
export function paddd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i32x4.add(xmm(u), v128.load(s))) : fault(u); }
export function psubd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i32x4.sub(mmx(u), low(s))) : fault(u); }
export function psubd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i32x4.sub(xmm(u), v128.load(s))) : fault(u); }
export function paddq64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i64x2.add(mmx(u), low(s))) : fault(u); }
export function paddq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i64x2.add(xmm(u), v128.load(s))) : fault(u); }
export function psubq64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i64x2.sub(mmx(u), low(s))) : fault(u); }
export function psubq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i64x2.sub(xmm(u), v128.load(s))) : fault(u); }
export function paddsb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.add_sat_s(mmx(u), low(s))) : fault(u); }
export function paddsb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.add_sat_s(xmm(u), v128.load(s))) : fault(u); }
export function paddusb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.add_sat_u(mmx(u), low(s))) : fault(u); }
export function paddusb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.add_sat_u(xmm(u), v128.load(s))) : fault(u); }
export function psubsb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.sub_sat_s(mmx(u), low(s))) : fault(u); }
export function psubsb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.sub_sat_s(xmm(u), v128.load(s))) : fault(u); }
export function psubusb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.sub_sat_u(mmx(u), low(s))) : fault(u); }
export function psubusb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.sub_sat_u(xmm(u), v128.load(s))) : fault(u); }
export function pavgb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.avgr_u(mmx(u), low(s))) : fault(u); }
export function pavgb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.avgr_u(xmm(u), v128.load(s))) : fault(u); }
export function paddsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.add_sat_s(mmx(u), low(s))) : fault(u); }
export function paddsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.add_sat_s(xmm(u), v128.load(s))) : fault(u); }
export function paddusw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.add_sat_u(mmx(u), low(s))) : fault(u); }
export function paddusw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.add_sat_u(xmm(u), v128.load(s))) : fault(u); }
export function psubsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.sub_sat_s(mmx(u), low(s))) : fault(u); }
export function psubsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.sub_sat_s(xmm(u), v128.load(s))) : fault(u); }
export function psubusw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.sub_sat_u(mmx(u), low(s))) : fault(u); }
export function psubusw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.sub_sat_u(xmm(u), v128.load(s))) : fault(u); }
export function pavgw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.avgr_u(mmx(u), low(s))) : fault(u); }
export function pavgw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.avgr_u(xmm(u), v128.load(s))) : fault(u); }
export function pminub64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.min_u(mmx(u), low(s))) : fault(u); }
export function pminub128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.min_u(xmm(u), v128.load(s))) : fault(u); }
export function pmaxub64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.max_u(mmx(u), low(s))) : fault(u); }
export function pmaxub128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.max_u(xmm(u), v128.load(s))) : fault(u); }
export function pminsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.min_s(mmx(u), low(s))) : fault(u); }
export function pminsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.min_s(xmm(u), v128.load(s))) : fault(u); }
export function pmaxsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.max_s(mmx(u), low(s))) : fault(u); }
export function pmaxsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.max_s(xmm(u), v128.load(s))) : fault(u); }
export function pcmpeqb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.eq(mmx(u), low(s))) : fault(u); }
export function pcmpeqb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.eq(xmm(u), v128.load(s))) : fault(u); }
export function pcmpgtb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.gt_s(mmx(u), low(s))) : fault(u); }
export function pcmpgtb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.gt_s(xmm(u), v128.load(s))) : fault(u); }
export function pcmpeqw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.eq(mmx(u), low(s))) : fault(u); }
export function pcmpeqw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.eq(xmm(u), v128.load(s))) : fault(u); }
export function pcmpgtw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.gt_s(mmx(u), low(s))) : fault(u); }
export function pcmpgtw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.gt_s(xmm(u), v128.load(s))) : fault(u); }
export function pcmpeqd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i32x4.eq(mmx(u), low(s))) : fault(u); }
export function pcmpeqd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i32x4.eq(xmm(u), v128.load(s))) : fault(u); }
export function pcmpgtd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i32x4.gt_s(mmx(u), low(s))) : fault(u); }
export function pcmpgtd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i32x4.gt_s(xmm(u), v128.load(s))) : fault(u); }
export function pand64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, v128.and(mmx(u), low(s))) : fault(u); }
export function pand128(u: usize): usize { const s = source128(u); return s ? putXmm(u, v128.and(xmm(u), v128.load(s))) : fault(u); }
export function por64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, v128.or(mmx(u), low(s))) : fault(u); }
export function por128(u: usize): usize { const s = source128(u); return s ? putXmm(u, v128.or(xmm(u), v128.load(s))) : fault(u); }
export function pxor64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, v128.xor(mmx(u), low(s))) : fault(u); }
export function pxor128(u: usize): usize { const s = source128(u); return s ? putXmm(u, v128.xor(xmm(u), v128.load(s))) : fault(u); }
export function pandn64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, v128.andnot(low(s), mmx(u))) : fault(u); }
export function pandn128(u: usize): usize { const s = source128(u); return s ? putXmm(u, v128.andnot(v128.load(s), xmm(u))) : fault(u); }

// SSSE3
export function pabsb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i8x16.abs(low(s))) : fault(u); }
export function pabsb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i8x16.abs(v128.load(s))) : fault(u); }
export function pabsw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i16x8.abs(low(s))) : fault(u); }
export function pabsw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i16x8.abs(v128.load(s))) : fault(u); }
export function pabsd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, i32x4.abs(low(s))) : fault(u); }
export function pabsd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, i32x4.abs(v128.load(s))) : fault(u); }

/** Negates where `b` is negative, clears where it is 0. */
// @ts-ignore: decorator
@inline function withSign8(a: v128, b: v128): v128 {
  const zero = i8x16.splat(0);
  return v128.andnot(v128.bitselect(i8x16.neg(a), a, i8x16.lt_s(b, zero)), i8x16.eq(b, zero));
}
export function psignb64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, withSign8(mmx(u), low(s))) : fault(u); }
export function psignb128(u: usize): usize { const s = source128(u); return s ? putXmm(u, withSign8(xmm(u), v128.load(s))) : fault(u); }

/** Negates where `b` is negative, clears where it is 0. */
// @ts-ignore: decorator
@inline function withSign16(a: v128, b: v128): v128 {
  const zero = i16x8.splat(0);
  return v128.andnot(v128.bitselect(i16x8.neg(a), a, i16x8.lt_s(b, zero)), i16x8.eq(b, zero));
}
export function psignw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, withSign16(mmx(u), low(s))) : fault(u); }
export function psignw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, withSign16(xmm(u), v128.load(s))) : fault(u); }

/** Negates where `b` is negative, clears where it is 0. */
// @ts-ignore: decorator
@inline function withSign32(a: v128, b: v128): v128 {
  const zero = i32x4.splat(0);
  return v128.andnot(v128.bitselect(i32x4.neg(a), a, i32x4.lt_s(b, zero)), i32x4.eq(b, zero));
}
export function psignd64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, withSign32(mmx(u), low(s))) : fault(u); }
export function psignd128(u: usize): usize { const s = source128(u); return s ? putXmm(u, withSign32(xmm(u), v128.load(s))) : fault(u); }
