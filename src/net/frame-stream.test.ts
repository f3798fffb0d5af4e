// Frames out of a stream, wherever it is cut; lengths that no frame has.
import { expect, test } from 'vitest';
import { FRAME_MAX } from './ethernet.js';
import { FrameReader, framePrefix, isFrameLength } from './frame-stream.js';

const frame = (length: number, mark: number): Uint8Array => new Uint8Array(length).fill(mark);
const stream = (...frames: Uint8Array[]): Uint8Array =>
  Uint8Array.from(frames.flatMap((one) => [...framePrefix(one.length), ...one]));

const FRAMES = [frame(14, 1), frame(60, 2), frame(1514, 3), frame(300, 4)];

test.each([1, 2, 3, 4, 5, 17, 18, 19, 64, 4096])('in pieces of %i bytes', (size) => {
  const bytes = stream(...FRAMES);
  const reader = new FrameReader();
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    expect(reader.read(bytes.subarray(at, at + size), (one) => void found.push(one))).toBeUndefined();
  }
  expect(found).toEqual(FRAMES);
  expect([reader.frames, reader.isPending]).toEqual([FRAMES.length, false]);
});

test('a frame belongs to who takes it', () => {
  const bytes = stream(frame(20, 1));
  const found: Uint8Array[] = [];
  new FrameReader().read(bytes, (one) => void found.push(one));
  bytes.fill(9);
  expect(found).toEqual([frame(20, 1)]);
});

test('a stream that ends in a frame, or in its length, is pending', () => {
  for (const end of [1, 3, 4, 5, 17]) {
    const reader = new FrameReader();
    expect(reader.read(stream(frame(14, 1)).subarray(0, end), () => expect.unreachable())).toBeUndefined();
    expect(reader.isPending).toBe(true);
  }
});

test.each([0, 1, 13, FRAME_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff])('%i bytes are no frame', (length) => {
  const found: Uint8Array[] = [];
  const bytes = Uint8Array.from([...stream(frame(14, 1)), ...framePrefix(length), ...frame(64, 2)]);
  expect(new FrameReader().read(bytes, (one) => void found.push(one))).toBe(length);
  expect(found).toEqual([frame(14, 1)]);
  expect(isFrameLength(length)).toBe(false);
});

test('the longest frame passes', () => {
  const found: number[] = [];
  expect(new FrameReader().read(stream(frame(FRAME_MAX, 1)), (one) => void found.push(one.length))).toBeUndefined();
  expect(found).toEqual([FRAME_MAX]);
});
