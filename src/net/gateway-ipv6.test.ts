// A guest of bare IPv6 packets on the gateway's wire: it finds its router, makes itself an address, and goes out.
import { beforeEach, describe, expect, test } from 'vitest';
import { BenchTimers } from '../../test/bench-timers.js';
import { formatAddress, parseIpv6 } from './address.js';
import { put16, put32, put128, u16, u32, u128 } from './big-endian.js';
import { destinationOf, ETHERNET_HEADER, ETHERTYPE, etherTypeOf, makeFrame, putStation, sourceOf } from './ethernet.js';
import { Gateway } from './gateway.js';
import { echoReply, isSound, seal } from './ipv6/icmpv6.js';
import { ALL_NODES, ALL_ROUTERS, solicitedNode } from './ipv6/neighbour-discovery.js';
import { type Ipv6Packet, makeIpv6, parseIpv6 as parsePacket } from './ipv6/packet.js';
import { PROTOCOL } from './packet.js';
import { parseAllowed } from './policy.js';
import { GATEWAY_6, GATEWAY_STATION, NAME_SERVER_6, PREFIX, ROUTER } from './private-network.js';
import { Switch, type SwitchPort } from './switch.js';
import { Connection } from './tcp/connection.js';
import { FLAG, makeSegment, parseSegment, type Segment } from './tcp/segment.js';
import { FakeNetwork } from './test-network.js';
import { makeUdp, parseUdp } from './udp.js';

const STATION = 0x525400123456;
const address = (text: string): bigint => parseIpv6(text) as bigint;
const LOCAL = address('fe80::5054:ff:fe12:3456');
const GUEST = address('fd00::5054:ff:fe12:3456');
const WEB = address('2606:2800:220:1::1');
const SERVERS = address('ff02::1:2');

let timers: BenchTimers;
let network: FakeNetwork;
let gateway: Gateway;
let cable: SwitchPort;
let frames: Uint8Array[];
let onPacket: (packet: Ipv6Packet) => void;

beforeEach(() => {
  timers = new BenchTimers();
  network = new FakeNetwork();
  network.own = [address('2a01:4f8:1:2::3')];
  network.names = { 'example.org': [WEB, 0x5db8d822] };
  const wire = new Switch();
  frames = [];
  onPacket = () => {};
  let seed = 1;
  const allowed = ['[::1]:8000', '127.0.0.1:8000', '[fd12::]/16'].map((one) => parseAllowed(one));
  gateway = new Gateway(wire, { timers, network, allowed, random: () => (seed += 0x10000) });
  cable = wire.plug((frame) => {
    frames.push(frame);
    const packet = etherTypeOf(frame) === ETHERTYPE.IPV6 ? parsePacket(frame) : undefined;
    if (packet) onPacket(packet);
  });
});

const bytes = (from: string): Uint8Array => Uint8Array.from(from, (c) => c.charCodeAt(0));
const text = (from: Uint8Array): string => String.fromCharCode(...from);
const packets = (): Ipv6Packet[] =>
  frames.filter((frame) => etherTypeOf(frame) === ETHERTYPE.IPV6).map((frame) => parsePacket(frame)!);

function put(packet: Uint8Array, to = GATEWAY_STATION): void {
  const frame = makeFrame(to, STATION, ETHERTYPE.IPV6, packet.length);
  frame.set(packet, ETHERNET_HEADER);
  cable.send(frame);
}
const group = (destination: bigint): number => 0x3333_0000_0000 + Number(destination & 0xffffffffn);
function send(destination: bigint, protocol: number, payload: Uint8Array, source = GUEST, hopLimit = 64): void {
  const to = destination >> 120n === 0xffn ? group(destination) : GATEWAY_STATION;
  for (const packet of makeIpv6({ source, destination, protocol, hopLimit }, payload, 77)) put(packet, to);
}
const icmp = (destination: bigint, message: Uint8Array, source = GUEST, hopLimit = 64): void =>
  send(destination, PROTOCOL.ICMPV6, seal(source, destination, message), source, hopLimit);

