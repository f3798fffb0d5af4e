// Calls of handlers whose effects are known: only what they touch goes to memory and comes back.
// Ours; scripts/gen-effects.mjs says which these are and how the form word tells it.
import { REGS } from '../abi';
import { FAULT_UOP } from '../cpu/fault';
import { U_BASE, U_INDEX, U_REG, U_RM } from '../uop';
import { knowFlags, knownCarry, knownStep, settled, settleFlags } from './flags';
import {
  callHandler, leaveToReturned, loadBudget, loadFlags, loadSome, storeBudget, storeFlags, storeSome, VALUE,
} from './frame';
import { reloadAll } from './vector';
import { constant, end, get, NE, op, when } from './wasm';

const READS_FLAGS: u32 = 1 << 24;
export const WRITES_FLAGS: u32 = 1 << 25;
export const WRITES_RM: u32 = 1 << 26;
export const WRITES_REG: u32 = 1 << 27;
const CHARGES: u32 = 1 << 28;
const WRITES_XMM: u32 = 1 << 29;

/** The bit of the general register at `slot`; 0 for anything else. */
function bitOf(slot: u32): u32 { return slot >= <u32>REGS && slot < <u32>REGS + 64 ? 1 << ((slot - REGS) >>> 3) : 0; }

export function runKnownHandler(u: usize, form: u32): void {
  const rm = bitOf(load<u16>(u, U_RM));
  const reg = bitOf(load<u16>(u, U_REG));
  const writes = ((form >>> 16) & 0xff) | ((form & WRITES_RM) != 0 ? rm : 0) | ((form & WRITES_REG) != 0 ? reg : 0);
  storeSome(((form >>> 8) & 0xff) | rm | reg | bitOf(load<u16>(u, U_BASE)) | bitOf(load<u16>(u, U_INDEX)));
  const flags = (form & WRITES_FLAGS) != 0;
  if ((form & READS_FLAGS) != 0) {
    settleFlags();
    storeFlags();
  }
  storeBudget();
  callHandler(u);
  loadSome(writes);
  loadBudget();
  if ((form & READS_FLAGS) != 0 && flags) loadFlags();
  else if (flags) {
    // a fault leaves the flags that were before, and those are here
    const carry = knownCarry();
    const step = knownStep();
    get(VALUE);
    constant(<u32>FAULT_UOP);
    op(NE);
    when();
    loadFlags();
    settled();
    leaveToReturned();
    end();
    knowFlags(carry, step);
  }
  leaveToReturned();
  end();
  loadSome(writes);
  if ((form & CHARGES) != 0) loadBudget();
  if ((form & WRITES_XMM) != 0) reloadAll();
  if (!flags) return;
  loadFlags();
  settled();
}
