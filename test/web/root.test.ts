// A Linux root in Chromium: a dropped tar starts a shell in a worker, on a terminal that can be typed into. No machine is in it.
// Source: docs/web.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { tarOf } from '../tar.js';
import { openPage, until } from './browser.js';
import { drop } from './containers-page.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function shown(page: Page, text: string, selector = '#root .xterm-rows'): Promise<void> {
  await until(
    page,
    `document.querySelector(${JSON.stringify(selector)})?.textContent.replaceAll('\\u00a0', ' ').includes(${JSON.stringify(text)})`,
  );
}

async function accessible(page: Page, state: string): Promise<void> {
  const found = await page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
  );
  expect(found, state).toEqual([]);
}

test('a dropped root tar starts a shell; what is typed is answered; layers, packed ones too; its end is said', async (context) => {
  const { busybox } = needs(context, 'busybox');
  const { page, errors } = await openPage(context);
  await page.evaluate(axe);
  const folder = scratch();
  const root = join(folder, 'root.tar');
  writeFileSync(root, busyboxRoot(busybox));
  await page.click('#tab-root');
  await accessible(page, 'empty');
  await page.click('#root-start');
  await shown(page, 'There is no root.', '#notices');
  await accessible(page, 'an error');

  await page.click('#tab-race');
  await drop(page, root);
  await shown(page, '/ #');
  await shown(page, 'running', '#root .status');
  await page.keyboard.type('echo $((6*7))-from-a-process; ls /home\n');
  await shown(page, '42-from-a-process');
  await shown(page, 'bob');
  await page.keyboard.type('tty; stty size; cat /proc/1/comm\n');
  await shown(page, '/dev/pts/0');
  // a job, its end by Ctrl-C, and more output than may be on its way at once
  await page.keyboard.type('seq 30000 | tail -n 1; sh -c "echo up-$((1+1)); exec sleep 1000"\n');
  await shown(page, 'up-2');
  await page.keyboard.press('Control+c');
  await page.keyboard.type('echo status-$?\n');
  await shown(page, 'status-130');
  await page.keyboard.type('seq 3000; echo all-$((2+3))\n');
  await shown(page, 'all-5');
  await accessible(page, 'a shell');
  await page.keyboard.press('Control+F6');
  expect(await page.evaluate('document.activeElement.id')).toBe('root-stop');
  await page.click('#root .console');
  await page.keyboard.type('exit 3\n');
  await shown(page, 'ended with status 3', '#root .status');

  // a second layer, packed, on the first
  const second = join(folder, 'more.tar.gz');
  writeFileSync(
    second,
    gzipSync(
      tarOf([
        { name: 'etc/.wh.passwd', data: '' },
        { name: 'etc/more', data: 'more\n' },
      ]),
    ),
  );
  await drop(page, second);
  await page.fill('#root-program', '/bin/ls /etc');
  await page.click('#root-start');
  await shown(page, 'ended with status 0', '#root .status');
  await shown(page, 'group');
  expect(await page.textContent('#root .xterm-rows')).toContain('more');
  expect(await page.textContent('#root .xterm-rows')).not.toContain('passwd');

  await page.fill('#root-program', '/bin/nothing');
  await page.click('#root-start');
  await shown(page, 'there is no such program', '#notices');
  expect(errors).toEqual([]);
});

test('a file that is called a tar and is none is refused, and Stop ends a program that does not listen', async (context) => {
  const { busybox } = needs(context, 'busybox');
  const { page, errors } = await openPage(context, { isolated: false });
  const folder = scratch();
  const bad = join(folder, 'bad.tgz');
  writeFileSync(bad, 'this is no archive at all');
  await drop(page, bad);
  await shown(page, 'bad.tgz', '#notices');
  await page.click('#layers button');
  const root = join(folder, 'root.tar');
  writeFileSync(root, busyboxRoot(busybox));
  await page.fill('#root-program', '/bin/yes');
  await drop(page, root);
  await shown(page, 'y');
  await page.click('#root-stop');
  await shown(page, 'stopped', '#root .status');
  expect(errors).toEqual([]);
});
