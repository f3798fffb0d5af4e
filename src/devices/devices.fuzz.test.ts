// Hostile guests: every register of every device at every width and alignment, in random order, with DMA anywhere.
// What must hold: nothing throws, values are unsigned and fit their width, work and memory are bounded.
import { describe, expect, it } from 'vitest';
import { A20Gate, Port92 } from './firmware/a20.js';
import { VmGeneration } from './acpi/vm-generation.js';
import { buildAcpi } from './acpi/acpi.js';
import { AtaDisk } from './storage/ata-disk.js';
import { AtapiCdrom } from './storage/atapi-cdrom.js';
import { cmosContents } from './timers/cmos-layout.js';
import { Dma } from './dma/dma.js';
import { FloppyController } from './storage/floppy/fdc.js';
import { DebugConsole, DebugExit, LogPort } from './firmware/debug-ports.js';
import type { MmioDevice, PortDevice, StringPortDevice, Width } from './device.js';
import { FwCfg } from './firmware/fw-cfg.js';
import { describePc } from './firmware/fw-cfg-pc.js';
import { I440fx } from './pci/i440fx.js';
import { I8042 } from './input/i8042.js';
import { Ide } from './storage/ide.js';
import { Ioapic } from './interrupts/ioapic.js';
import { IsaInterrupts } from './interrupts/isa-interrupts.js';
import { Lapic } from './interrupts/lapic.js';
import { Ne2000 } from './net/ne2000.js';
import { PciBus } from './pci/pci-bus.js';
import { configurePci } from './pci/pci-firmware.js';
import type { PciRange } from './pci/pci-function.js';
import { Pic } from './interrupts/pic.js';
import { Piix3 } from './pci/piix3.js';
import { Piix4Pm } from './pci/piix4-pm.js';
import { Pit } from './timers/pit.js';
import { Rtc } from './timers/rtc.js';
import { BenchDisk, BenchLine, BenchMemory, BenchTimers } from './test-bench.js';
import { Uart } from './serial/uart.js';
import { Vga, VgaPci } from './display/vga.js';
import { textLines } from './display/text-screen.js';
import { render } from './display/vga-render.js';

const RAM = 1 << 20;
const DISK = 4 << 20;
const WIDTHS: readonly Width[] = [1, 2, 4];
const ADDRESSES = [
  0,
  1,
  0xffc,
  RAM - 4,
  RAM - 1,
  RAM,
  RAM + 1,
  0x7fffffff,
  0x80000000,
  0xfffffff0,
  0xfffffffe,
  0xffffffff,
];
const VALUES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** A small generator of numbers from a seed (xorshift). */
class Dice {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 1;
  }
  u32(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }
  below(limit: number): number {
    return this.u32() % limit;
  }
  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
  value(): number {
    return this.below(3) === 0 ? this.of(VALUES) : this.u32() >>> this.below(32);
  }
}

type Place = { name: string; size: number } & ({ ports: PortDevice } | { mmio: MmioDevice });

/** The whole board, wired as the machine wires it. */
class Board {
  readonly timers = new BenchTimers();
  readonly memory = new BenchMemory(RAM);
  readonly intr = new BenchLine();
  readonly places: Place[] = [];
  readonly devices: Record<string, { save(): unknown; restore(state: unknown): void; reset(): void }>;
  readonly uart: Uart;
  readonly keyboard: I8042;
  readonly card: Ne2000;
  readonly ide: Ide;
  readonly vga: Vga;
  readonly lapic: Lapic;
  readonly fwCfg: FwCfg;
  readonly pci: PortDevice;
  readonly dma: Dma;
  readonly floppy: FloppyController;
  readonly disk = new BenchDisk(DISK);
  readonly floppyDisk = new BenchDisk(1440 * 1024);
  logged = 0;

