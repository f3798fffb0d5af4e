// Answers of servers of every kind, whole and byte by byte; what is no answer, has no end or lies about its length is refused. RFC 9112.
import { createServer, type RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { Http1Error, readAnswer, requestHead } from './http1.js';

async function* pieces(text: string, size = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function whole(from: AsyncIterator<Uint8Array>, method = 'GET') {
  const { status, reason, headers, body } = await readAnswer(from, method);
  const all: Uint8Array[] = [];
  for await (const piece of body) all.push(piece);
  return { status, reason, headers: Object.fromEntries(headers), body: Buffer.concat(all).toString('latin1') };
}

test.each([
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloand more', 'hello'],
  ['no length', 'HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello', 'hello'],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: t\r\n\r\n',
    'hello',
  ],
  ['lines without CR, nothing behind the status', 'HTTP/1.1 200\nContent-Length: 5\n\nhello', 'hello'],
  [
    'what goes before',
    'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello',
    'hello',
  ],
  [
    'chunks and a length, of which the first counts',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'hello',
  ],
  ['nothing', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello', ''],
])('%s', async (_name, text, body) => {
  expect((await whole(pieces(text))).body).toBe(body);
  expect((await whole(pieces(text, 1))).body).toBe(body);
});

test('names in lower case, values joined, the status with its words; HEAD has no body', async () => {
  const text = 'HTTP/1.1 404 Not Found here\r\nA-B:  c \r\na-b:d\r\nContent-Length: 9\r\n\r\n';
  const found = await whole(pieces(text), 'HEAD');
  expect(found).toEqual({
    status: 404,
    reason: 'Not Found here',
    headers: { 'a-b': 'c, d', 'content-length': '9' },
    body: '',
  });
});

const OK = 'HTTP/1.1 200 OK\r\n';
test.each([
  ['another protocol', 'SSH-2.0-dropbear\r\n'],
  ['a status that is none', 'HTTP/1.1 999 No\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching\r\n\r\n'],
  ['nothing but what goes before', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)],
  ['a line without an end', OK + 'a'.repeat(1 << 17)],
  ['headers without an end', OK + 'A: b\r\n'.repeat(1 << 14)],
  ['a folded header', `${OK}A: b\r\n c: d\r\n\r\n`],
  ['a length that is none', `${OK}Content-Length: -1\r\n\r\n`],
  ['two lengths', `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
  ['a shorter body', `${OK}Content-Length: 9\r\n\r\nhello`],
  ['another coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`],
  ['a chunk of no size', `${OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
  ['a chunk that is longer', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`],
  ['chunks without an end', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`],
  ['an end in the head', `${OK}A: b`],
])('%s is refused', async (_name, text) => {
  await expect(whole(pieces(text))).rejects.toBeInstanceOf(Http1Error);
});

test('whatever comes, nothing but Http1Error is thrown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 60 }), fc.integer({ min: 1, max: 50 }), async (text, size) => {
      await whole(pieces(`${OK}Transfer-Encoding: chunked\r\n${text}`, size)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Http1Error);
      });
    }),
    { numRuns: 200 },
  );
});

test("Node's server is asked and understood", async () => {
  const answer: RequestListener = (request, response) => {
    response.setHeader('Seen', `${request.method} ${request.url} ${request.headers['x-own']}`);
    request.pipe(response);
  };
  const server = createServer(answer);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const head = [
    ['host', 'localhost'],
    ['x-own', 'yes'],
    ['connection', 'close'],
    ['content-length', '5'],
  ] as const;
  socket.write(`${requestHead('POST', '/a?b', head)}hello`);
  const { headers, body } = await whole(socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>);
  expect([headers.seen, body]).toEqual(['POST /a?b yes', 'hello']);
});
