// Reads and writes at random places and lengths, against the same on plain bytes; what is below stays as it was.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CLUSTER } from '../../library/overlay-pieces.js';
import { MemoryOverlay } from './memory-overlay.js';

const SIZE = 3 * CLUSTER + 1536;

test('it reads as the image with the writes over it, and the image is not changed', () => {
  const access = fc.tuple(fc.boolean(), fc.nat(SIZE - 1), fc.integer({ min: 1, max: 2 * CLUSTER }), fc.nat(255));
  fc.assert(
    fc.property(fc.array(access, { maxLength: 12 }), (accesses) => {
      const image = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >>> 9)) & 0xff);
      const model = image.slice();
      const below = {
        ...{ size: SIZE, readOnly: true, flush() {} },
        read: (offset: number, into: Uint8Array) => into.set(image.subarray(offset, offset + into.length)),
        write: () => expect.unreachable('the image below is written'),
      };
      let disk = new MemoryOverlay(below);
      for (const [write, offset, wanted, value] of accesses) {
        const length = Math.min(wanted, SIZE - offset);
        if (write) {
          const bytes = new Uint8Array(length).fill(value);
          disk.write(offset, bytes);
          model.set(bytes, offset);
        } else {
          const into = new Uint8Array(length);
          disk.read(offset, into);
          expect(Buffer.compare(into, model.subarray(offset, offset + length))).toBe(0);
        }
        const restored = new MemoryOverlay(below);
        for (const piece of disk.save()) restored.load(piece);
        disk = restored;
      }
    }),
    { numRuns: 50 },
  );
});
