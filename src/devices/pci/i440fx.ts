// The host bridge of the 440FX: which of RAM and the bus answers in each piece of 0xC0000 to 0xFFFFF.
// Source: Intel 82441FX data sheet, section 3.2 (PAM, SMRAM).
import { PciFunction } from './pci-function.js';

const PAM0 = 0x59;
const SMRAM = 0x72;

/** A piece of the area below 1 MiB. Reads and writes go to RAM, or else to what is on the bus (ROM, or nothing). */
export interface ShadowSegment {
  start: number;
  size: number;
  readRam: boolean;
  writeRam: boolean;
}

/** 0xF0000 is the high half of PAM0; the 16 KiB segments follow, two a register. */
const SEGMENTS = [
  { start: 0xf0000, size: 0x10000, register: PAM0, shift: 4 },
  ...Array.from({ length: 12 }, (_, i) => ({
    start: 0xc0000 + i * 0x4000,
    size: 0x4000,
    register: PAM0 + 1 + (i >> 1),
    shift: 4 * (i & 1),
  })),
];

export class I440fx extends PciFunction {
  private readonly shown: number[] = SEGMENTS.map(() => 0);

  /** `shadow` is told of every segment whose attributes change; at reset none reads or writes RAM. */
  constructor(private readonly shadow: (segment: ShadowSegment) => void) {
    super({ vendor: 0x8086, device: 0x1237, classCode: 0x060000, revision: 2 });
    this.allow(PAM0, 1, 0x30);
    this.allow(PAM0 + 1, 4, 0x33333333);
    this.allow(PAM0 + 5, 2, 0x3333);
    this.preset(SMRAM, 1, 0x02);
    this.allow(SMRAM, 1, 0x78);
  }

  override reset(): void {
    super.reset();
    this.showSegments();
  }

  override restore(state: unknown): void {
    super.restore(state);
    this.showSegments();
  }

  protected override configWritten(first: number, end: number): void {
    if (first <= PAM0 + 6 && end > PAM0) this.showSegments();
  }

  private showSegments(): void {
    SEGMENTS.forEach(({ start, size, register, shift }, index) => {
      const attributes = (this.config[register] >> shift) & 3;
      if (attributes === this.shown[index]) return;
      this.shown[index] = attributes;
      this.shadow({ start, size, readRam: (attributes & 1) !== 0, writeRam: (attributes & 2) !== 0 });
    });
  }
}
