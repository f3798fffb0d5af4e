// PV EOI: a bit in guest memory says that the interrupt in service may be ended by clearing the bit, without a VM exit.
// Linux Documentation/virt/kvm/x86/msr.rst (MSR_KVM_PV_EOI_EN); KVM's apic_sync_pv_eoi_to_guest and _from_guest.
import type { DirectMemory, Resettable, Snapshottable } from '../../devices/device.js';
import { restoreFields, saveFields } from '../../devices/snapshot-fields.js';

const ENABLED = 1;
const RESERVED = 2;
const PENDING = 1;

/** The local APIC, as far as ends of interrupts go. */
export interface InService {
  /** One is in service, and its end concerns nobody but the local APIC itself. */
  readonly endsQuietly: boolean;
  endInterrupt(): void;
}

export class PvEoi implements Snapshottable, Resettable {
  /** The MSR as the guest wrote it. */
  control = 0;
  /** The bit is set in guest memory, or was until the guest cleared it. */
  private offered = false;

  constructor(
    private readonly memory: DirectMemory,
    private readonly lapic: InService,
  ) {}

  /** False: the value cannot be. */
  setControl(value: number): boolean {
    if (value & ENABLED && (value & RESERVED || !this.memory.ram(value - ENABLED, 1))) return false;
    this.control = value;
    return true;
  }

  /** Before an entry. */
  offer(): void {
    if (!(this.control & ENABLED) || !this.lapic.endsQuietly) return;
    const address = this.control - ENABLED;
    const byte = this.memory.ram(address, 1);
    if (!byte) return;
    byte[0] |= PENDING;
    this.memory.written(address, 1);
    this.offered = true;
  }

  /** After an exit: the offer is taken back, and if the guest has taken it the interrupt ends. */
  collect(): void {
    if (!this.offered) return;
    this.offered = false;
    const address = this.control - ENABLED;
    const byte = this.memory.ram(address, 1);
    if (!byte) return;
    if (byte[0] & PENDING) {
      byte[0] &= ~PENDING;
      this.memory.written(address, 1);
    } else this.lapic.endInterrupt();
  }

  reset(): void {
    this.control = 0;
    this.offered = false;
  }

  save(): unknown {
    return saveFields(this, ['control', 'offered']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['control', 'offered'], state);
  }
}
