// kvmclock: pages in guest memory from which the guest works out the time of the machine and of day by its TSC alone.
// Linux Documentation/virt/kvm/x86/msr.rst (MSR_KVM_WALL_CLOCK_NEW, MSR_KVM_SYSTEM_TIME_NEW); arch/x86/include/asm/pvclock-abi.h.
import type { DirectMemory, Resettable, Snapshottable } from '../../devices/device.js';
import { restoreFields, saveFields } from '../../devices/snapshot-fields.js';

/** struct pvclock_vcpu_time_info: version, pad, tsc_timestamp, system_time, tsc_to_system_mul, tsc_shift, flags. */
const TIME_INFO = 32;
/** struct pvclock_wall_clock: version, seconds, nanoseconds. */
const WALL_CLOCK = 12;
const ENABLED = 1;
const TSC_STABLE = 1;
/** nanoseconds = (ticks << SHIFT) * MULTIPLIER / 2^32: the TSC runs at 1 GHz. */
const MULTIPLIER = 0x80000000;
const SHIFT = 1;

export interface ClockSource {
  /** Machine time in nanoseconds. */
  now(): number;
  /** What the guest's TSC shows more than machine time. */
  tscOffset(): bigint;
  /** Milliseconds since 1970. */
  date(): number;
}

export class PvClock implements Snapshottable, Resettable {
  /** The MSRs as the guest wrote them. */
  wallClock = 0;
  systemTime = 0;
  private version = 0;
  /** TSC offset that the page in guest memory was made with. */
  private offset = 0n;

  constructor(
    private readonly memory: DirectMemory,
    private readonly source: ClockSource,
  ) {}

  /** The time of day when machine time was 0, written once for each request. False: there is no memory. */
  writeWallClock(address: number): boolean {
    const page = this.lend(address, WALL_CLOCK);
    if (!page) return false;
    this.wallClock = address;
    const start = this.source.date() - this.source.now() / 1e6;
    const version = (page.getUint32(0, true) & ~1) + 2;
    page.setUint32(0, version - 1, true);
    page.setUint32(4, Math.floor(start / 1000), true);
    page.setUint32(8, Math.floor((start % 1000) * 1e6), true);
    page.setUint32(0, version, true);
    this.memory.written(address, WALL_CLOCK);
    return true;
  }

  /** Bit 0 says whether the page is wanted. False: there is no memory. */
  setSystemTime(value: number): boolean {
    if (value & ENABLED && !this.lend(value - ENABLED, TIME_INFO)) return false;
    this.systemTime = value;
    this.publish();
    return true;
  }

  /** TSC and machine time go together, so the page stays right until the guest sets its TSC. */
  refresh(): void {
    if (this.systemTime & ENABLED && this.source.tscOffset() !== this.offset) this.publish();
  }

  reset(): void {
    this.wallClock = 0;
    this.systemTime = 0;
    this.version = 0;
    this.offset = 0n;
  }

  save(): unknown {
    return saveFields(this, ['wallClock', 'systemTime', 'version', 'offset']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['wallClock', 'systemTime', 'version', 'offset'], state);
  }

  /** An odd version says that the page is being changed. */
  private publish(): void {
    if (!(this.systemTime & ENABLED)) return;
    this.offset = this.source.tscOffset();
    const address = this.systemTime - ENABLED;
    const page = this.lend(address, TIME_INFO);
    if (!page) return;
    const now = BigInt(Math.floor(this.source.now()));
    page.setUint32(0, this.version + 1, true);
    page.setUint32(4, 0, true);
    page.setBigUint64(8, BigInt.asUintN(64, now + this.offset), true);
    page.setBigUint64(16, now, true);
    page.setUint32(24, MULTIPLIER, true);
    page.setUint32(28, SHIFT | (TSC_STABLE << 8), true);
    this.version = (this.version + 2) >>> 0;
    page.setUint32(0, this.version, true);
    this.memory.written(address, TIME_INFO);
  }

  private lend(address: number, length: number): DataView | undefined {
    const bytes = address % 4 === 0 ? this.memory.ram(address, length) : undefined;
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}
