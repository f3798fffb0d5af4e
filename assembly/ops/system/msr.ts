// RDMSR, WRMSR, RDTSC, RDPMC, CPUID and the time-stamp counter.
// SDM vol. 2; vol. 3B section 17.17 (TSC).
import {
  CPL, EAX, ECX, EDX, EFER, EXIT_APIC_BASE, EXIT_MSR, EXIT_REASON, TSC_BASE, TSC_LAST, TSC_OFFSET, TSC_PER_INSTRUCTION,
} from '../../abi';
import { CR4_PCE, CR4_TSD, cr4 } from '../../cpu/control';
import { identify } from '../../cpu/cpuid';
import { EXIT_UOP, gp } from '../../cpu/fault';
import { exitAt, exits, guestTscOffset, nonRoot } from '../../cpu/vmx';
import {
  IA32_APIC_BASE, IA32_BIOS_SIGN_ID, IA32_BIOS_UPDT_TRIG, IA32_EFER, IA32_MCG_CAP, IA32_MCG_STATUS, IA32_MTRRCAP, IA32_PLATFORM_ID,
  IA32_TSC, msrAccepts, msrStorage, MTRRCAP_VALUE,
} from '../../cpu/msr';
import { UOP_SIZE } from '../../uop';
import { flushTlb } from '../../mmu/tlb';
import { CPU_BASED_RDPMC_EXITING, CPU_BASED_RDTSC_EXITING } from '../../vmcs/controls';
import { EXIT_REASON_CPUID, EXIT_REASON_MSR_READ, EXIT_REASON_MSR_WRITE, EXIT_REASON_RDPMC, EXIT_REASON_RDTSC } from '../../vmcs/exit-reasons';
import { msrExits } from './intercept';
import { instructionsSinceEntry, resumeAfter } from '../operand';

/** Machine time in ticks after `instructions` of this run: each is later than the one before, whatever the host does to the rate. */
export function tscAt(instructions: i32): u64 {
  const ticks = load<u64>(TSC_BASE) + ((<u64>instructions * load<u32>(TSC_PER_INSTRUCTION)) >> 16);
  const now = max<u64>(ticks, load<u64>(TSC_LAST) + 1);
  store<u64>(TSC_LAST, now);
  return now;
}
function tscNow(u: usize): u64 { return tscAt(instructionsSinceEntry(u)); }

function answer(value: u64): void {
  store<u32>(EAX, <u32>value);
  store<u32>(EDX, <u32>(value >> 32));
}

export function rdtsc(u: usize): usize {
  if (load<u32>(CPL) != 0 && (cr4() & CR4_TSD) != 0) return gp(u, 0);
  if (exits(CPU_BASED_RDTSC_EXITING)) return exitAt(u, EXIT_REASON_RDTSC, 0);
  answer(tscNow(u) + load<u64>(TSC_OFFSET) + guestTscOffset());
  return u + UOP_SIZE;
}

/** There are no performance counters: every index is wrong. */
export function rdpmc(u: usize): usize {
  if (exits(CPU_BASED_RDPMC_EXITING) && (load<u32>(CPL) == 0 || (cr4() & CR4_PCE) != 0)) return exitAt(u, EXIT_REASON_RDPMC, 0);
  return gp(u, 0);
}

export function cpuid(u: usize): usize {
  if (nonRoot()) return exitAt(u, EXIT_REASON_CPUID, 0);
  identify(load<u32>(EAX), load<u32>(ECX));
  return u + UOP_SIZE;
}

/** Registers that read as zero and take anything. */
function inert(index: u32): bool {
  return index == IA32_PLATFORM_ID || index == IA32_BIOS_SIGN_ID || index == IA32_MCG_CAP || index == IA32_MCG_STATUS || index == IA32_BIOS_UPDT_TRIG;
}

/** What readMsr() has found. */
export let msrValue: u64 = 0;

/** Reads MSR `index` at machine time `now`; false: there is none. */
export function readMsr(index: u32, now: u64): bool {
  if (index == IA32_TSC) msrValue = now + load<u64>(TSC_OFFSET);
  else if (index == IA32_MTRRCAP) msrValue = MTRRCAP_VALUE;
  else if (inert(index)) msrValue = 0;
  else {
    const at = msrStorage(index);
    if (at == 0) return false;
    msrValue = load<u64>(at);
  }
  return true;
}

/** False: there is no such MSR, or it does not take the value. */
export function writeMsr(index: u32, value: u64, now: u64): bool {
  if (index == IA32_TSC) store<u64>(TSC_OFFSET, value - now);
  else if (!inert(index)) {
    const at = msrStorage(index);
    if (at == 0 || !msrAccepts(index, value)) return false;
    if (index == IA32_EFER && load<u64>(EFER) != value) flushTlb(true);
    store<u64>(at, value);
  }
  return true;
}

export function rdmsr(u: usize): usize {
  const index = load<u32>(ECX);
  if (nonRoot() && msrExits(index, false)) return exitAt(u, EXIT_REASON_MSR_READ, 0);
  if (!readMsr(index, tscNow(u))) return gp(u, 0);
  answer(index == IA32_TSC ? msrValue + guestTscOffset() : msrValue);
  return u + UOP_SIZE;
}

export function wrmsr(u: usize): usize {
  const index = load<u32>(ECX);
  if (nonRoot() && msrExits(index, true)) return exitAt(u, EXIT_REASON_MSR_WRITE, 0);
  if (!writeMsr(index, <u64>load<u32>(EAX) | (<u64>load<u32>(EDX) << 32), tscNow(u))) return gp(u, 0);
  const end = resumeAfter(u);
  if (index != IA32_APIC_BASE) return end;
  store<u32>(EXIT_MSR, index);
  store<u32>(EXIT_REASON, EXIT_APIC_BASE);
  return EXIT_UOP;
}
