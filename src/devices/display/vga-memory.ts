// The window at 0xA0000 on the four planes: chain-4, odd/even, and the read and write modes of the graphics controller.
// Source: IBM VGA technical reference, "Graphics Controller"; FreeVGA "VGA Graphics Registers".
import type { MmioDevice, Width } from '../device.js';
import { floating } from '../byte-ports.js';
import type { Vbe } from './vbe.js';

export const VGA_WINDOW_SIZE = 0x20000;
const SEQ = { MAP_MASK: 2, MEMORY_MODE: 4 } as const;
const GFX = {
  SET_RESET: 0,
  ENABLE_SET_RESET: 1,
  COMPARE: 2,
  ROTATE: 3,
  READ_MAP: 4,
  MODE: 5,
  MISC: 6,
  DONT_CARE: 7,
  BIT_MASK: 8,
} as const;
const CHAIN4 = 0x08;
const ODD_EVEN = 0x10;
/** Where the window begins and how large it is, by bits 2-3 of the miscellaneous graphics register. */
const WINDOWS = [
  [0x00000, 0x20000],
  [0x00000, 0x10000],
  [0x10000, 0x08000],
  [0x18000, 0x08000],
];

/**
 * Byte `plane` of address `a` is byte 4a + plane of video memory, so that a linear frame buffer, mode 13h and the
 * planes are one memory.
 */
export class VgaMemory implements MmioDevice {
  readonly latches = new Uint8Array(4);

  constructor(
    private readonly vram: Uint8Array,
    private readonly sequencer: Uint8Array,
    private readonly graphics: Uint8Array,
    private readonly vbe: Vbe,
  ) {}

  readMmio(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  writeMmio(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  /** The address in the window's memory, or -1 outside of the window. */
  private address(offset: number): number {
    const [start, size] = WINDOWS[(this.graphics[GFX.MISC] >> 2) & 3];
    const address = offset - start;
    return address >= 0 && address < size ? address : -1;
  }

  private get linear(): boolean {
    return this.vbe.enabled && this.vbe.bpp >= 8;
  }

  private readByte(offset: number): number {
    const address = this.address(offset);
    if (address < 0) return floating(1);
    if (this.linear) return this.vram[this.vbe.bankStart + address] ?? 0xff;
    if (this.sequencer[SEQ.MEMORY_MODE] & CHAIN4) return this.vram[address];
    if (this.graphics[GFX.MODE] & ODD_EVEN) {
      const plane = (this.graphics[GFX.READ_MAP] & 2) | (address & 1);
      return this.vram[((address & ~1) << 1) | plane];
    }
    return this.readPlanes(this.planar(address));
  }

  private writeByte(offset: number, value: number): void {
    const address = this.address(offset);
    if (address < 0) return;
    const mask = this.sequencer[SEQ.MAP_MASK];
    if (this.linear) {
      const at = this.vbe.bankStart + address;
      if (at < this.vram.length) this.vram[at] = value;
    } else if (this.sequencer[SEQ.MEMORY_MODE] & CHAIN4) {
      if (mask & (1 << (address & 3))) this.vram[address] = value;
    } else if (this.graphics[GFX.MODE] & ODD_EVEN) {
      const plane = (this.graphics[GFX.READ_MAP] & 2) | (address & 1);
      if (mask & (1 << plane)) this.vram[((address & ~1) << 1) | plane] = value;
    } else this.writePlanes(this.planar(address), value, mask);
  }

  /** The byte of plane 0. */
  private planar(address: number): number {
    const banked = this.vbe.enabled ? this.vbe.bankStart + address : address;
    return (banked * 4) % this.vram.length;
  }

  private readPlanes(at: number): number {
    for (let plane = 0; plane < 4; plane++) this.latches[plane] = this.vram[at + plane];
    if (!(this.graphics[GFX.MODE] & 0x08)) return this.latches[this.graphics[GFX.READ_MAP] & 3];
    // Read mode 1: a one for each pixel of the compared colour.
    let different = 0;
    for (let plane = 0; plane < 4; plane++) {
      if (!(this.graphics[GFX.DONT_CARE] & (1 << plane))) continue;
      different |= this.latches[plane] ^ (this.graphics[GFX.COMPARE] & (1 << plane) ? 0xff : 0);
    }
    return ~different & 0xff;
  }

  private writePlanes(at: number, value: number, planes: number): void {
    const graphics = this.graphics;
    const mode = graphics[GFX.MODE] & 3;
    const count = graphics[GFX.ROTATE] & 7;
    const rotated = ((value >> count) | (value << (8 - count))) & 0xff;
    const mask = mode === 3 ? graphics[GFX.BIT_MASK] & rotated : graphics[GFX.BIT_MASK];
    for (let plane = 0; plane < 4; plane++) {
      const bit = 1 << plane;
      if (!(planes & bit)) continue;
      if (mode === 1) {
        this.vram[at + plane] = this.latches[plane];
        continue;
      }
      const setReset = graphics[GFX.SET_RESET] & bit ? 0xff : 0;
      let data = rotated;
      if (mode === 2) data = value & bit ? 0xff : 0;
      else if (mode === 3 || graphics[GFX.ENABLE_SET_RESET] & bit) data = setReset;
      const latch = this.latches[plane];
      if (mode !== 3) data = combine(graphics[GFX.ROTATE] >> 3, data, latch);
      this.vram[at + plane] = (data & mask) | (latch & ~mask);
    }
  }
}

function combine(operation: number, data: number, latch: number): number {
  switch (operation & 3) {
    case 1:
      return data & latch;
    case 2:
      return data | latch;
    case 3:
      return data ^ latch;
    default:
      return data;
  }
}
