// Who answers at a port or a physical address: one look-up a port access, all ones where nobody is.
// The shape of Firecracker's vstate/bus.rs: a device sees an offset, never its address.
import type { MmioDevice, PortDevice, StringPortDevice, Width } from '../devices/device.js';

const PORTS = 65536;
const TWO_32 = 2 ** 32;

/** Where a device answers. Its accesses are counted under `name`. */
export interface Range {
  readonly name: string;
  readonly start: number;
  readonly size: number;
  accesses: number;
}

interface PortRange extends Range {
  readonly device: PortDevice;
}

interface MmioRange extends Range {
  readonly device: MmioDevice;
}

/** A bus that nobody drives. */
function floating(width: number): number {
  return width === 4 ? 0xffffffff : width === 2 ? 0xffff : 0xff;
}

export class Bus {
  private readonly portRanges: (PortRange | undefined)[] = [undefined];
  /** Index into portRanges for each port; 0: nobody. */
  private readonly owner = new Uint16Array(PORTS);
  private mmioRanges: MmioRange[] = [];
  private lastMmio: MmioRange | undefined;
  /** Accesses that nobody answered. */
  unclaimed = 0;
  /** Accesses of ranges that have been unmapped. */
  private readonly retired = new Map<string, number>();

  /** A later range hides an earlier one. An access belongs to the range that its first port is in. */
  mapPorts(name: string, start: number, size: number, device: PortDevice): Range {
    const range: PortRange = { name, start, size: Math.min(size, PORTS - start), device, accesses: 0 };
    const free = this.portRanges.indexOf(undefined, 1);
    const index = free > 0 ? free : this.portRanges.length;
    this.portRanges[index] = range;
    this.owner.fill(index, start, start + range.size);
    return range;
  }

  unmapPorts(range: Range): void {
    const index = this.portRanges.indexOf(range as PortRange);
    if (index < 1) return;
    this.retire(range);
    this.portRanges[index] = undefined;
    for (let port = range.start; port < range.start + range.size; port++) {
      if (this.owner[port] !== index) continue;
      this.owner[port] = this.lastRangeAt(port);
    }
  }

  /** A later range hides an earlier one. */
  mapMmio(name: string, start: number, size: number, device: MmioDevice): Range {
    const range: MmioRange = { name, start, size, device, accesses: 0 };
    this.mmioRanges = [range, ...this.mmioRanges];
    this.lastMmio = undefined;
    return range;
  }

  unmapMmio(range: Range): void {
    if (this.mmioRanges.includes(range as MmioRange)) this.retire(range);
    this.mmioRanges = this.mmioRanges.filter((r) => r !== range);
    this.lastMmio = undefined;
  }

  readPort(port: number, width: number): number {
    const range = this.portRanges[this.owner[port]];
    if (!this.counted(range, 1)) return floating(width);
    const offset = port - range.start;
    if (offset + width <= range.size) return range.device.readPort(offset, width as Width) >>> 0;
    range.accesses--;
    return this.gather(width, (i) => this.readPort((port + i) & 0xffff, 1));
  }

  writePort(port: number, width: number, value: number): void {
    const range = this.portRanges[this.owner[port]];
    if (!this.counted(range, 1)) return;
    const offset = port - range.start;
    if (offset + width <= range.size) {
      range.device.writePort(offset, width as Width, value >>> 0);
      return;
    }
    range.accesses--;
    for (let i = 0; i < width; i++) this.writePort((port + i) & 0xffff, 1, (value >>> (8 * i)) & 0xff);
  }

  /** Fills `data` with items of `width` bytes read from one port. */
  readPortString(port: number, width: number, data: Uint8Array): void {
    const range = this.portRanges[this.owner[port]];
    const device = range?.device as StringPortDevice | undefined;
    if (range && device?.readPortString && port - range.start + width <= range.size) {
      this.counted(range, data.length / width);
      device.readPortString(port - range.start, width as Width, data);
      return;
    }
    for (let at = 0; at < data.length; at += width) {
      const value = this.readPort(port, width);
      for (let i = 0; i < width; i++) data[at + i] = value >>> (8 * i);
    }
  }

  writePortString(port: number, width: number, data: Uint8Array): void {
    const range = this.portRanges[this.owner[port]];
    const device = range?.device as StringPortDevice | undefined;
    if (range && device?.writePortString && port - range.start + width <= range.size) {
      this.counted(range, data.length / width);
      device.writePortString(port - range.start, width as Width, data);
      return;
    }
    for (let at = 0; at < data.length; at += width) {
      let value = 0;
      for (let i = 0; i < width; i++) value |= data[at + i] << (8 * i);
      this.writePort(port, width, value >>> 0);
    }
  }

  readMmio(address: number, width: number): number {
    const range = this.mmioRange(address);
    if (!this.counted(range, 1)) return floating(width);
    const offset = address - range.start;
    if (offset + width <= range.size) return range.device.readMmio(offset, width as Width) >>> 0;
    range.accesses--;
    return this.gather(width, (i) => this.readMmio((address + i) % TWO_32, 1));
  }

  writeMmio(address: number, width: number, value: number): void {
    const range = this.mmioRange(address);
    if (!this.counted(range, 1)) return;
    const offset = address - range.start;
    if (offset + width <= range.size) {
      range.device.writeMmio(offset, width as Width, value >>> 0);
      return;
    }
    range.accesses--;
    for (let i = 0; i < width; i++) this.writeMmio((address + i) % TWO_32, 1, (value >>> (8 * i)) & 0xff);
  }

  /** The name of the device at a port, for traces. */
  portName(port: number): string {
    return this.portRanges[this.owner[port & 0xffff]]?.name ?? 'nobody';
  }

  mmioName(address: number): string {
    return this.mmioRanges.find((r) => address >= r.start && address < r.start + r.size)?.name ?? 'nobody';
  }

  /** Accesses by device name; `nobody` for the unclaimed. */
  accesses(): Record<string, number> {
    const sums = new Map(this.retired);
    for (const range of [...this.portRanges, ...this.mmioRanges]) {
      if (range) sums.set(range.name, (sums.get(range.name) ?? 0) + range.accesses);
    }
    if (this.unclaimed > 0) sums.set('nobody', this.unclaimed);
    return Object.fromEntries([...sums].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
  }

  /** Counts for a device, or for nobody: whether there is one. */
  private counted<R extends Range>(range: R | undefined, accesses: number): range is R {
    if (range) range.accesses += accesses;
    else this.unclaimed += accesses;
    return range !== undefined;
  }

  private lastRangeAt(port: number): number {
    for (let i = this.portRanges.length - 1; i > 0; i--) {
      const range = this.portRanges[i];
      if (range && port >= range.start && port < range.start + range.size) return i;
    }
    return 0;
  }

  private mmioRange(address: number): MmioRange | undefined {
    let range = this.lastMmio;
    if (!range || address < range.start || address >= range.start + range.size) {
      range = this.mmioRanges.find((r) => address >= r.start && address < r.start + r.size);
      this.lastMmio = range;
    }
    return range;
  }

  private gather(width: number, byte: (index: number) => number): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= byte(i) << (8 * i);
    return value >>> 0;
  }

  private retire(range: Range): void {
    this.retired.set(range.name, (this.retired.get(range.name) ?? 0) + range.accesses);
  }
}
