// Loads a Multiboot kernel (ELF, or by the header's own addresses), its command line and one module.
// Multiboot specification 0.6.96, sections 3.1 (header), 3.2 (machine state), 3.3 (information).
import { alignUp, fromLatin1, formatSize, hex, latin1, viewOf } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { Registers } from '../../vcpu/registers.js';
import { HIGH_MEMORY, LOW_MEMORY_END } from '../layout.js';
import type { BootMemory } from './boot-memory.js';
import { memoryMap } from './e820.js';
import { enterProtected } from './entry.js';

const SEARCH = 8192;
const MAGIC = 0x1badb002;
const BOOTED = 0x2badb002;
/** Requirements of a header that we meet: page-aligned modules, memory information. */
const REQUIRED_KNOWN = 0x3;
const REQUIRED = 0xffff;
const HAS_ADDRESSES = 0x10000;
const PAGE = 4096;

const INFO_SIZE = 0x58;
const INFO_FLAGS = 0x001 | 0x004 | 0x008 | 0x040 | 0x200;
const MAP_ENTRY = 24;

const ELF_PT_LOAD = 1;
const ELF_HEADER = 52;
const ELF_PROGRAM_HEADER = 32;
const ELF_MAX_PROGRAM_HEADERS = 64;

/** A piece of the file and where it goes; the rest of `memorySize` is zeros. */
interface Piece {
  offset: number;
  fileSize: number;
  address: number;
  memorySize: number;
}

interface Image {
  entry: number;
  pieces: Piece[];
}

/** Offset of the Multiboot header in the file's first bytes, or -1. */
export function findHeader(start: Uint8Array): number {
  const view = viewOf(start);
  for (let at = 0; at + 12 <= Math.min(start.length, SEARCH); at += 4) {
    if (view.getUint32(at, true) !== MAGIC) continue;
    const sum = MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true);
    if (sum % 2 ** 32 === 0) return at;
  }
  return -1;
}

export interface MultibootBoot {
  kernel: ByteSource;
  initrd?: ByteSource;
  commandLine: string;
}

/** Loads the kernel and sets the CPU to its entry. Throws InputError. */
export function bootMultiboot(boot: MultibootBoot, memory: BootMemory, registers: Registers): void {
  const start = new Uint8Array(Math.min(SEARCH, boot.kernel.size));
  boot.kernel.read(0, start);
  const image = readImage(boot.kernel, start);
  for (const piece of image.pieces) checkRoom(boot.kernel, piece, memory.size);
  for (const piece of image.pieces) {
    memory.at(piece.address, piece.memorySize).fill(0);
    memory.load(boot.kernel, piece.offset, piece.address, piece.fileSize);
  }
  const end = Math.max(HIGH_MEMORY, ...image.pieces.map((piece) => piece.address + piece.memorySize));
  const info = alignUp(end, PAGE);
  writeInformation(boot, memory, info);
  enterProtected(registers, memory, image.entry, { eax: BOOTED, ebx: info });
}

