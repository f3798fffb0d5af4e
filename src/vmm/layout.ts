// Every fixed address of the machine, and no address anywhere else.
// PC/AT: IBM Technical Reference; i440FX/PIIX: Intel 290549, 290550; APIC: SDM vol. 3A chapter 11; ACPI: our own choice.
import { KIB, MIB } from '../base/bytes.js';
import { HOST_RAM } from '../vcpu/engine.js';

// ---- ports ----------------------------------------------------------------------------------------------------------
export const PORT_DMA_BYTES = 0x00;
export const PORT_DMA_WORDS = 0xc0;
/** Behind the port of progress codes. */
export const PORT_DMA_PAGES = 0x81;
export const PORT_PIC_MASTER = 0x20;
export const PORT_PIC_SLAVE = 0xa0;
export const PORT_ELCR = 0x4d0;
export const PORT_PIT = 0x40;
export const PORT_SYSTEM_B = 0x61;
export const PORT_I8042 = 0x60;
export const PORT_RTC = 0x70;
export const PORT_SYSTEM_A = 0x92;
export const PORT_COPROCESSOR_ERROR = 0xf0;
export const PORT_COM1 = 0x3f8;
export const PORT_COM2 = 0x2f8;
export const PORT_DEBUG_CONSOLE = 0xe9;
/** Progress codes of firmware; kernels write it to wait a microsecond. */
export const PORT_POST = 0x80;
/** Where SeaBIOS writes its own log. */
export const PORT_BIOS_DEBUG = 0x402;
export const PORT_VGA = 0x3b0;
export const PORT_VBE = 0x1ce;
export const PORT_PVPANIC = 0x505;
export const PORT_FW_CFG = 0x510;
export const PORT_PCI = 0xcf8;
export const PORT_RESET = 0xcf9;
export const PORT_FLOPPY = 0x3f0;
export const PORT_FLOPPY_CHANGE = 0x3f7;
export const PORT_IDE_PRIMARY = 0x1f0;
export const PORT_IDE_PRIMARY_CONTROL = 0x3f6;
export const PORT_IDE_SECONDARY = 0x170;
export const PORT_IDE_SECONDARY_CONTROL = 0x376;
export const PORT_SMI = 0xb2;
/** First port for PCI devices when there is no firmware to choose. */
export const PCI_PORTS = 0xc000;

// ---- interrupt lines ---------------------------------------------------------------------------------------------------
export const IRQ_PIT = 0;
export const IRQ_KEYBOARD = 1;
export const IRQ_COM2 = 3;
export const IRQ_COM1 = 4;
export const IRQ_FLOPPY = 6;
export const IRQ_RTC = 8;
export const IRQ_SCI = 9;
export const IRQ_MOUSE = 12;
export const IRQ_NUMERIC_ERROR = 13;
export const IRQ_IDE_PRIMARY = 14;
export const IRQ_IDE_SECONDARY = 15;

// ---- DMA channels ------------------------------------------------------------------------------------------------------
export const DMA_FLOPPY = 2;

// ---- physical memory ---------------------------------------------------------------------------------------------------
/** End of conventional memory; the last KiB holds the extended BIOS data area. */
export const LOW_MEMORY_END = 0xa0000;
export const EBDA = 0x9fc00;
export const VGA_WINDOW = 0xa0000;
export const VGA_WINDOW_SIZE = 0x20000;
/** Shadow RAM that PAM switches: option ROMs, then the BIOS. */
export const SHADOW = 0xc0000;
export const SHADOW_END = 0x100000;
/** ACPI tables and their root pointer when there is no BIOS to build them. */
export const ACPI_AREA = 0xe0000;
export const ACPI_AREA_SIZE = 0x20000;
export const HIGH_MEMORY = 0x100000;
/** PCI devices' memory is above RAM and below the I/O APIC. */
export const PCI_HOLE = 0xc0000000;
/** Where PCI memory begins, as SeaBIOS chooses it for this board. */
export function pciMemory(memory: number): number {
  return memory <= 0x80000000 ? 0x80000000 : PCI_HOLE;
}
export const IOAPIC = 0xfec00000;
export const LOCAL_APIC = 0xfee00000;
/** The VM generation ID: between the APICs, where nothing else is. */
export const VM_GENERATION = 0xfed50000;
/** Bit 11 of IA32_APIC_BASE. */
export const APIC_BASE_ENABLED = 0x800;
export const FOUR_GIB = 0x100000000;

export const MEMORY_MIN = 2 * MIB;
export const MEMORY_MAX = PCI_HOLE;
export const VIDEO_MEMORY = 16 * MIB;
export const BIOS_SIZES = [64 * KIB, 128 * KIB, 256 * KIB] as const;
export const OPTION_ROM_MAX = 128 * KIB;

// ---- the wasm memory: guest RAM, BIOS, video memory, the monitor's own pages ------------------------------------------
export { HOST_RAM };

export interface HostLayout {
  ram: number;
  bios: number;
  video: number;
  /** Mode hw: EPT or shadow tables, bitmaps. No guest-physical address leads here. */
  monitor: number;
  size: number;
}

/** Where the pieces of a machine with `memory` bytes of RAM and so many monitor's pages lie in its wasm memory. */
export function hostLayout(memory: number, monitorPages = 0): HostLayout {
  const bios = HOST_RAM + memory;
  const video = bios + 256 * KIB;
  const monitor = video + VIDEO_MEMORY;
  return { ram: HOST_RAM, bios, video, monitor, size: monitor + monitorPages * 4 * KIB };
}

/** 2026-01-01 00:00 UTC: what the real-time clock of a machine with a virtual clock starts at. */
export const VIRTUAL_EPOCH = 1767225600;

/** The VM generation ID of a machine with a virtual clock, which is the same each time. */
export const VIRTUAL_GENERATION = 0x7a;

/** Of the network card of a machine that shares no switch: locally administered. */
export const NETWORK_ADDRESS = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
