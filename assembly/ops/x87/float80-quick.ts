// The usual case of 80-bit arithmetic in one piece: normal numbers, rounding to nearest at full precision, inexact results masked, a
// normal result. float80-arithmetic.ts does the rest. SDM vol. 2 FADD, FSUB, FMUL, FDIV.
//
// `to` is the register that holds the first operand and takes the result; `flip` is SIGN when the first operand is to be negated. The
// value is the new status word; below 0: not the usual case, nothing has changed.
import { FPU_CONTROL, FPU_STATUS } from '../../abi';
import { divide128, divideRemainder, mulHigh } from './float80-arithmetic';
import { BIAS, C1, PC, PE, RC, SIGN, TOP } from './float80-round';

const UNUSUAL: i32 = -1;

// @ts-ignore: decorator
@inline function usual(aw: u32, a: u64, bw: u32, b: u64): bool {
  return (<u32>load<u16>(FPU_CONTROL) & (RC | PC | PE)) == (PC | PE) &&
    ((<u32>((aw & 0x7fff) - 1 < 0x7ffe)) & (<u32>((bw & 0x7fff) - 1 < 0x7ffe))) != 0 && <i64>(a & b) < 0;
}

/** Rounds sig.rest to `to`. */
// @ts-ignore: decorator
@inline function conclude(to: usize, sign: u32, exp: i32, sig: u64, rest: u64): i32 {
  // an exponent of 0x7ffe may still overflow by rounding
  if (<u32>(exp - 1) >= 0x7ffd) return UNUSUAL;
  let status = <u32>load<u16>(FPU_STATUS) & ~C1;
  if (rest != 0) {
    status |= PE;
    if (rest - 1 + (sig & 1) >= TOP) {
      status |= C1;
      if (++sig == 0) {
        sig = TOP;
        exp++;
      }
    }
  }
  store<u16>(FPU_STATUS, status);
  store<u64>(to, sig);
  store<u16>(to, sign | exp, 8);
  return status;
}

export function add80(to: usize, flip: u32, bw: u32, b: u64): i32 {
  let aw = <u32>load<u16>(to, 8) ^ flip;
  let a = load<u64>(to);
  if (!usual(aw, a, bw, b)) return UNUSUAL;
  let ae = <i32>(aw & 0x7fff);
  let be = <i32>(bw & 0x7fff);
  if (ae < be || (ae == be && a < b)) {
    const w = aw; aw = bw; bw = w;
    const e = ae; ae = be; be = e;
    const s = a; a = b; b = s;
  }
  const sign = aw & SIGN;
  let rest: u64 = 0;
  const d: u64 = ae - be;
  if (d != 0) {
    if (d >= 64) return UNUSUAL;
    rest = b << (64 - d);
    b >>= d;
  }
  if (((aw ^ bw) & SIGN) == 0) {
    let s = a + b;
    if (s < a) {
      rest = (s << 63) | (rest >> 1) | (rest & 1);
      s = (s >> 1) | TOP;
      ae++;
    }
    return conclude(to, sign, ae, s, rest);
  }
  let s = a - b - u64(rest != 0);
  rest = 0 - rest;
  if (<i64>s >= 0) {
    if (s == 0) return UNUSUAL;
    const n = clz(s);
    s = (s << n) | (rest >> (64 - n));
    rest <<= n;
    ae -= <i32>n;
  }
  return conclude(to, sign, ae, s, rest);
}

export function mul80(to: usize, flip: u32, bw: u32, b: u64): i32 {
  const aw = <u32>load<u16>(to, 8);
  const a = load<u64>(to);
  if (!usual(aw, a, bw, b)) return UNUSUAL;
  const sign = (aw ^ bw ^ flip) & SIGN;
  const exponents = <i32>(aw & 0x7fff) + <i32>(bw & 0x7fff);
  const high = mulHigh(a, b);
  const low = a * b;
  if (<i64>high < 0) return conclude(to, sign, exponents - (BIAS - 1), high, low);
  return conclude(to, sign, exponents - BIAS, (high << 1) | (low >> 63), low << 1);
}

/** `reversed`, not 0: the first operand is the divisor. */
export function div80(to: usize, reversed: u32, bw: u32, b: u64): i32 {
  let aw = <u32>load<u16>(to, 8);
  let a = load<u64>(to);
  if (!usual(aw, a, bw, b)) return UNUSUAL;
  if (reversed) {
    const w = aw; aw = bw; bw = w;
    const s = a; a = b; b = s;
  }
  let exponents = <i32>(aw & 0x7fff) - <i32>(bw & 0x7fff);
  let q: u64;
  if (a < b) {
    q = divide128(a, 0, b);
    exponents--;
  } else {
    q = divide128(a >> 1, a << 63, b);
  }
  // above, at or below half of the last place
  const r = divideRemainder();
  const rest: u64 = r == 0 ? 0 : r > b - r ? TOP | 1 : r == b - r ? TOP : 1;
  return conclude(to, (aw ^ bw) & SIGN, exponents + BIAS, q, rest);
}
