// KVM's interface to a guest that knows it is virtualized, mode para: CPUID leaves, MSRs, hypercalls.
// Linux Documentation/virt/kvm/x86/{cpuid,msr,hypercalls}.rst; what is announced is honoured, and nothing else is announced.
import type { DirectMemory, Resettable, Snapshottable } from '../../devices/device.js';
import { section } from '../../devices/snapshot-fields.js';
import { type InService, PvEoi } from './pv-eoi.js';
import { type ClockSource, PvClock } from './pv-clock.js';

const SIGNATURE_LEAF = 0x40000000;
const FEATURES_LEAF = 0x40000001;
/** "KVMKVMKVM\0\0\0" in EBX, ECX, EDX. */
const SIGNATURE = [0x4b4d564b, 0x564b4d56, 0x4d] as const;
const POWER_LEAF = 0x80000007;
const INVARIANT_TSC = 1 << 8;
const HYPERVISOR = 1 << 31;

const FEATURE = { CLOCKSOURCE: 0, NOP_IO_DELAY: 1, CLOCKSOURCE2: 3, PV_EOI: 6, CLOCKSOURCE_STABLE: 24 } as const;
const FEATURES = Object.values(FEATURE).reduce<number>((bits, bit) => bits | (1 << bit), 0);

const MSR = {
  WALL_CLOCK: 0x11,
  SYSTEM_TIME: 0x12,
  WALL_CLOCK_NEW: 0x4b564d00,
  SYSTEM_TIME_NEW: 0x4b564d01,
  PV_EOI_EN: 0x4b564d04,
} as const;
/** Registers of this range are the monitor's, whether there are any or not. */
const FIRST_MSR = 0x4b564d00;
const LAST_MSR = 0x4b564dff;

const HYPERCALL = { VAPIC_POLL_IRQ: 1, KICK_CPU: 5 } as const;
const EPERM = 1;
const ENOSYS = 1000;

/** EAX, EBX, ECX, EDX as CPUID leaves them. */
export interface Identity {
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
}

export class Paravirt implements Snapshottable, Resettable {
  private readonly clock: PvClock;
  private readonly eoi: PvEoi;

  constructor(memory: DirectMemory, clock: ClockSource, lapic: InService) {
    this.clock = new PvClock(memory, clock);
    this.eoi = new PvEoi(memory, lapic);
  }

  /** What the guest is told of `leaf` beside, or in place of, what the processor says. */
  identify(leaf: number, found: Identity): Identity {
    switch (leaf >>> 0) {
      case 1:
        return { ...found, ecx: found.ecx | HYPERVISOR };
      case SIGNATURE_LEAF:
        return { eax: FEATURES_LEAF, ebx: SIGNATURE[0], ecx: SIGNATURE[1], edx: SIGNATURE[2] };
      case FEATURES_LEAF:
        return { eax: FEATURES, ebx: 0, ecx: 0, edx: 0 };
      case POWER_LEAF:
        // a guest that may be restored elsewhere is not to trust the bare counter: Linux prefers kvm-clock then
        return { ...found, edx: found.edx & ~INVARIANT_TSC };
      default:
        return found;
    }
  }

  /** Whether the MSR is the monitor's business. */
  owns(msr: number): boolean {
    return (msr >= FIRST_MSR && msr <= LAST_MSR) || msr === MSR.WALL_CLOCK || msr === MSR.SYSTEM_TIME;
  }

  /** The low half of an MSR, the high one is 0; undefined: there is none. */
  readMsr(msr: number): number | undefined {
    switch (msr) {
      case MSR.WALL_CLOCK:
      case MSR.WALL_CLOCK_NEW:
        return this.clock.wallClock;
      case MSR.SYSTEM_TIME:
      case MSR.SYSTEM_TIME_NEW:
        return this.clock.systemTime;
      case MSR.PV_EOI_EN:
        return this.eoi.control;
      default:
        return undefined;
    }
  }

  /** False: there is no such MSR, or it does not take the value. */
  writeMsr(msr: number, low: number, high: number): boolean {
    // no memory lies above 4 GiB
    if (high !== 0) return false;
    switch (msr) {
      case MSR.WALL_CLOCK:
      case MSR.WALL_CLOCK_NEW:
        return this.clock.writeWallClock(low);
      case MSR.SYSTEM_TIME:
      case MSR.SYSTEM_TIME_NEW:
        return this.clock.setSystemTime(low);
      case MSR.PV_EOI_EN:
        return this.eoi.setControl(low);
      default:
        return false;
    }
  }

  /** The answer to hypercall `number`, for EAX. */
  hypercall(number: number, privilege: number): number {
    if (privilege > 0) return -EPERM;
    switch (number) {
      // Both are asked for their exit alone: interrupts are looked at after each, and the one processor runs already.
      case HYPERCALL.VAPIC_POLL_IRQ:
      case HYPERCALL.KICK_CPU:
        return 0;
      default:
        return -ENOSYS;
    }
  }

  beforeEntry(): void {
    this.clock.refresh();
    this.eoi.offer();
  }

  afterExit(): void {
    this.eoi.collect();
  }

  reset(): void {
    this.clock.reset();
    this.eoi.reset();
  }

  save(): unknown {
    return { clock: this.clock.save(), eoi: this.eoi.save() };
  }

  restore(state: unknown): void {
    this.clock.restore(section(state, 'clock'));
    this.eoi.restore(section(state, 'eoi'));
  }
}