/** A solicitation of a router or, with a target, of a neighbour, or an advertisement of one. */
function discovery(type: number, target?: bigint): Uint8Array {
  const message = new Uint8Array(target === undefined ? 16 : 32);
  message[0] = type;
  if (target !== undefined) put128(message, 8, target);
  message.set([type === 136 ? 2 : 1, 1], message.length - 8);
  putStation(message, message.length - 6, STATION);
  return message;
}
const echo = (): Uint8Array => Uint8Array.of(128, 0, 0, 0, 1, 2, 0, 3, 9, 9);

/** A TCP client in the guest. */
function client(destination: bigint, port: number, sourcePort = 40000) {
  const log: string[] = [];
  const connection: Connection = new Connection(
    timers,
    {
      segment: (segment) => {
        const whole = { ...segment, sourcePort, destinationPort: port };
        send(destination, PROTOCOL.TCP, makeSegment(GUEST, destination, whole));
      },
      established: () => void log.push('established'),
      data: (data) => {
        log.push(text(data));
        connection.release(data.length);
      },
      end: () => void log.push('end'),
      drain: () => {},
      closed: (why) => void log.push(why === 'ended' ? 'closed' : 'reset'),
    },
    1000,
    { segmentSize: 1440 },
  );
  onPacket = (packet) => {
    const segment = packet.protocol === PROTOCOL.TCP ? parseSegment(packet) : undefined;
    if (segment?.destinationPort === sourcePort) connection.receive(segment);
    else if (packet.protocol === PROTOCOL.ICMPV6) log.push(`icmp ${packet.payload[0]}/${packet.payload[1]}`);
  };
  connection.open();
  return { connection, log };
}

describe('neighbour discovery', () => {
  test('a host that looks for a router hears of prefix, router, name server and MTU', () => {
    icmp(ALL_ROUTERS, discovery(133), LOCAL, 255);
    const [packet] = packets();
    expect(packet).toMatchObject({ source: ROUTER, destination: LOCAL, hopLimit: 255 });
    expect(isSound(packet)).toBe(true);
    const { payload } = packet;
    expect(payload[0]).toBe(134);
    // other configuration, no addresses by DHCPv6
    expect(payload[5]).toBe(0x40);
    expect(u16(payload, 6)).toBe(65535);
    const options = new Map<number, Uint8Array>();
    for (let at = 16; at < payload.length; at += payload[at + 1] * 8)
      options.set(payload[at], payload.subarray(at, at + payload[at + 1] * 8));
    expect([...options.keys()]).toEqual([1, 5, 3, 25]);
    expect(u32(options.get(5)!, 4)).toBe(1500);
    expect([...options.get(3)!.subarray(2, 4)]).toEqual([64, 0xc0]);
    expect(u128(options.get(3)!, 16)).toBe(PREFIX);
    expect(u128(options.get(25)!, 8)).toBe(NAME_SERVER_6);
  });

  test('one that has no address yet is answered by a group', () => {
    icmp(ALL_ROUTERS, discovery(133).subarray(0, 8), 0n, 255);
    expect(packets()[0]).toMatchObject({ source: ROUTER, destination: ALL_NODES });
    expect(destinationOf(frames[0])).toBe(0x3333_0000_0001);
  });

  test('the router and the name server answer for their addresses, nobody else', () => {
    for (const target of [ROUTER, GATEWAY_6, NAME_SERVER_6, GUEST + 1n])
      icmp(solicitedNode(target), discovery(135, target), GUEST, 255);
    expect(packets().map(({ source, destination }) => [source, destination])).toEqual(
      [ROUTER, GATEWAY_6, NAME_SERVER_6].map((target) => [target, GUEST]),
    );
    expect(packets().map(({ payload }) => [payload[0], payload[4], u128(payload, 8)])).toEqual(
      [ROUTER, GATEWAY_6, NAME_SERVER_6].map((target) => [136, 0xe0, target]),
    );
    expect(frames.map(destinationOf)).toEqual([STATION, STATION, STATION]);
  });

  test('an address of ours that a host tries to take is defended before all', () => {
    icmp(solicitedNode(GATEWAY_6), discovery(135, GATEWAY_6).subarray(0, 24), 0n, 255);
    expect(packets()[0]).toMatchObject({ source: GATEWAY_6, destination: ALL_NODES });
    // not solicited
    expect(packets()[0].payload[4]).toBe(0xa0);
    icmp(solicitedNode(GUEST), discovery(135, GUEST).subarray(0, 24), 0n, 255);
    expect(frames.length).toBe(1);
  });

  test.each<[string, () => void]>([
    ['from beyond a router', () => icmp(ALL_ROUTERS, discovery(133), LOCAL, 254)],
    ['with a wrong checksum', () => send(ALL_ROUTERS, PROTOCOL.ICMPV6, discovery(133), LOCAL, 255)],
    ['with an option that has no length', () => icmp(ALL_ROUTERS, discovery(133).fill(0, 9), LOCAL, 255)],
    ['cut short', () => icmp(solicitedNode(GATEWAY_6), discovery(135, GATEWAY_6).subarray(0, 20), LOCAL, 255)],
    ['of another code', () => icmp(ALL_ROUTERS, discovery(133).fill(1, 1, 2), LOCAL, 255)],
    ['from a group', () => icmp(ALL_ROUTERS, discovery(133), ALL_NODES, 255)],
    [
      'in a fragment',
      () => {
        const message = seal(LOCAL, GATEWAY_6, discovery(135, GATEWAY_6));
        const header = { source: LOCAL, destination: GATEWAY_6, protocol: 44, hopLimit: 255 };
        put(makeIpv6(header, Uint8Array.of(58, 0, 0, 0, 0, 0, 0, 1, ...message), 0)[0]);
      },
    ],
    ['an advertisement of another router', () => icmp(ALL_NODES, discovery(134), LOCAL, 255)],
    ['a redirect', () => icmp(GATEWAY_6, discovery(137, GUEST), LOCAL, 255)],
  ])('%s: ignored', (_what, act) => {
    act();
    expect(frames).toEqual([]);
  });

  test('who talks after a long time is told of the router again, a silent network stays so', () => {
    timers.advance(3600e9);
    expect(frames).toEqual([]);
    icmp(GATEWAY_6, echo());
    expect(packets().map(({ payload }) => payload[0])).toEqual([134, 129]);
    icmp(GATEWAY_6, echo());
    expect(packets().map(({ payload }) => payload[0])).toEqual([134, 129, 129]);
  });
});

