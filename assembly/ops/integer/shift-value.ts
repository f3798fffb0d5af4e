// What shifts and rotates do to a value and the flags. Counts are masked to 0-31; a count of 0 changes no flag.
// SDM vol. 2, RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD, SHRD. OF is given for every count as for a count of 1.
import { cf, setCfOf } from '../../cpu/flags';
import { narrow, setResult, signed, width } from '../operand-sized';

// @ts-ignore: decorator
@inline export function rol<T>(v: u32, count: u32): u32 {
  if (count == 0) return v;
  const n = count & (width<T>() - 1);
  const r = sizeof<T>() == 4 ? rotl<u32>(v, n) : narrow<T>((v << n) | (v >>> (width<T>() - n)));
  const c = r & 1;
  setCfOf(c, (r >>> (width<T>() - 1)) ^ c);
  return r;
}

// @ts-ignore: decorator
@inline export function ror<T>(v: u32, count: u32): u32 {
  if (count == 0) return v;
  const n = count & (width<T>() - 1);
  const r = sizeof<T>() == 4 ? rotr<u32>(v, n) : narrow<T>((v >>> n) | (v << (width<T>() - n)));
  const c = r >>> (width<T>() - 1);
  setCfOf(c, ((r >>> (width<T>() - 2)) & 1) ^ c);
  return r;
}

/** Rotates CF:v left by n < width + 1 as one number. */
// @ts-ignore: decorator
@inline function throughCarry<T>(v: u32, n: u32): u64 {
  const x = <u64>v | (<u64>cf() << width<T>());
  return (x << n) | (x >> (width<T>() + 1 - n));
}

// @ts-ignore: decorator
@inline export function rcl<T>(v: u32, count: u32): u32 {
  const n = sizeof<T>() == 4 ? count : count % (width<T>() + 1);
  if (n == 0) return v;
  const x = throughCarry<T>(v, n);
  const r = narrow<T>(<u32>x);
  const c = <u32>(x >> width<T>()) & 1;
  setCfOf(c, (r >>> (width<T>() - 1)) ^ c);
  return r;
}

// @ts-ignore: decorator
@inline export function rcr<T>(v: u32, count: u32): u32 {
  const n = sizeof<T>() == 4 ? count : count % (width<T>() + 1);
  if (n == 0) return v;
  const x = throughCarry<T>(v, width<T>() + 1 - n);
  const r = narrow<T>(<u32>x);
  setCfOf(<u32>(x >> width<T>()) & 1, (r >>> (width<T>() - 1)) ^ ((r >>> (width<T>() - 2)) & 1));
  return r;
}

// @ts-ignore: decorator
@inline export function shl<T>(v: u32, count: u32): u32 {
  if (count == 0) return v;
  const r = narrow<T>(v << count);
  const c = sizeof<T>() == 4 ? (v >>> (32 - count)) & 1 : ((v << count) >>> width<T>()) & 1;
  setResult<T>(r, c, (r >>> (width<T>() - 1)) ^ c);
  return r;
}

// @ts-ignore: decorator
@inline export function shr<T>(v: u32, count: u32): u32 {
  if (count == 0) return v;
  const r = v >>> count;
  setResult<T>(r, (v >>> (count - 1)) & 1, (r >>> (width<T>() - 2)) & 1);
  return r;
}

// @ts-ignore: decorator
@inline export function sar<T>(v: u32, count: u32): u32 {
  if (count == 0) return v;
  const s = signed<T>(v);
  const r = <u32>(s >> count);
  setResult<T>(r, <u32>(s >> (count - 1)) & 1, 0);
  return narrow<T>(r);
}

/** SHLD of `v`, filled from `from`. Counts over the width, undefined for 16 bits, rotate through both as current CPUs do. */
// @ts-ignore: decorator
@inline export function shld<T>(v: u32, from: u32, count: u32): u32 {
  if (count == 0) return v;
  let r: u32;
  let c: u32;
  if (sizeof<T>() == 4) {
    r = (v << count) | (from >>> (32 - count));
    c = (v >>> (32 - count)) & 1;
  } else {
    const x = (<u64>v << 32) | (from << 16) | v;
    r = <u32>((x << count) >> 32) & 0xffff;
    c = <u32>(x >> (48 - count)) & 1;
  }
  setResult<T>(r, c, (r ^ v) >>> (width<T>() - 1));
  return r;
}

/** SHRD, likewise. */
// @ts-ignore: decorator
@inline export function shrd<T>(v: u32, from: u32, count: u32): u32 {
  if (count == 0) return v;
  let r: u32;
  let c: u32;
  if (sizeof<T>() == 4) {
    r = (v >>> count) | (from << (32 - count));
    c = (v >>> (count - 1)) & 1;
  } else {
    const x = (<u64>v << 32) | (from << 16) | v;
    r = <u32>(x >> count) & 0xffff;
    c = <u32>(x >> (count - 1)) & 1;
  }
  setResult<T>(r, c, (r ^ v) >>> (width<T>() - 1));
  return r;
}
