// What a guest's virtio driver gets of each kind of disk that the command line has: zeros are written, a discard is a hint.
// Source: virtio 1.2, section 5.2.6 (WRITE_ZEROES, DISCARD); docs/usage.md for what a discard does.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import type { BlockBackend } from '../../devices/storage/block-backend.js';
import { BenchTimers } from '../../devices/test-bench.js';
import { VirtioBlock } from '../../devices/virtio/block.js';
import { BUFFERS, DESCRIPTOR, TestDriver } from '../../devices/virtio/test-driver.js';
import { FileDisk } from './files.js';
import { OverlayFile } from './overlay-file.js';
import { SnapshotDisk } from './snapshot-disk.js';

const CLUSTER = 65536;
/** The last cluster is a short one. */
const SIZE = 5 * CLUSTER + 512;
const SECTORS = SIZE / 512;
const FULL = 0x55;
const REQUEST = { DISCARD: 11, WRITE_ZEROES: 13 };
const RANGE = BUFFERS + 0x1000;
const RESULT = BUFFERS + 0x2000;

function image(): string {
  const path = join(scratch(), 'disk.img');
  writeFileSync(path, Buffer.alloc(SIZE, FULL));
  return path;
}

const kinds: [string, () => BlockBackend][] = [
  ['in place', () => new FileDisk(image(), 'write')],
  ['snapshot', () => new SnapshotDisk(new FileDisk(image(), 'read-only'))],
  ['overlay', () => new OverlayFile(join(scratch(), 'overlay'), new FileDisk(image(), 'read-only'))],
];

/** One request for a range of sectors; it must succeed. */
function ask(backend: BlockBackend, type: number, sector: number, sectors: number): void {
  const driver = new TestDriver(
    (memory) => new VirtioBlock({ memory, timers: new BenchTimers(), backend, serial: '' }),
  );
  driver.start();
  const view = new DataView(driver.memory.bytes.buffer);
  view.setUint32(BUFFERS, type, true);
  view.setUint32(RANGE, sector, true);
  view.setUint32(RANGE + 8, sectors, true);
  view.setUint8(RESULT, 0xee);
  driver.send(0, [
    { address: BUFFERS, length: 16 },
    { address: RANGE, length: 16 },
    { address: RESULT, length: 1, flags: DESCRIPTOR.WRITE },
  ]);
  expect(view.getUint8(RESULT)).toBe(0);
}

/** Byte ranges that read as zeros; all others must be as the image was. */
function zeros(backend: BlockBackend): [number, number][] {
  const bytes = new Uint8Array(SIZE);
  backend.read(0, bytes);
  expect([...new Set(bytes)].filter((byte) => byte !== 0 && byte !== FULL)).toEqual([]);
  const found: [number, number][] = [];
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, found.at(-1)![1])) {
    const end = bytes.indexOf(FULL, at);
    found.push([at, end < 0 ? SIZE : end]);
  }
  return found;
}

describe.each(kinds)('a disk %s', (kind, open) => {
  const keeps = kind === 'in place';

  test('has zeros where zeros were asked for, to the sector', () => {
    const disk = open();
    ask(disk, REQUEST.WRITE_ZEROES, 3, 300);
    expect(zeros(disk)).toEqual([[3 * 512, 303 * 512]]);
    ask(disk, REQUEST.WRITE_ZEROES, SECTORS - 1, 1);
    expect(zeros(disk).at(-1)).toEqual([SIZE - 512, SIZE]);
  });

  test(keeps ? 'stays as it is where it was discarded' : 'has zeros where whole clusters were discarded', () => {
    const disk = open();
    ask(disk, REQUEST.DISCARD, 3, 400);
    expect(zeros(disk)).toEqual(keeps ? [] : [[CLUSTER, 3 * CLUSTER]]);
    ask(disk, REQUEST.DISCARD, 0, SECTORS);
    expect(zeros(disk)).toEqual(keeps ? [] : [[0, SIZE]]);
  });
});

test('an overlay remembers what was discarded, and writes it again where it was', () => {
  const below = image();
  const path = join(scratch(), 'overlay');
  const open = () => new OverlayFile(path, new FileDisk(below, 'read-only'));
  const first = open();
  first.write(CLUSTER, new Uint8Array(CLUSTER));
  const size = statSync(path).size;
  first.write(CLUSTER, new Uint8Array(CLUSTER).fill(1));
  first.discard(0, 2 * CLUSTER);
  first.close();
  const second = open();
  expect(zeros(second)).toEqual([[0, 2 * CLUSTER]]);
  second.write(CLUSTER + 512, new Uint8Array(512).fill(FULL));
  second.close();
  expect(zeros(open())).toEqual([
    [0, CLUSTER + 512],
    [CLUSTER + 1024, 2 * CLUSTER],
  ]);
  expect(statSync(path).size).toBe(size);
});
