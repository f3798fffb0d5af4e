// What PC firmware looks for in the firmware configuration device: sizes, memory map, ACPI tables, boot menu.
// Source: QEMU docs/specs/fw_cfg.rst; SeaBIOS src/fw/paravirt.c and docs/Runtime_config.md.
import { hex } from '../../base/bytes.js';
import { type AcpiTables, acpiFirmwareFiles } from '../acpi/acpi.js';
import type { FwCfg } from './fw-cfg.js';

const KEY = { RAM_SIZE: 0x03, CPUS: 0x05, BOOT_MENU: 0x0e, MAX_CPUS: 0x0f, IRQ0_OVERRIDE: 0x8002 };

export interface E820Entry {
  start: number;
  size: number;
  /** 1 RAM, 2 reserved. */
  kind: number;
}

export interface PcFirmwareOptions {
  memory: number;
  e820: readonly E820Entry[];
  acpi?: AcpiTables;
  bootMenu?: boolean;
  /** See boot-order.ts. */
  bootOrder?: Uint8Array;
  /** Option ROM of the VGA 1234:1111 (vgabios-stdvga.bin). */
  vgaRom?: Uint8Array;
  /** Option ROM of the network card: of the PCI function with these identifiers. */
  networkRom?: { vendor: number; device: number; bytes: Uint8Array };
}

export function describePc(fwCfg: FwCfg, options: PcFirmwareOptions): void {
  fwCfg.addItem(KEY.RAM_SIZE, little(options.memory, 8));
  fwCfg.addItem(KEY.CPUS, little(1, 2));
  fwCfg.addItem(KEY.MAX_CPUS, little(1, 2));
  fwCfg.addItem(KEY.BOOT_MENU, little(options.bootMenu ? 1 : 0, 2));
  fwCfg.addItem(KEY.IRQ0_OVERRIDE, Uint8Array.of(1));
  fwCfg.addFile('etc/e820', e820Bytes(options.e820));
  if (options.acpi) for (const [name, bytes] of acpiFirmwareFiles(options.acpi)) fwCfg.addFile(name, bytes);
  if (options.bootOrder) fwCfg.addFile('bootorder', options.bootOrder);
  if (options.vgaRom) addOptionRom(fwCfg, 0x1234, 0x1111, options.vgaRom);
  const { networkRom: rom } = options;
  if (rom) addOptionRom(fwCfg, rom.vendor, rom.device, rom.bytes);
}

function addOptionRom(fwCfg: FwCfg, vendor: number, device: number, bytes: Uint8Array): void {
  fwCfg.addFile(`pci${hex(vendor, 4)},${hex(device, 4)}.rom`, bytes);
}

/** Entries of start, size (64 bits each) and kind (32 bits). */
function e820Bytes(entries: readonly E820Entry[]): Uint8Array {
  const bytes = new Uint8Array(20 * entries.length);
  entries.forEach(({ start, size, kind }, i) => {
    bytes.set(little(start, 8), 20 * i);
    bytes.set(little(size, 8), 20 * i + 8);
    bytes.set(little(kind, 4), 20 * i + 16);
  });
  return bytes;
}

function little(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
}
