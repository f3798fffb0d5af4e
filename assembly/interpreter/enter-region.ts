// From one region to the next: what a region leaves with, and the look-up of where it goes, without the dispatch loop between them.
// Ours. Translated code keeps to this protocol; the state that it works on is in memory again when it returns.
import { ATTENTION, CODE_AREA, EIP } from '../abi';
import { beginRegion, budget, endRegion, spend } from '../cpu/budget';
import { fault, RESUME_UOP } from '../cpu/fault';
import { settleMemory } from '../cpu/flag-kinds';
import { handlerTable } from '../generated/dispatch';
import { U_ORDINAL } from '../uop';
import { closings } from '../mmu/code-pages';
import { interruptedBy, BY_FAULT, BY_WRITE } from '../mmu/region-access';
import { entryOf, entrySlot, entryTarget, isEntry, opOf } from '../mmu/region-entries';
import { codeTlb, userRights } from '../mmu/tlb';
import { codePage, enterPage, resumeAfter } from '../ops/operand';
import { sampleLink, stepsToSample } from './links';
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
  if (next >= <usize>CODE_AREA) noteStart(next, codePage());
  return next;
}

/**
 * Entries by the address that a region was left to, and by the rights in force, direct mapped: {EIP, offset table, slot u16, ordinal u16,
 * target}. Few and small: they and the code TLB are all that a step looks at. An entry is good while the code TLB leads to its table.
 */
const ENTRY_SIZE: usize = 16;
const ENTRY_COUNT: u32 = 2048;
const LEFT_TO: usize = memory.data(2048 * 16, 64);
/** What `closings` was when the entries were noted: they are void when one of those that they lead to may be. */
let era: u32 = 0;

// @ts-ignore: decorator
@inline function leftTo(eip: u32): usize {
  return LEFT_TO + <usize>((eip ^ (eip >>> 9) ^ (<u32>userRights << 10)) & (ENTRY_COUNT - 1)) * ENTRY_SIZE;
}

function forget(): void {
  memory.fill(LEFT_TO, 0, <usize>ENTRY_COUNT * ENTRY_SIZE);
  era = closings;
}

function remember(at: usize, eip: u32, table: usize, u: usize): void {
  const e = entryOf(u, userRights);
  if (e == 0) return;
  store<u32>(at, eip);
  store<u32>(at, <u32>table, 4);
  store<u16>(at, entrySlot(e), 8);
  store<u16>(at, load<u16>(u, U_ORDINAL), 10);
  store<u32>(at, entryTarget(e), 12);
}

// @ts-ignore: decorator
@inline function settledAt(u: usize): usize {
  settleMemory();
  return u;
}

function runRegions(u: usize): usize {
  for (;;) {
    const e = entryOf(u, userRights);
    // translated for the other rights
    if (e == 0) {
      settleMemory();
      return byHandler(u);
    }
    let slot = entrySlot(e);
    let target = entryTarget(e);
    for (;;) {
      const left = call_indirect<usize>(slot, target);
      if (left != 0) {
        const way = left & WAY;
        if (way != 0) settleMemory();
        u = way == 0 ? left : way == INTERRUPTED ? interrupted(left & ~WAY) : byHandler(left & ~WAY);
        break;
      }
      if (budget <= 0 || load<u32>(ATTENTION) != 0) return settledAt(RESUME_UOP);
      const eip = load<u32>(EIP);
      const table: usize = load<u32>(codeTlb + ((eip >>> 12) << 2));
      if (table == 0) return settledAt(RESUME_UOP);
      if (stepsToSample()) sampleLink(eip, table, userRights, slot);
      if (era != closings) forget();
      const at = leftTo(eip);
      if (load<u32>(at) == eip && load<u32>(at, 4) == <u32>table) {
        slot = load<u16>(at, 8);
        target = load<u32>(at, 12);
        enterPage(eip & 0xfffff000, table);
        spend(-<i32>load<u16>(at, 10));
        continue;
      }
      u = load<u32>(table + ((eip & 0xfff) << 2));
      if (u == 0) return settledAt(RESUME_UOP);
      enterPage(eip & 0xfffff000, table);
      spend(-<i32>load<u16>(u, U_ORDINAL));
      if (isEntry(u)) remember(at, eip, table, u);
      break;
    }
    if (!isEntry(u)) return settledAt(u);
  }
  return 0;
}