function readImage(kernel: ByteSource, start: Uint8Array): Image {
  const at = findHeader(start);
  if (at < 0) throw wrong(kernel, 'no Multiboot header in the first 8 KiB', 'Give a bzImage or a Multiboot kernel.');
  const view = viewOf(start);
  const flags = view.getUint32(at + 4, true);
  const unknown = flags & REQUIRED & ~REQUIRED_KNOWN;
  if (unknown)
    throw wrong(kernel, `its Multiboot header requires feature bits 0x${hex(unknown, 4)}, which are not offered`);
  if (!(flags & HAS_ADDRESSES)) return readElf(kernel, start);
  if (at + 32 > start.length) throw wrong(kernel, 'truncated inside its Multiboot header');
  const [header, load, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((offset) =>
    view.getUint32(at + offset, true),
  );
  const offset = at - (header - load);
  const fileSize = loadEnd === 0 ? kernel.size - offset : loadEnd - load;
  const memorySize = Math.max(fileSize, bssEnd === 0 ? 0 : bssEnd - load);
  return { entry, pieces: [{ offset, fileSize, address: load, memorySize }] };
}

function readElf(kernel: ByteSource, start: Uint8Array): Image {
  if (start.length < ELF_HEADER || fromLatin1(start.subarray(1, 4)) !== 'ELF' || start[0] !== 0x7f) {
    throw wrong(kernel, 'a Multiboot header without load addresses, and not an ELF file');
  }
  const view = viewOf(start);
  const machine = view.getUint16(18, true);
  if (start[4] !== 1 || start[5] !== 1 || machine !== 3) {
    throw wrong(kernel, `not a 32-bit i386 ELF (class ${start[4]}, machine ${machine})`, 'Build it with -m32.');
  }
  const tableAt = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (size < ELF_PROGRAM_HEADER || count === 0 || count > ELF_MAX_PROGRAM_HEADERS) {
    throw wrong(
      kernel,
      `${count} program headers of ${size} bytes; 1 to ${ELF_MAX_PROGRAM_HEADERS} of at least 32 expected`,
    );
  }
  if (tableAt + size * count > kernel.size)
    throw wrong(kernel, 'truncated before its program headers', 'Copy it again.');
  const table = new Uint8Array(size * count);
  kernel.read(tableAt, table);
  const headers = viewOf(table);
  const pieces: Piece[] = [];
  for (let at = 0; at < table.length; at += size) {
    if (headers.getUint32(at, true) !== ELF_PT_LOAD) continue;
    const [offset, , address, fileSize, memorySize] = [4, 8, 12, 16, 20].map((field) =>
      headers.getUint32(at + field, true),
    );
    pieces.push({ offset, fileSize, address, memorySize });
  }
  return { entry: view.getUint32(24, true), pieces: pieces.filter((piece) => piece.memorySize > 0) };
}

function checkRoom(kernel: ByteSource, piece: Piece, memory: number): void {
  const { offset, fileSize, address, memorySize } = piece;
  if (offset < 0 || fileSize < 0 || offset + fileSize > kernel.size) {
    throw wrong(
      kernel,
      `truncated: a segment ends at byte ${offset + fileSize} of ${kernel.size}`,
      'Copy the file again.',
    );
  }
  if (fileSize > memorySize) throw wrong(kernel, 'a segment that is larger in the file than in memory');
  const end = address + memorySize;
  const low = address >= PAGE && end <= LOW_MEMORY_END;
  if (!low && (address < HIGH_MEMORY || end > memory)) {
    throw wrong(
      kernel,
      `a segment from 0x${hex(address)} to 0x${end.toString(16)} is outside RAM, which ends at ${formatSize(memory)}`,
      end > memory ? 'Give more --memory.' : 'Link it at 1 MiB or above.',
    );
  }
}

/** The information structure at `info`, its strings and map behind it, the module on the next pages. */
function writeInformation(boot: MultibootBoot, memory: BootMemory, info: number): void {
  const commandLine = latin1(`${boot.kernel.name} ${boot.commandLine}\0`);
  const loader = latin1('tabvisor\0');
  const map = memoryMap(memory.size);
  const commandLineAt = info + INFO_SIZE;
  const loaderAt = commandLineAt + commandLine.length;
  const moduleEntry = alignUp(loaderAt + loader.length, 4);
  const mapAt = moduleEntry + 16;
  const moduleAt = alignUp(mapAt + map.length * MAP_ENTRY, PAGE);
  const end = moduleAt + (boot.initrd?.size ?? 0);
  if (end > memory.size) {
    const what = boot.initrd
      ? `initrd ${boot.initrd.name}: ${formatSize(boot.initrd.size)}`
      : `kernel ${boot.kernel.name}`;
    throw new InputError(
      `${what} ends at ${formatSize(end)}, the machine has ${formatSize(memory.size)} of memory`,
      'Give more --memory.',
    );
  }
  memory.write(commandLineAt, commandLine);
  memory.write(loaderAt, loader);
  const view = memory.view(info, mapAt + map.length * MAP_ENTRY - info);
  const set = (at: number, value: number) => view.setUint32(at, value, true);
  set(0, INFO_FLAGS);
  set(4, LOW_MEMORY_END / 1024);
  set(8, (memory.size - HIGH_MEMORY) / 1024);
  set(16, commandLineAt);
  set(20, boot.initrd ? 1 : 0);
  set(24, moduleEntry);
  set(44, map.length * MAP_ENTRY);
  set(48, mapAt);
  set(64, loaderAt);
  if (boot.initrd) {
    memory.load(boot.initrd, 0, moduleAt, boot.initrd.size);
    set(moduleEntry - info, moduleAt);
    set(moduleEntry - info + 4, end);
  }
  map.forEach((entry, i) => {
    const at = mapAt - info + i * MAP_ENTRY;
    set(at, MAP_ENTRY - 4);
    set(at + 4, entry.start);
    set(at + 12, entry.size);
    set(at + 20, entry.type);
  });
}

function wrong(kernel: ByteSource, why: string, advice?: string): InputError {
  return new InputError(`kernel ${kernel.name}: ${why}`, advice);
}
