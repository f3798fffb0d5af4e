// What firmware does to a PCI bus before a kernel runs, for machines that boot a kernel without firmware.
// Source: PCI Firmware Specification 3.0 section 3; the choices of SeaBIOS for the same board.
import type { PortDevice } from '../device.js';
import { type PciBus, pirqOf } from './pci-bus.js';
import { PCI } from './pci-function.js';
import { PIRQ_ROUTE, type Piix3 } from './piix3.js';

/** The ISA interrupts that PIRQA# to PIRQD# are routed to. */
const PIRQ_ISA = [10, 10, 11, 11];
const COMMAND_IO_AND_MEMORY = 3;

export interface PciFirmwareOptions {
  bus: PciBus;
  isaBridge: Piix3;
  /** The edge/level registers of the PIC. */
  elcr: PortDevice;
  /** First free port, and first address of the window between RAM and the I/O APIC. */
  ioBase: number;
  memoryBase: number;
}

/** Assigns every base address register, switches decoding on and routes interrupts. */
export function configurePci({ bus, isaBridge, elcr, ioBase, memoryBase }: PciFirmwareOptions): void {
  const next = { io: ioBase, memory: memoryBase };
  const bars = bus.all().flatMap(({ fn }) => fn.bars.map((bar) => ({ fn, ...bar })));
  // Largest first, so that natural alignment leaves no holes.
  bars.sort((a, b) => b.range.size - a.range.size);
  for (const { fn, register, range } of bars) {
    const space = range.kind === 'io' ? 'io' : 'memory';
    const granule = Math.max(range.size, space === 'io' ? 16 : 4096);
    const base = Math.ceil(next[space] / granule) * granule;
    fn.writeConfig(register, 4, base);
    next[space] = base + granule;
  }
  for (const { slot, fn } of bus.all()) {
    fn.writeConfig(PCI.COMMAND, 1, fn.readConfig(PCI.COMMAND, 1) | COMMAND_IO_AND_MEMORY);
    const pin = fn.interruptPin;
    if (pin > 0) fn.writeConfig(PCI.INTERRUPT_LINE, 1, PIRQ_ISA[pirqOf(slot, pin)]);
  }
  PIRQ_ISA.forEach((irq, index) => {
    isaBridge.writeConfig(PIRQ_ROUTE + index, 1, irq);
    elcr.writePort(irq >> 3, 1, elcr.readPort(irq >> 3, 1) | (1 << (irq & 7)));
  });
}
