// The exits that only a guest without EPT has: page faults, CR3 accesses, INVLPG, answered from the shadow tables.
// SDM vol. 3C sections 28.2.1 (qualifications), 33.3 (virtual TLB).
import type { Registers } from '../../vcpu/registers.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import * as vmx from '../../vcpu/vmcs.js';
import { fieldWord } from '../../vcpu/vmcs.js';
import { type Events, GENERAL_PROTECTION, PAGE_FAULT } from './events.js';
import { CR0_PE, CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, EFER_NXE, PagingState } from './guest-walk.js';
import type { HostPhysical } from './host-physical.js';
import { GUEST_FAULT, FILLED, ShadowPager } from './shadow-pager.js';

const QUALIFICATION = fieldWord('EXIT_QUALIFICATION');
const EVENT = fieldWord('VM_EXIT_INTR_INFO');
const EVENT_ERROR = fieldWord('VM_EXIT_INTR_ERROR_CODE');
const VECTORING = fieldWord('IDT_VECTORING_INFO_FIELD');

const CR0_PAGING = CR0_PE | CR0_PG | CR0_WP;
const CR4_PAGING = CR4_PSE | CR4_PAE | CR4_PGE;

/** What is left to do after an exit. */
export type Answered = 'again' | 'skip' | 'emulate' | 'triple-fault';

export class ShadowMmu {
  /** How the guest itself pages. */
  readonly guest = new PagingState();
  private readonly pager: ShadowPager;
  private readonly words: Uint32Array;

  constructor(
    private readonly cpu: Vcpu,
    private readonly registers: Registers,
    memory: HostPhysical,
    private readonly events: Events,
    area: number,
  ) {
    this.words = cpu.vmcs.words;
    this.pager = new ShadowPager(this.guest, memory, area);
  }

  /** What the processor has in CR3 while the guest runs. */
  get root(): number {
    return this.pager.root;
  }

  setA20(open: boolean): void {
    this.guest.a20Mask = open ? 0xffffffff : 0xffefffff;
    this.forget();
  }

  /** After emulation: what the guest has in its registers now. */
  follow(cr0: number, cr3: number, cr4: number, efer: number): void {
    const { guest, registers } = this;
    const changed =
      cr3 !== guest.cr3 ||
      ((cr0 ^ guest.cr0) & CR0_PAGING) !== 0 ||
      ((cr4 ^ guest.cr4) & CR4_PAGING) !== 0 ||
      ((efer ^ guest.efer) & EFER_NXE) !== 0;
    guest.cr0 = cr0;
    guest.cr3 = cr3;
    guest.cr4 = cr4;
    guest.efer = efer;
    registers.readDirectoryPointers(guest.pdptes);
    if (changed) this.forget();
  }

  /** Everything that was translated may be wrong. */
  forget(): void {
    this.pager.flush(false);
    this.cpu.flushTlb();
  }

  /** #PF of the processor: a hole in the shadow, a device, or the guest's own. */
  pageFault(): Answered {
    const { words, pager } = this;
    const linear = words[QUALIFICATION];
    const outcome = pager.fault(linear, words[EVENT_ERROR]);
    if (words[EVENT] & vmx.INTR_INFO_UNBLOCK_NMI && !(words[VECTORING] & vmx.INTR_INFO_VALID_MASK))
      this.events.blockNmi();
    if (outcome === FILLED) return 'again';
    if (outcome !== GUEST_FAULT) return 'emulate';
    this.registers.cr2 = linear;
    return this.events.raise(PAGE_FAULT, pager.walk.error) ? 'again' : 'triple-fault';
  }

  /** MOV to and from CR3 here; everything else about control registers is for the emulator. */
  controlAccess(): Answered {
    const { registers, guest } = this;
    const qualification = this.words[QUALIFICATION];
    if ((qualification & 15) !== 3 || (qualification & 0x30) > 0x10) return 'emulate';
    const register = (qualification >>> 8) & 7;
    if (qualification & 0x10) {
      registers.setGeneralNumber(register, guest.cr3);
      return 'skip';
    }
    if (!this.pager.loadCr3(registers.generalNumber(register))) {
      return this.events.raise(GENERAL_PROTECTION, 0) ? 'again' : 'triple-fault';
    }
    this.cpu.flushTlb();
    return 'skip';
  }

  invalidate(): void {
    this.pager.invalidate(this.words[QUALIFICATION]);
    this.cpu.flushTlb();
  }
}
