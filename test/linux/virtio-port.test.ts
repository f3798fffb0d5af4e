// Debian's virtio_console driver and our named ports: names, bytes both ways, back-pressure, who is connected, the end.
// Linux Documentation: drivers/char/virtio_console.c (struct port); virtio 1.2, section 5.3.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { sh } from './para-machine.js';

const AGENT = 'org.example.agent.0';
/** More than all buffers on the way hold. */
const MUCH = 4 * 1024 * 1024;
/** Prints a port's device by its name. */
const DEVICE =
  'dev() { for p in /sys/class/virtio-ports/*; do if grep -qsx "$1" $p/name; then echo /dev/$(basename $p); fi; done; }';

/** A guest at its shell, with the drivers loaded. */
async function boot(context: TestContext, mode: string, args: string[]): Promise<Console> {
  const { kernel, initramfsVirtio } = needs(context, 'kernel', 'initramfsVirtio');
  const machine = ['--mode', mode, '--kernel', kernel, '--initrd', initramfsVirtio, '--memory', '128M'];
  const append = 'console=ttyS0 cryptomgr.notests quiet';
  const console = Console.machine([...machine, '--append', append, ...args], { deadline: 120 });
  await console.expect('# ');
  await sh(console, 'stty -echo; dmesg -n 1; load-virtio');
  await sh(console, DEVICE);
  return console;
}

async function client(path: string): Promise<Socket> {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The next `length` bytes. */
async function take(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let done = 0;
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, 'readable');
    else {
      chunks.push(chunk);
      done += chunk.length;
      if (done >= length) return Buffer.concat(chunks);
    }
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test.for(['para', 'hw'])('a socket and a file are ports of a guest in mode %s', async (mode, context) => {
  const folder = scratch();
  const [path, log] = [join(folder, 'agent.sock'), join(folder, 'log')];
  const ports = ['--virtio-port', `${AGENT}=${path}`, '--virtio-port', `log=file:${log}`];
  const console = await boot(context, mode, ports);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await sh(console, 'cat /sys/class/virtio-ports/*/name')).toContain(`${AGENT}\nlog\n`);
  await sh(console, 'seq 1 20000 > $(dev log)');

  // nobody there: a read is at its end at once
  expect(await sh(console, `cat $(dev ${AGENT}) | wc -c`)).toContain('0\n');
  const first = await client(path);
  first.write('hello guest\n');
  expect(await sh(console, `head -n 1 $(dev ${AGENT})`)).toContain('hello guest\n');
  await sh(console, `echo hello host > $(dev ${AGENT})`);
  expect((await take(first, 11)).toString()).toBe('hello host\n');

  // one at a time
  const second = await client(path);
  second.resume();
  await once(second, 'close');

  // more than anybody holds for a reader that does not come; then all of it, both ways
  const written = sh(console, `dd if=/dev/zero bs=64k count=${MUCH / 65536} > $(dev ${AGENT}) 2> /dev/null`);
  expect((await take(first, MUCH)).equals(Buffer.alloc(MUCH))).toBe(true);
  await written;
  const bytes = randomBytes(MUCH);
  first.end(bytes);
  // the reader gets all that was sent before the end, and then the end
  expect(await sh(console, `cat $(dev ${AGENT}) | sha256sum`)).toContain(sha256(bytes));

  const third = await client(path);
  await sh(console, `echo bye > $(dev ${AGENT})`);
  console.send('poweroff -f\n');
  expect((await take(third, 4)).toString()).toBe('bye\n');
  expect(await console.exit()).toBe(0);
  expect(existsSync(path)).toBe(false);
  expect(readFileSync(log, 'utf8')).toBe(Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join(''));
});

test('a guest that was restored hears who is there now; an interrupted run leaves no socket', async (context) => {
  const folder = scratch();
  const [path, file] = [join(folder, 'agent.sock'), join(folder, 'machine.snap')];
  const console = await boot(context, 'para', [
    ...['--virtio-port', `${AGENT}=${path}`],
    ...['--snapshot-on', 'NOW', file],
  ]);
  await client(path);
  console.send('echo N"OW"\n');
  await console.expect('machine.snap: ');
  console.kill('SIGTERM');
  expect(await console.exit()).toBe(130);
  expect(existsSync(path)).toBe(false);

  const restored = Console.spawn(process.execPath, ['bin/tabvisor.mjs', 'vm', 'restore', file], { deadline: 120 });
  expect(await sh(restored, `cat $(dev ${AGENT}) | wc -c`)).toContain('0\n');
  const now = await client(path);
  now.write('again\n');
  expect(await sh(restored, `head -n 1 $(dev ${AGENT})`)).toContain('again\n');
  restored.send('poweroff -f\n');
  expect(await restored.exit()).toBe(0);
});
