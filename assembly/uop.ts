// The micro-op: one decoded instruction (or its address computation) as a fixed record that the interpreter runs.
// Ours. Slots are absolute addresses of 8-byte registers; high-byte registers are slot + 1.

export const UOP_SIZE = 32;
export const U_OP = 0; // u16: handler number, generated/micro-ops.ts
export const U_LENGTH = 2; // u8: instruction length in bytes
export const U_SEGMENT = 3; // u8: segment of the memory operand (0-5), override applied
export const U_RM = 4; // u16: slot of the r/m register (general, x87 index, MM/XMM slot); 0 = memory operand
export const U_REG = 6; // u16: slot of the reg register (or of the register in the opcode, or the segment number)
export const U_BASE = 8; // u16: slot
export const U_INDEX = 10; // u16: slot
export const U_SCALE = 12; // u8: shift, in the low two bits; UC_TARGET
export const U_ATTR = 13; // u8: prefixes, UA_*
export const U_OFFSET = 14; // u16: offset of the instruction in its page
export const U_DISP = 16; // u32
export const U_IMM = 20; // u32: immediate, sign-extended to 32 bits; branch displacement
export const U_LINK = 24; // u32: micro-op of an in-page branch target once known; else second immediate (ENTER, far pointers)
export const U_ORDINAL = 28; // u16: instructions before this one in its run
export const U_COST = 30; // i16: instructions a taken link retires; else access size of an EA micro-op

/** Bits of U_ATTR. */
export const UA_REPE = 1; // F3
export const UA_REPNE = 2; // F2
export const UA_ADDR16 = 4; // 16-bit addresses
export const UA_OP16 = 8; // 16-bit operands
export const UA_LOCK = 16;
export const UA_WRITE = 32; // EA micro-op: the op writes
export const UA_FAR16 = 64;
export const UA_ENTRY = 128; // a region begins here, linked or about to be
/** Beside the scale, which wasm's shifts take modulo 32: an indirect jump has gone to the micro-op. */
export const UC_TARGET = 0x80;
