// String instructions without REP, in line where the TLB knows the page; everything else calls the handler. ops/integer/string.ts.
// Source: SDM vol. 2, MOVS, STOS, LODS, SCAS, CMPS.
import { EAX, EDI, ESI, FLAGS_SYSTEM } from '../abi';
import { SUBTRACTED } from '../cpu/flag-kinds';
import { FORM_LODS, FORM_MOVS, FORM_SCAS, FORM_STOS } from '../generated/forms';
import { DS } from '../cpu/segment';
import { U_ATTR, U_SEGMENT, UA_ADDR16, UA_REPE, UA_REPNE } from '../uop';
import { readTlb, writeTlb } from '../mmu/tlb';
import { runKnownHandler } from './emit-known';
import { setKind } from './flags';
import {
  ENTRY, extend, getRegister, getSlot, LEFT, LINEAR, RESULT, RIGHT, setRegister, setSlot, T1, VALUE,
} from './frame';
import { host, lookup, readMemory } from './memory';
import { ADD, AND, constant, ELSE, end, get, loadN, op, OR, set, SHR_U, storeN, SUB, tee, when, XOR } from './wasm';

/** The form word: effects as in emit-known.ts, and log2 of the item's size in bits 30 and 31. */
// @ts-ignore: decorator
@inline function bytesOf(form: u32): u32 { return 1 << (form >>> 30); }

export function stringOnce(u: usize, form: u32, dead: bool): void {
  // FS and GS are not flat
  if ((load<u8>(u, U_ATTR) & (UA_ADDR16 | UA_REPE | UA_REPNE)) != 0 || <u32>load<u8>(u, U_SEGMENT) > DS) {
    runKnownHandler(u, form);
    return;
  }
  const bytes = bytesOf(form);
  switch (form & 0xff) {
    case FORM_MOVS: move(u, form, bytes); break;
    case FORM_STOS: fill(u, form, bytes); break;
    case FORM_LODS:
      getRegister(ESI);
      readMemory(u, bytes);
      get(VALUE);
      setSlot(bytes, EAX);
      advance(ESI, bytes);
      break;
    case FORM_SCAS:
      getRegister(EDI);
      readMemory(u, bytes);
      if (!dead) {
        getSlot(bytes, EAX);
        compare(VALUE, bytes);
      }
      advance(EDI, bytes);
      break;
    default:
      // where both fault it is the second that shows
      getRegister(EDI);
      readMemory(u, bytes);
      get(VALUE);
      set(T1);
      getRegister(ESI);
      readMemory(u, bytes);
      if (!dead) {
        get(VALUE);
        compare(T1, bytes);
      }
      advance(ESI, bytes);
      advance(EDI, bytes);
  }
}

function move(u: usize, form: u32, bytes: u32): void {
  getRegister(ESI);
  lookup(bytes, readTlb);
  get(ENTRY);
  get(LINEAR);
  op(XOR);
  set(T1);
  getRegister(EDI);
  lookup(bytes, writeTlb);
  op(OR);
  when();
  runKnownHandler(u, form);
  op(ELSE);
  host();
  get(T1);
  loadN(bytes, 0);
  storeN(bytes, 0);
  advance(ESI, bytes);
  advance(EDI, bytes);
  end();
}

function fill(u: usize, form: u32, bytes: u32): void {
  getRegister(EDI);
  lookup(bytes, writeTlb);
  when();
  runKnownHandler(u, form);
  op(ELSE);
  host();
  getSlot(bytes, EAX);
  storeN(bytes, 0);
  advance(EDI, bytes);
  end();
}

/** Pops the left operand; the right one is in a local. */
function compare(right: u32, bytes: u32): void {
  tee(LEFT);
  get(right);
  tee(RIGHT);
  op(SUB);
  extend(bytes);
  set(RESULT);
  setKind(SUBTRACTED + (bytes >>> 1));
}

/** One item on, down when DF is set. */
function advance(slot: u32, bytes: u32): void {
  getRegister(slot);
  constant(bytes);
  constant(0);
  loadN(4, FLAGS_SYSTEM);
  // DF to twice the size
  constant(bytes == 1 ? 9 : bytes == 2 ? 8 : 7);
  op(SHR_U);
  constant(bytes << 1);
  op(AND);
  op(SUB);
  op(ADD);
  setRegister(slot);
}
