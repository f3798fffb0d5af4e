// The same workload in the three modes, counted: the exits that para saves, as docs/EXITS.md shows them.
// Source: guest/README.md (workloads), guest/expected.json; virtio 1.2, 2.7.10 (event index); Linux Documentation/virt/kvm/x86.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { expectedOf, guestImage, makeDisk, workloadLines } from '../guest-report.js';
import { scratch } from '../scratch.js';

type Counts = Record<string, number>;

type Mode = 'full' | 'hw' | 'para';

/** What goes with time and with the workload's own line: timer interrupts, the UART. */
const SLACK = 4000;

const machine = (mode: Mode, disk: string): string[] => [
  ...['--mode', mode, '--kernel', guestImage('tabvisor-guest.elf'), '--memory', '64M'],
  ...['--disk', `${disk},snapshot`, '--net', 'user'],
];

async function run(mode: Mode, workload?: string): Promise<Counts> {
  const folder = scratch();
  const [disk, stats] = [join(folder, 'disk.img'), join(folder, 'stats.json')];
  makeDisk('scratch', disk);
  const append = `quiet exit=poweroff ${workload ? `run=${workload}` : ''}`;
  const console = Console.machine([...machine(mode, disk), '--append', append, '--stats', stats], { deadline: 300 });
  expect(await console.exit()).toBe(0);
  if (workload) {
    const { ticks, ...line } = workloadLines(console.output).get(workload)!;
    expect(line).toEqual({ name: workload, ...expectedOf(1, workload) });
    expect(ticks).toBeTypeOf('number');
  }
  return JSON.parse(readFileSync(stats, 'utf8')).exits;
}

/** The workload's own exits: a boot that runs nothing is taken off. */
async function own(mode: Mode, workload: string): Promise<Counts> {
  const [counts, idle] = [await run(mode, workload), await run(mode)];
  const found: Counts = {};
  for (const [reason, count] of Object.entries(counts)) found[reason] = Math.max(0, count - (idle[reason] ?? 0));
  return found;
}

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** What leaves the guest for a device: not the end of a time slice. */
const devices = (counts: Counts): number => {
  const { budget, PREEMPTION_TIMER, ...rest } = counts;
  return total(rest);
};

async function inModes(workload: string): Promise<Record<Mode, Counts>> {
  return { full: await own('full', workload), hw: await own('hw', workload), para: await own('para', workload) };
}

test('a port access leaves the guest in every mode', async () => {
  const of = await inModes('port-io');
  for (const mode of ['full', 'hw', 'para'] as const) {
    expect(devices(of[mode])).toBeGreaterThanOrEqual(128_000);
    expect(devices(of[mode])).toBeLessThan(128_000 + SLACK);
  }
});

test('the time: five exits a read by the 8254, none by the clock page', async () => {
  const of = await inModes('clock-read');
  for (const mode of ['full', 'hw'] as const) expect(devices(of[mode])).toBeGreaterThanOrEqual(5 * 4000);
  expect(total(of.para)).toBeLessThan(1000);
});

test.for([
  ['disk-sequential', 64, 5],
  ['disk-random', 384, 1.1],
  ['net-echo', 256, 1.1],
  ['net-bulk', 256, 0.2],
] as const)('%s: para makes less than a fifth of the exits', async ([workload, operations, most]) => {
  const { full, hw, para } = await inModes(workload);
  // IDE and the NE2000 are told register by register, by an emulator and by VMX alike.
  for (const counts of [full, hw]) expect(devices(counts)).toBeGreaterThan(12 * operations);
  expect(Math.abs(devices(full) - devices(hw))).toBeLessThan(SLACK);
  expect(5 * devices(para)).toBeLessThan(devices(hw));
  // A ring is told of once a batch: its notifications are the memory that no RAM stands behind.
  const notifications = para.EPT_VIOLATION ?? 0;
  expect(notifications).toBeGreaterThan(0);
  expect(notifications).toBeLessThanOrEqual(most * operations);
});

test('a hypercall is one exit, and only para announces any', async () => {
  const calls = await own('para', 'hypercall');
  expect(calls.VMCALL).toBe(20_000);
  expect(total(calls)).toBeLessThan(20_000 + SLACK);
});
