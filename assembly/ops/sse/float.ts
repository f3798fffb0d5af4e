// Packed and scalar arithmetic: what the engine's own floating point gives when that is certainly exact in result and flags,
// sse-float-exact.ts otherwise. SDM vol. 2: ADDx, SUBx, MULx, DIVx, SQRTx, HADDx, HSUBx, ADDSUBx.
import { MXCSR } from '../../abi';
import { fault } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { exactPacked, exactPair, exactScalar } from './float-exact';
import { putXmm, source128, source32, source64, target, xmm } from './operand';
import { ADD, ADDSUB, DIV, MUL, SQRT, SUB } from './soft-float';

const PE: u32 = 0x20;
const PM: u32 = 0x1000;
const RC: u32 = 0x6000;
const LEAST32: f32 = 1.1754943508222875e-38;
const LEAST64: f64 = 2.2250738585072014e-308;

// Quick: round to nearest, and an inexact result changes nothing (PE is set and masked). Then only the operands and the
// result can still matter: no denormal operand, and a result that is normal and larger than the least normal number (there
// the hardware may have seen underflow). A zero result is exact for sums, and for products of a zero.
// DAZ and FTZ have no effect within these bounds; NaNs compare false and so go the exact way: wasm's are never seen.
// @ts-ignore: decorator
@inline export function quick(): bool { return (load<u32>(MXCSR) & (RC | PE | PM)) == (PE | PM); }

// A zero or a normal number or an infinity: neither NaN nor denormal.
// @ts-ignore: decorator
@inline export function whole32(a: v128): v128 {
  return v128.or(f32x4.ge(f32x4.abs(a), f32x4.splat(LEAST32)), f32x4.eq(a, f32x4.splat(0)));
}
// @ts-ignore: decorator
@inline export function whole64(a: v128): v128 {
  return v128.or(f64x2.ge(f64x2.abs(a), f64x2.splat(LEAST64)), f64x2.eq(a, f64x2.splat(0)));
}
// @ts-ignore: decorator
@inline function normal32(r: v128): v128 {
  return v128.and(f32x4.gt(f32x4.abs(r), f32x4.splat(LEAST32)), f32x4.lt(f32x4.abs(r), f32x4.splat(Infinity)));
}
// @ts-ignore: decorator
@inline function normal64(r: v128): v128 {
  return v128.and(f64x2.gt(f64x2.abs(r), f64x2.splat(LEAST64)), f64x2.lt(f64x2.abs(r), f64x2.splat(Infinity)));
}
// @ts-ignore: decorator
@inline export function wholeSs(a: f32): bool { return abs<f32>(a) >= LEAST32 || a == 0; }
// @ts-ignore: decorator
@inline export function wholeSd(a: f64): bool { return abs<f64>(a) >= LEAST64 || a == 0; }
// @ts-ignore: decorator
@inline function normalSs(r: f32): bool { return abs<f32>(r) > LEAST32 && abs<f32>(r) < Infinity; }
// @ts-ignore: decorator
@inline function normalSd(r: f64): bool { return abs<f64>(r) > LEAST64 && abs<f64>(r) < Infinity; }

export function addps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f32x4.add(a, b);
  const fine = v128.and(v128.and(whole32(a), whole32(b)), v128.or(normal32(r), f32x4.eq(r, f32x4.splat(0))));
  return quick() && i32x4.all_true(fine) ? putXmm(u, r) : exactPacked(u, ADD, s, false);
}

export function addpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f64x2.add(a, b);
  const fine = v128.and(v128.and(whole64(a), whole64(b)), v128.or(normal64(r), f64x2.eq(r, f64x2.splat(0))));
  return quick() && i64x2.all_true(fine) ? putXmm(u, r) : exactPacked(u, ADD, s, true);
}

export function addss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  const r = a + b;
  if (!quick() || !wholeSs(a) || !wholeSs(b) || !(normalSs(r) || r == 0)) return exactScalar(u, ADD, s, false);
  store<f32>(target(u), r);
  return u + UOP_SIZE;
}

