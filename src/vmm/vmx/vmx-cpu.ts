// A guest in VMX non-root operation: entry, run, exit; and the emulator for what the processor cannot do there.
// SDM vol. 3C chapters 25-28; the shape of KVM's vmx_vcpu_run and x86_emulate_instruction.
import { hex } from '../../base/bytes.js';
import type { Exit } from '../../vcpu/exit.js';
import { HOST_RAM } from '../../vcpu/engine.js';
import type { Region } from '../../vcpu/guest-memory.js';
import type { Registers } from '../../vcpu/registers.js';
import type { Counters, Vcpu } from '../../vcpu/vcpu.js';
import * as vmx from '../../vcpu/vmcs.js';
import { fieldWord, type Vmcs } from '../../vcpu/vmcs.js';
import { ApicPage, type MirroredApic } from '../apic-page.js';
import type { Answer, GuestCpu, Next } from '../guest-cpu.js';
import type { Paravirt } from '../kvm/paravirt.js';
import { apicAccessAt, ControlRegisters, setUpControls, tablesAt, virtualApicAt } from './controls.js';
import { Ept } from './ept.js';
import { Events, GENERAL_PROTECTION, INVALID_OPCODE, NO_ERROR } from './events.js';
import { reasonName } from './exit-reasons.js';
import { CR0_PE } from './guest-walk.js';
import { HostPhysical } from './host-physical.js';
import { describeExit, type ExitDetail } from './qualification.js';
import { ShadowMmu } from './shadow-mmu.js';

const REASON = fieldWord('VM_EXIT_REASON');
const RIP = fieldWord('GUEST_RIP');
const RFLAGS = fieldWord('GUEST_RFLAGS');
const BLOCKING = fieldWord('GUEST_INTERRUPTIBILITY_INFO');
const PENDING_DEBUG = fieldWord('GUEST_PENDING_DBG_EXCEPTIONS');
const LENGTH = fieldWord('VM_EXIT_INSTRUCTION_LEN');
const QUALIFICATION = fieldWord('EXIT_QUALIFICATION');
const EVENT = fieldWord('VM_EXIT_INTR_INFO');
const EVENT_ERROR = fieldWord('VM_EXIT_INTR_ERROR_CODE');
const GUEST_LINEAR = fieldWord('GUEST_LINEAR_ADDRESS');
const VECTORING = fieldWord('IDT_VECTORING_INFO_FIELD');
const TIMER = fieldWord('VMX_PREEMPTION_TIMER_VALUE');
const STACK_RIGHTS = fieldWord('GUEST_SS_AR_BYTES');
const THRESHOLD = fieldWord('TPR_THRESHOLD');

const PAGE = 0x1000;
/** Of an offset in the APIC's page. */
const APIC_REGISTER = 0xff0;

const TF = 0x100;
const IF = 0x200;
const SINGLE_STEP = 0x4000;
const SHADOW = vmx.GUEST_INTR_STATE_STI | vmx.GUEST_INTR_STATE_MOV_SS;

const FAILS: readonly number[] = [vmx.VMXERR_ENTRY_INVALID_CONTROL_FIELD, vmx.VMXERR_ENTRY_INVALID_HOST_STATE_FIELD];
/** What CPUID answers in. */
const IDENTITY = ['eax', 'ebx', 'ecx', 'edx'] as const;
/** All ones in so many bytes. */
const WIDTH_MASK = [0, 0xff, 0xffff, 0xffffff, 0xffffffff];

/** Items and exits of one emulated `rep` before the guest has to enter it again: a longer one must not keep the machine from its timers. */
const EMULATED_WORK = 65536;
/** Instructions of a guest without a mode of its own in the processor that are emulated before looking again. */
const EMULATED_RUN = 2000;
/** Instructions that are emulated when the processor refuses the guest's state: KVM's number. */
export const EMULATED_WHEN_REFUSED = 130;

