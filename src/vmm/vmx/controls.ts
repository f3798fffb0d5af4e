// What the monitor writes into the VMCS before the first entry: controls, bitmaps, its own state.
// SDM vol. 3C chapter 25 (VMCS), 32.2 (a monitor's set-up); what is intercepted follows KVM's vmx.c.
import * as vmx from '../../vcpu/vmcs.js';
import type { Vmcs } from '../../vcpu/vmcs.js';
import { EPT_PAGES } from './ept.js';
import { NUMERIC_ERROR, PAGE_FAULT } from './events.js';
import { CR0_PE, CR0_PG, CR0_WP, CR4_PAE } from './guest-walk.js';
import type { HostPhysical } from './host-physical.js';
import { SHADOW_PAGES } from './shadow-pager.js';

const PAGE = 0x1000;
const CR0_NE = 0x20;
const CR0_CD_NW = 0x60000000;
const CR4_VMXE = 0x2000;

/** Pages of the monitor's area: two I/O bitmaps, the MSR bitmap, a page directory of its own, two for the APIC, then EPT or shadow tables. */
const IO_BITMAP_A = 0;
const IO_BITMAP_B = 1;
const MSR_BITMAP = 2;
const HOST_DIRECTORY = 3;
const APIC_ACCESS = 4;
const VIRTUAL_APIC = 5;
const TABLES = 6;

export function monitorPages(ept: boolean): number {
  return TABLES + (ept ? EPT_PAGES : SHADOW_PAGES);
}

/** Host-physical address of the EPT or the shadow tables in the area at `area`. */
export function tablesAt(area: number): number {
  return area + TABLES * PAGE;
}

/** Host-physical addresses of the APIC-access page and the virtual-APIC page. */
export function apicAccessAt(area: number): number {
  return area + APIC_ACCESS * PAGE;
}
export function virtualApicAt(area: number): number {
  return area + VIRTUAL_APIC * PAGE;
}

/** Bits of CR0 and CR4 that the guest owns: it changes them without an exit. All others it reads from the shadow. */
const CR0_MP_EM_TS_AM = 0x4000e;
const CR4_TSD_DE_PCE_OSFXSR_OSXMMEXCPT = 0x70c;
const CR4_PGE = 0x80;

const MSR_TSC = 0x10;
const MSR_SYSENTER = [0x174, 0x175, 0x176];

/** The vCPU's one address-space tag: its translations survive exits. */
const VPID = 1;

/** The monitor's flat segments, as they would lie in its GDT. */
const HOST_CODE = 0x08;
const HOST_DATA = 0x10;
const HOST_TASK = 0x18;
/** Where the processor would go on after an exit, and with which stack: here it hands over to TypeScript instead. */
const HOST_ENTRY = 0xffff0000;

/** The guest's view of CR0 or CR4 goes into the shadow, and with the bits that VMX or the monitor needs into the register. */
export class ControlRegisters {
  private readonly cr0Owned: number;
  private readonly cr4Owned: number;

  constructor(
    private readonly vmcs: Vmcs,
    private readonly ept: boolean,
  ) {
    this.cr0Owned = CR0_MP_EM_TS_AM | (ept ? CR0_WP : 0);
    this.cr4Owned = CR4_TSD_DE_PCE_OSFXSR_OSXMMEXCPT | (ept ? CR4_PGE : 0);
  }

  writeMasks(): void {
    this.vmcs.write('CR0_GUEST_HOST_MASK', ~this.cr0Owned >>> 0);
    this.vmcs.write('CR4_GUEST_HOST_MASK', ~this.cr4Owned >>> 0);
  }

  /** The monitor shadows page tables only where paging is always on. */
  write(cr0: number, cr4: number): void {
    const { vmcs, ept } = this;
    vmcs.write('GUEST_CR0', ((cr0 & ~CR0_CD_NW) | CR0_NE | (ept ? 0 : CR0_PG | CR0_PE | CR0_WP)) >>> 0);
    vmcs.write('CR0_READ_SHADOW', cr0);
    vmcs.write('GUEST_CR4', (cr4 | CR4_VMXE | (ept ? 0 : CR4_PAE)) >>> 0);
    vmcs.write('CR4_READ_SHADOW', cr4);
    // CR0.NE is always set in VMX operation; a guest that has it clear gets its x87 errors from the monitor, by FERR#
    vmcs.write('EXCEPTION_BITMAP', (ept ? 0 : 1 << PAGE_FAULT) | (cr0 & CR0_NE ? 0 : 1 << NUMERIC_ERROR));
  }

  /** As the guest reads them. */
  get cr0(): number {
    const owned = this.cr0Owned;
    return ((this.vmcs.read('GUEST_CR0') & owned) | (this.vmcs.read('CR0_READ_SHADOW') & ~owned)) >>> 0;
  }

  get cr4(): number {
    const owned = this.cr4Owned;
    return ((this.vmcs.read('GUEST_CR4') & owned) | (this.vmcs.read('CR4_READ_SHADOW') & ~owned)) >>> 0;
  }
}

