// The VM generation ID: 16 random bytes that are others as soon as the machine has become another one. Guests seed their random numbers anew then.
// Source: Microsoft, "Virtual Machine Generation ID"; the device VGEN of acpi-dsdt.ts says where they lie and passes the event on.
import type { MmioDevice, Width } from '../device.js';

export const VM_GENERATION_SIZE = 16;

export class VmGeneration implements MmioDevice {
  private readonly id = new Uint8Array(VM_GENERATION_SIZE);

  /** `changed` tells the guest. */
  constructor(
    private readonly random: (into: Uint8Array) => void,
    private readonly changed: () => void,
  ) {
    random(this.id);
  }

  /** The machine is a copy of another one from here on. */
  renew(): void {
    this.random(this.id);
    this.changed();
  }

  readMmio(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= (this.id[offset + i] ?? 0) << (8 * i);
    return value >>> 0;
  }

  writeMmio(): void {}
}
