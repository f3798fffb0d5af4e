// A range of 8-bit registers: wider accesses are split into bytes, as the ISA bus splits them.
// Source: ISA bus, 8-bit slave cycles (IOCS16# inactive).
import type { PortDevice, Width } from './device.js';

export class BytePorts implements PortDevice {
  constructor(
    private readonly size: number,
    private readonly read: (offset: number) => number,
    private readonly write: (offset: number, value: number) => void,
  ) {}

  readPort(offset: number, width: Width): number {
    if (width === 1) return offset < this.size ? this.read(offset) & 0xff : 0xff;
    let value = 0;
    for (let i = 0; i < width; i++) {
      const byte = offset + i < this.size ? this.read(offset + i) & 0xff : 0xff;
      value |= byte << (8 * i);
    }
    return value >>> 0;
  }

  writePort(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width && offset + i < this.size; i++) this.write(offset + i, (value >>> (8 * i)) & 0xff);
  }
}

/** All ones, the value of a bus that nobody drives. */
export function floating(width: Width): number {
  return width === 4 ? 0xffffffff : width === 2 ? 0xffff : 0xff;
}
