// The file as written is the file as read; any other file is refused with its name and what is wrong.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { InputError } from '../../base/errors.js';
import type { ByteSource, Codec } from '../../base/host.js';
import { nodeCodec } from '../../../test/codec.js';
import { crc32 } from './crc32.js';
import { openSnapshot, type Section, writeSnapshot } from './file.js';
import { StateReader, toSections } from './machine.js';
import { packPages, unpackPages } from './pages.js';
import { decodeValue, encodeValue } from './values.js';

const PAGE = 4096;

function machine() {
  const memory = new Uint8Array(20 * 1024 * 1024);
  memory.fill(7, 5 * PAGE, 6 * PAGE);
  memory[memory.length - 1] = 1;
  const devices = {
    uart: { fifo: Uint8Array.of(1, 2, 3), deadline: Number.POSITIVE_INFINITY },
    words: Uint32Array.of(0xffffffff),
  };
  return { cpu: Uint8Array.from({ length: 3072 }, (_, i) => i & 0xff), devices, memory };
}
const file = async (): Promise<Uint8Array> => {
  const pieces = await writeSnapshot({ made: 'by a test' }, toSections(machine(), { halted: true }), nodeCodec);
  return Buffer.concat(pieces);
};
const sourceOf = (bytes: Uint8Array): ByteSource => ({
  name: 'the.snap',
  size: bytes.length,
  read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
});
async function read(
  bytes: Uint8Array,
  codec: Codec = nodeCodec,
): Promise<{ description: unknown; sections: Section[] }> {
  const { description, read } = openSnapshot(sourceOf(bytes), codec);
  const sections: Section[] = [];
  await read(({ name, bytes }) => void sections.push({ name, bytes: bytes.slice() }));
  return { description, sections };
}

test("CRC-32 of what the standard gives, ours and the host's", () => {
  for (const sum of [crc32, nodeCodec.crc32]) {
    expect(sum(Uint8Array.from('123456789', (c) => c.charCodeAt(0)))).toBe(0xcbf43926);
    expect(sum(new Uint8Array(0))).toBe(0);
    expect(sum(Uint8Array.from({ length: 1003 }, (_, i) => i & 0xff))).toBe(0x28c077fe);
  }
});

test('values that JSON does not know', () => {
  const value = {
    ...{ a: 1n << 70n, b: Number.NEGATIVE_INFINITY, c: [Uint8Array.of(1), Float64Array.of(0.5)], d: null, e: 'text €' },
    ...{ f: new Uint8Array(100_000).fill(9), g: true },
  };
  expect(decodeValue(encodeValue(value))).toEqual(value);
});

test('pages', () => {
  const { memory } = machine();
  memory.fill(8, 6 * PAGE, 7 * PAGE);
  const packed = packPages(memory) as Uint8Array;
  expect(packed.length).toBe(memory.length / PAGE / 8 + 3 * PAGE);
  const again = new Uint8Array(memory.length);
  unpackPages(packed, again);
  expect(Buffer.compare(again, memory)).toBe(0);
  // Pages that stay zero are not written to.
  again.fill(0xee, 0, PAGE);
  unpackPages(packed, again);
  expect(again[0]).toBe(0xee);
  expect(packPages(new Uint8Array(3 * PAGE))).toBeUndefined();
  expect(() => unpackPages(packed.subarray(0, packed.length - 1), again)).toThrow('ends early');
  expect(() => unpackPages(new Uint8Array(0), again)).toThrow('a rest');
  expect(() => unpackPages(Buffer.concat([packed, packed]), again)).toThrow('a rest');
});

