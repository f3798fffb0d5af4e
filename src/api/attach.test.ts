// What a connection of attach begins and ends with. Docker Engine API, ContainerAttach.
import { expect, test } from 'vitest';
import { ProcessStreams } from '../engine/streams.js';
import type { ByteStream } from '../http/message.js';
import { type Attachable, type Beginning, attached } from './attach.js';

function attaching(beginning: Beginning) {
  let said = '';
  let ended = false;
  const connection: ByteStream = {
    incoming: (async function* () {})(),
    closed: false,
    onClose: () => {},
    write: async (bytes) => {
      said += new TextDecoder().decode(bytes);
      return true;
    },
    end: () => {
      ended = true;
    },
  };
  const streams = new ProcessStreams();
  const to: Attachable = {
    ...{ tty: true, streams, running: Promise.resolve(), endsWithClient: false },
    input: async () => {},
    endInput: () => {},
  };
  const over = attached(to, { stdin: false, stdout: true, stderr: true }, beginning).upgraded(connection);
  return { streams, over, said: () => said, ended: () => ended };
}

async function* before() {
  yield [{ stream: 1 as const, bytes: new TextEncoder().encode('before ') }];
}

test('who wants no stream has what was there, and the end of it, while the process goes on', async () => {
  const { over, said, ended, streams } = attaching({ before, only: true });
  await over;
  expect([said(), ended(), streams.count]).toEqual(['before ', true, 0]);
});

test('who wants the stream has it behind that, to the end of the process', async () => {
  const { over, said, ended, streams } = attaching({ before });
  expect(streams.count).toBe(1);
  await streams.output(1, new TextEncoder().encode('behind'));
  expect(ended()).toBe(false);
  streams.end();
  await over;
  expect([said(), ended()]).toEqual(['before behind', true]);
});
