// Instructions that end in a task switch: JMP, CALL and IRET.
// SDM vol. 3A sections 7.3, 7.4.
import { fault, faulted, NP, RESUME_UOP, TS } from '../../cpu/fault';
import { nonRoot, noteLength } from '../../cpu/vmx';
import { baseOf, isPresent, TR, TYPE_TSS16_BUSY, TYPE_TSS32_BUSY } from '../../cpu/segment';
import { readSystem16 } from '../../mmu/access';
import { attributes, fetch, raiseSelector } from './descriptor';
import { deliverFault } from '../control-flow/interrupt';
import { nextEip, retire } from '../operand';
import { ENTERED, REFUSED } from '../outcome';
import { FROM_IRET, switchTask } from './task';

/** Ends instruction `u` with a task switch. */
export function enterTask(u: usize, selector: u32, source: u32): usize {
  if (nonRoot()) noteLength(u);
  const outcome = switchTask(selector, nextEip(u), source);
  if (outcome == REFUSED) return fault(u);
  retire(u);
  return outcome == ENTERED ? RESUME_UOP : deliverFault();
}

/** IRET with NT set: back to the task that the link of this one names. */
export function returnFromTask(u: usize): usize {
  const selector = readSystem16(baseOf(TR));
  if (faulted()) return fault(u);
  if ((selector & 4) != 0 || !fetch(selector, TS)) {
    raiseSelector(TS, selector);
    return fault(u);
  }
  const type = attributes & 0x1f;
  if (type != TYPE_TSS16_BUSY && type != TYPE_TSS32_BUSY) {
    raiseSelector(TS, selector);
    return fault(u);
  }
  if (!isPresent(attributes)) {
    raiseSelector(NP, selector);
    return fault(u);
  }
  return enterTask(u, selector, FROM_IRET);
}
