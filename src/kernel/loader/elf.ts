// ELF programs: what of the file goes where. System V ABI chapter 4 and 5; Linux fs/binfmt_elf.c.
// The file is a stranger's: every number is checked before it is used.
import { ENOEXEC } from '../abi/errno.js';
import type { Abi } from '../abi/abi.js';

export const ET_EXEC = 2;
export const ET_DYN = 3;
const PT_LOAD = 1;
const PT_INTERP = 3;
const PT_PHDR = 6;
const PT_GNU_STACK = 0x6474e551;
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;
/** Program headers that a file may have. */
const HEADERS_MAX = 128;
const INTERPRETER_MAX = 4096;

export interface Segment {
  offset: number;
  address: number;
  fileSize: number;
  memorySize: number;
  flags: number;
  align: number;
}

export interface ElfProgram {
  type: number;
  entry: number;
  segments: Segment[];
  /** The dynamic linker's path. */
  interpreter?: string;
  headersAddress: number;
  headerSize: number;
  headerCount: number;
  /** PT_GNU_STACK says that the stack is executable; there is none in old programs, and PROT_READ means PROT_EXEC for them. */
  executableStack: boolean;
  readImpliesExecute: boolean;
}

export const ELF_HEADER_SIZE = 64;
export const isElf = (head: Uint8Array): boolean =>
  head.length >= 52 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;

/** Reads a program's headers; `read` gives `length` bytes at `offset`, fewer at the file's end. -ENOEXEC when it is none for `abi`. */
export function parseElf(abi: Abi, read: (offset: number, length: number) => Uint8Array): ElfProgram | number {
  const head = read(0, ELF_HEADER_SIZE);
  if (!isElf(head)) return -ENOEXEC;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const wide = abi.elfClass === 2;
  if (head[4] !== abi.elfClass || head[5] !== 1 || head.length < (wide ? 64 : 52)) return -ENOEXEC;
  const type = view.getUint16(16, true);
  if ((type !== ET_EXEC && type !== ET_DYN) || view.getUint16(18, true) !== abi.elfMachine) return -ENOEXEC;
  const word = (v: DataView, at: number): number =>
    wide ? v.getUint32(at + 4, true) * 2 ** 32 + v.getUint32(at, true) : v.getUint32(at, true);
  const entry = word(view, 24);
  const headersAt = word(view, wide ? 32 : 28);
  const headerSize = view.getUint16(wide ? 54 : 42, true);
  const headerCount = view.getUint16(wide ? 56 : 44, true);
  if (headerSize !== (wide ? 56 : 32) || headerCount === 0 || headerCount > HEADERS_MAX) return -ENOEXEC;
  const table = read(headersAt, headerSize * headerCount);
  if (table.length < headerSize * headerCount) return -ENOEXEC;

  const headers = new DataView(table.buffer, table.byteOffset, table.length);
  const program: ElfProgram = {
    type,
    entry,
    segments: [],
    headersAddress: 0,
    headerSize,
    headerCount,
    executableStack: true,
    readImpliesExecute: true,
  };
  for (let i = 0; i < headerCount; i++) {
    const at = i * headerSize;
    const kind = headers.getUint32(at, true);
    const segment: Segment = wide
      ? {
          flags: headers.getUint32(at + 4, true),
          offset: word(headers, at + 8),
          address: word(headers, at + 16),
          fileSize: word(headers, at + 32),
          memorySize: word(headers, at + 40),
          align: word(headers, at + 48),
        }
      : {
          offset: word(headers, at + 4),
          address: word(headers, at + 8),
          fileSize: word(headers, at + 16),
          memorySize: word(headers, at + 20),
          flags: headers.getUint32(at + 24, true),
          align: word(headers, at + 28),
        };
    if (kind === PT_LOAD) {
      if (segment.fileSize > segment.memorySize || segment.offset % 4096 !== segment.address % 4096) return -ENOEXEC;
      if (segment.address + segment.memorySize > abi.spaceLayout.userEnd) return -ENOEXEC;
      program.segments.push(segment);
    } else if (kind === PT_INTERP) {
      if (segment.fileSize < 2 || segment.fileSize > INTERPRETER_MAX) return -ENOEXEC;
      const name = read(segment.offset, segment.fileSize);
      if (name.length < segment.fileSize || name.at(-1) !== 0) return -ENOEXEC;
      program.interpreter = String.fromCharCode(...name.subarray(0, name.indexOf(0)));
    } else if (kind === PT_PHDR) program.headersAddress = segment.address;
    else if (kind === PT_GNU_STACK) {
      program.executableStack = (segment.flags & PF_X) !== 0;
      program.readImpliesExecute = false;
    }
  }
  if (program.segments.length === 0) return -ENOEXEC;
  if (program.headersAddress === 0) {
    const holder = program.segments.find(
      ({ offset, fileSize }) => headersAt >= offset && headersAt < offset + fileSize,
    );
    if (holder) program.headersAddress = holder.address + (headersAt - holder.offset);
  }
  return program;
}
