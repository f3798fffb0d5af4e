// Which port and MSR accesses of a guest leave, and what VM exits of I/O instructions, control and descriptor-table registers say.
// SDM vol. 3C 24.6.4 (I/O bitmaps), 24.6.9 (MSR bitmaps), 25.1.3, 27.2.1 (qualifications, tables 27-3 and 27-5), 27.2.5 (instruction information).
import { EA_TEMP, EAX, ZERO } from '../../abi';
import { cpuBased, exitAt, nonRoot, secondaryControls } from '../../cpu/vmx';
import {
  GUEST_LINEAR_ADDRESS, IO_BITMAP_A, IO_BITMAP_B, MSR_BITMAP, VMX_INSTRUCTION_INFO,
} from '../../generated/vmcs';
import {
  U_ATTR, U_BASE, U_DISP, U_INDEX, U_RM, U_SCALE, U_SEGMENT, UA_ADDR16, UA_OP16, UA_REPE, UA_REPNE, UOP_SIZE,
} from '../../uop';
import { hostPhysicalByte } from '../../mmu/ept';
import { CPU_BASED_UNCOND_IO_EXITING, CPU_BASED_USE_IO_BITMAPS, CPU_BASED_USE_MSR_BITMAPS, SECONDARY_EXEC_DESC } from '../../vmcs/controls';
import { EXIT_REASON_CR_ACCESS, EXIT_REASON_GDTR_IDTR, EXIT_REASON_IO_INSTRUCTION, EXIT_REASON_LDTR_TR } from '../../vmcs/exit-reasons';

const HIGH_MSRS: u32 = 0xc0000000;
const MSRS: u32 = 0x2000;

/** Is bit `bit` of the bitmap at host-physical `bitmap` set? */
function bitSet(bitmap: u64, bit: u32): bool { return ((hostPhysicalByte(bitmap + (bit >>> 3)) >>> (bit & 7)) & 1) != 0; }

/** Does an access to `width` ports from `port` leave? */
export function portExits(port: u32, width: u32): bool {
  if (!cpuBased(CPU_BASED_USE_IO_BITMAPS)) return cpuBased(CPU_BASED_UNCOND_IO_EXITING);
  for (let i: u32 = 0; i < width; i++) {
    const at = port + i;
    // round the end of the port space
    if (at > 0xffff) return true;
    if (bitSet(load<u64>(at < 0x8000 ? IO_BITMAP_A : IO_BITMAP_B), at & 0x7fff)) return true;
  }
  return false;
}

/** Bytes 0-1023 reads of low MSRs, then of high ones, then writes. */
export function msrExits(index: u32, write: bool): bool {
  if (!cpuBased(CPU_BASED_USE_MSR_BITMAPS)) return true;
  const high = index >= HIGH_MSRS;
  const bit = high ? index - HIGH_MSRS : index;
  return bit >= MSRS || bitSet(load<u64>(MSR_BITMAP) + (high ? 0x400 : 0) + (write ? 0x800 : 0), bit);
}

// Identity of an instruction on a descriptor-table register, bits 28-29 of the instruction information.
export const IS_SGDT: u32 = 0;
export const IS_SIDT: u32 = 1;
export const IS_LGDT: u32 = 2;
export const IS_LIDT: u32 = 3;
export const IS_SLDT: u32 = 0;
export const IS_STR: u32 = 1;
export const IS_LLDT: u32 = 2;
export const IS_LTR: u32 = 3;

const INFO_REGISTER: u32 = 1 << 10;
const INFO_NO_INDEX: u32 = 1 << 22;
const INFO_NO_BASE: u32 = 1 << 27;

/** The micro-op that has the parts of the memory operand: the address was perhaps worked out by the one before. */
function addressing(u: usize): usize { return load<u16>(u, U_BASE) == EA_TEMP ? u - UOP_SIZE : u; }

