// Puts a machine together: the only place that constructs devices and connects them.
// The board is QEMU's "pc": i440FX, PIIX3 with PIIX4 power management, as firmware and kernels know it.
import { alignUp, hex, MIB } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import type { Host } from '../base/host.js';
import type { Log } from '../base/log.js';
import type { Resettable, Snapshottable } from '../devices/device.js';
import { A20Gate, Port92 } from '../devices/firmware/a20.js';
import { acpiAt, buildAcpi } from '../devices/acpi/acpi.js';
import { GENERATION_EVENT } from '../devices/acpi/acpi-dsdt.js';
import { VM_GENERATION_SIZE, VmGeneration } from '../devices/acpi/vm-generation.js';
import type { AtaDevice } from '../devices/storage/ata-device.js';
import { AtaDisk } from '../devices/storage/ata-disk.js';
import { Dma } from '../devices/dma/dma.js';
import { type BootPlaces, bootOrderFile, wholeOrder } from '../devices/firmware/boot-order.js';
import { FloppyController } from '../devices/storage/floppy/fdc.js';
import { floppyFormat } from '../devices/storage/floppy/floppy-format.js';
import { AtapiCdrom } from '../devices/storage/atapi-cdrom.js';
import { cmosContents } from '../devices/timers/cmos-layout.js';
import { DebugConsole, DebugExit, LogPort } from '../devices/firmware/debug-ports.js';
import { FwCfg } from '../devices/firmware/fw-cfg.js';
import { describePc } from '../devices/firmware/fw-cfg-pc.js';
import { I440fx } from '../devices/pci/i440fx.js';
import { I8042 } from '../devices/input/i8042.js';
import { Ide } from '../devices/storage/ide.js';
import { InFlight } from '../devices/storage/in-flight.js';
import { CoprocessorError } from '../devices/interrupts/coprocessor-error.js';
import { Ioapic } from '../devices/interrupts/ioapic.js';
import { IsaInterrupts } from '../devices/interrupts/isa-interrupts.js';
import { Lapic } from '../devices/interrupts/lapic.js';
import { NOWHERE } from '../devices/line.js';
import { Ne2000 } from '../devices/net/ne2000.js';
import { PciBus } from '../devices/pci/pci-bus.js';
import { configurePci } from '../devices/pci/pci-firmware.js';
import type { PciFunction } from '../devices/pci/pci-function.js';
import { Pic } from '../devices/interrupts/pic.js';
import { Piix3 } from '../devices/pci/piix3.js';
import { Piix4Pm } from '../devices/pci/piix4-pm.js';
import { PvPanic } from '../devices/firmware/pvpanic.js';
import { Pit } from '../devices/timers/pit.js';
import { Rtc } from '../devices/timers/rtc.js';
import { section } from '../devices/snapshot-fields.js';
import { Uart } from '../devices/serial/uart.js';
import { Vga, VgaPci } from '../devices/display/vga.js';
import { msiTo } from '../devices/pci/msix.js';
import { VirtioNet } from '../devices/virtio/net.js';
import { VirtioPci } from '../devices/virtio/pci-transport.js';
import { createMemory, type WasmModule } from '../vcpu/engine.js';
import { PhysicalMemory } from '../vcpu/guest-memory.js';
import { LinearMemory } from '../vcpu/linear.js';
import { Registers } from '../vcpu/registers.js';
import type { Translation } from '../vcpu/linker.js';
import { Vcpu } from '../vcpu/vcpu.js';
import { BootMemory } from './boot/boot-memory.js';
import { optionRoms, readBios } from './boot/bios.js';
import { bootKernel, type KernelBoot } from './boot/kernel.js';
import { ApicPage } from './apic-page.js';
import { Bus } from './bus.js';
import { Cable } from './cable.js';
import { RealClock, VirtualClock } from './clock.js';
import type { DriveConfig, MachineConfig } from './config.js';
import * as at from './layout.js';
import { Paravirt } from './kvm/paravirt.js';
import { MemoryMap } from './memory-map.js';
import type { MachineState } from './snapshot/machine.js';
import { TimerQueue } from './timers.js';
import { type VirtioParts, virtioDevice } from './virtio-devices.js';
import type { Machine } from './vm.js';
import { WallClock } from './wall-clock.js';
import { monitorPages } from './vmx/controls.js';
import { featureControl, requireVmx } from './vmx/firmware.js';
import { VmxCpu } from './vmx/vmx-cpu.js';