export function addsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  const r = a + b;
  if (!quick() || !wholeSd(a) || !wholeSd(b) || !(normalSd(r) || r == 0)) return exactScalar(u, ADD, s, true);
  store<f64>(target(u), r);
  return u + UOP_SIZE;
}

export function subps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f32x4.sub(a, b);
  const fine = v128.and(v128.and(whole32(a), whole32(b)), v128.or(normal32(r), f32x4.eq(r, f32x4.splat(0))));
  return quick() && i32x4.all_true(fine) ? putXmm(u, r) : exactPacked(u, SUB, s, false);
}

export function subpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f64x2.sub(a, b);
  const fine = v128.and(v128.and(whole64(a), whole64(b)), v128.or(normal64(r), f64x2.eq(r, f64x2.splat(0))));
  return quick() && i64x2.all_true(fine) ? putXmm(u, r) : exactPacked(u, SUB, s, true);
}

export function subss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  const r = a - b;
  if (!quick() || !wholeSs(a) || !wholeSs(b) || !(normalSs(r) || r == 0)) return exactScalar(u, SUB, s, false);
  store<f32>(target(u), r);
  return u + UOP_SIZE;
}

export function subsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  const r = a - b;
  if (!quick() || !wholeSd(a) || !wholeSd(b) || !(normalSd(r) || r == 0)) return exactScalar(u, SUB, s, true);
  store<f64>(target(u), r);
  return u + UOP_SIZE;
}

export function mulps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f32x4.mul(a, b);
  const zero = v128.and(f32x4.eq(r, f32x4.splat(0)), v128.or(f32x4.eq(a, f32x4.splat(0)), f32x4.eq(b, f32x4.splat(0))));
  const fine = v128.and(v128.and(whole32(a), whole32(b)), v128.or(normal32(r), zero));
  return quick() && i32x4.all_true(fine) ? putXmm(u, r) : exactPacked(u, MUL, s, false);
}

export function mulpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f64x2.mul(a, b);
  const zero = v128.and(f64x2.eq(r, f64x2.splat(0)), v128.or(f64x2.eq(a, f64x2.splat(0)), f64x2.eq(b, f64x2.splat(0))));
  const fine = v128.and(v128.and(whole64(a), whole64(b)), v128.or(normal64(r), zero));
  return quick() && i64x2.all_true(fine) ? putXmm(u, r) : exactPacked(u, MUL, s, true);
}

export function mulss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  const r = a * b;
  if (!quick() || !wholeSs(a) || !wholeSs(b) || !(normalSs(r) || (r == 0 && (a == 0 || b == 0)))) return exactScalar(u, MUL, s, false);
  store<f32>(target(u), r);
  return u + UOP_SIZE;
}

export function mulsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  const r = a * b;
  if (!quick() || !wholeSd(a) || !wholeSd(b) || !(normalSd(r) || (r == 0 && (a == 0 || b == 0)))) return exactScalar(u, MUL, s, true);
  store<f64>(target(u), r);
  return u + UOP_SIZE;
}

export function divps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f32x4.div(a, b);
  const fine = v128.and(v128.and(whole32(a), whole32(b)), v128.or(normal32(r), v128.and(f32x4.eq(r, f32x4.splat(0)), f32x4.eq(a, f32x4.splat(0)))));
  return quick() && i32x4.all_true(fine) ? putXmm(u, r) : exactPacked(u, DIV, s, false);
}

export function divpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  const r = f64x2.div(a, b);
  const fine = v128.and(v128.and(whole64(a), whole64(b)), v128.or(normal64(r), v128.and(f64x2.eq(r, f64x2.splat(0)), f64x2.eq(a, f64x2.splat(0)))));
  return quick() && i64x2.all_true(fine) ? putXmm(u, r) : exactPacked(u, DIV, s, true);
}

export function divss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  const r = a / b;
  if (!quick() || !wholeSs(a) || !wholeSs(b) || !(normalSs(r) || (r == 0 && a == 0))) return exactScalar(u, DIV, s, false);
  store<f32>(target(u), r);
  return u + UOP_SIZE;
}

