// Which memory answers at each physical address: RAM, BIOS, the shadow area that PAM switches, memory of PCI devices.
// Intel 82441FX data sheet, sections 3.2.20 (PAM) and 4.1 (memory map).
import type { MmioDevice, Width } from '../devices/device.js';
import type { ShadowSegment } from '../devices/pci/i440fx.js';
import type { PciDecoder, PciRange } from '../devices/pci/pci-function.js';
import { SnapshotError, section } from '../devices/snapshot-fields.js';
import type { PhysicalMemory, Region } from '../vcpu/guest-memory.js';
import type { Bus, Range } from './bus.js';
import {
  FOUR_GIB,
  HIGH_MEMORY,
  HOST_RAM,
  LOW_MEMORY_END,
  SHADOW,
  SHADOW_END,
  VGA_WINDOW,
  VGA_WINDOW_SIZE,
} from './layout.js';

const SEGMENT = 0x4000;
const SHADOW_BIOS = 0x20000;

/** What the map asks of the CPU when it changes. */
interface CodeInvalidator {
  invalidateCode(physical: number, length: number): void;
}

export class MemoryMap implements PciDecoder {
  /** Attributes of the 16 KiB pieces of the shadow area. */
  private readonly segments = Array.from({ length: (SHADOW_END - SHADOW) / SEGMENT }, () => ({
    readRam: false,
    writeRam: false,
  }));
  private readonly deviceMemory = new Map<PciRange, Region>();
  private readonly claimed = new Map<PciRange, Range>();

  /** `bios` is the image's place in the wasm memory and its size; none when a kernel is booted directly. */
  constructor(
    private readonly memory: number,
    private readonly bios: { host: number; size: number } | undefined,
    private readonly physical: PhysicalMemory,
    private readonly bytes: Uint8Array,
    private readonly cpu: CodeInvalidator,
    private readonly bus: Bus,
  ) {
    // Writes that reach the bus in the shadow area: RAM where PAM says "read ROM, write RAM", else nobody.
    bus.mapMmio('shadow', SHADOW, SHADOW_END - SHADOW, this.shadowWrites());
    this.rebuild();
  }

  /** PAM: where reads and writes of a piece of the shadow area go. */
  setShadow({ start, size, readRam, writeRam }: ShadowSegment): void {
    for (let at = start; at < start + size; at += SEGMENT)
      this.segments[(at - SHADOW) / SEGMENT] = { readRam, writeRam };
    this.rebuild();
    this.cpu.invalidateCode(start, size);
  }

  /** Without firmware to do it, the whole area is RAM. */
  openShadow(): void {
    this.setShadow({ start: SHADOW, size: SHADOW_END - SHADOW, readRam: true, writeRam: true });
  }

  save(): unknown {
    return { segments: this.segments.map(({ readRam, writeRam }) => (readRam ? 1 : 0) | (writeRam ? 2 : 0)) };
  }

  restore(state: unknown): void {
    const { segments } = section(state);
    if (!Array.isArray(segments) || segments.length !== this.segments.length) throw new SnapshotError('memory map');
    segments.forEach((bits, i) => {
      this.segments[i] = { readRam: (bits & 1) !== 0, writeRam: (bits & 2) !== 0 };
    });
    this.rebuild();
  }

  map(range: PciRange, address: number): void {
    if (range.kind === 'io')
      this.claimed.set(range, this.bus.mapPorts(range.name ?? 'pci', address, range.size, range.ports));
    else if (range.kind === 'mmio')
      this.claimed.set(range, this.bus.mapMmio(range.name ?? 'pci', address, range.size, range.device));
    else this.mapDeviceMemory(range, address);
  }

  unmap(range: PciRange): void {
    const claimed = this.claimed.get(range);
    if (claimed && range.kind === 'io') this.bus.unmapPorts(claimed);
    else if (claimed) this.bus.unmapMmio(claimed);
    this.claimed.delete(range);
    const region = this.deviceMemory.get(range);
    if (!region) return;
    this.deviceMemory.delete(range);
    this.rebuild();
    this.cpu.invalidateCode(region.start, region.size);
  }

  private mapDeviceMemory(range: PciRange & { kind: 'memory' }, address: number): void {
    const size = Math.min(range.size, FOUR_GIB - address);
    const region: Region = { start: address, size, host: range.bytes.byteOffset, kind: 'ram' };
    this.deviceMemory.set(range, region);
    this.rebuild();
    this.cpu.invalidateCode(address, size);
  }

  /** RAM wins over everything that a guest maps on top of it, as the host bridge would have it. */
  private rebuild(): void {
    const regions: Region[] = [
      { start: HIGH_MEMORY, size: this.memory - HIGH_MEMORY, host: HOST_RAM + HIGH_MEMORY, kind: 'ram' },
      { start: 0, size: LOW_MEMORY_END, host: HOST_RAM, kind: 'ram' },
      ...this.shadowRegions(),
    ];
    if (this.bios) {
      regions.push({ start: FOUR_GIB - this.bios.size, size: this.bios.size, host: this.bios.host, kind: 'rom' });
    }
    // Above RAM alone: the VGA window and the shadow area below 1 MiB are not for PCI memory.
    for (const region of this.deviceMemory.values()) {
      if (region.start >= this.memory || region.start + region.size <= VGA_WINDOW + VGA_WINDOW_SIZE)
        regions.push(region);
    }
    this.physical.map(regions);
  }

  /** The shadow area as regions, neighbours of one kind joined. */
  private shadowRegions(): Region[] {
    const regions: Region[] = [];
    this.segments.forEach((segment, i) => {
      const start = SHADOW + i * SEGMENT;
      const region = this.shadowRegion(start, segment);
      const last = regions.at(-1);
      if (!region) return;
      if (
        last &&
        last.kind === region.kind &&
        last.host + last.size === region.host &&
        last.start + last.size === start
      ) {
        last.size += SEGMENT;
      } else regions.push(region);
    });
    return regions;
  }

  private shadowRegion(start: number, segment: { readRam: boolean; writeRam: boolean }): Region | undefined {
    const { readRam, writeRam } = segment;
    if (readRam) return { start, size: SEGMENT, host: HOST_RAM + start, kind: writeRam ? 'ram' : 'rom' };
    const fromEnd = SHADOW_END - start;
    if (!this.bios || fromEnd > Math.min(SHADOW_BIOS, this.bios.size)) return undefined;
    return { start, size: SEGMENT, host: this.bios.host + this.bios.size - fromEnd, kind: 'rom' };
  }

  private shadowWrites(): MmioDevice {
    return {
      readMmio: (_offset, width: Width) => (width === 4 ? 0xffffffff : width === 2 ? 0xffff : 0xff),
      writeMmio: (offset, width, value) => {
        const segment = this.segments[Math.floor(offset / SEGMENT)];
        if (segment.readRam || !segment.writeRam) return;
        for (let i = 0; i < width; i++) this.bytes[HOST_RAM + SHADOW + offset + i] = value >>> (8 * i);
      },
    };
  }
}
