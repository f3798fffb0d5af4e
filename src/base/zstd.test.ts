// What the zstd command packs is unpacked, whatever the pieces; what is damaged, too greedy, or followed by something is named.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { InputError } from './errors.js';
import { unzstd } from './zstd.js';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function unpack(bytes: Uint8Array, size = 5000): Promise<Buffer> {
  const pieces = [];
  for await (const piece of unzstd(inPieces(bytes, size))) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Words that come again, and noise that does not. */
const text = Buffer.from(
  Array.from({ length: 3000 }, (_, i) =>
    createHash('sha256')
      .update(`${i}`)
      .digest()
      .toString(i % 3 ? 'hex' : 'latin1'),
  ).join(' '),
  'latin1',
);
const pack = (bytes: Uint8Array, ...options: string[]): Buffer =>
  execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 1 << 26 });

test.each([['-1'], ['-3', '--no-check'], ['-19'], ['-9', '--long=24'], ['--fast=5']])(
  'packed with %s',
  async (...options) => {
    for (const bytes of [
      text,
      Buffer.alloc(700_000),
      Buffer.from('x'),
      Buffer.alloc(0),
      Buffer.concat([text, Buffer.alloc(200_000), text, text]),
    ]) {
      const packed = pack(bytes, ...options);
      for (const size of [1000, packed.length || 1]) expect(Buffer.compare(await unpack(packed, size), bytes)).toBe(0);
    }
    expect(Buffer.compare(await unpack(pack(text, ...options).subarray(0), 1), text)).toBe(0);
  },
);

test('several frames, and one that is to be skipped', async () => {
  const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const all = Buffer.concat([pack(text), skipped, pack(Buffer.from('end'))]);
  expect(Buffer.compare(await unpack(all), Buffer.concat([text, Buffer.from('end')]))).toBe(0);
});

test('what is not right is an InputError, wherever it is cut or changed; a great window is not made', async () => {
  const packed = pack(text.subarray(0, 20_000));
  for (let cut = 0; cut < packed.length; cut += 97)
    await expect(unpack(packed.subarray(0, cut))).rejects.toThrow(InputError);
  await expect(unpack(Buffer.concat([packed, Buffer.from('junk')]))).rejects.toThrow(/something else follows/);
  await expect(unpack(Buffer.concat([packed, Buffer.from('jk')]))).rejects.toThrow(/ends early/);
  for (let i = 0; i < packed.length; i += 37) {
    const changed = Buffer.from(packed);
    changed[i]! ^= 0x55;
    await unpack(changed).catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
  }
  const magic = [0x28, 0xb5, 0x2f, 0xfd];
  await expect(unpack(Buffer.from([...magic, 0x00, 0xf8, 1, 0, 0]))).rejects.toThrow(/window/);
  await expect(unpack(Buffer.from([...magic, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]))).rejects.toThrow(/window/);
  await expect(unpack(Buffer.from([...magic, 0x01, 0x08, 5]))).rejects.toThrow(/dictionary/);
  await expect(unpack(Buffer.from('text'))).rejects.toThrow(/begins otherwise/);
});