export class VmxCpu implements GuestCpu {
  readonly events: Events;
  /** Without EPT. */
  readonly shadow?: ShadowMmu;
  /** Mode para: what the guest knows of its monitor. */
  paravirt?: Paravirt;
  /** VM entries that were tried. */
  entries = 0;
  /** VM-instruction error of an entry that failed at once; 0: none. */
  entryError = 0;

  private readonly vmcs: Vmcs;
  private readonly words: Uint32Array;
  private readonly memory: HostPhysical;
  private readonly control: ControlRegisters;
  private readonly ept?: Ept;
  private apic?: ApicPage;
  private regions: readonly Region[] = [];
  /** The guest stands in the CPU state, and the emulator has it. */
  private emulating = false;
  private a20Open = true;
  private readonly exit = { kind: 'vm' } as const;

  /** `area` is the host-physical address of the monitor's pages, monitorPages(ept) of them. */
  constructor(
    private readonly cpu: Vcpu,
    private readonly registers: Registers,
    private readonly area: number,
    ept: boolean,
  ) {
    this.vmcs = cpu.vmcs;
    this.words = this.vmcs.words;
    this.events = new Events(this.vmcs);
    this.memory = new HostPhysical(cpu.bytes);
    this.control = new ControlRegisters(this.vmcs, ept);
    if (ept) this.ept = new Ept(cpu.bytes, tablesAt(area));
    else this.shadow = new ShadowMmu(cpu, registers, this.memory, this.events, tablesAt(area));
  }

  get instructions(): number {
    return this.cpu.instructions;
  }

  /** What has been injected, the core has not delivered as its own. */
  get counters(): Counters {
    const { counters } = this.cpu;
    const { interrupts, pageFaults } = this.events;
    return {
      ...counters,
      interrupts: counters.interrupts + interrupts,
      pageFaults: counters.pageFaults + pageFaults,
    };
  }

  get crashVector(): number {
    return this.cpu.crashVector;
  }

  /** The machine's memory. */
  get bytes(): Uint8Array {
    return this.cpu.bytes;
  }

  get pioData(): Uint8Array {
    return this.cpu.pioData;
  }

  answer(address: number, width: number, low: number, high?: number): void {
    this.cpu.answer(address, width, low, high);
  }

  drainMmio(write: (address: number, width: number, low: number, high: number) => void): void {
    this.cpu.drainMmio(write);
  }

  // ---- power, memory map, A20 -------------------------------------------------------------------------------------------

  /** VMXON, and a guest whose state is what reset and boot have left in the CPU state. */
  powerOn(): void {
    const { cr0, cr4 } = this.registers;
    this.events.reset();
    this.entryError = 0;
    this.cpu.vmxOn();
    setUpControls(this.vmcs, this.memory, this.area, this.ept?.pointer, this.apic !== undefined);
    this.apic?.forget();
    this.control.writeMasks();
    this.emulating = true;
    this.saveGuest(cr0, cr4);
    if (this.needsEmulator(cr0)) this.openEmulator();
  }

  /** VMXOFF: the processor is going to be reset. */
  powerOff(): void {
    this.emulating = false;
    this.cpu.vmxOff();
  }

  /** Other memory answers at some guest-physical addresses now. */
  mapChanged(regions: readonly Region[]): void {
    this.regions = regions;
    this.memory.setMap(regions);
    this.remap();
  }

  /** The processor answers for the guest's APIC what needs no exit. Before the machine is on. */
  virtualizeApic(apic: MirroredApic): void {
    const page = new Uint32Array(this.bytes.buffer, HOST_RAM + virtualApicAt(this.area), PAGE / 4);
    this.apic = new ApicPage(apic, page, (threshold) => {
      this.words[THRESHOLD] = threshold;
    });
  }

  /** The guest's APIC answers at `page` now, or nowhere. */
  moveApic(page: number | undefined): void {
    if (!this.apic) return;
    this.memory.apic = page === undefined ? undefined : { guest: page, host: apicAccessAt(this.area) };
    this.remap();
    this.cpu.flushTlb();
  }

  private remap(): void {
    this.ept?.build(this.regions, this.memory.apic);
    this.shadow?.forget();
  }

