// Order, room, and an end in between.
import { expect, test } from 'vitest';
import { encodeText } from '../base/text.js';
import { SerialInput } from './serial-input.js';

test('bytes arrive in order as there is room, and each sender hears when its own are taken', async () => {
  let room = 3;
  let got = '';
  const input = new SerialInput((bytes) => {
    const taken = bytes.subarray(0, room);
    room -= taken.length;
    got += Buffer.from(taken).toString();
    return taken.length;
  });
  const heard: string[] = [];
  const first = input.send(encodeText('hello')).then(() => void heard.push('first'));
  const second = input.send(encodeText('you')).then(() => void heard.push('second'));
  expect([got, input.waiting]).toEqual(['', 8]);
  input.start();
  expect([got, input.waiting]).toEqual(['hel', 5]);
  room = 2;
  input.room();
  await first;
  expect([got, heard]).toEqual(['hello', ['first']]);
  input.end();
  await second;
  expect([got, heard, input.waiting]).toEqual(['hello', ['first', 'second'], 0]);
});