export function divsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  const r = a / b;
  if (!quick() || !wholeSd(a) || !wholeSd(b) || !(normalSd(r) || (r == 0 && a == 0))) return exactScalar(u, DIV, s, true);
  store<f64>(target(u), r);
  return u + UOP_SIZE;
}

// ---- the root of a positive normal number is normal ---------------------------------------------------------------------
export function sqrtps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const b = v128.load(s);
  const r = f32x4.sqrt(b);
  return quick() && i32x4.all_true(v128.and(whole32(b), f32x4.lt(r, f32x4.splat(Infinity))))
    ? putXmm(u, r) : exactPacked(u, SQRT, s, false);
}
export function sqrtpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const b = v128.load(s);
  const r = f64x2.sqrt(b);
  return quick() && i64x2.all_true(v128.and(whole64(b), f64x2.lt(r, f64x2.splat(Infinity))))
    ? putXmm(u, r) : exactPacked(u, SQRT, s, true);
}
export function sqrtss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const b = load<f32>(s);
  const r = sqrt<f32>(b);
  if (!quick() || !wholeSs(b) || !(r < Infinity)) return exactScalar(u, SQRT, s, false);
  store<f32>(target(u), r);
  return u + UOP_SIZE;
}
export function sqrtsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const b = load<f64>(s);
  const r = sqrt<f64>(b);
  if (!quick() || !wholeSd(b) || !(r < Infinity)) return exactScalar(u, SQRT, s, true);
  store<f64>(target(u), r);
  return u + UOP_SIZE;
}

// ---- SSE3: sums of the lanes of `a` and `b`, which hold neighbours, or of which every other lane is negated ------------------
// @ts-ignore: decorator
@inline function sums32(u: usize, op: u32, a: v128, b: v128): usize {
  const signs = op == SUB ? i32x4.splat(-0x80000000) : op == ADDSUB ? i32x4(-0x80000000, 0, -0x80000000, 0) : i32x4.splat(0);
  const r = f32x4.add(a, v128.xor(b, signs));
  const fine = v128.and(v128.and(whole32(a), whole32(b)), v128.or(normal32(r), f32x4.eq(r, f32x4.splat(0))));
  return quick() && i32x4.all_true(fine) ? putXmm(u, r) : exactPair(u, op, a, b, false);
}
// @ts-ignore: decorator
@inline function sums64(u: usize, op: u32, a: v128, b: v128): usize {
  const signs = op == SUB ? f64x2.splat(-0.0) : op == ADDSUB ? f64x2(-0.0, 0) : f64x2.splat(0);
  const r = f64x2.add(a, v128.xor(b, signs));
  const fine = v128.and(v128.and(whole64(a), whole64(b)), v128.or(normal64(r), f64x2.eq(r, f64x2.splat(0))));
  return quick() && i64x2.all_true(fine) ? putXmm(u, r) : exactPair(u, op, a, b, true);
}
// @ts-ignore: decorator
@inline function evens32(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 0, 2, 4, 6); }
// @ts-ignore: decorator
@inline function odds32(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 1, 3, 5, 7); }
// @ts-ignore: decorator
@inline function evens64(a: v128, b: v128): v128 { return v128.shuffle<i64>(a, b, 0, 2); }
// @ts-ignore: decorator
@inline function odds64(a: v128, b: v128): v128 { return v128.shuffle<i64>(a, b, 1, 3); }

export function addsubps(u: usize): usize { const s = source128(u); return s ? sums32(u, ADDSUB, xmm(u), v128.load(s)) : fault(u); }
export function addsubpd(u: usize): usize { const s = source128(u); return s ? sums64(u, ADDSUB, xmm(u), v128.load(s)) : fault(u); }
export function haddps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return sums32(u, ADD, evens32(a, b), odds32(a, b));
}
export function haddpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return sums64(u, ADD, evens64(a, b), odds64(a, b));
}
export function hsubps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return sums32(u, SUB, evens32(a, b), odds32(a, b));
}
export function hsubpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return sums64(u, SUB, evens64(a, b), odds64(a, b));
}