  constructor() {
    const { timers, memory } = this;
    const pic: Pic = new Pic({ set: (level) => this.lapic.lint0.set(level) });
    const ioapic: Ioapic = new Ioapic({ send: (message) => this.lapic.send(message) });
    this.lapic = new Lapic({
      timers,
      pic,
      intr: this.intr,
      nmi: () => {},
      endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
    });
    const irqs = new IsaInterrupts(pic, ioapic);
    const nothing = (): void => {};
    const a20 = new A20Gate(nothing);
    const port92 = new Port92(a20, nothing);
    const pit = new Pit(timers, irqs.input(0));
    const rtc = new Rtc(timers, irqs.input(8), 1.7e9, cmosContents({ memory: RAM, bootOrder: ['disk'] }));
    this.uart = new Uart({ irq: irqs.input(4), timers, transmit: nothing });
    this.keyboard = new I8042({ irq1: irqs.input(1), irq12: irqs.input(12), a20, requestReset: nothing });
    const bridge = new Piix3({
      isa: Array.from({ length: 16 }, (_, irq) => irqs.input(irq)),
      direct: [16, 17, 18, 19].map((pin) => ioapic.line(pin)),
    });
    const pci = new PciBus({
      decoder: { map: (range) => this.claim(range), unmap: (range) => this.release(range) },
      pirqs: [0, 1, 2, 3].map((index) => bridge.pirq(index)),
      requestReset: nothing,
    });
    const power = new Piix4Pm({ timers, irq9: irqs.input(9), powerOff: nothing });
    const names = { model: 'DISK', serial: '1', firmware: '1' };
    this.ide = new Ide({
      memory,
      irqs: [irqs.input(14), irqs.input(15)],
      primary: [new AtaDisk(this.disk, names), new AtaDisk(new BenchDisk(DISK, true), names)],
      secondary: [new AtapiCdrom(new BenchDisk(DISK, true), names), undefined],
    });
    this.dma = new Dma(memory);
    this.floppy = new FloppyController({
      irq: irqs.input(6),
      dma: this.dma.channel(2),
      disks: [this.floppyDisk, new BenchDisk(360 * 1024, true)],
    });
    this.vga = new Vga(timers, new Uint8Array(1 << 20));
    this.card = new Ne2000({ address: Uint8Array.of(2, 0, 0, 0, 0, 1), send: nothing });
    pci.add(0, 0, new I440fx(nothing));
    pci.add(1, 0, bridge);
    pci.add(1, 1, this.ide);
    pci.add(1, 3, power);
    pci.add(2, 0, new VgaPci(this.vga));
    pci.add(3, 0, this.card);
    this.fwCfg = new FwCfg(memory);
    const acpi = buildAcpi({
      pciWindow: [0x80000000, 0xfebfffff],
      serialPorts: [],
      generation: 0xfed50000,
      panicPort: 0x505,
      apic: true,
    });
    describePc(this.fwCfg, { memory: RAM, e820: [], acpi });
    const log = new LogPort((bytes) => {
      this.logged += bytes.length;
    }, 1000);

    const ports: [string, number, PortDevice][] = [
      ['pic master', 2, pic.masterPorts],
      ['pic slave', 2, pic.slavePorts],
      ['elcr', 2, pic.elcrPorts],
      ['pit', 4, pit.ports],
      ['port 61', 1, pit.speakerPort],
      ['rtc', 2, rtc.ports],
      ['uart', 8, this.uart.ports],
      ['i8042 data', 1, this.keyboard.dataPort],
      ['i8042 command', 1, this.keyboard.commandPort],
      ['port 92', 1, port92.ports],
      ['pci', 8, pci.ports],
      ['smi', 2, power.smiPorts],
      ['ide primary', 8, this.ide.primary.ports],
      ['ide primary control', 1, this.ide.primary.controlPort],
      ['ide secondary', 8, this.ide.secondary.ports],
      ['ide secondary control', 1, this.ide.secondary.controlPort],
      ['bus master primary', 8, this.ide.primary.busMaster.ports],
      ['bus master secondary', 8, this.ide.secondary.busMaster.ports],
      ['dma bytes', 16, this.dma.bytePorts],
      ['dma words', 32, this.dma.wordPorts],
      ['dma pages', 15, this.dma.pagePorts],
      ['floppy', 6, this.floppy.ports],
      ['floppy change', 1, this.floppy.changePort],
      ['fw-cfg', 12, this.fwCfg],
      ['vga', 48, this.vga.ports],
      ['vbe', 3, this.vga.vbe.ports],
      ['debug console', 1, new DebugConsole(nothing)],
      ['debug exit', 4, new DebugExit(nothing)],
      ['log', 1, log],
    ];
    for (const [name, size, device] of ports) this.places.push({ name, size, ports: device });
    const mmio: [string, number, MmioDevice][] = [
      ['lapic', 0x1000, this.lapic],
      ['ioapic', 0x1000, ioapic],
      ['vm generation', 16, new VmGeneration((into) => into.fill(1), nothing)],
      ['vga memory', 0x20000, this.vga.memory],
    ];
    for (const [name, size, device] of mmio) this.places.push({ name, size, mmio: device });
    this.devices = { pic, ioapic, lapic: this.lapic, a20, port92, pit, rtc, uart: this.uart, pci, fwCfg: this.fwCfg };
    Object.assign(this.devices, { keyboard: this.keyboard, dma: this.dma, floppy: this.floppy });
    this.pci = pci.ports;
    configurePci({ bus: pci, isaBridge: bridge, elcr: pic.elcrPorts, ioBase: 0xc000, memoryBase: 0x80000000 });
  }

