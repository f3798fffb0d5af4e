// INS and OUTS: up to a page of items an exit, in PIO_DATA.
// SDM vol. 2; assembly/abi.ts, exit reasons. The registers always stand at the first item that is not done.
import { ECX, EDI, EDX, EIP, ESI, EXIT_IO_IN, EXIT_IO_OUT, PIO_DATA } from '../../abi';
import { EXIT_UOP, fault, faulted, raiseExit } from '../../cpu/fault';
import { nonRoot } from '../../cpu/vmx';
import { U_SEGMENT } from '../../uop';
import { probeWrite, replayReady, replayTake } from '../../mmu/access';
import { hasCode } from '../../mmu/code-pages';
import { ACCESS_READ, ACCESS_WRITE, translate, walkedHost } from '../../mmu/paging';
import { userRights } from '../../mmu/tlb';
import { ES, segmentBase } from '../../mmu/segmented';
import { exitString, portExits } from './intercept';
import { describeExit } from './io';
import { ioAllowed } from './io-rights';
import { eipOf, resumeAfter } from '../operand';
import { get, put } from '../operand-sized';
import {
  advance, destination, destinationStretch, index, readItem, repeated, source, sourceStretch, stride, unwatched, writeItem,
} from '../integer/string-operand';

/** Host address of RAM behind `lin` that takes many items at once, else 0. */
function blockForWrite(lin: u32): usize {
  const physical = translate(lin, ACCESS_WRITE, userRights);
  return faulted() || hasCode(physical >>> 12) ? 0 : walkedHost(physical, true);
}
function blockForRead(lin: u32): usize {
  const physical = translate(lin, ACCESS_READ, userRights);
  return faulted() ? 0 : walkedHost(physical, false);
}

/** Counts off `items` of a repeated instruction; true when nothing is left to do. */
// @ts-ignore: decorator
@inline function countOff(u: usize, items: u32): bool {
  if (!repeated(u)) return true;
  advance(u, ECX, -items);
  return index(u, ECX) == 0;
}

/** Ends the visit: EIP behind the instruction, or at it while items remain. The value is RESUME_UOP. */
function endVisit(u: usize, done: bool): usize {
  const resume = resumeAfter(u);
  if (!done) store<u32>(EIP, eipOf(u));
  return resume;
}

// @ts-ignore: decorator
@inline function input<T>(u: usize): usize {
  const n: u32 = repeated(u) ? index(u, ECX) : 1;
  if (n == 0) return resumeAfter(u);
  const port: u32 = load<u16>(EDX);
  if (!ioAllowed(u, port, sizeof<T>())) return fault(u);
  if (nonRoot() && portExits(port, sizeof<T>())) return exitString(u, port, sizeof<T>(), true, segmentBase(ES) + index(u, EDI));
  const to = destination<T>(u, true);
  if (faulted() || !probeWrite(to, sizeof<T>())) return fault(u);
  let items: u32 = n > 1 && unwatched() ? destinationStretch(u, to, sizeof<T>(), n, true) : 1;
  const host: usize = items > 1 ? blockForWrite(to) : 0;
  if (host == 0) items = 1;
  if (!replayReady()) {
    describeExit(EXIT_IO_IN, port, sizeof<T>(), items);
    raiseExit();
    return fault(u);
  }
  replayTake();
  if (host) memory.copy(host, PIO_DATA, items * sizeof<T>());
  else if (!writeItem<T>(to, get<T>(PIO_DATA))) return fault(u);
  advance(u, EDI, items * stride<T>());
  return endVisit(u, countOff(u, items));
}

// @ts-ignore: decorator
@inline function output<T>(u: usize): usize {
  const n: u32 = repeated(u) ? index(u, ECX) : 1;
  if (n == 0) return resumeAfter(u);
  const port: u32 = load<u16>(EDX);
  if (!ioAllowed(u, port, sizeof<T>())) return fault(u);
  if (nonRoot() && portExits(port, sizeof<T>())) {
    return exitString(u, port, sizeof<T>(), false, segmentBase(load<u8>(u, U_SEGMENT)) + index(u, ESI));
  }
  const from = source<T>(u);
  if (faulted()) return fault(u);
  let items: u32 = n > 1 && unwatched() ? sourceStretch(u, from, sizeof<T>(), n) : 1;
  const host: usize = items > 1 ? blockForRead(from) : 0;
  if (faulted()) return fault(u);
  if (host) memory.copy(PIO_DATA, host, items * sizeof<T>());
  else {
    items = 1;
    const value = readItem<T>(from);
    if (faulted()) return fault(u);
    put<T>(PIO_DATA, value);
  }
  advance(u, ESI, items * stride<T>());
  describeExit(EXIT_IO_OUT, port, sizeof<T>(), items);
  endVisit(u, countOff(u, items));
  return EXIT_UOP;
}

export function ins8(u: usize): usize { return input<u8>(u); }
export function ins16(u: usize): usize { return input<u16>(u); }
export function ins32(u: usize): usize { return input<u32>(u); }
export function outs8(u: usize): usize { return output<u8>(u); }
export function outs16(u: usize): usize { return output<u16>(u); }
export function outs32(u: usize): usize { return output<u32>(u); }
