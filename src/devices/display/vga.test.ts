import { beforeEach, describe, expect, it } from 'vitest';
import { BenchLine, BenchTimers } from '../test-bench.js';
import { DISPI } from './vbe.js';
import { Vga, VgaPci } from './vga.js';
import { screenKind, textLines } from './text-screen.js';
import { render } from './vga-render.js';

let timers: BenchTimers;
let vga: Vga;
const out = (port: number, value: number): void => vga.ports.writePort(port - 0x3b0, 1, value);
const input = (port: number): number => vga.ports.readPort(port - 0x3b0, 1);
const indexed = (port: number, index: number, value: number): void => {
  vga.ports.writePort(port - 0x3b0, 2, index | (value << 8));
};
const write = (address: number, value: number): void => vga.memory.writeMmio(address - 0xa0000, 1, value);
const read = (address: number): number => vga.memory.readMmio(address - 0xa0000, 1);
const dispi = (index: number, value: number): void => {
  vga.vbe.ports.writePort(0, 2, index);
  vga.vbe.ports.writePort(1, 2, value);
};
const readDispi = (index: number): number => {
  vga.vbe.ports.writePort(0, 2, index);
  return vga.vbe.ports.readPort(1, 2);
};
const pixel = (x: number, y: number): number[] => {
  const { width, pixels } = render(vga);
  return [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)];
};

/** Registers of mode 12h, 640x480 planar, as far as memory and rendering depend on them. */
function planarMode(): void {
  out(0x3c2, 0xe3);
  indexed(0x3c4, 2, 0x0f);
  indexed(0x3c4, 4, 0x06);
  for (const [index, value] of [
    [0, 0],
    [1, 0],
    [3, 0],
    [5, 0],
    [6, 5],
    [7, 0x0f],
    [8, 0xff],
  ])
    indexed(0x3ce, index, value);
  for (const [index, value] of [
    [0x01, 0x4f],
    [0x07, 0x3e],
    [0x09, 0x40],
    [0x12, 0xdf],
    [0x13, 0x28],
  ])
    indexed(0x3d4, index, value);
  input(0x3da);
  for (let i = 0; i < 16; i++) {
    out(0x3c0, i);
    out(0x3c0, i);
  }
  out(0x3c0, 0x32);
  out(0x3c0, 0x0f);
}

/** Makes colour 5 pure red. */
function redIsFive(): void {
  out(0x3c8, 5);
  for (const component of [63, 0, 0]) out(0x3c9, component);
}

beforeEach(() => {
  timers = new BenchTimers();
  vga = new Vga(timers, new Uint8Array(16 << 20));
});

describe('text', () => {
  beforeEach(() => vga.setTextMode());

  it('written at 0xB8000 can be read as lines and seen as pixels', () => {
    [...'Hello'].forEach((char, i) => {
      write(0xb8000 + 160 + 2 * i, char.charCodeAt(0));
      write(0xb8000 + 161 + 2 * i, 0x1e);
    });
    write(0xb8000, 0xdb);
    const lines = textLines(vga);
    expect(lines.length).toBe(25);
    expect(lines[0]).toBe('█');
    expect(lines[1]).toBe('Hello');
    expect(read(0xb8000 + 160)).toBe(0x48);
    expect(screenKind(vga)).toBe('text');
    expect(render(vga)).toMatchObject({ width: 720, height: 400 });
    expect(pixel(3, 20), 'blue paper').toEqual([0, 0, 170]);
  });

  it('uses the font that the guest has loaded into plane 2', () => {
    indexed(0x3c4, 2, 4);
    indexed(0x3c4, 4, 7);
    indexed(0x3ce, 5, 0);
    indexed(0x3ce, 6, 4);
    write(0xa0000 + 0x41 * 32 + 2, 0x80);
    indexed(0x3c4, 2, 3);
    indexed(0x3c4, 4, 2);
    indexed(0x3ce, 5, 0x10);
    indexed(0x3ce, 6, 0x0e);
    write(0xb8002, 0x41);
    expect(pixel(9, 2)).toEqual([170, 170, 170]);
    expect(pixel(10, 2)).toEqual([0, 0, 0]);
  });

  it('scrolls by the start address', () => {
    write(0xb8000 + 160, 0x58);
    indexed(0x3d4, 0x0d, 80);
    expect(textLines(vga)[0]).toBe('X');
  });
});

