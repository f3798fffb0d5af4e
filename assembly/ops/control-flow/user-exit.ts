// Events of programs at CPL 3 whose kernel is the host: they leave the core before the IDT is looked at.
// SDM vol. 3A 6.12-6.15 (what a handler would find); the gates that INT n may go through are those of Linux, arch/x86/kernel/idt.c.
import { CPL, EXIT_DATA, EXIT_REASON, EXIT_SYSCALL, EXIT_TRAP, EXIT_VECTOR, FLAGS_SYSTEM, NO_ERROR_CODE, USER_EXITS } from '../../abi';
import { spend } from '../../cpu/budget';
import { BP, EXIT_UOP, gp, OVERFLOW } from '../../cpu/fault';
import { RF } from '../../cpu/flags';
import { INTR_TYPE_SOFT_INTR } from '../../vmcs/controls';
import { resumeAfter } from '../operand';
import { cancelTrap } from '../system/debug';

const SYSCALL_VECTOR: u32 = 0x80;

// @ts-ignore: decorator
@inline export function userExits(): bool { return load<u32>(USER_EXITS) != 0 && load<u32>(CPL) == 3; }

function leave(reason: i32, flag: u32): usize {
  store<u32>(FLAGS_SYSTEM, (load<u32>(FLAGS_SYSTEM) & ~RF) | flag);
  store<i32>(EXIT_REASON, reason);
  return EXIT_UOP;
}

function trap(vector: u32, error: i32, flag: u32): usize {
  store<u32>(EXIT_VECTOR, vector);
  store<u32>(EXIT_DATA, error == NO_ERROR_CODE ? 0 : error);
  return leave(EXIT_TRAP, flag);
}

/** Leaves with an exception whose EIP is in place; `resume`: it is a fault, and RF is set. */
export function leaveWithException(vector: u32, error: i32, resume: bool): usize {
  // the host bounds what faults for ever: the delivery that was charged does not happen
  spend(-1);
  return trap(vector, error, resume ? RF : 0);
}

/** INT n, INT3, INTO, INT1 at `u`, an interrupt of type INTR_TYPE_*. */
export function leaveWithInterrupt(u: usize, vector: u32, type: u32): usize {
  const call = type == INTR_TYPE_SOFT_INTR && vector == SYSCALL_VECTOR;
  if (type == INTR_TYPE_SOFT_INTR && !call && vector != BP && vector != OVERFLOW) return gp(u, (vector << 3) | 2);
  cancelTrap();
  resumeAfter(u);
  return call ? leave(EXIT_SYSCALL, 0) : trap(vector, NO_ERROR_CODE, 0);
}
