// Published ports in Chromium: a container's web server in a tab of its own, with pictures, styles, links and forms, streamed; and a hostile
// one, which gets at nothing of the page. Source: docs/web.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import type { TarFile } from '../tar.js';
import { until } from './browser.js';
import { accessible, card, drop, open, run, saved, shown } from './containers-page.js';

const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>';
/** A page as people write them, and as an attacker would. */
const INDEX = `<!doctype html><title>as it was</title><link rel="stylesheet" href="/style.css"><h1>from the container</h1>
<img id="near" src="picture.svg"><img id="rooted" src="/picture.svg"><img id="outside" src="https://registry.example/x.png">
<a id="link" href="/about.html">about</a> <a id="folder" href="folder">folder</a>
<form id="form" method="post" action="/cgi-bin/echo"><input name="word" value="posted &amp; more"><button>send</button></form>
<script>document.title = 'a script ran'</script><script src="/script.js"></script>
<img src="none" onerror="document.title = 'a handler ran'">
<iframe srcdoc="<script>parent.document.title = 'a frame ran'</script>"></iframe>
<form id="away" method="post" action="https://registry.example/"><button>away</button></form>
<a id="js" href="javascript:document.title='an address ran'">x</a>`;
const ECHO = `#!/bin/sh
echo 'Content-Type: text/html'
echo 'Set-Cookie: taken=yes; path=/'
echo 'Content-Security-Policy: sandbox allow-scripts allow-same-origin'
echo 'Service-Worker-Allowed: /'
echo
echo "<p>$REQUEST_METHOD $CONTENT_TYPE $HTTP_HOST $HTTP_COOKIE</p><pre>"
cat
echo '</pre><script>document.title = 1</script>'
`;
/** Pieces, of which the last comes when somebody says so. */
const SLOW = `#!/bin/sh
echo 'Content-Type: text/html'
echo
echo '<p id=first>the first</p>'
while [ ! -e /tmp/go ]; do sleep 0.1; done
echo '<p id=last>the last</p>'
`;
const file = (name: string, data: string, mode = 0o644): TarFile => ({ name: `www/${name}`, data, mode });
const SITE: TarFile[] = [
  ...[file('index.html', INDEX), file('about.html', '<h1>about it</h1>'), file('picture.svg', PICTURE)],
  ...[file('style.css', 'h1 { color: rgb(1, 2, 3) }'), file('script.js', "document.title = 'a file ran'")],
  ...[file('folder/index.html', '<h1>in a folder</h1><img src="../picture.svg">'), file('big', 'x'.repeat(3 << 20))],
  ...[file('cgi-bin/echo', ECHO, 0o755), file('cgi-bin/slow', SLOW, 0o755)],
];

/** Opened as a person does. */
async function follow(page: Page, container: string): Promise<Page> {
  const opened = page.context().waitForEvent('page');
  await page.click(`${card(container)} .ports a`);
  const other = await opened;
  await other.waitForLoadState();
  return other;
}

const width = (page: Page, id: string): Promise<number> =>
  page.evaluate(`document.getElementById(${JSON.stringify(id)}).naturalWidth`);

test("a published port is a link to the container's web server: pages, pictures, forms, streams; nothing of them runs or gets out", async (context) => {
  const { busybox } = needs(context, 'busybox');
  const { page, errors } = await open(context);
  // the page's own image has a web server, too
  await run(page, { name: 'own', command: 'httpd /etc', publish: '8082:80', detached: true });
  const own = await follow(page, 'own');
  await own.click('a:text-is("motd")');
  await own.waitForURL('**/port/8082/motd');
  expect(await own.textContent('body')).toContain('in namespaces of its own');
  await own.close();

  const archive = join(scratch(), 'site.tar');
  writeFileSync(archive, saved(busybox, '386', SITE));
  await drop(page, archive);
  await shown(page, 'Loaded busybox:saved', '.told');
  const serving = { image: 'busybox:saved', command: 'httpd -f -h /www -p 80', detached: true };
  await run(page, { ...serving, name: 'web', publish: '8080:80' });
  await shown(page, 'Open :8080', card('web'));
  await accessible(page, 'a published port');

  const site = await follow(page, 'web');
  const root = site.url();
  expect(root).toBe(new URL('port/8080/', page.url()).href);
  expect(await site.textContent('h1')).toBe('from the container');
  expect(await site.evaluate("getComputedStyle(document.querySelector('h1')).color")).toBe('rgb(1, 2, 3)');
  expect([await width(site, 'near'), await width(site, 'rooted'), await width(site, 'outside')]).toEqual([30, 30, 0]);
  await site.click('#js');
  await site.click('#away');
  expect([site.url(), await site.title()]).toEqual([root, 'as it was']);

  await site.click('#link');
  await site.waitForURL(`${root}about.html`);
  expect(await site.textContent('h1')).toBe('about it');
  await site.goBack();
  await site.click('#folder');
  await site.waitForURL(`${root}folder/`);
  await site.goto(root);
  await site.click('#form button');
  await site.waitForURL(`${root}cgi-bin/echo`);
  expect(await site.textContent('p')).toBe('POST application/x-www-form-urlencoded localhost:8080 ');
  expect(await site.textContent('pre')).toContain('word=posted+%26+more');
  expect([await site.title(), await site.context().cookies()]).toEqual(['', []]);

  // as it comes; and as much as a page may want, whether it is taken or not
  await site.goto(`${root}cgi-bin/slow`, { waitUntil: 'commit' });
  await site.waitForSelector('#first');
  expect(await site.locator('#last').count()).toBe(0);
  await page.bringToFront();
  await page.click(`${card('web')} button:text-is("Exec sh")`);
  await shown(page, '/ #', '#terminals .xterm-rows');
  await page.keyboard.type('touch /tmp/go; echo gone-$((1+1))\n');
  await shown(page, 'gone-2', '#terminals .xterm-rows');
  await site.waitForSelector('#last');
  expect(await page.evaluate(`fetch('port/8080/big').then((r) => r.text()).then((text) => text.length)`)).toBe(3 << 20);

  // what is not there says so, and what to do
  const status = async (address: string): Promise<number | undefined> => (await site.goto(address))?.status();
  expect(await status(`${root}nothing`)).toBe(404);
  expect(await status(root.replace('8080', '9090'))).toBe(404);
  expect(await site.textContent('main')).toContain('docker run -d -p 9090:80');
  await run(page, { ...serving, name: 'deaf', command: 'sleep 1000', publish: '8081:80' });
  expect(await status(root.replace('8080', '8081'))).toBe(502);
  expect(await site.textContent('main')).toContain('Nothing answers behind port 8081');
  await page.fill('#run-line', 'docker run -d --name second -p 8080:80 busybox:saved');
  await page.press('#run-line', 'Enter');
  await shown(page, 'port is already allocated', '#notices');
  await page.click(`${card('web')} button:text-is("Stop")`);
  await until(page, `!document.querySelector('${card('web')} .ports a')`);
  expect(await status(root)).toBe(404);
  await page.close();
  expect(await status(root)).toBe(503);
  expect(errors).toEqual([]);
});
