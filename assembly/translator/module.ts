// A module of regions: its sections around the functions that region.ts writes. WebAssembly core specification 2.0, chapter 5.5.
// Imports come from the core: what assembly/index.ts exports, and handlers as h and their number in its table. Exports are
// functions, named by the slot of the core's table that each is for.
import { MODULE, MODULE_END } from '../abi';
import { openingSlot } from '../mmu/region-slots';
import { IMPORTED_FUNCTIONS } from './frame';
import { forgetHandlers, handlerAt, handlers } from './handlers';
import { beginNotes } from './notes';
import { emitRegion } from './region';
import { fillSize, I32, I64, name, op, out, reserve, setOut, unsigned } from './wasm';

/** Functions are written here, behind the room for the sections in front of them. */
const CODE: usize = MODULE + 0x10000;
/** No region is longer. */
const REGION_ROOM: usize = 0x40000;

let functions: u32 = 0;

export function beginModule(): void {
  functions = 0;
  forgetHandlers();
  beginNotes(CODE);
  setOut(CODE);
}
export function moduleRoom(): bool { return out < <usize>MODULE_END - REGION_ROOM && functions < 1000; }
/** The region that was explored, which begins at place `head`. */
export function addRegion(head: u32): void {
  const before = out;
  if (emitRegion(head)) functions++;
  else setOut(before);
}

function section(id: u32): usize {
  op(id);
  return reserve();
}
// names, the first character in the low byte
const ENV: u64 = 0x766e65;
const MEMORY: u64 = 0x79726f6d656d;
const BUDGET: u64 = 0x746567647562;
const READ: u64 = 0x64616572;
const WRITE: u64 = 0x6574697277;
const STORE: u64 = 0x65726f7473;
const H: u64 = 0x68;
const SETTLE: u64 = 0x656c74746573;
const ADD_80: u64 = 0x3038646461;
const MUL_80: u64 = 0x30386c756d;
const DIV_80: u64 = 0x3038766964;

/** The text of a decimal number behind `head` (one character or none). */
function numbered(n: u32, head: u64): u64 {
  let text: u64 = 0;
  do {
    text = (text << 8) | (0x30 + (n % 10));
    n /= 10;
  } while (n != 0);
  return head != 0 ? (text << 8) | head : text;
}
function imported(text: u64, kind: u32): void {
  name(ENV);
  name(text);
  op(kind);
}
function importedFunction(text: u64, type: u32): void {
  imported(text, 0);
  unsigned(type);
}
function importedGlobal(text: u64): void {
  imported(text, 3);
  op(0x7f);
  op(1);
}
function type(parameters: u32, results: u32): void {
  op(0x60);
  unsigned(parameters);
  for (let i: u32 = 0; i < parameters; i++) op(0x7f);
  unsigned(results);
  for (let i: u32 = 0; i < results; i++) op(0x7f);
}

/** Puts the sections around the functions. The module is at MODULE; the value is its size, 0 when there is no function. */
export function finishModule(): u32 {
  if (functions == 0) return 0;
  const code = <usize>out - CODE;
  setOut(MODULE);
  store<u64>(MODULE, 0x000000016d736100);
  setOut(MODULE + 8);
  const types = section(1);
  unsigned(5);
  type(1, 1);
  type(2, 1);
  type(3, 1);
  type(4, 0);
  // of an 80-bit operation: register, flip, word, significand
  op(0x60);
  op(4);
  op(I32);
  op(I32);
  op(I32);
  op(I64);
  op(1);
  op(I32);
  fillSize(types);
  const imports = section(2);
  unsigned(2 + IMPORTED_FUNCTIONS + handlers);
  imported(MEMORY, 2);
  op(0);
  unsigned(1);
  // in the order of frame.ts
  importedGlobal(BUDGET);
  importedFunction(READ, 1);
  importedFunction(WRITE, 2);
  importedFunction(STORE, 1);
  importedFunction(SETTLE, 3);
  importedFunction(ADD_80, 4);
  importedFunction(MUL_80, 4);
  importedFunction(DIV_80, 4);
  for (let i: u32 = 0; i < handlers; i++) importedFunction(numbered(handlerAt(i), H), 0);
  fillSize(imports);
  const declared = section(3);
  unsigned(functions);
  for (let i: u32 = 0; i < functions; i++) op(0);
  fillSize(declared);
  const exports = section(7);
  unsigned(functions);
  for (let i: u32 = 0; i < functions; i++) {
    name(numbered(openingSlot(i), 0));
    op(0);
    unsigned(IMPORTED_FUNCTIONS + handlers + i);
  }
  fillSize(exports);
  const bodies = section(10);
  unsigned(functions);
  memory.copy(out, CODE, code);
  setOut(out + code);
  fillSize(bodies);
  return <u32>(out - MODULE);
}
