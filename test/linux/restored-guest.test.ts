// Debian goes on from one snapshot twice, on other days: its shares, its random numbers, its clocks.
// Source: docs/usage.md, "Snapshots"; Linux drivers/virt/vmgenid.c.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { sh } from './para-machine.js';

const deadline = 240;
const DAY = 86400;
const tabvisor = (days: number, ...args: string[]): Console => {
  const elsewhere = `const now = Date.now; Date.now = () => now() + ${days * DAY * 1000}`;
  return Console.spawn(
    process.execPath,
    ['--import', `data:text/javascript,${elsewhere}`, join(root, 'bin/tabvisor.mjs'), 'vm', ...args],
    { deadline },
  );
};

interface Times {
  /** Seconds since boot, of the guest's own time of day, of the real-time clock. */
  up: number;
  date: number;
  rtc: number;
}

async function times(console: Console): Promise<Times> {
  const text = await sh(
    console,
    'read up _ < /proc/uptime; echo $up $(date +%s) $(cat /sys/class/rtc/rtc0/since_epoch)',
  );
  const [up, date, rtc] = /([\d.]+) (\d+) (\d+)\n/.exec(text)!.slice(1).map(Number);
  return { up: up!, date: date!, rtc: rtc! };
}

test.for(['hw', 'para'])('mode %s', async (mode, context) => {
  const { kernel, initramfsVirtio } = needs(context, 'kernel', 'initramfsVirtio');
  const folder = join(scratch(), 'shared');
  mkdirSync(join(folder, 'place'), { recursive: true });
  writeFileSync(join(folder, 'lines'), 'first\nsecond\nthird\n');
  const file = join(scratch(), 'guest.snap');
  const saved = tabvisor(
    0,
    ...['run', '--mode', mode, '--kernel', kernel, '--initrd', initramfsVirtio, '--memory', '128M'],
    ...[
      '--append',
      'console=ttyS0 cryptomgr.notests',
      '--share',
      `files=${folder}`,
      '--snapshot-on',
      'all-saved',
      file,
    ],
  );
  await saved.expect('# ');
  await sh(saved, 'load-virtio; mount -t 9p -o trans=virtio,version=9p2000.L files /mnt; cd /mnt/place');
  await sh(saved, 'exec 3< /mnt/lines 4> written; read line <&3; echo before >&4');
  // random numbers are the kernel's own from here on, and say so when they are seeded anew
  await sh(
    saved,
    'until dmesg | grep -q "crng init done"; do head -c 1 /dev/random > /dev/null; done; dmesg -c > /dev/null',
  );
  const before = await times(saved);
  saved.send('echo all-"saved"\n');
  await saved.expect(/snapshot .* MiB;/);
  saved.kill();

  const numbers: string[] = [];
  for (const days of [3, -1]) {
    const restored = tabvisor(days, 'restore', file);
    const sources = mode === 'para' ? '/dev/urandom /dev/hwrng' : '/dev/urandom';
    const random = await sh(restored, `for from in ${sources}; do head -c 16 $from | md5sum; done`);
    const found = [...random.matchAll(/^([0-9a-f]{32}) /gm)].map((match) => match[1]!);
    expect(found).toHaveLength(sources.split(' ').length);
    numbers.push(...found);
    expect(await sh(restored, 'dmesg | grep crng')).toContain('reseeded due to virtual machine fork');

    const now = await times(restored);
    expect(await sh(restored, 'sleep 2; echo awake')).toContain('awake\n');
    const later = await times(restored);
    expect(now.up).toBeGreaterThanOrEqual(before.up);
    expect(now.date).toBeGreaterThanOrEqual(before.date);
    expect(now.rtc - before.rtc).toBeGreaterThanOrEqual(Math.max(0, days * DAY));
    for (const clock of ['up', 'date', 'rtc'] as const) {
      // whole seconds are cut
      expect(later[clock] - now[clock], clock).toBeGreaterThanOrEqual(clock === 'up' ? 2 : 1);
      expect(later[clock] - now[clock], clock).toBeLessThan(deadline);
    }
    expect(await sh(restored, 'dmesg')).not.toMatch(/unstable|lockup|stalls on/i);

    expect(await sh(restored, 'read line <&3; echo $line')).toContain('second\n');
    await sh(
      restored,
      'echo after >&4; ls /mnt | grep -x place; touch new; mv new moved; umount /mnt 2>/dev/null || true',
    );
    expect(readFileSync(join(folder, 'place/written'), 'utf8')).toBe('before\nafter\n');
    restored.send('poweroff -f\n');
    expect(await restored.exit()).toBe(0);
  }
  expect(new Set(numbers).size).toBe(numbers.length);
});
