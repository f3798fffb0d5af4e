// Two connections on a wire that loses, repeats, reorders and delays: what goes in at one end comes out at the other.
import { describe, expect, test } from 'vitest';
import { BenchTimers } from '../../../test/bench-timers.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { FLAG, type Segment } from './segment.js';

const MS = 1e6;

/** Numbers of a linear congruential generator: the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Wire {
  loss: number;
  repeat: number;
  /** Milliseconds at most; different delays reorder. */
  delay: number;
}

class End {
  received: number[] = [];
  log: string[] = [];
  connection!: Connection;
  pending: Uint8Array = new Uint8Array(0);
  holding = false;
  held = 0;

  readonly events = (send: (segment: Segment) => void): ConnectionEvents => ({
    segment: (segment) => send({ ...segment, data: segment.data.slice(), sourcePort: 1, destinationPort: 2 }),
    established: () => void this.log.push('established'),
    data: (bytes) => {
      for (const byte of bytes) this.received.push(byte);
      if (this.holding) this.held += bytes.length;
      else this.connection.release(bytes.length);
    },
    end: () => void this.log.push('end'),
    drain: () => this.feed(),
    closed: (why) => void this.log.push(why === 'ended' ? 'closed' : 'reset'),
  });

  feed(): void {
    const taken = this.connection.write(this.pending);
    this.pending = this.pending.subarray(taken);
  }
}

function pair(seed: number, wire: Wire, initial: [number, number] = [1000, 5000]) {
  const random = numbers(seed);
  const timers = new BenchTimers();
  const a = new End();
  const b = new End();
  const flying: { at: number; to: End; segment: Segment }[] = [];
  let sent = 0;
  const launch =
    (to: End) =>
    (segment: Segment): void => {
      sent++;
      if (random() < wire.loss) return;
      const copies = random() < wire.repeat ? 2 : 1;
      for (let i = 0; i < copies; i++) flying.push({ at: timers.now() + random() * wire.delay * MS, to, segment });
    };
  a.connection = new Connection(timers, a.events(launch(b)), initial[0], { segmentSize: 1460 });
  const arrive = (to: End, segment: Segment): void => {
    if (to === b && !b.connection) {
      if (!(segment.flags & FLAG.SYN)) return;
      b.connection = new Connection(timers, b.events(launch(a)), initial[1], { segmentSize: 1460 }, segment);
      b.connection.open();
    } else to.connection.receive(segment);
  };
  /** Until nothing flies and no deadline is near, or `done`. */
  const run = (done: () => boolean, steps = 200_000): void => {
    for (let i = 0; i < steps && !done(); i++) {
      flying.sort((x, y) => x.at - y.at);
      const deadline = Math.min(a.connection.deadline, b.connection?.deadline ?? Number.POSITIVE_INFINITY);
      const next = flying[0];
      if (next && next.at <= deadline) {
        flying.shift();
        timers.time = Math.max(timers.time, next.at);
        arrive(next.to, next.segment);
      } else if (deadline < Number.POSITIVE_INFINITY) {
        timers.time = Math.max(timers.time, deadline);
        for (const end of [a, b]) if (end.connection && end.connection.deadline <= timers.now()) end.connection.tick();
      } else return;
    }
  };
  return { a, b, timers, run, launch, arrive, sent: () => sent };
}

const bytes = (length: number, salt: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761 + salt) >>> 24) & 0xff);

const same = (received: number[], expected: Uint8Array): boolean =>
  Buffer.compare(Buffer.from(received), Buffer.from(expected)) === 0;

describe.each([
  ['a good wire', { loss: 0, repeat: 0, delay: 0.1 }],
  ['a wire that loses', { loss: 0.05, repeat: 0, delay: 0.1 }],
  ['a wire that repeats and reorders', { loss: 0, repeat: 0.1, delay: 20 }],
  ['a bad wire', { loss: 0.15, repeat: 0.1, delay: 10 }],
] as const)('%s', (_name, wire) => {
  test.each([1, 2, 3])('streams both ways and ends cleanly, seed %i', (seed) => {
    const { a, b, run } = pair(seed, wire, [0xffff_ff00, 0x7fff_ffff]);
    const up = bytes(700_001, seed);
    const down = bytes(300_003, seed + 10);
    a.pending = up;
    b.pending = down;
    a.connection.open();
    run(() => a.log.includes('established') && b.log.includes('established'));
    a.feed();
    b.feed();
    run(() => a.received.length >= down.length && b.received.length >= up.length);
    expect(same(b.received, up)).toBe(true);
    expect(same(a.received, down)).toBe(true);
    a.connection.end();
    run(() => b.log.includes('end'));
    // the other half goes on
    b.connection.write(Uint8Array.of(7, 7, 7));
    b.connection.end();
    run(() => a.connection.state === 'closed' && b.connection.state === 'closed');
    expect(a.received.slice(-3)).toEqual([7, 7, 7]);
    expect(a.log).toEqual(['established', 'end', 'closed']);
    expect(b.log).toEqual(['established', 'end', 'closed']);
  });
});

