// Debian's Chromium with the built page in it, for one test file.
// Source: playwright-core (executablePath: no browser is downloaded).

import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, onTestFinished, type TestContext } from 'vitest';
import { needs, root } from '../provisioned.js';
import { type StaticServer, serve } from './static-server.js';

const dist = join(root, 'dist-web');

/** Served and started once for a file; built by built-page.ts. */
let browser: Browser | undefined;
const servers = new Map<boolean, StaticServer>();

async function start(executablePath: string): Promise<Browser> {
  // The sandbox does not start for root.
  browser ??= await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  return browser;
}

afterAll(async () => {
  await browser?.close();
  for (const server of servers.values()) await server.close();
});

export interface OpenPage {
  page: Page;
  /** What the page itself has thrown, and what its content security policy has stopped. */
  errors: string[];
}

/** The page, at its beginning, in a profile of its own; gone when the test ends. */
export async function openPage(
  context: TestContext,
  options: { isolated?: boolean; width?: number; height?: number } = {},
): Promise<OpenPage> {
  const { chromium: executablePath } = needs(context, 'chromium');
  const started = await start(executablePath);
  const isolated = options.isolated ?? true;
  const server = servers.get(isolated) ?? (await serve(dist, { headers: isolated }));
  servers.set(isolated, server);
  const profile = await started.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
  });
  onTestFinished(() => profile.close());
  const page = await profile.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => void errors.push(error.message));
  await page.exposeFunction('stopped', (what: string) => void errors.push(what));
  await page.addInitScript(`addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) =>
    stopped(\`\${effectiveDirective}: \${blockedURI} in \${sourceFile}\`))`);
  await page.goto(server.url);
  return { page, errors };
}

/**
 * Resolves when an expression has become true in the page. page.waitForFunction would evaluate it by the page's own means, which its content
 * security policy stops.
 */
export async function until(page: Page, expression: string, timeout = 120_000): Promise<void> {
  await page.evaluate(`new Promise((resolve, reject) => {
    const end = performance.now() + ${timeout};
    const look = () => {
      if (${expression}) resolve();
      else if (performance.now() > end) reject(new Error(${JSON.stringify(`not within ${timeout} ms: ${expression}`)}));
      else setTimeout(look, 50);
    };
    look();
  })`);
}

/** Starts the race; resolves when every machine has done its workloads and is at its monitor. */
export async function race(page: Page, options: { inTurn: boolean; work?: '1' | '3' | '10' }): Promise<void> {
  await page.selectOption('#work', options.work ?? '1');
  await page.setChecked('#in-turn', options.inTurn);
  await page.click('#run-all');
  await until(
    page,
    `[...document.querySelectorAll('.lane')].every((lane) => /monitor|failed|crashed|stopped/.test(lane.dataset.state))`,
    300_000,
  );
}

/** The guest's newest lines in a mode, as the table has them. */
export async function workloadText(page: Page, mode: string): Promise<string> {
  const cells = await page.locator(`tbody td[data-mode=${mode}]`).all();
  return (await Promise.all(cells.map((cell) => cell.getAttribute('title')))).join('\n');
}
