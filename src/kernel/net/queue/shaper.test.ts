// A rate that is to hold: two connections' ends, each sending all it can through a shaper of its own, in virtual time.
import { expect, test } from 'vitest';
import { Connection, type ConnectionEvents } from '../../../net/tcp/connection.js';
import { FLAG, makeSegment, parseSegment, type Segment } from '../../../net/tcp/segment.js';
import { Timers } from '../../task/timers.js';
import { burstOf, Shaper } from './shaper.js';

const ADDRESSES = [0x0a000001, 0x0a000002] as const;
const TCP = 6;
const SECONDS = 5;

/** Bytes of payload that each side has had in five seconds behind the first one. */
function exchange(rate: number, burst: number): number[] {
  let time = 0;
  const timers = new Timers();
  const clock = { monotonic: () => time, now: () => time };
  const got = [0, 0];
  const ends: Connection[] = [];
  // an end never hears within its own call
  const arrived: { to: number; frame: Uint8Array }[] = [];
  const shapers = [0, 1].map(
    (to) => new Shaper(timers, clock, { rate, burst }, (frame) => arrived.push({ to, frame })),
  );
  const deliver = (): void => {
    for (let next = arrived.shift(); next; next = arrived.shift()) {
      const { to, frame } = next;
      const [source, destination] = [ADDRESSES[1 - to]!, ADDRESSES[to]!];
      const segment = parseSegment({ source, destination, protocol: TCP, payload: frame.subarray(34) })!;
      if ((segment.flags & FLAG.SYN) !== 0 && !ends[to]) {
        ends[to] = connect(to, segment);
        ends[to].open();
      } else ends[to]!.receive(segment);
    }
  };
  const connect = (side: number, syn?: Segment): Connection => {
    const fill = (): void => {
      while (ends[side] && ends[side].write(new Uint8Array(65_536)) > 0);
    };
    const events: ConnectionEvents = {
      segment: (sent) => {
        const segment = { ...sent, sourcePort: 1, destinationPort: 1 };
        const bytes = makeSegment(ADDRESSES[side]!, ADDRESSES[1 - side]!, segment);
        const frame = new Uint8Array(34 + bytes.length);
        frame.set(bytes, 34);
        shapers[1 - side]!.send(frame);
      },
      established: fill,
      data: (bytes) => {
        if (time > 1e9) got[side]! += bytes.length;
        ends[side]!.release(bytes.length);
      },
      end: () => {},
      drain: fill,
      closed: (why) => {
        throw new Error(why);
      },
    };
    return new Connection(clock, events, 7, { segmentSize: 1460 }, syn);
  };
  ends[0] = connect(0);
  ends[0].open();
  deliver();
  while (time < (SECONDS + 1) * 1e9) {
    time = Math.min(timers.next, ...ends.map((end) => end.deadline));
    timers.run(time);
    for (const end of ends) if (end.deadline <= time) end.tick();
    deliver();
  }
  return got;
}

test.for([1e6, 20e6])('%d bits a second hold within 10 %', (bits) => {
  const rate = bits / 8;
  for (const bytes of exchange(rate, burstOf(rate))) {
    expect(bytes / SECONDS).toBeGreaterThan(0.9 * rate);
    expect(bytes / SECONDS).toBeLessThan(1.1 * rate);
  }
});

test('the burst goes at once, and what the queue does not hold is lost', () => {
  let time = 0;
  const timers = new Timers();
  const came: number[] = [];
  const shaper = new Shaper(timers, { monotonic: () => time }, { rate: 10_000, burst: 5000 }, () => came.push(time));
  for (let i = 0; i < 1000; i++) shaper.send(new Uint8Array(1000));
  expect(came).toEqual([0, 0, 0, 0, 0]);
  while (timers.next < Number.POSITIVE_INFINITY) {
    time = timers.next;
    timers.run(time);
  }
  // 128 KiB have waited, a tenth of a second each
  expect(came.length).toBe(5 + 131);
  expect(came.at(-1)).toBe(131 * 1e8);
});
