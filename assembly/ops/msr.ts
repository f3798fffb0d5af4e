// RDMSR, WRMSR, RDTSC, RDPMC, CPUID and the time-stamp counter.
// SDM vol. 2; vol. 3B section 17.17 (TSC).
import {
  CPL, EAX, ECX, EDX, EFER, EXIT_APIC_BASE, EXIT_MSR, EXIT_REASON, TSC_BASE, TSC_LAST, TSC_OFFSET, TSC_PER_INSTRUCTION,
} from '../abi';
import { CR4_TSD, cr4 } from '../cpu/control';
import { identify } from '../cpu/cpuid';
import { EXIT_UOP, gp } from '../cpu/fault';
import {
  IA32_APIC_BASE, IA32_BIOS_SIGN_ID, IA32_BIOS_UPDT_TRIG, IA32_EFER, IA32_MCG_CAP, IA32_MCG_STATUS, IA32_MTRRCAP, IA32_PLATFORM_ID,
  IA32_TSC, msrAccepts, msrStorage, MTRRCAP_VALUE,
} from '../cpu/msr';
import { UOP_SIZE } from '../isa/uop';
import { flushTlb } from '../mmu/tlb';
import { instructionsSinceEntry, resumeAfter } from './operand';

/** Machine time in ticks at instruction `u`: never goes back, whatever the host does to the rate. */
export function tscNow(u: usize): u64 {
  const ticks = load<u64>(TSC_BASE) + ((<u64>instructionsSinceEntry(u) * load<u32>(TSC_PER_INSTRUCTION)) >> 16);
  const now = max<u64>(ticks, load<u64>(TSC_LAST));
  store<u64>(TSC_LAST, now);
  return now;
}

function answer(value: u64): void {
  store<u32>(EAX, <u32>value);
  store<u32>(EDX, <u32>(value >> 32));
}

export function rdtsc(u: usize): usize {
  if (load<u32>(CPL) != 0 && (cr4() & CR4_TSD) != 0) return gp(u, 0);
  answer(tscNow(u) + load<u64>(TSC_OFFSET));
  return u + UOP_SIZE;
}

/** There are no performance counters: every index is wrong. */
export function rdpmc(u: usize): usize { return gp(u, 0); }

export function cpuid(u: usize): usize {
  identify(load<u32>(EAX), load<u32>(ECX));
  return u + UOP_SIZE;
}

/** Registers that read as zero and take anything. */
function inert(index: u32): bool {
  return index == IA32_PLATFORM_ID || index == IA32_BIOS_SIGN_ID || index == IA32_MCG_CAP || index == IA32_MCG_STATUS || index == IA32_BIOS_UPDT_TRIG;
}

export function rdmsr(u: usize): usize {
  const index = load<u32>(ECX);
  if (index == IA32_TSC) answer(tscNow(u) + load<u64>(TSC_OFFSET));
  else if (index == IA32_MTRRCAP) answer(MTRRCAP_VALUE);
  else if (inert(index)) answer(0);
  else {
    const at = msrStorage(index);
    if (at == 0) return gp(u, 0);
    answer(load<u64>(at));
  }
  return u + UOP_SIZE;
}

export function wrmsr(u: usize): usize {
  const index = load<u32>(ECX);
  const value = <u64>load<u32>(EAX) | (<u64>load<u32>(EDX) << 32);
  if (index == IA32_TSC) {
    store<u64>(TSC_OFFSET, value - tscNow(u));
    return resumeAfter(u);
  }
  if (inert(index)) return resumeAfter(u);
  const at = msrStorage(index);
  if (at == 0 || !msrAccepts(index, value)) return gp(u, 0);
  if (index == IA32_EFER && load<u64>(EFER) != value) flushTlb(true);
  store<u64>(at, value);
  const end = resumeAfter(u);
  if (index != IA32_APIC_BASE) return end;
  store<u32>(EXIT_MSR, index);
  store<u32>(EXIT_REASON, EXIT_APIC_BASE);
  return EXIT_UOP;
}
