// The registers of a VGA: sequencer, CRT controller, graphics and attribute controllers, colour look-up table.
// Source: IBM VGA technical reference; FreeVGA; QEMU docs/specs/standard-vga.rst for the PCI function.
import { BytePorts, floating } from '../byte-ports.js';
import type { Clock, MmioDevice, PortDevice, Resettable, Snapshottable, Width } from '../device.js';
import { PciFunction } from '../pci/pci-function.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';
import { FONT_HEIGHT, textFont } from './text-font.js';
import { Vbe } from './vbe.js';
import { VgaMemory } from './vga-memory.js';

/** First of the 48 ports 0x3B0 to 0x3DF. */
const BASE = 0x3b0;
/** One frame of 70 Hz in nanoseconds: 449 lines, of which 400 show. */
const FRAME = 14_268_000;
const LINE = FRAME / 449;
const SHOWN_LINES = 400;
const SHOWN_OF_LINE = 0.8;

const SEQUENCER_MASKS = [0x03, 0x3d, 0x0f, 0x3f, 0x0e];
const GRAPHICS_MASKS = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff];
const CRTC_PROTECT = 0x11;
const CRTC_OVERFLOW = 0x07;
const COLOUR_PORTS = 0x01;
const FIELDS = [
  'sequencer',
  'graphics',
  'crtc',
  'attribute',
  'palette',
  'sequencerIndex',
  'graphicsIndex',
  'crtcIndex',
  'attributeIndex',
  'attributeData',
  'misc',
  'feature',
  'dacMask',
  'dacRead',
  'dacWrite',
  'dacReading',
  'dacComponent',
];

/** The registers of mode 3, 80x25 text, for machines without a video BIOS. */
const MODE_3 = {
  misc: 0x67,
  sequencer: [0x03, 0x00, 0x03, 0x00, 0x02],
  crtc: [
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f,
    0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
  ],
  graphics: [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff],
  attribute: [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0, 0x0f, 0x08, 0],
};

export class Vga implements Snapshottable, Resettable {
  /** 48 ports: 0x3B0 to 0x3DF. */
  readonly ports: PortDevice = new BytePorts(
    48,
    (offset) => this.read(BASE + offset),
    (offset, value) => this.write(BASE + offset, value),
  );
  /** 128 KiB: 0xA0000 to 0xBFFFF. */
  readonly memory: VgaMemory;
  readonly vbe: Vbe;

  readonly sequencer = new Uint8Array(8);
  readonly graphics = new Uint8Array(16);
  readonly crtc = new Uint8Array(256);
  readonly attribute = new Uint8Array(32);
  /** Red, green and blue of 256 colours, as the guest wrote them (6 bits, or 8 when VBE says so). */
  readonly palette = new Uint8Array(768);
  dacMask = 0xff;
  private sequencerIndex = 0;
  private graphicsIndex = 0;
  private crtcIndex = 0;
  /** With bit 5: the palette belongs to the screen. */
  private attributeIndex = 0;
  /** The next write to 0x3C0 is data. */
  private attributeData = false;
  private misc = 0;
  private feature = 0;
  private dacRead = 0;
  private dacWrite = 0;
  private dacReading = false;
  private dacComponent = 0;

  /** `vram`: a multiple of 256 KiB, at most 16 MiB. */
  constructor(
    private readonly clock: Clock,
    readonly vram: Uint8Array,
  ) {
    this.vbe = new Vbe(vram);
    this.memory = new VgaMemory(vram, this.sequencer, this.graphics, this.vbe);
  }

  /** The screen is on: a guest that sets a mode blanks it meanwhile. */
  get screenOn(): boolean {
    return (this.attributeIndex & 0x20) !== 0 && (this.sequencer[1] & 0x20) === 0;
  }

  /** Sets 80x25 text with the standard colours and a font, as a video BIOS does. */
  setTextMode(): void {
    this.misc = MODE_3.misc;
    this.sequencer.set(MODE_3.sequencer);
    this.crtc.set(MODE_3.crtc);
    this.graphics.set(MODE_3.graphics);
    this.attribute.set(MODE_3.attribute);
    this.attributeIndex = 0x20;
    // 64 colours of two bits a component, the low bit of each in bits 3 to 5.
    for (let i = 0; i < 64; i++) {
      for (const [component, high, low] of [
        [0, 4, 32],
        [1, 2, 16],
        [2, 1, 8],
      ]) {
        this.palette[3 * i + component] = (i & high ? 42 : 0) + (i & low ? 21 : 0);
      }
    }
    // Blanks in light grey.
    for (let cell = 0; cell < 0x4000; cell++) {
      this.vram[4 * cell] = 0x20;
      this.vram[4 * cell + 1] = 0x07;
    }
    // a font has 32 bytes for each character, in plane 2
    textFont().forEach((row, i) => {
      this.vram[4 * (Math.floor(i / FONT_HEIGHT) * 32 + (i % FONT_HEIGHT)) + 2] = row;
    });
  }

