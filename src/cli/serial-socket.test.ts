// What a client of the serial socket gets and gives, over real sockets.
// Source: serial-socket.ts.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scratch } from '../../test/scratch.js';
import { SerialInput } from '../library/serial-input.js';
import { SerialSocket } from './serial-socket.js';

let path: string;
let server: ReturnType<typeof createServer>;
let input: SerialInput;
let take: (bytes: Uint8Array) => number;
let serial: SerialSocket;
const say = (text: string): void => {
  for (const char of text) serial.write(char.charCodeAt(0));
};

beforeEach(async () => {
  path = join(scratch(), 's');
  take = () => 0;
  input = new SerialInput((bytes) => take(bytes));
  input.start();
  serial = new SerialSocket(input);
  server = createServer({ pauseOnConnect: true }, (socket) => serial.welcome(socket)).listen(path);
  await once(server, 'listening');
});
afterEach(() => {
  serial.close();
  server.close();
});

/** Everything that a client hears until the guest's end is closed. */
async function hear(client: Socket): Promise<string> {
  let heard = '';
  for await (const bytes of client) heard += bytes;
  return heard;
}

test('the last of what nobody heard, then all', async () => {
  for (let i = 0; i < 20_000; i++) say(`line ${i}\n`);
  const client = connect(path);
  const heard = hear(client);
  await once(server, 'connection');
  say('and now\n');
  await serial.finish(5000);
  const text = await heard;
  expect(text.length).toBeLessThanOrEqual(65536 + 8);
  expect(text.length).toBeGreaterThan(32768);
  expect(text).toMatch(/line 19998\nline 19999\nand now\n$/);
});

test('what a client sends waits for the guest, and the next client goes on', async () => {
  const first = connect(path);
  first.end('typed early ');
  await once(await once(server, 'connection').then(([socket]) => socket as Socket), 'close');
  const got: string[] = [];
  take = (bytes) => {
    got.push(Buffer.from(bytes).toString());
    return bytes.length;
  };
  input.room();
  expect(got.join('')).toBe('typed early ');
  const second = connect(path);
  await once(server, 'connection');
  second.write('late');
  await expect.poll(() => got.join('')).toBe('typed early late');
  second.destroy();
});
