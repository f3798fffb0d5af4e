// The ACPI tables of the machine: RSDP, RSDT, FADT, FACS, MADT, DSDT.
// Source: ACPI Specification 6.4 chapter 5.2 (FADT in the form of revision 3, which 32-bit systems know).
import { type DsdtOptions, dsdtBody } from './acpi-dsdt.js';
import { ioapicPinOf } from '../interrupts/isa-interrupts.js';
import { ACPI_DISABLE, ACPI_ENABLE, PM_BASE } from '../pci/piix4-pm.js';

export const LAPIC_BASE = 0xfee00000;
export const IOAPIC_BASE = 0xfec00000;
const SCI_IRQ = 9;
const SMI_COMMAND_PORT = 0xb2;
const RESET_PORT = 0xcf9;
const RESET_VALUE = 6;
const CENTURY_REGISTER = 0x32;

const HEADER_SIZE = 36;
const RSDP_SIZE = 20;
const RSDP_RSDT = 16;
const CHECKSUM_IN_HEADER = 9;
const CHECKSUM_IN_RSDP = 8;
const FLAG = { WBINVD: 1 << 0, PROC_C1: 1 << 2, NO_SLEEP_BUTTON: 1 << 5, NO_RTC_WAKE: 1 << 6, RESET_REG: 1 << 10 };
const BOOT_ARCH = { LEGACY_DEVICES: 1, I8042: 2 };
const LEVEL_ACTIVE_HIGH = 0x000d;

export interface AcpiOptions extends DsdtOptions {
  /** Describe local APIC and I/O APIC; without, the system uses the PIC. */
  apic: boolean;
}

/** Tables linked at address 0: `pointers` are where a base must be added before `sums` are made. */
export interface AcpiTables {
  /** The RSDP, whose own pointer is to the RSDT in `bytes`. */
  rsdp: Uint8Array;
  bytes: Uint8Array;
  /** 32-bit pointers in `bytes`. */
  pointers: readonly number[];
  /** Tables in `bytes`, each with its checksum at byte 9. */
  sums: readonly { start: number; length: number }[];
}

export function buildAcpi(options: AcpiOptions): AcpiTables {
  const parts: { start: number; bytes: Uint8Array }[] = [];
  let end = 0;
  const place = (bytes: Uint8Array, alignment = 16): number => {
    const start = Math.ceil(end / alignment) * alignment;
    parts.push({ start, bytes });
    end = start + bytes.length;
    return start;
  };
  const facs = place(facsTable(), 64);
  const dsdt = place(table('DSDT', 1, Uint8Array.from(dsdtBody(options))));
  const fadt = place(fadtTable(facs, dsdt));
  const others = options.apic ? [place(madtTable())] : [];
  const entries = [fadt, ...others];
  const rsdtBody = new Uint8Array(4 * entries.length);
  entries.forEach((start, i) => {
    view(rsdtBody).setUint32(4 * i, start, true);
  });
  const rsdt = place(table('RSDT', 1, rsdtBody));
  const bytes = new Uint8Array(end);
  for (const part of parts) bytes.set(part.bytes, part.start);
  return {
    rsdp: rsdpTable(rsdt),
    bytes,
    pointers: [fadt + 36, fadt + 40, fadt + 140, ...entries.map((_, i) => rsdt + HEADER_SIZE + 4 * i)],
    // The FACS alone has no checksum.
    sums: parts.slice(1).map((part) => ({ start: part.start, length: part.bytes.length })),
  };
}

/**
 * RSDP and tables as they stand in memory at `base`, a multiple of 64 between 0xE0000 and 0xFFFFF, where
 * systems look for the RSDP.
 */
export function acpiAt(base: number, tables: AcpiTables): Uint8Array {
  const start = base + 64;
  const bytes = new Uint8Array(64 + tables.bytes.length);
  bytes.set(tables.rsdp);
  bytes.set(tables.bytes, 64);
  const data = view(bytes);
  for (const pointer of tables.pointers) data.setUint32(64 + pointer, data.getUint32(64 + pointer, true) + start, true);
  data.setUint32(RSDP_RSDT, data.getUint32(RSDP_RSDT, true) + start, true);
  for (const sum of tables.sums) addChecksum(bytes, 64 + sum.start, sum.length, CHECKSUM_IN_HEADER);
  addChecksum(bytes, 0, RSDP_SIZE, CHECKSUM_IN_RSDP);
  return bytes;
}

const FILE_SIZE = 56;
const ENTRY_SIZE = 128;
const TABLES_FILE = 'etc/acpi/tables';
const RSDP_FILE = 'etc/acpi/rsdp';
const LOADER = { ALLOCATE: 1, ADD_POINTER: 2, ADD_CHECKSUM: 3 };
const ZONE = { HIGH: 1, FSEG: 2 };

/**
 * The tables as firmware files and the script that links them, for QEMU's firmware configuration device.
 * Source of the script's form: QEMU docs/specs and SeaBIOS romfile_loader.h.
 */
