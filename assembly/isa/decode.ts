// Bytes to micro-ops. SDM vol. 2 chapter 2 (format, prefixes), appendix A (maps); the tables come from isa/opcodes.ts.
// decodeOne() emits one instruction; decodeRun() a straight line of them into a code page.
import {
  COUNT_DECODED, EA_TEMP, EAX, EBP, EBX, EDI, ESI, FPR, REGS, XMM, ZERO,
} from '../abi';
import {
  GROUPS, MAP_38, MAP_3A, MAP_ONE, MAP_ONE_F3, MAP_TWO, ROW_KIND, ROW_MEM, ROW_OP, ROW_WORD,
} from '../generated/tables';
import {
  OP_EA, OP_EA16, OP_GOTO, OP_NEXT_PAGE, OP_PRIVILEGED, OP_PROTECTION, OP_UNDEFINED,
} from '../generated/micro-ops';
import { beginUops, blockEnd, coverCode, endUops, hostPage, isWholeBlock, widerUops } from '../mmu/code-pages';
import { CS, DS, ES, FS, GS, SS } from '../mmu/segmented';
import {
  U_ATTR, U_BASE, U_COST, U_DISP, U_IMM, U_INDEX, U_LENGTH, U_LINK, U_OFFSET, U_OP, U_ORDINAL, U_REG, U_RM, U_SCALE, U_SEGMENT,
  UA_ADDR16, UA_LOCK, UA_OP16, UA_REPE, UA_REPNE, UA_WRITE, UOP_SIZE,
} from '../uop';

// the decode word; written by scripts/gen-isa.mjs
const MODRM: u32 = 1;
const RM_FROM_OPCODE: u32 = 1 << 12;
const E_FIRST: u32 = 1 << 13;
const WRITES: u32 = 1 << 14;
const LOCKABLE: u32 = 1 << 15;
const END: u32 = 1 << 16;
const PROTECTED: u32 = 1 << 17;
const PRIVILEGED: u32 = 1 << 18;
const LEA: u32 = 1 << 19;
const SELECTED: u32 = 1 << 20;
const REGISTER: u32 = 1 << 21;
const FILE_GPR8: u32 = 1;
const FILE_GPR: u32 = 2;
const FILE_MMX: u32 = 3;
const FILE_XMM: u32 = 4;
const FILE_RAW: u32 = 5;
const FILE_ACCUMULATOR: u32 = 6;
const KIND_SIZED: u32 = 1;
const KIND_SPLIT: u32 = 2;
const KIND_SIZED_SPLIT: u32 = 3;
const KIND_HOT8: u32 = 4;
const KIND_HOT: u32 = 5;
const MEM_NONE: u32 = 0xffff;
const MEM_FAR: u32 = 0xfffe;

// the mode key; written by ops/system/mode.ts
const KEY_BIG_CODE: u32 = 1;
const KEY_FLAT: u32 = 4;
const KEY_PROTECTED: u32 = 8;

/** What decodeOne() said of the instruction. */
export const DECODED: u32 = 0;
/** The instruction is the last of its run. */
export const DECODED_END: u32 = 1;
/** More bytes than there are: nothing was emitted. */
export const DECODED_SHORT: u32 = 2;

const MAX_LENGTH: usize = 15;
/** An instruction has up to three micro-ops, and one ends the run. */
const UOPS_MOST: usize = 4;
/** Where the next micro-op goes. */
export let emitAt: usize = 0;
export function emitTo(u: usize): void { emitAt = u; }

let at: usize = 0;
let end: usize = 0;
let short: bool = false;

// @ts-ignore: decorator
@inline function byte(): u32 {
  if (at >= end) {
    short = true;
    return 0;
  }
  const v: u32 = load<u8>(at);
  at++;
  return v;
}
function word(): u32 { const low = byte(); return low | (byte() << 8); }
function dword(): u32 { const low = word(); return low | (word() << 16); }
// @ts-ignore: decorator
@inline function signed8(): u32 { return <u32>(<i32>byte() << 24 >> 24); }

// @ts-ignore: decorator
@inline function slot8(i: u32): u32 { return REGS + ((i & 3) << 3) + (i >> 2); }
function slotIn(file: u32, i: u32): u32 {
  if (file == FILE_GPR8) return slot8(i);
  if (file == FILE_GPR) return REGS + (i << 3);
  if (file == FILE_MMX) return FPR + (i << 4);
  if (file == FILE_XMM) return XMM + (i << 4);
  return file == FILE_ACCUMULATOR ? EAX : i;
}

// the memory operand being decoded
let base: u32 = 0;
let index: u32 = 0;
let scale: u32 = 0;
let disp: u32 = 0;
let stackSegment: bool = false;

