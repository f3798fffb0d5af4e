// Debian's kernel in mode para: KVM's interface, and its own drivers on every virtio device.
// Linux Documentation/virt/kvm/x86; the guest's words for what it found.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratch } from '../scratch.js';
import { bootFromDisk, expectClean, rootDisk, sh } from './para-machine.js';

const MIB = 1024 * 1024;

/** A web server on the host's loopback that answers everything with `text`; its port. Rejects where the host has no such address. */
async function serve(text: string, host = '127.0.0.1'): Promise<number> {
  const server = createServer((_, response) => response.end(text));
  onTestFinished(() => void server.close());
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('root on virtio-blk, a login on hvc0, and every device at work', async (context) => {
  const disk = rootDisk(context, { 'www/index.html': 'served by the guest\n' });
  const folder = scratch();
  mkdirSync(join(folder, 'shared'));
  writeFileSync(join(folder, 'shared/to-guest'), 'from the host\n');
  const allowed = await serve('fetched from the host\n');
  const forbidden = await serve('not for guests\n');
  const allowed6 = await serve('fetched by IPv6\n', '::1').catch(() => undefined);
  const stats = join(folder, 'stats.json');
  const spare = join(folder, 'spare.img');
  writeFileSync(spare, randomBytes(4 * MIB));
  const console = bootFromDisk(context, disk, [
    ...['--disk', `${spare},overlay=${join(folder, 'overlay')}`],
    ...[
      '--net',
      `user,allow=127.0.0.1:${allowed}${allowed6 ? `,allow=[::1]:${allowed6}` : ''},forward=127.0.0.1:0-:80`,
      '--share',
      `work=${join(folder, 'shared')}`,
    ],
    // with the most memory, rings and buffers lie above 2 GiB
    ...['--balloon', '64M', '--stats', stats, '--memory', '3072M'],
  ]);
  const [, port] = await console.expect(/127\.0\.0\.1:(\d+) is the guest's port 80\n/);
  await console.expect('login: ');
  console.send('root\n');
  await console.expect('# ');

  // KVM's interface
  expect(await sh(console, 'dmesg')).toContain('Hypervisor detected: KVM');
  expect(await sh(console, 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource')).toContain(
    'kvm-clock\n',
  );
  expect(await sh(console, 'tty')).toContain('/dev/hvc0\n');
  expect(await sh(console, 'grep " / " /proc/mounts')).toContain('/dev/vda / ext4');
  const drift = await sh(console, 'read a _ < /proc/uptime; sleep 1; read b _ < /proc/uptime; echo $a $b');
  const [before, after] = /([\d.]+) ([\d.]+)\n/.exec(drift)!.slice(1).map(Number);
  expect(after! - before!).toBeGreaterThanOrEqual(1);
  const seconds = Number(/(\d+)\n/.exec(await sh(console, 'date +%s'))![1]);
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);

  // what is discarded on an overlay is zeros, its neighbours are not
  await sh(console, 'blkdiscard -o 65536 -l 131072 /dev/vdb; echo 3 > /proc/sys/vm/drop_caches');
  await sh(console, 'dd if=/dev/zero bs=64k count=2 > /tmp/zeros');
  await sh(console, 'dd if=/dev/vdb bs=64k skip=1 count=2 2>/dev/null | cmp /tmp/zeros -');
  expect(await sh(console, 'dd if=/dev/vdb bs=64k count=1 2>/dev/null | cmp -l -n 64 /tmp/zeros - | wc -l')).toMatch(
    /^6[0-4]$/m,
  );

  // network, both ways
  await sh(console, 'ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.2.2');
  expect(await sh(console, 'ping -c 2 10.0.2.2')).toContain('2 packets received');
  expect(await sh(console, `wget -q -O - http://10.0.2.2:${allowed}/`)).toContain('fetched from the host\n');
  expect(await sh(console, `wget -q -O - http://10.0.2.2:${forbidden}/ 2>&1 || true`)).toContain(
    "can't connect to remote host",
  );
  // the kernel has made itself an address and found the router by the advertisement
  await sh(
    console,
    'until ip -6 addr show dev eth0 | grep "fd00::.* scope global" | grep -v tentative; do sleep 1; done',
  );
  expect(await sh(console, 'ip -6 route')).toMatch(/^default via fe80::2 dev eth0/m);
  expect(await sh(console, 'ping -6 -c 2 fd00::2')).toContain('2 packets received');
  expect(await sh(console, 'ping -6 -c 1 -s 4000 fd00::2')).toContain('1 packets received');
  if (allowed6) expect(await sh(console, `wget -q -O - http://[fd00::2]:${allowed6}/`)).toContain('fetched by IPv6\n');
  expect(await sh(console, `wget -q -O - http://[fd00::2]:${forbidden}/ 2>&1 || true`)).toContain(
    "can't connect to remote host",
  );
  await sh(console, 'httpd -p 80 -h /www');
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('served by the guest\n');

  // a folder, both ways
  await sh(console, 'mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 work /mnt');
  expect(await sh(console, 'cat /mnt/to-guest')).toContain('from the host\n');
  await sh(console, 'seq 1 20000 > /mnt/to-host');
  const numbers = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('');
  expect(readFileSync(join(folder, 'shared/to-host'), 'utf8')).toBe(numbers);
  await sh(console, 'umount /mnt');

  // entropy
  expect(await sh(console, 'cat /sys/class/misc/hw_random/rng_current')).toContain('virtio_rng');
  const random = await sh(
    console,
    'dd if=/dev/hwrng bs=64 count=1 2>/dev/null | sha256sum; dd if=/dev/hwrng bs=64 count=1 2>/dev/null | sha256sum',
  );
  const sums = random.match(/[0-9a-f]{64}/g)!;
  expect(new Set(sums).size).toBe(2);

  // memory given back
  expect(await sh(console, 'grep balloon_inflate /proc/vmstat')).toContain(`balloon_inflate ${(64 * MIB) / 4096}\n`);
  const free = Number(/MemFree: +(\d+) kB/.exec(await sh(console, 'cat /proc/meminfo'))![1]);
  expect(free * 1024).toBeLessThan((3072 - 64) * MIB);

  await sh(console, 'echo kept > /kept; sync; mount -o remount,ro /');
  console.send('poweroff -f\n');
  expect(await console.exit()).toBe(0);
  expectClean(context, disk);
  const { balloon } = JSON.parse(readFileSync(stats, 'utf8'));
  expect(balloon.actual).toBe(64 * MIB);
  // free pages were reported besides
  expect(balloon.released).toBeGreaterThan(64 * MIB);
});