  reset(): void {
    for (const registers of [this.sequencer, this.graphics, this.crtc, this.attribute, this.palette]) registers.fill(0);
    this.sequencerIndex = 0;
    this.graphicsIndex = 0;
    this.crtcIndex = 0;
    this.attributeIndex = 0;
    this.attributeData = false;
    this.misc = 0;
    this.feature = 0;
    this.dacMask = 0xff;
    this.dacRead = 0;
    this.dacWrite = 0;
    this.dacReading = false;
    this.dacComponent = 0;
    this.memory.latches.fill(0);
    this.vbe.reset();
  }

  /** Video memory is not part of it: the machine saves that with its own. */
  save(): unknown {
    return { ...saveFields(this, FIELDS), latches: this.memory.latches.slice(), vbe: this.vbe.save() };
  }

  restore(state: unknown): void {
    this.vbe.restore(section(state, 'vbe'));
    restoreFields(this.memory, ['latches'], state);
    restoreFields(this, FIELDS, state);
  }

  /** Whether a CRTC port, at 0x3Bx or 0x3Dx, is where the miscellaneous register has put it. */
  private active(port: number): boolean {
    return port >= 0x3d0 === ((this.misc & COLOUR_PORTS) !== 0);
  }

  private read(port: number): number {
    switch (port) {
      case 0x3c0:
        return this.attributeIndex;
      case 0x3c1:
        return this.attribute[this.attributeIndex & 0x1f];
      case 0x3c2:
        // The switch that says a colour display is attached.
        return 0x10;
      case 0x3c3:
        return 1;
      case 0x3c4:
        return this.sequencerIndex;
      case 0x3c5:
        return this.sequencer[this.sequencerIndex];
      case 0x3c6:
        return this.dacMask;
      case 0x3c7:
        return this.dacReading ? 3 : 0;
      case 0x3c8:
        return this.dacWrite;
      case 0x3c9:
        return this.readDac();
      case 0x3ca:
        return this.feature;
      case 0x3cc:
        return this.misc;
      case 0x3ce:
        return this.graphicsIndex;
      case 0x3cf:
        return this.graphics[this.graphicsIndex];
      case 0x3b4:
      case 0x3d4:
        return this.active(port) ? this.crtcIndex : 0xff;
      case 0x3b5:
      case 0x3d5:
        return this.active(port) ? this.crtc[this.crtcIndex] : 0xff;
      case 0x3ba:
      case 0x3da:
        if (!this.active(port)) return 0xff;
        this.attributeData = false;
        return this.retrace();
      default:
        return 0xff;
    }
  }

  private write(port: number, value: number): void {
    switch (port) {
      case 0x3c0:
        this.writeAttribute(value);
        break;
      case 0x3c2:
        this.misc = value & 0xef;
        break;
      case 0x3c4:
        this.sequencerIndex = value & 7;
        break;
      case 0x3c5:
        this.sequencer[this.sequencerIndex] = value & (SEQUENCER_MASKS[this.sequencerIndex] ?? 0);
        break;
      case 0x3c6:
        this.dacMask = value;
        break;
      case 0x3c7:
        this.dacRead = value;
        this.dacReading = true;
        this.dacComponent = 0;
        break;
      case 0x3c8:
        this.dacWrite = value;
        this.dacReading = false;
        this.dacComponent = 0;
        break;
      case 0x3c9:
        this.writeDac(value);
        break;
      case 0x3ce:
        this.graphicsIndex = value & 15;
        break;
      case 0x3cf:
        this.graphics[this.graphicsIndex] = value & (GRAPHICS_MASKS[this.graphicsIndex] ?? 0);
        break;
      case 0x3b4:
      case 0x3d4:
        if (this.active(port)) this.crtcIndex = value;
        break;
      case 0x3b5:
      case 0x3d5:
        if (this.active(port)) this.writeCrtc(value);
        break;
      case 0x3ba:
      case 0x3da:
        if (this.active(port)) this.feature = value & 0x10;
        break;
    }
  }

