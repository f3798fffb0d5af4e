// `tabvisor kernel run --net`: out through the gateway with the machines' rules, in by forwarded ports, names, one switch with others.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Console } from '../console.js';
import { readPcapng } from '../pcapng-reader.js';
import { needs, provisioned, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const deadline = 60;
const APPLETS = ['sh', 'wget', 'nslookup', 'cat', 'nc', 'printf', 'ping', 'hostname', 'sleep', 'head', 'wc', 'true'];
const BIG = 3_000_000;
let rootfs: string;
let server: Server;
let port: number;

beforeAll(async () => {
  rootfs = mkdtempSync(join(tmpdir(), 'tabvisor-network-'));
  const busybox = provisioned('busybox');
  if (busybox !== undefined) {
    for (const name of ['bin', 'etc', 'tmp', 'proc', 'dev']) mkdirSync(join(rootfs, name));
    copyFileSync(busybox, join(rootfs, 'bin/busybox'));
    for (const name of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', name));
  }
  server = createServer((request, response) => {
    response.end(request.url === '/big' ? Buffer.alloc(BIG, 'b') : `the host has heard ${request.url}`);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(rootfs, { recursive: true, force: true });
});

const run = (net: string, script: string, options: string[] = []): Console =>
  Console.spawn(
    process.execPath,
    [
      ...[join(root, 'bin/tabvisor.mjs'), 'kernel', 'run', '--rootfs', rootfs, '--net', net, ...options],
      ...['--', 'sh', '-c', script],
    ],
    { deadline },
  );

test('an allowed server is reached, others are not; names, the gateway and oneself by both families', async (context) => {
  needs(context, 'busybox');
  const url = `http://10.0.2.2:${port}`;
  const place = scratch();
  const guest = run(
    `user,allow=127.0.0.1:${port}`,
    [
      `wget -q -O - ${url}/path; echo " $?"`,
      `wget -q -O - ${url}/big | wc -c`,
      'wget -q -O - http://10.0.2.2:9/ 2>&1 | head -1',
      'cat /etc/resolv.conf /etc/hosts',
      'ping -c 1 -q 10.0.2.2 | head -4; ping -c 1 -q fd00::2 | head -4; ping -c 1 -q localhost | head -4',
      'echo the end',
    ].join('; '),
    ['--pcap', join(place, 'outer'), '--pcap', `any=${join(place, 'all')}`],
  );
  const [text] = await guest.expect(/^[\s\S]*the end\n/);
  expect(text).toContain('the host has heard /path 0\n');
  expect(text).toContain(`${BIG}\n`);
  expect(text).toMatch(/10\.0\.2\.2.*(unreachable|No route to host)/i);
  expect(text).toContain('nameserver 10.0.2.3\n');
  expect(text).toContain('10.0.2.15\ttabvisor\n');
  expect(text.match(/1 packets transmitted, 1 packets received, 0% packet loss/g)).toHaveLength(3);
  expect(await guest.exit()).toBe(0);
  // what the card saw, both ways: the request's text is there once, and all that the answer took
  const outer = readPcapng(readFileSync(join(place, 'outer')));
  const requests = outer.filter(({ frame, sent }) => sent && Buffer.from(frame).includes('GET /path HTTP'));
  expect(requests.map((seen) => seen.interface)).toEqual(['eth0']);
  const came = outer.reduce((sum, { sent, frame }) => sum + (sent ? 0 : frame.length), 0);
  expect(came).toBeGreaterThan(BIG);
  const all = readPcapng(readFileSync(join(place, 'all')));
  expect(new Set(all.map((seen) => seen.interface))).toEqual(new Set(['eth0', 'lo']));
  expect(all.filter((seen) => seen.interface === 'eth0').length).toBe(outer.length);
});

test('--net-rate: what comes in takes its time', async (context) => {
  needs(context, 'busybox');
  const guest = run(
    `user,allow=127.0.0.1:${port}`,
    `wget -q -O - http://10.0.2.2:${port}/big | wc -c; cat /proc/uptime`,
    [...['--net-rate', '30mbit:20K']],
  );
  const [, uptime] = await guest.expect(/3000000\n([\d.]+) /);
  // 24 million bits and what they are wrapped in
  expect(Number(uptime)).toBeGreaterThan(0.72);
  expect(await guest.exit()).toBe(0);
});

test('a forwarded port leads to a server in the root', async (context) => {
  needs(context, 'busybox');
  const answer = 'HTTP/1.0 200 OK\\r\\nConnection: close\\r\\n\\r\\nthe root answers';
  const guest = run('user,forward=127.0.0.1:0-:80', `printf '${answer}' | nc -l -p 80; echo served`);
  const [, address] = await guest.expect(/(127\.0\.0\.1:\d+) is the guest's port 80\n/);
  const fetched = async (): Promise<string> => {
    // the port of the host is there before the program listens
    for (;;) {
      try {
        return await (await fetch(`http://${address}/`)).text();
      } catch {
        await pause(20);
      }
    }
  };
  expect(await fetched()).toBe('the root answers');
  await guest.expect('served\n');
  expect(await guest.exit()).toBe(0);
});

test('without --net there is the loopback alone', async (context) => {
  needs(context, 'busybox');
  const guest = run('none', `wget -O - http://10.0.2.2:${port}/ 2>&1 | head -2; ping -c 1 -q 127.0.0.1; echo "end $?"`);
  const [text] = await guest.expect(/^[\s\S]*end \d\n/);
  expect(text).toMatch(/Network is unreachable/);
  expect(text).toContain('end 0\n');
});

test('nodes on one switch have addresses of their own and reach each other', async (context) => {
  needs(context, 'busybox');
  const net = `user,switch=${join(scratch(), 'lan.sock')}`;
  const first = run(net, 'cat /etc/hosts; nc -l -p 7777; echo heard');
  const [, address] = await first.expect(/(10\.0\.2\.\d+)\ttabvisor\n/);
  const second = run(net, `cat /etc/hosts; until printf 'between nodes\\n' | nc ${address} 7777; do sleep 1; done`);
  const [, other] = await second.expect(/(10\.0\.2\.\d+)\ttabvisor\n/);
  expect(other).not.toBe(address);
  await first.expect('between nodes\n');
  await first.expect('heard\n');
});
