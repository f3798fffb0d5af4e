// IEEE 754 single and double precision in integers: the exact result and the exact MXCSR flags, in any rounding mode.
// SDM vol. 1 4.8 (formats, NaNs, rounding), 11.5 (SIMD exceptions), 11.6 (MXCSR), appendix E. `wide` = double precision.
// A number is taken apart into sign, exponent and a significand whose leading one is bit 62; bits below the target precision
// keep what rounding needs to know, the lowest one being sticky.
import { MXCSR } from '../../abi';

export const IE: u32 = 1;
export const DE: u32 = 2;
export const ZE: u32 = 4;
export const OE: u32 = 8;
export const UE: u32 = 16;
export const PE: u32 = 32;
const DAZ: u32 = 0x40;
const UM: u32 = 0x800;
const OM: u32 = 0x400;
const FTZ: u32 = 0x8000;
const ROUND_NEAREST: u32 = 0;
const ROUND_DOWN: u32 = 1;
const ROUND_UP: u32 = 2;
const ROUND_ZERO: u32 = 3;

export const ADD: u32 = 0;
export const SUB: u32 = 1;
export const MUL: u32 = 2;
export const DIV: u32 = 3;
export const SQRT: u32 = 4;
export const MIN: u32 = 5;
export const MAX: u32 = 6;
/** Even lanes subtract, odd lanes add. */
export const ADDSUB: u32 = 7;
/** CMP + predicate (0 to 7). */
export const CMP: u32 = 8;

/** Kinds of an operand, in an order that `>= QNAN` is a NaN. */
const ZERO: u32 = 0;
const FINITE: u32 = 1;
const INFINITE: u32 = 2;
const QNAN: u32 = 3;
const SNAN: u32 = 4;

/** Outcomes of a comparison, as bits. */
export const LESS: u32 = 1;
export const EQUAL: u32 = 2;
export const GREATER: u32 = 4;
export const UNORDERED: u32 = 8;

/** Flags that the instruction has raised so far. */
export let raised: u32 = 0;
export function clearRaised(): void { raised = 0; }

let kind: u32 = 0;
let sign: u32 = 0;
let exponent: i32 = 0;
let significand: u64 = 0;
let denormal: bool = false;

function unpack(bits: u64, wide: bool): void {
  const fractionBits: u64 = wide ? 52 : 23;
  const bias: i32 = wide ? 1023 : 127;
  const fraction = bits & (((<u64>1) << fractionBits) - 1);
  const field = <i32>(bits >> fractionBits) & (wide ? 0x7ff : 0xff);
  sign = <u32>(bits >> (wide ? 63 : 31)) & 1;
  denormal = false;
  if (field == (wide ? 0x7ff : 0xff)) {
    kind = fraction == 0 ? INFINITE : (fraction >> (fractionBits - 1)) != 0 ? QNAN : SNAN;
  } else if (field != 0) {
    kind = FINITE;
    significand = (fraction | ((<u64>1) << fractionBits)) << (62 - fractionBits);
    exponent = field - bias;
  } else if (fraction == 0 || (load<u32>(MXCSR) & DAZ) != 0) {
    kind = ZERO;
    significand = 0;
  } else {
    const shift = clz<u64>(fraction) - 1;
    kind = FINITE;
    denormal = true;
    significand = fraction << shift;
    exponent = 63 - <i32>shift - bias - <i32>fractionBits;
  }
}

// @ts-ignore: decorator
@inline function signed(s: u32, wide: bool): u64 { return <u64>s << (wide ? 63 : 31); }
// @ts-ignore: decorator
@inline function infinity(s: u32, wide: bool): u64 { return signed(s, wide) | (wide ? 0x7ff0000000000000 : 0x7f800000); }
// @ts-ignore: decorator
@inline function quiet(bits: u64, wide: bool): u64 { return bits | (wide ? 0x0008000000000000 : 0x00400000); }
/** An invalid operation: its flag, and the default NaN. */
function invalid(wide: bool): u64 {
  raised |= IE;
  return wide ? 0xfff8000000000000 : 0xffc00000;
}

