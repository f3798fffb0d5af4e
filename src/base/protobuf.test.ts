// Messages as protoc writes them, and what is none. protobuf.dev/programming-guides/encoding.
import { expect, test } from 'vitest';
import {
  blobs,
  bytes,
  decode,
  encode,
  flag,
  message,
  number,
  ProtobufError,
  several,
  text,
  texts,
} from './protobuf.js';

const INNER = { name: text(1) };
const ALL = {
  ...{ text: text(1), number: number(2), flag: flag(3), bytes: bytes(4), texts: texts(5), blobs: blobs(6) },
  ...{ one: message(7, INNER), many: several(message(8, INNER)), list: several(text(9)) },
};

test('a message comes back as it went', () => {
  const given = {
    ...{ text: 'é', number: 2 ** 40 + 1, flag: true, bytes: Uint8Array.of(0, 255), texts: { a: '1', b: '' } },
    ...{ blobs: { x: Uint8Array.of(7) }, one: { name: 'n' }, many: [{ name: '' }, { name: 'm' }], list: ['', 'l'] },
  };
  expect(decode(ALL, encode(ALL, given))).toEqual(given);
  expect(decode(ALL, new Uint8Array())).toEqual({
    ...{ text: '', number: 0, flag: false, bytes: new Uint8Array(), texts: {}, blobs: {}, one: undefined },
    ...{ many: [], list: [] },
  });
  // the example of the format's description: 150 in field 1
  expect([...encode({ a: number(1) }, { a: 150 })]).toEqual([0x08, 0x96, 0x01]);
});

test('fields that nobody knows are passed over, of each kind', () => {
  const known = encode(INNER, { name: 'kept' });
  const unknown = [0x10, 5, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x22, 2, 9, 9, 0x2d, 1, 2, 3, 4];
  expect(decode(INNER, Uint8Array.of(...unknown, ...known, ...unknown))).toEqual({ name: 'kept' });
  // a field of another kind than it should be is none of ours
  expect(decode(INNER, Uint8Array.of(0x08, 1, ...known))).toEqual({ name: 'kept' });
});

test.each([
  ['a length that leads beyond', [0x0a, 5, 65]],
  ['a length of nothing', [0x0a]],
  ['a length without end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
  ['a number without end', [0x10, 0x80]],
  ['a wire type that is none', [0x0b]],
  ['a text that is none', [0x0a, 1, 0xff]],
])('%s is refused', (_what, data) => {
  expect(() => decode(INNER, Uint8Array.from(data))).toThrow(ProtobufError);
});

test('a map has no member that was not sent', () => {
  const { texts: map } = decode(ALL, encode(ALL, { texts: { ['__proto__']: 'x' } }));
  expect((map as { toString?: unknown }).toString).toBeUndefined();
});
