// Decimal adjustment: AAA AAS AAM AAD DAA DAS; and SALC.
// SDM vol. 2. Flags left undefined there follow the result in AL.
import { EAX, NO_ERROR_CODE } from '../../abi';
import { DE, fail } from '../../cpu/fault';
import { AF, af, CF, cf, getFlags, PF, setArithmetic, SF, ZF } from '../../cpu/flags';
import { U_IMM, UOP_SIZE } from '../../uop';
import { setResult } from '../operand-sized';

const AH: usize = EAX + 1;

/** SF ZF PF of AL with the given CF and AF; OF = 0. */
function setAdjusted(carry: u32, aux: u32): void {
  setResult<u8>(load<u8>(EAX), carry, 0);
  setArithmetic((getFlags() & (SF | ZF | PF)) | (carry ? CF : 0) | (aux ? AF : 0));
}

/** AAA and AAS differ in what the adjustment adds to AX. */
// @ts-ignore: decorator
@inline function asciiAdjust(u: usize, amount: u32): usize {
  const adjust: u32 = (load<u8>(EAX) & 0xf) > 9 || af() ? 1 : 0;
  if (adjust) store<u16>(EAX, load<u16>(EAX) + amount);
  store<u8>(EAX, load<u8>(EAX) & 0xf);
  setAdjusted(adjust, adjust);
  return u + UOP_SIZE;
}
export function aaa(u: usize): usize { return asciiAdjust(u, 0x106); }
export function aas(u: usize): usize { return asciiAdjust(u, <u32>-0x106); }

export function aam(u: usize): usize {
  const base: u32 = load<u8>(u, U_IMM);
  if (base == 0) return fail(u, DE, NO_ERROR_CODE);
  const al: u32 = load<u8>(EAX);
  store<u8>(AH, al / base);
  store<u8>(EAX, al % base);
  setAdjusted(0, 0);
  return u + UOP_SIZE;
}

export function aad(u: usize): usize {
  store<u16>(EAX, (load<u8>(EAX) + load<u8>(AH) * load<u8>(u, U_IMM)) & 0xff);
  setAdjusted(0, 0);
  return u + UOP_SIZE;
}

export function daa(u: usize): usize {
  const old: u32 = load<u8>(EAX);
  const low: u32 = (old & 0xf) > 9 || af() ? 1 : 0;
  const high: u32 = old > 0x99 || cf() ? 1 : 0;
  store<u8>(EAX, old + (low ? 6 : 0) + (high ? 0x60 : 0));
  setAdjusted(high, low);
  return u + UOP_SIZE;
}

export function das(u: usize): usize {
  const old: u32 = load<u8>(EAX);
  const low: u32 = (old & 0xf) > 9 || af() ? 1 : 0;
  const high: u32 = old > 0x99 || cf() ? 1 : 0;
  store<u8>(EAX, old - (low ? 6 : 0) - (high ? 0x60 : 0));
  // the borrow of the first step counts too: AL < 6
  setAdjusted(high | (low && old < 6 ? 1 : 0), low);
  return u + UOP_SIZE;
}

/** D6, undocumented: AL = CF ? FF : 00. */
export function salc(u: usize): usize {
  store<u8>(EAX, cf() ? 0xff : 0);
  return u + UOP_SIZE;
}