describe('mode 13h', () => {
  it('has a byte for each pixel', () => {
    out(0x3c2, 0x63);
    indexed(0x3c4, 2, 0x0f);
    indexed(0x3c4, 4, 0x0e);
    indexed(0x3ce, 5, 0x40);
    indexed(0x3ce, 6, 0x05);
    for (const [index, value] of [
      [0x01, 0x4f],
      [0x07, 0x1f],
      [0x09, 0x41],
      [0x12, 0x8f],
      [0x13, 0x28],
    ])
      indexed(0x3d4, index, value);
    out(0x3c0, 0x20);
    redIsFive();
    write(0xa0000 + 320 * 10 + 7, 5);
    expect(render(vga)).toMatchObject({ width: 320, height: 200 });
    expect(pixel(7, 10)).toEqual([255, 0, 0]);
    expect(pixel(8, 10)).toEqual([0, 0, 0]);
    out(0x3c0, 0x00);
    input(0x3da);
    out(0x3c0, 0x00);
    expect(pixel(7, 10), 'screen off').toEqual([0, 0, 0]);
  });
});

describe('planes', () => {
  beforeEach(planarMode);

  it('write mode 0 with set/reset, mask and logic', () => {
    indexed(0x3ce, 0, 0x05);
    indexed(0x3ce, 1, 0x0f);
    indexed(0x3ce, 8, 0x80);
    read(0xa0000);
    write(0xa0000, 0x00);
    expect([...vga.vram.subarray(0, 4)]).toEqual([0x80, 0, 0x80, 0]);
    redIsFive();
    expect(pixel(0, 0)).toEqual([255, 0, 0]);
    expect(pixel(1, 0)).toEqual([0, 0, 0]);
    indexed(0x3ce, 1, 0);
    indexed(0x3ce, 3, 0x18);
    indexed(0x3ce, 8, 0xff);
    read(0xa0000);
    write(0xa0000, 0xc0);
    expect([...vga.vram.subarray(0, 4)], 'exclusive or').toEqual([0x40, 0xc0, 0x40, 0xc0]);
  });

  it('write mode 1 copies latches, 2 writes a colour, 3 masks by data', () => {
    indexed(0x3ce, 5, 2);
    indexed(0x3ce, 8, 0x0f);
    write(0xa0010, 0x06);
    expect([...vga.vram.subarray(0x40, 0x44)]).toEqual([0, 0x0f, 0x0f, 0]);
    indexed(0x3ce, 5, 1);
    read(0xa0010);
    write(0xa0011, 0xff);
    expect([...vga.vram.subarray(0x44, 0x48)]).toEqual([0, 0x0f, 0x0f, 0]);
    indexed(0x3ce, 5, 3);
    indexed(0x3ce, 8, 0xff);
    indexed(0x3ce, 0, 0x09);
    read(0xa0010);
    write(0xa0010, 0xf0);
    expect([...vga.vram.subarray(0x40, 0x44)]).toEqual([0xf0, 0x0f, 0x0f, 0xf0]);
  });

  it('read mode 1 finds a colour', () => {
    vga.vram.set([0xf0, 0x0f, 0xf0, 0x00]);
    indexed(0x3ce, 5, 8);
    indexed(0x3ce, 2, 5);
    expect(read(0xa0000)).toBe(0xf0);
    indexed(0x3ce, 7, 0x02);
    expect(read(0xa0000)).toBe(0xf0);
  });

  it('only the planes of the map mask are written', () => {
    indexed(0x3c4, 2, 0x02);
    write(0xa0000, 0xff);
    expect([...vga.vram.subarray(0, 4)]).toEqual([0, 0xff, 0, 0]);
    indexed(0x3ce, 4, 1);
    expect(read(0xa0000)).toBe(0xff);
  });
});

