// The floppy controller as drivers see it: registers, phases, every command, DMA and the data register.
// Source: Intel 82077AA data sheet (290166).
import { beforeEach, describe, expect, it } from 'vitest';
import { Dma } from '../../dma/dma.js';
import { BenchDisk, BenchLine, BenchMemory } from '../../test-bench.js';
import { FloppyController } from './fdc.js';
import { FLOPPY_MAX, floppyFormat, wholeFloppy } from './floppy-format.js';

const KIB = 1024;
/** What is on every disk. */
const PATTERN = Uint8Array.from({ length: 2880 * KIB }, (_, i) => (i * 5 + (i >> 9) * 3) & 0xff);
let memory: BenchMemory;
let dma: Dma;
let irq: BenchLine;
let disk: BenchDisk;
let fdc: FloppyController;

const out = (register: number, value: number): void => fdc.ports.writePort(register, 1, value);
const input = (register: number): number => fdc.ports.readPort(register, 1);
const status = (): number => input(4);
const change = (): number => fdc.changePort.readPort(0, 1);
const setRate = (rate: number): void => fdc.changePort.writePort(0, 1, rate);

/** Gives a command as drivers do, each byte when the controller is ready for it. */
function command(...bytes: number[]): void {
  for (const byte of bytes) {
    expect(status() & 0xc0, 'ready for a command').toBe(0x80);
    out(5, byte);
  }
}

/** Reads the result phase to its end. */
function result(): number[] {
  const bytes: number[] = [];
  while ((status() & 0xd0) === 0xd0) bytes.push(input(5));
  expect(status()).toBe(0x80);
  return bytes;
}

function sense(): number[] {
  command(0x08);
  return result();
}

/** Channel 2: mode 0x46 to memory, 0x4A from memory, 0x42 to verify. */
function program(mode: number, address: number, count: number): void {
  const low = (register: number, value: number): void => dma.bytePorts.writePort(register, 1, value);
  low(0x0a, 6);
  low(0x0c, 0);
  low(4, address & 0xff);
  low(4, (address >> 8) & 0xff);
  low(5, (count - 1) & 0xff);
  low(5, (count - 1) >> 8);
  dma.pagePorts.writePort(0, 1, address >> 16);
  low(0x0b, mode);
  low(0x0a, 2);
}

const sector = (c: number, h: number, r: number, sectors = 18): Uint8Array => {
  const at = ((c * 2 + h) * sectors + r - 1) * 512;
  return disk.bytes.subarray(at, at + 512);
};
const ram = (address: number, length: number): Uint8Array => memory.bytes.subarray(address, address + length);

/** A controller that has been reset, as firmware leaves it; drive A only. */
function setUp(image: BenchDisk, rate = 0): void {
  memory = new BenchMemory(1 << 20);
  dma = new Dma(memory);
  dma.reset();
  irq = new BenchLine();
  disk = image;
  disk.bytes.set(PATTERN.subarray(0, disk.size));
  fdc = new FloppyController({ irq, dma: dma.channel(2), disks: [disk, undefined] });
  fdc.reset();
  out(2, 0x1c);
  for (let i = 0; i < 4; i++) sense();
  command(0x03, 0xaf, 0x02);
  setRate(rate);
}

beforeEach(() => setUp(new BenchDisk(1440 * KIB)));

describe('a reset', () => {
  it('holds the controller until it is let run; then there are four drives to sense', () => {
    out(2, 0);
    expect(status()).toBe(0);
    out(5, 0x10);
    expect(irq.level).toBe(false);
    irq.edges = 0;
    out(2, 0x0c);
    expect(irq.level).toBe(true);
    expect([sense(), sense(), sense(), sense(), sense()]).toEqual([[0xc0, 0], [0xc1, 0], [0xc2, 0], [0xc3, 0], [0x80]]);
    expect(irq.edges).toBe(1);
  });

  it('by the data rate register is one too', () => {
    out(4, 0x80);
    expect(irq.level).toBe(true);
    expect(sense()).toEqual([0xc0, 0]);
  });

  it('is not told of when polling is off and locked', () => {
    command(0x13, 0, 0x57, 0);
    command(0x94);
    expect(result()).toEqual([0x10]);
    out(2, 0);
    out(2, 0x0c);
    expect(irq.level).toBe(false);
    command(0x0e);
    expect(result()).toEqual([0, 0, 0, 0, 0xaf, 0x02, 0, 0x80, 0x57, 0]);
    command(0x14);
    expect(result()).toEqual([0]);
    out(2, 0);
    out(2, 0x0c);
    expect(irq.level).toBe(true);
  });

  it('leaves nothing to tell once another command has interrupted', () => {
    out(2, 0);
    out(2, 0x0c);
    command(0x07, 0);
    expect(sense()).toEqual([0x20, 0]);
    expect(sense()).toEqual([0x80]);
  });
});

