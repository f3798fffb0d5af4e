// The process of a WASI program in the kernel: a few instructions that read a call from the program's mailbox, make it, and write the
// result back. So a WASI program is a process like others: namespaces, rights, limits, signals and files are the kernel's alone.
// Intel SDM vol. 2; System V ABI, i386 supplement, chapter 4.
import { BACK_OFFSET, BLOCK_ADDRESS, BLOCK_SIZE, RESULT_OFFSET } from '../../wasi/mailbox.js';

/** The mailbox's descriptor. */
export const MAILBOX_FD = 3;

const CODE_ADDRESS = 0x10000000;
const HEADER = 52;
const SEGMENT = 32;
const CODE_AT = HEADER + 2 * SEGMENT;

const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const READ = 3;
const WRITE = 4;
const EXIT_GROUP = 252;

const MOV_EAX = 0xb8;
const MOV_ECX = 0xb9;
const MOV_EDX = 0xba;
const MOV_EBX = 0xbb;
const CALL = [0xcd, 0x80];
/** mov reg, [address]: opcode 8B with ModRM 00 reg 101. */
const load = (register: number, address: number): number[] => [0x8b, (register << 3) | 5, ...word(address)];
const [ECX, EDX, EBX, EBP, ESI, EDI] = [1, 2, 3, 5, 6, 7];

function code(): number[] {
  const read = [MOV_EAX, ...word(READ), MOV_EBX, ...word(MAILBOX_FD), MOV_ECX, ...word(BLOCK_ADDRESS)];
  const argument = (index: number): number => BLOCK_ADDRESS + 4 + 4 * index;
  const asked = [
    ...load(EBX, argument(0)),
    ...load(ECX, argument(1)),
    ...load(EDX, argument(2)),
    ...load(ESI, argument(3)),
    ...load(EDI, argument(4)),
    ...load(EBP, argument(5)),
    // mov eax, [block]; int 0x80; mov [result], eax
    ...[0xa1, ...word(BLOCK_ADDRESS), ...CALL, 0xa3, ...word(BLOCK_ADDRESS + RESULT_OFFSET)],
  ];
  const answer = [
    ...load(EDX, BLOCK_ADDRESS + BACK_OFFSET),
    // add edx, 4: the result itself
    ...[0x83, 0xc2, 4, MOV_EAX, ...word(WRITE), MOV_EBX, ...word(MAILBOX_FD)],
    ...[MOV_ECX, ...word(BLOCK_ADDRESS + RESULT_OFFSET), ...CALL],
  ];
  const begin = [...read, MOV_EDX, ...word(BLOCK_SIZE), ...CALL];
  const body = [...asked, ...answer];
  // test eax, eax; jle end; ... ; jmp begin; end: exit_group(1)
  const length = begin.length + 8 + body.length + 5;
  return [
    ...[...begin, 0x85, 0xc0, 0x0f, 0x8e, ...word(body.length + 5)],
    ...[...body, 0xe9, ...word(-length)],
    ...[MOV_EAX, ...word(EXIT_GROUP), MOV_EBX, ...word(1), ...CALL],
  ];
}

/** The program as an ELF file. */
export function proxyProgram(): Uint8Array {
  const text = code();
  const file = new Uint8Array(CODE_AT + text.length);
  const view = new DataView(file.buffer);
  // ELFCLASS32, little-endian; ET_EXEC, EM_386
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  for (const [at, value] of [
    [16, 2],
    [18, 3],
    [40, HEADER],
    [42, SEGMENT],
    [44, 2],
  ] as const)
    view.setUint16(at, value, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, CODE_ADDRESS + CODE_AT, true);
  view.setUint32(28, HEADER, true);
  // PT_LOAD: the file to be read and executed; the block, of zeros, to be read and written
  const segments = [
    [1, 0, CODE_ADDRESS, CODE_ADDRESS, file.length, file.length, 5, 4096],
    [1, 0, BLOCK_ADDRESS, BLOCK_ADDRESS, 0, BLOCK_SIZE, 6, 4096],
  ];
  for (const [i, segment] of segments.entries())
    for (const [j, value] of segment.entries()) view.setUint32(HEADER + i * SEGMENT + 4 * j, value, true);
  file.set(text, CODE_AT);
  return file;
}