  private claim(range: PciRange): void {
    const { size } = range;
    if (range.kind === 'io') this.places.push({ name: 'pci ports', size, ports: range.ports });
    if (range.kind === 'mmio') this.places.push({ name: 'pci registers', size, mmio: range.device });
  }

  private release(range: PciRange): void {
    const index = this.places.findIndex((place) => {
      return 'ports' in place
        ? range.kind === 'io' && place.ports === range.ports
        : range.kind === 'mmio' && place.mmio === range.device;
    });
    if (range.kind !== 'memory') this.places.splice(index, 1);
  }
}

function fits(value: number, width: Width): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width);
}

function access(board: Board, dice: Dice): void {
  const place = dice.of(board.places);
  const width = dice.of(WIDTHS);
  const offset = dice.below(place.size);
  const write = dice.below(2) === 0;
  const value = (dice.value() & (2 ** (8 * width) - 1)) >>> 0;
  if ('mmio' in place) {
    if (write) place.mmio.writeMmio(offset, width, value);
    else check(place, offset, width, place.mmio.readMmio(offset, width));
    return;
  }
  const strings = place.ports as StringPortDevice;
  if (strings.readPortString !== undefined && dice.below(4) === 0) {
    const data = new Uint8Array(width * dice.below(600));
    if (write) strings.writePortString(offset, width, data.fill(dice.u32()));
    else strings.readPortString(offset, width, data);
  } else if (write) place.ports.writePort(offset, width, value);
  else check(place, offset, width, place.ports.readPort(offset, width));
}

function check(place: Place, offset: number, width: Width, value: number): void {
  if (fits(value, width)) return;
  expect.fail(`${place.name} at ${offset} reads as ${value}, which is not an unsigned value of ${width} bytes`);
}

/** An access of the configuration space of a function that is there. */
function configure(board: Board, dice: Dice): void {
  const devfn = dice.of([0x00, 0x08, 0x09, 0x0b, 0x10, 0x18, 0x1f]);
  board.pci.writePort(0, 4, 0x80000000 + devfn * 256 + dice.below(256));
  const width = dice.of(WIDTHS);
  const lane = 4 + dice.below(4);
  // Decoding comes on again more often than chance would have it.
  if (dice.below(4) === 0) board.pci.writePort(4, 1, 0x07);
  else if (dice.below(2) === 0) board.pci.writePort(lane, width, dice.value());
  else expect(fits(board.pci.readPort(lane, width), width)).toBe(true);
}

