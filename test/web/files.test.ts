// Files of the person's computer and those of containers in Chromium: into a container and out of it, a folder that becomes a volume, an
// image as a file that is loaded again. Source: docs/web.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { scratch } from '../scratch.js';
import { until } from './browser.js';
import { accessible, card, drop, open, run, shown } from './containers-page.js';

async function downloaded(page: Page, click: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('files go into a container, and come out of it, by its card; a folder becomes a volume; an image is a file, and an image again', async (context) => {
  const { page, errors } = await open(context);
  const place = scratch();
  mkdirSync(join(place, 'site/deep er'), { recursive: true });
  writeFileSync(join(place, 'site/index.html'), 'hello\n');
  writeFileSync(join(place, 'site/deep er/ünï.sh'), 'echo from-a-script\n');

  await page.setInputFiles('#volume-folder', join(place, 'site'));
  await shown(page, 'site: 2 files; docker run -v site:/data', '.told');
  await until(page, `document.querySelector('[data-name=site]')`);
  await run(page, { name: 'one', command: 'sh', volume: 'site:/data' });
  await shown(page, '/#', '#terminals .xterm-rows');
  await page.keyboard.type('cat /data/index.html; /data/*/*.sh; echo "made $((6 * 7))" > /tmp/made\n');
  await shown(page, 'from-a-script', '#terminals .xterm-rows');

  await page.click(`${card('one')} button:text-is("Files…")`);
  await accessible(page, 'files of a container');
  const file = join(place, 'given.bin');
  writeFileSync(file, Buffer.alloc(3 << 20, 'tabvisor'));
  await page.setInputFiles('#files-in', [file, join(place, 'site/index.html')]);
  await shown(page, '2 files: in one:/', 'dialog .told');
  await page.fill('#files-path', '/no/such/folder');
  await page.setInputFiles('#files-in', file);
  await shown(page, 'Could not find the file /no/such/folder', 'dialog .told.wrong');
  const take = async (path: string) => {
    await page.fill('#files-path', path);
    return downloaded(page, () => page.click('dialog button:text-is("Download it")'));
  };
  expect(await take('/tmp/made')).toEqual({ name: 'made', bytes: Buffer.from('made 42\n') });
  expect((await take('/given.bin')).bytes.equals(readFileSync(file))).toBe(true);
  const folder = await take('/data/');
  expect([folder.name, folder.bytes.includes('deep er'), folder.bytes.includes('hello\n')]).toEqual([
    'data.tar',
    true,
    true,
  ]);
  await page.click('dialog button:text-is("Close")');

  const saved = await downloaded(page, () => page.click('[aria-label="Download tabvisor:latest"]'));
  expect(saved.name).toBe('tabvisor-latest.tar');
  await page.click(`${card('one')} button:text-is("Remove")`);
  await page.click('[aria-label="Remove tabvisor:latest"]');
  await until(page, `!document.querySelector('[data-name="tabvisor:latest"]')`);
  // without an image there is nothing to fill a volume by
  await page.setInputFiles('#volume-folder', join(place, 'site'));
  await shown(page, 'there is no image', '.told.wrong');
  const archive = join(place, 'again.tar');
  writeFileSync(archive, saved.bytes);
  await drop(page, archive);
  await shown(page, 'Loaded tabvisor:latest', '.told');
  expect(errors).toEqual([]);
});