/** How the memory operand is addressed (tables 27-10 and 27-11), or which register it is. */
function operandInformation(u: usize): u32 {
  const size: u32 = load<u8>(u, U_ATTR) & UA_ADDR16 ? 0 : 1 << 7;
  if (load<u16>(u, U_RM) != 0) return INFO_REGISTER | ((<u32>(load<u16>(u, U_RM) - EAX) >>> 3) << 3);
  const m = addressing(u);
  const base: u32 = load<u16>(m, U_BASE);
  const index: u32 = load<u16>(m, U_INDEX);
  return (<u32>load<u8>(m, U_SCALE) & 3) | size | (<u32>load<u8>(m, U_SEGMENT) << 15) |
    (index == ZERO ? INFO_NO_INDEX : ((index - EAX) >>> 3) << 18) | (base == ZERO ? INFO_NO_BASE : ((base - EAX) >>> 3) << 23);
}

/** Does the guest's instruction on a descriptor-table register leave? */
export function tableExits(): bool { return nonRoot() && (secondaryControls() & SECONDARY_EXEC_DESC) != 0; }

/** LGDT, LIDT, SGDT, SIDT (`segments` false) or LLDT, LTR, SLDT, STR: the qualification is the displacement. */
export function exitTable(u: usize, identity: u32, segments: bool): usize {
  const inMemory = load<u16>(u, U_RM) == 0;
  const end = exitAt(u, segments ? EXIT_REASON_LDTR_TR : EXIT_REASON_GDTR_IDTR, inMemory ? load<u32>(addressing(u), U_DISP) : 0);
  const wide: u32 = segments || (load<u8>(u, U_ATTR) & UA_OP16) != 0 ? 0 : 1 << 11;
  store<u32>(VMX_INSTRUCTION_INFO, operandInformation(u) | wide | (identity << 28));
  return end;
}

const IO_IN: u32 = 8;
const IO_STRING: u32 = 0x10;
const IO_REP: u32 = 0x20;
export const IO_IMMEDIATE: u32 = 0x40;

export function exitPort(u: usize, port: u32, width: u32, input: bool, form: u32): usize {
  return exitAt(u, EXIT_REASON_IO_INSTRUCTION, (width - 1) | (input ? IO_IN : 0) | form | (port << 16));
}

/** INS, OUTS: one exit, before the first item, whatever the count. `lin` is the first item's linear address. */
export function exitString(u: usize, port: u32, width: u32, input: bool, lin: u32): usize {
  const attributes: u32 = load<u8>(u, U_ATTR);
  const end = exitPort(u, port, width, input, attributes & (UA_REPE | UA_REPNE) ? IO_STRING | IO_REP : IO_STRING);
  store<u32>(GUEST_LINEAR_ADDRESS, lin);
  const size: u32 = attributes & UA_ADDR16 ? 0 : 1;
  store<u32>(VMX_INSTRUCTION_INFO, (size << 7) | (input ? 0 : <u32>load<u8>(u, U_SEGMENT) << 15));
  return end;
}

export const CR_MOV_TO: u32 = 0;
export const CR_MOV_FROM: u32 = 0x10;
export const CR_CLTS: u32 = 0x20;
export const CR_LMSW: u32 = 0x30;
const LMSW_MEMORY: u32 = 0x40;

/** An access `kind` (CR_*) to control register `n` with the general register at `slot`. */
export function exitControl(u: usize, n: u32, kind: u32, slot: usize): usize {
  return exitAt(u, EXIT_REASON_CR_ACCESS, n | kind | ((<u32>(slot - EAX) >>> 3) << 8));
}
export function exitLmsw(u: usize, value: u32, inMemory: bool, lin: u32): usize {
  if (inMemory) store<u32>(GUEST_LINEAR_ADDRESS, lin);
  return exitAt(u, EXIT_REASON_CR_ACCESS, CR_LMSW | (inMemory ? LMSW_MEMORY : 0) | (value << 16));
}
