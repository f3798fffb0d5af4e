// Machines of our own guest on one switch: in every mode, QEMU's among them, after a killed host, and from a snapshot.
// Source: docs/usage.md, "Several machines on one switch".

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { guestImage } from '../guest-report.js';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

const deadline = 100;
const tabvisor = (...args: string[]) =>
  Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', ...args], { deadline });
/** At the guest's monitor unless `append` says what to do. */
const run = (net: string, append = '', ...more: string[]) =>
  tabvisor('run', '--memory', '32M', '--net', net, '--append', append, ...more);

/** The packets that the gateway has answered: the same wherever it is. */
const ECHO = 'WORKLOAD name=net-echo checksum=b8297b7b ';
const ECHOES = 'run=net-echo exit=poweroff';
const CARD = /by this machine, whose card is (\S+)\n/;
const lanPath = (): string => join(scratch(), 'lan.sock');

test('the first machine hosts, others join in every mode, each with an address of its own; Ctrl-C removes the socket', async () => {
  const path = lanPath();
  const host = run(`user,switch=${path}`);
  await host.expect('hosted');
  const addresses = [(await host.expect(CARD))[1]];
  for (const mode of ['full', 'hw', 'para']) {
    const guest = run(`user,switch=${path}`, ECHOES, '--mode', mode);
    await guest.expect('joined');
    const [, address] = await guest.expect(CARD);
    addresses.push(address);
    await guest.expect(`${mode === 'para' ? 'virtio' : 'ne2000'} ${address}\n`);
    await guest.expect(ECHO);
    expect(await guest.exit()).toBe(0);
  }
  expect(new Set(addresses).size).toBe(4);
  host.kill('SIGINT');
  expect(await host.exit()).toBe(130);
  expect(existsSync(path)).toBe(false);
});

test('a machine of QEMU joins', async (context) => {
  const { qemu } = needs(context, 'qemu');
  const path = lanPath();
  await run(`user,switch=${path}`).expect('hosted');
  const guest = Console.spawn(
    qemu,
    [
      ...['-accel', 'tcg', '-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot', '-m', '32'],
      ...['-kernel', guestImage('tabvisor-guest.elf'), '-append', ECHOES],
      ...['-netdev', `stream,id=n,server=off,addr.type=unix,addr.path=${path}`, '-device', 'ne2k_pci,netdev=n'],
    ],
    { deadline },
  );
  await guest.expect(ECHO);
  expect(await guest.exit()).toBe(0);
});

test('a killed host: its machine takes over, and when that is killed too, the next finds the socket and hosts', async () => {
  const path = lanPath();
  const first = run(`user,switch=${path}`);
  await first.expect('hosted');
  const second = run(`user,switch=${path}`);
  await second.expect('joined');
  const refused = run(`user,switch=${path},forward=127.0.0.1:0-:80`);
  expect(await refused.exit()).toBe(125);
  expect(refused.output).toContain('another machine hosts this switch; allow= and forward= are its to say');
  expect(refused.output).toContain('start the machine that has them before the others');

  first.kill();
  await second.expect('taken over by this machine; no ports are forwarded and nothing private is allowed any more\n');
  const guest = run(`user,switch=${path}`, ECHOES);
  await guest.expect(ECHO);
  expect(await guest.exit()).toBe(0);

  second.kill();
  await second.exit();
  expect(existsSync(path)).toBe(true);
  const third = run(`user,switch=${path}`, ECHOES);
  await third.expect('hosted');
  await third.expect(ECHO);
  expect(await third.exit()).toBe(0);
  expect(existsSync(path)).toBe(false);
});

test('a machine from a snapshot has its address again, on the same switch and alone', async () => {
  const path = lanPath();
  const file = join(scratch(), 'net.snap');
  const saved = run(
    `user,switch=${path}`,
    'run=net-echo,net-bulk exit=poweroff',
    ...['--snapshot-on', 'WORKLOAD name=net-echo', file],
  );
  const [, address] = await saved.expect(CARD);
  expect(await saved.exit()).toBe(0);

  const host = run(`user,switch=${path}`);
  await host.expect('hosted');
  const again = tabvisor('restore', file);
  await again.expect(`joined by this machine, whose card is ${address}\n`);
  await again.expect('WORKLOAD name=net-bulk checksum=38a7b732 ');
  expect(await again.exit()).toBe(0);

  const alone = tabvisor('restore', file, '--net', 'user');
  await alone.expect('WORKLOAD name=net-bulk checksum=38a7b732 ');
  expect(await alone.exit()).toBe(0);

  const other = tabvisor('restore', file, '--net', 'user,mac=52:54:00:12:34:57');
  expect(await other.exit()).toBe(125);
  expect(other.output).toContain(`the guest in the snapshot has a card with ${address}`);
});

test('a machine that is alone has the address that all have, or the one it is given', async () => {
  const plain = run('user', ECHOES, '--clock', 'virtual');
  await plain.expect('ne2000 52:54:00:12:34:56\n');
  expect(await plain.exit()).toBe(0);
  const given = run('user,mac=02:00:00:00:00:7f', ECHOES, '--mode', 'para');
  await given.expect('virtio 02:00:00:00:00:7f\n');
  await given.expect(ECHO);
  expect(await given.exit()).toBe(0);
});