// @ts-ignore: decorator
@inline function jam(value: u64, by: u32): u64 {
  if (by == 0) return value;
  return by > 63 ? u64(value != 0) : (value >> by) | u64((value << (64 - by)) != 0);
}

// @ts-ignore: decorator
@inline function rounding(): u32 { return (load<u32>(MXCSR) >>> 13) & 3; }

/** `value` without its low `drop` bits (1 to 63), rounded as `mode` says for a number of sign `s`. */
function rounded(value: u64, drop: u64, s: u32, mode: u32): u64 {
  const rest = value & (((<u64>1) << drop) - 1);
  const whole = value >> drop;
  if (rest == 0 || mode == ROUND_ZERO) return whole;
  if (mode == ROUND_DOWN) return whole + s;
  if (mode == ROUND_UP) return whole + (s ^ 1);
  const half = (<u64>1) << (drop - 1);
  return rest > half || (rest == half && (whole & 1) != 0) ? whole + 1 : whole;
}

/** Rounds and packs (-1)^s * m * 2^(e - 62). */
function pack(s: u32, e: i32, m: u64, wide: bool): u64 {
  const mxcsr = load<u32>(MXCSR);
  const drop: u64 = wide ? 10 : 39;
  const fractionBits: u64 = wide ? 52 : 23;
  const least: i32 = wide ? -1022 : -126;
  const below = ((<u64>1) << drop) - 1;
  let q = rounded(m, drop, s, rounding());
  const carried = (q >> (fractionBits + 1)) != 0;
  // tininess is found after rounding, as if the exponent had no bound
  if (e < least - 1 || (e == least - 1 && !carried)) {
    if ((mxcsr & UM) == 0) {
      raised |= UE | ((m & below) != 0 ? PE : 0);
      return 0;
    }
    if ((mxcsr & FTZ) != 0) {
      raised |= UE | PE;
      return signed(s, wide);
    }
    m = jam(m, least - e);
    if ((m & below) != 0) raised |= UE | PE;
    return signed(s, wide) | rounded(m, drop, s, rounding());
  }
  const inexact = (m & below) != 0;
  if (carried) {
    q >>= 1;
    e++;
  }
  if (e > 1 - least) {
    raised |= OE | (inexact || (mxcsr & OM) != 0 ? PE : 0);
    const mode = rounding();
    const away = mode == ROUND_NEAREST || (mode == ROUND_DOWN && s == 1) || (mode == ROUND_UP && s == 0);
    return infinity(s, wide) - (away ? 0 : 1);
  }
  if (inexact) raised |= PE;
  return signed(s, wide) | ((<u64>(e - least + 1) << fractionBits) + (q - ((<u64>1) << fractionBits)));
}

// ---- operations on finite numbers ---------------------------------------------------------------------------------------------
function addFinite(sa: u32, ea: i32, ma: u64, sb: u32, eb: i32, mb: u64, wide: bool): u64 {
  if (ma == 0 && mb == 0) return signed(sa == sb ? sa : u32(rounding() == ROUND_DOWN), wide);
  if (mb == 0) return pack(sa, ea, ma, wide);
  if (ma == 0) return pack(sb, eb, mb, wide);
  if (ea < eb || (ea == eb && ma < mb)) {
    const s = sa;
    sa = sb;
    sb = s;
    const e = ea;
    ea = eb;
    eb = e;
    const m = ma;
    ma = mb;
    mb = m;
  }
  mb = jam(mb, ea - eb);
  if (sa == sb) {
    const sum = ma + mb;
    return (sum >> 63) != 0 ? pack(sa, ea + 1, jam(sum, 1), wide) : pack(sa, ea, sum, wide);
  }
  const difference = ma - mb;
  if (difference == 0) return signed(u32(rounding() == ROUND_DOWN), wide);
  const shift = clz<u64>(difference) - 1;
  return pack(sa, ea - <i32>shift, difference << shift, wide);
}

