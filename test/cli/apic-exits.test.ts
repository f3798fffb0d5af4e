// A kernel of ours that uses the local APIC as xv6 does (locks.asm): what APIC virtualization saves, and that it changes nothing else.
// Source: counted by hand from the program; what it prints is QEMU's where that is there.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { needs, provisioned } from '../provisioned.js';
import { scratch } from '../scratch.js';

const DEADLINE = 300;
const DONE = 1;
/** Each lock reads the APIC ID when it is taken and when it is released; the start reads it, and who sends a message to itself. */
const READS = 2 * 200_000 + 2;
/** Writes of the task priority: at the start, to hold off, 2 * 10,000, to let in, at the end. */
const PRIORITIES = 20_004;
/** Interrupts end with a write each, and the timer and the APIC are set up: far fewer than this, and they go with time. */
const OTHERS = 1000;
const PRINTED = [
  'locks, a priority, a timer',
  'locks 00030d40',
  'held off 00000000',
  'let in 00000001',
  'to another 00000000',
  'to itself 00000001',
  'ticked',
  'done',
].join('\n');

const source = join(dirname(fileURLToPath(import.meta.url)), 'locks.asm');

async function exits(image: string, ...mode: string[]): Promise<Record<string, number>> {
  const stats = join(scratch(), 'stats.json');
  const console = Console.machine(
    ['--mode', ...mode, '--kernel', image, '--memory', '64M', '--debug-exit', '0xf4', '--stats', stats],
    { deadline: DEADLINE },
  );
  expect(await console.exit(), console.output).toBe(DONE);
  expect(console.output.replaceAll('\r', '').trim()).toBe(PRINTED);
  return JSON.parse(readFileSync(stats, 'utf8')).exits;
}

test('a lock that reads the APIC ID exits twice, or never', async (context) => {
  const { nasm } = needs(context, 'nasm');
  const image = join(scratch(), 'locks.bin');
  execFileSync(nasm, ['-f', 'bin', source, '-o', image], { stdio: 'pipe' });

  const qemu = provisioned('qemu');
  if (qemu) {
    const machine = ['-accel', 'tcg', '-cpu', 'max', '-nodefaults', '-display', 'none', '-no-reboot', '-m', '64M'];
    const devices = ['-serial', 'stdio', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-kernel', image];
    const end = spawnSync(qemu, [...machine, ...devices], { timeout: DEADLINE * 1000, encoding: 'utf8' });
    expect(end.stdout.replaceAll('\r', '').trim()).toBe(PRINTED);
  }

  for (const [mode, read, written] of [
    [['full'], 'mmio-read', 'mmio-write'],
    [['hw'], 'EPT_VIOLATION', 'EPT_VIOLATION'],
    [['hw', '--no-ept'], 'EXCEPTION_NMI', 'EXCEPTION_NMI'],
    [['para'], 'EPT_VIOLATION', 'EPT_VIOLATION'],
  ] as const) {
    const with_ = await exits(image, ...mode);
    const without = await exits(image, ...mode, '--no-apicv');
    const counted = (of: Record<string, number>) => (of[read] ?? 0) + (read === written ? 0 : (of[written] ?? 0));
    expect(counted(without), mode.join(' ')).toBeGreaterThanOrEqual(READS + PRIORITIES);
    expect(counted(without)).toBeLessThan(READS + PRIORITIES + OTHERS);
    expect(counted(with_), mode.join(' ')).toBeLessThan(OTHERS);
    if (mode[0] === 'full') continue;
    expect(with_.APIC_WRITE).toBeLessThan(OTHERS);
    expect(with_.TPR_BELOW_THRESHOLD).toBe(1);
    expect([without.APIC_WRITE, without.APIC_ACCESS, without.TPR_BELOW_THRESHOLD]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }
});