function memory16(mod: u32, rm: u32): void {
  scale = 0;
  base = rm < 2 || rm == 7 ? EBX : rm == 6 || rm < 4 ? EBP : rm == 4 ? ESI : EDI;
  index = rm == 0 || rm == 2 ? ESI : rm == 1 || rm == 3 ? EDI : ZERO;
  stackSegment = rm == 2 || rm == 3 || rm == 6;
  disp = 0;
  if (mod == 1) disp = signed8();
  else if (mod == 2) disp = word();
  else if (rm == 6) {
    base = ZERO;
    stackSegment = false;
    disp = word();
  }
}

function memory32(mod: u32, rm: u32): void {
  scale = 0;
  index = ZERO;
  disp = 0;
  if (rm == 4) {
    const sib = byte();
    const i = (sib >>> 3) & 7;
    rm = sib & 7;
    if (i != 4) {
      index = REGS + (i << 3);
      scale = sib >>> 6;
    }
  }
  base = REGS + (rm << 3);
  stackSegment = rm == 4 || rm == 5;
  if (mod == 0) {
    if (rm == 5) {
      base = ZERO;
      stackSegment = false;
      disp = dword();
    }
  } else disp = mod == 1 ? signed8() : dword();
}

/** Clears the next micro-op and fills what all of an instruction share. */
function emit(op: u32, offset: u32, ordinal: u32): usize {
  const u = emitAt;
  store<u64>(u, 0);
  store<u64>(u, 0, 8);
  store<u64>(u, 0, 16);
  store<u64>(u, 0, 24);
  store<u16>(u, op, U_OP);
  store<u16>(u, offset, U_OFFSET);
  store<u16>(u, ordinal, U_ORDINAL);
  emitAt = u + UOP_SIZE;
  return u;
}

function setMemory(u: usize, segment: u32): void {
  store<u16>(u, base, U_BASE);
  store<u16>(u, index, U_INDEX);
  store<u8>(u, scale, U_SCALE);
  store<u32>(u, disp, U_DISP);
  store<u8>(u, segment, U_SEGMENT);
}

/** The row behind an opcode: follows groups by modrm. 0 = undefined. */
function rowOf(map: usize, opcode: u32): u32 {
  let row: u32 = load<u16>(map + (opcode << 1));
  if ((row & 0x8000) == 0) return row;
  // the modrm byte is looked at, not taken
  if (at >= end) {
    short = true;
    return 0;
  }
  const modrm: u32 = load<u8>(at);
  const register = modrm >= 0xc0;
  row = load<u16>(GROUPS + ((row & 0x7fff) << 5) + (((register ? 8 : 0) + ((modrm >>> 3) & 7)) << 1));
  if ((row & 0x8000) == 0) return row;
  return load<u16>(GROUPS + ((row & 0x7fff) << 5) + ((modrm & 7) << 1));
}

/**
 * Decodes the instruction at host address `from` (bytes up to `to`), at `offset` of its page, the `ordinal`th of its run, for mode
 * `key`, and emits its micro-ops. Instruction length is left in the micro-op and in `lastLength`.
 */