test('echo: the gateway answers, in fragments when it is long; the world does not', () => {
  icmp(GATEWAY_6, echo());
  expect(packets()[0]).toMatchObject({ source: GATEWAY_6, destination: GUEST });
  expect(isSound(packets()[0])).toBe(true);
  expect([...packets()[0].payload.subarray(4)]).toEqual([1, 2, 0, 3, 9, 9]);
  frames = [];
  icmp(ROUTER, echo(), LOCAL);
  expect(packets()[0]).toMatchObject({ source: ROUTER, destination: LOCAL });
  frames = [];
  icmp(GATEWAY_6, Uint8Array.of(...echo(), ...new Uint8Array(3000)));
  expect(packets().map(({ fragmentOffset, more }) => [fragmentOffset, more])).toEqual([
    [0, true],
    [1448, true],
    [2896, false],
  ]);
  frames = [];
  icmp(WEB, echo());
  expect([...packets()[0].payload.subarray(0, 2)]).toEqual([1, 1]);
  // it quotes what it is about
  expect(parsePacket(Uint8Array.of(...new Uint8Array(14), ...packets()[0].payload.subarray(8)))).toMatchObject({
    source: GUEST,
    destination: WEB,
  });
});

test('no error is about an error, a group or nobody', () => {
  icmp(WEB, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  send(
    address('ff0e::1'),
    PROTOCOL.UDP,
    makeUdp(GUEST, address('ff0e::1'), { sourcePort: 1, destinationPort: 2, data: bytes('x') }),
  );
  for (const source of [0n, LOCAL, WEB, address('ff02::1')]) icmp(WEB, echo(), source);
  expect(frames).toEqual([]);
});

describe('TCP', () => {
  test('out, both directions, to the end', () => {
    const { connection, log } = client(WEB, 80);
    const [host] = network.streams;
    expect(host).toMatchObject({ address: WEB, port: 80 });
    host.events.open();
    connection.write(bytes('GET'));
    expect(host.written).toBe('GET');
    connection.end();
    host.events.data(bytes('200 OK'));
    host.events.end();
    host.events.closed('ended');
    timers.advance(10e9);
    connection.tick();
    expect(log).toEqual(['established', '200 OK', 'end', 'closed']);
  });

  test('segments fit behind the longer header', () => {
    const { connection } = client(WEB, 80);
    const syn = () => packets().map((packet) => parseSegment(packet)!)[0];
    network.streams[0].events.open();
    expect(syn().maximumSegmentSize).toBe(1440);
    frames = [];
    network.streams[0].events.data(new Uint8Array(10_000));
    expect(Math.max(...frames.map(({ length }) => length))).toBe(ETHERNET_HEADER + 1500);
    expect(connection.state).toBe('established');
  });

  test.each([
    ['the host’s loopback through the gateway', 'fd00::2', 22],
    ['the host’s loopback by its own address', '::1', 22],
    ['the loopback of IPv4, which is allowed there', '::ffff:127.0.0.1', 8000],
    ['the same by NAT64', '64:ff9b::127.0.0.1', 8000],
    ['the same by 6to4', '2002:7f00:1::', 8000],
    ['the name server', 'fd00::3', 80],
    ['the router', 'fe80::2', 8000],
    ['a private network', 'fd77::1', 80],
    ['another machine of the host’s link', '2a01:4f8:1:2::99', 80],
    ['a neighbour of the gateway', 'fd00::77', 80],
    ['nowhere', '::', 80],
  ])('%s is prohibited', (_name, destination, port) => {
    const { log } = client(address(destination), port);
    expect(network.streams).toEqual([]);
    expect(log).toEqual(['icmp 1/1']);
  });

  test('what was allowed is reached: the gateway stands for the host’s loopback', () => {
    client(GATEWAY_6, 8000);
    client(address('fd12::9'), 5000, 40002);
    expect(network.streams.map(({ address: to, port }) => `[${formatAddress(to)}]:${port}`)).toEqual([
      '[::1]:8000',
      '[fd12::9]:5000',
    ]);
  });

  test('in: a forwarded connection asks for the guest and reaches its port', () => {
    expect(gateway.accept(GUEST, 80, (events) => network.stream(0n, 0, events))).toBe(true);
    const [question] = packets();
    expect(question).toMatchObject({ source: ROUTER, destination: solicitedNode(GUEST), hopLimit: 255 });
    expect(destinationOf(frames[0])).toBe(group(solicitedNode(GUEST)));
    expect([question.payload[0], u128(question.payload, 8)]).toEqual([135, GUEST]);
    frames = [];
    icmp(ROUTER, discovery(136, GUEST), GUEST, 255);
    const syn = parseSegment(packets()[0]) as Segment;
    expect(packets()[0]).toMatchObject({ source: GATEWAY_6, destination: GUEST });
    expect([destinationOf(frames[0]), sourceOf(frames[0])]).toEqual([STATION, GATEWAY_STATION]);
    expect([syn.flags, syn.destinationPort]).toEqual([FLAG.SYN, 80]);
  });
});

describe('UDP', () => {
  const udp = (destination: bigint, destinationPort: number, data: Uint8Array): void =>
    send(destination, PROTOCOL.UDP, makeUdp(GUEST, destination, { sourcePort: 5000, destinationPort, data }));

  test('out and back by sockets of its family, in fragments when it is long', () => {
    udp(WEB, 123, bytes('time?'));
    expect(network.sent).toEqual([{ address: WEB, port: 123, text: 'time?' }]);
    expect(network.families).toEqual([6]);
    network.answer(WEB, 123, bytes('now'));
    expect(parseUdp(packets()[0])).toMatchObject({ sourcePort: 123, destinationPort: 5000, data: bytes('now') });
    udp(WEB, 123, new Uint8Array(4000).fill(0x62));
    expect(network.sent[1].text).toBe('b'.repeat(4000));
  });

  test('from the host’s loopback it comes as from the gateway', () => {
    udp(GATEWAY_6, 8000, bytes('x'));
    expect(network.sent).toEqual([{ address: 1n, port: 8000, text: 'x' }]);
    network.answer(1n, 8000, bytes('y'));
    expect(packets()[0]).toMatchObject({ source: GATEWAY_6, destination: GUEST });
  });

  test('prohibited where TCP is; without a checksum it is none', () => {
    udp(address('fd77::1'), 53, bytes('x'));
    expect([...packets()[0].payload.subarray(0, 2)]).toEqual([1, 1]);
    const unchecked = makeUdp(GUEST, WEB, { sourcePort: 1, destinationPort: 2, data: bytes('x') });
    put16(unchecked, 6, 0);
    send(WEB, PROTOCOL.UDP, unchecked);
    expect(network.sent).toEqual([]);
  });
});

test('DNS: the name server answers over IPv6, addresses of both kinds', async () => {
  const ask = async (type: number): Promise<Uint8Array> => {
    const query = Uint8Array.of(
      0xab,
      0xcd,
      1,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      7,
      ...bytes('example'),
      3,
      ...bytes('org'),
      0,
      0,
      type,
      0,
      1,
    );
    const datagram = { sourcePort: 5353, destinationPort: 53, data: query };
    send(NAME_SERVER_6, PROTOCOL.UDP, makeUdp(GUEST, NAME_SERVER_6, datagram));
    await new Promise((resolve) => setImmediate(resolve));
    return parseUdp(packets().at(-1)!)!.data;
  };
  const six = await ask(28);
  expect(u128(six, six.length - 16)).toBe(WEB);
  const four = await ask(1);
  expect(u32(four, four.length - 4)).toBe(0x5db8d822);
});

describe('DHCPv6', () => {
  const ask = (message: number[], destination = SERVERS): Uint8Array | undefined => {
    frames = [];
    const datagram = { sourcePort: 546, destinationPort: 547, data: Uint8Array.from(message) };
    send(destination, PROTOCOL.UDP, makeUdp(LOCAL, destination, datagram), LOCAL);
    const [packet] = packets();
    if (!packet) return undefined;
    expect(packet).toMatchObject({ source: ROUTER, destination: LOCAL });
    return parseUdp(packet)?.data;
  };
  const CLIENT = [0, 1, 0, 4, 0, 3, 9, 9];
  const SERVER = [0, 2, 0, 10, 0, 3, 0, 1, 0x52, 0x55, 0x0a, 0x00, 0x02, 0x02];

  test('who asks for information gets the name server', () => {
    const reply = ask([11, 1, 2, 3, ...CLIENT, 0, 6, 0, 2, 0, 23])!;
    expect([...reply.subarray(0, 4)]).toEqual([7, 1, 2, 3]);
    expect([...reply.subarray(4, 4 + CLIENT.length + SERVER.length)]).toEqual([...CLIENT, ...SERVER]);
    expect([...reply.subarray(26, 30)]).toEqual([0, 23, 0, 16]);
    expect(u128(reply, 30)).toBe(NAME_SERVER_6);
    expect(ask([11, 1, 2, 3, ...SERVER])).toBeDefined();
    expect(ask([11, 1, 2, 3], ROUTER)).toBeDefined();
  });

  test.each([
    ['a solicitation of addresses', [1, 1, 2, 3, ...CLIENT, 0, 3, 0, 0]],
    ['information with addresses', [11, 1, 2, 3, 0, 3, 0, 0]],
    ['another server', [11, 1, 2, 3, 0, 2, 0, 2, 0, 3]],
    ['an option that is too long', [11, 1, 2, 3, 0, 1, 0, 9, 1]],
    ['half an option', [11, 1, 2, 3, 0, 1]],
    ['nothing', []],
  ])('%s is not answered', (_what, message) => expect(ask(message)).toBeUndefined());
});

test('packets in pieces are put together, with what stands in front; those that overlap are not', () => {
  const header = { source: GUEST, destination: WEB, protocol: 44 };
  const datagram = makeUdp(GUEST, WEB, { sourcePort: 1, destinationPort: 2, data: new Uint8Array(96).fill(0x61) });
  // destination options of one PadN in the part that is in pieces
  const whole = Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0, ...datagram);
  const piece = (identification: number, from: number, to: number, more: boolean): void => {
    const bytes = new Uint8Array(8 + to - from);
    bytes[0] = 60;
    put16(bytes, 2, from | (more ? 1 : 0));
    put32(bytes, 4, identification);
    bytes.set(whole.subarray(from, to), 8);
    put(makeIpv6(header, bytes, 0)[0]);
  };
  piece(1, 48, whole.length, false);
  piece(1, 0, 48, true);
  expect(network.sent).toEqual([{ address: WEB, port: 2, text: 'a'.repeat(96) }]);
  piece(2, 0, 56, true);
  piece(2, 48, whole.length, false);
  piece(3, 0, 44, true);
  piece(3, 44, whole.length, false);
  expect(network.sent.length).toBe(1);
  // an atomic fragment
  piece(4, 0, whole.length, false);
  expect(network.sent.length).toBe(2);
});

