// The table of system calls: no number twice, and the page that is made of it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { syscallPage } from './page.js';
import { SYSCALLS } from './table.js';

describe('the table', () => {
  test.each(['i386', 'amd64'] as const)('has no number of %s twice', (abi) => {
    const numbers = SYSCALLS.map((row) => row[abi]).filter((number) => number !== undefined);
    expect(numbers.length).toBe(new Set(numbers).size);
  });

  test('has no name twice but for calls that differ by their numbers', () => {
    const seen = SYSCALLS.map((row) => `${row.name} ${row.i386} ${row.amd64}`);
    expect(seen.length).toBe(new Set(seen).size);
  });

  test('is what docs/SYSCALLS.md says: else run node scripts/gen-syscalls-page.mjs', () => {
    expect(readFileSync(new URL('../../../docs/SYSCALLS.md', import.meta.url), 'utf8')).toBe(syscallPage(SYSCALLS));
  });
});
