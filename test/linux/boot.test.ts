// Debian's unmodified i386 kernel in every mode: to BOOT-OK, to a shell that works, to power off and to a reset.
// Source: linux-image-686 and the initramfs of scripts/provision.

import { createHash } from 'node:crypto';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';

const prompt = '/root # ';

/** What `seq 1 5000` prints. */
const numbers = Array.from({ length: 5000 }, (_, i) => `${i + 1}\n`).join('');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function boot(context: TestContext, mode: string, memory: string): Console {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const args = [
    '--mode',
    ...mode.split(' '),
    '--kernel',
    kernel,
    '--initrd',
    initramfs,
    '--memory',
    memory,
    '--serial',
    'stdio',
  ];
  return Console.machine([...args, '--append', 'console=ttyS0 cryptomgr.notests'], { deadline: 240 });
}

test.for(['full', 'hw', 'hw --no-ept', 'para'])(
  '--mode %s with the most memory: reaches a shell that works, and powers off',
  async (mode, context) => {
    const console = boot(context, mode, '3072M');
    await console.expect('BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable');
    const release = (await console.expect(/BOOT-OK (\S+)\n/))[1]!;

    await console.expect(prompt);
    console.send('ls /\n');
    for (const name of ['bin', 'dev', 'etc', 'init', 'proc', 'sys']) await console.expect(name);

    await console.expect(prompt);
    console.send('uname -a\n');
    await console.expect(new RegExp(`\\nLinux .*${release.replaceAll('.', '\\.')} .* i686 GNU/Linux\\n`));

    await console.expect(prompt);
    console.send('dmesg | tail -n 50\n');
    await console.expect('Run /init as init process');

    // Arithmetic, pipes and processes, by numbers that cannot be on the screen already.
    await console.expect(prompt);
    console.send(
      'seq 1 5000 | sha256sum; i=0; while [ $i -lt 40 ]; do i=$((i + $(echo 1))); done; echo $((i * 1001))\n',
    );
    await console.expect(sha256(numbers));
    await console.expect('40040');

    // Files take the highest memory first: what is written there is there when it is read.
    await console.expect(prompt);
    console.send(
      'cd /tmp; seq 1 5000 > f; for i in 1 2 3 4 5 6; do cat f f > g; mv g f; done; sha256sum f; cd /root\n',
    );
    await console.expect(sha256(numbers.repeat(64)));

    // Ctrl-C ends what runs, not the shell. What says that it runs is what sleeps: between fork and exec a shell may miss the signal.
    await console.expect(prompt);
    console.send("sh -c 'echo $((6 * 7)) sleeps; exec sleep 1000000'; echo has slept\n");
    await console.expect('42 sleeps\n');
    console.send('\x03');
    await console.expect(prompt);

    // The guest's clock goes: a sleep of a second takes one by every clock that it has.
    console.send(
      'read a _ < /proc/uptime; sleep 1; read b _ < /proc/uptime; echo $a $b | awk \'{ print "slept", ($2 - $1 >= 1) }\'\n',
    );
    await console.expect('slept 1\n');

    await console.expect(prompt);
    console.send('poweroff -f\n');
    expect(await console.exit()).toBe(0);
  },
);

test.for(['full', 'hw'])('--mode %s: reboot resets the machine', async (mode, context) => {
  const console = boot(context, mode, '256M');
  await console.expect('BOOT-OK');
  await console.expect(prompt);
  console.send('reboot -f\n');
  await console.expect('Linux version 6.');
  await console.expect('BOOT-OK');
  await console.expect(prompt);
  console.send('poweroff -f\n');
  expect(await console.exit()).toBe(0);
});