describe('registers', () => {
  it('the attribute port alternates between index and data, and status resets it', () => {
    out(0x3c2, 1);
    input(0x3da);
    out(0x3c0, 0x10);
    input(0x3da);
    out(0x3c0, 0x11);
    out(0x3c0, 0x3f);
    expect(input(0x3c1)).toBe(0x3f);
  });

  it('the CRT controller is where the miscellaneous register puts it, and protects its timing', () => {
    out(0x3c2, 1);
    indexed(0x3d4, 0x11, 0x80);
    indexed(0x3d4, 1, 0x4f);
    expect(input(0x3d5)).toBe(0);
    indexed(0x3d4, 0x11, 0);
    indexed(0x3d4, 1, 0x4f);
    expect(input(0x3d5)).toBe(0x4f);
    expect(input(0x3b5)).toBe(0xff);
    out(0x3c2, 0);
    expect(input(0x3b5)).toBe(0x4f);
  });

  it('the palette is written and read in turn', () => {
    out(0x3c8, 7);
    for (const value of [1, 2, 3, 4, 5, 6]) out(0x3c9, value);
    out(0x3c7, 7);
    expect(Array.from({ length: 6 }, () => input(0x3c9))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(input(0x3c7)).toBe(3);
  });

  it('the retrace comes and goes with time', () => {
    out(0x3c2, 1);
    const seen = new Set<number>();
    for (let i = 0; i < 200; i++) {
      seen.add(input(0x3da) & 8);
      timers.advance(1e5);
    }
    expect(seen.size).toBe(2);
  });
});

describe('VBE', () => {
  it('identifies itself with its memory and its limits', () => {
    dispi(DISPI.ID, 0xb0c0);
    expect(readDispi(DISPI.ID)).toBe(0xb0c0);
    expect(readDispi(DISPI.MEMORY)).toBe(256);
    dispi(DISPI.ENABLE, 2);
    expect([readDispi(1), readDispi(2), readDispi(3)]).toEqual([2560, 1600, 32]);
  });

  it('shows a linear frame buffer in each depth', () => {
    for (const [bpp, bytes, colour] of [
      [32, [0x30, 0x20, 0x10, 0], [0x10, 0x20, 0x30]],
      [24, [0x30, 0x20, 0x10], [0x10, 0x20, 0x30]],
      [16, [0x1f, 0xf8], [255, 0, 255]],
      [15, [0x00, 0x7c], [255, 0, 0]],
    ] as const) {
      dispi(DISPI.ENABLE, 0);
      dispi(DISPI.XRES, 800);
      dispi(DISPI.YRES, 600);
      dispi(DISPI.BPP, bpp);
      dispi(DISPI.ENABLE, 0x41);
      const at = (100 * 800 + 5) * ((bpp + 7) >> 3);
      vga.vram.set(bytes, at);
      expect(render(vga)).toMatchObject({ width: 800, height: 600 });
      expect(pixel(5, 100)).toEqual(colour);
    }
  });

  it('clears its memory unless told not to, and pans', () => {
    dispi(DISPI.XRES, 640);
    dispi(DISPI.YRES, 480);
    dispi(DISPI.BPP, 8);
    vga.vram[0] = 5;
    dispi(DISPI.ENABLE, 0xc1);
    expect(vga.vram[0]).toBe(5);
    dispi(DISPI.VIRT_WIDTH, 1024);
    expect(readDispi(DISPI.VIRT_HEIGHT)).toBe(16384);
    redIsFive();
    vga.vram[1024 * 3 + 2] = 5;
    dispi(DISPI.X_OFFSET, 2);
    dispi(DISPI.Y_OFFSET, 3);
    expect(pixel(0, 0)).toEqual([255, 0, 0]);
    dispi(DISPI.ENABLE, 0);
    dispi(DISPI.ENABLE, 0x41);
    expect(vga.vram[0]).toBe(0);
  });

  it('reaches the frame buffer by banks', () => {
    indexed(0x3ce, 6, 5);
    dispi(DISPI.XRES, 1024);
    dispi(DISPI.YRES, 768);
    dispi(DISPI.BPP, 8);
    dispi(DISPI.ENABLE, 0x01);
    dispi(DISPI.BANK, 3);
    write(0xa0005, 9);
    expect(vga.vram[3 * 65536 + 5]).toBe(9);
    expect(read(0xa0005)).toBe(9);
  });

  it('makes a mode that fits of one that does not', () => {
    dispi(DISPI.XRES, 0xffff);
    dispi(DISPI.YRES, 0xffff);
    dispi(DISPI.BPP, 77);
    dispi(DISPI.ENABLE, 0x41);
    dispi(DISPI.VIRT_WIDTH, 0xffff);
    dispi(DISPI.Y_OFFSET, 0xffff);
    const { width, height } = render(vga);
    expect(width * height).toBeLessThanOrEqual(2560 * 1600);
    expect(vga.vbe.start + vga.vbe.stride * height).toBeLessThanOrEqual(vga.vram.length);
  });
});

it('is a PCI function with frame buffer and registers', () => {
  const pci = new VgaPci(vga);
  const placed: string[] = [];
  let registers: { readMmio(offset: number, width: 1 | 2 | 4): number } | undefined;
  pci.attach(
    {
      map: (range, address) => {
        placed.push(`${range.kind}@${address.toString(16)}`);
        if (range.kind === 'mmio') registers = range.device;
      },
      unmap: () => {},
    },
    new BenchLine(),
  );
  pci.writeConfig(0x10, 4, 0xfd000000);
  pci.writeConfig(0x18, 4, 0xfebf0000);
  pci.writeConfig(4, 2, 2);
  expect(placed).toEqual(['memory@fd000000', 'mmio@febf0000']);
  expect(registers?.readMmio(0x500, 2)).toBe(0xb0c5);
  expect(registers?.readMmio(0x514, 2)).toBe(256);
  expect(registers?.readMmio(0x604, 4)).toBe(0x1e1e1e1e);
  out(0x3c2, 0x41);
  expect(registers?.readMmio(0x40c, 1)).toBe(0x41);
});

it('saves and restores', () => {
  planarMode();
  dispi(DISPI.XRES, 640);
  dispi(DISPI.YRES, 480);
  dispi(DISPI.BPP, 32);
  dispi(DISPI.ENABLE, 0x41);
  const other = new Vga(timers, vga.vram);
  other.restore(structuredClone(vga.save()));
  expect(other.save()).toEqual(vga.save());
  expect(render(other)).toMatchObject({ width: 640, height: 480 });
});
