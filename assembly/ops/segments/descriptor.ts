// Descriptors in memory: finding one by its selector, and loading data and stack segments in protected mode.
// SDM vol. 3A sections 3.4.5, 3.5, 5.6, 5.7; vol. 2 MOV; error codes 6.13.
import { CPL, GDTR_BASE, GDTR_LIMIT } from '../../abi';
import { protectedMode, virtual8086 } from '../../cpu/control';
import { faulted, GP, NP, raise, SS_FAULT } from '../../cpu/fault';
import {
  ACCESSED, attributesOf, baseOf, CS, descriptorAttributes, descriptorBase, descriptorLimit, dplOf, ES, GS, isConformingCode, isPresent, isReadable,
  isWritableData, LDTR, limitOf, setNullSegment, setRealSegment, setSegment, setVirtualSegment, SS, usable,
} from '../../cpu/segment';
import { readSystem64, writeSystem8 } from '../../mmu/access';

/** Of the descriptor that `fetch` found last. */
export let low: u32 = 0;
export let high: u32 = 0;
export let attributes: u32 = 0;
let address: u32 = 0;

/** 1 while an event from outside the program is being delivered: bit EXT of error codes. */
export let ext: u32 = 0;
export function setExt(bit: u32): void { ext = bit; }

// @ts-ignore: decorator
@inline export function isNull(selector: u32): bool { return (selector & 0xfffc) == 0; }

/** Raises `vector` with a selector as its error code. */
export function raiseSelector(vector: u32, selector: u32): bool {
  raise(vector, (selector & 0xfffc) | ext);
  return false;
}

/** Linear address of the descriptor of `selector`, or 0xFFFFFFFF when it lies outside its table. */
export function locate(selector: u32): u32 {
  const offset = selector & 0xfff8;
  if (selector & 4) {
    if (!usable(LDTR) || offset + 7 > limitOf(LDTR)) return 0xffffffff;
    return baseOf(LDTR) + offset;
  }
  if (offset + 7 > load<u32>(GDTR_LIMIT)) return 0xffffffff;
  return load<u32>(GDTR_BASE) + offset;
}

/** Reads the descriptor of a selector; false = `selector` names none (no fault raised), or the read faulted. */
export function find(selector: u32): bool {
  address = locate(selector);
  if (address == 0xffffffff) return false;
  const descriptor = readSystem64(address);
  low = <u32>descriptor;
  high = <u32>(descriptor >> 32);
  attributes = descriptorAttributes(high);
  return !faulted();
}

/** As `find`; raises `vector` (selector) when there is none. */
export function fetch(selector: u32, vector: u32): bool {
  if (find(selector)) return true;
  return raiseSelector(vector, selector);
}

/** Sets the accessed bit of the code or data descriptor found last. */
export function markAccessed(): bool {
  if (attributes & ACCESSED) return true;
  attributes |= ACCESSED;
  high |= ACCESSED << 8;
  return writeSystem8(address + 5, (high >>> 8) & 0xff);
}

/** Rewrites the type byte of the system descriptor found last (busy bit of a TSS). */
export function writeTypeByte(): bool { return writeSystem8(address + 5, (high >>> 8) & 0xff); }
export function setBusy(busy: bool): bool {
  high = busy ? high | 0x200 : high & ~0x200;
  attributes = descriptorAttributes(high);
  return writeTypeByte();
}

/** Fills segment register `seg` from the descriptor found last. */
export function commit(seg: u32, selector: u32): void {
  setSegment(seg, selector, descriptorBase(low, high), descriptorLimit(low, high), attributes);
}

// ---- the code descriptor of a far transfer, kept while a stack descriptor is looked at ----------------------------------------

let codeLow: u32 = 0;
let codeHigh: u32 = 0;
let codeAddress: u32 = 0;

export function keepCode(): void {
  codeLow = low;
  codeHigh = high;
  codeAddress = address;
}
/** Raises #GP(0) when `eip` lies outside the code segment that is kept. */
export function checkTarget(eip: u32): bool {
  if (eip <= descriptorLimit(codeLow, codeHigh)) return true;
  raise(GP, ext);
  return false;
}
export function markCodeAccessed(): bool {
  if (codeHigh & (ACCESSED << 8)) return true;
  codeHigh |= ACCESSED << 8;
  return writeSystem8(codeAddress + 5, (codeHigh >>> 8) & 0xff);
}
/** Fills CS from the code descriptor that is kept. */
export function commitCode(selector: u32): void {
  setSegment(CS, selector, descriptorBase(codeLow, codeHigh), descriptorLimit(codeLow, codeHigh), descriptorAttributes(codeHigh));
}

// ---- data and stack segments ----------------------------------------------------------------------------------------------------

/** Checks of DS, ES, FS, GS on the descriptor found last; not-present is left to the caller. Raises `vector` (selector). */
export function checkData(selector: u32, cpl: u32, vector: u32): bool {
  if (!isReadable(attributes)) return raiseSelector(vector, selector);
  const dpl = dplOf(attributes);
  if (!isConformingCode(attributes) && ((selector & 3) > dpl || cpl > dpl)) return raiseSelector(vector, selector);
  return true;
}

/** Finds and checks a stack segment for privilege level `level`; raises `vector`, or #SS when not present. */
export function fetchStack(selector: u32, level: u32, vector: u32): bool {
  if (isNull(selector)) return raiseSelector(vector, 0);
  if (!fetch(selector, vector)) return false;
  if ((selector & 3) != level || !isWritableData(attributes) || dplOf(attributes) != level) return raiseSelector(vector, selector);
  if (!isPresent(attributes)) return raiseSelector(SS_FAULT, selector);
  return true;
}

/** Loads ES, SS, DS, FS or GS in the mode at hand; false = faulted and nothing has changed. The caller runs updateMode(). */
export function loadSegment(seg: u32, selector: u32): bool {
  if (!protectedMode()) {
    if (virtual8086()) setVirtualSegment(seg, selector);
    else setRealSegment(seg, selector);
    return true;
  }
  if (seg == SS) {
    if (!fetchStack(selector, load<u32>(CPL), GP)) return false;
  } else {
    if (isNull(selector)) {
      setNullSegment(seg, selector);
      return true;
    }
    if (!fetch(selector, GP) || !checkData(selector, load<u32>(CPL), GP)) return false;
    if (!isPresent(attributes)) return raiseSelector(NP, selector);
  }
  if (!markAccessed()) return false;
  commit(seg, selector);
  return true;
}

/** On a return to outer level `cpl`: data segments that it may not see become null. */
export function dropInnerSegments(cpl: u32): void {
  for (let seg: u32 = ES; seg <= GS; seg++) {
    if (seg == CS || seg == SS || !usable(seg)) continue;
    const kept = attributesOf(seg);
    if (dplOf(kept) < cpl && !isConformingCode(kept)) setNullSegment(seg, 0);
  }
}
