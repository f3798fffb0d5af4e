// The archive is laid out as the kernel reads it.
import { expect, test } from 'vitest';
import { archive } from './cpio.mjs';

test('headers of 110 bytes, names and contents padded to four', () => {
  const bytes = archive([
    { path: 'bench', directory: true },
    { path: 'bench/a', bytes: Buffer.from('hello') },
  ]);
  const entries = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString('latin1', at, at + 6)).toBe('070701');
    const field = (i) => Number.parseInt(bytes.toString('latin1', at + 6 + 8 * i, at + 14 + 8 * i), 16);
    const name = bytes.toString('latin1', at + 110, at + 110 + field(11) - 1);
    const body = (at + 110 + field(11) + 3) & ~3;
    entries.push([name, field(1).toString(8), bytes.toString('latin1', body, body + field(6))]);
    at = (body + field(6) + 3) & ~3;
  }
  expect(entries).toEqual([
    ['bench', '40755', ''],
    ['bench/a', '100755', 'hello'],
    ['TRAILER!!!', '0', ''],
  ]);
});
