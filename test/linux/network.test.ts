// Two Debian guests on one switch, each in a process of its own: virtio-net and NE2000, DHCP, ping, a page, a container of a node; then the host
// is killed.
// Source: docs/usage.md, "Several machines on one switch".

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { initramfsWith, sh } from './para-machine.js';

/** What udhcpc calls with its findings. */
const LEASE = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
`;
const PAGE = 'page() { seq 1 60000; }';
const DRIVERS: Record<string, string> = { para: 'virtio_pci virtio_net', hw: 'ne2k-pci' };

const CONTAINER = '10.0.2.77';
/** A bridge with a node's card and a container's interface as its ports. */
const BRIDGE = `set -e
own=$(ip -4 -o addr show eth0 | awk '{ print $4 }')
ip netns add box
ip link add lan type bridge
ip addr del $own dev eth0
ip link set eth0 master lan
ip addr add $own dev lan
ip link add v0 type veth peer name eth0 netns box
ip link set v0 master lan up
ip link set lan up
ip -n box addr add ${CONTAINER}/24 dev eth0
ip -n box link set eth0 up
ip netns exec box ping -c 3 10.0.2.16
echo the container waits
read enough`;

interface Guest {
  console: Console;
  /** Of its card. */
  station: string;
}

async function start(context: TestContext, mode: string, net: string, said: string): Promise<Guest> {
  const { kernel } = needs(context, 'kernel', 'initramfsVirtio');
  const initrd = initramfsWith(context, { 'etc/tv/lease': LEASE });
  const console = Console.machine(
    [
      ...['--mode', mode, '--kernel', kernel, '--initrd', initrd, '--memory', '128M', '--net', net],
      ...['--append', 'console=ttyS0 cryptomgr.notests quiet'],
    ],
    { deadline: 240 },
  );
  const [, station] = await console.expect(new RegExp(`${said} by this machine, whose card is (\\S+)\n`));
  return { console, station: station! };
}

/** Loads the driver and asks for an address, which it returns. */
async function connect(mode: string, { console, station }: Guest): Promise<string> {
  await console.expect('/root # ');
  for (const driver of DRIVERS[mode]!.split(' ')) await sh(console, `modprobe ${driver}`);
  expect(await sh(console, 'cat /sys/class/net/eth0/address')).toContain(`${station}\n`);
  await sh(console, 'ip link set eth0 up; udhcpc -i eth0 -n -q -s /etc/tv/lease');
  return /inet (\S+)\/24/.exec(await sh(console, 'ip -4 addr show eth0'))![1]!;
}

test('virtio-net and NE2000 on one switch, until its host is killed, and after', async (context) => {
  const path = join(scratch(), 'lan.sock');
  const first = await start(context, 'para', `user,switch=${path},forward=127.0.0.1:0-:80`, 'hosted');
  const [, port] = /127\.0\.0\.1:(\d+) is the guest's port 80\n/.exec(first.console.output)!;
  const second = await start(context, 'hw', `user,switch=${path}`, 'joined');
  expect(second.station).not.toBe(first.station);

  // the host's guest has the address that ports are forwarded to, though the other asks before it
  expect(await connect('hw', second)).toBe('10.0.2.16');
  expect(await connect('para', first)).toBe('10.0.2.15');
  expect(await sh(first.console, 'ping -c 3 10.0.2.16')).toContain('3 packets received');
  expect(await sh(second.console, 'ping -c 3 10.0.2.15')).toContain('3 packets received');
  for (const { console } of [first, second]) {
    expect(await sh(console, 'ping -c 1 10.0.2.2')).toContain('1 packets received');
    // a frame of 248 bytes, which with header and checksum fills a page of the NE2000's
    expect(await sh(console, 'ping -c 1 -s 206 10.0.2.2')).toContain('1 packets received');
  }

  // a container of a node whose bridge has the node's card as a port: it and the machines are one network
  const { debian } = needs(context, 'debian');
  const node = Console.spawn(
    process.execPath,
    [
      ...[join(root, 'bin/tabvisor.mjs'), 'kernel', 'run', '--rootfs', debian, '--net', `user,switch=${path}`, '-i'],
      ...['--', 'bash', '-c', BRIDGE],
    ],
    { deadline: 240 },
  );
  await node.expect('3 packets transmitted, 3 received');
  await node.expect('the container waits');
  for (const { console } of [first, second])
    expect(await sh(console, `ping -c 3 ${CONTAINER}`)).toContain('3 packets received');
  node.send('enough\n');
  expect(await node.exit()).toBe(0);

  await sh(first.console, `${PAGE}; mkdir /tmp/www; page > /tmp/www/page; httpd -p 80 -h /tmp/www`);
  const fetched = 'wget -q -O - http://10.0.2.15/page | sha256sum > /tmp/fetched';
  await sh(second.console, `${PAGE}; page | sha256sum > /tmp/sum; ${fetched}; cmp /tmp/sum /tmp/fetched`);
  const page = Array.from({ length: 60_000 }, (_, i) => `${i + 1}\n`).join('');
  expect(await (await fetch(`http://127.0.0.1:${port}/page`)).text()).toBe(page);

  // killed: the socket's file stays, and the other machine goes on, now as the host
  first.console.kill();
  await second.console.expect('its host has gone\n');
  await second.console.expect('taken over by this machine');
  expect(await sh(second.console, 'ping -c 3 10.0.2.2')).toContain('3 packets received');

  // a third machine comes to it: our own guest, which is 10.0.2.15 without asking
  const third = Console.machine(
    ['--memory', '32M', '--net', `user,switch=${path}`, '--append', 'run=net-echo exit=poweroff'],
    { deadline: 240 },
  );
  await third.expect('joined by this machine');
  await third.expect('WORKLOAD name=net-echo checksum=b8297b7b');
  expect(await third.exit()).toBe(0);

  second.console.send('poweroff -f\n');
  expect(await second.console.exit()).toBe(0);
  expect(existsSync(path)).toBe(false);
});
