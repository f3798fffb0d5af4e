// What the page owes everyone: nothing that axe finds in any state of any view, keys that lead everywhere, a phone's keys, no need of a network.
// Source: WCAG 2.2 by axe-core's rules; docs/web.md.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { guestImage } from '../guest-report.js';
import { openPage, until } from './browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds in the page as it stands, dark and light. */
async function expectAccessible(page: Page, state: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await until(page, `document.documentElement.dataset.theme === '${colorScheme}'`);
    const violations = await page.evaluate<Violation[]>(
      `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}\n${nodes[0]!.failureSummary}`);
    expect(found, `${state}, ${colorScheme}`).toEqual([]);
  }
}

const laneStates = (state: string) =>
  `[...document.querySelectorAll('.lane')].map((lane) => lane.dataset.state)${state}`;

test('axe finds nothing on the race: before, in it, at its end, on a phone, with what is wrong', async (context) => {
  const { page, errors } = await openPage(context, { isolated: false });
  await page.evaluate(axe);
  await expectAccessible(page, 'at first, with a hint');
  await page.check('#in-turn');
  await page.click('#run-all');
  await until(page, laneStates(`.join() === 'running,waiting,waiting'`));
  await until(page, `document.querySelectorAll('.why').length > 0`);
  await expectAccessible(page, 'running');
  await page.click('.lane[data-mode=full] button:has-text("Stop")');
  await until(page, laneStates(`[0] === 'stopped'`));
  await page.click('#stop-all');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.uncheck('#in-turn');
  await page.click('.lane[data-mode=hw] button:has-text("Run")');
  await until(page, laneStates(`[1] === 'monitor'`));
  await expectAccessible(page, 'one at its monitor, on a phone');
  expect(errors).toEqual([]);
});

test('axe finds nothing on the visitor’s machine: empty, wrong, chosen, on, paused, off', async (context) => {
  const { page, errors } = await openPage(context);
  await page.evaluate(axe);
  await page.click('#tab-own');
  await expectAccessible(page, 'empty');
  await page.click('#own-start');
  await expectAccessible(page, 'an error');
  await page.setInputFiles('#files', guestImage('tabvisor-guest.elf'));
  await until(page, `document.querySelector('#chosen [data-kind=kernel]')`);
  await expectAccessible(page, 'a kernel');
  await page.fill('#memory', '32');
  await page.fill('#command-line', '');
  await page.click('#own-start');
  await until(page, `document.querySelector('#own .xterm-rows')?.textContent.includes('tabvisor>')`);
  await page.click('#own .exit-list summary');
  await until(page, `document.querySelector('#own .exit-list pre').textContent.includes('HLT')`);
  await expectAccessible(page, 'on');
  await page.click('#own-pause');
  await expectAccessible(page, 'paused');

  // a phone's keys, in the console
  await page.click('#own-pause');
  await page.setViewportSize({ width: 390, height: 844 });
  const key = (name: string) => page.click(`#own figure:first-of-type .key-row button[aria-label="${name}"]`);
  await page.click('#own .console');
  await page.keyboard.type('ticks\n');
  await until(page, `document.querySelector('#own .xterm-rows').textContent.includes('ms,')`);
  await page.keyboard.type('nonsense');
  await page.click('#own figure:first-of-type .key-row button:has-text("Ctrl")');
  await page.keyboard.type('u');
  await key('Arrow up');
  await page.keyboard.type('\n');
  await until(page, `document.querySelector('#own .xterm-rows').textContent.match(/ms,/g).length === 2`);
  expect(await page.textContent('#own .xterm-rows')).not.toContain('unknown command');
  await expectAccessible(page, 'on a phone');
  await page.click('#own-stop');
  await until(page, `document.querySelector('#own .status').textContent === 'stopped'`);
  await expectAccessible(page, 'off');
  expect(errors).toEqual([]);
});

test('Tab leads through every control and out of the consoles of machines that are off', async (context) => {
  const { page } = await openPage(context);
  const controls = await page.evaluate<number>(
    `[...document.querySelectorAll('button, input, select, textarea, [tabindex="0"]')]
      .filter((one) => one.offsetParent !== null && one.tabIndex === 0 && !one.disabled).length`,
  );
  const reached: string[] = [];
  for (let i = 0; i < controls; i++) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate<string>(`(() => {
        const { activeElement } = document;
        return activeElement.getAttribute('aria-label') ?? (activeElement.id || activeElement.tagName);
      })()`),
    );
  }
  expect(new Set(reached).size).toBe(controls);
  expect(reached.filter((name) => name.startsWith('Console,'))).toHaveLength(3);
});

test('without a network the page, the core and the guest are there', async (context) => {
  const { page, errors } = await openPage(context);
  await page.evaluate(`navigator.serviceWorker.ready.then(({ active }) => new Promise((resolve) => {
    if (active.state === 'activated') resolve();
    else active.onstatechange = () => active.state === 'activated' && resolve();
  }))`);
  await page.context().setOffline(true);
  await page.reload();
  expect(await page.evaluate('crossOriginIsolated')).toBe(true);
  await page.click('.lane[data-mode=para] button:has-text("Run")');
  await until(page, `document.querySelector('.lane[data-mode=para] .xterm-rows').textContent.includes('name=integer')`);
  expect(errors).toEqual([]);
});
