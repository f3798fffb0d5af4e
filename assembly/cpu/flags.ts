// EFLAGS with lazy arithmetic flags.
// SDM vol. 1 section 3.4.3. Kept instead of the six arithmetic flags:
//   FLAG_RESULT  the last result, sign-extended to 32 bits: ZF, SF, PF
//   FLAG_CARRY   bit 31 CF; OF is bit 31 xor bit 30 (the carry into the top bit)
//   FLAG_AUX     bit 4 AF; bit 8 flips SF; bits 16-23 are xored into the byte whose parity is PF
// so that every flag is a few operations away, without knowing what op set it, and INC and DEC keep CF for free.
import { FLAG_RESULT, FLAG_CARRY, FLAG_AUX, FLAGS_SYSTEM } from '../abi';

export const CF: u32 = 1;
export const PF: u32 = 4;
export const AF: u32 = 0x10;
export const ZF: u32 = 0x40;
export const SF: u32 = 0x80;
export const TF: u32 = 0x100;
export const IF: u32 = 0x200;
export const DF: u32 = 0x400;
export const OF: u32 = 0x800;
export const IOPL: u32 = 0x3000;
export const NT: u32 = 0x4000;
export const RF: u32 = 0x10000;
export const VM: u32 = 0x20000;
export const AC: u32 = 0x40000;
export const VIF: u32 = 0x80000;
export const VIP: u32 = 0x100000;
export const ID: u32 = 0x200000;
export const ARITHMETIC: u32 = CF | PF | AF | ZF | SF | OF;
/** Every flag that exists on this CPU. */
export const ALL_FLAGS: u32 = 0x3f7fd7;

// @ts-ignore: decorator
@inline export function cf(): u32 { return load<u32>(FLAG_CARRY) >>> 31; }
// @ts-ignore: decorator
@inline export function zf(): bool { return load<u32>(FLAG_RESULT) == 0; }
// @ts-ignore: decorator
@inline export function sf(): bool { return <i32>(load<u32>(FLAG_RESULT) ^ (load<u32>(FLAG_AUX) << 23)) < 0; }
// @ts-ignore: decorator
@inline export function ovf(): bool { const c = load<u32>(FLAG_CARRY); return <i32>(c ^ (c << 1)) < 0; }
// @ts-ignore: decorator
@inline export function pf(): bool {
  return (popcnt<u32>((load<u32>(FLAG_RESULT) ^ (load<u32>(FLAG_AUX) >>> 16)) & 0xff) & 1) == 0;
}
// @ts-ignore: decorator
@inline export function af(): bool { return (load<u32>(FLAG_AUX) & 0x10) != 0; }

/** The whole EFLAGS image. */
export function getFlags(): u32 {
  return load<u32>(FLAGS_SYSTEM) | cf() | (pf() ? PF : 0) | (af() ? AF : 0) | (zf() ? ZF : 0) | (sf() ? SF : 0) | (ovf() ? OF : 0);
}

/** Sets the six arithmetic flags from the bits of an EFLAGS image. */
export function setArithmetic(v: u32): void {
  const c = v & 1;
  const o = (v >>> 11) & 1;
  const z = (v >>> 6) & 1;
  store<u32>(FLAG_RESULT, z ^ 1);
  store<u32>(FLAG_CARRY, (c << 31) | ((c ^ o) << 30));
  // the natural parity of result 0 is even, of result 1 odd
  const natural = z;
  store<u32>(FLAG_AUX, (v & AF) | ((v & SF) << 1) | ((((v >>> 2) & 1) ^ natural) << 16));
}

/** Replaces CF alone. */
export function setCf(c: bool): void {
  const o: u32 = ovf() ? 1 : 0;
  const b: u32 = c ? 1 : 0;
  store<u32>(FLAG_CARRY, (b << 31) | ((b ^ o) << 30));
}

/** Replaces CF and OF; the other flags stay (rotates). */
// @ts-ignore: decorator
@inline export function setCfOf(c: u32, o: u32): void {
  store<u32>(FLAG_CARRY, (c << 31) | ((c ^ o) << 30));
}

/** Flags of a logical result, already sign-extended to 32 bits: CF = OF = AF = 0. */
// @ts-ignore: decorator
@inline export function setLogic(r: u32): void {
  store<u32>(FLAG_RESULT, r);
  store<u32>(FLAG_CARRY, 0);
  store<u32>(FLAG_AUX, 0);
}

// @ts-ignore: decorator
@inline export function systemFlags(): u32 { return load<u32>(FLAGS_SYSTEM); }
// @ts-ignore: decorator
@inline export function iopl(): u32 { return (load<u32>(FLAGS_SYSTEM) >>> 12) & 3; }
