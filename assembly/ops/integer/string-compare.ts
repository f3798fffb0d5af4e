// CMPS and SCAS, plain and repeated; XLAT.
// SDM vol. 2. DEVIATION: a fault in the middle of a repeated comparison leaves the flags of the last item that was compared, as
// current CPUs do; the SDM says they are restored.
import { EAX, EBX, ECX, EDI, ESI } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { zf } from '../../cpu/flags';
import { U_ATTR, U_SEGMENT, UA_ADDR16, UA_REPE, UOP_SIZE } from '../../uop';
import { read8 } from '../../mmu/access';
import { linearOf } from '../../mmu/segmented';
import { charge } from '../operand';
import { get, subtract } from '../operand-sized';
import {
  advance, destination, destinationStretch, goesOn, hostRead, index, pauseOrEnd, readItem, repeated, source, sourceStretch, stride,
  unwatched,
} from './string-operand';

// @ts-ignore: decorator
@inline function repeatsWhileEqual(u: usize): bool { return (load<u8>(u, U_ATTR) & UA_REPE) != 0; }

// ---- CMPS -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function compareItem<T>(u: usize): bool {
  const first = source<T>(u);
  if (faulted()) return false;
  const second = destination<T>(u, false);
  if (faulted()) return false;
  // where both fault it is the second that shows
  const b = readItem<T>(second);
  if (faulted()) return false;
  const a = readItem<T>(first);
  if (faulted()) return false;
  subtract<T>(a, b);
  const by = stride<T>();
  advance(u, ESI, by);
  advance(u, EDI, by);
  return true;
}

/** Compares up to `n` items, stopping after the first that ends the repetition; returns how many, 0 = take the long way. */
// @ts-ignore: decorator
@inline function compareStretch<T>(u: usize, n: u32, whileEqual: bool): u32 {
  if (n < 2 || !unwatched()) return 0;
  const first = source<T>(u);
  const second = destination<T>(u, false);
  if (faulted()) return 0;
  let p = hostRead(first);
  let q = hostRead(second);
  if (p == 0 || q == 0) return 0;
  const limit = destinationStretch(u, second, sizeof<T>(), sourceStretch(u, first, sizeof<T>(), n), false);
  if (limit < 2) return 0;
  let a: u32 = 0;
  let b: u32 = 0;
  let i: u32 = 0;
  do {
    a = get<T>(p);
    b = get<T>(q);
    p += sizeof<T>();
    q += sizeof<T>();
    i++;
  } while (i < limit && (a == b) == whileEqual);
  subtract<T>(a, b);
  advance(u, ESI, i * <u32>sizeof<T>());
  advance(u, EDI, i * <u32>sizeof<T>());
  charge(i >> 3);
  return i;
}

// @ts-ignore: decorator
@inline function compare<T>(u: usize): usize {
  if (!repeated(u)) return compareItem<T>(u) ? u + UOP_SIZE : fault(u);
  if (index(u, ECX) == 0) return u + UOP_SIZE;
  const whileEqual = repeatsWhileEqual(u);
  let done = false;
  do {
    let items = compareStretch<T>(u, index(u, ECX), whileEqual);
    if (items == 0) {
      if (faulted() || !compareItem<T>(u)) return fault(u);
      items = 1;
      charge(1);
    }
    advance(u, ECX, -items);
    done = zf() != whileEqual;
  } while (!done && goesOn(u));
  return pauseOrEnd(u, done);
}

export function cmps8(u: usize): usize { return compare<u8>(u); }
export function cmps16(u: usize): usize { return compare<u16>(u); }
export function cmps32(u: usize): usize { return compare<u32>(u); }

// ---- SCAS -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function scanItem<T>(u: usize): bool {
  const at = destination<T>(u, false);
  if (faulted()) return false;
  const b = readItem<T>(at);
  if (faulted()) return false;
  subtract<T>(get<T>(EAX), b);
  advance(u, EDI, stride<T>());
  return true;
}

// @ts-ignore: decorator
@inline function scanStretch<T>(u: usize, n: u32, whileEqual: bool): u32 {
  if (n < 2 || !unwatched()) return 0;
  const at = destination<T>(u, false);
  if (faulted()) return 0;
  let p = hostRead(at);
  if (p == 0) return 0;
  const limit = destinationStretch(u, at, sizeof<T>(), n, false);
  if (limit < 2) return 0;
  const a = get<T>(EAX);
  let b: u32 = 0;
  let i: u32 = 0;
  do {
    b = get<T>(p);
    p += sizeof<T>();
    i++;
  } while (i < limit && (a == b) == whileEqual);
  subtract<T>(a, b);
  advance(u, EDI, i * <u32>sizeof<T>());
  charge(i >> 3);
  return i;
}

// @ts-ignore: decorator
@inline function scan<T>(u: usize): usize {
  if (!repeated(u)) return scanItem<T>(u) ? u + UOP_SIZE : fault(u);
  if (index(u, ECX) == 0) return u + UOP_SIZE;
  const whileEqual = repeatsWhileEqual(u);
  let done = false;
  do {
    let items = scanStretch<T>(u, index(u, ECX), whileEqual);
    if (items == 0) {
      if (faulted() || !scanItem<T>(u)) return fault(u);
      items = 1;
      charge(1);
    }
    advance(u, ECX, -items);
    done = zf() != whileEqual;
  } while (!done && goesOn(u));
  return pauseOrEnd(u, done);
}

export function scas8(u: usize): usize { return scan<u8>(u); }
export function scas16(u: usize): usize { return scan<u16>(u); }
export function scas32(u: usize): usize { return scan<u32>(u); }

/** AL = byte at [(E)BX + AL]. */
export function xlat(u: usize): usize {
  let offset = load<u32>(EBX) + load<u8>(EAX);
  if ((load<u8>(u, U_ATTR) & UA_ADDR16) != 0) offset &= 0xffff;
  const at = linearOf(load<u8>(u, U_SEGMENT), offset, 1, false);
  if (faulted()) return fault(u);
  const value = read8(at);
  if (faulted()) return fault(u);
  store<u8>(EAX, value);
  return u + UOP_SIZE;
}
