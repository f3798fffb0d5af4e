// The page's race in Chromium: right answers in every mode, the benchmark's directions, a speed like Node's.
// Source: guest/expected.json, docs/benchmark.md; bin/tabvisor.mjs is what Node's speed is measured with.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { EXPLANATIONS } from '../../src/modes/explanations.js';
import { RACE, ROWS } from '../../src/modes/rows.js';
import { expectedOf, guestImage, makeDisk, workloadLines } from '../guest-report.js';
import { root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { openPage, race, until, workloadText } from './browser.js';

/** As web/modes.ts has them. */
const modes = [...readFileSync(join(root, 'web/modes.ts'), 'utf8').matchAll(/mode: '(\w+)'/g)].map(([, mode]) => mode!);
/** Runs of each, of which the fastest counts: other work on the machine only ever slows a run down. */
const ROUNDS = 3;
const SHARE = 0.7;
/** What the benchmark must say for a difference that the page may not deny. */
const CLEARLY = 1.4;

/** The lines of `run all`, of which the table has all but those of the IDE disk. */
function expectRight(output: string, mode: string): void {
  const lines = workloadLines(output);
  expect([...lines.keys()].sort()).toEqual(ROWS.map(({ workload }) => workload).sort());
  for (const [name, { ticks, ...rest }] of lines) {
    if (name === 'hypercall' && mode !== 'para') expect(rest).toEqual({ name, skipped: 'no-hypervisor' });
    else {
      expect(rest, `${name} in ${mode}`).toEqual({ name, ...expectedOf(1, name) });
      expect(ticks).toBeTypeOf('number');
    }
  }
}

/** Seconds of a row in each mode, by what `npm run bench` has written. */
function benchmark(row: string): number[] {
  const line = readFileSync(join(root, 'docs/benchmark.md'), 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`| ${row} `) && one.includes('±'));
  return line!
    .split('|')
    .slice(3, 6)
    .map((cell) => Number.parseFloat(cell));
}

/** How often a lane that was hit may be raced again. */
const RACES = 3;

/** Of what has been raced: pairs of modes whose order is not that of the benchmark, where there the one is clearly faster. */
async function contradictions(page: Page): Promise<string[]> {
  const ran = await Promise.all(modes.map(async (mode) => workloadLines(await workloadText(page, mode))));
  const found: string[] = [];
  for (const { name, workload } of RACE) {
    const measured = benchmark(name);
    const here = ran.map((lines) => Number(lines.get(workload)!.ticks));
    for (const a of [0, 1, 2])
      for (const b of [0, 1, 2])
        if (measured[a]! * CLEARLY < measured[b]! && here[a]! >= here[b]!)
          found.push(`${name}: ${modes[a]} ${here[a]} ms, ${modes[b]} ${here[b]} ms; benchmark ${measured.join(' ')}`);
  }
  return found;
}

test('one mode after the other: the table says what the benchmark says, and each guest stays to be typed to', async (context) => {
  const { page, errors } = await openPage(context);
  expect(await page.evaluate('crossOriginIsolated')).toBe(true);
  await race(page, { inTurn: true });
  // other work on the machine may have hit one lane
  for (let again = 0; again < RACES && (await contradictions(page)).length > 0; again++)
    await race(page, { inTurn: true });
  expect(await contradictions(page)).toEqual([]);
  expect(await page.textContent('#verdict')).toContain(`All ${modes.length} modes`);
  for (const { workload, operation } of RACE) {
    const row = page.locator(`tbody[data-workload=${workload}]`);
    expect(await row.locator('th').textContent()).toContain(`one ${operation}`);
    expect((await row.locator('.why').textContent())!.startsWith(EXPLANATIONS[workload]!.about)).toBe(true);
  }
  // exits for each operation: a request to a disk by IDE's registers, and by a virtqueue
  const exits = (mode: string) => page.textContent(`[data-workload=disk-random] [data-mode=${mode}] .exits`);
  expect(await exits('hw')).toBe('IO_INSTRUCTION 17.0');
  expect(await exits('para')).toContain('EPT_VIOLATION 1.00');
  expect(await page.textContent('[data-workload=clock-read] [data-mode=para] .exits')).toBe('no exits');
  for (const mode of modes) {
    await page.click(`.lane[data-mode=${mode}] .console`);
    await page.keyboard.type('run all\n');
  }
  for (const mode of modes) {
    await expect
      .poll(() => workloadText(page, mode), { timeout: 60_000 })
      .toMatch(/name=hypercall (skipped|checksum=\w+ ticks=\d+ ops=20000$)/m);
    expectRight(await workloadText(page, mode), mode);
  }
  expect(errors).toEqual([]);
});

test('all at once and without shared memory all the same, and the page says how to have it', async (context) => {
  const { page, errors } = await openPage(context, { isolated: false });
  expect(await page.evaluate('typeof SharedArrayBuffer')).toBe('undefined');
  expect(await page.textContent('.notice')).toContain('Cross-Origin-Embedder-Policy: require-corp');
  await race(page, { inTurn: false });
  expect(await page.textContent('#verdict')).toContain(`All ${modes.length} modes`);
  // on a phone all modes are seen without scrolling sideways
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  expect(await page.evaluate(`document.querySelector('.scroll').scrollWidth`)).toBeLessThanOrEqual(390);
  await page.click('#stop-all');
  await until(page, `document.querySelectorAll('.lane[data-state=stopped]').length === ${modes.length}`);
  expect(errors).toEqual([]);
});

const COMPUTING = ['integer', 'memory', 'syscall', 'context-switch', 'page-fault', 'port-io'];

/** Milliseconds of the workloads that wait for nobody, by the guest's clock. */
function computing(output: string): number {
  return COMPUTING.reduce((sum, name) => {
    return sum + Number(new RegExp(`name=${name} checksum=\\w+ ticks=(\\d+)`).exec(output)![1]);
  }, 0);
}

const LINE = `run=${COMPUTING.join(',')} scale=10 exit=poweroff quiet`;

async function inChromium(page: Page, mode: string): Promise<number> {
  await page.selectOption('#own-mode', mode);
  await page.click('#own-start');
  await until(page, `document.querySelector('#own .status')?.textContent.startsWith('powered off')`);
  // the terminal draws later than it is written to
  await until(page, `document.querySelector('#own .xterm-rows').textContent.includes('name=${COMPUTING.at(-1)}')`);
  return computing((await page.textContent('#own .xterm-rows'))!.replaceAll('\u00a0', ' '));
}

async function inNode(mode: string): Promise<number> {
  const disk = join(scratch(), 'scratch.img');
  makeDisk('scratch', disk);
  const console = Console.machine(['--mode', mode, '--memory', '64M', '--disk', disk, '--append', LINE], {
    deadline: 120,
  });
  expect(await console.exit()).toBe(0);
  return computing(console.output);
}

for (const mode of modes) {
  test(`${mode} has ${SHARE} of its speed in Node at least`, async (context) => {
    const { page } = await openPage(context);
    await page.click('#tab-own');
    await page.setInputFiles('#files', guestImage('tabvisor-guest.elf'));
    await page.fill('#memory', '64');
    await page.fill('#command-line', LINE);
    const node: number[] = [];
    const chromium: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      node.push(await inNode(mode));
      chromium.push(await inChromium(page, mode));
      if (Math.min(...node) / Math.min(...chromium) >= SHARE) break;
    }
    expect(Math.min(...node) / Math.min(...chromium), `ms in Node ${node}, in Chromium ${chromium}`).toBeGreaterThan(
      SHARE,
    );
  });
}
