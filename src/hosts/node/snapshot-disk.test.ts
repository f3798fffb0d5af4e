// A copy-on-write overlay against a plain array, and the image below as it was.
import { afterEach, expect, test } from 'vitest';
import type { BlockBackend } from '../../devices/storage/block-backend.js';
import { SnapshotDisk } from './snapshot-disk.js';

const SIZE = 3 * 65536 + 512;
const open: SnapshotDisk[] = [];
afterEach(() => {
  for (const disk of open.splice(0)) disk.close();
});

function setUp() {
  const image = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) & 0xff);
  /** Pieces of each read of the image. */
  const reads: number[] = [];
  const below: BlockBackend = {
    size: SIZE,
    readOnly: true,
    read: (offset, into) => {
      reads.push(1);
      into.set(image.subarray(offset, offset + into.length));
    },
    readv: (offset, pieces) => {
      reads.push(pieces.length);
      let at = offset;
      for (const into of pieces) {
        into.set(image.subarray(at, at + into.length));
        at += into.length;
      }
    },
    write: () => {
      throw new Error('the image was written');
    },
    flush() {},
  };
  const disk = new SnapshotDisk(below);
  open.push(disk);
  return { image, disk, reads };
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
    /** The bytes in place, cut anywhere. */
    const cut = (bytes: Uint8Array): Uint8Array[] => {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < length; at += pieces.at(-1)!.length)
        pieces.push(bytes.subarray(at, at + 1 + random(length - at)));
      return pieces;
    };
    const what = random(5);
    if (what === 0) {
      disk.discard(offset, length);
      const end = offset + length;
      const from = Math.ceil(offset / 65536) * 65536;
      if (end === SIZE) model.fill(0, from);
      else model.fill(0, from, Math.max(from, Math.floor(end / 65536) * 65536));
    } else if (what < 3) {
      const bytes = new Uint8Array(length).fill(random(256));
      disk.writev(offset, cut(bytes));
      model.set(bytes, offset);
    } else {
      const bytes = new Uint8Array(length);
      disk.readv(offset, cut(bytes));
      expect(Buffer.compare(bytes, model.subarray(offset, offset + length))).toBe(0);
    }
  }
});

test('a saved overlay is what was written and discarded', () => {
  const { image, disk } = setUp();
  disk.write(512, new Uint8Array(512).fill(1));
  disk.write(65536, new Uint8Array(65536).fill(2));
  disk.discard(65536, 2 * 65536);
  const pieces = disk.save();
  // what was discarded takes no room
  expect(pieces.map(({ length }) => length)).toEqual([4 + 3 * 4 + 65536]);
  const other = setUp().disk;
  pieces.forEach((piece) => void other.load(piece));
  const bytes = new Uint8Array(SIZE);
  other.read(0, bytes);
  const expected = image
    .slice()
    .fill(1, 512, 1024)
    .fill(0, 65536, 3 * 65536);
  expect(Buffer.compare(bytes, expected)).toBe(0);
});

test('the end of an image that is no whole cluster', () => {
  const { image, disk } = setUp();
  disk.write(SIZE - 512, new Uint8Array(512).fill(1));
  const bytes = new Uint8Array(1024);
  disk.read(SIZE - 1024, bytes);
  expect(bytes[511]).toBe(image[SIZE - 513]);
  expect(bytes[512]).toBe(1);
});

test('pieces go together to and from the file that holds them, cluster by cluster', () => {
  const { disk, reads } = setUp();
  const pieces = Array.from({ length: 32 }, () => new Uint8Array(4096));
  disk.readv(32768, pieces);
  expect(reads).toEqual([8, 16, 8]);
});

test('a cluster that is written whole is not read first', () => {
  const { disk, reads } = setUp();
  disk.write(65536, new Uint8Array(65536).fill(1));
  expect(reads).toEqual([]);
  disk.write(0, new Uint8Array(512));
  expect(reads).toEqual([1]);
});
