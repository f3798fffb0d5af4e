// Which tests there are: `unit` beside the code, fast and parallel; `system` in test/, which boot machines, two at a time;
// `web` the page in Chromium, one at a time. `npm test` runs all, `npm run test:unit` the first.

import { defineConfig } from 'vitest/config';

/** Of test/, what is quick and needs no machine. */
const quick = ['test/layers.test.ts', 'test/repository.test.ts', 'test/console.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './test/skipped-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,assembly,scripts,bench,web}/**/*.test.{ts,mjs}', ...quick],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/web/**', ...quick],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          globalSetup: './test/host-state.ts',
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Speeds are compared here: nothing else runs meanwhile.
          maxWorkers: 1,
          globalSetup: './test/web/built-page.ts',
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