test('a receiver that takes nothing stops the sender, and starts it again', () => {
  const { a, b, run } = pair(4, { loss: 0, repeat: 0, delay: 0.1 });
  a.connection.open();
  run(() => b.log.includes('established') && a.log.includes('established'));
  b.holding = true;
  const all = bytes(1_000_000, 1);
  a.pending = all;
  a.feed();
  run(() => false, 5_000);
  expect(b.received.length).toBeLessThanOrEqual(256 * 1024);
  expect(b.received.length).toBeGreaterThan(200 * 1024);
  b.holding = false;
  b.connection.release(b.held);
  run(() => b.received.length === all.length);
  expect(same(b.received, all)).toBe(true);
});

test('a closed window whose opening is lost is probed', () => {
  const wire = { loss: 0, repeat: 0, delay: 0.1 };
  const { a, b, run } = pair(5, wire);
  a.connection.open();
  run(() => a.log.includes('established') && b.log.includes('established'));
  b.holding = true;
  a.pending = bytes(600_000, 2);
  a.feed();
  run(() => false, 3_000);
  wire.loss = 1;
  b.holding = false;
  b.connection.release(b.held);
  wire.loss = 0;
  run(() => b.received.length === 600_000);
  expect(b.received.length).toBe(600_000);
});

test('nobody answers: it is given up', () => {
  const { a, run } = pair(6, { loss: 1, repeat: 0, delay: 0 });
  a.connection.open();
  run(() => a.connection.state === 'closed');
  expect(a.log).toEqual(['reset']);
});

test('the wire is cut: the data is tried again, then it is given up', () => {
  const wire = { loss: 0, repeat: 0, delay: 0.1 };
  const { a, b, run, sent } = pair(7, wire);
  a.connection.open();
  run(() => a.log.includes('established') && b.log.includes('established'));
  wire.loss = 1;
  const before = sent();
  a.connection.write(Uint8Array.of(1));
  run(() => a.connection.state === 'closed');
  expect(a.log).toEqual(['established', 'reset']);
  expect(sent() - before).toBeGreaterThan(5);
  expect(sent() - before).toBeLessThan(20);
});

describe('resets', () => {
  const established = () => {
    const all = pair(8, { loss: 0, repeat: 0, delay: 0.1 });
    all.a.connection.open();
    all.run(() => all.a.log.includes('established') && all.b.log.includes('established'));
    return all;
  };
  const reset = (sequence: number): Segment => ({
    ...{ sourcePort: 1, destinationPort: 2, sequence, acknowledgment: 0, flags: FLAG.RST, window: 0 },
    data: new Uint8Array(0),
  });

  test('of the very next number end it', () => {
    const { b, arrive } = established();
    arrive(b, reset(1001));
    expect(b.log).toEqual(['established', 'reset']);
  });

  test('elsewhere in the window are challenged, and outside it ignored', () => {
    const { b, arrive, run } = established();
    arrive(b, reset(1500));
    arrive(b, reset(900));
    arrive(b, reset(2_000_000_000));
    run(() => false, 100);
    expect(b.connection.state).toBe('established');
  });

  test('of our own are heard', () => {
    const { a, b, run } = established();
    a.connection.abort();
    run(() => b.connection.state === 'closed');
    expect(b.log).toEqual(['established', 'reset']);
  });
});

test('both ends at once', () => {
  const { a, b, run } = pair(9, { loss: 0, repeat: 0, delay: 5 });
  a.connection.open();
  run(() => a.log.includes('established') && b.log.includes('established'));
  a.connection.end();
  b.connection.end();
  run(() => a.connection.state === 'closed' && b.connection.state === 'closed');
  expect(a.log).toEqual(['established', 'end', 'closed']);
  expect(b.log).toEqual(['established', 'end', 'closed']);
});