function multiplyFinite(s: u32, ea: i32, ma: u64, eb: i32, mb: u64, wide: bool): u64 {
  // the upper 64 bits of the product of two numbers with bit 63 set, and whether anything is below
  const al = (ma << 1) & 0xffffffff;
  const ah = ma >> 31;
  const bl = (mb << 1) & 0xffffffff;
  const bh = mb >> 31;
  const ll = al * bl;
  const middle = ah * bl + (ll >> 32);
  const cross = al * bh + (middle & 0xffffffff);
  const high = ah * bh + (middle >> 32) + (cross >> 32);
  const m = high | u64(((ll & 0xffffffff) | (cross & 0xffffffff)) != 0);
  return (m >> 63) != 0 ? pack(s, ea + eb + 1, jam(m, 1), wide) : pack(s, ea + eb, m, wide);
}

function divideFinite(s: u32, ea: i32, ma: u64, eb: i32, mb: u64, wide: bool): u64 {
  let e = ea - eb;
  if (ma < mb) {
    ma <<= 1;
    e--;
  }
  const bits: u64 = wide ? 55 : 26;
  let q: u64 = 0;
  for (let i: u64 = 0; i < bits; i++) {
    q <<= 1;
    if (ma >= mb) {
      ma -= mb;
      q |= 1;
    }
    ma <<= 1;
  }
  return pack(s, e, (q << (63 - bits)) | u64(ma != 0), wide);
}

