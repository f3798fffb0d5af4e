// The processor after power-up or RESET.
// SDM vol. 3A table 9-1; x87 and SSE: vol. 3A 9.2, vol. 1 10.2.3.1.
import {
  APIC_PHYSICAL, CAREFUL, CPL, CR0, CR2, CR3, CR4, DR0, DR6, DR7, EDX, EFER, EIP, FAULT_KIND, FLAGS_SYSTEM, FPR, FPU_CONTROL, FPU_DP,
  FPU_DP_SELECTOR, FPU_IP, FPU_IP_SELECTOR, FPU_OPCODE, FPU_STATUS, FPU_TAG, GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT, IGNNE,
  INTERRUPT_SHADOW, MMIO_QUEUE_COUNT, MSR_APIC_BASE, MSR_MISC_ENABLE, MSR_MTRR, MSR_MTRR_DEF_TYPE, MSR_PAT, MSR_SYSENTER_CS, MXCSR, NMI_BLOCKED,
  NO_APIC, PDPTE, REGS, REPLAY_COUNT, REPLAY_NEXT, TSC_OFFSET, XMM, ATTENTION, EPT_ACTIVE, INTERRUPT_WINDOW, SHADOW_OF_SS, VECTORING, VMX_HALTED,
  VMX_OFF, VMX_STATE,
} from '../../abi';
import { SIGNATURE } from '../../cpu/cpuid';
import { setArithmetic } from '../../cpu/flags';
import { CS, ES, GS, LDTR, setSegment, TR } from '../../cpu/segment';
import { flushTlb } from '../../mmu/tlb';
import { updateMode } from './mode';

const FAST_STRINGS: u64 = 1;
const APIC_ENABLED: u64 = 0xfee00900; // global enable, bootstrap processor
const PAT_POWER_UP: u64 = 0x0007040600070406;

export function reset(): void {
  memory.fill(REGS, 0, 16 * 8);
  store<u32>(EDX, SIGNATURE);
  store<u64>(EIP, 0xfff0);
  setArithmetic(0);
  store<u32>(FLAGS_SYSTEM, 2);

  for (let seg: u32 = ES; seg <= GS; seg++) setSegment(seg, 0, 0, 0xffff, 0x93);
  setSegment(CS, 0xf000, 0xffff0000, 0xffff, 0x93);
  setSegment(LDTR, 0, 0, 0xffff, 0x82);
  setSegment(TR, 0, 0, 0xffff, 0x8b);
  store<u64>(GDTR_BASE, 0);
  store<u32>(GDTR_LIMIT, 0xffff);
  store<u64>(IDTR_BASE, 0);
  store<u32>(IDTR_LIMIT, 0xffff);

  store<u64>(CR0, 0x60000010);
  store<u64>(CR2, 0);
  store<u64>(CR3, 0);
  store<u64>(CR4, 0);
  store<u64>(EFER, 0);
  memory.fill(PDPTE, 0, 4 * 8);
  memory.fill(DR0, 0, 4 * 8);
  store<u64>(DR6, 0xffff0ff0);
  store<u64>(DR7, 0x400);

  memory.fill(FPR, 0, 8 * 16);
  store<u16>(FPU_CONTROL, 0x40);
  store<u16>(FPU_STATUS, 0);
  store<u16>(FPU_TAG, 0x5555);
  store<u16>(FPU_OPCODE, 0);
  store<u64>(FPU_IP, 0);
  store<u16>(FPU_IP_SELECTOR, 0);
  store<u64>(FPU_DP, 0);
  store<u16>(FPU_DP_SELECTOR, 0);
  memory.fill(XMM, 0, 16 * 16);
  store<u32>(MXCSR, 0x1f80);

  memory.fill(MSR_SYSENTER_CS, 0, 3 * 8);
  store<u64>(MSR_APIC_BASE, APIC_ENABLED);
  store<u64>(MSR_PAT, PAT_POWER_UP);
  store<u64>(MSR_MISC_ENABLE, FAST_STRINGS);
  store<u64>(MSR_MTRR_DEF_TYPE, 0);
  memory.fill(MSR_MTRR, 0, 27 * 8);
  store<u64>(TSC_OFFSET, 0);

  store<u32>(CPL, 0);
  store<u32>(CAREFUL, 0);
  store<u32>(INTERRUPT_SHADOW, 0);
  store<u32>(INTERRUPT_WINDOW, 0);
  store<u32>(SHADOW_OF_SS, 0);
  store<u32>(VECTORING, 0);
  store<u32>(VMX_STATE, VMX_OFF);
  store<u32>(VMX_HALTED, 0);
  store<u32>(EPT_ACTIVE, 0);
  store<u32>(NMI_BLOCKED, 0);
  store<u32>(IGNNE, 0);
  store<u32>(APIC_PHYSICAL, NO_APIC);
  store<u32>(FAULT_KIND, 0);
  store<u32>(ATTENTION, 0);
  store<u32>(REPLAY_COUNT, 0);
  store<u32>(REPLAY_NEXT, 0);
  store<u32>(MMIO_QUEUE_COUNT, 0);
  flushTlb(true);
  updateMode();
}
