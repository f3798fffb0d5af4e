// The generation ID is random, read-only, and another one after each renewal, of which the guest is told.
import { randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { VM_GENERATION_SIZE, VmGeneration } from './vm-generation.js';

test('16 bytes at any width, which writes do not change and renewal does', () => {
  let changes = 0;
  const generation = new VmGeneration(
    (into) => void randomFillSync(into),
    () => changes++,
  );
  const id = (width: 1 | 2 | 4): string => {
    const bytes = new Uint8Array(VM_GENERATION_SIZE);
    for (let at = 0; at < bytes.length; at += width) {
      const value = generation.readMmio(at, width);
      for (let i = 0; i < width; i++) bytes[at + i] = value >>> (8 * i);
    }
    return Buffer.from(bytes).toString('hex');
  };
  const first = id(4);
  expect([id(1), id(2)]).toEqual([first, first]);
  generation.writeMmio();
  expect(id(4)).toBe(first);
  expect(changes).toBe(0);
  generation.renew();
  expect(changes).toBe(1);
  expect(id(4)).not.toBe(first);
  expect(generation.readMmio(14, 4) >>> 16).toBe(0);
});
