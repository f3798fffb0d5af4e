// The exits that mode para saves: the same work in hw (IDE, NE2000, LAPIC) and para (virtio, PV EOI, kvmclock), counted.
// docs/MODES.md explains the figures.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { truncateSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { initramfsWith } from './para-machine.js';

const MIB = 1024 * 1024;
type Exits = Record<string, number>;

const LOAD: Record<string, string> = {
  hw: 'load-ide && modprobe ne2k-pci',
  para: 'load-virtio',
};
const DISK: Record<string, string> = { hw: '/dev/sda', para: '/dev/vda' };

/** work KIND WHERE: says so, is idle, works, says so, is idle. */
const WORK = `#!/bin/sh
echo ready
sleep 0.5
case $1 in
  disk) dd if=$2 of=/dev/null bs=1M count=8 2> /dev/null ;;
  write) for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=$2 bs=1M count=8 conv=fsync 2> /dev/null; done ;;
  network) wget -q -O /dev/null $2 ;;
  timer) for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.02; done ;;
esac && echo done
sleep 0.5
echo over
`;

/** Exits by reason of one work. */
async function measure(console: Console, work: string): Promise<Exits> {
  const read = async (): Promise<Exits> => {
    console.kill('SIGUSR2');
    return JSON.parse((await console.expect(/tabvisor: statistics (\{.*\})\n/))[1]!).exits;
  };
  console.send(`work ${work}\n`);
  await console.expect('ready\n');
  const before = await read();
  await console.expect('done\n');
  const after = await read();
  await console.expect('over\n');
  return Object.fromEntries(Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)]));
}

const sum = (exits: Exits): number => Object.values(exits).reduce((total, count) => total + count, 0);

/** Boots, brings disk and network up, and measures four kinds of work. */
async function workload(
  context: TestContext,
  mode: string,
  disk: string,
  port: number,
): Promise<Record<string, Exits>> {
  const { kernel } = needs(context, 'kernel', 'initramfsIde');
  const initrd = initramfsWith(context, { 'etc/tv/work': WORK }, mode === 'hw' ? 'initramfsIde' : 'initramfsVirtio');
  const console = Console.machine(
    [
      ...['--mode', mode, '--kernel', kernel, '--initrd', initrd, '--memory', '256M', '--disk', disk],
      ...['--net', `user,allow=127.0.0.1:${port}`, '--append', 'console=ttyS0 cryptomgr.notests quiet'],
    ],
    { deadline: 120 },
  );
  await console.expect('/root # ');
  const up = 'ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ping -c 1 10.0.2.2';
  console.send(`${LOAD[mode]}; ${up}\n`);
  await console.expect('1 packets received');
  const found = {
    disk: await measure(console, `disk ${DISK[mode]}`),
    write: await measure(console, `write ${DISK[mode]}`),
    network: await measure(console, `network http://10.0.2.2:${port}/`),
    timer: await measure(console, 'timer'),
  };
  console.send('poweroff -f\n');
  expect(await console.exit()).toBe(0);
  return found;
}

test('para exits less than hw: disk, network, timers; a tick is one', async (context) => {
  const server = createServer((_, response) => response.end(Buffer.alloc(MIB, 'x')));
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const disk = join(scratch(), 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 8 * MIB);

  const hw = await workload(context, 'hw', disk, port);
  const para = await workload(context, 'para', disk, port);

  const count = (exits: Exits, reason: string): number => exits[reason] ?? 0;
  // a notification for many requests, in place of a dozen registers for each; ticks of an idle guest are in both
  expect(sum(para.disk!)).toBeLessThan(sum(hw.disk!));
  expect(count(para.disk!, 'IO_INSTRUCTION')).toBeLessThan(count(hw.disk!, 'IO_INSTRUCTION') / 4);
  // a tick is one exit, and one more in which the guest sets the APIC's timer again; that and notifications are what para writes by
  const written = count(para.write!, 'APIC_WRITE') + count(para.write!, 'EPT_VIOLATION');
  expect(count(para.write!, 'PREEMPTION_TIMER')).toBeLessThan(1.5 * written);
  // no frame goes through a port
  expect(sum(para.network!)).toBeLessThan(sum(hw.network!) / 4);
  // an interrupt's end is a bit in memory
  expect(count(para.timer!, 'APIC_WRITE')).toBeLessThan(0.75 * count(hw.timer!, 'APIC_WRITE'));
});