test.each([
  ['hop-by-hop options that may be skipped', [0, [17, 0, 5, 2, 0, 0, 1, 0]], true],
  ['an option that may not', [0, [17, 0, 0xc2, 4, 0, 0, 0, 0]], false],
  ['destination options twice', [60, [60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0]], true],
  ['a routing header that is used up', [43, [17, 0, 0, 0, 0, 0, 0, 0]], true],
  ['a routing header', [43, [17, 0, 0, 1, 0, 0, 0, 0]], false],
  ['a header beyond the end', [60, [17, 255, 1, 4, 0, 0, 0, 0]], false],
  ['headers without end', [60, Array.from({ length: 20 }, () => [60, 0, 1, 4, 0, 0, 0, 0]).flat()], false],
  ['authentication', [51, [17, 0, 0, 0, 0, 0, 0, 0]], false],
] as [string, [number, number[]], boolean][])('%s', (_what, [next, headers], passes) => {
  const datagram = makeUdp(GUEST, WEB, { sourcePort: 1, destinationPort: 2, data: bytes('x') });
  put(makeIpv6({ source: GUEST, destination: WEB, protocol: next }, Uint8Array.of(...headers, ...datagram), 0)[0]);
  expect(network.sent.length).toBe(passes ? 1 : 0);
});

