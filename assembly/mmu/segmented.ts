// Segment checks: an offset in a segment to a linear address. SDM vol. 3A 5.3 (limits), 5.4 (type checks), 5.5 (privilege is
// checked when a segment is loaded).
import { SEG, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SIZE, SEG_UNUSABLE } from '../abi';
import { faulted, GP, raise, SS_FAULT } from '../cpu/fault';

export const ES: u32 = 0;
export const CS: u32 = 1;
export const SS: u32 = 2;
export const DS: u32 = 3;
export const FS: u32 = 4;
export const GS: u32 = 5;

const TYPE_CODE: u32 = 8;
const TYPE_EXPAND_DOWN: u32 = 4;
const TYPE_ACCESS: u32 = 2; // writable data, readable code
const DEFAULT_BIG: u32 = 0x4000;

// @ts-ignore: decorator
@inline export function segmentBase(seg: u32): u32 { return load<u32>(SEG + seg * SEG_SIZE + SEG_BASE); }

/** May `size` bytes at `offset` be read (or written) through segment `seg`? Raises nothing. */
export function withinSegment(seg: u32, offset: u32, size: u32, write: bool): bool {
  const at = SEG + seg * SEG_SIZE;
  const attributes = load<u32>(at + SEG_ATTRIBUTES);
  const limit = load<u32>(at + SEG_LIMIT);
  if ((attributes & SEG_UNUSABLE) != 0) return false;
  const last = offset + size - 1;
  if ((attributes & TYPE_CODE) != 0) {
    if (write || (attributes & TYPE_ACCESS) == 0) return false;
  } else {
    if (write && (attributes & TYPE_ACCESS) == 0) return false;
    if ((attributes & TYPE_EXPAND_DOWN) != 0) {
      const top: u32 = (attributes & DEFAULT_BIG) != 0 ? 0xffffffff : 0xffff;
      return offset > limit && last <= top && last >= offset;
    }
  }
  return last <= limit && (last >= offset || limit == 0xffffffff);
}

/** Bits of SEG_ATTRIBUTES, and what they are in a segment where, with a limit of 4 GiB, no access at any offset can fail. */
export const OPEN_MASK: u32 = SEG_UNUSABLE | TYPE_CODE | TYPE_EXPAND_DOWN | TYPE_ACCESS;
export const OPEN_KIND: u32 = TYPE_ACCESS;

/** Is `seg` such a segment? FS and GS of a Linux kernel and of its threads are. */
// @ts-ignore: decorator
@inline export function open(seg: u32): bool {
  const at = SEG + seg * SEG_SIZE;
  return load<u32>(at + SEG_LIMIT) == 0xffffffff && (load<u32>(at + SEG_ATTRIBUTES) & OPEN_MASK) == OPEN_KIND;
}

/** The write of an operand at linear `lin` that has been checked for reading. Raises #GP(0), #SS(0) for SS. */
export function mayWrite(seg: u32, lin: u32, size: u32): bool {
  linearOf(seg, lin - segmentBase(seg), size, true);
  return !faulted();
}

/** Linear address of `offset` in `seg` for an access of `size` bytes (0 = no check). Raises #GP(0), #SS(0) for SS. */
export function linearOf(seg: u32, offset: u32, size: u32, write: bool): u32 {
  if (size != 0 && !withinSegment(seg, offset, size, write)) raise(seg == SS ? SS_FAULT : GP, 0);
  return segmentBase(seg) + offset;
}