  /** With EPT the processor masks guest-physical addresses. Shadow tables hold masked ones, and the processor must not. */
  set a20(open: boolean) {
    this.a20Open = open;
    this.shadow?.setA20(open);
    this.cpu.a20 = open || (this.shadow !== undefined && !this.emulating);
  }

  // ---- running ------------------------------------------------------------------------------------------------------------

  run(budget: number, more?: () => number): Exit {
    if (this.stayInEmulator()) return this.cpu.run(Math.min(budget, EMULATED_RUN));
    if (this.enter(budget)) {
      let left = budget;
      while (left > 0 && this.cpu.run(left).kind === 'budget') {
        left = more?.() ?? 0;
        if (left === 0) this.cpu.timerExit();
      }
    }
    return this.left();
  }

  /** Runs one instruction; `before` sees the guest in the CPU state. */
  step(before?: () => void): Exit {
    if (this.stayInEmulator()) {
      before?.();
      return this.cpu.step();
    }
    if (this.enter(1)) {
      before?.();
      if (this.cpu.step().kind === 'budget') this.cpu.timerExit();
    }
    return this.left();
  }

  private left(): Exit {
    this.apic?.collect();
    this.events.afterExit();
    this.paravirt?.afterExit();
    return this.exit;
  }

  /** True: the guest stands in the CPU state and runs. Else the entry has ended in an exit, or failed. */
  private enter(budget: number): boolean {
    this.events.beforeEntry();
    this.paravirt?.beforeEntry();
    this.apic?.publish();
    this.words[TIMER] = Math.min(0xffffffff, budget * this.cpu.ticksPerInstruction);
    this.entries++;
    const outcome = this.cpu.enterVm();
    this.entryError = FAILS.includes(outcome) ? outcome : 0;
    return outcome === 0;
  }

  /** The basic reason of the exit at hand. */
  get reason(): number {
    return this.words[REASON] & 0xffff;
  }

  /** The register of the APIC, of whose write the exit at hand tells: its address and what is in it now. */
  get apicWrite(): { address: number; value: number } {
    const offset = this.qualification & APIC_REGISTER;
    return { address: (this.memory.apic?.guest ?? 0) + offset, value: this.apic ? this.apic.words[offset >>> 2] : 0 };
  }

  /** The vector of the exception that has made the exit at hand. */
  get exception(): number {
    return this.words[EVENT] & vmx.INTR_INFO_VECTOR_MASK;
  }

  get qualification(): number {
    return this.words[QUALIFICATION];
  }

  get rip(): number {
    return this.words[RIP];
  }

  /** As the guest reads it. */
  get cr0(): number {
    return this.emulating ? this.registers.cr0 : this.control.cr0;
  }

  /** What the VMCS says of the exit at hand. */
  get detail(): ExitDetail {
    const { words } = this;
    return {
      reason: this.reason,
      qualification: this.qualification,
      interruption: words[EVENT],
      errorCode: words[EVENT_ERROR],
      guestPhysical: this.vmcs.read('GUEST_PHYSICAL_ADDRESS'),
      guestLinear: words[GUEST_LINEAR],
    };
  }

  /** What a trace says of the exit at hand. */
  describe(): string {
    const { words } = this;
    const detail = describeExit(this.detail);
    const failed = words[REASON] & vmx.EXIT_REASON_FAILED_VMENTRY ? ' (the entry failed)' : '';
    const qualification = `qual=0x${this.qualification.toString(16)}`;
    return `${reasonName(this.reason)} rip=${hex(this.rip)} ${qualification}${failed}${detail ? `: ${detail}` : ''}`;
  }

  /** Why an entry failed, for people. */
  get failure(): string {
    if (this.entryError !== 0) {
      const event = `event ${hex(this.vmcs.read('VM_ENTRY_INTR_INFO_FIELD'))}, length ${this.vmcs.read('VM_ENTRY_INSTRUCTION_LEN')}`;
      return `VM entry failed with VM-instruction error ${this.entryError} (${event})`;
    }
    return `VM exit that the monitor has no answer to: ${this.describe()}`;
  }

