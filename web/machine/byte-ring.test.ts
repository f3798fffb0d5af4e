// The console's ring: order, wrap-around, what does not fit, indices beyond 2^31.
import { expect, test } from 'vitest';
import { ByteRing } from './byte-ring.js';

test('bytes come out as they went in, over many rounds, and no more go in than fit', () => {
  const memory = ByteRing.memory(16);
  const writer = new ByteRing(memory);
  const reader = new ByteRing(memory);
  // As after two thousand million bytes: the indices change sign on the way.
  new Int32Array(memory, 0, 2).fill(0x7ffffff8);
  let sent = 0;
  let received = 0;
  for (let round = 0; round < 50; round++) {
    const bytes = Uint8Array.from({ length: 11 }, (_, i) => (sent + i) & 0xff);
    sent += writer.write(bytes);
    if (round % 3 === 0) continue;
    for (const byte of reader.read(9)) expect(byte).toBe(received++ & 0xff);
    expect(reader.length).toBe(sent - received);
  }
  for (const byte of reader.read(16)) expect(byte).toBe(received++ & 0xff);
  expect(received).toBe(sent);
  expect(writer.write(new Uint8Array(40))).toBe(16);
  expect(writer.write(new Uint8Array(1))).toBe(0);
});