function rootFinite(e: i32, m: u64, wide: bool): u64 {
  if (e & 1) {
    m <<= 1;
    e--;
  }
  const bits: u64 = wide ? 55 : 26;
  let root: u64 = 0;
  let rest: u64 = 0;
  for (let i: u64 = 0; i < bits; i++) {
    rest = (rest << 2) | (m >> 62);
    m <<= 2;
    const trial = (root << 2) | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  return pack(0, e >> 1, (root << (63 - bits)) | u64((rest | m) != 0), wide);
}

// ---- operations ---------------------------------------------------------------------------------------------------------------
/** A denormal operand reads as zero under DAZ. */
function flushed(bits: u64, wide: bool): u64 {
  const magnitude = wide ? bits & 0x7fffffffffffffff : bits & 0x7fffffff;
  const least: u64 = wide ? 0x0010000000000000 : 0x00800000;
  return magnitude < least && (load<u32>(MXCSR) & DAZ) != 0 ? bits ^ magnitude : bits;
}

// @ts-ignore: decorator
@inline function valueOf(bits: u64, wide: bool): f64 { return wide ? reinterpret<f64>(bits) : <f64>reinterpret<f32>(<u32>bits); }

/** LESS, EQUAL, GREATER or UNORDERED; `signaling`: a quiet NaN is invalid too. */
export function relation(a: u64, b: u64, wide: bool, signaling: bool): u32 {
  unpack(a, wide);
  const kindA = kind;
  const denormalA = denormal;
  unpack(b, wide);
  if (kindA >= QNAN || kind >= QNAN) {
    if (signaling || kindA == SNAN || kind == SNAN) raised |= IE;
    return UNORDERED;
  }
  if (denormalA || denormal) raised |= DE;
  const x = valueOf(flushed(a, wide), wide);
  const y = valueOf(flushed(b, wide), wide);
  return x < y ? LESS : x > y ? GREATER : EQUAL;
}

function extreme(op: u32, a: u64, b: u64, wide: bool): u64 {
  const wanted = op == MIN ? LESS : GREATER;
  const r = relation(a, b, wide, true);
  return flushed(r == wanted ? a : b, wide);
}

function matches(predicate: u32, a: u64, b: u64, wide: bool): u64 {
  const p = predicate & 3;
  const signaling = p == 1 || p == 2;
  const r = relation(a, b, wide, signaling);
  const accepted = p == 0 ? EQUAL : p == 1 ? LESS : p == 2 ? LESS | EQUAL : UNORDERED;
  const yes = ((r & accepted) != 0) != ((predicate & 4) != 0);
  return yes ? (wide ? 0xffffffffffffffff : 0xffffffff) : 0;
}

/** The square root of `b`. */
function squareRoot(b: u64, wide: bool): u64 {
  unpack(b, wide);
  if (kind >= QNAN) {
    if (kind == SNAN) raised |= IE;
    return quiet(b, wide);
  }
  if (kind == ZERO) return signed(sign, wide);
  if (sign) return invalid(wide);
  if (denormal) raised |= DE;
  return kind == INFINITE ? b : rootFinite(exponent, significand, wide);
}

/** `a op b`: bits in, bits out (single precision in the low half). SQRT takes b alone. */
export function calculate(op: u32, a: u64, b: u64, wide: bool): u64 {
  if (op >= CMP) return matches(op - CMP, a, b, wide);
  if (op == MIN || op == MAX) return extreme(op, a, b, wide);
  if (op == SQRT) return squareRoot(b, wide);
  unpack(a, wide);
  const ka = kind;
  const sa = sign;
  const ea = exponent;
  const ma = significand;
  const da = denormal;
  unpack(b, wide);
  if (ka >= QNAN || kind >= QNAN) {
    if (ka == SNAN || kind == SNAN) raised |= IE;
    return quiet(ka >= QNAN ? a : b, wide);
  }
  const tiny: u32 = da || denormal ? DE : 0;
  if (op <= SUB) {
    const sb = sign ^ op;
    if (ka == INFINITE && kind == INFINITE && sa != sb) return invalid(wide);
    raised |= tiny;
    if (ka == INFINITE) return a;
    if (kind == INFINITE) return infinity(sb, wide);
    return addFinite(sa, ea, ma, sb, exponent, significand, wide);
  }
  const s = sa ^ sign;
  if (op == MUL) {
    if ((ka == INFINITE && kind == ZERO) || (ka == ZERO && kind == INFINITE)) return invalid(wide);
    raised |= tiny;
    if (ka == INFINITE || kind == INFINITE) return infinity(s, wide);
    if (ka == ZERO || kind == ZERO) return signed(s, wide);
    return multiplyFinite(s, ea, ma, exponent, significand, wide);
  }
  if (ka == kind && ka != FINITE) return invalid(wide);
  if (kind == ZERO && ka == FINITE) {
    raised |= ZE;
    return infinity(s, wide);
  }
  raised |= tiny;
  if (ka == INFINITE || kind == ZERO) return infinity(s, wide);
  if (ka == ZERO || kind == INFINITE) return signed(s, wide);
  return divideFinite(s, ea, ma, exponent, significand, wide);
}

// ---- conversions --------------------------------------------------------------------------------------------------------------
/** Single to double precision or, when `wide`, double to single. */
export function reformat(bits: u64, wide: bool): u64 {
  unpack(bits, wide);
  if (kind >= QNAN) {
    if (kind == SNAN) raised |= IE;
    const fraction = wide ? (bits >> 29) & 0x7fffff : (bits << 29) & 0xfffffffffffff;
    return quiet(infinity(sign, !wide) | fraction, !wide);
  }
  if (denormal) raised |= DE;
  if (kind == ZERO) return signed(sign, !wide);
  return kind == INFINITE ? infinity(sign, !wide) : pack(sign, exponent, significand, !wide);
}

/** To a signed 32-bit integer; what does not fit is 0x80000000. */
export function toInteger(bits: u64, wide: bool, truncate: bool): u32 {
  unpack(bits, wide);
  if (kind == ZERO) return 0;
  if (kind == FINITE && exponent < 32) {
    const value = exponent < -1 ? 1 : significand;
    const drop: u64 = exponent < -1 ? 62 : <u64>(62 - exponent);
    const q = rounded(value, drop, sign, truncate ? ROUND_ZERO : rounding());
    if (q <= 0x7fffffff + <u64>sign) {
      if ((value & (((<u64>1) << drop) - 1)) != 0) raised |= PE;
      return sign ? -(<u32>q) : <u32>q;
    }
  }
  raised |= IE;
  return 0x80000000;
}

/** From a signed integer. */
export function fromInteger(value: i64, wide: bool): u64 {
  if (value == 0) return 0;
  const s: u32 = value < 0 ? 1 : 0;
  const magnitude = s ? -(<u64>value) : <u64>value;
  const shift = clz<u64>(magnitude);
  // bit 63 first, then down to 62
  return pack(s, 63 - <i32>shift, jam(magnitude << shift, 1), wide);
}
