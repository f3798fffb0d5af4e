// Debian's Chromium with the built page in it, for one test file.
// Source: playwright-core (executablePath: no browser is downloaded).

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';
import { needs, root } from '../provisioned.js';
import { serve } from './static-server.js';

const dist = join(root, 'dist-web');
let built = false;

/** The page is built once for a file: vite takes a second. */
function build(): void {
  if (built) return;
  execFileSync(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  built = true;
}

export interface OpenPage {
  page: Page;
  /** What the page itself has thrown. */
  errors: string[];
}

/** The page, at its beginning; gone when the test ends. */
export async function openPage(
  context: TestContext,
  options: { isolated?: boolean; width?: number; height?: number } = {},
): Promise<OpenPage> {
  const { chromium: executablePath } = needs(context, 'chromium');
  build();
  const server = await serve(dist, { isolated: options.isolated ?? true });
  onTestFinished(() => server.close());
  // The sandbox does not start for root.
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: options.width ?? 1280, height: options.height ?? 900 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => void errors.push(error.message));
  await page.goto(server.url);
  return { page, errors };
}

/** Starts one mode, or all; resolves when every machine that was started has ended. */
export async function race(page: Page, scale: 1 | 3 | 10, mode?: string): Promise<void> {
  await page.selectOption('#scale', String(scale));
  await page.click(mode ? `.lane[data-mode=${mode}] button` : '#run-all');
  const lanes = mode ? `.lane[data-mode=${mode}]` : '.lane';
  await page.waitForFunction(
    `[...document.querySelectorAll('${lanes}')].every((lane) => /done|failed|crashed|stopped/.test(lane.dataset.state))`,
    undefined,
    { timeout: 300_000 },
  );
}

/** The guest's lines in a mode, as the table has them. */
export async function workloadText(page: Page, mode: string): Promise<string> {
  const cells = await page.locator(`td[data-workload][data-mode=${mode}]`).all();
  return (await Promise.all(cells.map((cell) => cell.getAttribute('title')))).join('\n');
}