/** What comes from outside: bytes, keys, motion, frames, time, and the processor taking interrupts. */
function disturb(board: Board, dice: Dice): void {
  switch (dice.below(8)) {
    case 0:
      board.uart.receive(new Uint8Array(dice.below(5000)));
      break;
    case 1:
      board.keyboard.key(dice.below(0x10000), dice.below(2) === 0);
      break;
    case 2:
      board.keyboard.moveMouse(dice.u32(), -dice.u32(), dice.below(10) - 5, dice.below(256));
      break;
    case 3:
      board.card.receive(new Uint8Array(dice.below(2000)).fill(0xff));
      break;
    case 4:
      board.timers.jump(dice.below(10) === 0 ? 86400e9 : dice.below(1e9));
      break;
    case 5:
      board.disk.failing = dice.below(4) === 0;
      board.floppyDisk.failing = dice.below(4) === 0;
      break;
    case 6: {
      const vector = board.lapic.acknowledge();
      expect(fits(vector, 1)).toBe(true);
      break;
    }
    default: {
      const fired = board.timers.fired;
      board.timers.advance(dice.below(1e6));
      expect(board.timers.fired - fired).toBeLessThan(1000);
    }
  }
}

describe.each([1, 2, 3, 4])('seed %i', (seed) => {
  it('random accesses do no harm, and the state they leave can be saved and restored', () => {
    const dice = new Dice(seed * 0x9e3779b9);
    const board = new Board();
    for (let i = 0; i < 40_000; i++) {
      const before = board.memory.traffic;
      const turn = dice.below(16);
      if (turn === 0) disturb(board, dice);
      else if (turn === 1) configure(board, dice);
      else access(board, dice);
      expect(board.memory.traffic - before).toBeLessThan(48 << 20);
      if (dice.below(10_000) === 0) for (const device of Object.values(board.devices)) device.reset();
    }
    expect(board.logged).toBeLessThanOrEqual(1000);
    const { width, height, pixels } = render(board.vga);
    expect(pixels.length).toBe(4 * width * height);
    textLines(board.vga);

    const other = new Board();
    other.timers.time = board.timers.time;
    for (const [name, device] of Object.entries(board.devices)) {
      const state = structuredClone(device.save());
      other.devices[name].restore(state);
    }
    for (const [name, device] of Object.entries(board.devices)) {
      expect(JSON.stringify(other.devices[name].save()), name).toBe(JSON.stringify(device.save()));
    }
  });
});

