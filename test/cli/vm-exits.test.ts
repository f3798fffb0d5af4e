// Exits by reason of our own guest in mode hw, counted by hand from what its workloads do.
// Source: guest/README.md (workloads), guest/kernel/workloads; SDM vol. 3C section 26.1 (what exits).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { expectedOf, guestImage, makeDisk, workloadLines } from '../guest-report.js';
import { scratch } from '../scratch.js';

/** One workload, or none: exits by reason. What it prints is checked. */
async function exits(workload: string | undefined, ...args: string[]): Promise<Record<string, number>> {
  const stats = join(scratch(), 'stats.json');
  const append = workload ? `quiet run=${workload} exit=poweroff` : 'quiet exit=poweroff';
  const console = Console.machine(
    ['--kernel', guestImage('tabvisor-guest.elf'), '--memory', '64M', '--append', append, '--stats', stats, ...args],
    { deadline: 300 },
  );
  expect(await console.exit()).toBe(0);
  if (workload) {
    const { ticks, ...line } = workloadLines(console.output).get(workload)!;
    expect(line).toEqual({ name: workload, ...expectedOf(1, workload) });
    expect(ticks).toBeTypeOf('number');
  }
  return JSON.parse(readFileSync(stats, 'utf8')).exits;
}

const HW = ['--mode', 'hw'];
const NO_EPT = ['--mode', 'hw', '--no-ept'];

/**
 * How many exits of a reason the workload has made by itself: those of a run without any workload are taken off, and
 * `slack` is for what goes with time. The guest's clock ticks at 100 Hz. A tick is an external interrupt to the 8259, which
 * its handler ends with one OUT (two for the slave, which the timer is not on); and the workload's line of some 80 characters
 * goes out over the UART, each with a few reads of its line status.
 */
function more(of: Record<string, number>, baseline: Record<string, number>, reason: string): number {
  return (of[reason] ?? 0) - (baseline[reason] ?? 0);
}

/** The line that a workload prints, and its timer ticks: port accesses that are none of its own. */
const LINE_AND_TICKS = 4000;

test('port-io: an exit for each access, and not one more', async () => {
  const baseline = await exits(undefined, ...HW);
  const run = await exits('port-io', ...HW);
  // 16,000 rounds of 4 OUTs and 4 INs.
  const own = more(run, baseline, 'IO_INSTRUCTION');
  expect(own).toBeGreaterThanOrEqual(128_000);
  expect(own).toBeLessThan(128_000 + LINE_AND_TICKS);
  // Nothing else that it does is sensitive: CLI and STI are the guest's own business.
  for (const reason of ['CR_ACCESS', 'INVLPG', 'EXCEPTION_NMI', 'CPUID', 'MSR_READ', 'MSR_WRITE', 'EPT_VIOLATION']) {
    expect({ reason, exits: more(run, baseline, reason) }).toEqual({ reason, exits: 0 });
  }
});

test('context-switch: 60,003 CR3 loads are 0 exits with EPT, 60,003 without', async () => {
  const ept = more(await exits('context-switch', ...HW), await exits(undefined, ...HW), 'CR_ACCESS');
  // Two tasks yield 30,000 and 30,001 times (60,001 switches between them), one switch to the first, one back at the end.
  expect(ept).toBe(0);
  const shadow = more(await exits('context-switch', ...NO_EPT), await exits(undefined, ...NO_EPT), 'CR_ACCESS');
  expect(shadow).toBe(60_003);
});

test('page-fault: 24,000 faults and their INVLPGs are 0 exits with EPT', async () => {
  const baseline = await exits(undefined, ...HW);
  const run = await exits('page-fault', ...HW);
  expect(more(run, baseline, 'EXCEPTION_NMI')).toBe(0);
  expect(more(run, baseline, 'INVLPG')).toBe(0);
});

