// The visitor's machine in Chromium: Debian to a prompt that can be typed into, the screen, the keyboard, wrong files, a phone.
// Source: docs/web.md; .cache/guest from scripts/provision.

import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { guestImage, makeDisk } from '../guest-report.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { openPage } from './browser.js';

const CONSOLE = '#own .xterm-rows';

async function choose(page: Page, ...files: string[]): Promise<void> {
  await page.click('#tab-own');
  await page.setInputFiles('#files', files);
}

/** Waits for text on the console or, with another selector, elsewhere. */
async function shown(page: Page, text: string, selector = CONSOLE): Promise<void> {
  await page.waitForFunction(
    `document.querySelector(${JSON.stringify(selector)})?.textContent.replaceAll('\\u00a0', ' ').includes(${JSON.stringify(text)})`,
    undefined,
    { timeout: 120_000 },
  );
}

test('Debian boots to a prompt that can be typed into, with its messages on the screen too', async (context) => {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const { page, errors } = await openPage(context);
  await choose(page, kernel, initramfs);
  await page.waitForSelector('#chosen [data-kind=kernel]');
  await page.waitForSelector('#chosen [data-kind=initrd]');
  await page.click('#own-start');
  await shown(page, 'BOOT-OK');
  await page.keyboard.type('echo $((6*7))-from-the-guest\n');
  await shown(page, '42-from-the-guest');
  await shown(page, 'Run /init as init process', '#own .unseen');
  const lit = `(() => {
    const canvas = document.querySelector('#own canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let lit = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] > 100) lit++;
    return lit;
  })()`;
  expect(await page.evaluate(lit)).toBeGreaterThan(1000);
  // The last row of the console, where the prompt is, lies within its frame.
  const bottom = (selector: string) =>
    page.evaluate<number>(`document.querySelector('${selector}').getBoundingClientRect().bottom`);
  expect(await bottom('#own .xterm-screen')).toBeLessThanOrEqual(await bottom('#own .console'));
  await page.keyboard.type('poweroff -f\n');
  await shown(page, 'powered off after', '#own .status');
  expect(errors).toEqual([]);
});

test('the keyboard of the screen reaches the guest', async (context) => {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const { page } = await openPage(context);
  await choose(page, kernel, initramfs);
  await page.click('#own-start');
  await shown(page, '/root #');
  await page.keyboard.type('sh < /dev/tty1 > /dev/tty1 2>&1\n');
  await shown(page, '/root #', '#own .unseen');
  await page.focus('#own canvas');
  // Nothing that takes Shift: the driver would send `$` without it.
  await page.keyboard.type('expr 80042 - 6\n', { delay: 30 });
  await shown(page, '80036', '#own .unseen');
  await page.keyboard.press('Control+F6');
  expect(await page.evaluate('document.activeElement.id')).toBe('own-stop');
});

test('a dropped disk is used and never changed', async (context) => {
  const { page } = await openPage(context);
  const disk = join(scratch(), 'scratch.img');
  makeDisk('scratch', disk);
  await choose(page, guestImage('tabvisor-guest.elf'), disk);
  await page.waitForSelector('#chosen [data-kind=disk]');
  for (const mode of ['full', 'hw']) {
    await page.selectOption('#own-mode', mode);
    await page.fill('#command-line', 'run=disk-read,disk-write exit=poweroff');
    await page.click('#own-start');
    await shown(page, 'powered off after', '#own .status');
    // A second run reads what the first has read: nothing was written through.
    await shown(page, 'name=disk-read checksum=73794dd2');
    await shown(page, 'name=disk-write checksum=d4532836');
  }
});

test('wrong files and wrong sizes say what to do', async (context) => {
  const { page } = await openPage(context);
  const folder = scratch();
  const file = (name: string, bytes: string | number): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : '');
    if (typeof bytes === 'number') truncateSync(path, bytes);
    return path;
  };
  await page.click('#tab-own');
  const notice = async (): Promise<string> => (await page.locator('.notice.error').allInnerTexts()).join(' ');
  for (const [path, text] of [
    [file('nothing', ''), 'nothing: the file is empty'],
    [file('notes.txt', 'these are notes'), 'neither a kernel, nor an initrd, nor a raw disk image (15 bytes'],
    [file('disk.vmdk', `KDMV${'x'.repeat(508)}`), 'qemu-img convert -O raw'],
    [file('disk.img.gz', '\x1f\x8bxxxx'), 'Unpack it first'],
    [file('program', '\x7fELFxxxxxxxx'), 'Give a bzImage as distributions ship it'],
  ] as const) {
    await page.setInputFiles('#files', path);
    await expect.poll(notice, { timeout: 10_000 }).toContain(text);
    expect(await page.locator('#chosen li').count()).toBe(0);
  }
  await page.click('#own-start');
  expect(await notice()).toContain('There is no kernel');
  await page.setInputFiles('#files', guestImage('tabvisor-guest.elf'));
  await page.waitForSelector('#chosen [data-kind=kernel]');
  await page.fill('#memory', '5000');
  await page.click('#own-start');
  expect(await notice()).toContain('Memory: a machine has 2 MiB to 3 GiB');
  await page.fill('#memory', '2');
  await page.click('#own-start');
  await expect.poll(notice).not.toBe('');
  expect(await page.isDisabled('#own-start')).toBe(false);
});

test('a phone has no sideways scroll, and all can be reached by keys', async (context) => {
  const { page } = await openPage(context, { width: 360, height: 740 });
  const width = 'document.documentElement.scrollWidth';
  expect(await page.evaluate(width)).toBe(360);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.id')).toBe('tab-race');
  await page.keyboard.press('ArrowRight');
  expect(await page.isVisible('#own-form')).toBe(true);
  expect(await page.evaluate(width)).toBe(360);
});

test('dark and light: as the system has it, and as the switch says', async (context) => {
  const { page } = await openPage(context);
  const theme = 'document.documentElement.dataset.theme';
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(() => page.evaluate(theme)).toBe('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(() => page.evaluate(theme)).toBe('light');
  await page.click('#theme');
  await page.click('#theme');
  expect(await page.evaluate(theme)).toBe('dark');
  await page.reload();
  expect(await page.evaluate(theme)).toBe('dark');
});
