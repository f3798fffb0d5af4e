// What the server keeps for clients that do not read, do not end, or ask without waiting for answers: counted in bytes. RFC 9112.
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { BodyError, readJson } from '../../http/body.js';
import type { Handler } from '../../http/message.js';
import { HeldBytes } from './held-bytes.js';
import { httpServer } from './http-server.js';

const PIECE = 1 << 15;
/** Others are at work on the machine, too. */
const PATIENCE = { timeout: 30_000 };

let server: Server;
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function serve(handler: Handler, held: HeldBytes): Promise<void> {
  server = httpServer(
    handler,
    (error) => {
      throw error;
    },
    { held },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** One that reads nothing. */
function client(request: string): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(request);
  clients.push(socket);
  return socket;
}

/** All that comes, to the end. */
async function readAll(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (bytes) => {
    said += bytes;
  });
  await once(socket, 'close');
  return said;
}

const GET = 'GET / HTTP/1.1\r\nHost: d\r\n\r\n';

test('streams that nobody reads: a piece of each is held, and all together no more than is said', async () => {
  const MOST = 40 * PIECE;
  const held = new HeldBytes(MOST);
  let ended = 0;
  let most = 0;
  const waiting = new Map<object, boolean>();
  await serve(
    async () => ({
      status: 200,
      async body(out) {
        const bytes = new Uint8Array(PIECE);
        for (let room = true; room; most = Math.max(most, held.total)) {
          const written = out.write(bytes);
          waiting.set(out, true);
          room = await written;
        }
        waiting.delete(out);
        ended++;
      },
    }),
    held,
  );
  for (let i = 0; i < 60; i++) client(GET);
  // each of them holds more than a sixtieth of what may be held: some must go, and only as many
  await expect.poll(() => waiting.size + ended, PATIENCE).toBe(60);
  await expect.poll(() => ended, PATIENCE).toBeGreaterThanOrEqual(20);
  expect(held.total).toBeLessThanOrEqual(MOST);
  expect(most).toBeLessThanOrEqual(MOST);
  expect(waiting.size).toBeGreaterThanOrEqual(30);
});

test('whole answers that nobody reads: who reads gets his all the same', async () => {
  const held = new HeldBytes(24 << 20);
  await serve(async () => ({ status: 200, body: 'x'.repeat(8 << 20) }), held);
  for (let i = 0; i < 8; i++) client(GET);
  const reads = client('GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n');
  expect((await readAll(reads.resume())).length).toBeGreaterThan(8 << 20);
  expect(held.total).toBeLessThanOrEqual(24 << 20);
});

test('bodies that come byte by byte, and do not end: counted while they are kept', async () => {
  const held = new HeldBytes(100_000);
  let most = 0;
  let failures = 0;
  await serve(async (request) => {
    try {
      await readJson(request);
    } catch {
      failures++;
    }
    return { status: 200 };
  }, held);
  const piece = '1\r\n \r\n'.repeat(20_000);
  for (let i = 0; i < 8; i++) client(`POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n${piece}`);
  await expect
    .poll(() => {
      most = Math.max(most, held.total);
      return failures;
    }, PATIENCE)
    .toBeGreaterThanOrEqual(3);
  expect(most).toBeLessThanOrEqual(100_000);
  const whole = client('POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
  expect(await readAll(whole.resume())).toMatch(/^HTTP\/1\.1 200/);
});

test('requests behind one that has no answer: some are taken, a flood of them is not', async () => {
  let asked = 0;
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await serve(async () => {
    asked++;
    await answered;
    return { status: 204 };
  }, new HeldBytes());
  const few = client(GET.repeat(2) + GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  const flood = client(GET.repeat(2000));
  await once(flood.resume(), 'close');
  expect(asked).toBeLessThan(40);
  answer();
  expect((await readAll(few.resume())).match(/HTTP\/1\.1 204/g)).toHaveLength(3);
});

test('headers are not waited for without end', async () => {
  await serve(async () => ({ status: 204 }), new HeldBytes());
  expect(server.headersTimeout).toBeGreaterThan(0);
});

test('an upgrade that is asked for where there is none: the answer is the same, whole, and the last', async () => {
  await serve(async ({ path }) => {
    if (path === '/short') return { status: 201, body: 'short' };
    return {
      status: 200,
      async body(out) {
        for (const piece of ['one ', 'two']) await out.write(new TextEncoder().encode(piece));
      },
    };
  }, new HeldBytes());
  const asked = (target: string, more = '') =>
    readAll(client(`GET ${target} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${more}\r\n`).resume());
  expect(await asked('/short')).toMatch(/^HTTP\/1\.1 201 Created\r\n.*\r\n\r\nshort$/s);
  expect(await asked('http://d/stream')).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\none .*two\r\n0\r\n\r\n$/s);
  // whose pieces would be taken for what goes through the connection
  expect(await asked('/short', 'Transfer-Encoding: chunked\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a client that goes in the middle of its body is no bug', async () => {
  let error: unknown;
  const met = new Promise<void>((resolve) => {
    void serve(async (request) => {
      error = await readJson(request).catch((thrown: unknown) => thrown);
      resolve();
      return { status: 200 };
    }, new HeldBytes()).then(() => client('POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\n{').end());
  });
  await met;
  expect(error).toBeInstanceOf(BodyError);
});
