// Machines without processors on one switch: who hosts, who takes over, whose rules are in force, and peers that are none.
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BenchTimers } from '../../../test/bench-timers.js';
import { scratch } from '../../../test/scratch.js';
import { InputError } from '../../base/errors.js';
import type { Network, NetworkRequest } from '../../library/platform.js';
import { ARP_REQUEST, arpFrame } from '../../net/ipv4/arp.js';
import { BROADCAST, makeFrame } from '../../net/ethernet.js';
import { GATEWAY } from '../../net/private-network.js';
import { parseAllowed } from '../../net/policy.js';
import type { Forward } from '../../net/port-forward.js';
import { Cable } from '../../vmm/cable.js';
import { openNetwork } from './network.js';

const station = (n: number): number => 0x525400000000 + n;
const lanPath = (): string => join(scratch(), 'lan.sock');

/** Byte 14 of an ARP answer, in place of a mark: the high byte of Ethernet's number. */
const ARP_MARK = 0;

type Rules = Partial<Pick<NetworkRequest, 'allowed' | 'forwards'>>;
const forward = (port: number): Forward => ({ host: '127.0.0.1', port, guestPort: 80 });

/** A cable's end and what is said of it. */
class Machine {
  readonly cable = new Cable(() => {});
  readonly said: string[] = [];
  private readonly marks: number[] = [];
  private network: Network | undefined;
  private changed: () => void = () => {};

  constructor(readonly number: number) {
    this.cable.deliver = (frame) => {
      this.marks.push(frame[14]);
      this.changed();
    };
    onTestFinished(() => this.stop());
  }

  async start(switchPath: string, more: Rules = {}): Promise<this> {
    this.network = await openNetwork(
      { switchPath, allowed: [], forwards: [], ...more },
      {
        cable: this.cable,
        station: station(this.number),
        timers: new BenchTimers(),
        random: () => 1,
        say: (line) => {
          this.said.push(line);
          this.changed();
        },
        wake: () => {},
      },
    );
    return this;
  }

  stop(): void {
    this.network?.close();
    this.network = undefined;
  }

  /** A frame to everybody, or to one machine. */
  send(mark: number, to?: Machine): void {
    const frame = makeFrame(to ? station(to.number) : BROADCAST, station(this.number), 0x88b5, 46);
    frame[14] = mark;
    this.cable.transmit(frame);
  }

  /** There and back: whoever has an answer is plugged in. */
  async askGateway(): Promise<void> {
    this.marks.length = 0;
    const question = { operation: ARP_REQUEST, senderStation: station(this.number), senderAddress: GATEWAY + 50 };
    this.cable.transmit(arpFrame(BROADCAST, { ...question, targetStation: 0, targetAddress: GATEWAY }));
    await this.hears(ARP_MARK);
  }

  async hears(mark: number): Promise<void> {
    await this.until(() => this.marks.includes(mark));
  }

  /** Any of the texts. */
  async says(...texts: string[]): Promise<void> {
    await this.until(() => this.said.some((line) => texts.some((text) => line.includes(text))));
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.changed = resolve;
      });
    }
  }
}

async function start(number: number, path: string, more?: Rules): Promise<Machine> {
  const machine = await new Machine(number).start(path, more);
  await machine.askGateway();
  return machine;
}

/** Something that is plugged in and is no machine. */
async function stranger(path: string): Promise<Socket> {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

test('the first hosts, the second joins; frames pass, the gateway answers both', async () => {
  const path = lanPath();
  const a = await start(1, path);
  const b = await start(2, path);
  expect(a.said).toEqual([`switch ${path}: hosted by this machine, whose card is 52:54:00:00:00:01`]);
  expect(b.said).toEqual([`switch ${path}: joined by this machine, whose card is 52:54:00:00:00:02`]);
  a.send(1);
  await b.hears(1);
  b.send(2, a);
  await a.hears(2);
  for (const machine of [a, b]) await machine.askGateway();
  b.stop();
  expect(existsSync(path)).toBe(true);
  a.stop();
  expect(existsSync(path)).toBe(false);
});

test('when the host ends one of the others takes over, and the rest goes with it', async () => {
  const path = lanPath();
  const a = await start(1, path);
  const others = [await start(2, path), await start(3, path), await start(4, path)];
  a.stop();
  await Promise.all(others.map((one) => one.says('taken over', 'joined again')));
  const hosts = others.filter(({ said }) => said.some((line) => line.includes('taken over')));
  expect(hosts.length).toBe(1);
  const [x, y] = others.filter((one) => one !== hosts[0]);
  for (const one of [x, y]) await one.askGateway();
  x.send(7);
  await y.hears(7);
  await hosts[0].hears(7);
});

test('a machine that joins has no rules of its own; the host is not disturbed', async () => {
  const path = lanPath();
  const a = await start(1, path, { allowed: [parseAllowed('127.0.0.1:8000')] });
  for (const rule of [{ allowed: [parseAllowed('10.0.0.0/8')] }, { forwards: [forward(0)] }]) {
    const refused = start(2, path, rule);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow('another machine hosts this switch; allow= and forward= are its to say');
  }
  const c = await start(3, path);
  a.send(1);
  await c.hears(1);
});

test('a host whose port is taken leaves no socket behind', async () => {
  const path = lanPath();
  const a = await start(1, lanPath(), { forwards: [forward(0)] });
  const port = /127\.0\.0\.1:(\d+)/.exec(a.said.join('\n'))?.[1];
  await expect(start(2, path, { forwards: [forward(Number(port))] })).rejects.toThrow('EADDRINUSE');
  expect(existsSync(path)).toBe(false);
});

test('a stranger that sends garbage is disconnected, and the machines go on', async () => {
  const path = lanPath();
  const a = await start(1, path);
  const b = await start(2, path);
  const socket = await stranger(path);
  socket.write('hello, is this the right place?\n');
  await once(socket, 'close');
  await a.says('a machine was disconnected: it announced a frame of 1751477356 bytes');
  a.send(1);
  await b.hears(1);
});

test('a host that sends garbage is left, and looked for again', async () => {
  const path = lanPath();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(Buffer.alloc(64, 0xff));
    server.close();
  });
  server.listen(path);
  await once(server, 'listening');
  const a = await new Machine(1).start(path);
  await a.says('left by this machine: it announced a frame of 4294967295 bytes');
  await a.says('taken over by this machine');
});

test('so many machines and no more', async () => {
  const path = lanPath();
  const a = await start(1, path);
  await Promise.all(Array.from({ length: 64 }, () => stranger(path)));
  const late = await stranger(path);
  late.resume();
  await once(late, 'close');
  await a.says('a machine was turned away: 64 are plugged in already');
});

test('two machines with one address are told of, once', async () => {
  const path = lanPath();
  const a = await start(5, path);
  const b = await start(5, path);
  const c = await start(6, path);
  for (const mark of [1, 2, 3]) {
    a.send(mark);
    await c.hears(mark);
    b.send(10 + mark);
    await c.hears(10 + mark);
  }
  const told = a.said.filter((line) => line.includes('two machines on the switch have the address 52:54:00:00:00:05'));
  expect(told.length).toBe(1);
});

test('a path that has become something else: without a network, and without a crash', async () => {
  const path = lanPath();
  const a = await start(1, path);
  const b = await start(2, path);
  rmSync(path);
  writeFileSync(path, 'kept');
  a.stop();
  await b.says('a regular file, not a socket; this machine goes on without a network');
  b.send(1);
  expect(existsSync(path)).toBe(true);
});
