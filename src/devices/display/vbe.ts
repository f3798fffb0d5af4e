// The display interface of Bochs: resolution, depth, banks and offsets of a linear frame buffer.
// Source: Bochs "VBE display API" (vbe_display_api.txt), interface 0xB0C5; QEMU docs/specs/standard-vga.rst.
import type { PortDevice, Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export const DISPI = {
  ID: 0,
  XRES: 1,
  YRES: 2,
  BPP: 3,
  ENABLE: 4,
  BANK: 5,
  VIRT_WIDTH: 6,
  VIRT_HEIGHT: 7,
  X_OFFSET: 8,
  Y_OFFSET: 9,
  MEMORY: 10,
} as const;
const OLDEST_ID = 0xb0c0;
const NEWEST_ID = 0xb0c5;
const ENABLE = { ON: 0x01, CAPABILITIES: 0x02, DAC_8BIT: 0x20, KEEP_MEMORY: 0x80 };
const DEPTHS = [4, 8, 15, 16, 24, 32];
const MOST_X = 2560;
const MOST_Y = 1600;
const MOST_BPP = 32;
const BANK_SIZE = 65536;
const FIELDS = ['index', 'registers'];

export class Vbe implements Snapshottable, Resettable {
  /** 3 ports: index at 0x1CE; data at 0x1CF and, for machines that cannot do odd words, at 0x1D0. */
  readonly ports: PortDevice = {
    readPort: (offset, width) => {
      const value = offset === 0 ? this.index : this.read(this.index);
      return width === 1 ? value & 0xff : width === 2 ? value : (0xffff0000 | value) >>> 0;
    },
    writePort: (offset, width, value) => {
      if (width === 1) return;
      if (offset === 0) this.index = value & 0xffff;
      else this.write(this.index, value & 0xffff);
    },
  };

  private index = 0;
  private readonly registers = new Uint16Array(11);

  constructor(private readonly vram: Uint8Array) {
    this.reset();
  }

  get enabled(): boolean {
    return (this.registers[DISPI.ENABLE] & ENABLE.ON) !== 0;
  }

  get dac8Bit(): boolean {
    return (this.registers[DISPI.ENABLE] & ENABLE.DAC_8BIT) !== 0;
  }

  get width(): number {
    return this.registers[DISPI.XRES];
  }

  get height(): number {
    return this.registers[DISPI.YRES];
  }

  get bpp(): number {
    return this.registers[DISPI.BPP];
  }

  /** Byte of the frame buffer that the window at 0xA0000 begins with. */
  get bankStart(): number {
    return this.registers[DISPI.BANK] * BANK_SIZE;
  }

  /** Bytes a line. */
  get stride(): number {
    return bytesOf(this.registers[DISPI.VIRT_WIDTH], this.bpp);
  }

  /** The byte of the frame buffer that the screen begins with. */
  get start(): number {
    return this.registers[DISPI.Y_OFFSET] * this.stride + bytesOf(this.registers[DISPI.X_OFFSET], this.bpp);
  }

  read(index: number): number {
    if (index === DISPI.MEMORY) return this.vram.length / BANK_SIZE;
    if (this.registers[DISPI.ENABLE] & ENABLE.CAPABILITIES) {
      if (index === DISPI.XRES) return MOST_X;
      if (index === DISPI.YRES) return MOST_Y;
      if (index === DISPI.BPP) return MOST_BPP;
    }
    return index < this.registers.length ? this.registers[index] : 0;
  }

  write(index: number, value: number): void {
    const registers = this.registers;
    switch (index) {
      case DISPI.ID:
        if (value >= OLDEST_ID && value <= NEWEST_ID) registers[DISPI.ID] = value;
        break;
      case DISPI.XRES:
      case DISPI.YRES:
      case DISPI.BPP:
        // The mode is set when it is enabled; a running one is not changed under the screen's feet.
        if (!this.enabled) registers[index] = value;
        break;
      case DISPI.ENABLE:
        this.enable(value);
        break;
      case DISPI.BANK:
        if (value * BANK_SIZE < this.vram.length) registers[DISPI.BANK] = value;
        break;
      case DISPI.VIRT_WIDTH:
        this.setVirtualWidth(value);
        break;
      case DISPI.X_OFFSET:
      case DISPI.Y_OFFSET:
        this.pan(index, value);
        break;
    }
  }

  reset(): void {
    this.index = 0;
    this.registers.fill(0);
    this.registers[DISPI.ID] = NEWEST_ID;
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    if (!this.enabled) return;
    this.fitMode();
    this.setVirtualWidth(this.registers[DISPI.VIRT_WIDTH]);
  }

  private enable(value: number): void {
    const starting = (value & ENABLE.ON) !== 0 && !this.enabled;
    this.registers[DISPI.ENABLE] = value & 0xff;
    if (!starting) return;
    this.fitMode();
    this.registers[DISPI.X_OFFSET] = 0;
    this.registers[DISPI.Y_OFFSET] = 0;
    this.registers[DISPI.BANK] = 0;
    this.setVirtualWidth(this.width);
    if (!(value & ENABLE.KEEP_MEMORY)) this.vram.fill(0, 0, this.stride * this.height);
  }

  /** Makes a mode of whatever the guest has asked for: a known depth, and no more pixels than there is memory. */
  private fitMode(): void {
    const registers = this.registers;
    if (!DEPTHS.includes(this.bpp)) registers[DISPI.BPP] = 8;
    registers[DISPI.XRES] = Math.max(8, Math.min(MOST_X, this.width)) & ~7;
    const most = Math.min(MOST_Y, Math.floor(this.vram.length / bytesOf(this.width, this.bpp)));
    registers[DISPI.YRES] = Math.max(1, Math.min(most, this.height));
  }

  private setVirtualWidth(width: number): void {
    // So wide at most that the visible lines still fit.
    const most = Math.floor((this.vram.length / Math.max(1, this.height) / Math.max(4, this.bpp)) * 8) & ~7;
    const registers = this.registers;
    registers[DISPI.VIRT_WIDTH] = Math.min(0xfff8, Math.max(this.width, Math.min(width, most)));
    const lines = this.stride > 0 ? Math.floor(this.vram.length / this.stride) : 0;
    registers[DISPI.VIRT_HEIGHT] = Math.min(0xffff, lines);
    this.pan(DISPI.X_OFFSET, registers[DISPI.X_OFFSET]);
    this.pan(DISPI.Y_OFFSET, registers[DISPI.Y_OFFSET]);
  }

  private pan(index: number, value: number): void {
    const registers = this.registers;
    const most =
      index === DISPI.X_OFFSET ? registers[DISPI.VIRT_WIDTH] - this.width : registers[DISPI.VIRT_HEIGHT] - this.height;
    registers[index] = Math.max(0, Math.min(value, most));
  }
}

/** Bytes of a run of pixels. Four bits a pixel are four planes of one bit, of which a line of one is meant. */
function bytesOf(pixels: number, bpp: number): number {
  if (bpp === 4) return pixels >> 1;
  return pixels * ((bpp + 7) >> 3);
}