const NETWORK_SLOT = 3;
const FIRST_VIRTIO_SLOT = 4;

/** Devices that are not in the first snapshots of today's version. */
const YOUNGER = ['coprocessor-error'];

/** What devices tell the machine that they are in. */
export interface MachineEvents {
  powerOff(): void;
  reset(): void;
  debugExit(value: number): void;
  nmi(): void;
  /** The guest has told that it has panicked. */
  panicked(): void;
}

/** A machine and the parts of it that its owner talks to. */
export interface BuiltMachine extends Machine {
  /** What runs everything; `cpu` may be a guest on it. */
  processor: Vcpu;
  physical: PhysicalMemory;
  linear: LinearMemory;
  /** COM1 and COM2. */
  uarts: readonly Uart[];
  keyboard: I8042;
  vga: Vga;
  logs: readonly LogPort[];
  virtio: VirtioParts;
  /** Of the network card. */
  cable: Cable;
  /** Between two exits when `settled`: everything that the guest is. Memory is lent, not copied. */
  save(): MachineState;
  /** Throws SnapshotError; the machine is then of no use. */
  restore(state: MachineState): void;
  /** The guest's privilege level; 0 where that cannot be said, in the middle of an instruction. */
  privilege(): number;
  /** For a snapshot's memory, on a machine that has never been on: all zeros. What building it has written there is gone. */
  blankMemory(): Uint8Array;
}

