// Guest-physical memory as the host sees it: the region table that the core walks, and DMA through it.
// assembly/abi.ts, "Physical memory regions"; the contract is GuestMemory in devices/device.ts.
import {
  CODE_PAGE_OF,
  REGION_COUNT,
  REGION_MAX,
  REGION_RAM,
  REGION_ROM,
  REGION_SIZE,
  REGIONS,
} from '../../assembly/abi.js';
import { assert } from '../base/assert.js';

/** `host` is the region's address in the wasm memory. Reads of a ROM hit memory, writes leave as MMIO. */
export interface Region {
  start: number;
  size: number;
  host: number;
  kind: 'ram' | 'rom';
}

/** The half of a vCPU that must hear of changes: decoded code and translations go stale. */
export interface CodeWatcher {
  flushTlb(): void;
  invalidateCode(physical: number, length: number): void;
}

const PAGE = 4096;
const FOUR_GIB = 2 ** 32;

export class PhysicalMemory {
  /** The map in force. */
  regions: readonly Region[] = [];
  private readonly view: DataView;
  private readonly little = new Uint8Array(4);

  constructor(
    private readonly bytes: Uint8Array,
    private readonly watcher: CodeWatcher,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Replaces the map; the first region that holds an address wins. Regions start and end on pages. */
  map(regions: readonly Region[]): void {
    assert(regions.length <= REGION_MAX, `${regions.length} memory regions, the core knows ${REGION_MAX}`);
    regions.forEach((region, i) => {
      assert(region.start % PAGE === 0 && region.size % PAGE === 0, 'a memory region starts and ends on a page');
      const at = REGIONS + i * REGION_SIZE;
      this.view.setUint32(at, region.start, true);
      this.view.setUint32(at + 4, region.size, true);
      this.view.setUint32(at + 8, region.host, true);
      this.view.setUint32(at + 12, region.kind === 'ram' ? REGION_RAM : REGION_ROM, true);
    });
    this.view.setUint32(REGION_COUNT, regions.length, true);
    this.regions = regions;
    this.watcher.flushTlb();
  }

  /** Fills `into`; bytes outside memory read as 0xFF. */
  read(address: number, into: Uint8Array): void {
    this.walk(address, into.length, (region, from, done, length) => {
      if (region) into.set(this.bytes.subarray(region.host + from, region.host + from + length), done);
      else into.fill(0xff, done, done + length);
    });
  }

  /** Writes RAM; bytes for anything else are dropped. Decoded code of the written pages goes. */
  write(address: number, bytes: Uint8Array): void {
    this.walk(address, bytes.length, (region, from, done, length) => {
      if (region?.kind !== 'ram') return;
      this.bytes.set(bytes.subarray(done, done + length), region.host + from);
      this.forgetCode(region.start + from, length);
    });
  }

  /** The bytes at `address` when all of them are RAM in one piece. Whoever changes them says so by `written`. */
  ram(address: number, length: number): Uint8Array | undefined {
    for (const { kind, start, size, host } of this.regions) {
      if (address < start || address >= start + size) continue;
      if (kind !== 'ram' || address + length > start + size) return undefined;
      return this.bytes.subarray(host + address - start, host + address - start + length);
    }
    return undefined;
  }

  /** Bytes that `ram` has lent were changed: decoded code of their pages goes. */
  written(address: number, length: number): void {
    if (length > 0) this.forgetCode(address, length);
  }

  readU8(address: number): number {
    return this.readLittle(address, 1);
  }

  readU16(address: number): number {
    return this.readLittle(address, 2);
  }

  readU32(address: number): number {
    return this.readLittle(address, 4);
  }

  writeU32(address: number, value: number): void {
    const bytes = this.little;
    for (let i = 0; i < 4; i++) bytes[i] = value >>> (8 * i);
    this.write(address, bytes);
  }

  /** Calls `visit` for each piece that lies in one region, or in none. Nothing wraps at 4 GiB. */
  private walk(
    address: number,
    length: number,
    visit: (region: Region | undefined, offset: number, done: number, length: number) => void,
  ): void {
    let done = 0;
    while (done < length) {
      const at = address + done;
      const region = this.regions.find((r) => at >= r.start && at < r.start + r.size);
      const end = region && at < FOUR_GIB ? region.start + region.size : this.nextStart(at);
      const piece = Math.min(length - done, end - at);
      visit(region, region ? at - region.start : 0, done, piece);
      done += piece;
    }
  }

  private nextStart(address: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const region of this.regions) if (region.start > address) next = Math.min(next, region.start);
    return next;
  }

  private readLittle(address: number, width: 1 | 2 | 4): number {
    const bytes = this.little.subarray(0, width);
    this.read(address, bytes);
    let value = 0;
    for (let i = 0; i < width; i++) value |= bytes[i] << (8 * i);
    return value >>> 0;
  }

  private forgetCode(physical: number, length: number): void {
    const first = Math.floor(physical / PAGE);
    const last = Math.floor((physical + length - 1) / PAGE);
    for (let page = first; page <= last; page++) {
      if (this.view.getUint32(CODE_PAGE_OF + page * 4, true) === 0) continue;
      const from = Math.max(physical, page * PAGE);
      this.watcher.invalidateCode(from, Math.min(physical + length, (page + 1) * PAGE) - from);
    }
  }
}
