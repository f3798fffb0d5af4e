// A guest of bare packets on the gateway's wire, and a host network that is a list of what was asked of it.
import { beforeEach, describe, expect, test } from 'vitest';
import { BenchTimers } from '../../test/bench-timers.js';
import { ARP_REPLY, ARP_REQUEST, arpFrame, parseArp } from './ipv4/arp.js';
import { BROADCAST, ETHERNET_HEADER, ETHERTYPE, etherTypeOf, makeFrame, putStation } from './ethernet.js';
import { parseIpv4 } from './address.js';
import { put16, u16, u32 } from './big-endian.js';
import { Gateway } from './gateway.js';
import { fragments, IPV4_HEADER, type Ipv4Packet, parseIpv4 as parsePacket, writeIpv4 } from './ipv4/packet.js';
import { PROTOCOL } from './packet.js';
import { FIRST_GUEST, GATEWAY, NAME_SERVER } from './private-network.js';
import { parseAllowed } from './policy.js';
import { Switch, type SwitchPort } from './switch.js';
import { FakeNetwork } from './test-network.js';
import { Connection } from './tcp/connection.js';
import { FLAG, makeSegment, parseSegment, type Segment } from './tcp/segment.js';
import { makeUdp, parseUdp } from './udp.js';

const STATION = 0x525400123456;
const address = (text: string): number => parseIpv4(text) as number;
const WEB = address('93.184.216.34');

let timers: BenchTimers;
let network: FakeNetwork;
let wire: Switch;
let gateway: Gateway;
let cable: SwitchPort;
let frames: Uint8Array[];
let onPacket: (packet: Ipv4Packet) => void;

beforeEach(() => {
  timers = new BenchTimers();
  network = new FakeNetwork();
  network.own = [address('198.41.0.4')];
  network.names = { 'example.org': [WEB, 0x20014860n << 96n], 'six.example.org': [0x20014860n << 96n] };
  wire = new Switch();
  frames = [];
  onPacket = () => {};
  let seed = 1;
  gateway = new Gateway(wire, {
    timers,
    network,
    allowed: [parseAllowed('127.0.0.1:8000'), parseAllowed('192.168.7.0/24')],
    random: () => (seed += 0x10000),
  });
  cable = wire.plug((frame) => {
    frames.push(frame);
    if (etherTypeOf(frame) !== ETHERTYPE.IPV4) return;
    const packet = parsePacket(frame);
    if (packet) onPacket(packet);
  });
});

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const bytes = (from: string): Uint8Array => Uint8Array.from(from, (c) => c.charCodeAt(0));

function send(destination: number, protocol: number, payload: Uint8Array, source = FIRST_GUEST): void {
  const header = { source, destination, protocol, identification: 77 };
  for (const piece of fragments(payload)) {
    const frame = makeFrame(0x52550a000202, STATION, ETHERTYPE.IPV4, IPV4_HEADER + piece.bytes.length);
    writeIpv4(frame, ETHERNET_HEADER, header, piece.bytes.length, piece.field);
    frame.set(piece.bytes, ETHERNET_HEADER + IPV4_HEADER);
    cable.send(frame);
  }
}
const packets = (): Ipv4Packet[] =>
  frames.filter((frame) => etherTypeOf(frame) === ETHERTYPE.IPV4).map((frame) => parsePacket(frame) as Ipv4Packet);

