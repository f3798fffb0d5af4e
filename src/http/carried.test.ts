// HTTP by messages: answers, bodies with pressure, connections that leave HTTP, and ends of either side.
import { expect, test } from 'vitest';
import { readJson } from './body.js';
import { type FromServer, type Port, type ToServer, WINDOW } from './carried.js';
import { CarriedClient, linesOf, textOf } from './carried-client.js';
import { serveCarried } from './carried-server.js';
import type { Handler } from './message.js';

/** Two ends between which messages go one turn later, as clones. */
function pair(): [Port<ToServer, FromServer>, Port<FromServer, ToServer>] {
  let toServer: (message: ToServer) => void = () => {};
  let toClient: (message: FromServer) => void = () => {};
  return [
    {
      send: (message) => void Promise.resolve(structuredClone(message)).then((one) => toServer(one)),
      onMessage: (receive) => {
        toClient = receive;
      },
    },
    {
      send: (message) => void Promise.resolve(structuredClone(message)).then((one) => toClient(one)),
      onMessage: (receive) => {
        toServer = receive;
      },
    },
  ];
}

function client(handler: Handler): CarriedClient {
  const [near, far] = pair();
  const blob = async function* (body: object) {
    yield* body as Uint8Array[];
  };
  serveCarried(far, handler, blob, () => {});
  return new CarriedClient(near);
}

test('a request with a body is answered; what is wrong is said by status and message', async () => {
  const asked = client(async (request) => {
    if (request.path === '/wrong') return { status: 409, body: '{"message":"it is there"}' };
    return {
      status: 201,
      body: JSON.stringify({ path: request.path, q: request.query.get('q'), ...((await readJson(request)) as object) }),
    };
  });
  expect(await asked.json('POST', '/a?q=1%202', { x: 1 })).toEqual({ path: '/a', q: '1 2', x: 1 });
  expect(await asked.json('GET', '/b')).toEqual({ path: '/b', q: undefined });
  await expect(asked.json('GET', '/wrong')).rejects.toMatchObject({ status: 409, message: 'it is there' });
  await expect(asked.connect('/wrong')).rejects.toMatchObject({ status: 409 });
});

test('a body of pieces tells how much of it has been read', async () => {
  const asked = client(async ({ body }) => {
    let length = 0;
    for await (const piece of body) length += piece.length;
    return { status: 200, body: String(length) };
  });
  const read: number[] = [];
  const blob = [new Uint8Array(10), new Uint8Array(20)];
  const { body } = await asked.ask({ method: 'POST', target: '/', body: { blob }, progress: (n) => read.push(n) });
  expect(await textOf(body)).toBe('30');
  expect(read).toEqual([10, 30]);
});

test('who writes waits for who reads, and hears that nobody does any more', async () => {
  let written = 0;
  let ended: () => void = () => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const asked = client(async () => ({
    status: 200,
    async body(out) {
      while (await out.write(new Uint8Array(1 << 16).fill(10))) written += 1 << 16;
      ended();
    },
  }));
  const answer = await asked.ask({ method: 'GET', target: '/' });
  const reader = answer.body[Symbol.asyncIterator]();
  await reader.next();
  await reader.next();
  expect(written).toBeLessThanOrEqual(WINDOW + (2 << 16));
  answer.cancel();
  await end;
});

test('lines are objects, however they are cut', async () => {
  const text = '{"a":1}\n\n{"a":"ü"}\n{"a":3}';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size < bytes.length; size++) {
    const pieces = (async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })();
    const found: unknown[] = [];
    for await (const one of linesOf(pieces)) found.push(one);
    expect(found).toEqual([{ a: 1 }, { a: 'ü' }, { a: 3 }]);
  }
});

test('a connection that has left HTTP goes both ways, each with its end', async () => {
  const asked = client(async (request) => {
    const given = (await readJson(request)) as { greeting: string };
    return {
      async upgraded(stream) {
        await stream.write(new TextEncoder().encode(given.greeting));
        for await (const bytes of stream.incoming) await stream.write(bytes.map((byte) => byte + 1));
        stream.end();
      },
    };
  });
  const connection = await asked.connect('/', { greeting: 'hi ' });
  await connection.write(new TextEncoder().encode('HAL'));
  connection.end();
  expect(await textOf(connection.incoming)).toBe('hi IBM');
});

test('an end that is lost fails what waits for it, and what comes after', async () => {
  const asked = client(() => new Promise(() => {}));
  const waiting = asked.json('GET', '/');
  asked.lost(new Error('the worker has ended'));
  await expect(waiting).rejects.toThrow('the worker has ended');
  await expect(asked.json('GET', '/')).rejects.toThrow('the worker has ended');
});
