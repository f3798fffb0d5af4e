// HLT, caches, SYSENTER and SYSEXIT, the opcodes that are undefined by definition.
// SDM vol. 2 HLT, INVD, PAUSE, SYSENTER, SYSEXIT, UD.
import {
  CPL, ECX, EDX, ESP, EXIT_HLT, EXIT_REASON, FLAGS_SYSTEM, MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, VMX_HALTED,
} from '../../abi';
import { EXIT_UOP, gp, RESUME_UOP, ud } from '../../cpu/fault';
import { realMode } from '../../cpu/control';
import { IF, RF, VM } from '../../cpu/flags';
import { setEip } from '../../cpu/regs';
import { CS, setSegment, SS } from '../../cpu/segment';
import { exitAt, exits, nonRoot, secondaryControls } from '../../cpu/vmx';
import { UOP_SIZE } from '../../uop';
import { CPU_BASED_HLT_EXITING, CPU_BASED_PAUSE_EXITING, SECONDARY_EXEC_WBINVD_EXITING } from '../../vmcs/controls';
import { EXIT_REASON_HLT, EXIT_REASON_INVD, EXIT_REASON_PAUSE_INSTRUCTION, EXIT_REASON_WBINVD } from '../../vmcs/exit-reasons';
import { updateMode } from './mode';
import { resumeAfter, retire } from '../operand';

/** EIP is behind it when the host sees EXIT_HLT. */
export function hlt(u: usize): usize {
  if (exits(CPU_BASED_HLT_EXITING)) return exitAt(u, EXIT_REASON_HLT, 0);
  if (nonRoot()) store<u32>(VMX_HALTED, 1);
  resumeAfter(u);
  store<u32>(EXIT_REASON, EXIT_HLT);
  return EXIT_UOP;
}

/** There is no cache to flush. */
export function invd(u: usize): usize { return nonRoot() ? exitAt(u, EXIT_REASON_INVD, 0) : u + UOP_SIZE; }
export function wbinvd(u: usize): usize {
  if (nonRoot() && (secondaryControls() & SECONDARY_EXEC_WBINVD_EXITING) != 0) return exitAt(u, EXIT_REASON_WBINVD, 0);
  return u + UOP_SIZE;
}

/** For a spin loop: nothing, unless a monitor wants to know. */
export function pause(u: usize): usize {
  return exits(CPU_BASED_PAUSE_EXITING) ? exitAt(u, EXIT_REASON_PAUSE_INSTRUCTION, 0) : u + UOP_SIZE;
}

/** Flat code and stack segments of SYSENTER and SYSEXIT, with no look at any table. */
function flatSegments(code: u32, level: u32): void {
  setSegment(CS, code | level, 0, 0xffffffff, 0xc09b | (level << 5));
  setSegment(SS, (code + 8) | level, 0, 0xffffffff, 0xc093 | (level << 5));
  store<u32>(CPL, level);
}

export function sysenter(u: usize): usize {
  const code = load<u32>(MSR_SYSENTER_CS) & 0xfffc;
  if (realMode() || code == 0) return gp(u, 0);
  retire(u);
  store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) & ~(VM | IF | RF));
  flatSegments(code, 0);
  store<u32>(ESP, load<u32>(MSR_SYSENTER_ESP));
  setEip(load<u32>(MSR_SYSENTER_EIP));
  updateMode();
  return RESUME_UOP;
}

export function sysexit(u: usize): usize {
  const code = load<u32>(MSR_SYSENTER_CS) & 0xfffc;
  if (realMode() || code == 0 || load<u32>(CPL) != 0) return gp(u, 0);
  retire(u);
  flatSegments(code + 16, 3);
  store<u32>(ESP, load<u32>(ECX));
  setEip(load<u32>(EDX));
  updateMode();
  return RESUME_UOP;
}

/** UD0, UD1, UD2: undefined for ever. */
export function undefined0(u: usize): usize { return ud(u); }
