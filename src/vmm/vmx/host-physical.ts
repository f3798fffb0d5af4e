// Guest-physical to host-physical by the memory map, and words of memory at host-physical addresses: the monitor's own view.
// KVM's memory slots (Documentation/virt/kvm/api.rst 4.35), as one short list of regions.
import { HOST_RAM } from '../../vcpu/engine.js';
import type { Region } from '../../vcpu/guest-memory.js';

/** Where there is no memory. Host-physical addresses end far below. */
export const NOWHERE = -1;

/** A page, guest-physical, and the APIC-access page that stands for it, host-physical. Memory goes before it. */
export interface ApicMapping {
  guest: number;
  host: number;
}
const APIC_SIZE = 0x1000;

export class HostPhysical {
  private regions: readonly Region[] = [];
  /** The page of the local APIC whose accesses the processor virtualizes. */
  apic?: ApicMapping;
  private readonly words: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.words = new Uint32Array(bytes.buffer, HOST_RAM, Math.floor((bytes.byteLength - HOST_RAM) / 4));
  }

  setMap(regions: readonly Region[]): void {
    this.regions = regions;
  }

  /** Host-physical address of guest-physical `address`, or NOWHERE; `writable` asks for RAM. */
  of(address: number, writable: boolean): number {
    const { regions } = this;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i];
      const offset = address - region.start;
      if (offset < 0 || offset >= region.size) continue;
      return writable && region.kind !== 'ram' ? NOWHERE : region.host - HOST_RAM + offset;
    }
    const { apic } = this;
    const offset = apic ? address - apic.guest : -1;
    return apic && offset >= 0 && offset < APIC_SIZE ? apic.host + offset : NOWHERE;
  }

  /** Whether the `size` bytes at `address` are RAM that lies in one piece. */
  isWhole(address: number, size: number): boolean {
    const from = this.of(address, true);
    const { regions } = this;
    for (let i = 0; i < regions.length; i++) {
      const { start, size: length } = regions[i];
      const inside = address >= start && address + size <= start + length;
      if (inside) return from !== NOWHERE;
      if (start < address + size && address < start + length) return false;
    }
    return false;
  }

  /** Aligned 32-bit words; outside memory they read as 0. */
  read(hostPhysical: number): number {
    return this.words[hostPhysical >>> 2] ?? 0;
  }

  write(hostPhysical: number, value: number): void {
    this.words[hostPhysical >>> 2] = value;
  }

  fill(hostPhysical: number, bytes: number): void {
    this.words.fill(0, hostPhysical >>> 2, (hostPhysical + bytes) >>> 2);
  }
}