export let lastLength: u32 = 0;
export function decodeOne(from: usize, to: usize, offset: u32, ordinal: u32, key: u32): u32 {
  at = from;
  end = min(to, from + MAX_LENGTH);
  short = false;
  const big = (key & KEY_BIG_CODE) != 0;
  let attr: u32 = big ? 0 : UA_ADDR16 | UA_OP16;
  let overridden: i32 = -1;
  let operandPrefix = false;
  let opcode: u32 = 0;
  let prefix = true;
  while (prefix) {
    opcode = byte();
    switch (opcode) {
      case 0x26: overridden = ES; break;
      case 0x2e: overridden = CS; break;
      case 0x36: overridden = SS; break;
      case 0x3e: overridden = DS; break;
      case 0x64: overridden = FS; break;
      case 0x65: overridden = GS; break;
      case 0x66: operandPrefix = true; break;
      case 0x67: attr = big ? attr | UA_ADDR16 : attr & ~UA_ADDR16; break;
      case 0xf0: attr |= UA_LOCK; break;
      case 0xf2: attr = (attr & ~UA_REPE) | UA_REPNE; break;
      case 0xf3: attr = (attr & ~UA_REPNE) | UA_REPE; break;
      default: prefix = false;
    }
    if (short) return tooShort(from, to, offset, ordinal);
  }
  if (operandPrefix) attr ^= UA_OP16;
  const op16 = (attr & UA_OP16) != 0;

  // the map and the row
  const mandatory: u32 = (attr & UA_REPE) != 0 ? 2 : (attr & UA_REPNE) != 0 ? 3 : operandPrefix ? 1 : 0;
  let row: u32 = 0;
  if (opcode != 0x0f) {
    if (mandatory == 2) row = load<u16>(MAP_ONE_F3 + (opcode << 1));
    if (row == 0) row = rowOf(MAP_ONE, opcode);
  } else {
    opcode = byte();
    if (opcode == 0x38 || opcode == 0x3a) {
      const map = opcode == 0x38 ? MAP_38 : MAP_3A;
      opcode = byte();
      row = rowOf(map + (mandatory << 9), opcode);
    } else row = rowOf(MAP_TWO + (mandatory << 9), opcode);
  }
  if (short) return tooShort(from, to, offset, ordinal);
  const flags = load<u32>(ROW_WORD + (row << 2));
  if (row == 0 || ((flags & PROTECTED) != 0 && (key & KEY_PROTECTED) == 0)) return undefined(from, to, offset, ordinal);

  // modrm
  const rmFile = (flags >>> 1) & 7;
  const regFile = (flags >>> 4) & 7;
  let rmSlot: u32 = 0;
  let regSlot: u32 = 0;
  let memory = false;
  if ((flags & MODRM) != 0) {
    const modrm = byte();
    if (modrm < 0xc0 && (flags & REGISTER) == 0) {
      memory = true;
      if ((attr & UA_ADDR16) != 0) memory16(modrm >>> 6, modrm & 7);
      else memory32(modrm >>> 6, modrm & 7);
    } else rmSlot = slotIn(rmFile, modrm & 7);
    regSlot = slotIn(regFile, (modrm >>> 3) & 7);
  } else {
    rmSlot = (flags & RM_FROM_OPCODE) != 0 ? slotIn(rmFile, opcode & 7) : slotIn(rmFile, 0);
    // an x87 or full-byte form: the modrm byte selected the row, its low bits are the operand
    if ((flags & SELECTED) != 0) {
      const modrm = byte();
      if (rmFile == FILE_RAW) rmSlot = modrm & 7;
    }
  }
  if (regFile == FILE_ACCUMULATOR) regSlot = EAX;

  // immediates
  let imm: u32 = 0;
  let second: u32 = 0;
  switch ((flags >>> 7) & 15) {
    case 1: imm = byte(); break;
    case 2: case 6: imm = signed8(); break;
    case 3: imm = word(); break;
    case 4: imm = op16 ? word() : dword(); break;
    case 7: imm = op16 ? <u32>(<i32>word() << 16 >> 16) : dword(); break;
    case 5:
      imm = op16 ? word() : dword();
      second = word();
      break;
    case 8:
      memory = true;
      base = ZERO;
      index = ZERO;
      scale = 0;
      stackSegment = false;
      disp = (attr & UA_ADDR16) != 0 ? word() : dword();
      break;
    case 9:
      imm = word();
      second = byte();
      break;
    case 10: imm = 1; break;
  }
  if (short) return tooShort(from, to, offset, ordinal);
  lastLength = <u32>(at - from);
  if ((attr & UA_LOCK) != 0 && ((flags & LOCKABLE) == 0 || !memory)) return undefined(from, to, offset, ordinal);

  const segment: u32 = overridden >= 0 ? overridden : memory && stackSegment ? SS : DS;
  if ((flags & PRIVILEGED) != 0) shared(emit(OP_PRIVILEGED, offset, ordinal), attr);
  if (memory) {
    const bytes: u32 = load<u16>(ROW_MEM + (row << 1));
    const write = (flags & WRITES) != 0;
    const plainSegment = (key & KEY_FLAT) != 0 && segment < FS && !(segment == CS && write);
    if ((flags & LEA) != 0 ? (attr & UA_ADDR16) != 0 : (attr & UA_ADDR16) != 0 || !plainSegment) {
      const check = emit((flags & LEA) != 0 ? OP_EA16 : OP_EA, offset, ordinal);
      shared(check, attr | (write ? UA_WRITE : 0));
      setMemory(check, segment);
      const v: u32 = op16 ? 2 : 4;
      store<i16>(check, <i16>(bytes == MEM_NONE ? 0 : bytes == MEM_FAR ? v + 2 : bytes == 0 ? v : bytes), U_COST);
      base = EA_TEMP;
      index = ZERO;
      scale = 0;
      disp = 0;
    }
  }
  const kind: u32 = load<u8>(ROW_KIND + row);
  let op: u32 = load<u16>(ROW_OP + (row << 1));
  if (kind >= KIND_HOT8) {
    // five forms a size, in the order rr rm mr ri mi
    const first = (flags & E_FIRST) != 0;
    const immediate = ((flags >>> 7) & 15) != 0 && ((flags >>> 7) & 15) != 8;
    const form: u32 = immediate ? (memory ? 4 : 3) : memory ? (first ? 2 : 1) : 0;
    op += (kind == KIND_HOT8 ? 0 : op16 ? 5 : 10) + form;
    if (form == 0 && !first) {
      const swapped = rmSlot;
      rmSlot = regSlot;
      regSlot = swapped;
    }
  } else if (kind == KIND_SIZED) op += op16 ? 0 : 1;
  else if (kind == KIND_SPLIT) op += memory ? 1 : 0;
  else if (kind == KIND_SIZED_SPLIT) op += (op16 ? 0 : 2) + (memory ? 1 : 0);

  const u = emit(op, offset, ordinal);
  shared(u, attr);
  store<u16>(u, memory ? 0 : rmSlot, U_RM);
  store<u16>(u, regSlot, U_REG);
  if (memory) setMemory(u, segment);
  else store<u8>(u, segment, U_SEGMENT);
  store<u32>(u, imm, U_IMM);
  store<u32>(u, second, U_LINK);
  return (flags & END) != 0 ? DECODED_END : DECODED;
}

