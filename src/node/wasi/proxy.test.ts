// The proxy is an ELF file that the kernel takes, and the numbers of calls are the kernel's.
import { expect, test } from 'vitest';
import { I386 } from '../../kernel/abi/i386/i386.js';
import { parseElf } from '../../kernel/loader/elf.js';
import { SYSCALLS } from '../../kernel/syscalls/table.js';
import { BLOCK_ADDRESS, BLOCK_SIZE } from '../../wasi/mailbox.js';
import { CALLS } from '../../wasi/system.js';
import { proxyProgram } from './proxy.js';

test('the proxy has its code, and the block that calls are in', () => {
  const file = proxyProgram();
  const elf = parseElf(I386, (offset, length) => file.subarray(offset, offset + length));
  expect(elf).toMatchObject({
    entry: 0x10000000 + 116,
    segments: [
      { address: 0x10000000, fileSize: file.length, flags: 5 },
      { address: BLOCK_ADDRESS, fileSize: 0, memorySize: BLOCK_SIZE, flags: 6 },
    ],
  });
});

test('calls have the numbers of the table', () => {
  const numbers = new Map(SYSCALLS.map(({ name, i386 }) => [name, i386]));
  for (const [name, number] of Object.entries(CALLS)) expect(numbers.get(name), name).toBe(number);
});
