// xz and bzip2 against the commands that write them, and against bytes that were changed. The .xz file format; bzip2's.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InputError } from './errors.js';
import type { Compression } from './streams.js';
import { uncompress } from './uncompress.js';

type Format = Exclude<Compression, 'gzip'>;

async function plain(format: Format, bytes: Uint8Array, piece = 1000): Promise<Buffer> {
  const source = (async function* () {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  })();
  const pieces: Uint8Array[] = [];
  for await (const one of uncompress(format, source)) pieces.push(one.slice());
  return Buffer.concat(pieces);
}

/** Text with words that come again, bytes without any order, and zeros. */
function sample(size: number): Buffer {
  const words = Buffer.from('the quick brown fox jumps over the lazy dog '.repeat(7));
  const out = Buffer.alloc(size);
  for (let at = 0, i = 0; at < size; i++) {
    const part =
      i % 3 === 0 ? words : i % 3 === 1 ? createHash('sha256').update(String(i)).digest() : Buffer.alloc(i % 97);
    at += part.copy(out, at) || 1;
  }
  return out;
}

const SAMPLES: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['a byte', Buffer.from('x')],
  ['zeros', Buffer.alloc(300_000)],
  ['runs of four and more', Buffer.from('aaaabbbbbccccccdddddddd'.repeat(999) + 'e'.repeat(260))],
  ['all of it', sample(1_200_000)],
  ['no order', Buffer.concat(Array.from({ length: 8000 }, (_, i) => createHash('sha256').update(String(i)).digest()))],
];
const by = (command: string, args: string[], input: Uint8Array): Buffer =>
  execFileSync(command, [...args, '-c'], { input, maxBuffer: 64 << 20 });

describe.each([
  ['xz', ['-0']],
  ['xz', ['-9e', '--check=sha256']],
  ['xz', ['--check=crc32', '--lzma2=preset=6,lc=1,lp=2,pb=0,dict=64KiB']],
  ['xz', ['--check=none', '--block-size=100000', '-T1']],
  ['bzip2', ['-1']],
  ['bzip2', ['-9']],
] as [Format, string[]][])('%s %j', (format, args) => {
  test.each(SAMPLES)('%s', async (_what, bytes) => {
    const packed = by(format, args, bytes);
    expect((await plain(format, packed)).equals(bytes)).toBe(true);
  });
});

describe.each(['xz', 'bzip2'] as Format[])('%s', (format) => {
  test('several behind each other are one', async () => {
    const one = by(format, [], Buffer.from('one '));
    expect((await plain(format, Buffer.concat([one, by(format, [], Buffer.from('two'))]))).toString()).toBe('one two');
  });

  test('what was cut, changed or is followed by something else is an error, and nothing else is thrown', async () => {
    const bytes = sample(2000);
    const packed = by(format, [], bytes);
    for (let at = 0; at < packed.length; at += 7)
      await expect(plain(format, packed.subarray(0, at)), `cut at ${at}`).rejects.toThrow(InputError);
    for (let at = 0; at < packed.length; at += 2) {
      const changed = Buffer.from(packed);
      changed[at]! ^= 1 << (at % 8);
      const found = await plain(format, changed).catch((error: unknown) => error);
      // a bit that is no part of anything may be another one
      if (!(found instanceof Error)) expect((found as Buffer).equals(bytes), `changed at ${at}`).toBe(true);
      else expect(found, `changed at ${at}`).toBeInstanceOf(InputError);
    }
    await expect(plain(format, Buffer.concat([packed, Buffer.from('more than it')]))).rejects.toThrow(InputError);
  });
});

test('a dictionary that nobody has room for, and filters for programs, are refused', async () => {
  const large = by('xz', ['--lzma2=dict=512MiB'], Buffer.from('x'));
  await expect(plain('xz', large)).rejects.toThrow('it needs 536870912 bytes of memory');
  await expect(plain('xz', by('xz', ['--x86', '--lzma2'], Buffer.from('x')))).rejects.toThrow(
    'a filter that is not known',
  );
});