describe('commands without data', () => {
  it('an 82077, which knows nothing of part numbers', () => {
    command(0x10);
    expect(result()).toEqual([0x90]);
    command(0x18);
    expect(result()).toEqual([0x80]);
  });

  it('seeks end at once, with an interrupt that SENSE INTERRUPT takes back', () => {
    command(0x0f, 0, 40);
    expect(irq.level).toBe(true);
    expect(sense()).toEqual([0x20, 40]);
    expect(irq.level).toBe(false);
    command(0xcf, 0, 5);
    expect(sense()).toEqual([0x20, 45]);
    command(0x8f, 0, 10);
    expect(sense()).toEqual([0x20, 35]);
    command(0x07, 0);
    expect(sense()).toEqual([0x20, 0]);
  });

  it('the head stops where it can go no further', () => {
    command(0x0f, 0, 255);
    expect(sense()).toEqual([0x20, 83]);
    command(0x8f, 0, 255);
    expect(sense()).toEqual([0x20, 0]);
  });

  it('a drive that is not there never finds track 0', () => {
    command(0x07, 1);
    expect(sense()).toEqual([0x71, 0]);
  });

  it('tells of each drive', () => {
    irq.edges = 0;
    command(0x0f, 0, 3);
    command(0x0f, 1, 3);
    expect(sense()).toEqual([0x20, 3]);
    expect(irq.level).toBe(true);
    expect(sense()).toEqual([0x21, 0]);
    expect(irq.level).toBe(false);
  });

  it('senses a drive: write protection, track 0, two sides', () => {
    command(0x04, 0x04);
    expect(result()).toEqual([0x3c]);
    command(0x0f, 0, 3);
    sense();
    command(0x04, 0);
    expect(result()).toEqual([0x28]);
    setUp(new BenchDisk(1440 * KIB, true));
    command(0x04, 0);
    expect(result()).toEqual([0x78]);
    command(0x04, 1);
    expect(result()).toEqual([0x29]);
  });

  it('shows a changed disk until the head moves', () => {
    expect(change()).toBe(0x80);
    command(0x07, 0);
    expect(change()).toBe(0);
    out(2, 0x2d);
    expect(change(), 'no drive B').toBe(0x80);
  });

  it('READ ID shows what comes by, at the right data rate alone', () => {
    command(0x0f, 0, 7);
    sense();
    command(0x4a, 0x04);
    expect(irq.level).toBe(true);
    expect(result()).toEqual([0x04, 0, 0, 7, 1, 1, 2]);
    expect(irq.level).toBe(false);
    command(0x4a, 0x04);
    expect(result()).toEqual([0x04, 0, 0, 7, 1, 2, 2]);
    setRate(2);
    command(0x4a, 0);
    expect(result().slice(0, 3)).toEqual([0x40, 1, 0]);
    setRate(0);
    command(0x4a, 1);
    expect(result().slice(0, 3)).toEqual([0x41, 1, 0]);
    command(0x0a, 0);
    expect(result().slice(0, 3), 'FM').toEqual([0x40, 1, 0]);
  });
});

