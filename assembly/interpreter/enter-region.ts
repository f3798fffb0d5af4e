// From one region to the next: what a region leaves with, and the look-up of where it goes, without the dispatch loop between them.
// Ours. Translated code keeps to this protocol; the state that it works on is in memory again when it returns.
import { ATTENTION, EIP, UOP_POOL } from '../abi';
import { beginRegion, budget, endRegion, spend } from '../cpu/budget';
import { fault, RESUME_UOP } from '../cpu/fault';
import { handlerTable } from '../generated/dispatch';
import { U_ORDINAL } from '../isa/uop';
import { interruptedBy, BY_FAULT, BY_WRITE } from '../mmu/region-access';
import { entryOf, entrySlot, entryTarget, isEntry, opOf } from '../mmu/region-entries';
import { codeTlb, userRights } from '../mmu/tlb';
import { codePage, enterPage, resumeAfter } from '../ops/operand';
import { noteStart } from './samples';

/** A region leaves with 0 when execution goes on at EIP, else with a micro-op and one of these in its low bits. */
export const INTERRUPTED: u32 = 1; // its memory access did not come through
export const BY_HANDLER: u32 = 2; // its handler is to do it
const WAY: usize = 3;

// @ts-ignore: decorator
@inline function byHandler(u: usize): usize { return call_indirect<usize>(load<u32>(handlerTable(opOf(u))), u); }

function interrupted(u: usize): usize {
  const why = interruptedBy();
  return why == BY_FAULT ? fault(u) : why == BY_WRITE ? resumeAfter(u) : byHandler(u);
}

/** Runs the region that begins at `u`, and those behind it; the value is the next micro-op. */
export function enterRegion(u: usize): usize {
  const untilSample = beginRegion();
  const next = runRegions(u);
  endRegion(untilSample);
  if (next >= <usize>UOP_POOL) noteStart(next, codePage);
  return next;
}

function runRegions(u: usize): usize {
  for (;;) {
    const e = entryOf(u, userRights);
    // translated for the other rights
    if (e == 0) return byHandler(u);
    const left = call_indirect<usize>(entrySlot(e), entryTarget(e));
    if (left == 0) u = goOn();
    else {
      const way = left & WAY;
      u = way == 0 ? left : way == INTERRUPTED ? interrupted(left & ~WAY) : byHandler(left & ~WAY);
    }
    if (!isEntry(u)) return u;
  }
  return 0;
}

/** The micro-op at EIP, as jumpTo() finds it. */
// @ts-ignore: decorator
@inline function goOn(): usize {
  if (budget <= 0 || load<u32>(ATTENTION) != 0) return RESUME_UOP;
  const eip = load<u32>(EIP);
  const table: usize = load<u32>(codeTlb + ((eip >>> 12) << 2));
  if (table == 0) return RESUME_UOP;
  const u: usize = load<u32>(table + ((eip & 0xfff) << 2));
  if (u == 0) return RESUME_UOP;
  enterPage(eip & 0xfffff000, table);
  spend(-<i32>load<u16>(u, U_ORDINAL));
  return u;
}
