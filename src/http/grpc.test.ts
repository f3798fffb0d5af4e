// gRPC's frames as they come in pieces, and the status behind them. grpc.github.io/grpc/core/md_doc__p_r_o_t_o_c_o_l-_h_t_t_p2.html.
import { expect, test } from 'vitest';
import { ask, askOnce, frame, messagesIn, type Method, RpcError, serveCall } from './grpc.js';
import type { Headers, Http2Client, ServedStream } from './http2.js';

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
const collect = async (messages: AsyncIterable<Uint8Array>): Promise<number[][]> => {
  const found: number[][] = [];
  for await (const message of messages) found.push([...message]);
  return found;
};
const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);

test('messages are whole, wherever they were cut', async () => {
  const sent = [...frame(bytes(1, 2, 3)), ...frame(bytes()), ...frame(bytes(4))];
  for (let cut = 0; cut <= sent.length; cut++) {
    const found = await collect(messagesIn(pieces(bytes(...sent.slice(0, cut)), bytes(...sent.slice(cut)))));
    expect(found).toEqual([[1, 2, 3], [], [4]]);
  }
});

test.each([
  ['one that is compressed', bytes(1, 0, 0, 0, 0), 12],
  ['one that is too long', bytes(0, 0xff, 0xff, 0xff, 0xff), 3],
  ['one without an end', bytes(0, 0, 0, 0, 2, 1), 3],
])('%s is refused', async (_what, sent, code) => {
  await expect(collect(messagesIn(pieces(sent)))).rejects.toMatchObject({ code });
});

async function served(
  path: string,
  method: Method,
): Promise<{ out: number[][]; headers?: Headers; trailers?: Headers }> {
  const result: { out: number[][]; headers?: Headers; trailers?: Headers } = { out: [] };
  const stream: ServedStream = {
    ...{ path, headers: new Map(), incoming: pieces(frame(bytes(9))), closed: false, onClose: () => {} },
    respond(headers) {
      result.headers = headers;
    },
    end(trailers) {
      result.trailers = trailers;
    },
    async write(data) {
      result.out.push([...data]);
      return true;
    },
  };
  await serveCall(stream, new Map([['/a/B', method]]), (error) =>
    error instanceof RpcError ? error : new RpcError(2, (error as Error).message),
  );
  return result;
}

test('a call is answered with its messages and a status', async () => {
  const echo: Method = async (call) => {
    for await (const message of call.messages) await call.send(message);
  };
  const all = await served('/a/B', echo);
  expect(all).toEqual({
    ...{ out: [[0, 0, 0, 0, 1, 9]], headers: { 'content-type': 'application/grpc' }, trailers: { 'grpc-status': '0' } },
  });
  expect((await served('/a/C', echo)).trailers).toEqual({
    ...{ 'grpc-status': '12', 'grpc-message': 'unknown method /a/C' },
  });
  const failing: Method = async () => {
    throw new RpcError(5, 'nön\n100%', bytes(8, 5));
  };
  expect((await served('/a/B', failing)).trailers).toEqual({
    ...{ 'grpc-status': '5', 'grpc-message': 'n%C3%B6n%0A100%25', 'grpc-status-details-bin': 'CAU' },
  });
});

function client(trailers: Record<string, string>, ...incoming: Uint8Array[]): Http2Client {
  return {
    ...{ closed: false, onClose: () => {}, close: () => {} },
    request: () => ({
      ...{ incoming: pieces(...incoming), end: () => {}, cancel: () => {}, closed: false, onClose: () => {} },
      ...{ trailers: new Map(Object.entries(trailers)), write: async () => true },
    }),
  };
}

test('the other side’s status is the end of a call', async () => {
  expect([...(await askOnce(client({ 'grpc-status': '0' }, frame(bytes(1))), '/x', bytes()))]).toEqual([1]);
  await expect(askOnce(client({ 'grpc-status': '0' }), '/x', bytes())).rejects.toThrow('no answer');
  const failed = { 'grpc-status': '5', 'grpc-message': 'n%C3%B6n' };
  await expect(collect(ask(client(failed), '/x').messages)).rejects.toMatchObject({ code: 5, message: 'nön' });
  await expect(collect(ask(client({}), '/x').messages)).rejects.toMatchObject({ code: 2 });
});
