// Both against zlib: members of every kind in pieces of any size; what is damaged, cut or followed by something is refused.
import { constants, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../base/errors.js';
import { crc32 } from '../../vmm/snapshot/crc32.js';
import { gunzip } from './gunzip.js';
import { nativeGunzip } from './native-gunzip.js';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const text = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `line ${i * 7919} of ${i % 13}\n`).join(''));

describe.each([
  ['pako', gunzip],
  ["the browser's", nativeGunzip],
])('%s', (_name, by) => {
  async function unpacked(bytes: Uint8Array, size = 65536): Promise<Buffer> {
    const all: Uint8Array[] = [];
    for await (const piece of by(pieces(bytes, size))) all.push(piece);
    return Buffer.concat(all);
  }

  test.each([
    ['stored', { level: 0 }],
    ['fixed codes', { strategy: constants.Z_FIXED }],
    ['codes of its own', { level: 9 }],
    ['literals alone', { strategy: constants.Z_HUFFMAN_ONLY }],
  ])('%s, in small pieces and in one', async (_name, options) => {
    const packed = gzipSync(text, options);
    expect((await unpacked(packed, 1000)).equals(text)).toBe(true);
    expect((await unpacked(packed, packed.length)).equals(text)).toBe(true);
  });

  test('a header with all that it can have; an empty member; one member behind another', async () => {
    const packed = gzipSync('hello ');
    const rest = packed.subarray(10);
    const header = [0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3];
    const checksum = Buffer.alloc(2);
    checksum.writeUInt16LE(crc32(Buffer.from([...header, ...Buffer.from('name\0comment\0')])) & 0xffff);
    const full = Buffer.concat([Buffer.from(header), Buffer.from('name\0comment\0'), checksum, rest]);
    expect(String(await unpacked(Buffer.concat([full, gzipSync(''), gzipSync('world')]), 1))).toBe('hello world');
  });

  test('any bytes, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 0, max: 9 }),
        async (bytes, size, level) => {
          expect((await unpacked(gzipSync(bytes, { level }), size)).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('what is cut, changed or followed by something else is refused, and in no other way than by InputError', async () => {
    const packed = gzipSync(text.subarray(0, 3000));
    for (let length = 0; length < packed.length; length += 7)
      if (length > 0) await expect(unpacked(packed.subarray(0, length))).rejects.toBeInstanceOf(InputError);
    await expect(unpacked(Buffer.concat([packed, Buffer.from('junk')]))).rejects.toBeInstanceOf(InputError);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(packed);
        changed[at]! ^= by;
        // what a header says of the file is free to be anything
        if (at >= 3 && at < 10) return;
        await expect(unpacked(changed)).rejects.toBeInstanceOf(InputError);
      }),
      { numRuns: 200 },
    );
    const garbage = (bytes: Uint8Array) => Buffer.concat([gzipSync('').subarray(0, 10), bytes]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        await expect(unpacked(garbage(bytes))).rejects.toBeInstanceOf(InputError);
      }),
      { numRuns: 200 },
    );
  });
});
