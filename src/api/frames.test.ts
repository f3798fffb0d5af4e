// Frames of standard streams. Docker Engine API, "Stream format".
import { expect, test } from 'vitest';
import { frameOf, unframed } from './frames.js';

test.each([1, 3, 7, 100])('frames come apart as they were put together, in pieces of %i', async (size) => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const all = [frameOf(1, text('out')), frameOf(2, text('')), frameOf(2, text('an error')), frameOf(1, text('!'))];
  const bytes = Uint8Array.from(all.flatMap((frame) => [...frame]));
  async function* cut() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const said = { 1: '', 2: '' };
  for await (const { stream, bytes: piece } of unframed(cut()))
    said[stream as 1 | 2] += new TextDecoder().decode(piece);
  expect(said).toEqual({ 1: 'out!', 2: 'an error' });
});