/** Throws InputError when the machine cannot be as it was asked for. */
export function buildMachine(
  module: WasmModule,
  config: MachineConfig,
  host: Host,
  log: Log,
  events: MachineEvents,
): BuiltMachine {
  const ept = config.ept !== false;
  if (config.mode !== 'full') requireVmx(config.mode, featureControl(config.vmx !== false));
  const layout = at.hostLayout(config.memory, config.mode !== 'full' ? monitorPages(ept) : 0);
  const memory = allocate(layout.size, config.memory);
  const cpu = new Vcpu(module, memory, { translate: translationOf(config) });
  const registers = new Registers(cpu.view);
  const guest = config.mode !== 'full' ? new VmxCpu(cpu, registers, layout.monitor - at.HOST_RAM, ept) : undefined;
  const physical: PhysicalMemory = new PhysicalMemory(cpu.bytes, {
    flushTlb() {
      guest?.mapChanged(physical.regions);
      cpu.flushTlb();
    },
    invalidateCode: (address, length) => cpu.invalidateCode(address, length),
  });
  const bus = new Bus();
  const clock = config.clock === 'real' ? new RealClock(host, cpu) : new VirtualClock(cpu);
  const timers = new TimerQueue(clock);

  const bios = config.boot.kind === 'bios' ? readBios(config.boot.bios) : undefined;
  if (bios) cpu.bytes.set(bios, layout.bios);
  const map = new MemoryMap(
    config.memory,
    bios && { host: layout.bios, size: bios.length },
    physical,
    cpu.bytes,
    cpu,
    bus,
  );

  // ---- interrupts: devices -> ISA lines -> PIC and I/O APIC -> local APIC -> CPU
  const ioapicBus = { send: (message: Parameters<Lapic['send']>[0]) => lapic.send(message) };
  const pic: Pic = new Pic({ set: (level) => lapic.lint0.set(level) });
  const ioapic: Ioapic = new Ioapic(ioapicBus);
  const lapic: Lapic = new Lapic({
    timers,
    pic,
    intr: NOWHERE,
    nmi: events.nmi,
    endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
  });
  const irqs = new IsaInterrupts(pic, ioapic);
  bus.mapPorts('pic', at.PORT_PIC_MASTER, 2, pic.masterPorts);
  bus.mapPorts('pic', at.PORT_PIC_SLAVE, 2, pic.slavePorts);
  bus.mapPorts('pic', at.PORT_ELCR, 2, pic.elcrPorts);
  bus.mapMmio('ioapic', at.IOAPIC, 0x1000, ioapic);
  let lapicRange = bus.mapMmio('lapic', at.LOCAL_APIC, 0x1000, lapic);
  cpu.hasApic = true;
  const apicv = config.apicv !== false;
  if (apicv) guest?.virtualizeApic(lapic);
  const apicPage =
    apicv && !guest
      ? new ApicPage(lapic, cpu.apicWords, (threshold) => {
          cpu.apicThreshold = threshold;
        })
      : undefined;
  const date = new WallClock(
    config.clock === 'real' ? () => host.date() : () => at.VIRTUAL_EPOCH * 1000 + clock.now() / 1e6,
  );
  const paravirt =
    config.mode === 'para'
      ? new Paravirt(
          physical,
          { now: () => clock.now(), tscOffset: () => cpu.tscOffset, date: () => date.now() },
          lapic,
        )
      : undefined;
  if (guest) guest.paravirt = paravirt;

  // ---- the PC/AT
  const a20 = new A20Gate((open) => {
    (guest ?? cpu).a20 = open;
  });
  const port92 = new Port92(a20, events.reset);
  const pit = new Pit(timers, irqs.input(at.IRQ_PIT));
  const disks = config.drives.map((drive) => (drive && !drive.cdrom ? drive.backend.size : undefined));
  const floppies = config.floppies ?? [];
  const places = bootPlaces(config);
  const bootOrder = wholeOrder(config.bootOrder ?? [], places);
  const rtc = new Rtc(
    timers,
    irqs.input(at.IRQ_RTC),
    date.now() / 1000,
    cmosContents({
      ...{ memory: config.memory, bootOrder, disks },
      floppies: floppies.map((disk) => disk && floppyFormat(disk.size)?.driveType),
    }),
  );
  const keyboard = new I8042({
    irq1: irqs.input(at.IRQ_KEYBOARD),
    irq12: irqs.input(at.IRQ_MOUSE),
    a20,
    requestReset: events.reset,
  });
  bus.mapPorts('pit', at.PORT_PIT, 4, pit.ports);
  bus.mapPorts('pit', at.PORT_SYSTEM_B, 1, pit.speakerPort);
  bus.mapPorts('rtc', at.PORT_RTC, 2, rtc.ports);
  bus.mapPorts('i8042', at.PORT_I8042, 1, keyboard.dataPort);
  bus.mapPorts('i8042', at.PORT_I8042 + 4, 1, keyboard.commandPort);
  bus.mapPorts('port92', at.PORT_SYSTEM_A, 1, port92.ports);
  const coprocessorError = new CoprocessorError(irqs.input(at.IRQ_NUMERIC_ERROR), () => cpu.ignoreNumericError());
  bus.mapPorts('coprocessor-error', at.PORT_COPROCESSOR_ERROR, 1, coprocessorError.ports);

  const dma = new Dma(physical);
  bus.mapPorts('dma', at.PORT_DMA_BYTES, 16, dma.bytePorts);
  bus.mapPorts('dma', at.PORT_DMA_WORDS, 32, dma.wordPorts);
  bus.mapPorts('dma', at.PORT_DMA_PAGES, 15, dma.pagePorts);
  const floppy = new FloppyController({
    irq: irqs.input(at.IRQ_FLOPPY),
    dma: dma.channel(at.DMA_FLOPPY),
    disks: floppies,
  });
  bus.mapPorts('floppy', at.PORT_FLOPPY, 6, floppy.ports);
  bus.mapPorts('floppy', at.PORT_FLOPPY_CHANGE, 1, floppy.changePort);

  const uarts = [
    { port: at.PORT_COM1, irq: at.IRQ_COM1 },
    { port: at.PORT_COM2, irq: at.IRQ_COM2 },
  ].map(({ port, irq }, i) => {
    const serial = config.serial[i];
    const uart = new Uart({
      irq: irqs.input(irq),
      timers,
      transmit: serial?.transmit ?? (() => {}),
      room: serial?.room,
    });
    bus.mapPorts('uart', port, 8, uart.ports);
    return uart;
  });

  // ---- PCI
  const isaBridge = new Piix3({
    isa: Array.from({ length: 16 }, (_, irq) => irqs.input(irq)),
    direct: [16, 17, 18, 19].map((pin) => ioapic.line(pin)),
  });
  const pci = new PciBus({
    decoder: map,
    pirqs: [0, 1, 2, 3].map((index) => isaBridge.pirq(index)),
    requestReset: events.reset,
  });
  bus.mapPorts('pci', at.PORT_PCI, 8, pci.ports);
  const power = new Piix4Pm({ timers, irq9: irqs.input(at.IRQ_SCI), powerOff: events.powerOff });
  pci.add(0, 0, new I440fx((segment) => map.setShadow(segment)));
  pci.add(1, 0, isaBridge);
  pci.add(1, 3, power);
  bus.mapPorts('smi', at.PORT_SMI, 2, power.smiPorts);

  // two runs of a machine with a virtual clock are the same run
  const generation = new VmGeneration(
    config.clock === 'real' ? (into) => host.random(into) : (into) => void into.fill(at.VIRTUAL_GENERATION),
    () => power.raiseEvent(GENERATION_EVENT),
  );
  bus.mapMmio('vm-generation', at.VM_GENERATION, VM_GENERATION_SIZE, generation);

  const [a, b, c, d] = [0, 1, 2, 3].map((place) => config.drives[place] && driveOf(config.drives[place], place));
  const ide = new Ide({
    memory: physical,
    irqs: [irqs.input(at.IRQ_IDE_PRIMARY), irqs.input(at.IRQ_IDE_SECONDARY)],
    primary: [a, b],
    secondary: [c, d],
  });
  pci.add(1, 1, ide);
  bus.mapPorts('ide', at.PORT_IDE_PRIMARY, 8, ide.primary.ports);
  bus.mapPorts('ide', at.PORT_IDE_PRIMARY_CONTROL, 1, ide.primary.controlPort);
  bus.mapPorts('ide', at.PORT_IDE_SECONDARY, 8, ide.secondary.ports);
  bus.mapPorts('ide', at.PORT_IDE_SECONDARY_CONTROL, 1, ide.secondary.controlPort);

  const vga = new Vga(clock, cpu.bytes.subarray(layout.video, layout.video + at.VIDEO_MEMORY));
  pci.add(2, 0, new VgaPci(vga));
  bus.mapPorts('vga', at.PORT_VGA, 48, vga.ports);
  bus.mapPorts('vga', at.PORT_VBE, 3, vga.vbe.ports);
  bus.mapMmio('vga', at.VGA_WINDOW, at.VGA_WINDOW_SIZE, vga.memory);
  const cable = new Cable(() => host.wake());
  let networkCard: PciFunction | undefined;
  const address = config.networkAddress ?? at.NETWORK_ADDRESS;
  if (config.network === 'ne2000') {
    const card = new Ne2000({ address, send: cable.transmit });
    cable.deliver = (frame) => void card.receive(frame);
    networkCard = card;
  } else if (config.network === 'virtio') {
    const card = new VirtioNet({ memory: physical, address, send: cable.transmit });
    cable.deliver = (frame) => card.receive(frame);
    networkCard = new VirtioPci(card, msiTo(ioapicBus), log);
  }
  if (networkCard) pci.add(NETWORK_SLOT, 0, networkCard);

  const virtio: VirtioParts = {};
  const inFlight = new InFlight(() => host.wake());
  config.virtio.forEach((one, i) => {
    const surroundings = {
      memory: physical,
      timers,
      random: (into: Uint8Array) => host.random(into),
      // when the host is done is not the same in two runs
      inFlight: config.clock === 'real' ? inFlight : undefined,
    };
    const device = virtioDevice(one, surroundings, virtio);
    pci.add(FIRST_VIRTIO_SLOT + i, 0, new VirtioPci(device, msiTo(ioapicBus), log));
  });

  // ---- firmware's view of the machine
  const acpi = buildAcpi({
    pciWindow: [at.pciMemory(config.memory), at.IOAPIC - 1],
    serialPorts: [at.PORT_COM1, at.PORT_COM2],
    generation: at.VM_GENERATION,
    panicPort: at.PORT_PVPANIC,
    floppy: floppies.length > 0,
    apic: true,
  });
  const fwCfg = new FwCfg(physical);
  describePc(fwCfg, {
    memory: config.memory,
    e820: [{ start: 0, size: config.memory, kind: 1 }],
    acpi,
    bootOrder: bootOrderFile(bootOrder, places),
    ...optionRoms(config.boot, networkCard),
  });
  bus.mapPorts('fw-cfg', at.PORT_FW_CFG, 12, fwCfg);

  // ---- for developers
  const debugConsole = new DebugConsole(traceLines(log));
  bus.mapPorts('post', at.PORT_POST, 1, { readPort: () => 0xff, writePort() {} });
  bus.mapPorts('debug-console', at.PORT_DEBUG_CONSOLE, 1, debugConsole);
  bus.mapPorts('debug-console', at.PORT_BIOS_DEBUG, 1, debugConsole);
  const pvpanic = new PvPanic({
    panicked: () => events.panicked(),
    crashLoaded: () => log.trace('device', 'the guest has panicked, and its crash kernel takes over'),
  });
  bus.mapPorts('pvpanic', at.PORT_PVPANIC, 1, pvpanic.ports);
  const logs = config.logPorts.map(({ port, sink }) => {
    const logPort = new LogPort(sink);
    bus.mapPorts('log', port, 1, logPort);
    return logPort;
  });
  if (config.debugExit !== undefined) {
    bus.mapPorts('debug-exit', config.debugExit, 4, new DebugExit((value) => events.debugExit(value)));
  }

  /** By their names in a snapshot. */
  const devices: Record<string, Snapshottable & Resettable> = {
    ...(paravirt && { paravirt }),
    ...{ a20, port92, pci, vga, 'fw-cfg': fwCfg, pic, ioapic, lapic, pit, rtc, keyboard, dma, floppy },
    ...Object.fromEntries(uarts.map((uart, i) => [`uart${i}`, uart])),
    'coprocessor-error': coprocessorError,
  };
  const ram = cpu.bytes.subarray(layout.ram, layout.ram + config.memory);
  const guestMemory = cpu.bytes.subarray(layout.ram, layout.video + at.VIDEO_MEMORY);
  const bootMemory = new BootMemory(ram, config.progress);

  /** Does what firmware would have done, then loads the kernel and stands at its entry. */
  const startKernel = (boot: KernelBoot): void => {
    map.openShadow();
    configurePci({
      bus: pci,
      isaBridge,
      elcr: pic.elcrPorts,
      ioBase: at.PCI_PORTS,
      memoryBase: at.pciMemory(config.memory),
    });
    lapic.setVirtualWire();
    vga.setTextMode();
    bootMemory.write(at.ACPI_AREA, acpiAt(at.ACPI_AREA, acpi));
    bootKernel(boot, bootMemory, registers, at.ACPI_AREA);
    cpu.flushAll();
    cpu.updateMode();
  };

  return {
    cpu: guest ?? cpu,
    guest,
    registers,
    clock,
    timers,
    bus,
    interrupts: lapic,
    apicPage,
    get nmiArmed() {
      return lapic.nmiArmed || ioapic.nmiArmed;
    },
    inFlight,
    processor: cpu,
    physical,
    linear: new LinearMemory(cpu.view, registers, physical),
    uarts,
    keyboard,
    vga,
    logs,
    virtio,
    cable,
    apicBaseWritten(value) {
      lapic.setEnabled((value & at.APIC_BASE_ENABLED) !== 0);
      bus.unmapMmio(lapicRange);
      const page = (value & 0xfffff000) >>> 0;
      lapicRange = bus.mapMmio('lapic', page, 0x1000, lapic);
      const answered = apicv && value & at.APIC_BASE_ENABLED ? page : undefined;
      if (guest) guest.moveApic(answered);
      else cpu.apicPhysical = answered;
      apicPage?.forget();
    },
    numericError() {
      coprocessorError.signal();
    },
    powerOn() {
      guest?.powerOff();
      for (const device of Object.values(devices)) device.reset();
      cpu.reset();
      this.apicBaseWritten(at.LOCAL_APIC | at.APIC_BASE_ENABLED);
      if (config.boot.kind === 'kernel') startKernel(config.boot);
      const { selector, base } = registers.segment('cs');
      log.trace('boot', `power on: ${hex(selector, 4)}:${hex(registers.eip)}, code segment at ${hex(base)}`);
      guest?.powerOn();
    },
    get settled() {
      return guest ? guest.settled : !cpu.midInstruction;
    },
    privilege() {
      if (!this.settled) return 0;
      guest?.showGuest();
      return registers.cpl;
    },
    blankMemory() {
      if (bios) cpu.bytes.fill(0, layout.bios, layout.bios + bios.length);
      return guestMemory;
    },
    save() {
      this.flush();
      guest?.showGuest();
      return {
        cpu: cpu.saveState(),
        devices: {
          ...Object.fromEntries(Object.entries(devices).map(([name, device]) => [name, device.save()])),
          clock: clock.save(),
          map: map.save(),
          date: date.save(),
        },
        memory: guestMemory,
      };
    },
    restore(state) {
      guest?.powerOff();
      for (const device of Object.values(devices)) device.reset();
      cpu.reset();
      cpu.restoreState(state.cpu);
      clock.restore(section(state.devices, 'clock'));
      this.apicBaseWritten(cpu.apicBase);
      for (const [name, device] of Object.entries(devices)) {
        if (name in state.devices || !YOUNGER.includes(name)) device.restore(section(state.devices, name));
      }
      map.restore(section(state.devices, 'map'));
      rtc.advance(date.restore(state.devices.date));
      if (config.clock === 'real') generation.renew();
      cpu.flushAll();
      guest?.powerOn();
    },
    flush() {
      for (const logPort of logs) logPort.flush();
      for (const drive of config.drives) drive?.backend.flush();
      for (const disk of floppies) disk?.flush();
      for (const one of config.virtio) if (one.kind === 'block') one.backend.flush();
    },
  };
}

