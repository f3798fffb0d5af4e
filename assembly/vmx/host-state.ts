// The host-state area: what the processor becomes at a VM exit. The monitor is not x86 code, but the state is the real one.
// SDM vol. 3C 27.5. DEVIATION: page-directory-pointer entries of a host with PAE paging are not loaded, nobody walks its tables.
import {
  CPL, CR0, CR3, CR4, DR7, EFER, EIP, ESP, FLAGS_SYSTEM, GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT, INTERRUPT_SHADOW, MSR_PAT, MSR_SYSENTER_CS,
  MSR_SYSENTER_EIP, MSR_SYSENTER_ESP,
} from '../abi';
import { setArithmetic } from '../cpu/flags';
import { CS, DS, ES, FS, GS, LDTR, setNullSegment, setSegment, SS, TR } from '../cpu/segment';
import {
  HOST_CR0, HOST_CR3, HOST_CR4, HOST_CS_SELECTOR, HOST_DS_SELECTOR, HOST_ES_SELECTOR, HOST_FS_BASE, HOST_FS_SELECTOR, HOST_GDTR_BASE,
  HOST_GS_BASE, HOST_GS_SELECTOR, HOST_IA32_EFER, HOST_IA32_PAT, HOST_IA32_SYSENTER_CS, HOST_IA32_SYSENTER_EIP, HOST_IA32_SYSENTER_ESP,
  HOST_IDTR_BASE, HOST_RIP, HOST_RSP, HOST_SS_SELECTOR, HOST_TR_BASE, HOST_TR_SELECTOR, VM_EXIT_CONTROLS,
} from '../generated/vmcs';
import { VM_EXIT_LOAD_IA32_EFER, VM_EXIT_LOAD_IA32_PAT } from '../vmcs/controls';

const CODE_FLAT: u32 = 0xc09b;
const DATA_FLAT: u32 = 0xc093;
const TSS_BUSY: u32 = 0x8b;

function loadData(seg: u32, selector: usize, base: u32): void {
  const value: u32 = load<u16>(selector);
  if (value == 0) setNullSegment(seg, 0);
  else setSegment(seg, value, base, 0xffffffff, DATA_FLAT);
}

export function loadHost(): void {
  store<u64>(CR0, load<u32>(HOST_CR0));
  store<u64>(CR3, load<u32>(HOST_CR3));
  store<u64>(CR4, load<u32>(HOST_CR4));
  store<u64>(DR7, 0x400);
  store<u64>(MSR_SYSENTER_CS, load<u32>(HOST_IA32_SYSENTER_CS));
  store<u64>(MSR_SYSENTER_ESP, load<u32>(HOST_IA32_SYSENTER_ESP));
  store<u64>(MSR_SYSENTER_EIP, load<u32>(HOST_IA32_SYSENTER_EIP));
  const controls = load<u32>(VM_EXIT_CONTROLS);
  if (controls & VM_EXIT_LOAD_IA32_PAT) store<u64>(MSR_PAT, load<u64>(HOST_IA32_PAT));
  if (controls & VM_EXIT_LOAD_IA32_EFER) store<u64>(EFER, load<u64>(HOST_IA32_EFER));
  setSegment(CS, load<u16>(HOST_CS_SELECTOR), 0, 0xffffffff, CODE_FLAT);
  loadData(SS, HOST_SS_SELECTOR, 0);
  loadData(DS, HOST_DS_SELECTOR, 0);
  loadData(ES, HOST_ES_SELECTOR, 0);
  loadData(FS, HOST_FS_SELECTOR, load<u32>(HOST_FS_BASE));
  loadData(GS, HOST_GS_SELECTOR, load<u32>(HOST_GS_BASE));
  setNullSegment(LDTR, 0);
  setSegment(TR, load<u16>(HOST_TR_SELECTOR), load<u32>(HOST_TR_BASE), 0x67, TSS_BUSY);
  store<u64>(GDTR_BASE, load<u32>(HOST_GDTR_BASE));
  store<u32>(GDTR_LIMIT, 0xffff);
  store<u64>(IDTR_BASE, load<u32>(HOST_IDTR_BASE));
  store<u32>(IDTR_LIMIT, 0xffff);
  store<u32>(ESP, load<u32>(HOST_RSP));
  store<u64>(EIP, load<u32>(HOST_RIP));
  setArithmetic(0);
  store<u32>(FLAGS_SYSTEM, 2);
  store<u32>(CPL, 0);
  store<u32>(INTERRUPT_SHADOW, 0);
}
