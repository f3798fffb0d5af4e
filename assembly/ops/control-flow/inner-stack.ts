// The stack of an inner privilege level, as the current TSS names it.
// SDM vol. 3A sections 5.8.5 and 7.2.
import { TS } from '../../cpu/fault';
import { faulted } from '../../cpu/fault';
import { attributesOf, baseOf, limitOf, selectorOf, TR } from '../../cpu/segment';
import { readSystem16, readSystem32 } from '../../mmu/access';
import { fetchStack, raiseSelector } from '../segments/descriptor';

const TSS_IS_32: u32 = 8;

export let innerSelector: u32 = 0;
export let innerPointer: u32 = 0;

/** Reads SSn:ESPn and finds the stack descriptor (it is the one found last). Raises #TS, #SS. */
export function findInnerStack(level: u32): bool {
  const base = baseOf(TR);
  if (attributesOf(TR) & TSS_IS_32) {
    const offset = level * 8 + 4;
    if (offset + 5 > limitOf(TR)) return raiseSelector(TS, selectorOf(TR));
    innerPointer = readSystem32(base + offset);
    if (faulted()) return false;
    innerSelector = readSystem16(base + offset + 4);
  } else {
    const offset = level * 4 + 2;
    if (offset + 3 > limitOf(TR)) return raiseSelector(TS, selectorOf(TR));
    innerPointer = readSystem16(base + offset);
    if (faulted()) return false;
    innerSelector = readSystem16(base + offset + 2);
  }
  return !faulted() && fetchStack(innerSelector, level, TS);
}