describe('reading by DMA', () => {
  it('ends with the count of the channel', () => {
    program(0x46, 0x10000, 1024);
    irq.edges = 0;
    command(0xe6, 0, 3, 0, 5, 2, 18, 0x1b, 0xff);
    expect(irq.edges).toBe(1);
    expect(result()).toEqual([0, 0, 0, 3, 0, 7, 2]);
    expect(irq.level).toBe(false);
    expect(ram(0x10000, 512)).toEqual(sector(3, 0, 5));
    expect(ram(0x10200, 512)).toEqual(sector(3, 0, 6));
    expect(ram(0x10400, 16).every((byte) => byte === 0)).toBe(true);
  });

  it('with MT goes on to the other side, without it ends with the track', () => {
    program(0x46, 0x10000, 512 * 36);
    command(0xe6, 0, 3, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result()).toEqual([0x04, 0, 0, 4, 0, 1, 2]);
    expect(ram(0x10000 + 35 * 512, 512)).toEqual(sector(3, 1, 18));
    program(0x46, 0x10000, 512 * 19);
    command(0x66, 0, 3, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result(), 'end of cylinder').toEqual([0x40, 0x80, 0, 4, 0, 1, 2]);
  });

  it('ends within a sector, too', () => {
    program(0x46, 0x10000, 100);
    command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result()).toEqual([0, 0, 0, 0, 0, 2, 2]);
    expect(ram(0x10000, 100)).toEqual(sector(0, 0, 1).subarray(0, 100));
    expect(memory.bytes[0x10064]).toBe(0);
  });

  it('waits for a channel that is masked', () => {
    command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(status()).toBe(0x10);
    expect(irq.level).toBe(false);
    program(0x46, 0x10000, 512);
    expect(irq.level).toBe(true);
    expect(result()).toEqual([0, 0, 0, 0, 0, 2, 2]);
    expect(ram(0x10000, 512)).toEqual(sector(0, 0, 1));
  });

  it('is ended by a reset', () => {
    command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    out(2, 0x18);
    out(2, 0x1c);
    program(0x46, 0x10000, 512);
    expect(memory.bytes[0x10000]).toBe(0);
    expect(sense()).toEqual([0xc0, 0]);
  });

  it.each([
    ['a sector that the track has not', [0xe6, 0, 0, 0, 19, 2, 19], [0x40, 0x04]],
    ['a cylinder that the disk has not', [0xe6, 0, 80, 0, 1, 2, 18], [0x40, 0x04]],
    ['sectors of another size', [0xe6, 0, 0, 0, 1, 3, 18], [0x40, 0x04]],
    ['a drive that is not there', [0xe6, 1, 0, 0, 1, 2, 18], [0x41, 0x01]],
  ])('fails for %s', (_, bytes, [st0, st1]) => {
    program(0x46, 0x10000, 512);
    command(...bytes, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([st0, st1, 0]);
  });

  it('fails when the host does', () => {
    program(0x46, 0x10000, 512);
    disk.failing = true;
    command(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([0x40, 0x20, 0x20]);
  });

  it('READ TRACK begins with its first sector', () => {
    program(0x46, 0x10000, 512 * 3);
    command(0x42, 0, 2, 0, 9, 2, 3, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([0, 0, 0]);
    expect(ram(0x10000, 512)).toEqual(sector(2, 0, 1));
    expect(ram(0x10400, 512)).toEqual(sector(2, 0, 3));
  });

  it('READ DELETED DATA reads one that is not, says so, and stops; or skips it', () => {
    program(0x46, 0x10000, 1024);
    command(0x4c, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([0, 0, 0x40]);
    expect(ram(0x10000, 512)).toEqual(sector(0, 0, 1));
    expect(memory.bytes[0x10200]).toBe(0);
    command(0x6c, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([0, 0, 0x40]);
  });

  it('VERIFY moves nothing', () => {
    memory.traffic = 0;
    command(0xf6, 0, 1, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result()).toEqual([4, 0, 0, 2, 0, 1, 2]);
    command(0x76, 0x80, 1, 0, 4, 2, 18, 0x1b, 3);
    expect(result()).toEqual([0, 0, 0, 1, 0, 7, 2]);
    command(0x76, 0, 1, 0, 1, 2, 19, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([0x40, 0x04, 0]);
    expect(memory.traffic).toBe(0);
  });
});

describe('writing', () => {
  it('by DMA: what is short of a sector is filled with zeros', () => {
    ram(0x20000, 700).fill(0xab);
    program(0x4a, 0x20000, 600);
    command(0xc5, 0, 10, 1, 18, 2, 18, 0x1b, 0xff);
    expect(result().slice(0, 3), 'one sector left of the cylinder').toEqual([0x44, 0x80, 0]);
    expect(sector(10, 1, 18).every((byte) => byte === 0xab)).toBe(true);
    program(0x4a, 0x20000, 600);
    command(0xc5, 0, 10, 0, 18, 2, 18, 0x1b, 0xff);
    expect(result()).toEqual([0x04, 0, 0, 10, 1, 2, 2]);
    expect(sector(10, 0, 18).every((byte) => byte === 0xab)).toBe(true);
    expect(sector(10, 1, 1)[87]).toBe(0xab);
    expect(
      sector(10, 1, 1)
        .subarray(88)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('is refused on a disk that is write-protected', () => {
    setUp(new BenchDisk(1440 * KIB, true));
    const before = disk.bytes.slice();
    program(0x4a, 0x20000, 512);
    for (const bytes of [
      [0xc5, 0, 0, 0, 1, 2, 18, 0x1b, 0xff],
      [0xc9, 0, 0, 0, 1, 2, 18, 0x1b, 0xff],
      [0x4d, 0, 2, 18, 0x54, 0xf6],
    ]) {
      command(...bytes);
      expect(result().slice(0, 3)).toEqual([0x40, 0x02, 0]);
    }
    expect(Buffer.compare(disk.bytes, before)).toBe(0);
  });

  it('FORMAT fills the sectors whose names it is given', () => {
    command(0x0f, 0, 5);
    sense();
    const ids = Array.from({ length: 18 }, (_, i) => [5, 1, i + 1, 2]).flat();
    ram(0x20000, ids.length).set(ids);
    program(0x4a, 0x20000, ids.length);
    const [before, after] = [sector(5, 0, 18).slice(), sector(6, 0, 1).slice()];
    command(0x4d, 0x04, 2, 18, 0x54, 0xf6);
    expect(result().slice(0, 3)).toEqual([0x04, 0, 0]);
    for (let r = 1; r <= 18; r++) expect(sector(5, 1, r).every((byte) => byte === 0xf6)).toBe(true);
    expect(sector(5, 0, 18)).toEqual(before);
    expect(sector(6, 0, 1)).toEqual(after);
  });

  it('FORMAT writes nothing where the image has no such sector', () => {
    const before = disk.bytes.slice();
    const ids = [
      [1, 0, 1, 2],
      [0, 1, 1, 2],
      [0, 0, 19, 2],
      [0, 0, 0, 2],
      [0, 0, 1, 3],
    ].flat();
    ram(0x20000, ids.length).set(ids);
    program(0x4a, 0x20000, ids.length);
    command(0x4d, 0, 2, 5, 0x54, 0xf6);
    expect(result().slice(0, 3)).toEqual([0, 0, 0]);
    expect(Buffer.compare(disk.bytes, before)).toBe(0);
  });
});

describe('by the data register', () => {
  beforeEach(() => command(0x03, 0xaf, 0x03));

  it('reads, an interrupt a byte, and says that it came to the end', () => {
    irq.edges = 0;
    command(0x46, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
    const bytes: number[] = [];
    while ((status() & 0x20) !== 0) {
      expect(status()).toBe(0xf0);
      expect(irq.level).toBe(true);
      bytes.push(input(5));
    }
    expect(Uint8Array.from(bytes)).toEqual(sector(0, 0, 18));
    expect(irq.edges).toBe(513);
    expect(result()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
  });

  it('writes', () => {
    command(0x45, 0, 0, 0, 1, 2, 1, 0x1b, 0xff);
    for (let i = 0; i < 512; i++) {
      expect(status()).toBe(0xb0);
      out(5, i & 0xff);
    }
    expect(result().slice(0, 3)).toEqual([0x40, 0x80, 0]);
    expect([...sector(0, 0, 1).subarray(254, 258)]).toEqual([254, 255, 0, 1]);
  });
});

describe('formats', () => {
  it.each([
    [160, 40, 1, 8, 2],
    [180, 40, 1, 9, 1],
    [320, 40, 2, 8, 2],
    [360, 40, 2, 9, 1],
    [720, 80, 2, 9, 2],
    [1200, 80, 2, 15, 0],
    [1440, 80, 2, 18, 0],
    [1680, 80, 2, 21, 0],
    [2880, 80, 2, 36, 3],
  ])('%i K: its last sector is read, at its rate alone', (kib, cylinders, heads, sectors, rate) => {
    setUp(new BenchDisk(kib * KIB), rate);
    program(0x46, 0x10000, 512);
    command(0x46, 0, cylinders - 1, heads - 1, sectors, 2, sectors, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([heads > 1 ? 4 : 0, 0, 0]);
    expect(ram(0x10000, 512)).toEqual(disk.bytes.subarray(-512));
    for (const other of [0, 1, 2, 3].filter((one) => !floppyFormat(kib * KIB)?.rates.includes(one))) {
      setRate(other);
      command(0x4a, 0);
      expect(result().slice(0, 2)).toEqual([0x40, 1]);
    }
  });

  it('a short image is the beginning of a usual disk, a longer one none', () => {
    expect(floppyFormat(1)?.sectors).toBe(18);
    expect(floppyFormat(1440 * KIB + 1)?.sectors).toBe(36);
    expect(floppyFormat(FLOPPY_MAX + 1)).toBeUndefined();
    const short = new BenchDisk(700);
    short.bytes.fill(7);
    const whole = wholeFloppy(short);
    expect(whole.size).toBe(1440 * KIB);
    const sectors = new Uint8Array(1536).fill(1);
    whole.read(0, sectors);
    expect(sectors.lastIndexOf(7)).toBe(699);
    expect(sectors.indexOf(0)).toBe(700);
    whole.read(100_000, sectors);
    expect(sectors.every((byte) => byte === 0)).toBe(true);
    expect(() => whole.write(512, new Uint8Array(512))).toThrow('the image ends here');
  });
});

it('saves and restores in the middle of a sector, and of a command', () => {
  command(0x03, 0xaf, 0x03);
  command(0x46, 0, 0, 0, 3, 2, 18, 0x1b, 0xff);
  const first = Array.from({ length: 100 }, () => input(5));
  const line = new BenchLine();
  const other = new FloppyController({ irq: line, dma: new Dma(memory).channel(2), disks: [disk, undefined] });
  other.restore(structuredClone(fdc.save()));
  expect(line.level).toBe(true);
  fdc = other;
  const rest = Array.from({ length: 412 }, () => input(5));
  expect(Uint8Array.from([...first, ...rest])).toEqual(sector(0, 0, 3));
});
