// A copy-on-write overlay against a plain array, and the image below as it was.
import { afterEach, expect, test } from 'vitest';
import type { BlockBackend } from '../devices/block-backend.js';
import { SnapshotDisk } from './snapshot-disk.js';

const SIZE = 3 * 65536 + 512;
const open: SnapshotDisk[] = [];
afterEach(() => {
  for (const disk of open.splice(0)) disk.close();
});

function setUp() {
  const image = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) & 0xff);
  const below: BlockBackend = {
    size: SIZE,
    readOnly: true,
    read: (offset, into) => into.set(image.subarray(offset, offset + into.length)),
    write: () => {
      throw new Error('the image was written');
    },
    flush() {},
  };
  const disk = new SnapshotDisk(below);
  open.push(disk);
  return { image, disk };
}

test('random reads and writes agree with memory', () => {
  const { image, disk } = setUp();
  const model = image.slice();
  let seed = 99;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let step = 0; step < 300; step++) {
    const offset = random(SIZE / 512) * 512;
    const length = Math.min(SIZE - offset, (1 + random(200)) * 512);
    if (random(2) === 0) {
      const bytes = new Uint8Array(length).fill(random(256));
      disk.write(offset, bytes);
      model.set(bytes, offset);
    } else {
      const bytes = new Uint8Array(length);
      disk.read(offset, bytes);
      expect(Buffer.compare(bytes, model.subarray(offset, offset + length))).toBe(0);
    }
  }
});

test('the end of an image that is no whole cluster', () => {
  const { image, disk } = setUp();
  disk.write(SIZE - 512, new Uint8Array(512).fill(1));
  const bytes = new Uint8Array(1024);
  disk.read(SIZE - 1024, bytes);
  expect(bytes[511]).toBe(image[SIZE - 513]);
  expect(bytes[512]).toBe(1);
});
