// The page's main thread while machines run: the longest tasks that it has to wait for, with shared memory and without.
// Long Tasks 1 (PerformanceObserver); Chromium's trace for the thread's own time, which does not count waiting for a processor.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { machine } from './machine.mjs';
import { digits } from './table.mjs';

const config = fileURLToPath(new URL('../vite.config.ts', import.meta.url));
const guest = (name) => fileURLToPath(new URL(`../guest/build/${name}`, import.meta.url));
/** Milliseconds from which a task is long. */
const LONG = 50;
const CATEGORIES = ['toplevel', '__metadata'];

/** By name: what is done on the page until it is over, and what that is. */
const SCENES = {
  race: {
    title: 'three machines race, their consoles and the table follow',
    play: async (page) => {
      await startRace(page);
      await racing(page);
    },
  },
  flood: {
    title: 'the same, and a fourth prints without end and shows its last exits',
    play: async (page) => {
      await page.click('#tab-own');
      await page.setInputFiles('#files', guest('hostile-serial-flood.elf'));
      await page.click('#own-start');
      await page.click('#own .exit-list summary');
      await startRace(page);
      await page.click('#tab-own');
      await racing(page);
    },
  },
};

async function startRace(page) {
  await page.click('#tab-race');
  await page.uncheck('#in-turn');
  await page.click('#run-all');
}

const racing = (page) =>
  page.evaluate(`new Promise((resolve) => {
    const over = () => [...document.querySelectorAll('.lane')].every(({ dataset }) => dataset.state === 'monitor');
    const look = () => (over() ? resolve() : setTimeout(look, 100));
    look();
  })`);

/** `options`: {repeat}. `say` is told of each measurement. */
export async function measurePage({ repeat }, say) {
  const started = machine();
  await build({ configFile: config, logLevel: 'error' });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
  const rows = [];
  try {
    for (const shared of [true, false]) {
      const server = await preview({
        ...{ configFile: config, logLevel: 'error' },
        preview: { port: 0, ...(shared ? {} : { headers: { 'Cross-Origin-Opener-Policy': 'unsafe-none' } }) },
      });
      try {
        const [url] = server.resolvedUrls.local;
        for (const [scene, { title, play }] of Object.entries(SCENES)) {
          const runs = [];
          for (let run = 0; run < repeat; run++) runs.push(await measure(browser, url, shared, play));
          const row = { scene, title, shared, ...worst(runs) };
          rows.push(row);
          say(`${scene}, ${memoryOf(row)}: ${digits(row.longest)} ms, ${digits(row.longestOwn)} of its own`);
        }
      } finally {
        await server.close();
      }
    }
  } finally {
    await browser.close();
  }
  return report(rows, started, repeat);
}

async function measure(browser, url, shared, play) {
  const profile = await browser.newContext();
  const page = await profile.newPage();
  try {
    await page.addInitScript(`
      globalThis.longTasks = [];
      new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
        .observe({ type: 'longtask' });
    `);
    await page.goto(url);
    if ((await page.evaluate('crossOriginIsolated')) !== shared)
      throw new Error(`the page is not as it should be: shared ${shared}`);
    await page.evaluate('new Promise((resolve) => requestIdleCallback(resolve))');
    await page.evaluate('void (longTasks.length = 0)');
    await browser.startTracing(page, { categories: CATEGORIES });
    await play(page);
    const trace = JSON.parse((await browser.stopTracing()).toString());
    const longTasks = await page.evaluate('longTasks');
    return { longTasks, tasks: mainThreadTasks(trace.traceEvents) };
  } finally {
    await profile.close();
  }
}

/** Milliseconds of each task of the page's main thread: until it was done, and of them its own. */
function mainThreadTasks(events) {
  const names = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const tasksOf = ({ pid, tid }) =>
    events.filter((event) => event.pid === pid && event.tid === tid && event.ph === 'X' && /RunTask$/.test(event.name));
  // the page is the renderer that has most to do
  const [tasks] = names.map(tasksOf).sort((a, b) => b.length - a.length);
  return tasks.map(({ dur, tdur }) => ({ wall: dur / 1000, own: (tdur ?? dur) / 1000 }));
}

function worst(runs) {
  const tasks = runs.flatMap((run) => run.tasks);
  const longTasks = runs.flatMap((run) => run.longTasks);
  return {
    tasks: tasks.length,
    longest: Math.max(...tasks.map(({ wall }) => wall)),
    longestOwn: Math.max(...tasks.map(({ own }) => own)),
    long: longTasks.length,
    longOwn: tasks.filter(({ own }) => own > LONG).length,
  };
}

const memoryOf = ({ shared }) => (shared ? 'shared memory' : 'messages');

function report(rows, started, repeat) {
  const header = ['scene', 'memory', 'tasks', 'longest, ms', 'of its own, ms', `over ${LONG} ms`, 'of their own'];
  const table = rows.map((row) => [
    ...[row.scene, memoryOf(row), String(row.tasks)],
    ...[digits(row.longest), digits(row.longestOwn), String(row.long), String(row.longOwn)],
  ]);
  return {
    name: 'page',
    title: "Tasks of the page's main thread while machines run",
    machine: started,
    notes: [
      ...Object.entries(SCENES).map(([scene, { title }]) => `${scene}: ${title}`),
      `the worst of ${repeat}; over ${LONG} ms: as PerformanceObserver reports them; of its own: time of the thread, without waiting for a processor`,
    ],
    tables: [{ title: 'Tasks', rows: [header, ...table] }],
    data: { repeat, rows },
  };
}

function chromiumPath() {
  const manifest = fileURLToPath(new URL('../.cache/guest/manifest.json', import.meta.url));
  const path = existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).chromium;
  if (!path) throw new Error('chromium is not there: run scripts/provision');
  return path;
}
