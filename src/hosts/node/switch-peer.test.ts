// A cable that is a socket: who sends garbage, stops in the middle or takes nothing is disconnected; queues stay small.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { makeFrame } from '../../net/ethernet.js';
import { FrameReader, framePrefix } from '../../net/frame-stream.js';
import { SwitchPeer } from './switch-peer.js';

/** Milliseconds. */
const PATIENCE = 50;

/** A peer under test, and the bare socket at the other end. */
async function ends(patience?: number) {
  const path = join(scratch(), 'peer.sock');
  const server = createServer();
  const accepted = once(server, 'connection');
  server.listen(path);
  await once(server, 'listening');
  const other = connect(path);
  const [socket] = (await accepted) as [Socket];
  const frames: Uint8Array[] = [];
  let frame = (): void => {};
  let end: (fault: string | undefined) => void = () => {};
  const closed = new Promise<string | undefined>((resolve) => {
    end = resolve;
  });
  const peer = new SwitchPeer(
    socket,
    {
      frame: (one) => {
        frames.push(one);
        frame();
      },
      closed: end,
    },
    patience,
  );
  onTestFinished(() => {
    other.destroy();
    socket.destroy();
    server.close();
  });
  const received = async (count: number): Promise<Uint8Array[]> => {
    while (frames.length < count) {
      await new Promise<void>((resolve) => {
        frame = resolve;
      });
    }
    return frames;
  };
  return { peer, socket, other, closed, received };
}
const framed = (frame: Uint8Array): Buffer => Buffer.concat([framePrefix(frame.length), frame]);
const frame = makeFrame(1, 2, 0x88b5, 200);

test('frames go both ways; what is no frame is not sent', async () => {
  const { peer, other, received, closed } = await ends();
  other.write(Buffer.concat([framed(frame), framed(frame)]));
  expect(await received(2)).toEqual([frame, frame]);
  peer.send(new Uint8Array(13));
  peer.send(new Uint8Array(70_000));
  peer.send(frame);
  const [bytes] = (await once(other, 'data')) as [Buffer];
  expect(bytes).toEqual(framed(frame));
  other.end();
  expect(await closed).toBeUndefined();
});

test.each([
  ['a length of 0', Buffer.from([0, 0, 0, 0])],
  ['a length of 4 GiB', Buffer.from([255, 255, 255, 255])],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
])('%s: disconnected, and what came before is delivered', async (_, garbage) => {
  const { other, received, closed } = await ends();
  other.write(Buffer.concat([framed(frame), garbage, framed(frame)]));
  expect(await closed).toMatch(/announced a frame of \d+ bytes, frames have 14 to 65536/);
  expect(await received(1)).toEqual([frame]);
});

test('a frame that is never finished: disconnected', async () => {
  const { other, closed } = await ends(PATIENCE);
  other.write(framed(frame).subarray(0, 50));
  expect(await closed).toBe('it left a frame unfinished for 0.05 seconds');
});

test('a connection that breaks in the middle of a frame has just gone', async () => {
  const { other, closed, received } = await ends(PATIENCE);
  other.end(Buffer.concat([framed(frame), framed(frame).subarray(0, 50)]));
  expect(await closed).toBeUndefined();
  expect(await received(1)).toEqual([frame]);
});

test('a peer that takes nothing: frames are dropped, the queue is bounded, at last it is disconnected', async () => {
  const { peer, socket, other, closed } = await ends(PATIENCE);
  other.pause();
  const large = makeFrame(1, 2, 0x88b5, 60_000);
  let most = 0;
  for (let n = 0; n < 1000; n++) {
    peer.send(large);
    most = Math.max(most, socket.writableLength);
  }
  expect(most).toBeGreaterThan(1024 * 1024);
  expect(most).toBeLessThan(1024 * 1024 + 70_000);
  expect(await closed).toBe('it took nothing for 0.05 seconds');
  // and nothing more is queued for it
  peer.send(large);
  expect(socket.destroyed).toBe(true);
});

test('a peer that takes its time keeps its connection, and gets whole frames', async () => {
  const { peer, other, socket } = await ends();
  other.pause();
  const large = makeFrame(1, 2, 0x88b5, 60_000);
  for (let n = 0; n < 100; n++) peer.send(large);
  const reader = new FrameReader();
  const drained = once(socket, 'drain');
  let whole = true;
  const compare = (one: Uint8Array): void => {
    whole &&= Buffer.compare(one, large) === 0;
  };
  other.on('data', (bytes) => {
    whole &&= reader.read(bytes, compare) === undefined;
  });
  other.resume();
  await drained;
  expect(reader.frames).toBeGreaterThan(10);
  expect(whole).toBe(true);
  peer.send(frame);
  expect(socket.destroyed).toBe(false);
});
