// MOVS, STOS, LODS, plain and repeated.
// SDM vol. 2. Upward runs go a page at a time through memory.copy and memory.fill; registers always stand at the first item
// that is not done, so a fault or a pause in the middle restarts there.
import { EAX, ECX, EDI, ESI } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { charge, next } from '../operand';
import { get, put } from '../operand-sized';
import {
  advance, destination, destinationStretch, goesOn, hostRead, hostWrite, index, pauseOrEnd, readItem, repeated, source, sourceStretch,
  stride, unwatched, writeItem,
} from './string-operand';

// ---- MOVS -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function moveItem<T>(u: usize): bool {
  const from = source<T>(u);
  if (faulted()) return false;
  const value = readItem<T>(from);
  if (faulted()) return false;
  const to = destination<T>(u, true);
  if (faulted() || !writeItem<T>(to, value)) return false;
  const by = stride<T>();
  advance(u, ESI, by);
  advance(u, EDI, by);
  return true;
}

/** Copies upwards item by item: what an overlap means when the destination is above the source. */
// @ts-ignore: decorator
@inline function copyItems<T>(to: usize, from: usize, items: u32): void {
  for (let i: u32 = 0; i < items; i++) {
    put<T>(to, get<T>(from));
    to += sizeof<T>();
    from += sizeof<T>();
  }
}

/** Moves as many of `n` items as lie in one page on both sides; returns how many, 0 when it takes the long way. */
// @ts-ignore: decorator
@inline function moveStretch<T>(u: usize, n: u32): u32 {
  if (n < 2 || !unwatched()) return 0;
  const from = source<T>(u);
  const to = destination<T>(u, true);
  if (faulted()) return 0;
  const hostFrom = hostRead(from);
  const hostTo = hostWrite(to);
  if (hostFrom == 0 || hostTo == 0) return 0;
  const items = destinationStretch(u, to, sizeof<T>(), sourceStretch(u, from, sizeof<T>(), n), true);
  if (items < 2) return 0;
  const bytes = items * <u32>sizeof<T>();
  if (hostTo > hostFrom && hostTo < hostFrom + bytes) copyItems<T>(hostTo, hostFrom, items);
  else memory.copy(hostTo, hostFrom, bytes);
  advance(u, ESI, bytes);
  advance(u, EDI, bytes);
  charge(bytes >> 8);
  return items;
}

// @ts-ignore: decorator
@inline function move<T>(u: usize): usize {
  if (!repeated(u)) return moveItem<T>(u) ? next(u) : fault(u);
  if (index(u, ECX) == 0) return u + UOP_SIZE;
  do {
    let items = moveStretch<T>(u, index(u, ECX));
    if (items == 0) {
      if (faulted() || !moveItem<T>(u)) return fault(u);
      items = 1;
      charge(1);
    }
    advance(u, ECX, -items);
  } while (goesOn(u));
  return pauseOrEnd(u, false);
}

export function movs8(u: usize): usize { return move<u8>(u); }
export function movs16(u: usize): usize { return move<u16>(u); }
export function movs32(u: usize): usize { return move<u32>(u); }

// ---- STOS -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function storeOne<T>(u: usize): bool {
  const to = destination<T>(u, true);
  if (faulted() || !writeItem<T>(to, get<T>(EAX))) return false;
  advance(u, EDI, stride<T>());
  return true;
}

// @ts-ignore: decorator
@inline function storeStretch<T>(u: usize, n: u32): u32 {
  if (n < 2 || !unwatched()) return 0;
  const to = destination<T>(u, true);
  if (faulted()) return 0;
  let host = hostWrite(to);
  if (host == 0) return 0;
  const items = destinationStretch(u, to, sizeof<T>(), n, true);
  if (items < 2) return 0;
  const bytes = items * <u32>sizeof<T>();
  const value = get<T>(EAX);
  if (sizeof<T>() == 1 || value == 0) memory.fill(host, <u8>value, bytes);
  else {
    for (const end = host + bytes; host < end; host += sizeof<T>()) put<T>(host, value);
  }
  advance(u, EDI, bytes);
  charge(bytes >> 8);
  return items;
}

// @ts-ignore: decorator
@inline function fill<T>(u: usize): usize {
  if (!repeated(u)) return storeOne<T>(u) ? next(u) : fault(u);
  if (index(u, ECX) == 0) return u + UOP_SIZE;
  do {
    let items = storeStretch<T>(u, index(u, ECX));
    if (items == 0) {
      if (faulted() || !storeOne<T>(u)) return fault(u);
      items = 1;
      charge(1);
    }
    advance(u, ECX, -items);
  } while (goesOn(u));
  return pauseOrEnd(u, false);
}

export function stos8(u: usize): usize { return fill<u8>(u); }
export function stos16(u: usize): usize { return fill<u16>(u); }
export function stos32(u: usize): usize { return fill<u32>(u); }

// ---- LODS -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function loadItem<T>(u: usize): bool {
  const from = source<T>(u);
  if (faulted()) return false;
  const value = readItem<T>(from);
  if (faulted()) return false;
  put<T>(EAX, value);
  advance(u, ESI, stride<T>());
  return true;
}

// @ts-ignore: decorator
@inline function fetch<T>(u: usize): usize {
  if (!repeated(u)) return loadItem<T>(u) ? u + UOP_SIZE : fault(u);
  if (index(u, ECX) == 0) return u + UOP_SIZE;
  do {
    if (!loadItem<T>(u)) return fault(u);
    advance(u, ECX, <u32>-1);
    charge(1);
  } while (goesOn(u));
  return pauseOrEnd(u, false);
}

export function lods8(u: usize): usize { return fetch<u8>(u); }
export function lods16(u: usize): usize { return fetch<u16>(u); }
export function lods32(u: usize): usize { return fetch<u32>(u); }
