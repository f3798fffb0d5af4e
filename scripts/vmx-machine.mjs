// A bare core in VMX operation: a VMCS for a flat 32-bit guest behind EPT, with everything that a test changes at hand.
// SDM vol. 3C; assembly/vmx, src/vcpu/vmcs.ts.
import { abi, CoreMachine } from './core-machine.mjs';

const vmx = await import(new URL('../build/js/src/vcpu/vmcs.js', import.meta.url).href);
const { Vmcs } = vmx;
export { abi, vmx };

const MIB = 1 << 20;
export const CODE = 0x1000;
export const STACK = 0x8000;
/** The monitor's own memory, host-physical, which no guest table maps. */
export const MONITOR = 2 * MIB;
export const IO_BITMAPS = MONITOR;
export const MSR_BITMAP = MONITOR + 0x2000;
export const PML4 = MONITOR + 0x3000;
export const PDPT = MONITOR + 0x4000;
export const PD = MONITOR + 0x5000;
export const PT = MONITOR + 0x6000;
export const MSR_AREA = MONITOR + 0x7000;
const MONITOR_SIZE = 0x10000;
const WRITE_BACK = 6 << 3;
const RWX = 7;

export class VmxMachine extends CoreMachine {
  constructor(translate = false) {
    super(MONITOR + MONITOR_SIZE, translate);
    this.vmcs = new Vmcs(this.view);
    this.setUp();
  }

  /** A guest that any entry takes: EPT with the first 2 MiB mapped to themselves, all that can be passed through passed through. */
  setUp() {
    this.core.reset();
    this.core.setVmx(1);
    this.ram.fill(0);
    this.core.flushTlb(1);
    const { vmcs } = this;
    vmcs.clear();
    this.ram.fill(0, MONITOR, MONITOR + MONITOR_SIZE);
    this.setEntry(PML4, PDPT, RWX);
    this.setEntry(PDPT, PD, RWX);
    this.setEntry(PD, PT, RWX);
    for (let i = 0; i < 512; i++) this.setEntry(PT + 8 * i, i << 12, RWX | WRITE_BACK);

    vmcs.write('PIN_BASED_VM_EXEC_CONTROL', vmx.PIN_BASED_MUST);
    vmcs.write(
      'CPU_BASED_VM_EXEC_CONTROL',
      vmx.CPU_BASED_MUST |
        vmx.CPU_BASED_ACTIVATE_SECONDARY_CONTROLS |
        vmx.CPU_BASED_USE_IO_BITMAPS |
        vmx.CPU_BASED_USE_MSR_BITMAPS,
    );
    vmcs.write(
      'SECONDARY_VM_EXEC_CONTROL',
      vmx.SECONDARY_EXEC_ENABLE_EPT | vmx.SECONDARY_EXEC_UNRESTRICTED_GUEST | vmx.SECONDARY_EXEC_ENABLE_VPID,
    );
    vmcs.write('VM_EXIT_CONTROLS', vmx.VM_EXIT_MUST | vmx.VM_EXIT_SAVE_DEBUG_CONTROLS);
    vmcs.write('VM_ENTRY_CONTROLS', vmx.VM_ENTRY_MUST | vmx.VM_ENTRY_LOAD_DEBUG_CONTROLS);
    vmcs.write('VIRTUAL_PROCESSOR_ID', 1);
    vmcs.write('EPT_POINTER', PML4 | (3 << 3) | 6);
    vmcs.write('IO_BITMAP_A', IO_BITMAPS);
    vmcs.write('IO_BITMAP_B', IO_BITMAPS + 0x1000);
    vmcs.write('MSR_BITMAP', MSR_BITMAP);
    vmcs.write('CR0_GUEST_HOST_MASK', 0x20);
    vmcs.write('CR4_GUEST_HOST_MASK', 0x2000);

    vmcs.write('HOST_CR0', 0x80000031);
    vmcs.write('HOST_CR4', 0x2000);
    vmcs.write('HOST_CS_SELECTOR', 8);
    for (const name of ['SS', 'DS', 'ES', 'TR']) vmcs.write(`HOST_${name}_SELECTOR`, 16);
    vmcs.write('HOST_RIP', 0xc0000000);
    vmcs.write('HOST_RSP', 0xd0000000);

    vmcs.write('GUEST_CR0', 0x31);
    vmcs.write('GUEST_CR4', 0x2000);
    vmcs.write('GUEST_DR7', 0x400);
    vmcs.write('GUEST_RFLAGS', 2);
    vmcs.write('GUEST_RIP', CODE);
    vmcs.write('GUEST_RSP', STACK);
    for (const name of ['ES', 'CS', 'SS', 'DS', 'FS', 'GS']) {
      vmcs.write(`GUEST_${name}_SELECTOR`, name === 'CS' ? 8 : 16);
      vmcs.write(`GUEST_${name}_LIMIT`, 0xffffffff);
      vmcs.write(`GUEST_${name}_AR_BYTES`, name === 'CS' ? 0xc09b : 0xc093);
    }
    vmcs.write('GUEST_LDTR_AR_BYTES', 0x10000);
    vmcs.write('GUEST_TR_AR_BYTES', 0x8b);
    vmcs.write('GUEST_TR_LIMIT', 0x67);
    vmcs.write('GUEST_TR_SELECTOR', 0x18);
  }

  /** A 64-bit entry of a table at host-physical `at`. */
  setEntry(at, address, bits) {
    this.ramView.setUint32(at, (address | bits) >>> 0, true);
    this.ramView.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
  }

  /** Every port and MSR access leaves. */
  interceptAll() {
    this.ram.fill(0xff, IO_BITMAPS, MSR_BITMAP + 0x1000);
  }

  enter() {
    return this.core.vmEnter();
  }

  /** Enters and runs to the VM exit; another core exit throws. */
  runGuest(budget = 1000) {
    const entered = this.enter();
    if (entered !== 0 && entered !== abi.EXIT_VM) throw new Error(`VMfail ${entered}`);
    if (entered === 0) {
      const exit = this.run(budget);
      if (exit !== abi.EXIT_VM) throw new Error(`core exit ${exit} at ${this.eip.toString(16)}`);
    }
    return this.exit;
  }

  /** What the VMCS says of the last VM exit. */
  get exit() {
    const { vmcs } = this;
    return {
      reason: vmcs.read('VM_EXIT_REASON'),
      qualification: vmcs.read('EXIT_QUALIFICATION'),
      rip: vmcs.read('GUEST_RIP'),
      length: vmcs.read('VM_EXIT_INSTRUCTION_LEN'),
      event: vmcs.read('VM_EXIT_INTR_INFO'),
      vectoring: vmcs.read('IDT_VECTORING_INFO_FIELD'),
    };
  }
}
