// Several who are attached to one process: each at its own speed, what waits there once. Ours.
import { expect, test } from 'vitest';
import { ProcessStreams } from './streams.js';

function attachment(streams: ProcessStreams) {
  const got: number[] = [];
  let asked = 0;
  let settle = (_stays: boolean): void => {};
  let ended = false;
  const detach = streams.attach({
    output(_stream, bytes) {
      asked++;
      got.push(bytes[0]!);
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
    ended: () => {
      ended = true;
    },
  });
  const take = async (stays = true): Promise<void> => {
    settle(stays);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { got, take, detach, asked: () => asked, ended: () => ended };
}

const bytes = (value: number): Uint8Array => Uint8Array.of(value);

test('who does not take a piece is not asked to take more, and others go on', async () => {
  const streams = new ProcessStreams();
  const [slow, quick] = [attachment(streams), attachment(streams)];
  let taken = 0;
  for (let i = 0; i < 100; i++) void streams.output(1, bytes(i)).then(() => taken++);
  for (let i = 0; i < 100; i++) await quick.take();
  expect(quick.got).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(slow.asked()).toBe(1);
  expect(taken).toBe(0);
  await slow.take();
  expect([slow.got, taken]).toEqual([[0, 1], 1]);
  // what came before it is not its own
  const late = attachment(streams);
  expect(late.asked()).toBe(0);
  slow.detach();
  await late.take();
  expect(taken).toBe(100);
  void streams.output(1, bytes(0)).then(() => taken++);
  await quick.take();
  await late.take(false);
  expect([taken, late.ended(), streams.count]).toEqual([101, true, 1]);
  void streams.output(1, bytes(0)).then(() => taken++);
  await quick.take();
  expect([taken, late.asked()]).toEqual([102, 1]);
});

test('the end comes behind all output, to each when it has taken that; who goes keeps nobody', async () => {
  const streams = new ProcessStreams();
  const [slow, quick, leaves] = [attachment(streams), attachment(streams), attachment(streams)];
  let taken = 0;
  for (let i = 0; i < 2; i++) void streams.output(2, bytes(i)).then(() => taken++);
  streams.end();
  await leaves.take(false);
  expect([leaves.asked(), leaves.ended()]).toEqual([1, true]);
  for (let i = 0; i < 2; i++) await quick.take();
  expect([quick.ended(), slow.ended(), taken]).toEqual([true, false, 0]);
  for (let i = 0; i < 2; i++) await slow.take();
  expect([slow.got, slow.ended(), taken]).toEqual([[0, 1], true, 2]);
  const late = attachment(streams);
  expect(late.ended()).toBe(true);
});
