// The visitor's machine in Chromium: Debian to a prompt that can be typed into, the screen, the keyboard, wrong files, a phone.
// Source: docs/web.md; .cache/guest from scripts/provision.

import { execFileSync } from 'node:child_process';
import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { menuCd } from '../boot/images.js';
import { guestImage, makeDisk } from '../guest-report.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { openPage, until } from './browser.js';

const CONSOLE = '#own .xterm-rows';

async function choose(page: Page, ...files: string[]): Promise<void> {
  await page.click('#tab-own');
  await page.setInputFiles('#files', files);
}

/** Waits for text on the console or, with another selector, elsewhere. */
async function shown(page: Page, text: string, selector = CONSOLE): Promise<void> {
  await until(
    page,
    `document.querySelector(${JSON.stringify(selector)})?.textContent.replaceAll('\\u00a0', ' ').includes(${JSON.stringify(text)})`,
  );
}

/** Drops files on the page, wherever that is open. */
async function drop(page: Page, ...files: string[]): Promise<void> {
  await page.setInputFiles('#files', []);
  await page.evaluate(`document.getElementById('files').onchange = null`);
  await page.setInputFiles('#files', files);
  await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    for (const file of document.getElementById('files').files) dataTransfer.items.add(file);
    for (const type of ['dragover', 'drop'])
      document.querySelector('footer').dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  })()`);
}

test('Debian boots to a prompt that can be typed into, on the console and on the screen', async (context) => {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const { page, errors } = await openPage(context);
  await choose(page, kernel, initramfs);
  await page.waitForSelector('#chosen [data-kind=kernel]');
  await page.waitForSelector('#chosen [data-kind=initrd]');
  await page.click('#own-start');
  // The kernel unpacks itself for a while.
  await shown(page, 'nothing printed yet; in protected mode', '#own .counters');
  await shown(page, 'BOOT-OK');
  await page.keyboard.type('echo $((6*7))-from-the-guest\n');
  await shown(page, '42-from-the-guest');
  await shown(page, 'Run /init as init process', '#own .unseen');
  const lit = `(() => {
    const canvas = document.querySelector('#own canvas');
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let lit = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] > 100) lit++;
    return lit;
  })()`;
  expect(await page.evaluate(lit)).toBeGreaterThan(1000);
  // The last row of the console, where the prompt is, lies within its frame.
  const bottom = (selector: string) =>
    page.evaluate<number>(`document.querySelector('${selector}').getBoundingClientRect().bottom`);
  expect(await bottom('#own .xterm-screen')).toBeLessThanOrEqual(await bottom('#own .console'));

  // Colours of any kind, and none of them by an inline style that the policy would stop.
  await page.keyboard.type('echo -e "\\033[38;2;1;2;3mC\\033[31mR\\033[0m."\n');
  await until(
    page,
    `['rgb(1, 2, 3)', 'rgb(204, 0, 0)'].every((colour) =>
    [...document.querySelectorAll('${CONSOLE} span')].some((one) => /^[CR]/.test(one.textContent) && getComputedStyle(one).color === colour))`,
  );
  await page.keyboard.type('sh < /dev/tty1 > /dev/tty1 2>&1\n');
  await shown(page, '/root #', '#own .unseen');
  await page.focus('#own canvas');
  // Nothing that takes Shift: the driver would send `$` without it.
  await page.keyboard.type('expr 80042 - 6\n', { delay: 30 });
  await shown(page, '80036', '#own .unseen');
  // As a phone's keyboard types, which sends no keys.
  await page.focus('#own textarea.unseen');
  for (const text of ['ex', 'pr 70', '042 - 6']) await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
  await shown(page, '70036', '#own .unseen');
  await page.keyboard.press('Control+F6');
  expect(await page.evaluate('document.activeElement.id')).toBe('own-stop');

  await page.click('#own .exit-list summary');
  await shown(page, 'IO_INSTRUCTION (30)', '#own .exit-list pre');
  await page.focus('#own canvas');
  await page.keyboard.type('seq 99\n', { delay: 30 });
  await until(page, `document.querySelector('#own .exit-list pre').textContent.split('\\n').length === 200`);
  await page.click('#own-pause');
  await shown(page, 'paused', '#own .status');
  await page.click('#own-pause');
  await shown(page, 'running', '#own .status');
  await page.focus('#own canvas');
  await page.keyboard.type('poweroff -f\n', { delay: 30 });
  await shown(page, 'powered off after', '#own .status');
  expect(errors).toEqual([]);
});

test('a dropped ISO boots to its menu through a BIOS that is kept; so does a qcow2 disk; settings survive', async (context) => {
  const { bios, vgabios, qemuImg, ...tools } = needs(
    ...([context, 'bios', 'vgabios', 'qemuImg', 'xorriso', 'isolinux', 'syslinuxModules'] as const),
  );
  const { page, errors } = await openPage(context);
  const cd = join(scratch(), 'menu.iso');
  menuCd(cd, 'WHAT TO BOOT', ['Nothing at all', 'Something else'], tools);
  // on the other tab
  await drop(page, cd);
  await shown(page, 'menu.iso boots through a BIOS, and there is none. Add SeaBIOS', '#boots');
  await page.click('#own-start');
  expect(await page.locator('.notice.error').textContent()).toContain('/usr/share/seabios');
  await drop(page, bios, vgabios);
  await shown(page, 'Boots menu.iso through the BIOS bios.bin.', '#boots');
  await page.selectOption('#own-mode', 'full');
  await page.fill('#memory', '64');
  await page.click('#own-start');
  await shown(page, 'WHAT TO BOOT', '#own .unseen');
  await shown(page, 'Nothing at all', '#own .unseen');
  await shown(page, 'running', '#own .status');
  await page.click('#own-reset');
  await shown(page, 'SeaBIOS', '#own .unseen');
  await shown(page, 'Something else', '#own .unseen');
  page.on('dialog', (dialog) => void dialog.accept());
  const [asked] = await Promise.all([page.waitForEvent('dialog'), page.reload()]);
  expect(asked.type()).toBe('beforeunload');

  await page.click('#tab-own');
  expect(await page.inputValue('#own-mode')).toBe('full');
  expect(await page.inputValue('#memory')).toBe('64');
  const disk = join(scratch(), 'boot.img');
  makeDisk('boot', disk);
  // of a CD and a floppy disk the one that is wanted first
  const floppy = join(scratch(), 'floppy.img');
  copyFileSync(disk, floppy);
  truncateSync(floppy, 1440 * 1024);
  await page.setInputFiles('#files', [cd, floppy]);
  await page.selectOption('#boot-first', 'floppy');
  await shown(page, 'Boots floppy.img through', '#boots');
  await page.click('#own-start');
  await shown(page, 'BOOTSECTOR real mode');
  await shown(page, 'powered off after', '#own .status');
  await page.click('button[aria-label="Remove floppy.img"]');
  await page.click('button[aria-label="Remove menu.iso"]');
  execFileSync(qemuImg, ['convert', '-c', '-f', 'raw', '-O', 'qcow2', disk, `${disk}.qcow2`]);
  await page.setInputFiles('#files', `${disk}.qcow2`);
  await page.selectOption('#own-mode', 'hw');
  await page.uncheck('#vmx');
  await page.click('#own-start');
  expect(await page.locator('.notice.error').textContent()).toContain('Switch VT-x on');
  await page.check('#vmx');
  await page.uncheck('#ept');
  await page.click('#own-start');
  await shown(page, 'powered off after', '#own .status');
  await shown(page, 'BOOTSECTOR protected mode and back');
  expect(errors).toEqual([]);
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
  expect(await notice()).toContain('There is nothing to boot');
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