test('a machine goes through', async () => {
  const { description, sections } = await read(await file());
  expect(description).toEqual({ made: 'by a test' });
  const into = (memory: Uint8Array, some: readonly Section[] = sections) => {
    const reader = new StateReader(memory);
    for (const section of some) reader.take(section);
    return reader.finish();
  };
  const memory = new Uint8Array(20 * 1024 * 1024);
  const { state, more } = into(memory);
  const before = machine();
  expect(more).toEqual({ halted: true });
  expect(state.devices).toEqual(before.devices);
  expect(Buffer.compare(state.cpu, before.cpu)).toBe(0);
  expect(Buffer.compare(memory, before.memory)).toBe(0);
  // the order is the host's
  const reversed = into(new Uint8Array(memory.length), [...sections].reverse()).state.memory;
  expect(Buffer.compare(reversed, memory)).toBe(0);
  expect(() => into(new Uint8Array(64 * 1024 * 1024))).toThrow('another size');
  expect(() => into(new Uint8Array(1024 * 1024))).toThrow('another size');
  const without = (name: string): Section[] => sections.filter((section) => section.name !== name);
  expect(() => into(new Uint8Array(memory.length), without('cpu'))).toThrow('section cpu is missing');
});

test('what packing does not make smaller is stored as it is, and never unpacked', async () => {
  const noise = new Uint8Array(randomBytes(5000));
  const pieces = await writeSnapshot({}, [{ name: 'noise', bytes: noise }], nodeCodec);
  expect(pieces.at(-1)).toBe(noise);
  const { sections } = await read(Buffer.concat(pieces), {
    ...nodeCodec,
    inflate: () => Promise.reject(new Error('no')),
  });
  expect(sections).toEqual([{ name: 'noise', bytes: noise }]);
});

test('a file cut short anywhere, or too long', async () => {
  const whole = await file();
  for (const length of [0, 5, 15, 16, 20, 27, 28, 60, 200, whole.length >> 1, whole.length - 1]) {
    await expect(read(whole.subarray(0, length)), `${length} bytes`).rejects.toThrow(InputError);
  }
  await expect(read(Buffer.concat([whole, Uint8Array.of(0)]))).rejects.toThrow('the.snap: 1 bytes too long');
});

test('one flipped bit anywhere', async () => {
  const whole = await file();
  const step = Math.max(1, Math.floor(whole.length / 400));
  for (let at = 0; at < whole.length; at += at < 400 ? 1 : step) {
    const damaged = whole.slice();
    damaged[at] ^= 1 << (at & 7);
    await expect(read(damaged), `byte ${at}`).rejects.toThrow(/^snapshot the\.snap: /);
  }
});

test('another version, another kind of file', async () => {
  const whole = await file();
  whole[16] = 9;
  await expect(read(whole)).rejects.toThrow('the.snap: version 9; this tabvisor reads version 3');
  await expect(read(Buffer.from('#!/bin/sh\necho not a snapshot at all\n'))).rejects.toThrow(
    'not a snapshot of tabvisor',
  );
});

test('a header that lies about sizes', async () => {
  const lying = async (change: (entry: { size: number; stored: number }) => void): Promise<Uint8Array> => {
    const [fixed, header, ...rest] = await writeSnapshot({}, [{ name: 'one', bytes: new Uint8Array(1000) }], nodeCodec);
    const parsed = JSON.parse(Buffer.from(header).toString());
    change(parsed.sections[0]);
    const changed = Buffer.from(JSON.stringify(parsed));
    const view = new DataView(fixed.buffer);
    view.setUint32(20, changed.length, true);
    view.setUint32(24, crc32(changed), true);
    return Buffer.concat([fixed, changed, ...rest]);
  };
  const sizes: [string, (entry: { size: number; stored: number }) => void][] = [
    ['unpacks to more', (entry) => (entry.size = 10)],
    ['unpacks to less', (entry) => (entry.size = 5000)],
    ['is huge', (entry) => (entry.size = 2 ** 40)],
    ['is negative', (entry) => (entry.stored = -1)],
    ['is longer than the file', (entry) => (entry.size = entry.stored = 50_000_000)],
    ['is stored as more than it is', (entry) => (entry.size = entry.stored - 1)],
  ];
  for (const [what, change] of sizes) await expect(read(await lying(change)), what).rejects.toThrow(InputError);
});
