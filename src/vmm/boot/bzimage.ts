// Loads a Linux kernel: header checks, where everything goes, the zero page, the entry.
// Documentation/arch/x86/boot.rst (protocol 2.06 and later) and zero-page.rst.
import { alignDown, alignUp, formatSize, latin1, MIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { Registers } from '../../vcpu/registers.js';
import { HIGH_MEMORY } from '../layout.js';
import type { BootMemory } from './boot-memory.js';
import { encodeMap, memoryMap } from './e820.js';
import { enterProtected, enterReal } from './entry.js';
import { installRealModeServices } from './real-mode-services.js';

const SECTOR = 512;
const PAGE = 4096;
const ZERO_PAGE = 0x10000;
const COMMAND_LINE = 0x20000;
/** 16-bit entry: the setup code's segment, its stack and heap end, the command line behind them. */
const REAL_SEGMENT = 0x1000;
const REAL_HEAP_END = 0xe000;
const REAL_COMMAND_LINE = 0x1e000;

const LOADED_HIGH = 1;
const CAN_USE_HEAP = 0x80;
const XLF_KERNEL_64 = 1;
const LOADER_UNDEFINED = 0xff;
const OLDEST = 0x206;

/** Offsets in the setup header. */
const H = {
  setupSectors: 0x1f1,
  systemSize: 0x1f4,
  videoMode: 0x1fa,
  bootFlag: 0x1fe,
  jump: 0x200,
  magic: 0x202,
  version: 0x206,
  loader: 0x210,
  loadFlags: 0x211,
  code32Start: 0x214,
  initrdAddress: 0x218,
  initrdSize: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  initrdMax: 0x22c,
  relocatable: 0x234,
  xLoadFlags: 0x236,
  commandLineSize: 0x238,
  preferredAddress: 0x258,
  initSize: 0x260,
} as const;

/** Offsets in the zero page. */
const Z = {
  videoMode: 0x06,
  columns: 0x07,
  lines: 0x0e,
  isVga: 0x0f,
  points: 0x10,
  rsdp: 0x70,
  mapCount: 0x1e8,
  map: 0x2d0,
};

export interface KernelHeader {
  /** Bytes of boot sector and setup code. */
  setupSize: number;
  /** Bytes of protected-mode code. */
  systemSize: number;
  entry: number;
  initrdMax: number;
  commandLineMax: number;
  /** End of the memory that the kernel needs for itself before it reads the memory map. */
  end: number;
  /** The header, from the file's start to the header's end. */
  bytes: Uint8Array;
}

/** Whether the file says that it is a Linux kernel with a boot header. */
export function isBzImage(start: Uint8Array): boolean {
  return (
    start.length >= H.magic + 4 &&
    start[H.magic] === 0x48 &&
    start[H.magic + 1] === 0x64 &&
    start[H.magic + 2] === 0x72 &&
    start[H.magic + 3] === 0x53
  );
}

/** Reads and checks the setup header. Throws InputError that names the rule. */
export function readHeader(kernel: ByteSource): KernelHeader {
  const bytes = new Uint8Array(Math.min(kernel.size, 0x268));
  kernel.read(0, bytes);
  const wrong = (why: string, advice = 'Give the bzImage as the distribution ships it (vmlinuz).') =>
    new InputError(`kernel ${kernel.name}: ${why}`, advice);
  if (!isBzImage(bytes)) throw wrong('not a Linux bzImage: no HdrS signature at 0x202');
  if (bytes.length < 0x268)
    throw wrong(`truncated: ${kernel.size} bytes do not hold the setup header`, 'Copy the file again.');
  const view = new DataView(bytes.buffer);
  const version = view.getUint16(H.version, true);
  if (view.getUint16(H.bootFlag, true) !== 0xaa55) throw wrong('no boot signature 0xAA55 at 0x1FE');
  if (version < OLDEST)
    throw wrong(
      `boot protocol ${version >> 8}.${version & 0xff}, need 2.06 (Linux 2.6.22) or later`,
      'Use a newer kernel.',
    );
  if (!(bytes[H.loadFlags] & LOADED_HIGH)) throw wrong('a zImage, which loads below 1 MiB', 'Build it as bzImage.');
  if (version >= 0x20c && view.getUint16(H.xLoadFlags, true) & XLF_KERNEL_64) {
    throw wrong('a 64-bit kernel, and this machine is an i686', 'Use a 32-bit kernel, on Debian linux-image-686.');
  }
  const setupSize = ((bytes[H.setupSectors] || 4) + 1) * SECTOR;
  const systemSize = view.getUint32(H.systemSize, true) * 16;
  if (kernel.size < setupSize + systemSize - 15) {
    throw wrong(`truncated: ${kernel.size} bytes, its header says ${setupSize + systemSize}`, 'Copy the file again.');
  }
  const size = Math.min(systemSize, kernel.size - setupSize);
  const preferred = version >= 0x20a ? view.getUint32(H.preferredAddress, true) : HIGH_MEMORY;
  const initSize = version >= 0x20a ? view.getUint32(H.initSize, true) : size * 4;
  return {
    setupSize,
    systemSize: size,
    entry: HIGH_MEMORY,
    initrdMax: view.getUint32(H.initrdMax, true),
    commandLineMax: view.getUint32(H.commandLineSize, true),
    end: Math.max(HIGH_MEMORY + size, Math.max(HIGH_MEMORY, preferred) + initSize),
    bytes: bytes.subarray(0, Math.min(bytes.length, H.magic + bytes[H.jump + 1])),
  };
}

export interface LinuxBoot {
  kernel: ByteSource;
  initrd?: ByteSource;
  commandLine: string;
  /** 32-bit entry, or the 16-bit setup code's. */
  entry: 'protected' | 'real';
  /** Address of the ACPI root pointer, 0 for none. */
  rsdp: number;
}

/** Loads the kernel and sets the CPU to its entry. Throws InputError. */
export function bootLinux(boot: LinuxBoot, memory: BootMemory, registers: Registers): void {
  const header = readHeader(boot.kernel);
  if (header.end > memory.size) {
    throw new InputError(
      `kernel ${boot.kernel.name}: needs memory up to ${formatSize(header.end)}, the machine has ${formatSize(memory.size)}`,
      `Give --memory ${Math.ceil(header.end / MIB / 16) * 16}M or more.`,
    );
  }
  const commandLine = latin1(`${boot.commandLine}\0`);
  if (commandLine.length - 1 > header.commandLineMax) {
    throw new InputError(
      `--append: ${commandLine.length - 1} characters, this kernel takes ${header.commandLineMax}`,
      'Shorten the command line.',
    );
  }
  const initrd = boot.initrd && placeInitrd(boot.initrd, header, memory.size);
  memory.load(boot.kernel, header.setupSize, HIGH_MEMORY, header.systemSize);
  if (boot.initrd && initrd) memory.load(boot.initrd, 0, initrd, boot.initrd.size);

  if (boot.entry === 'real') {
    memory.load(boot.kernel, 0, REAL_SEGMENT * 16, header.setupSize);
    memory.write(REAL_COMMAND_LINE, commandLine);
    const view = fillHeader(memory, REAL_SEGMENT * 16, REAL_COMMAND_LINE, initrd ?? 0, boot.initrd?.size ?? 0);
    view.setUint16(H.heapEnd, REAL_HEAP_END - 0x200, true);
    view.setUint8(H.loadFlags, view.getUint8(H.loadFlags) | CAN_USE_HEAP);
    installRealModeServices(memory, memoryMap(memory.size));
    enterReal(registers, REAL_SEGMENT, REAL_HEAP_END);
    return;
  }

  memory.at(ZERO_PAGE, PAGE).fill(0);
  memory.write(ZERO_PAGE + H.setupSectors, header.bytes.subarray(H.setupSectors));
  memory.write(COMMAND_LINE, commandLine);
  const zero = fillHeader(memory, ZERO_PAGE, COMMAND_LINE, initrd ?? 0, boot.initrd?.size ?? 0);
  zero.setUint8(Z.videoMode, 3);
  zero.setUint8(Z.columns, 80);
  zero.setUint8(Z.lines, 25);
  zero.setUint8(Z.isVga, 1);
  zero.setUint16(Z.points, 16, true);
  zero.setUint32(Z.rsdp, boot.rsdp, true);
  const map = memoryMap(memory.size);
  zero.setUint8(Z.mapCount, map.length);
  memory.write(ZERO_PAGE + Z.map, encodeMap(map));
  enterProtected(registers, memory, header.entry, { esi: ZERO_PAGE, esp: ZERO_PAGE, ebp: 0, edi: 0, ebx: 0 });
}

/** As high as the kernel allows. */
function placeInitrd(initrd: ByteSource, header: KernelHeader, memory: number): number {
  const ceiling = Math.min(memory, header.initrdMax + 1);
  const address = alignDown(ceiling - initrd.size, PAGE);
  if (address < alignUp(header.end, PAGE)) {
    throw new InputError(
      `initrd ${initrd.name}: ${formatSize(initrd.size)} do not fit between the kernel, which ends at ` +
        `${formatSize(header.end)}, and ${formatSize(ceiling)}`,
      ceiling === memory ? 'Give more --memory.' : 'This kernel takes no initrd that large.',
    );
  }
  return address;
}

function fillHeader(
  memory: BootMemory,
  base: number,
  commandLine: number,
  initrd: number,
  initrdSize: number,
): DataView {
  const view = memory.view(base, PAGE);
  view.setUint8(H.loader, LOADER_UNDEFINED);
  view.setUint16(H.videoMode, 0xffff, true);
  view.setUint32(H.code32Start, HIGH_MEMORY, true);
  view.setUint32(H.commandLine, commandLine, true);
  view.setUint32(H.initrdAddress, initrd, true);
  view.setUint32(H.initrdSize, initrdSize, true);
  return view;
}