function allocate(size: number, ram: number): ReturnType<typeof createMemory> {
  try {
    return createMemory(alignUp(size, 65536));
  } catch (error) {
    throw new InputError(
      `--memory ${ram / MIB}M: the host does not give that much address space`,
      'Give less, or lift the limit (ulimit -v).',
      { cause: error },
    );
  }
}

/** With the virtual clock a run is the same each time, so what is translated must not depend on when the engine has compiled it. */
function translationOf({ mode, clock }: MachineConfig): Translation | undefined {
  if (mode === 'full') return undefined;
  return clock === 'virtual' ? 'at once' : 'in the background';
}

function bootPlaces(config: MachineConfig): BootPlaces {
  return {
    floppies: (config.floppies ?? []).map((disk) => disk !== undefined),
    drives: config.drives.map((drive) => drive && (drive.cdrom ? 'cdrom' : 'disk')),
    virtioDisks: config.virtio.flatMap(({ kind }, i) => (kind === 'block' ? FIRST_VIRTIO_SLOT + i : [])),
    ...(config.network !== 'none' && { network: NETWORK_SLOT }),
  };
}

function driveOf(drive: DriveConfig, place: number): AtaDevice {
  const serial = `TV0000${place + 1}`;
  if (drive.cdrom) return new AtapiCdrom(drive.backend, { serial, firmware: '1.0', model: 'TABVISOR CD-ROM' });
  return new AtaDisk(drive.backend, { serial, firmware: '1.0', model: 'TABVISOR HARDDISK' });
}

const DEBUG_LINE = 200;

/** Text that firmware and kernels send to the debug console, as trace lines. */
function traceLines(log: Log): (byte: number) => void {
  let text = '';
  return (byte) => {
    if (!log.on.device) return;
    const ends = byte === 10 || text.length >= DEBUG_LINE;
    if (byte !== 10) text += String.fromCharCode(byte);
    if (!ends) return;
    log.trace('device', text);
    text = '';
  };
}