  // ---- events -------------------------------------------------------------------------------------------------------------

  get interruptsEnabled(): boolean {
    return this.emulating ? this.cpu.interruptsEnabled : (this.words[RFLAGS] & IF) !== 0;
  }

  get canInject(): boolean {
    return this.emulating ? this.cpu.canInject : this.events.canInject;
  }

  get canInjectNmi(): boolean {
    return this.emulating ? this.cpu.canInjectNmi : this.events.canInjectNmi;
  }

  inject(vector: number): void {
    if (this.emulating) this.cpu.inject(vector);
    else this.events.injectInterrupt(vector);
  }

  injectNmi(): void {
    if (this.emulating) this.cpu.injectNmi();
    else this.events.injectNmi();
  }

  setWindows(interrupt: boolean, nmi: boolean): void {
    this.events.windowWanted = interrupt;
    this.events.nmiWindowWanted = nmi;
  }

  // ---- what exits do to the guest -------------------------------------------------------------------------------------------

  /** The instruction that exited is done: the guest goes on behind it. */
  skip(): void {
    const { words } = this;
    words[RIP] = words[RIP] + words[LENGTH];
    words[BLOCKING] &= ~SHADOW;
    if (words[RFLAGS] & TF) words[PENDING_DEBUG] |= SINGLE_STEP;
  }

  /** CPUID, from the same source as in mode full. Only in mode para the guest is told of a hypervisor. */
  identify(): void {
    const { cpu, registers, paravirt } = this;
    const leaf = registers.general('eax');
    cpu.identify(leaf, registers.general('ecx'));
    if (paravirt) {
      const [eax, ebx, ecx, edx] = IDENTITY.map((name) => registers.general(name));
      const told = paravirt.identify(leaf, { eax, ebx, ecx, edx });
      for (const name of IDENTITY) registers.setGeneral(name, told[name]);
    }
    this.skip();
  }

  /** RDMSR and WRMSR: the monitor's own registers here, the processor's in the emulator. */
  accessMsr(write: boolean, answer: Answer): Next {
    const { registers, paravirt } = this;
    const msr = registers.general('ecx');
    if (!paravirt?.owns(msr)) return this.emulate(answer);
    if (write) {
      if (!paravirt.writeMsr(msr, registers.general('eax'), registers.general('edx')))
        return this.raise(GENERAL_PROTECTION, 0);
    } else {
      const value = paravirt.readMsr(msr);
      if (value === undefined) return this.raise(GENERAL_PROTECTION, 0);
      registers.setGeneral('eax', value);
      registers.setGeneral('edx', 0);
    }
    this.skip();
    return 'run';
  }

  /** VMCALL: number in EAX, answer in EAX. A guest that has not been told of a monitor has none to call. */
  hypercall(): Next {
    const { registers, paravirt } = this;
    if (!paravirt) return this.raise(INVALID_OPCODE, NO_ERROR);
    const privilege = (this.words[STACK_RIGHTS] >>> 5) & 3;
    registers.setGeneral('eax', paravirt.hypercall(registers.general('eax'), privilege));
    this.skip();
    return 'run';
  }

  /** AL, AX or EAX. */
  accumulator(width: number): number {
    return this.registers.general('eax') & WIDTH_MASK[width];
  }

  setAccumulator(width: number, value: number): void {
    const mask = WIDTH_MASK[width];
    this.registers.setGeneral('eax', (this.registers.general('eax') & ~mask) | (value & mask));
  }

  /** An IRET that an EPT violation has cut short had ended the blocking of NMIs: it starts again with them blocked. */
  keepNmiBlocked(): void {
    const cut = this.words[VECTORING] & vmx.INTR_INFO_VALID_MASK;
    if (this.qualification & vmx.EPT_VIOLATION_UNBLOCK_NMI && !cut) this.events.blockNmi();
  }

