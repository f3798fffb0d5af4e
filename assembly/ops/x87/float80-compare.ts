// Ordering of 80-bit values.
// SDM vol. 2 FCOM, FUCOM (tables of condition codes).
import { isSignalling, isUnsupported, needsNan, noteDenormal } from './float80-class';
import { IE, SIGN, signal } from './float80-round';

// condition codes, at their places in the status word
export const C0: u32 = 0x100;
export const C2: u32 = 0x400;
export const C3: u32 = 0x4000;

export const GREATER: u32 = 0;
export const LESS: u32 = C0;
export const EQUAL: u32 = C3;
export const UNORDERED: u32 = C0 | C2 | C3;

/** Orders a against b. A quiet NaN signals IE unless `quietly`. */
export function compare(aw: u32, a: u64, bw: u32, b: u64, quietly: bool): u32 {
  if (needsNan(aw, a) || needsNan(bw, b)) {
    if (!quietly || isUnsupported(aw, a) || isUnsupported(bw, b) || isSignalling(aw, a) || isSignalling(bw, b)) signal(IE);
    return UNORDERED;
  }
  noteDenormal(aw, a);
  noteDenormal(bw, b);
  if ((a | b) == 0) return EQUAL;
  if ((aw ^ bw) & SIGN) return aw & SIGN ? LESS : GREATER;
  if (aw == bw && a == b) return EQUAL;
  // a pseudo-denormal has the exponent of the smallest normal numbers
  const ae = (aw & 0x7fff) | u32((aw & 0x7fff) == 0 && <i64>a < 0);
  const be = (bw & 0x7fff) | u32((bw & 0x7fff) == 0 && <i64>b < 0);
  if (ae == be && a == b) return EQUAL;
  const larger = ae != be ? ae > be : a > b;
  return larger == ((aw & SIGN) == 0) ? GREATER : LESS;
}
