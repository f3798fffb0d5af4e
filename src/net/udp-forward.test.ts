// Forwarded UDP ports: each sender has a port of the gateway's, to which answers go; flows are bounded and forgotten.
import { beforeEach, expect, test } from 'vitest';
import { BenchTimers } from '../../test/bench-timers.js';
import type { Address } from './address.js';
import { parseUdp } from './udp.js';
import type { Packet } from './packet.js';
import { UdpForwards } from './udp-forward.js';

const [GUEST, GATEWAY, PEER] = [0x0a00020f, 0x0a000202, 0x7f000001];
let forwards: UdpForwards;
let toGuest: { port: number; text: string }[];
let toPeers: { address: Address; port: number; text: string }[];
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (data: Uint8Array): string => String.fromCharCode(...data);
const socket = () => ({
  send: (address: Address, port: number, data: Uint8Array) => void toPeers.push({ address, port, text: text(data) }),
  close() {},
});

beforeEach(() => {
  [toGuest, toPeers] = [[], []];
  forwards = new UdpForwards({
    timers: new BenchTimers(),
    gatewayOf: () => GATEWAY,
    send: (source, destination, protocol, payload) => {
      const datagram = parseUdp({ source, destination, protocol, payload } as Packet)!;
      toGuest.push({ port: datagram.sourcePort, text: text(datagram.data) });
    },
  });
});

const answer = (destinationPort: number, data: string, sourcePort = 53): boolean =>
  forwards.answer({ source: GUEST, destination: GATEWAY } as Packet, {
    sourcePort,
    destinationPort,
    data: bytes(data),
  });

test('two senders are told apart, and each gets its answer', () => {
  const port = forwards.open(GUEST, 53, socket());
  port.received(PEER, 1000, bytes('one'));
  port.received(PEER, 2000, bytes('two'));
  port.received(PEER, 1000, bytes('again'));
  const [one, two, again] = toGuest;
  expect(again!.port).toBe(one!.port);
  expect(two!.port).not.toBe(one!.port);
  expect(answer(two!.port, 'for two')).toBe(true);
  expect(toPeers).toEqual([{ address: PEER, port: 2000, text: 'for two' }]);
  // what comes from another port of the guest is no answer
  expect(answer(one!.port, 'other', 54)).toBe(false);
  port.close();
  expect(answer(one!.port, 'late')).toBe(false);
});

test('flows are bounded: the longest unused goes', () => {
  const port = forwards.open(GUEST, 53, socket());
  for (let i = 1; i <= 1025; i++) port.received(PEER, i, bytes('x'));
  expect(answer(toGuest[0]!.port, 'first')).toBe(false);
  expect(answer(toGuest[1024]!.port, 'last')).toBe(true);
});
