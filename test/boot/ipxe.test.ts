// iPXE, which waits for every way to an address that a network may have: DHCP, router advertisements, DHCPv6; then scripts over HTTP.
// Source: https://ipxe.org/cmd/dhcp, /cmd/ifconf, /cmd/chain. A network without IPv6 costs it a minute.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { isolinuxCd } from './images.js';

const deadline = 150;
/** Milliseconds: half of what iPXE waits for a router in vain. */
const QUICK = 30_000;

interface Fetch {
  path: string;
  at: number;
}

/** A web server on the host's loopback, and what is fetched from it; undefined where the host has no such address. */
async function serve(host: string, answer: (path: string) => string) {
  const fetched: Fetch[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!);
    fetched.push({ path, at: performance.now() });
    response.end(answer(path));
    for (const wake of waiting.splice(0)) wake();
  });
  server.listen(0, host);
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const fetch = async (start: string): Promise<Fetch> => {
    for (;;) {
      const found = fetched.find(({ path }) => path.startsWith(start));
      if (found) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { port, fetch };
}

test.for([
  ['full', 'ne2000'],
  ['hw', 'virtio'],
])('mode %s, card %s: dhcp is ready in seconds, a script is chained over HTTP', async ([mode, card], context) => {
  const { bios, ipxe } = needs(context, 'bios', 'ipxe');
  const found = ['ip', 'gateway', 'dns', 'ip6', 'gateway6', 'dns6'].map((name) => `\${net0/${name}}`).join('_');
  const web = await serve('127.0.0.1', (path) =>
    path === '/chained' ? `#!ipxe\nimgfetch ${top()}/found/${found}\n` : '',
  );
  const top = (): string => `http://10.0.2.2:${web!.port}`;
  const six = await serve('::1', () => '');
  const script = join(scratch(), 'script.ipxe');
  writeFileSync(
    script,
    [
      '#!ipxe',
      // IPv4 alone, then all that there is
      'ifconf --configurator dhcp net0',
      `imgfetch ${top()}/begin ||`,
      'ifclose net0',
      'dhcp',
      `imgfetch http://[fd00::2]:${six?.port ?? 1}/six ||`,
      `chain ${top()}/chained`,
      '',
    ].join('\n'),
  );
  const cd = join(scratch(), 'ipxe.iso');
  const tools = needs(context, 'xorriso', 'isolinux', 'syslinuxModules');
  isolinuxCd(cd, { kernel: ipxe, initramfs: script, append: '' }, tools);
  const net = ['user', `card=${card}`, `allow=127.0.0.1:${web!.port}`, ...(six ? [`allow=[::1]:${six.port}`] : [])];
  const console = Console.machine(
    ['--mode', mode!, '--bios', bios, '--memory', '256M', '--cdrom', cd, '--net', net.join(',')],
    { deadline },
  );
  const done = async (): Promise<string> => {
    const begin = await web!.fetch('/begin');
    if (six) await six.fetch('/six');
    const chained = await web!.fetch('/chained');
    expect(chained.at - begin.at).toBeLessThan(QUICK);
    return (await web!.fetch('/found/')).path;
  };
  const ended = console.exit().then((status) => `it ended: ${status}`);
  expect(await Promise.race([done(), ended])).toBe(
    '/found/10.0.2.15_10.0.2.2_10.0.2.3_fd00::5054:ff:fe12:3456_fe80::2_fd00::3',
  );
  console.kill();
});

test.for([
  ['ne2000', 'pxe-ne2k_pci.rom'],
  ['virtio', 'pxe-virtio.rom'],
])('a BIOS boots from the network by the ROM of card %s', async ([card, rom], context) => {
  const { bios256k, cardRoms } = needs(context, 'bios256k', 'cardRoms');
  const web = await serve('127.0.0.1', (path) =>
    path === '/boot' ? `#!ipxe\nimgfetch http://10.0.2.2:${web!.port}/booted/\${net0/ip}\n` : '',
  );
  const net = `user,card=${card},allow=127.0.0.1:${web!.port},bootfile=http://10.0.2.2:${web!.port}/boot`;
  const firmware = ['--bios', bios256k, '--netrom', join(cardRoms, rom!), '--boot', 'network', '--net', net];
  const console = Console.machine(['--mode', 'hw', '--memory', '64M', ...firmware], { deadline });
  const ended = console.exit().then((status) => `it ended: ${status}`);
  expect(await Promise.race([web!.fetch('/booted/').then(({ path }) => path), ended])).toBe('/booted/10.0.2.15');
  console.kill();
});