  private writeAttribute(value: number): void {
    if (!this.attributeData) this.attributeIndex = value & 0x3f;
    else {
      const index = this.attributeIndex & 0x1f;
      // The sixteen colours can be written only while the screen does not use them.
      const locked = index < 16 && (this.attributeIndex & 0x20) !== 0;
      if (index <= 0x14 && !locked) this.attribute[index] = value & (index < 16 ? 0x3f : 0xff);
    }
    this.attributeData = !this.attributeData;
  }

  private writeCrtc(value: number): void {
    const index = this.crtcIndex;
    if (index <= 7 && this.crtc[CRTC_PROTECT] & 0x80) {
      // Protected but for bit 8 of the line compare.
      if (index === CRTC_OVERFLOW) this.crtc[index] = (this.crtc[index] & ~0x10) | (value & 0x10);
      return;
    }
    if (index <= 0x18) this.crtc[index] = value;
  }

  private readDac(): number {
    const value = this.palette[3 * this.dacRead + this.dacComponent];
    if (++this.dacComponent === 3) {
      this.dacComponent = 0;
      this.dacRead = (this.dacRead + 1) & 0xff;
    }
    return value;
  }

  private writeDac(value: number): void {
    this.palette[3 * this.dacWrite + this.dacComponent] = this.vbe.dac8Bit ? value : value & 0x3f;
    if (++this.dacComponent === 3) {
      this.dacComponent = 0;
      this.dacWrite = (this.dacWrite + 1) & 0xff;
    }
  }

  /** Input status 1: where the beam is. */
  private retrace(): number {
    const inFrame = this.clock.now() % FRAME;
    const line = Math.floor(inFrame / LINE);
    if (line >= SHOWN_LINES) return 0x09;
    return inFrame - line * LINE > LINE * SHOWN_OF_LINE ? 0x01 : 0;
  }
}

const MMIO = { SIZE: 4096, PORTS: 0x400, PORTS_END: 0x420, DISPI: 0x500, DISPI_END: 0x516, EXTENSION: 0x600 };
const LITTLE_ENDIAN = 0x1e1e1e1e;

/** The VGA as a PCI function: the frame buffer behind BAR 0, registers behind BAR 2. */
export class VgaPci extends PciFunction {
  constructor(readonly vga: Vga) {
    super({ vendor: 0x1234, device: 0x1111, classCode: 0x030000, revision: 2 });
    this.addBar(0, { kind: 'memory', size: vga.vram.length, bytes: vga.vram, name: 'vram' }, true);
    this.addBar(2, { kind: 'mmio', size: MMIO.SIZE, device: this.registers(), name: 'vga' });
  }

  override reset(): void {
    super.reset();
    this.vga.reset();
  }

  override save(): unknown {
    return { ...(super.save() as object), vga: this.vga.save() };
  }

  override restore(state: unknown): void {
    super.restore(state);
    this.vga.restore(section(state, 'vga'));
  }

  private registers(): MmioDevice {
    const { ports, vbe } = this.vga;
    const extension = [8, LITTLE_ENDIAN];
    return {
      readMmio: (offset: number, width: Width): number => {
        if (offset >= MMIO.PORTS && offset + width <= MMIO.PORTS_END) {
          return ports.readPort(offset - MMIO.PORTS + 0x10, width);
        }
        if (offset >= MMIO.DISPI && offset + width <= MMIO.DISPI_END) {
          const at = offset - MMIO.DISPI;
          const pair = vbe.read(at >> 1) + vbe.read((at >> 1) + 1) * 65536;
          return (Math.floor(pair / 2 ** (8 * (at & 1))) & floating(width)) >>> 0;
        }
        if (offset >= MMIO.EXTENSION && offset < MMIO.EXTENSION + 8 && width === 4) {
          return extension[(offset - MMIO.EXTENSION) >> 2];
        }
        // No description of a monitor.
        return 0;
      },
      writeMmio: (offset: number, width: Width, value: number): void => {
        if (offset >= MMIO.PORTS && offset + width <= MMIO.PORTS_END) {
          ports.writePort(offset - MMIO.PORTS + 0x10, width, value);
        } else if (offset >= MMIO.DISPI && offset + width <= MMIO.DISPI_END && width >= 2 && !(offset & 1)) {
          const index = (offset - MMIO.DISPI) >> 1;
          vbe.write(index, value & 0xffff);
          if (width === 4) vbe.write(index + 1, value >>> 16);
        }
      },
    };
  }
}
