// Comparisons, minimum and maximum. The engine's compares agree with SSE's but for the flags: only NaNs and denormals raise any,
// and they go the exact way. SDM vol. 2: CMPx, COMISx, UCOMISx, MINx, MAXx.
import { fault } from '../../cpu/fault';
import { CF, PF, setArithmetic, ZF } from '../../cpu/flags';
import { UOP_SIZE } from '../../uop';
import { imm } from '../operand';
import { whole32, whole64, wholeSd, wholeSs } from './float';
import { exactPacked, exactScalar, settle } from './float-exact';
import { putXmm, source128, source32, source64, target, xmm } from './operand';
import { clearRaised, CMP, EQUAL, GREATER, LESS, MAX, MIN, relation } from './soft-float';

export function minps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return i32x4.all_true(v128.and(whole32(a), whole32(b)))
    ? putXmm(u, f32x4.pmin(b, a)) : exactPacked(u, MIN, s, false);
}
export function minpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return i64x2.all_true(v128.and(whole64(a), whole64(b)))
    ? putXmm(u, f64x2.pmin(b, a)) : exactPacked(u, MIN, s, true);
}
export function minss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  if (!wholeSs(a) || !wholeSs(b)) return exactScalar(u, MIN, s, false);
  store<f32>(target(u), a < b ? a : b);
  return u + UOP_SIZE;
}
export function minsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  if (!wholeSd(a) || !wholeSd(b)) return exactScalar(u, MIN, s, true);
  store<f64>(target(u), a < b ? a : b);
  return u + UOP_SIZE;
}
export function maxps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return i32x4.all_true(v128.and(whole32(a), whole32(b)))
    ? putXmm(u, f32x4.pmax(b, a)) : exactPacked(u, MAX, s, false);
}
export function maxpd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return i64x2.all_true(v128.and(whole64(a), whole64(b)))
    ? putXmm(u, f64x2.pmax(b, a)) : exactPacked(u, MAX, s, true);
}
export function maxss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  if (!wholeSs(a) || !wholeSs(b)) return exactScalar(u, MAX, s, false);
  store<f32>(target(u), a > b ? a : b);
  return u + UOP_SIZE;
}
export function maxsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  if (!wholeSd(a) || !wholeSd(b)) return exactScalar(u, MAX, s, true);
  store<f64>(target(u), a > b ? a : b);
  return u + UOP_SIZE;
}

// ---- masks ----------------------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline function predicate(u: usize): u32 { return imm(u) & 7; }

/** Of operands that are all ordered: UNORD is never true; the upper four predicates are the lower ones negated. */
function mask32(p: u32, a: v128, b: v128): v128 {
  const lower = p & 3;
  const yes = lower == 0 ? f32x4.eq(a, b) : lower == 1 ? f32x4.lt(a, b) : lower == 2 ? f32x4.le(a, b) : i32x4.splat(0);
  return p & 4 ? v128.not(yes) : yes;
}
function mask64(p: u32, a: v128, b: v128): v128 {
  const lower = p & 3;
  const yes = lower == 0 ? f64x2.eq(a, b) : lower == 1 ? f64x2.lt(a, b) : lower == 2 ? f64x2.le(a, b) : i64x2.splat(0);
  return p & 4 ? v128.not(yes) : yes;
}
export function cmpps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return i32x4.all_true(v128.and(whole32(a), whole32(b)))
    ? putXmm(u, mask32(predicate(u), a, b)) : exactPacked(u, CMP + predicate(u), s, false);
}
export function cmppd(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = xmm(u);
  const b = v128.load(s);
  return i64x2.all_true(v128.and(whole64(a), whole64(b)))
    ? putXmm(u, mask64(predicate(u), a, b)) : exactPacked(u, CMP + predicate(u), s, true);
}

/** The predicate for two ordered numbers. */
// @ts-ignore: decorator
@inline function holds<T>(p: u32, a: T, b: T): bool {
  const lower = p & 3;
  const yes = lower == 0 ? a == b : lower == 1 ? a < b : lower == 2 ? a <= b : false;
  return yes != ((p & 4) != 0);
}
export function cmpss(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  if (!wholeSs(a) || !wholeSs(b)) return exactScalar(u, CMP + predicate(u), s, false);
  store<i32>(target(u), -<i32>holds<f32>(predicate(u), a, b));
  return u + UOP_SIZE;
}
export function cmpsd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  if (!wholeSd(a) || !wholeSd(b)) return exactScalar(u, CMP + predicate(u), s, true);
  store<i64>(target(u), -<i64>holds<f64>(predicate(u), a, b));
  return u + UOP_SIZE;
}

// ---- EFLAGS ---------------------------------------------------------------------------------------------------------------
function setRelation(r: u32): void {
  setArithmetic(r == LESS ? CF : r == EQUAL ? ZF : r == GREATER ? 0 : ZF | PF | CF);
}

function compareSs(u: usize, s: usize, signaling: bool): usize {
  const a = load<f32>(target(u));
  const b = load<f32>(s);
  if (wholeSs(a) && wholeSs(b)) {
    setRelation(a < b ? LESS : a > b ? GREATER : EQUAL);
    return u + UOP_SIZE;
  }
  clearRaised();
  const r = relation(load<u32>(target(u)), load<u32>(s), false, signaling);
  if (!settle()) return fault(u);
  setRelation(r);
  return u + UOP_SIZE;
}
export function comiss(u: usize): usize { const s = source32(u); return s ? compareSs(u, s, true) : fault(u); }
export function ucomiss(u: usize): usize { const s = source32(u); return s ? compareSs(u, s, false) : fault(u); }

function compareSd(u: usize, s: usize, signaling: bool): usize {
  const a = load<f64>(target(u));
  const b = load<f64>(s);
  if (wholeSd(a) && wholeSd(b)) {
    setRelation(a < b ? LESS : a > b ? GREATER : EQUAL);
    return u + UOP_SIZE;
  }
  clearRaised();
  const r = relation(load<u64>(target(u)), load<u64>(s), true, signaling);
  if (!settle()) return fault(u);
  setRelation(r);
  return u + UOP_SIZE;
}
export function comisd(u: usize): usize { const s = source64(u); return s ? compareSd(u, s, true) : fault(u); }
export function ucomisd(u: usize): usize { const s = source64(u); return s ? compareSd(u, s, false) : fault(u); }