/** A TCP client in the guest. */
function client(destination: number, port: number, sourcePort = 40000) {
  const log: string[] = [];
  const connection: Connection = new Connection(
    timers,
    {
      segment: (segment) => {
        const whole = { ...segment, sourcePort, destinationPort: port };
        send(destination, PROTOCOL.TCP, makeSegment(FIRST_GUEST, destination, whole));
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
    { segmentSize: 1460 },
  );
  onPacket = (packet) => {
    const segment = packet.protocol === PROTOCOL.TCP ? parseSegment(packet) : undefined;
    if (segment?.destinationPort === sourcePort) connection.receive(segment);
    else if (packet.protocol === PROTOCOL.ICMP) log.push(`icmp ${packet.payload[0]}/${packet.payload[1]}`);
  };
  connection.open();
  return { connection, log };
}

test('ARP: the gateway and the name server answer, nobody else', () => {
  for (const target of [GATEWAY, NAME_SERVER, FIRST_GUEST + 1]) {
    const question = { operation: ARP_REQUEST, senderStation: STATION, senderAddress: FIRST_GUEST };
    cable.send(arpFrame(BROADCAST, { ...question, targetStation: 0, targetAddress: target }));
  }
  const answers = frames.map((frame) => parseArp(frame));
  expect(answers.map((arp) => [arp?.operation, arp?.senderAddress])).toEqual([
    [ARP_REPLY, GATEWAY],
    [ARP_REPLY, NAME_SERVER],
  ]);
});

const DISCOVER = 1;
const REQUEST = 3;
const DECLINE = 4;
const RELEASE = 7;

/** One message to the DHCP server; the type and address of its answer. */
function dhcp(station: number, type: number, wanted?: number): { type: number; address: number } | undefined {
  const message = new Uint8Array(300);
  message.set([1, 1, 6, 0, 1, 2, 3, 4]);
  putStation(message, 28, station);
  message.set([0x63, 0x82, 0x53, 0x63, 53, 1, type], 236);
  if (wanted) message.set([50, 4, wanted >>> 24, wanted >>> 16, wanted >>> 8, wanted], 243);
  message[wanted ? 249 : 243] = 255;
  frames = [];
  const datagram = { sourcePort: 68, destinationPort: 67, data: message };
  send(0xffffffff, PROTOCOL.UDP, makeUdp(0, 0xffffffff, datagram), 0);
  const [packet] = packets();
  if (!packet) return undefined;
  const reply = parseUdp(packet)?.data as Uint8Array;
  expect(u32(reply, 4)).toBe(0x01020304);
  return { type: reply[242], address: u32(reply, 16) };
}

/** A guest's way to an address: it takes what it is offered. */
function lease(station: number): number | undefined {
  const offered = dhcp(station, DISCOVER)?.address;
  if (offered === undefined) return undefined;
  expect(dhcp(station, REQUEST, offered)).toEqual({ type: 5, address: offered });
  return offered;
}

/** A station says that it has an address. */
function claim(station: number, from: number): void {
  const question = { operation: ARP_REQUEST, senderStation: station, senderAddress: from };
  cable.send(arpFrame(BROADCAST, { ...question, targetStation: 0, targetAddress: GATEWAY }));
}

/** The switch and the gateway anew, as when another machine has taken the network over. */
function takenOver(firstGuest?: number): void {
  gateway.close();
  gateway = new Gateway(wire, { timers, network, allowed: [], random: () => 1, firstGuest });
}

describe('DHCP', () => {
  test('the same address for the same station, others for others', () => {
    expect(dhcp(STATION, DISCOVER)).toEqual({ type: 2, address: FIRST_GUEST });
    expect(dhcp(STATION, REQUEST, FIRST_GUEST)).toEqual({ type: 5, address: FIRST_GUEST });
    expect(dhcp(STATION + 1, DISCOVER)).toEqual({ type: 2, address: FIRST_GUEST + 1 });
    expect(dhcp(STATION + 1, REQUEST, FIRST_GUEST)).toEqual({ type: 6, address: 0 });
    expect(lease(STATION)).toBe(FIRST_GUEST);
    expect(lease(STATION + 1)).toBe(FIRST_GUEST + 1);
  });

  test('as many leases as addresses; those released, gone or never taken up are given again, others not', () => {
    const count = 240;
    const given = Array.from({ length: count }, (_, i) => lease(STATION + i));
    expect(new Set(given).size).toBe(count);
    expect([given[0], given.at(-1)]).toEqual([FIRST_GUEST, FIRST_GUEST + count - 1]);
    expect(dhcp(STATION + 1000, DISCOVER)).toBeUndefined();

    dhcp(STATION + 5, RELEASE);
    gateway.gone(STATION + 7);
    // kept for their stations while nobody needs them
    expect(lease(STATION + 7)).toBe(given[7]);
    gateway.gone(STATION + 7);
    // two that only ask: the second takes the place of the first
    expect(lease(STATION + 1000)).toBe(given[5]);
    expect(dhcp(STATION + 1001, DISCOVER)?.address).toBe(given[7]);
    expect(lease(STATION + 1002)).toBe(given[7]);
    expect(dhcp(STATION + 1003, DISCOVER)).toBeUndefined();

    timers.advance(86_401e9);
    expect(lease(STATION + 1003)).toBeDefined();
  });

  test('the first address is kept for the machine that connections are forwarded to', () => {
    takenOver(STATION);
    expect(lease(STATION + 1)).toBe(FIRST_GUEST + 1);
    expect(dhcp(STATION + 2, DISCOVER, FIRST_GUEST)?.address).toBe(FIRST_GUEST + 2);
    expect(lease(STATION)).toBe(FIRST_GUEST);
  });

  test('a new gateway lets guests keep the addresses that they have, and gives none of them to others', () => {
    takenOver();
    expect(dhcp(STATION + 3, REQUEST, FIRST_GUEST + 7)).toEqual({ type: 5, address: FIRST_GUEST + 7 });
    expect(dhcp(STATION + 4, REQUEST, FIRST_GUEST + 7)).toEqual({ type: 6, address: 0 });
    claim(STATION + 5, FIRST_GUEST);
    expect(lease(STATION + 6)).toBe(FIRST_GUEST + 1);
    expect(lease(STATION + 5)).toBe(FIRST_GUEST);
    // claimed between offer and request
    expect(dhcp(STATION + 8, DISCOVER)?.address).toBe(FIRST_GUEST + 2);
    claim(STATION + 9, FIRST_GUEST + 2);
    expect(dhcp(STATION + 8, REQUEST, FIRST_GUEST + 2)?.type).toBe(6);
    expect(lease(STATION + 8)).toBe(FIRST_GUEST + 3);
  });

  test('a survey asks for every guest, a few at a time', () => {
    takenOver();
    frames = [];
    gateway.survey();
    timers.advance(75e6);
    // Linux's driver of the 8390 takes nine frames at one interrupt
    expect(frames.length).toBe(8);
    timers.advance(10e9);
    const asked = frames.map((frame) => parseArp(frame)?.targetAddress);
    expect(asked).toEqual(Array.from({ length: 240 }, (_, i) => FIRST_GUEST + i));
  });

  test('a declined address rests', () => {
    expect(lease(STATION)).toBe(FIRST_GUEST);
    expect(dhcp(STATION, DECLINE, FIRST_GUEST)).toBeUndefined();
    expect(lease(STATION)).toBe(FIRST_GUEST + 1);
    expect(lease(STATION + 1)).toBe(FIRST_GUEST + 2);
  });

  test('a station that claims every address keeps nobody out', () => {
    for (let n = 0; n < 240; n++) claim(STATION + 1, FIRST_GUEST + n);
    expect(lease(STATION)).toBe(FIRST_GUEST);
    expect(lease(STATION + 2)).toBe(FIRST_GUEST + 1);
  });
});

test('echo: the gateway answers, the world does not', () => {
  const echo = Uint8Array.of(8, 0, 0xf7, 0xff - 8 + 8, 0, 0, 0, 0);
  put16(echo, 2, 0xf7ff);
  send(GATEWAY, PROTOCOL.ICMP, echo);
  expect(packets()[0]).toMatchObject({ source: GATEWAY, destination: FIRST_GUEST, protocol: PROTOCOL.ICMP });
  expect(packets()[0].payload[0]).toBe(0);
  send(WEB, PROTOCOL.ICMP, echo);
  expect([...packets()[1].payload.subarray(0, 2)]).toEqual([3, 13]);
});

describe('TCP out', () => {
  test('both directions, half-close, end', () => {
    const { connection, log } = client(WEB, 80);
    const [host] = network.streams;
    expect(host).toMatchObject({ address: WEB, port: 80 });
    expect(log).toEqual([]);
    host.events.open();
    expect(log).toEqual(['established']);
    connection.write(bytes('GET / HTTP/1.0\r\n\r\n'));
    expect(host.written).toBe('GET / HTTP/1.0\r\n\r\n');
    connection.end();
    expect(host.ended).toBe(true);
    host.events.data(bytes('200 OK'));
    host.events.end();
    host.events.closed('ended');
    timers.advance(10e9);
    connection.tick();
    expect(log).toEqual(['established', '200 OK', 'end', 'closed']);
    expect(host.aborted).toBe(false);
  });

  test('refused by the host is refused for the guest', () => {
    const { log } = client(WEB, 81);
    network.streams[0].events.closed('refused');
    expect(log).toEqual(['reset']);
  });

  test('a reset goes through, in both directions', () => {
    const one = client(WEB, 80);
    network.streams[0].events.open();
    network.streams[0].events.closed('reset');
    expect(one.log).toEqual(['established', 'reset']);
    const two = client(WEB, 80, 40001);
    network.streams[1].events.open();
    two.connection.abort();
    expect(network.streams[1].aborted).toBe(true);
  });

  test.each([
    ['the host’s loopback through the gateway', GATEWAY, 22],
    ['the host’s loopback by its own address', address('127.0.0.1'), 22],
    ['a private network', address('192.168.1.1'), 80],
    ['another private network', address('10.1.2.3'), 80],
    ['the cloud’s metadata', address('169.254.169.254'), 80],
    ['the host by its public address', address('198.41.0.4'), 22],
    ['a neighbour of the gateway', address('10.0.2.77'), 80],
    ['multicast', address('224.0.0.1'), 80],
  ])('%s is prohibited', (_name, destination, port) => {
    const { log } = client(destination, port);
    expect(network.streams).toEqual([]);
    expect(log).toEqual(['icmp 3/13']);
  });

  test('what was allowed is reached: the gateway stands for the host’s loopback', () => {
    client(GATEWAY, 8000);
    client(address('192.168.7.9'), 5000, 40002);
    expect(network.streams.map(({ address: to, port }) => [to, port])).toEqual([
      [address('127.0.0.1'), 8000],
      [address('192.168.7.9'), 5000],
    ]);
  });

  test('a host that takes no more closes the window, and opens it', () => {
    const { connection } = client(WEB, 80);
    const [host] = network.streams;
    host.events.open();
    host.takes = false;
    const much = new Uint8Array(250_000).fill(0x61);
    let given = connection.write(much);
    given += connection.write(much);
    expect(host.written.length).toBeLessThanOrEqual(256 * 1024);
    const before = host.written.length;
    host.takes = true;
    host.events.drain();
    for (let i = 0; i < 20; i++) {
      timers.advance(300e6);
      connection.tick();
    }
    expect(host.written.length).toBe(given);
    expect(given).toBeGreaterThan(before);
  });

  test('a guest that takes no more pauses the host', () => {
    const { connection } = client(WEB, 80);
    const [host] = network.streams;
    host.events.open();
    onPacket = () => {};
    for (let i = 0; i < 40 && !host.paused; i++) host.events.data(new Uint8Array(65_536));
    expect(host.paused).toBe(true);
    expect(connection.state).toBe('established');
  });

  test('thousands of connections, and no more than that', () => {
    const refused = { count: 0 };
    onPacket = (packet) => {
      if ((parseSegment(packet)?.flags ?? 0) & FLAG.RST) refused.count++;
    };
    for (let port = 1024; port < 1024 + 9000; port++) {
      const syn: Segment = {
        sourcePort: port,
        destinationPort: 80,
        sequence: 5,
        acknowledgment: 0,
        flags: FLAG.SYN,
        window: 1000,
        data: new Uint8Array(0),
      };
      send(WEB, PROTOCOL.TCP, makeSegment(FIRST_GUEST, WEB, syn));
      network.streams.at(-1)?.events.open();
    }
    expect(network.streams.length).toBe(8192);
    expect(refused.count).toBe(9000 - 8192);
  });

  test('connections that the host does not answer are bounded', () => {
    for (let port = 1024; port < 3000; port++) {
      const syn: Segment = {
        sourcePort: port,
        destinationPort: 80,
        sequence: 5,
        acknowledgment: 0,
        flags: FLAG.SYN,
        window: 1000,
        data: new Uint8Array(0),
      };
      send(WEB, PROTOCOL.TCP, makeSegment(FIRST_GUEST, WEB, syn));
    }
    expect(network.streams.length).toBe(512);
  });
});

test('TCP in: a forwarded connection reaches the guest’s port', () => {
  // the gateway asks where the guest is
  const accepted = gateway.accept(FIRST_GUEST, 80, (events) => network.stream(0, 0, events));
  expect(accepted).toBe(true);
  expect(parseArp(frames[0])).toMatchObject({ operation: ARP_REQUEST, targetAddress: FIRST_GUEST });
  const log: string[] = [];
  let server: Connection | undefined;
  onPacket = (packet) => {
    const segment = parseSegment(packet) as Segment;
    const events = {
      segment: (one: Omit<Segment, 'sourcePort' | 'destinationPort'>) =>
        send(
          GATEWAY,
          PROTOCOL.TCP,
          makeSegment(FIRST_GUEST, GATEWAY, { ...one, sourcePort: 80, destinationPort: segment.sourcePort }),
        ),
      established: () => void log.push('established'),
      data: (data: Uint8Array) => void log.push(text(data)),
      end: () => void log.push('end'),
      drain: () => {},
      closed: () => {},
    };
    if (server) server.receive(segment);
    else {
      server = new Connection(timers, events, 9000, { segmentSize: 1460 }, segment);
      server.open();
    }
  };
  const answer = { operation: ARP_REPLY, senderStation: STATION, senderAddress: FIRST_GUEST };
  cable.send(arpFrame(0x52550a000202, { ...answer, targetStation: 0x52550a000202, targetAddress: GATEWAY }));
  const [host] = network.streams;
  expect(host.paused).toBe(false);
  host.events.data(bytes('hello'));
  server?.write(bytes('world'));
  expect(log).toEqual(['established', 'hello']);
  expect(host.written).toBe('world');
});

describe('UDP', () => {
  const udp = (destination: number, destinationPort: number, data: Uint8Array): void =>
    send(destination, PROTOCOL.UDP, makeUdp(FIRST_GUEST, destination, { sourcePort: 5000, destinationPort, data }));

  test('out and back, in fragments when it is long', () => {
    udp(WEB, 123, bytes('time?'));
    expect(network.sent).toEqual([{ address: WEB, port: 123, text: 'time?' }]);
    network.answer(WEB, 123, bytes('now'));
    expect(parseUdp(packets()[0])).toMatchObject({ sourcePort: 123, destinationPort: 5000, data: bytes('now') });
    udp(WEB, 123, new Uint8Array(4000).fill(0x62));
    expect(network.sent[1].text).toBe('b'.repeat(4000));
    frames = [];
    network.answer(WEB, 123, new Uint8Array(3000));
    expect(packets().map(({ fragmentOffset, more }) => [fragmentOffset, more])).toEqual([
      [0, true],
      [1480, true],
      [2960, false],
    ]);
  });

  test('prohibited where TCP is', () => {
    udp(address('192.168.1.1'), 53, bytes('x'));
    expect(network.sent).toEqual([]);
    expect([...packets()[0].payload.subarray(0, 2)]).toEqual([3, 13]);
  });

  test('idle sockets are closed', () => {
    udp(WEB, 1, bytes('x'));
    timers.advance(200e9);
    expect(network.closed).toBe(1);
  });
});

describe('DNS', () => {
  const ask = async (name: string, type = 1): Promise<Uint8Array> => {
    const labels = name.split('.').flatMap((label) => [label.length, ...bytes(label)]);
    const query = Uint8Array.of(0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1);
    const datagram = { sourcePort: 5353, destinationPort: 53, data: query };
    send(NAME_SERVER, PROTOCOL.UDP, makeUdp(FIRST_GUEST, NAME_SERVER, datagram));
    await new Promise((resolve) => setImmediate(resolve));
    return parseUdp(packets().at(-1) as Ipv4Packet)?.data as Uint8Array;
  };

  test('an address, none, no name, and a host that cannot ask', async () => {
    const found = await ask('example.org');
    expect(u16(found, 0)).toBe(0xabcd);
    expect(u16(found, 6)).toBe(1);
    expect(u32(found, found.length - 4)).toBe(WEB);
    const six = await ask('example.org', 28);
    expect(u16(six, 6)).toBe(1);
    expect([...six.subarray(six.length - 18, six.length - 12)]).toEqual([0, 16, 0x20, 0x01, 0x48, 0x60]);
    // there is the name, and none of that type
    for (const [name, type] of [
      ['six.example.org', 1],
      ['example.org', 15],
    ] as const) {
      const none = await ask(name, type);
      expect([none[3] & 15, u16(none, 6)]).toEqual([0, 0]);
    }
    expect((await ask('nowhere.invalid'))[3] & 15).toBe(3);
    expect((await ask('broken'))[3] & 15).toBe(2);
  });
});

test('random frames hurt nothing', () => {
  let state = 12345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 20_000; i++) {
    const payload = Uint8Array.from({ length: random(80) }, () => random(256));
    if (random(2)) send([GATEWAY, NAME_SERVER, WEB][random(3)], [1, 6, 17, 2][random(4)], payload);
    else cable.send(Uint8Array.from({ length: random(100) }, () => random(256)));
  }
  expect(network.streams.every(({ aborted }) => !aborted)).toBe(true);
});
