// Ours against Node's, whatever the pieces; the constants come out as the standard prints them.
import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sha256 } from './sha256.js';

test('messages of every length around a block, in pieces of every kind', () => {
  for (let length = 0; length < 300; length++) {
    const message = randomBytes(length);
    const ours = new Sha256();
    for (let at = 0; at < length; ) {
      const piece = 1 + (at % 97);
      ours.update(message.subarray(at, at + piece));
      at += piece;
    }
    expect(ours.digest()).toBe(createHash('sha256').update(message).digest('hex'));
  }
});

test('a megabyte at once', () => {
  const message = new Uint8Array(1 << 20).fill(0x61);
  const ours = new Sha256();
  ours.update(message);
  expect(ours.digest()).toBe(createHash('sha256').update(message).digest('hex'));
});
