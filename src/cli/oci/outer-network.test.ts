// Frames behind a virtio_net_hdr. Linux include/uapi/linux/virtio_net.h; RFC 768, 1071.
import { expect, test } from 'vitest';
import { sum } from '../../net/checksum.js';
import { frameIn } from './outer-network.js';

/** A frame of 60 bytes whose checksum, of what begins at 34, lies 6 bytes behind that. */
function message(flags: number, start = 34, offset = 6): Buffer {
  const bytes = Buffer.alloc(10 + 60, 0x11);
  bytes[0] = flags;
  bytes.writeUInt16LE(start, 6);
  bytes.writeUInt16LE(offset, 8);
  return bytes;
}

test('a checksum that the card was to make is made', () => {
  const frame = frameIn(message(1))!;
  expect(frame).toHaveLength(60);
  // what was there counts as the pseudo header's sum
  const value = (frame[40]! << 8) | frame[41]!;
  expect(sum(frame, 34, 60, 0x1111 - value)).toBe(0xffff ^ value);
});

test('whole ones stay as they are; what is none is none', () => {
  expect(frameIn(message(0))!.every((byte) => byte === 0x11)).toBe(true);
  expect(frameIn(message(2))!.every((byte) => byte === 0x11)).toBe(true);
  expect(frameIn(message(1, 34, 30))).toBeUndefined();
  expect(frameIn(message(1, 65535, 65535))).toBeUndefined();
  expect(frameIn(Buffer.alloc(10 + 13))).toBeUndefined();
});
