// A picture as a PNG file.
// Source: PNG specification (W3C, 3rd edition), sections 5 (datastream), 9 (filter 0), 11.2 (chunks); zlib of Node.
import { deflateSync } from 'node:zlib';
import type { Picture } from '../../devices/display/vga-render.js';
import { crc32 } from '../../vmm/snapshot/crc32.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const DEPTH = 8;
const TRUECOLOUR = 2;

export function encodePng({ width, height, pixels }: Picture): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([DEPTH, TRUECOLOUR], 8);
  // each line behind the number of its filter
  const lines = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0, to = 0, from = 0; y < height; y++) {
    to++;
    for (let x = 0; x < width; x++, from += 4) {
      lines[to++] = pixels[from];
      lines[to++] = pixels[from + 1];
      lines[to++] = pixels[from + 2];
    }
  }
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from(SIGNATURE), ...chunks]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