  /** Raises an exception in the guest. */
  raise(vector: number, error: number): Next {
    return this.events.raise(vector, error) ? 'run' : 'triple-fault';
  }

  /**
   * Lets the emulator do what has exited, all of it: the data of a `rep` moves here, and an event whose delivery was cut
   * short is delivered here. With `count` it goes on for so many instructions.
   */
  emulate(answer: Answer, count = 1): Next {
    const { cpu } = this;
    this.openEmulator();
    let next: Next = 'run';
    if (this.deliver()) {
      if (cpu.faultPending) next = answer(cpu.emulateStep());
    } else {
      for (let done = 0; done < count && next === 'run'; done++) next = this.emulateInstruction(answer);
    }
    this.leaveEmulator();
    return next;
  }

  private emulateInstruction(answer: Answer): Next {
    const { cpu, registers } = this;
    const at = registers.eip;
    for (let work = 0; ; ) {
      const exit = cpu.emulateStep();
      work += exit.kind === 'io-in' || exit.kind === 'io-out' ? 1 + exit.count : 1;
      const next = answer(exit);
      if (next !== 'run') return next;
      if (!cpu.midInstruction && (registers.eip !== at || work > EMULATED_WORK)) return 'run';
    }
  }

  /** Delivers the event that was on its way into the guest through the guest's own tables: whether there was one. */
  private deliver(): boolean {
    const event = this.events.take();
    if (event === 0) return false;
    const vector = event & vmx.INTR_INFO_VECTOR_MASK;
    const type = event & vmx.INTR_TYPE_MASK;
    if (type === vmx.INTR_TYPE_EXT_INTR) this.cpu.inject(vector);
    else if (type === vmx.INTR_TYPE_NMI_INTR) this.cpu.injectNmi();
    else if (type === vmx.INTR_TYPE_HARD_EXCEPTION) {
      this.cpu.raise(vector, event & vmx.INTR_INFO_DELIVER_CODE_MASK ? this.events.error : undefined);
    } else return false; // INT n and its like are instructions: the emulator runs them again
    return true;
  }

  /** The guest is all in its own state: no event waits, no instruction is half done. */
  get settled(): boolean {
    return this.events.none && !this.cpu.midInstruction && !this.cpu.faultPending;
  }

  /** Brings the guest into the CPU state, so that a dump or a snapshot sees it. */
  showGuest(): void {
    if (!this.emulating) this.openEmulator();
  }

  private openEmulator(): void {
    const { cpu, shadow } = this;
    cpu.emulateBegin(shadow ? shadow.guest.cr3 : this.vmcs.read('GUEST_CR3'));
    this.emulating = true;
    if (!shadow) return;
    this.registers.setDirectoryPointers(shadow.guest.pdptes);
    cpu.a20 = this.a20Open;
  }

  /** Hands the guest back to the processor, unless it cannot run there: then the emulator keeps it. */
  private leaveEmulator(): void {
    const { cr0, cr4 } = this.registers;
    if (!this.needsEmulator(cr0)) this.saveGuest(cr0, cr4);
  }

  /** Real mode without EPT: paging is always on in the processor then, and real mode has none. */
  private needsEmulator(cr0: number): boolean {
    return this.shadow !== undefined && (cr0 & CR0_PE) === 0;
  }

  /** Whether the emulator goes on; it may end between instructions alone. */
  private stayInEmulator(): boolean {
    const { cpu } = this;
    if (this.emulating && !cpu.midInstruction && !cpu.faultPending) this.leaveEmulator();
    if (this.emulating) cpu.setWindows(this.events.windowWanted, this.events.nmiWindowWanted);
    return this.emulating;
  }

  private saveGuest(cr0: number, cr4: number): void {
    const { cpu, shadow, control, registers } = this;
    const { efer } = registers;
    this.emulating = false;
    const cr3 = cpu.emulateEnd();
    control.write(cr0, cr4);
    if (!shadow) return;
    shadow.follow(cr0, cr3, cr4, efer);
    this.vmcs.write('GUEST_CR3', shadow.root);
    cpu.a20 = true;
  }
}
