// A queue of bytes against a plain array of them.
import { expect, test } from 'vitest';
import { ByteQueue } from './byte-queue.js';

test('pieces of every size come out as they went in, and bounds hold', () => {
  const queue = new ByteQueue(20_000);
  const model: number[] = [];
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let step = 0; step < 2000; step++) {
    const what = random(4);
    if (what < 2) {
      const bytes = Uint8Array.from({ length: random(random(3) === 0 ? 6000 : 40) }, () => random(256));
      const taken = queue.push(bytes);
      expect(taken).toBe(Math.min(bytes.length, 20_000 - model.length));
      model.push(...bytes.subarray(0, taken));
    } else if (what === 2) {
      const length = random(Math.min(model.length, 3000) + 1);
      queue.drop(length);
      model.splice(0, length);
    } else if (model.length > 0) {
      const offset = random(model.length);
      const length = random(model.length - offset + 1);
      expect(Buffer.compare(queue.slice(offset, length), Buffer.from(model.slice(offset, offset + length)))).toBe(0);
      const together = queue.together(offset, length);
      expect(together).toBeLessThanOrEqual(length);
      expect(together > 0 || length === 0).toBe(true);
      const { front } = queue;
      expect(Buffer.compare(front, Buffer.from(model.slice(0, front.length)))).toBe(0);
    }
    expect(queue.length).toBe(model.length);
  }
});

test('what was handed out does not change when more comes', () => {
  const queue = new ByteQueue(100_000);
  queue.push(Uint8Array.of(1));
  queue.push(Uint8Array.of(2, 3));
  const early = queue.slice(1, 2);
  queue.drop(3);
  queue.push(Uint8Array.of(9, 9, 9));
  expect([...early]).toEqual([2, 3]);
});
