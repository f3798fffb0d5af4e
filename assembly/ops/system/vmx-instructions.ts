// VMX instructions. There are none to run: the monitor is not guest code, and CPUID says so. In non-root operation they leave.
// SDM vol. 3C chapter 30, section 25.1.2.
import { realMode, virtual8086 } from '../../cpu/control';
import { ud } from '../../cpu/fault';
import { exitAt, nonRoot } from '../../cpu/vmx';
import {
  EXIT_REASON_INVEPT, EXIT_REASON_INVVPID, EXIT_REASON_VMCALL, EXIT_REASON_VMCLEAR, EXIT_REASON_VMLAUNCH, EXIT_REASON_VMOFF,
  EXIT_REASON_VMON, EXIT_REASON_VMPTRLD, EXIT_REASON_VMPTRST, EXIT_REASON_VMREAD, EXIT_REASON_VMRESUME, EXIT_REASON_VMWRITE,
} from '../../vmcs/exit-reasons';

function leave(u: usize, reason: u32): usize {
  return !nonRoot() || realMode() || virtual8086() ? ud(u) : exitAt(u, reason, 0);
}

/** The one that is for guests: in every mode. */
export function vmcall(u: usize): usize { return nonRoot() ? exitAt(u, EXIT_REASON_VMCALL, 0) : ud(u); }
export function vmlaunch(u: usize): usize { return leave(u, EXIT_REASON_VMLAUNCH); }
export function vmresume(u: usize): usize { return leave(u, EXIT_REASON_VMRESUME); }
export function vmxoff(u: usize): usize { return leave(u, EXIT_REASON_VMOFF); }
export function vmxon(u: usize): usize { return leave(u, EXIT_REASON_VMON); }
export function vmclear(u: usize): usize { return leave(u, EXIT_REASON_VMCLEAR); }
export function vmptrld(u: usize): usize { return leave(u, EXIT_REASON_VMPTRLD); }
export function vmptrst(u: usize): usize { return leave(u, EXIT_REASON_VMPTRST); }
export function vmread(u: usize): usize { return leave(u, EXIT_REASON_VMREAD); }
export function vmwrite(u: usize): usize { return leave(u, EXIT_REASON_VMWRITE); }
export function invept(u: usize): usize { return leave(u, EXIT_REASON_INVEPT); }
export function invvpid(u: usize): usize { return leave(u, EXIT_REASON_INVVPID); }
