// Flows are bounded: in all, and of each sender; those that nobody has answered go first.
import { expect, test } from 'vitest';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { Timers } from '../../task/timers.js';
import type { Packet } from '../packet.js';
import { FlowTable } from './flow-table.js';
import { inverse, tupleOf } from './tuple.js';

function table(): { flows: FlowTable; timers: Timers; pass(seconds: number): void } {
  let time = 0;
  const timers = new Timers();
  const flows = new FlowTable({ now: () => time, kernel: { timers } } as unknown as NetNamespace);
  return {
    ...{ flows, timers },
    pass: (seconds) => {
      time += seconds * 1e9;
      timers.run(time);
    },
  };
}

const datagram = (source: number, sourcePort: number, destination = 9, destinationPort = 53): Packet => ({
  ...{ source, destination, protocol: IPPROTO_UDP, timeToLive: 64, service: 0, interface: 0 },
  datagram: { sourcePort, destinationPort, data: new Uint8Array(0) },
});
const segment = (source: number, destination: number, ports: [number, number], flags: number): Packet => ({
  ...{ source, destination, protocol: IPPROTO_TCP, timeToLive: 64, service: 0, interface: 0 },
  segment: {
    ...{ sourcePort: ports[0], destinationPort: ports[1], sequence: 0, acknowledgment: 0, flags, window: 0 },
    data: new Uint8Array(0),
  },
});
const begin = (flows: FlowTable, packet: Packet): boolean => flows.confirm(flows.of(packet)!.flow);

test('one sender has a quarter of the room, and its own oldest go', () => {
  const { flows } = table();
  for (let port = 0; port < 5000; port++) expect(begin(flows, datagram(1, port))).toBe(true);
  expect(flows.size).toBe(4096);
  expect(flows.of(datagram(1, 0))!.flow.confirmed).toBe(false);
  expect(flows.of(datagram(1, 4999))!.flow.confirmed).toBe(true);
  expect(begin(flows, datagram(2, 1))).toBe(true);
});

test('what has been answered stays', () => {
  const { flows } = table();
  for (let port = 0; port < 4096; port++) {
    begin(flows, datagram(1, port));
    expect(flows.of(datagram(9, 53, 1, port))!.reply).toBe(true);
  }
  expect(begin(flows, datagram(1, 5000))).toBe(false);
});

test('a connection is followed to its end, and forgotten', () => {
  const { flows, timers, pass } = table();
  const [SYN, ACK, FIN, RST] = [2, 16, 1, 4];
  const there = (flags: number) => flows.of(segment(1, 2, [1000, 80], flags));
  const back = (flags: number) => flows.of(segment(2, 1, [80, 1000], flags));
  expect(there(ACK)).toBeUndefined();
  expect(there(RST)).toBeUndefined();
  flows.confirm(there(SYN)!.flow);
  expect(back(SYN | ACK)!.reply).toBe(true);
  there(ACK);
  pass(86_400);
  expect(back(ACK)!.flow.isAssured).toBe(true);
  there(FIN | ACK);
  back(FIN | ACK);
  there(ACK);
  expect(back(ACK)!.flow.isOver).toBe(true);
  // another one has its place at once
  expect(there(SYN)!.flow.confirmed).toBe(false);
  expect(flows.size).toBe(0);
  flows.confirm(there(SYN)!.flow);
  pass(131);
  expect(flows.size).toBe(0);
  expect(timers.next).toBe(Number.POSITIVE_INFINITY);
});

test('the answer of an answer is what was asked', () => {
  for (const packet of [datagram(1, 2), segment(3, 4, [5, 6], 2)]) {
    const tuple = tupleOf(packet)!;
    expect(inverse(inverse(tuple))).toEqual(tuple);
  }
  expect(tupleOf({ ...datagram(1, 2), datagram: undefined, payload: new Uint8Array(7) })).toBeUndefined();
});
