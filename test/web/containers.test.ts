// Containers in Chromium: the page's own image at the first click, a dropped docker save with a terminal and limits, exec, two containers that
// find each other by name, what is kept over a reload, registries with and without CORS. Source: docs/web.md.
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FakeRegistry } from '../fake-registry.js';
import { imageOf } from '../images.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { tarOf } from '../tar.js';
import { openPage, until } from './browser.js';
import { accessible, card, drop, open, run, running, saved, shown } from './containers-page.js';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** The registry on a port of loopback, which lets pages read it, or does not. */
async function serve(registry: FakeRegistry, cors: boolean): Promise<string> {
  const server = createServer((request, response) => {
    const headers: Record<string, string> = cors
      ? {
          'Access-Control-Allow-Origin': '*',
          'Access-Control-Allow-Headers': '*',
          'Access-Control-Expose-Headers': '*',
        }
      : {};
    if (request.method === 'OPTIONS') return void response.writeHead(204, headers).end();
    const url = `${registry.origin}${request.url}`;
    const asked = { method: request.method as 'GET', url, headers: request.headers as Record<string, string> };
    void registry.send(asked).then(async ({ status, header, body }) => {
      for (const name of ['content-type', 'docker-content-digest']) if (header(name)) headers[name] = header(name)!;
      response.writeHead(status, headers);
      for await (const piece of body) response.write(piece);
      response.end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('the image that the page brings runs at the first click; a dropped docker save with limits, exec and neighbours; all again after a reload', async (context) => {
  const { busybox } = needs(context, 'busybox');
  const { page, errors } = await open(context);
  await accessible(page, 'nothing runs');
  await shown(page, 'kept in this browser', '#containers-room');

  // one click, no network
  await page.click('#run');
  await shown(page, '/#', '#terminals .xterm-rows');
  await page.keyboard.type('cat /proc/1/comm; hostname > /tmp/name; exit 7\n');
  await shown(page, 'ended with status 7', '#terminals .xterm-rows');
  await page.click('#terminals figcaption button');

  const file = join(scratch(), 'busybox.tar');
  writeFileSync(file, saved(busybox));
  await page.click('#tab-race');
  await drop(page, file);
  await shown(page, 'Loaded busybox:saved', '.told');
  expect(await page.inputValue('#run-image')).toBe('busybox:saved');

  // a network and a volume of its own; a server in the background with limits
  await page.fill('#network-name', 'front');
  await page.press('#network-name', 'Enter');
  await until(page, `document.querySelector('[data-name=front]')`);
  const serving = 'sh -c "echo from-web > /data/index.html; httpd -f -p 80 -h /data"';
  const limits = { memory: '32m', cpus: '0.5', volume: 'pages:/data' };
  await run(page, { name: 'web', network: 'front', command: serving, detached: true, ...limits });
  await shown(page, 'of 32 MiB', card('web'));
  await page.fill('#run-line', 'docker run -it --name client --network front --pids-limit 20 busybox:saved');
  await page.press('#run-line', 'Enter');
  await until(page, `document.querySelector('${card('client')}')?.dataset.state === 'running'`);
  await shown(page, '/ #', '#terminals .xterm-rows');
  await page.keyboard.type('wget -q -O - http://web/; echo $GREETING; echo in-its-root > /root/note\n');
  await shown(page, 'from-web', '#terminals .xterm-rows');
  await shown(page, 'hello', '#terminals .xterm-rows');
  await accessible(page, 'two containers');

  await page.click(`${card('web')} button:text-is("Exec sh")`);
  await page.keyboard.type('cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max; hostname\n');
  await shown(page, '33554432', '#terminals .xterm-rows');
  await shown(page, '50000 100000', '#terminals .xterm-rows');
  // what goes beyond its memory is killed, and nobody else
  await page.keyboard.type('dd if=/dev/zero of=/dev/null bs=100M; echo status-$?\n');
  await shown(page, 'status-137', '#terminals .xterm-rows');
  await page.click(`${card('web')} button:text-is("Stop")`);
  await until(page, `document.querySelector('${card('web')}').dataset.state === 'exited'`);

  // the page goes while a container runs, and comes again: images, containers, networks, volumes, what was written in either
  await page.reload();
  await running(page);
  const things = await page.textContent('#containers-view');
  for (const name of ['busybox:saved', 'tabvisor:latest', 'front', 'pages']) expect(things).toContain(name);
  await until(page, `document.querySelector('${card('client')}')?.dataset.state === 'exited'`);
  await page.click(`${card('web')} button:text-is("Start")`);
  await page.click(`${card('client')} button:text-is("Start")`);
  await shown(page, '/ #', '#terminals .xterm-rows');
  await page.keyboard.type('cat /root/note; wget -q -O - http://web/; echo all-$((1+1))\n');
  await shown(page, 'all-2', '#terminals .xterm-rows');
  await shown(page, 'in-its-root', '#terminals .xterm-rows');
  await shown(page, 'from-web', '#terminals .xterm-rows');
  await page.click(`${card('web')} button:text-is("Logs")`);
  await page.click(`${card('web')} button:text-is("Remove")`);
  await until(page, `!document.querySelector('${card('web')}')`);
  expect(errors).toEqual([]);
});

test("docker's own commands at a prompt: a build of an edited Dockerfile, a terminal, what follows and is interrupted, files; all by keys", async (context) => {
  const { page, errors } = await open(context);
  await shown(page, '/ $', '#prompt .xterm-rows');
  const at = async (line: string, seen: string): Promise<void> => {
    await page.keyboard.type(`${line}\n`);
    await shown(page, seen, '#prompt .xterm-rows');
  };
  await page.click('#prompt-files [aria-label="Edit hello.sh"]');
  await page.fill('#edit-text', '#!/bin/sh\necho "edited $((6 * 7))"\n');
  await accessible(page, 'the editor');
  await page.keyboard.press('Control+s');
  await at('docker build -q -t hello . && docker run --rm hello', 'edited 42');

  // a terminal of a container's: its own prompt, its size, Ctrl-C to its program, its status is the command's
  await at('clear; docker run -it --rm --name term --memory 32m tabvisor sh || nothing', 'no pipes');
  await at('clear; docker run -it --rm --name term --memory 32m tabvisor sh', ':/#');
  await at('cat /sys/fs/cgroup/memory.max', '33554432');
  await page.keyboard.type('sleep 1000\n');
  await page.keyboard.press('Control+c');
  await at('echo status-$?; exit', 'status-130');
  await at('docker ps -aq --format "left:{{.Names}}"; docker version --format {{.Client.Os}}', 'browser');

  await at('clear; docker run -d --name web tabvisor sh -c "while :; do echo tick; sleep 1; done"', '$');
  await at('docker logs -f web', 'tick');
  await page.keyboard.press('Control+c');
  await at('docker stats --format "cpu:{{.Name}}"', 'cpu:web');
  await page.keyboard.press('Control+c');
  // Tab: a word of docker's, and the name of what runs
  await page.keyboard.type('clear\ndocker sto');
  await page.keyboard.press('Tab');
  await page.keyboard.type('-t 1 w');
  await page.keyboard.press('Tab');
  await shown(page, 'docker stop -t 1 web', '#prompt .xterm-rows');
  await page.keyboard.press('Enter');
  await until(page, `document.querySelector('${card('web')}').dataset.state === 'exited'`);
  await at('clear; docker cp web:/etc/passwd copy && cat copy', 'root:x:0:0');
  await at(
    'docker save -o saved.tar hello && docker rmi hello && docker load -i saved.tar',
    'Loaded image: hello:latest',
  );
  await at('clear; docker compose up', 'is not in this tab');
  await at('docker container prune', '[y/N]');
  await at('y', 'Total reclaimed space');
  await accessible(page, 'the prompt');

  // the folder and what was typed are there after a reload
  await page.reload();
  await running(page);
  await shown(page, 'saved.tar', '#prompt-files');
  await shown(page, '/ $', '#prompt .xterm-rows');
  await page.click('#prompt .console');
  await page.keyboard.press('ArrowUp');
  await shown(page, '$ docker container prune', '#prompt .xterm-rows');
  expect(errors).toEqual([]);
});

test('in a window whose browser keeps no files all runs in memory, and the page says so', async (context) => {
  const { page, errors } = await openPage(context);
  await page.addInitScript(
    `StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('not here', 'SecurityError'))`,
  );
  await page.reload();
  await page.click('#tab-containers');
  await running(page);
  await shown(page, 'gone when the page is', '#notices');
  const { busybox } = needs(context, 'busybox');
  const file = join(scratch(), 'busybox.tar');
  writeFileSync(file, saved(busybox));
  await drop(page, file);
  await shown(page, 'Loaded busybox:saved', '.told');
  await run(page, { name: 'one', image: 'busybox:saved', volume: 'data:/data', pids: '5', command: 'sh' });
  await shown(page, '/ #', '#terminals .xterm-rows');
  await page.keyboard.type('cat /sys/fs/cgroup/pids.max; echo in-it > /data/x; cat /data/x\n');
  await shown(page, 'in-it', '#terminals .xterm-rows');
  expect(await page.textContent('#containers-room')).toBe('');
  await page.reload();
  await page.click('#tab-containers');
  await running(page);
  expect(await page.textContent('#containers-view')).not.toContain('busybox');
  expect(errors).toEqual([]);
});

test('a registry that lets pages read it is pulled from; of others is said why not, and what to do; a second tab is told', async (context) => {
  const { page, errors } = await open(context, { width: 390, height: 800 });
  const registry = new FakeRegistry('http://registry.example');
  registry.add('library/tiny', 'latest', imageOf([[{ name: 'etc/tiny', data: 'tiny\n' }]], { Cmd: ['/bin/none'] }));
  const open_ = await serve(registry, true);
  await page.fill('#pull-name', `${open_}/library/tiny`);
  await page.press('#pull-name', 'Enter');
  await until(page, `document.querySelector('[data-name="${open_}/library/tiny:latest"]')`);
  const closed = await serve(registry, false);
  await page.fill('#pull-name', `${closed}/library/tiny`);
  await page.press('#pull-name', 'Enter');
  await shown(page, 'CORS', '.told.wrong');
  await page.fill('#pull-name', 'busybox');
  await page.press('#pull-name', 'Enter');
  await shown(page, 'Docker Hub sends no CORS headers', '.told.wrong');
  await shown(page, 'docker save', '.told.wrong');
  await accessible(page, 'a pull that failed, on a phone');
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);

  // an image without a program says so, and leaves no terminal behind
  await page.selectOption('#run-image', `${open_}/library/tiny:latest`);
  await page.click('#run');
  await shown(page, 'no such file', '#notices');
  expect(await page.locator('#terminals figure').count()).toBe(0);

  const bad = join(scratch(), 'bad.tar');
  writeFileSync(bad, tarOf([{ name: 'manifest.json', data: '[{"Config":"none.json"}]' }]));
  await drop(page, bad);
  await shown(page, 'bad.tar', '#notices');

  // for another processor: it is said at once, with what to do; cut off: it is said; given up: nothing of it is kept
  const { busybox } = needs(context, 'busybox');
  const other = join(scratch(), 'other.tar');
  writeFileSync(other, saved(busybox, 'amd64'));
  await drop(page, other);
  await shown(page, 'it is for linux/amd64', '#notices');
  await shown(page, 'docker pull --platform linux/386', '#notices');
  const cut = join(scratch(), 'cut.tar');
  writeFileSync(cut, saved(busybox).subarray(0, 200_000));
  await drop(page, cut);
  await shown(page, 'cut off', '#notices');
  await shown(page, 'get it again', '#notices');
  // a root with links like those of a distribution's is none of an image's, and becomes one
  const rooted = join(scratch(), 'my root.tar');
  writeFileSync(rooted, tarOf([{ name: 'etc/mtab', type: '2', link: '/proc/mounts' }]));
  await drop(page, rooted);
  await shown(page, 'Loaded my-root:latest', '.told');
  const large = join(scratch(), 'large.tar');
  writeFileSync(large, saved(busybox, '386', [{ name: 'large', data: Buffer.alloc(64 << 20) }]));
  await drop(page, large);
  await page.click('.work:not([hidden]) button');
  await shown(page, 'given up', '.told');

  // the browser gives no more room: it is said, nothing half is left, and with room all goes on
  const file = join(scratch(), 'busybox.tar');
  writeFileSync(file, saved(busybox));
  await page.selectOption('#run-image', 'tabvisor:latest');
  const writing = 'sh -c "while :; do cat /bin/sh >> /tmp/x; sleep 1; done"';
  await run(page, { name: 'writer', command: writing, detached: true });
  const session = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 });
  await drop(page, file);
  await shown(page, 'gives this page no more room', '#notices');
  // as when the page is left
  await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    delete document.hidden`);
  await shown(page, 'what containers write from now on is in memory', '#notices');
  await accessible(page, 'no more room');
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await drop(page, file);
  await shown(page, 'Loaded busybox:saved', '.told');

  const second = await page.context().newPage();
  await second.goto(page.url());
  await shown(second, 'Another tab', '#notices');
  await shown(second, 'waiting for another tab', '#containers-state');
  await accessible(second, 'another tab has them');
  await page.close();
  await running(second);
  expect(await second.textContent('#notices')).toBe('');
  expect(errors).toEqual([]);
});