function shared(u: usize, attr: u32): void {
  store<u8>(u, lastLength, U_LENGTH);
  store<u8>(u, attr, U_ATTR);
}

/** Bytes ran out: of the page or segment, or of the 15 that an instruction may have (#GP, SDM vol. 2 2.3.11). */
function tooShort(from: usize, to: usize, offset: u32, ordinal: u32): u32 {
  if (to < from + MAX_LENGTH) return DECODED_SHORT;
  lastLength = 0;
  emit(OP_PROTECTION, offset, ordinal);
  return DECODED_END;
}

/** The byte behind was perhaps looked at: a modrm whose row is empty. A write to it must decode the instruction again. */
function undefined(from: usize, to: usize, offset: u32, ordinal: u32): u32 {
  lastLength = <u32>(min(at + 1, to) - from);
  shared(emit(OP_UNDEFINED, offset, ordinal), 0);
  return DECODED_END;
}

/**
 * Decodes from `offset` of the code page of `table` until the run ends. 0: the first instruction crosses into the next page. Only between
 * instructions, and when there is room for micro-ops.
 */
export function decodeRun(table: usize, offset: u32, key: u32): usize {
  const page = hostPage(table);
  let here = offset;
  let ordinal: u32 = 0;
  let start = beginUops(table);
  emitAt = start;
  for (;;) {
    const known = here < 0x1000 ? load<u32>(table + (here << 2)) : 0;
    let full = emitAt + UOPS_MOST * UOP_SIZE > blockEnd;
    if (full && known == 0 && !isWholeBlock(start)) {
      start = move(table, start);
      full = false;
    }
    if (known != 0 || full) {
      // the rest is decoded already (or the run is long enough): a branch of length 0 to there
      shared0(emit(OP_GOTO, here, ordinal - 1));
      break;
    }
    const u = emitAt;
    const outcome = here < 0x1000 ? decodeOne(page + here, page + 0x1000, here, ordinal, key) : DECODED_SHORT;
    if (outcome == DECODED_SHORT) {
      if (ordinal == 0) return 0;
      shared0(emit(OP_NEXT_PAGE, here, ordinal - 1));
      break;
    }
    store<u32>(table + (here << 2), <u32>u);
    ordinal++;
    here += lastLength;
    if (outcome == DECODED_END) {
      // a handler that ends runs may still go straight on; it must find something there
      shared0(emit(OP_NEXT_PAGE, here, ordinal - 1));
      break;
    }
  }
  store<u64>(COUNT_DECODED, load<u64>(COUNT_DECODED) + ordinal);
  endUops(table, emitAt);
  coverCode(table, offset, max(here, offset + 1));
  return start;
}

/** The run that begins at `start` needs more room than there is behind it: goes on with it in a new block. The value is where it begins now. */
function move(table: usize, start: usize): usize {
  const size = emitAt - start;
  const at = widerUops(table);
  memory.copy(at, start, size);
  emitAt = at + size;
  let before: u32 = 0x1000;
  for (let u = at; u < emitAt; u += UOP_SIZE) {
    const offset: u32 = load<u16>(u, U_OFFSET);
    if (offset != before) store<u32>(table + (offset << 2), <u32>u);
    before = offset;
  }
  return at;
}

/** A micro-op that is no instruction: no length. */
function shared0(u: usize): void { store<u8>(u, 0, U_LENGTH); }