export function acpiFirmwareFiles(tables: AcpiTables): Map<string, Uint8Array> {
  const entries: Uint8Array[] = [];
  const entry = (command: number, files: readonly string[], ...numbers: [value: number, bytes: number][]): void => {
    const bytes = new Uint8Array(ENTRY_SIZE);
    view(bytes).setUint32(0, command, true);
    let at = 4;
    for (const file of files) {
      bytes.set(ascii(file), at);
      at += FILE_SIZE;
    }
    for (const [value, size] of numbers) {
      if (size === 1) bytes[at] = value;
      else view(bytes).setUint32(at, value, true);
      at += size;
    }
    entries.push(bytes);
  };
  entry(LOADER.ALLOCATE, [TABLES_FILE], [64, 4], [ZONE.HIGH, 1]);
  entry(LOADER.ALLOCATE, [RSDP_FILE], [16, 4], [ZONE.FSEG, 1]);
  for (const pointer of tables.pointers) entry(LOADER.ADD_POINTER, [TABLES_FILE, TABLES_FILE], [pointer, 4], [4, 1]);
  for (const { start, length } of tables.sums) {
    entry(LOADER.ADD_CHECKSUM, [TABLES_FILE], [start + CHECKSUM_IN_HEADER, 4], [start, 4], [length, 4]);
  }
  entry(LOADER.ADD_POINTER, [RSDP_FILE, TABLES_FILE], [RSDP_RSDT, 4], [4, 1]);
  entry(LOADER.ADD_CHECKSUM, [RSDP_FILE], [CHECKSUM_IN_RSDP, 4], [0, 4], [RSDP_SIZE, 4]);
  const script = new Uint8Array(entries.length * ENTRY_SIZE);
  entries.forEach((bytes, i) => {
    script.set(bytes, i * ENTRY_SIZE);
  });
  return new Map([
    [TABLES_FILE, tables.bytes],
    [RSDP_FILE, tables.rsdp],
    ['etc/table-loader', script],
  ]);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function addChecksum(bytes: Uint8Array, start: number, length: number, at: number): void {
  const sum = bytes.subarray(start, start + length).reduce((total, byte) => total + byte, 0);
  bytes[start + at] -= sum;
}

/** A table with its header; the checksum is left open. */
function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + body.length);
  const data = view(bytes);
  bytes.set(ascii(signature));
  data.setUint32(4, bytes.length, true);
  data.setUint8(8, revision);
  bytes.set(ascii('TABVIS'), 10);
  bytes.set(ascii('TABVISOR'), 16);
  data.setUint32(24, 1, true);
  bytes.set(ascii('TABV'), 28);
  data.setUint32(32, 1, true);
  bytes.set(body, HEADER_SIZE);
  return bytes;
}

function rsdpTable(rsdt: number): Uint8Array {
  const bytes = new Uint8Array(RSDP_SIZE);
  bytes.set(ascii('RSD PTR '));
  bytes.set(ascii('TABVIS'), 9);
  view(bytes).setUint32(RSDP_RSDT, rsdt, true);
  return bytes;
}

function facsTable(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set(ascii('FACS'));
  view(bytes).setUint32(4, 64, true);
  bytes[32] = 1;
  return bytes;
}

function fadtTable(facs: number, dsdt: number): Uint8Array {
  const bytes = table('FACP', 3, new Uint8Array(244 - HEADER_SIZE));
  const data = view(bytes);
  const address = (at: number, port: number, bits: number): void => {
    bytes.set([1, bits, 0, 0], at);
    data.setUint32(at + 4, port, true);
  };
  data.setUint32(36, facs, true);
  data.setUint32(40, dsdt, true);
  data.setUint8(45, 1);
  data.setUint16(46, SCI_IRQ, true);
  data.setUint32(48, SMI_COMMAND_PORT, true);
  data.setUint8(52, ACPI_ENABLE);
  data.setUint8(53, ACPI_DISABLE);
  data.setUint32(56, PM_BASE, true);
  data.setUint32(64, PM_BASE + 4, true);
  data.setUint32(76, PM_BASE + 8, true);
  data.setUint32(80, PM_BASE + 12, true);
  // Lengths: PM1 events, PM1 control, PM2 control, timer, GPE0.
  bytes.set([4, 2, 0, 4, 4], 88);
  // No C2 or C3 state.
  data.setUint16(96, 0xfff, true);
  data.setUint16(98, 0xfff, true);
  data.setUint8(108, CENTURY_REGISTER);
  data.setUint16(109, BOOT_ARCH.LEGACY_DEVICES | BOOT_ARCH.I8042, true);
  data.setUint32(112, FLAG.WBINVD | FLAG.PROC_C1 | FLAG.NO_SLEEP_BUTTON | FLAG.NO_RTC_WAKE | FLAG.RESET_REG, true);
  address(116, RESET_PORT, 8);
  data.setUint8(128, RESET_VALUE);
  data.setUint32(140, dsdt, true);
  address(148, PM_BASE, 32);
  address(172, PM_BASE + 4, 16);
  address(208, PM_BASE + 8, 32);
  address(220, PM_BASE + 12, 32);
  return bytes;
}

function madtTable(): Uint8Array {
  const word = (value: number): number[] => [value & 0xff, value >> 8];
  const long = (value: number): number[] => [...word(value & 0xffff), ...word(value >>> 16)];
  const override = (irq: number, flags: number): number[] => [2, 10, 0, irq, ...long(ioapicPinOf(irq)), ...word(flags)];
  return table(
    'APIC',
    1,
    Uint8Array.from([
      ...long(LAPIC_BASE),
      // There are also 8259s.
      ...long(1),
      // Processor 0 with local APIC 0, enabled.
      ...[0, 8, 0, 0, ...long(1)],
      ...[1, 12, 0, 0, ...long(IOAPIC_BASE), ...long(0)],
      ...override(0, 0),
      ...override(SCI_IRQ, LEVEL_ACTIVE_HIGH),
      // NMI on LINT1 of every processor.
      ...[4, 6, 0xff, ...word(0), 1],
    ]),
  );
}
