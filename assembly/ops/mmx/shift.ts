// Shifts of integer lanes, on MM and XMM registers. A count of the lane's width or more clears (or fills with the sign).
// SDM vol. 2: PSLLx, PSRLx, PSRAx, PSLLDQ, PSRLDQ.
import { fault } from '../../cpu/fault';
import { U_IMM, U_RM, UOP_SIZE } from '../../uop';
import {
  enterMmx, low, mmx, mmxReady, mmxSource64, putMmx, putXmm, setMmx, source128, sseReady, xmm,
} from '../sse/operand';

/** Byte numbers 0 to 15. */
// @ts-ignore: decorator
@inline function iota(): v128 { return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
/** The count operand: 64 bits, of which only "too many" matters above the lane's width. */
// @ts-ignore: decorator
@inline function count(at: usize): u32 { return <u32>min<u64>(load<u64>(at), 64); }
// @ts-ignore: decorator
@inline function immediate(u: usize): u32 { return load<u8>(u, U_IMM); }

// @ts-ignore: decorator
@inline function left16(a: v128, n: u32): v128 { return n < 16 ? i16x8.shl(a, n) : i64x2.splat(0); }
// @ts-ignore: decorator
@inline function right16(a: v128, n: u32): v128 { return n < 16 ? i16x8.shr_u(a, n) : i64x2.splat(0); }
// @ts-ignore: decorator
@inline function arithmetic16(a: v128, n: u32): v128 { return i16x8.shr_s(a, min<u32>(n, 15)); }
// @ts-ignore: decorator
@inline function left32(a: v128, n: u32): v128 { return n < 32 ? i32x4.shl(a, n) : i64x2.splat(0); }
// @ts-ignore: decorator
@inline function right32(a: v128, n: u32): v128 { return n < 32 ? i32x4.shr_u(a, n) : i64x2.splat(0); }
// @ts-ignore: decorator
@inline function arithmetic32(a: v128, n: u32): v128 { return i32x4.shr_s(a, min<u32>(n, 31)); }
// @ts-ignore: decorator
@inline function left64(a: v128, n: u32): v128 { return n < 64 ? i64x2.shl(a, n) : i64x2.splat(0); }
// @ts-ignore: decorator
@inline function right64(a: v128, n: u32): v128 { return n < 64 ? i64x2.shr_u(a, n) : i64x2.splat(0); }

/** The register of a shift by an immediate stands in the r/m field. */
// @ts-ignore: decorator
@inline function register(u: usize): usize { return load<u16>(u, U_RM); }
// @ts-ignore: decorator
@inline function shiftedMmx(u: usize, value: v128): usize {
  setMmx(register(u), i64x2.extract_lane(value, 0));
  enterMmx();
  return u + UOP_SIZE;
}
// @ts-ignore: decorator
@inline function shiftedXmm(u: usize, value: v128): usize {
  v128.store(register(u), value);
  return u + UOP_SIZE;
}

export function psllw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, left16(mmx(u), count(s))) : fault(u); }
export function psllw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, left16(xmm(u), count(s))) : fault(u); }
export function psllwImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, left16(low(register(u)), immediate(u))) : fault(u); }
export function psllwImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, left16(v128.load(register(u)), immediate(u))) : fault(u); }
export function pslld64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, left32(mmx(u), count(s))) : fault(u); }
export function pslld128(u: usize): usize { const s = source128(u); return s ? putXmm(u, left32(xmm(u), count(s))) : fault(u); }
export function pslldImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, left32(low(register(u)), immediate(u))) : fault(u); }
export function pslldImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, left32(v128.load(register(u)), immediate(u))) : fault(u); }
export function psllq64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, left64(mmx(u), count(s))) : fault(u); }
export function psllq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, left64(xmm(u), count(s))) : fault(u); }
export function psllqImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, left64(low(register(u)), immediate(u))) : fault(u); }
export function psllqImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, left64(v128.load(register(u)), immediate(u))) : fault(u); }
export function psrlw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, right16(mmx(u), count(s))) : fault(u); }
export function psrlw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, right16(xmm(u), count(s))) : fault(u); }
export function psrlwImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, right16(low(register(u)), immediate(u))) : fault(u); }
export function psrlwImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, right16(v128.load(register(u)), immediate(u))) : fault(u); }
export function psrld64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, right32(mmx(u), count(s))) : fault(u); }
export function psrld128(u: usize): usize { const s = source128(u); return s ? putXmm(u, right32(xmm(u), count(s))) : fault(u); }
export function psrldImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, right32(low(register(u)), immediate(u))) : fault(u); }
export function psrldImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, right32(v128.load(register(u)), immediate(u))) : fault(u); }
export function psrlq64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, right64(mmx(u), count(s))) : fault(u); }
export function psrlq128(u: usize): usize { const s = source128(u); return s ? putXmm(u, right64(xmm(u), count(s))) : fault(u); }
export function psrlqImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, right64(low(register(u)), immediate(u))) : fault(u); }
export function psrlqImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, right64(v128.load(register(u)), immediate(u))) : fault(u); }
export function psraw64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, arithmetic16(mmx(u), count(s))) : fault(u); }
export function psraw128(u: usize): usize { const s = source128(u); return s ? putXmm(u, arithmetic16(xmm(u), count(s))) : fault(u); }
export function psrawImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, arithmetic16(low(register(u)), immediate(u))) : fault(u); }
export function psrawImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, arithmetic16(v128.load(register(u)), immediate(u))) : fault(u); }
export function psrad64(u: usize): usize { const s = mmxSource64(u); return s ? putMmx(u, arithmetic32(mmx(u), count(s))) : fault(u); }
export function psrad128(u: usize): usize { const s = source128(u); return s ? putXmm(u, arithmetic32(xmm(u), count(s))) : fault(u); }
export function psradImm64(u: usize): usize { return mmxReady() ? shiftedMmx(u, arithmetic32(low(register(u)), immediate(u))) : fault(u); }
export function psradImm128(u: usize): usize { return sseReady() ? shiftedXmm(u, arithmetic32(v128.load(register(u)), immediate(u))) : fault(u); }

// by bytes: a lane number outside 0 to 15 selects a zero
export function pslldq(u: usize): usize {
  if (!sseReady()) return fault(u);
  return shiftedXmm(u, v128.swizzle(v128.load(register(u)), i8x16.sub(iota(), i8x16.splat(<i8>min<u32>(immediate(u), 16)))));
}
export function psrldq(u: usize): usize {
  if (!sseReady()) return fault(u);
  return shiftedXmm(u, v128.swizzle(v128.load(register(u)), i8x16.add(iota(), i8x16.splat(<i8>min<u32>(immediate(u), 16)))));
}
