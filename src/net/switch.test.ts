// Frames between machines: where they go once the switch has heard who is where.
import { expect, test } from 'vitest';
import { BROADCAST, makeFrame } from './ethernet.js';
import { Switch, type SwitchWatch } from './switch.js';

const station = (n: number): number => 0x020000000000 + n;

function ends(count: number, watch?: SwitchWatch) {
  const wire = new Switch(watch);
  const heard: number[][] = Array.from({ length: count }, () => []);
  const ports = heard.map((list) => wire.plug((frame) => void list.push(frame[14])));
  return { heard, ports };
}
const frame = (to: number, from: number, mark: number): Uint8Array => {
  const bytes = makeFrame(to, from, 0x88b5, 46);
  bytes[14] = mark;
  return bytes;
};

test('unknown destinations go everywhere but back, known ones to their port alone', () => {
  const { heard, ports } = ends(3);
  ports[0].send(frame(station(2), station(0), 1));
  expect(heard).toEqual([[], [1], [1]]);
  ports[2].send(frame(station(0), station(2), 2));
  expect(heard).toEqual([[2], [1], [1]]);
  ports[0].send(frame(station(2), station(0), 3));
  expect(heard).toEqual([[2], [1], [1, 3]]);
  ports[1].send(frame(BROADCAST, station(1), 4));
  expect(heard).toEqual([[2, 4], [1], [1, 3, 4]]);
});

test('a station that moves is found again; an unplugged one is forgotten', () => {
  const { heard, ports } = ends(3);
  ports[0].send(frame(BROADCAST, station(7), 1));
  ports[1].send(frame(BROADCAST, station(7), 2));
  ports[2].send(frame(station(7), station(9), 3));
  expect(heard[0]).toEqual([2]);
  expect(heard[1]).toEqual([1, 3]);
  ports[1].unplug();
  ports[2].send(frame(station(7), station(9), 4));
  expect(heard[0]).toEqual([2, 4]);
  expect(heard[1]).toEqual([1, 3]);
});

test('a flood of addresses leaves the switch small and working', () => {
  const { heard, ports } = ends(2);
  for (let n = 0; n < 20_000; n++) ports[0].send(frame(station(1), station(100 + n), 0));
  heard[1].length = 0;
  ports[1].send(frame(BROADCAST, station(1), 5));
  ports[0].send(frame(station(1), station(2), 6));
  expect(heard).toEqual([[5], [6]]);
});

test('frames that are none are dropped', () => {
  const { heard, ports } = ends(2);
  ports[0].send(new Uint8Array(13));
  ports[0].send(new Uint8Array(70_000));
  expect(heard).toEqual([[], []]);
});

test('tells of a station at two ports, and of those that go with their port', () => {
  const told: string[] = [];
  const name = (n: number): number => n - station(0);
  const { heard, ports } = ends(3, {
    moved: (one) => void told.push(`moved ${name(one)}`),
    gone: (one) => void told.push(`gone ${name(one)}`),
  });
  ports[0].send(frame(BROADCAST, station(7), 1));
  ports[0].send(frame(BROADCAST, station(8), 1));
  ports[1].send(frame(BROADCAST, station(7), 2));
  expect(told).toEqual(['moved 7']);
  ports[0].unplug();
  expect(told).toEqual(['moved 7', 'gone 8']);
  // what is still on its way out of an unplugged cable goes nowhere and teaches nothing
  heard[2].length = 0;
  ports[0].send(frame(BROADCAST, station(8), 3));
  ports[2].send(frame(station(8), station(9), 4));
  expect([heard[1].at(-1), heard[2]]).toEqual([4, []]);
});
