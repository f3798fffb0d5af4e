// Segments of i386 programs: flat code and data, and three descriptors of each thread's own. Linux arch/x86/include/asm/segment.h.
import {
  SEG,
  SEG_ATTRIBUTES,
  SEG_BASE,
  SEG_LIMIT,
  SEG_SELECTOR,
  SEG_SIZE,
  SEG_UNUSABLE,
} from '../../../../assembly/abi.js';
import type { Registers } from '../../task/registers.js';

export const USER_CS = 0x73;
export const USER_DS = 0x7b;
export const GDT_ENTRIES = 16;
/** Descriptors 6 to 8 are a thread's: set_thread_area(2). */
export const TLS_FIRST = 6;
export const TLS_COUNT = 3;

export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;

const CODE_ATTRIBUTES = 0xc0fb;
const DATA_ATTRIBUTES = 0xc0f3;
const FLAT_LIMIT = 0xffffffff;

/** The two words of a descriptor. SDM vol. 3A 3.4.5. */
export interface Descriptor {
  low: number;
  high: number;
}

export const NULL_DESCRIPTOR: Descriptor = { low: 0, high: 0 };
export const CODE_DESCRIPTOR: Descriptor = { low: 0x0000ffff, high: 0x00cffb00 };
export const DATA_DESCRIPTOR: Descriptor = { low: 0x0000ffff, high: 0x00cff300 };

/** A descriptor as struct user_desc describes it. */
export function descriptorOf(base: number, limit: number, flags: number): Descriptor {
  const seg32 = flags & 1;
  const contents = (flags >> 1) & 3;
  const readExecOnly = (flags >> 3) & 1;
  const limitInPages = (flags >> 4) & 1;
  const notPresent = (flags >> 5) & 1;
  const useable = (flags >> 6) & 1;
  const low = ((base & 0xffff) << 16) | (limit & 0xffff);
  const high =
    (base & 0xff000000) |
    ((base & 0xff0000) >>> 16) |
    (limit & 0xf0000) |
    ((readExecOnly ^ 1) << 9) |
    (contents << 10) |
    ((notPresent ^ 1) << 15) |
    (seg32 << 22) |
    (limitInPages << 23) |
    (useable << 20) |
    0x7100;
  return { low: low >>> 0, high: high >>> 0 };
}

/** Loads a segment register from a descriptor, as the processor would. */
export function loadSegment(registers: Registers, segment: number, selector: number, { low, high }: Descriptor): void {
  const at = SEG + segment * SEG_SIZE;
  registers.set32(at + SEG_SELECTOR, selector);
  const attributes = (high >>> 8) & 0xf0ff;
  const unusable = (selector & ~3) === 0 || (attributes & 0x80) === 0;
  registers.set32(at + SEG_ATTRIBUTES, unusable ? SEG_UNUSABLE : attributes | 1);
  registers.set32(at + SEG_BASE, ((high & 0xff000000) | ((high & 0xff) << 16) | (low >>> 16)) >>> 0);
  registers.set32(at + SEG_BASE + 4, 0);
  const limit = (high & 0xf0000) | (low & 0xffff);
  registers.set32(at + SEG_LIMIT, (attributes & 0x8000) !== 0 ? limit * 4096 + 4095 : limit);
}

export function selectorOf(registers: Registers, segment: number): number {
  return registers.get32(SEG + segment * SEG_SIZE + SEG_SELECTOR) & 0xffff;
}

/** The segments that a program starts with. */
export function startSegments(registers: Registers): void {
  flatSegments(registers);
  loadSegment(registers, FS, 0, NULL_DESCRIPTOR);
  loadSegment(registers, GS, 0, NULL_DESCRIPTOR);
}

/** Code, stack and data are all linear addresses. */
export function flatSegments(registers: Registers): void {
  makeFlat(registers, CS, USER_CS, CODE_ATTRIBUTES);
  makeFlat(registers, SS, USER_DS, DATA_ATTRIBUTES);
  makeFlat(registers, DS, USER_DS, DATA_ATTRIBUTES);
  makeFlat(registers, ES, USER_DS, DATA_ATTRIBUTES);
}

function makeFlat(registers: Registers, segment: number, selector: number, attributes: number): void {
  const at = SEG + segment * SEG_SIZE;
  registers.set32(at + SEG_SELECTOR, selector);
  registers.set32(at + SEG_ATTRIBUTES, attributes);
  registers.set32(at + SEG_BASE, 0);
  registers.set32(at + SEG_BASE + 4, 0);
  registers.set32(at + SEG_LIMIT, FLAT_LIMIT);
}
