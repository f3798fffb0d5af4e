// What a Multiboot kernel finds, and what is said about files that are not one.
import { expect, test } from 'vitest';
import { MIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import { bootMultiboot, findHeader } from './multiboot.js';
import { bareMachine, fileOf } from './test-files.js';

const MAGIC = 0x1badb002;

interface Segment {
  address: number;
  content: number[];
  memorySize?: number;
}

/** An ELF with a Multiboot header at 0x200 and its segments behind. */
function elf(segments: Segment[], flags = 3, change: (view: DataView) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(0x400 + 256 * segments.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(18, 3, true);
  view.setUint32(24, 0x100010, true);
  view.setUint32(28, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  segments.forEach(({ address, content, memorySize }, i) => {
    const offset = 0x400 + 256 * i;
    [1, offset, 0xc0000000 + address, address, content.length, memorySize ?? content.length].forEach((value, field) => {
      view.setUint32(52 + 32 * i + 4 * field, value, true);
    });
    bytes.set(content, offset);
  });
  [MAGIC, flags, -(MAGIC + flags)].forEach((value, i) => {
    view.setUint32(0x200 + 4 * i, value, true);
  });
  change(view);
  return bytes;
}

function boot(kernel: Uint8Array, options: { memory?: number; initrd?: Uint8Array; commandLine?: string } = {}) {
  const machine = bareMachine(options.memory ?? 4 * MIB);
  const initrd = options.initrd && fileOf(options.initrd, 'module');
  bootMultiboot(
    { kernel: fileOf(kernel, 'kernel.elf'), initrd, commandLine: options.commandLine ?? '' },
    machine.memory,
    machine.registers,
  );
  return { ...machine, view: new DataView(machine.ram.buffer) };
}

test('segments go to their physical addresses, their rest is zero, the entry is the header’s', () => {
  const machine = bareMachine(4 * MIB);
  machine.ram.fill(0xcc);
  const kernel = elf([
    { address: 0x100000, content: [1, 2, 3] },
    { address: 0x101000, content: [4], memorySize: 4096 },
  ]);
  bootMultiboot({ kernel: fileOf(kernel), commandLine: '' }, machine.memory, machine.registers);
  expect([...machine.ram.subarray(0x100000, 0x100003)]).toEqual([1, 2, 3]);
  expect([...machine.ram.subarray(0x101000, 0x101003)]).toEqual([4, 0, 0]);
  expect(machine.ram[0x101fff]).toBe(0);
  expect(machine.registers.eip).toBe(0x100010);
  expect(machine.registers.general('eax')).toBe(0x2badb002);
  expect(machine.registers.segment('cs')).toMatchObject({ base: 0, limit: 0xffffffff });
});

test('the information: memory, command line, module, map', () => {
  const kernel = elf([{ address: 0x100000, content: [1] }]);
  const { view, ram, registers } = boot(kernel, { initrd: Uint8Array.of(7, 8, 9), commandLine: 'run=all' });
  const info = registers.general('ebx');
  const word = (at: number) => view.getUint32(info + at, true);
  expect(word(0) & 0x4d).toBe(0x4d);
  expect([word(4), word(8)]).toEqual([640, 3 * 1024]);
  const text = ram.subarray(word(16), ram.indexOf(0, word(16)));
  expect(String.fromCharCode(...text)).toBe('kernel.elf run=all');
  expect(word(20)).toBe(1);
  const [start, end] = [view.getUint32(word(24), true), view.getUint32(word(24) + 4, true)];
  expect([...ram.subarray(start, end)]).toEqual([7, 8, 9]);
  expect(start % 4096).toBe(0);
  const entries: number[][] = [];
  for (let at = word(48); at < word(48) + word(44); at += view.getUint32(at, true) + 4) {
    entries.push([view.getUint32(at + 4, true), view.getUint32(at + 12, true), view.getUint32(at + 20, true)]);
  }
  expect(entries.at(-1)).toEqual([MIB, 3 * MIB, 1]);
});

test('a header with addresses loads a file of any form', () => {
  const bytes = new Uint8Array(0x100).fill(0x90);
  const view = new DataView(bytes.buffer);
  const flags = 0x10000;
  [MAGIC, flags, -(MAGIC + flags), 0x100010, 0x100000, 0x100080, 0x100200, 0x100040].forEach((value, i) => {
    view.setUint32(0x10 + 4 * i, value, true);
  });
  const { ram, registers } = boot(bytes);
  expect(registers.eip).toBe(0x100040);
  expect([ram[0x100000], ram[0x10007f], ram[0x100080]]).toEqual([0x90, 0x90, 0]);
});

test('a header counts only with its checksum, in the first 8 KiB', () => {
  const bytes = elf([]);
  expect(findHeader(bytes)).toBe(0x200);
  bytes[0x208] ^= 1;
  expect(findHeader(bytes)).toBe(-1);
  const late = new Uint8Array(9000);
  late.set(elf([]).subarray(0x200, 0x20c), 8192);
  expect(findHeader(late)).toBe(-1);
});

test.each([
  ['not ELF', elf([], 3, (view) => view.setUint32(0, 0, true)), 'not an ELF file'],
  ['64-bit', elf([], 3, (view) => view.setUint8(4, 2)), 'not a 32-bit i386 ELF'],
  ['ARM', elf([], 3, (view) => view.setUint16(18, 40, true)), 'machine 40'],
  ['unknown requirement', elf([], 7), 'requires feature bits 0x0004'],
  ['too many headers', elf([], 3, (view) => view.setUint16(44, 1000, true)), '1000 program headers'],
  ['below 1 MiB', elf([{ address: 0x9f000, content: [1], memorySize: 0x2000 }]), 'outside RAM'],
  ['above RAM', elf([{ address: 4 * MIB - 1, content: [1, 2] }]), 'outside RAM, which ends at 4 MiB'],
  ['wrapping', elf([{ address: 0xfffffff0, content: [1], memorySize: 0x100000 }]), 'outside RAM'],
  [
    'cut',
    elf([{ address: MIB, content: [1, 2, 3] }]).subarray(0, 0x402),
    'truncated: a segment ends at byte 1027 of 1026',
  ],
])('refuses a kernel: %s', (_, bytes, message) => {
  expect(() => boot(bytes)).toThrow(InputError);
  expect(() => boot(bytes)).toThrow(message);
});

test('a module that does not fit is refused', () => {
  const kernel = elf([{ address: MIB, content: [1] }]);
  expect(() => boot(kernel, { initrd: new Uint8Array(4 * MIB) })).toThrow('initrd module: 4 MiB ends at');
});
