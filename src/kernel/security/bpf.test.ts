// Filters: what is accepted, what they answer.
import { describe, expect, test } from 'vitest';
import { type Instruction, isValidFilter, runFilter, SECCOMP_DATA_WORDS } from './bpf.js';

const at = (code: number, k = 0, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });
const RETURN = at(0x06, 1);
const RETURN_A = at(0x16);
const run = (...program: Instruction[]): number => {
  expect(isValidFilter(program)).toBe(true);
  return runFilter(program, new Uint32Array(SECCOMP_DATA_WORDS).fill(0x80000000));
};

describe('a filter', () => {
  test('is refused when it could leave itself, its data or its memory', () => {
    expect(isValidFilter([])).toBe(false);
    expect(isValidFilter([at(0x00)])).toBe(false);
    expect(isValidFilter([at(0x05, 0xffffffff), RETURN])).toBe(false);
    expect(isValidFilter([at(0x15, 0, 0, 1), RETURN])).toBe(false);
    expect(isValidFilter([at(0x20, 64), RETURN])).toBe(false);
    expect(isValidFilter([at(0x02, 16), RETURN])).toBe(false);
    expect(isValidFilter([at(0x64, 32), RETURN])).toBe(false);
  });

  test('reads memory only that every way has written', () => {
    const oneWay = [at(0x15, 0, 0, 1), at(0x02, 0), at(0x60, 0), RETURN];
    expect(isValidFilter(oneWay)).toBe(false);
    expect(isValidFilter([at(0x02, 0), ...oneWay])).toBe(true);
  });

  test('computes in 32 bits', () => {
    expect(run(at(0x20, 0), at(0x04, 0x80000000), RETURN_A)).toBe(0);
    expect(run(at(0x20, 0), at(0x24, 3), RETURN_A)).toBe(0x80000000);
    expect(run(at(0x20, 0), at(0x34, 2), RETURN_A)).toBe(0x40000000);
    expect(run(at(0x20, 0), at(0x44, 1), RETURN_A)).toBe(0x80000001);
    expect(run(at(0x00, 0), at(0x14, 1), RETURN_A)).toBe(0xffffffff);
    expect(run(at(0x00, 1), at(0x84), RETURN_A)).toBe(0xffffffff);
  });

  test('answers 0 after a division by 0', () => {
    expect(run(at(0x00, 5), at(0x01, 0), at(0x3c), RETURN)).toBe(0);
  });

  test('compares without sign', () => {
    expect(run(at(0x20, 0), at(0x25, 5, 1, 0), at(0x06, 2), RETURN)).toBe(1);
    expect(run(at(0x20, 0), at(0x45, 0x80000000, 1, 0), at(0x06, 2), RETURN)).toBe(1);
  });
});