test('a station that claims address after address takes nothing from the others', () => {
  icmp(GATEWAY_6, echo());
  for (let i = 0n; i < 5000n; i++) icmp(ROUTER, discovery(136, PREFIX + 1000n + i), LOCAL, 255);
  frames = [];
  icmp(GATEWAY_6, echo());
  expect(packets()[0]).toMatchObject({ destination: GUEST });
});

test('random packets hurt nothing', () => {
  let state = 12345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(some: readonly T[]): T => some[random(some.length)];
  const some = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
  for (let i = 0; i < 20_000; i++) {
    const destination = pick([GATEWAY_6, NAME_SERVER_6, ROUTER, WEB, ALL_NODES, ALL_ROUTERS, SERVERS, GUEST]);
    const source = pick([GUEST, LOCAL, 0n, WEB, GATEWAY_6]);
    const kind = random(4);
    if (kind === 0) send(destination, pick([0, 6, 17, 43, 44, 58, 59, 60]), some(random(90)), source, pick([255, 64]));
    else if (kind === 1) {
      const message = some(4 + random(80));
      message[0] = pick([128, 129, 133, 134, 135, 136, 137, 1, 2]);
      message[1] = random(8) ? 0 : 1;
      icmp(destination, message, source, 255);
    } else if (kind === 2) {
      const data = some(random(60));
      if (random(2)) data.set([11, 1, 2, 3].slice(0, data.length));
      const datagram = { sourcePort: 1 + random(9), destinationPort: pick([53, 547, 7]), data };
      send(destination, PROTOCOL.UDP, makeUdp(source, destination, datagram), source);
    } else {
      const frame = some(random(150));
      frame.set([0x33, 0x33, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0x86, 0xdd, 0x60].slice(0, frame.length));
      cable.send(frame);
    }
  }
  for (const packet of packets())
    if (packet.protocol === PROTOCOL.ICMPV6 && !packet.more && packet.fragmentOffset === 0)
      expect(isSound(packet)).toBe(true);
  expect(echoReply(packets()[0])).toBeUndefined();
  expect(network.streams).toEqual([]);
});