test('page-fault without EPT: every fault exits, at least once, and every INVLPG', async () => {
  const baseline = await exits(undefined, ...NO_EPT);
  const run = await exits('page-fault', ...NO_EPT);
  // 250 rounds over 64 pages. Even pages fault on the read and on the write, odd ones on the write: 250 * (32 * 2 + 32) = 24,000.
  // Each of those is an exit that the monitor hands on to the guest; when the guest has mended its tables the access faults
  // again, and that exit fills the shadow.
  const faults = more(run, baseline, 'EXCEPTION_NMI');
  expect(faults).toBeGreaterThanOrEqual(2 * 24_000);
  expect(faults).toBeLessThan(2 * 24_000 + 2000);
  // The guest invalidates each of the 16,000 pages that it takes away, and a page that was read before (an even one: 8,000)
  // when it becomes writable.
  expect(more(run, baseline, 'INVLPG')).toBe(24_000);
});

test('system calls, the sieve and memory cost no exits but those of the clock', async () => {
  const baseline = await exits(undefined, ...HW);
  for (const workload of ['syscall', 'integer', 'memory']) {
    const run = await exits(workload, ...HW);
    for (const reason of ['CR_ACCESS', 'INVLPG', 'EXCEPTION_NMI', 'MSR_READ', 'MSR_WRITE', 'HLT']) {
      expect({ workload, reason, exits: more(run, baseline, reason) }).toEqual({ workload, reason, exits: 0 });
    }
    expect(more(run, baseline, 'IO_INSTRUCTION')).toBeLessThan(LINE_AND_TICKS);
  }
});

test('a `rep` is one exit, whatever it moves: 256 words of a sector', async () => {
  const disk = join(scratch(), 'disk.img');
  makeDisk('scratch', disk);
  const baseline = await exits(undefined, ...HW, '--disk', `${disk},snapshot`);
  const run = await exits('disk-read', ...HW, '--disk', `${disk},snapshot`);
  // 1024 sectors come by PIO: 262,144 words, of which each `rep insw` takes 256. The rest are the commands of 104 requests
  // (six registers and a few looks at the status each) and the words to the bus master.
  const own = more(run, baseline, 'IO_INSTRUCTION');
  expect(own).toBeGreaterThan(1024);
  expect(own).toBeLessThan(1024 + 104 * 60 + LINE_AND_TICKS);
});

test('at its monitor the guest halts: an exit for each key or tick that wakes it, and no CPU time', async () => {
  const stats = join(scratch(), 'stats.json');
  const console = Console.machine([...HW, '--memory', '64M', '--timeout', '3', '--stats', stats], { deadline: 60 });
  await console.expect('tabvisor> ');
  expect(await console.exit()).toBe(124);
  const { exits: counts, cpuSeconds, wallSeconds } = JSON.parse(readFileSync(stats, 'utf8'));
  // The clock ticks 100 times a second; 3 seconds, less what starting takes.
  expect(counts.HLT).toBeGreaterThan(100);
  expect(counts.HLT).toBeLessThan(400);
  expect(cpuSeconds).toBeLessThan(wallSeconds / 2);
});

test('each exit is traced with its reason, place and qualification', async () => {
  const console = Console.machine(
    [...HW, '--append', 'quiet exit=poweroff', '--memory', '64M', '--serial', 'none', '--trace', 'exit'],
    { deadline: 60 },
  );
  expect(await console.exit()).toBe(0);
  expect(console.output).toMatch(/exit: IO_INSTRUCTION rip=001\w{5} qual=0x3f90000: out 0x3f9 size 1/);
  expect(console.output).toMatch(/exit: CPUID rip=001\w{5} qual=0x0\n/);
  expect(console.output).toMatch(/exit: CR_ACCESS rip=001\w{5} qual=0x\w+: mov cr0, \w+/);
});

test('the demo shows exits by reason with their share of the time', async () => {
  const console = Console.machine([...HW, '--demo', '--memory', '64M'], { deadline: 300 });
  expect(await console.exit()).toBe(0);
  expect(console.output).toMatch(/IO_INSTRUCTION \(30\) +[\d,]+ +\d+\.\d% +\d+\.\d\d\n/);
  expect(console.output).toMatch(/[\d,]+ entries, [\d,]+ a second; the guest ran \d+\.\d% of the time/);
});
