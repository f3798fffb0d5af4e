// A picture's file, chunk by chunk.
// Source: PNG specification, section 5; the sums are those of zlib, whose gzip ends with the same.
import { gzipSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodePng } from './png.js';

test('signature, header, lines, sums', () => {
  const pixels = Uint8Array.of(
    1,
    2,
    3,
    255,
    4,
    5,
    6,
    255,
    7,
    8,
    9,
    255,
    10,
    11,
    12,
    255,
    13,
    14,
    15,
    255,
    16,
    17,
    18,
    255,
  );
  const file = Buffer.from(encodePng({ width: 3, height: 2, pixels }));
  expect(file.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks: Record<string, Buffer> = {};
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const named = file.subarray(at + 4, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(gzipSync(named).readUInt32LE(gzipSync(named).length - 8));
    chunks[named.subarray(0, 4).toString()] = named.subarray(4);
    at += 12 + length;
  }
  expect(Object.keys(chunks)).toEqual(['IHDR', 'IDAT', 'IEND']);
  expect([...chunks.IHDR]).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
  expect([...inflateSync(chunks.IDAT)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
});
