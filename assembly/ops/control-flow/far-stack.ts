// A stack that a far transfer pops from or builds: the current one, or that of another privilege level.
// Nothing here moves ESP: the transfer commits the pointer when every check has passed.
// SDM vol. 3A sections 5.8.5 (stack switching), 6.12.1; vol. 1 6.2.
import { ESP, CPL } from '../../abi';
import { faulted, raise, SS_FAULT } from '../../cpu/fault';
import { attributesOf, baseOf, BIG, descriptorBase, descriptorLimit, limitOf, SS, withinLimit } from '../../cpu/segment';
import { read16, read32, write16, write32, writeSystem16, writeSystem32 } from '../../mmu/access';
import { attributes as foundAttributes, ext, high, low } from '../segments/descriptor';

let base: u32 = 0;
let limit: u32 = 0;
let attributes: u32 = 0;
let mask: u32 = 0;
/** Written with supervisor rights: the stack of an inner level. */
let inner: bool = false;
/** Selector for the error code of #SS; 0 for the current stack. */
let selector: u32 = 0;
/** Stack pointer: where the next push goes below. */
export let pointer: u32 = 0;

// @ts-ignore: decorator
@inline export function stackMask(stackAttributes: u32): u32 { return stackAttributes & BIG ? 0xffffffff : 0xffff; }

export function openStack(): void {
  base = baseOf(SS);
  limit = limitOf(SS);
  attributes = attributesOf(SS);
  mask = stackMask(attributes);
  inner = false;
  selector = 0;
  pointer = load<u32>(ESP) & mask;
}

/** The stack segment whose descriptor was fetched last, with its pointer at `esp`, for privilege level `level`. */
export function openInnerStack(stackSelector: u32, esp: u32, level: u32): void {
  base = descriptorBase(low, high);
  limit = descriptorLimit(low, high);
  attributes = foundAttributes;
  mask = stackMask(attributes);
  inner = level < 3 && load<u32>(CPL) == 3;
  selector = stackSelector;
  pointer = esp & mask;
}

function noRoom(): bool {
  raise(SS_FAULT, (selector & 0xfffc) | ext);
  return false;
}

/** May `count` items of `size` bytes be pushed? Raises #SS. */
export function room(count: u32, size: u32): bool {
  let at = pointer;
  for (let i: u32 = 0; i < count; i++) {
    at = (at - size) & mask;
    if (!withinLimit(attributes, limit, at, size)) return noRoom();
  }
  return true;
}

/** Pushes 2 or 4 bytes; limits were checked by `room`. */
export function push(value: u32, size: u32): bool {
  const at = (pointer - size) & mask;
  const lin = base + at;
  let done: bool;
  if (size == 4) done = inner ? writeSystem32(lin, value) : write32(lin, value);
  else done = inner ? writeSystem16(lin, value) : write16(lin, value);
  if (done) pointer = at;
  return done;
}

/** Pops 2 or 4 bytes of the current stack; check faulted(). */
export function pop(size: u32): u32 {
  if (!withinLimit(attributes, limit, pointer, size)) {
    noRoom();
    return 0;
  }
  const value = size == 4 ? read32(base + pointer) : read16(base + pointer);
  if (!faulted()) pointer = (pointer + size) & mask;
  return value;
}

export function skip(bytes: u32): void { pointer = (pointer + bytes) & mask; }

/** Makes `pointer` the stack pointer; the upper half of ESP survives a 16-bit stack. */
export function commitPointer(): void {
  if (mask == 0xffff) store<u16>(ESP, pointer);
  else store<u32>(ESP, pointer);
}

/** Loads ESP with `value` for the stack segment in SS. */
export function setStackPointer(value: u32): void {
  if (attributesOf(SS) & BIG) store<u32>(ESP, value);
  else store<u16>(ESP, value);
}
