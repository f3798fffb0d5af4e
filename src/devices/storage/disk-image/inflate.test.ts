// Against zlib: what it packs at every level comes back, and what it refuses is refused.
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inflate } from './inflate.js';

/** Bytes with repeats near and far, as sectors have them. */
const sectors = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
  .map((pieces) => Buffer.concat(pieces.flatMap(([bytes, times]) => Array(times).fill(bytes))));

test('what zlib packs comes back, by every kind of block, with anything behind it', () => {
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE];
  fc.assert(
    fc.property(sectors, fc.integer({ min: 0, max: 9 }), fc.constantFrom(...strategies), (bytes, level, strategy) => {
      const packed = deflateRawSync(bytes, { level, strategy });
      expect(Buffer.from(inflate(Buffer.concat([packed, Buffer.from([1, 2, 3])]), bytes.length)!)).toEqual(bytes);
      if (bytes.length > 0) expect(inflate(packed, bytes.length - 1)).toBeUndefined();
      if (packed.length > 1) expect(inflate(packed.subarray(0, packed.length - 1), bytes.length)).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

function zlib(bytes: Uint8Array, size: number): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: size });
  } catch {
    return undefined;
  }
}

test('a damaged stream is refused where zlib refuses it, and unpacks to the same where it does not', () => {
  const size = 70_000;
  fc.assert(
    fc.property(sectors, fc.nat(), fc.integer({ min: 0, max: 7 }), (bytes, at, bit) => {
      const packed = deflateRawSync(bytes);
      packed[at % packed.length] ^= 1 << bit;
      const [ours, theirs] = [inflate(packed, size), zlib(packed, size)];
      expect(ours && Buffer.from(ours)).toEqual(theirs);
    }),
    { numRuns: 500 },
  );
});
