// Segment registers: their hidden parts, and what an 8-byte descriptor says.
// SDM vol. 3A sections 3.4.3, 3.4.5 and 21.3.1 (virtual-8086 segments).
import { SEG, SEG_SIZE, SEG_SELECTOR, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_UNUSABLE } from '../abi';

export const ES: u32 = 0;
export const CS: u32 = 1;
export const SS: u32 = 2;
export const DS: u32 = 3;
export const FS: u32 = 4;
export const GS: u32 = 5;
export const LDTR: u32 = 6;
export const TR: u32 = 7;

// Attribute bits: as bits 40..55 of a descriptor.
export const ACCESSED: u32 = 1;
/** Data: writable. Code: readable. */
export const READ_WRITE: u32 = 2;
/** Data: expand-down. Code: conforming. */
export const EXPAND_DOWN: u32 = 4;
export const CONFORMING: u32 = 4;
export const CODE: u32 = 8;
/** S bit: code or data, not a system descriptor. */
export const CODE_DATA: u32 = 0x10;
export const PRESENT: u32 = 0x80;
export const BIG: u32 = 0x4000;
export const GRANULARITY: u32 = 0x8000;
const UNUSABLE: u32 = SEG_UNUSABLE;

// System types.
export const TYPE_TSS16: u32 = 1;
export const TYPE_LDT: u32 = 2;
export const TYPE_TSS16_BUSY: u32 = 3;
export const TYPE_CALL_GATE16: u32 = 4;
export const TYPE_TASK_GATE: u32 = 5;
export const TYPE_INTERRUPT_GATE16: u32 = 6;
export const TYPE_TRAP_GATE16: u32 = 7;
export const TYPE_TSS32: u32 = 9;
export const TYPE_TSS32_BUSY: u32 = 11;
export const TYPE_CALL_GATE32: u32 = 12;
export const TYPE_INTERRUPT_GATE32: u32 = 14;
export const TYPE_TRAP_GATE32: u32 = 15;

// @ts-ignore: decorator
@inline export function selectorOf(seg: u32): u32 { return load<u16>(SEG + seg * SEG_SIZE + SEG_SELECTOR); }
// @ts-ignore: decorator
@inline export function attributesOf(seg: u32): u32 { return load<u32>(SEG + seg * SEG_SIZE + SEG_ATTRIBUTES); }
// @ts-ignore: decorator
@inline export function baseOf(seg: u32): u32 { return load<u32>(SEG + seg * SEG_SIZE + SEG_BASE); }
// @ts-ignore: decorator
@inline export function limitOf(seg: u32): u32 { return load<u32>(SEG + seg * SEG_SIZE + SEG_LIMIT); }
// @ts-ignore: decorator
@inline export function usable(seg: u32): bool { return (attributesOf(seg) & UNUSABLE) == 0; }

export function setSelector(seg: u32, selector: u32): void { store<u16>(SEG + seg * SEG_SIZE + SEG_SELECTOR, selector); }
export function setAttributes(seg: u32, attributes: u32): void { store<u32>(SEG + seg * SEG_SIZE + SEG_ATTRIBUTES, attributes); }

export function setSegment(seg: u32, selector: u32, base: u32, limit: u32, attributes: u32): void {
  const at = SEG + seg * SEG_SIZE;
  store<u16>(at + SEG_SELECTOR, selector);
  store<u32>(at + SEG_ATTRIBUTES, attributes);
  store<u64>(at + SEG_BASE, base);
  store<u32>(at + SEG_LIMIT, limit);
}

/** Real-address mode: limit, size and granularity stay what protected mode left ("unreal mode"). */
export function setRealSegment(seg: u32, selector: u32): void {
  const at = SEG + seg * SEG_SIZE;
  store<u16>(at + SEG_SELECTOR, selector);
  store<u64>(at + SEG_BASE, selector << 4);
}

/** Virtual-8086 mode: a 64 KiB read/write data segment of DPL 3, code included. */
export function setVirtualSegment(seg: u32, selector: u32): void {
  setSegment(seg, selector, selector << 4, 0xffff, 0xf3);
}

export function setNullSegment(seg: u32, selector: u32): void {
  setSegment(seg, selector, 0, 0, UNUSABLE);
}

/** After protected mode is left every segment is writable and usable again. */
export function normalizeForRealMode(): void {
  for (let seg: u32 = ES; seg <= GS; seg++) {
    const attributes = attributesOf(seg);
    if (attributes & UNUSABLE) {
      setAttributes(seg, 0x93);
      store<u32>(SEG + seg * SEG_SIZE + SEG_LIMIT, 0xffff);
    } else setAttributes(seg, (attributes & 0xf000) | 0x93);
  }
}

// The two halves of a descriptor.
// @ts-ignore: decorator
@inline export function descriptorBase(low: u32, high: u32): u32 { return (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000); }
// @ts-ignore: decorator
@inline export function descriptorLimit(low: u32, high: u32): u32 {
  const limit = (low & 0xffff) | (high & 0xf0000);
  return high & 0x800000 ? (limit << 12) | 0xfff : limit;
}
// @ts-ignore: decorator
@inline export function descriptorAttributes(high: u32): u32 { return (high >>> 8) & 0xf0ff; }
// @ts-ignore: decorator
@inline export function typeOf(attributes: u32): u32 { return attributes & 15; }
// @ts-ignore: decorator
@inline export function dplOf(attributes: u32): u32 { return (attributes >>> 5) & 3; }
// @ts-ignore: decorator
@inline export function isCode(attributes: u32): bool { return (attributes & 0x18) == 0x18; }
// @ts-ignore: decorator
@inline export function isWritableData(attributes: u32): bool { return (attributes & 0x1a) == 0x12; }
// @ts-ignore: decorator
@inline export function isConformingCode(attributes: u32): bool { return (attributes & 0x1c) == 0x1c; }
// @ts-ignore: decorator
@inline export function isReadable(attributes: u32): bool { return (attributes & 0x10) != 0 && (attributes & 0xa) != CODE; }
// @ts-ignore: decorator
@inline export function isPresent(attributes: u32): bool { return (attributes & PRESENT) != 0; }

/** Whether `size` bytes at `offset` lie within the limit, expand-down data segments included. */
export function withinLimit(attributes: u32, limit: u32, offset: u32, size: u32): bool {
  const last = offset + size - 1;
  if (last < offset) return false;
  if ((attributes & 0x1c) == 0x14) return offset > limit && last <= (attributes & BIG ? 0xffffffff : 0xffff);
  return last <= limit;
}
