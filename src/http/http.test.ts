// Routes and targets of requests. RFC 9110; RFC 3986 2.1.
import { expect, test } from 'vitest';
import { readJson } from './body.js';
import { localOnly } from './local-only.js';
import { parseTarget } from './message.js';
import { Router } from './router.js';

const nobody = async () => ({ status: 200 });

test('a route is found by method and path, with its named parts', () => {
  const router = new Router();
  router.add('GET', '/containers/{name}/json', nobody);
  router.add('GET', '/images/{name...}/json', nobody);
  expect(router.find('GET', '/containers/a%20b/json')).toMatchObject({ parameters: { name: 'a b' } });
  expect(router.find('GET', '/images/registry:5000/a/b/json')).toMatchObject({
    parameters: { name: 'registry:5000/a/b' },
  });
  expect(router.find('POST', '/containers/a/json')).toBe('wrong method');
  expect(router.find('GET', '/containers/a/b/json')).toBeUndefined();
  expect(router.find('GET', '/containers/%zz/json')).toBeUndefined();
});

test('a target has a path, and a query whose escapes are undone', () => {
  const { path, query, queryAll } = parseTarget('/a?b=1%202&c&d=x+y&d=%zz?');
  expect(path).toBe('/a');
  expect([...query]).toEqual([
    ['b', '1 2'],
    ['c', ''],
    ['d', '%zz?'],
  ]);
  expect(queryAll).toHaveLength(4);
});

function request(...pieces: (string | Uint8Array)[]) {
  const body = (async function* () {
    for (const piece of pieces) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
  })();
  return { method: 'POST', ...parseTarget('/'), headers: new Map(), body };
}

test('a body is JSON, nothing, or refused', async () => {
  expect(await readJson(request('{"a":', '[1]}'))).toEqual({ a: [1] });
  expect(await readJson(request())).toBeUndefined();
  await expect(readJson(request('{'))).rejects.toThrow('no JSON');
  await expect(readJson(request(Uint8Array.of(0xff)))).rejects.toThrow('no UTF-8');
  await expect(readJson(request(new Uint8Array(5 << 20)))).rejects.toThrow('longer than');
});

test.each([
  [{ host: '127.0.0.1:2375' }, 200],
  [{ host: 'localhost' }, 200],
  [{ host: '[::1]:80' }, 200],
  [{}, 403],
  [{ host: '127.evil.com' }, 403],
  [{ host: '127.0.0.1.evil.com:2375' }, 403],
  [{ host: 'localhost.evil.com' }, 403],
  [{ host: '10.0.0.1' }, 403],
  [{ host: 'localhost', origin: 'http://localhost:5173' }, 403],
  [{ host: 'localhost', origin: 'null' }, 403],
  [{ host: 'localhost', 'sec-fetch-site': 'cross-site' }, 403],
])('on loopback alone: %j is answered with %i', async (headers, status) => {
  const asked = { ...request(), headers: new Map(Object.entries(headers)) };
  expect(await localOnly(nobody)(asked)).toMatchObject({ status });
});
