// qcow2 images that qemu-img has made, and overlays: what our own guest reads of them is what it reads of the raw image.
// Source: qemu-img(1); guest/README.md for disk-read.

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { FileDisk, FileSource } from '../../src/hosts/node/files.js';
import { inflateCluster } from '../../src/hosts/node/codec.js';
import { OverlayFile } from '../../src/hosts/node/overlay-file.js';
import { BlockError } from '../../src/devices/storage/block-backend.js';
import { isQcow2, Qcow2 } from '../../src/devices/storage/disk-image/qcow2.js';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;

/** Text, zeros, noise and a last part that is no whole cluster. */
function content(): Buffer {
  const bytes = Buffer.alloc(SIZE - 3584);
  bytes.write('TABVISOR-SCRATCH');
  for (let at = MIB; at < 5 * MIB; at += 4) bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
  bytes.fill('compressible ', 9 * MIB, 14 * MIB);
  bytes.fill(0xaa, bytes.length - 700);
  return bytes;
}

function images(context: TestContext): { raw: string; folder: string; make: (...options: string[]) => string } {
  const { qemuImg } = needs(context, 'qemuImg');
  const folder = scratch();
  const raw = join(folder, 'disk.raw');
  writeFileSync(raw, content());
  let count = 0;
  const make = (...options: string[]): string => {
    const path = join(folder, `${++count}.qcow2`);
    execFileSync(qemuImg, ['convert', '-f', 'raw', '-O', 'qcow2', ...options, raw, path]);
    return path;
  };
  return { raw, folder, make };
}
const open = (path: string): Qcow2 => new Qcow2(new FileSource(path, 'disk'), inflateCluster);

test.for([
  ['version 3', []],
  ['version 2', ['-o', 'compat=0.10']],
  ['compressed', ['-c']],
  ['compressed, small clusters', ['-c', '-o', 'cluster_size=4096']],
  ['clusters of 512 bytes', ['-o', 'cluster_size=512']],
  ['clusters of 2 MiB', ['-o', 'cluster_size=2M']],
] as const)('an image of %s', ([_name, options], context) => {
  const { raw, make } = images(context);
  const disk = open(make(...options));
  const expected = readFileSync(raw);
  expect(disk.size).toBe(expected.length);
  const whole = Buffer.alloc(expected.length);
  disk.read(0, whole);
  expect(Buffer.compare(whole, expected)).toBe(0);
  for (const [at, length] of [
    [511, 2],
    [MIB - 3, 70_000],
    [13 * MIB + 5, 2 * MIB],
    [expected.length - 9, 9],
  ] as const) {
    const piece = Buffer.alloc(length);
    disk.read(at, piece);
    expect(Buffer.compare(piece, expected.subarray(at, at + length)), `${length} at ${at}`).toBe(0);
  }
  expect(() => disk.write()).toThrow(BlockError);
});

test('images that name other files, or need what is not known, are refused', (context) => {
  const { raw, folder, make } = images(context);
  const { qemuImg } = needs(context, 'qemuImg');
  const child = join(folder, 'child.qcow2');
  execFileSync(qemuImg, ['create', '-f', 'qcow2', '-b', raw, '-F', 'raw', child]);
  expect(() => open(child)).toThrow('backing file');
  const external = join(folder, 'external.qcow2');
  execFileSync(qemuImg, ['create', '-f', 'qcow2', '-o', `data_file=${join(folder, 'data')}`, external, '1M']);
  expect(() => open(external)).toThrow('another file');
  expect(() => open(make('-o', 'compression_type=zstd', '-c'))).toThrow('features 0x8');
  expect(isQcow2(new FileSource(raw, 'disk'))).toBe(false);
});

test('a damaged image gives errors and no bytes of anything else', (context) => {
  const { make } = images(context);
  const path = make('-c');
  const sound = readFileSync(path);
  let state = 99;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const piece = Buffer.alloc(65536);
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(sound);
    for (let i = 0; i < 8; i++) bytes[random(2) ? random(112) : random(bytes.length)] = random(256);
    writeFileSync(path, bytes);
    const source = new FileSource(path, 'disk');
    try {
      const disk = new Qcow2(source, inflateCluster);
      for (let at = 0; at + piece.length <= Math.min(disk.size, SIZE); at += 3 * MIB) {
        try {
          disk.read(at, piece);
        } catch (error) {
          expect(error).toBeInstanceOf(BlockError);
        }
      }
    } catch (error) {
      expect((error as Error).name).toBe('InputError');
      refused++;
    }
    source.close();
  }
  expect(refused).toBeGreaterThan(20);
});

test('an overlay keeps what was written, and the image below stays as it is', (context) => {
  const { raw, folder, make } = images(context);
  const before = readFileSync(raw);
  const path = join(folder, 'overlay');
  const first = new OverlayFile(path, open(make('-c')));
  first.write(100_000, Buffer.alloc(200_000, 0x5c));
  first.write(before.length - 512, Buffer.alloc(512, 0x3d));
  first.flush();
  first.close();
  const again = new OverlayFile(path, new FileDisk(raw, 'read-only'));
  const whole = Buffer.alloc(before.length);
  again.read(0, whole);
  const expected = Buffer.from(before);
  expected.fill(0x5c, 100_000, 300_000).fill(0x3d, before.length - 512);
  expect(Buffer.compare(whole, expected)).toBe(0);
  expect(Buffer.compare(readFileSync(raw), before)).toBe(0);
  again.close();
  writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 70_000));
  expect(() => new OverlayFile(path, new FileDisk(raw, 'read-only'))).toThrow('damaged');
  writeFileSync(path, 'text');
  expect(() => new OverlayFile(path, new FileDisk(raw, 'read-only'))).toThrow('not an overlay');
});

test('our own guest on a qcow2 image with an overlay', async (context) => {
  const { folder, make } = images(context);
  const disk = make();
  const run = (settings: string, workloads: string) =>
    Console.machine(['--memory', '32M', '--disk', disk + settings, '--append', `run=${workloads} exit=poweroff`], {
      deadline: 60,
    });
  const refused = run('', 'disk-read');
  expect(await refused.exit()).toBe(125);
  expect(refused.output).toContain('qcow2 images are read and not written');
  const overlay = join(folder, 'writes');
  const writing = run(`,overlay=${overlay}`, 'disk-write');
  expect(await writing.exit()).toBe(0);
  expect(writing.output).toMatch(/WORKLOAD name=disk-write checksum=[0-9a-f]{8}/);
  expect(statSync(overlay).size).toBeGreaterThan(65536);
});