describe('DMA', () => {
  it('of a disk goes anywhere without harm', () => {
    const dice = new Dice(77);
    const board = new Board();
    const { ports, busMaster, controlPort } = board.ide.primary;
    for (let i = 0; i < 2000; i++) {
      const table = dice.of(ADDRESSES) & ~3;
      for (let entry = 0; entry < 1 + dice.below(4); entry++) {
        const address = dice.below(2) ? dice.of(ADDRESSES) : dice.u32();
        board.memory.writeU32((table + 8 * entry) >>> 0, address);
        board.memory.writeU32((table + 8 * entry + 4) >>> 0, dice.value() | (dice.below(3) === 0 ? 0x80000000 : 0));
      }
      const before = board.memory.traffic;
      const toMemory = dice.below(2) ? 8 : 0;
      controlPort.writePort(0, 1, 4);
      controlPort.writePort(0, 1, 0);
      busMaster.ports.writePort(4, 4, table >>> 0);
      busMaster.ports.writePort(0, 1, 0);
      ports.writePort(6, 1, 0xe0);
      for (const register of [2, 3, 4, 5]) ports.writePort(register, 1, dice.below(8) ? dice.below(4) : 0);
      for (const register of [2, 3, 4, 5]) ports.writePort(register, 1, dice.below(256));
      ports.writePort(7, 1, dice.of([0x25, 0x35, 0xc8, 0xca]));
      busMaster.ports.writePort(0, 1, toMemory | 1);
      expect(board.memory.traffic - before).toBeLessThan(2 * DISK + (1 << 20));
    }
  });

  it('of a floppy goes anywhere without harm, whatever the commands are', () => {
    const dice = new Dice(55);
    const board = new Board();
    const { bytePorts, pagePorts } = board.dma;
    const { ports, changePort } = board.floppy;
    const status = (): number => ports.readPort(4, 1);
    const phases = new Set<number>();
    for (let i = 0; i < 4000; i++) {
      // Any address and count, most kinds of transfer.
      bytePorts.writePort(0x0c, 1, 0);
      for (const register of [4, 4, 5, 5]) bytePorts.writePort(register, 1, dice.of([0, 0xff, dice.below(256)]));
      pagePorts.writePort(0, 1, dice.of([0, 0x0f, 0xff, dice.below(16)]));
      bytePorts.writePort(0x0b, 1, 2 | (dice.below(64) << 2));
      bytePorts.writePort(0x0a, 1, dice.below(8) ? 2 : 6);
      board.floppyDisk.failing = dice.below(50) === 0;
      if (dice.below(4) === 0) changePort.writePort(0, 1, dice.below(4));
      if (dice.below(20) === 0) ports.writePort(4, 1, 0x80 | dice.below(4));
      ports.writePort(2, 1, dice.below(30) ? 0x1c : dice.below(256));
      const before = board.memory.traffic;
      const code = dice.of([0xe6, 0x46, 0xc5, 0x45, 0x4d, 0x42, 0x4c, 0xf6, 0x4a, 0x03, 0x0f, 0x07, 8, 0x13, 0x94]);
      const command = [dice.below(10) ? code : dice.below(256), dice.below(6), dice.below(82), dice.below(2)];
      command.push(dice.below(20), dice.below(8) ? 2 : dice.below(8), dice.below(40), dice.below(256), dice.below(256));
      for (const byte of command) if ((status() & 0xc0) === 0x80) ports.writePort(5, 1, byte);
      for (let left = dice.below(2000); left > 0 && (status() & 0xd0) >= 0x90; left--) {
        if (status() & 0x40) expect(fits(ports.readPort(5, 1), 1)).toBe(true);
        else ports.writePort(5, 1, dice.below(256));
      }
      phases.add(status());
      bytePorts.writePort(0x0e, 1, 0);
      expect(board.memory.traffic - before).toBeLessThan(2 << 16);
    }
    expect(phases.size).toBeGreaterThan(5);
  });

  it('of the firmware device goes anywhere without harm', () => {
    const dice = new Dice(99);
    const board = new Board();
    for (let i = 0; i < 2000; i++) {
      const block = dice.below(2) ? dice.of(ADDRESSES) : dice.below(RAM);
      const big = [
        dice.of([2, 4, 8, 10, 16]) | (dice.below(64) << 16),
        dice.value(),
        dice.below(2),
        dice.of(ADDRESSES),
      ];
      const bytes = new DataView(new ArrayBuffer(16));
      big.forEach((value, at) => {
        bytes.setUint32(4 * at, value);
      });
      board.memory.write(block, new Uint8Array(bytes.buffer));
      const before = board.memory.traffic;
      bytes.setUint32(0, block);
      board.fwCfg.writePort(8, 4, bytes.getUint32(0, true));
      expect(board.memory.traffic - before).toBeLessThan(4 << 20);
    }
  });
});

it('a wrong state is refused before anything has changed', () => {
  const board = new Board();
  for (const [name, device] of Object.entries(board.devices)) {
    const before = JSON.stringify(device.save());
    expect(() => device.restore({}), name).toThrow(/snapshot/);
    expect(() => device.restore(null), name).toThrow(/snapshot/);
    expect(JSON.stringify(device.save()), name).toBe(before);
  }
});