/** Clears the VMCS and writes all but guest state. `area` is the monitor's, at a host-physical address; `apic`: the APIC is virtualized. */
export function setUpControls(
  vmcs: Vmcs,
  memory: HostPhysical,
  area: number,
  eptPointer: number | undefined,
  apic: boolean,
): void {
  const ept = eptPointer !== undefined;
  vmcs.clear();
  vmcs.write(
    'PIN_BASED_VM_EXEC_CONTROL',
    vmx.PIN_BASED_MUST |
      vmx.PIN_BASED_EXT_INTR_MASK |
      vmx.PIN_BASED_NMI_EXITING |
      vmx.PIN_BASED_VIRTUAL_NMIS |
      vmx.PIN_BASED_VMX_PREEMPTION_TIMER,
  );
  const paging = vmx.CPU_BASED_INVLPG_EXITING | vmx.CPU_BASED_CR3_LOAD_EXITING | vmx.CPU_BASED_CR3_STORE_EXITING;
  vmcs.write(
    'CPU_BASED_VM_EXEC_CONTROL',
    (vmx.CPU_BASED_MUST |
      vmx.CPU_BASED_HLT_EXITING |
      vmx.CPU_BASED_USE_TSC_OFFSETTING |
      vmx.CPU_BASED_USE_IO_BITMAPS |
      vmx.CPU_BASED_USE_MSR_BITMAPS |
      vmx.CPU_BASED_ACTIVATE_SECONDARY_CONTROLS |
      (apic ? vmx.CPU_BASED_TPR_SHADOW : 0) |
      (ept ? 0 : paging)) >>>
      0,
  );
  vmcs.write(
    'SECONDARY_VM_EXEC_CONTROL',
    vmx.SECONDARY_EXEC_ENABLE_VPID |
      (apic ? vmx.SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES | vmx.SECONDARY_EXEC_APIC_REGISTER_VIRT : 0) |
      (ept ? vmx.SECONDARY_EXEC_ENABLE_EPT | vmx.SECONDARY_EXEC_UNRESTRICTED_GUEST : 0),
  );
  vmcs.write('APIC_ACCESS_ADDR', apicAccessAt(area));
  vmcs.write('VIRTUAL_APIC_PAGE_ADDR', virtualApicAt(area));
  vmcs.write('VIRTUAL_PROCESSOR_ID', VPID);
  vmcs.write(
    'VM_EXIT_CONTROLS',
    vmx.VM_EXIT_MUST |
      vmx.VM_EXIT_SAVE_DEBUG_CONTROLS |
      vmx.VM_EXIT_ACK_INTR_ON_EXIT |
      vmx.VM_EXIT_SAVE_IA32_EFER |
      vmx.VM_EXIT_LOAD_IA32_EFER,
  );
  vmcs.write('VM_ENTRY_CONTROLS', vmx.VM_ENTRY_MUST | vmx.VM_ENTRY_LOAD_DEBUG_CONTROLS | vmx.VM_ENTRY_LOAD_IA32_EFER);
  if (ept) vmcs.write('EPT_POINTER', eptPointer);
  setUpBitmaps(vmcs, memory, area);
  setUpHostState(vmcs, memory, area);
}

function setUpBitmaps(vmcs: Vmcs, memory: HostPhysical, area: number): void {
  const at = (page: number) => area + page * PAGE;
  for (let i = 0; i < 3 * PAGE; i += 4) memory.write(at(IO_BITMAP_A) + i, 0xffffffff);
  for (const msr of [MSR_TSC, ...MSR_SYSENTER]) pass(memory, at(MSR_BITMAP), msr, msr !== MSR_TSC);
  vmcs.write('IO_BITMAP_A', at(IO_BITMAP_A));
  vmcs.write('IO_BITMAP_B', at(IO_BITMAP_B));
  vmcs.write('MSR_BITMAP', at(MSR_BITMAP));
}

/** Low MSRs: reads in the first KiB, writes in the third. */
function pass(memory: HostPhysical, bitmap: number, msr: number, write: boolean): void {
  for (const half of write ? [0, 2048] : [0]) {
    const word = bitmap + half + (msr >>> 5) * 4;
    memory.write(word, memory.read(word) & ~(1 << (msr & 31)));
  }
}

/** A 32-bit monitor with paging on. Nothing of it ever runs: after an exit the processor's owner is TypeScript. */
function setUpHostState(vmcs: Vmcs, memory: HostPhysical, area: number): void {
  const directory = area + HOST_DIRECTORY * PAGE;
  memory.fill(directory, PAGE);
  vmcs.write('HOST_CR0', (CR0_PG | CR0_WP | CR0_NE | CR0_PE) >>> 0);
  vmcs.write('HOST_CR3', directory);
  vmcs.write('HOST_CR4', CR4_VMXE);
  vmcs.write('HOST_CS_SELECTOR', HOST_CODE);
  for (const name of ['HOST_SS_SELECTOR', 'HOST_DS_SELECTOR', 'HOST_ES_SELECTOR'] as const) vmcs.write(name, HOST_DATA);
  vmcs.write('HOST_TR_SELECTOR', HOST_TASK);
  vmcs.write('HOST_RIP', HOST_ENTRY);
  vmcs.write('HOST_RSP', HOST_ENTRY);
}
