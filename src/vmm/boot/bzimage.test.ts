// What a Linux kernel finds at its entry, and what is said about files that are not one.
import { expect, test } from 'vitest';
import { MIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import { bootLinux, readHeader } from './bzimage.js';
import { bareMachine, fileOf } from './test-files.js';

const SYSTEM = 4096;
const SETUP = 2048;

/** A kernel of one setup sector too many and a page of code; `change` spoils it. */
function image(change: (view: DataView, bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(SETUP + SYSTEM);
  const view = new DataView(bytes.buffer);
  bytes[0x1f1] = 3;
  view.setUint32(0x1f4, SYSTEM / 16, true);
  view.setUint16(0x1fe, 0xaa55, true);
  bytes[0x201] = 0x66;
  bytes.set([0x48, 0x64, 0x72, 0x53], 0x202);
  view.setUint16(0x206, 0x20f, true);
  bytes[0x211] = 1;
  view.setUint32(0x22c, 0x7fffffff, true);
  view.setUint32(0x238, 255, true);
  view.setUint32(0x258, MIB, true);
  view.setUint32(0x260, 2 * MIB, true);
  bytes.fill(0x90, SETUP);
  change(view, bytes);
  return bytes;
}

function boot(
  kernel: Uint8Array,
  options: { memory?: number; initrd?: number; commandLine?: string; entry?: 'real' } = {},
) {
  const machine = bareMachine(options.memory ?? 8 * MIB);
  const initrd = options.initrd === undefined ? undefined : fileOf(new Uint8Array(options.initrd).fill(0xee), 'rd');
  bootLinux(
    {
      kernel: fileOf(kernel, 'k'),
      initrd,
      commandLine: options.commandLine ?? '',
      entry: options.entry ?? 'protected',
      rsdp: 0xe0000,
    },
    machine.memory,
    machine.registers,
  );
  return { ...machine, view: new DataView(machine.ram.buffer) };
}

test('the 32-bit entry: flat segments, zero page in ESI, map, command line, root pointer', () => {
  const { ram, view, registers } = boot(image(), { commandLine: 'quiet panic=1' });
  expect(registers.eip).toBe(0x100000);
  expect(registers.cr0 & 1).toBe(1);
  expect(registers.segment('cs')).toMatchObject({ selector: 0x10, base: 0, limit: 0xffffffff });
  expect(registers.segment('ss')).toMatchObject({ selector: 0x18, base: 0, limit: 0xffffffff });
  expect(registers.eflags & 0x200).toBe(0);
  const zero = registers.general('esi');
  const text = view.getUint32(zero + 0x228, true);
  expect(String.fromCharCode(...ram.subarray(text, text + 14))).toBe('quiet panic=1\0');
  expect(view.getUint32(zero + 0x70, true)).toBe(0xe0000);
  expect(ram[zero + 0x210]).toBe(0xff);
  expect(ram[0x100000]).toBe(0x90);
  expect(ram[0x100000 + SYSTEM]).toBe(0);
  const count = ram[zero + 0x1e8];
  const last = zero + 0x2d0 + 20 * (count - 1);
  expect([view.getUint32(last, true), view.getUint32(last + 8, true), view.getUint32(last + 16, true)]).toEqual([
    MIB,
    7 * MIB,
    1,
  ]);
});

test('the initrd lies as high as the kernel allows, on a page, whole', () => {
  const high = boot(image(), { initrd: 5000 });
  const zero = high.registers.general('esi');
  const address = high.view.getUint32(zero + 0x218, true);
  expect(address).toBe(8 * MIB - 8192);
  expect(high.view.getUint32(zero + 0x21c, true)).toBe(5000);
  expect([high.ram[address - 1], high.ram[address], high.ram[address + 4999], high.ram[address + 5000]]).toEqual([
    0, 0xee, 0xee, 0,
  ]);
  const low = boot(
    image((view) => view.setUint32(0x22c, 5 * MIB - 1, true)),
    { initrd: 4096 },
  );
  expect(low.view.getUint32(low.registers.general('esi') + 0x218, true)).toBe(5 * MIB - 4096);
});

test('the 16-bit entry: setup code at 0x10000, services for the memory map', () => {
  const { view, ram, registers } = boot(image(), { entry: 'real', commandLine: 'x' });
  expect(registers.segment('cs')).toMatchObject({ selector: 0x1020, base: 0x10200, limit: 0xffff });
  expect(registers.segment('ds').selector).toBe(0x1000);
  expect(registers.cr0 & 1).toBe(0);
  expect(registers.eip).toBe(0);
  expect(ram[0x10211] & 0x80).toBe(0x80);
  expect(view.getUint32(0x10228, true)).toBe(0x1e000);
  expect(view.getUint32(0x15 * 4, true)).toBe(0x609);
});

test.each([
  ['empty setup header', image().subarray(0, 0x240), 'truncated'],
  ['no HdrS', image((_, bytes) => bytes.fill(0, 0x202, 0x206)), 'no HdrS'],
  [
    'cut code',
    image().subarray(0, SETUP + SYSTEM - 16),
    `truncated: ${SETUP + SYSTEM - 16} bytes, its header says ${SETUP + SYSTEM}`,
  ],
  ['old protocol', image((view) => view.setUint16(0x206, 0x203, true)), 'boot protocol 2.3'],
  ['zImage', image((_, bytes) => bytes.fill(0, 0x211, 0x212)), 'zImage'],
  ['64-bit', image((view) => view.setUint16(0x236, 1, true)), '64-bit kernel'],
  ['boot flag', image((view) => view.setUint16(0x1fe, 0, true)), '0xAA55'],
])('refuses a kernel: %s', (_, bytes, message) => {
  expect(() => readHeader(fileOf(bytes, 'k'))).toThrow(InputError);
  expect(() => readHeader(fileOf(bytes, 'k'))).toThrow(message);
});

test('refuses what does not fit, and says how much would', () => {
  expect(() => boot(image(), { memory: 2 * MIB })).toThrow('needs memory up to 3 MiB, the machine has 2 MiB');
  expect(() => boot(image(), { initrd: 6 * MIB })).toThrow(
    'initrd rd: 6 MiB do not fit between the kernel, which ends at 3 MiB, and 8 MiB',
  );
  expect(() => boot(image(), { commandLine: 'x'.repeat(256) })).toThrow('256 characters, this kernel takes 255');
});

test('hostile headers are refused or harmless', () => {
  let seed = 7;
  for (let round = 0; round < 2000; round++) {
    const bytes = image((_, all) => {
      for (let i = 0; i < 4; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        all[0x1f1 + ((seed >>> 8) % 0x77)] = seed >>> 24;
      }
    });
    try {
      boot(bytes, { memory: 4 * MIB, initrd: 100 });
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
  }
});
