// The page's containers, driven: opened, run by the form, fed with what docker save writes.
// Ours.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, type TestContext } from 'vitest';
import { sha256 } from '../images.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { type TarFile, tarOf } from '../tar.js';
import { openPage, type OpenPage, until } from './browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function open(context: TestContext, size = {}): Promise<OpenPage> {
  const opened = await openPage(context, size);
  await opened.page.click('#tab-containers');
  await running(opened.page);
  return opened;
}

export const running = (page: Page): Promise<void> => shown(page, 'running, with', '#containers-state');

export async function shown(page: Page, text: string, selector: string): Promise<void> {
  await until(
    page,
    `[...document.querySelectorAll(${JSON.stringify(selector)})].some((one) => one.textContent.replaceAll('\\u00a0', ' ').includes(${JSON.stringify(text)}))`,
  );
}

export const card = (name: string): string => `.container[data-name=${name}]`;

export async function accessible(page: Page, state: string): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
  );
  expect(found, state).toEqual([]);
}

export interface Run {
  image?: string;
  command?: string;
  name: string;
  memory?: string;
  cpus?: string;
  pids?: string;
  network?: string;
  volume?: string;
  publish?: string;
  detached?: boolean;
}

export async function run(page: Page, { image, name, network, detached, ...more }: Run): Promise<void> {
  if (image) await page.selectOption('#run-image', image);
  await page.selectOption('#run-network', network ?? 'bridge');
  await page.fill('#run-name', name);
  for (const field of ['command', 'memory', 'cpus', 'pids', 'volume', 'publish'] as const)
    await page.fill(`#run-${field}`, more[field] ?? '');
  await page.setChecked('#run-tty', !detached);
  await page.click('#run');
  await until(page, `['running', 'exited'].includes(document.querySelector('${card(name)}')?.dataset.state)`);
}

/** What `docker save` writes, of busybox; `more` is in its root besides. */
export function saved(busybox: string, architecture = '386', more: TarFile[] = []): Uint8Array {
  const layer = Buffer.concat([tarOf(more).subarray(0, -1024), busyboxRoot(busybox)]);
  const config = JSON.stringify({
    ...{ os: 'linux', architecture, config: { Cmd: ['sh'], Env: ['GREETING=hello'] } },
    rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
  });
  const id = sha256(new TextEncoder().encode(config)).slice('sha256:'.length);
  const manifest = [{ Config: `${id}.json`, RepoTags: ['busybox:saved'], Layers: [`${id}/layer.tar`] }];
  return tarOf([
    { name: `${id}/layer.tar`, data: layer },
    { name: `${id}.json`, data: config },
    { name: 'manifest.json', data: JSON.stringify(manifest) },
  ]);
}

/** Drops files on the page, whatever tab is open. */
export async function drop(page: Page, ...files: string[]): Promise<void> {
  await page.evaluate(`document.getElementById('layer-files').onchange = null`);
  await page.setInputFiles('#layer-files', files);
  await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    for (const file of document.getElementById('layer-files').files) dataTransfer.items.add(file);
    for (const type of ['dragover', 'drop'])
      document.querySelector('footer').dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  })()`);
}
